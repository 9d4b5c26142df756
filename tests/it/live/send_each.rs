//! Batches of mails over one session.

use futures_util::stream;
use pilotfish::Message;
use pilotfish::message::{Attachment, Body, BodyType};
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::session::Mail;

use super::live_env::address;
use super::round_trip::picture;
use super::session::{Peer, count_sent, is_delivery_of, letter, new_id, octets};
use crate::session::send_each::strategy;
use crate::support::client::summary;

/// One mail of a batch. In turn they are short, long, beyond ASCII, dotted and in several parts.
async fn nth(id: &str, n: usize, recipients: &[&str]) -> Message {
    let text = match n % 5 {
        0 => "Here it comes.\n".to_owned(),
        1 => ".\n..\n.dot\n\n.\nthe end\n".to_owned(),
        2 => "Grüße aus der Tiefe 🦈\n..\n日本語の行\n".to_owned(),
        3 => format!("{}\n", "word ".repeat(12)).repeat(2000),
        _ => "A picture.\n".to_owned(),
    };
    let builder = letter(id).text(text);
    let builder = recipients
        .iter()
        .fold(builder, |builder, user| builder.to(address(user)));
    let builder = match n % 5 {
        4 => {
            let body = Body::bytes(picture(5000));
            builder.attach(Attachment::new(body, "shark.png"))
        }
        _ => builder,
    };
    builder.build().await.unwrap()
}

/// Sends the messages over one session. Returns the outcome of each, and how often BDAT and DATA
/// were sent.
async fn send(peer: Peer, strategy: Strategy, messages: Vec<Message>) -> (Vec<String>, [usize; 2]) {
    let (mut session, tap) = peer.open(strategy).await;
    let mut outcomes = vec![String::new(); messages.len()];
    let mails = stream::iter(messages.into_iter().map(Mail::from));
    let returned = session
        .send_each(mails, |index, result| {
            assert_eq!(outcomes[index], "", "reported twice");
            outcomes[index] = summary(&result);
        })
        .await;
    assert!(returned.is_empty(), "{returned:?}");
    session.quit().await;
    let said = ["\r\nBDAT ", "\r\nDATA\r\n"].map(|command| count_sent(&tap, command));
    (outcomes, said)
}

/// Each of the sent mails has arrived once, unchanged, and nothing else has.
fn assert_arrived(peer: Peer, id: &str, sent: &[Vec<u8>]) {
    let arrived = peer.arrived(id, sent.len());
    assert_eq!(arrived.len(), sent.len(), "{peer:?}");
    for (n, sent) in sent.iter().enumerate() {
        let copies = arrived.iter().filter(|mail| is_delivery_of(mail, sent));
        assert_eq!(copies.count(), 1, "{peer:?}, {n}");
    }
}

#[tokio::test]
#[ignore = "needs the real servers: tests/run starts them"]
async fn a_batch_arrives_once_and_whole_by_every_strategy() {
    const COUNT: usize = 10;
    for peer in [Peer::Postfix, Peer::Exim] {
        let (id, mut sent) = (new_id(), Vec::new());
        for (pipelining, chunking) in [
            (Pipelining::Auto, Chunking::Auto),
            (Pipelining::Auto, Chunking::Never),
            (Pipelining::Auto, Chunking::Always),
            (Pipelining::Eager, Chunking::Never),
            (Pipelining::Eager, Chunking::Auto),
            (Pipelining::Never, Chunking::Never),
            (Pipelining::Never, Chunking::Always),
        ] {
            let mut messages = Vec::new();
            for n in 0..COUNT {
                let message = nth(&id, n, &["carl"]).await;
                sent.push(octets(&message, BodyType::EightBit).await);
                messages.push(message);
            }
            let strategy = strategy(pipelining, chunking);
            let (outcomes, [bdat, data]) = send(peer, strategy, messages).await;
            let accepted = format!("<{}>: 250", address("carl"));
            for outcome in outcomes {
                assert!(outcome.starts_with(&accepted), "{peer:?}: {outcome}");
            }
            match chunking {
                Chunking::Never => assert_eq!([bdat, data], [0, COUNT]),
                Chunking::Always => assert!(bdat >= COUNT && data == 0, "{bdat}, {data}"),
                // The last mail goes on its own.
                _ => assert!(bdat >= COUNT - 1 && data <= 1, "{bdat}, {data}"),
            }
        }
        assert_arrived(peer, &id, &sent);
    }
}

/// A rejected mail does not affect the mails after it in the same flight.
#[tokio::test]
#[ignore = "needs the real servers: tests/run starts them"]
async fn a_rejected_mail_does_not_affect_those_after_it() {
    for peer in [Peer::Postfix, Peer::Exim] {
        let (id, mut sent) = (new_id(), Vec::new());
        for (pipelining, chunking) in [
            (Pipelining::Auto, Chunking::Auto),
            (Pipelining::Auto, Chunking::Always),
            (Pipelining::Eager, Chunking::Never),
        ] {
            let mut messages = Vec::new();
            let to: [&[&str]; 6] = [
                &["carl"],
                &["nobody"],
                &["carl"],
                &["carl", "nobody"],
                &["nobody", "nobody"],
                &["carl"],
            ];
            for (n, recipients) in to.into_iter().enumerate() {
                let message = nth(&id, n, recipients).await;
                if recipients.contains(&"carl") {
                    sent.push(octets(&message, BodyType::EightBit).await);
                }
                messages.push(message);
            }
            let (outcomes, _) = send(peer, strategy(pipelining, chunking), messages).await;
            let accepted = format!("<{}>: 250", address("carl"));
            let partial = format!("<{}>, not <{}> (550", address("carl"), address("nobody"));
            let refused = "Rejected at Rcpt, NotAccepted, permanent: no reply";
            let expected = [&accepted, refused, &accepted, &partial, refused, &accepted];
            for (outcome, expected) in outcomes.iter().zip(expected) {
                assert!(outcome.starts_with(expected), "{peer:?}: {outcome}");
            }
        }
        assert_arrived(peer, &id, &sent);
    }
}

/// The end of each server's reply to EHLO declares its limit, and the client sends it no larger
/// message.
#[tokio::test]
#[ignore = "needs the real servers: tests/run starts them"]
async fn a_mail_that_is_too_large_is_left_out_of_the_batch() {
    for peer in [Peer::Postfix, Peer::Exim] {
        let (id, mut sent) = (new_id(), Vec::new());
        let mut messages = Vec::new();
        for n in [0, 2] {
            let message = nth(&id, n, &["carl"]).await;
            sent.push(octets(&message, BodyType::EightBit).await);
            messages.push(message);
        }
        let hole = Body::reader(tokio::io::repeat(0), 110_000_000);
        let hole = Attachment::new(hole, "hole.bin");
        let large = letter(&id).to(address("carl")).text("Much.\n").attach(hole);
        messages.insert(1, large.build().await.unwrap());
        let (outcomes, _) = send(peer, Strategy::default(), messages).await;
        assert!(outcomes[0].contains(": 250 "), "{outcomes:?}");
        assert_eq!(
            outcomes[1],
            "InvalidInput at Mail, NotAccepted, permanent: no reply"
        );
        assert!(outcomes[2].contains(": 250 "), "{outcomes:?}");
        assert_arrived(peer, &id, &sent);
    }
}
