//! The client keeps the server's reply for each recipient: for mails that are sent again, and for
//! mails whose session ends in the middle.

use std::future::pending;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, poll, stream};
use mail_parser::MessageParser;
use pilotfish::address::{Envelope, ForwardPath};
use pilotfish::client::Retry;
use pilotfish::message::{Attachment, Body};
use pilotfish::protocol::{Chunking, Pipelining};
use pilotfish::session::{Mail, recipient_outcomes};
use pilotfish::testing::Fault::SilentAt;
use pilotfish::testing::Point::{self, EndOfData, EndOfDataFor};
use pilotfish::testing::{Offer, TestServer, TestServerBuilder};
use pilotfish::{Client, Receipt, Result};
use tokio::io::AsyncWriteExt as _;
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep, timeout_at};

use super::{client_of, client_to, letter, paused};
use crate::session::send_each::strategy;
use crate::support::built::built;
use crate::support::client::ACCOUNT;
use crate::support::mini_server::{MiniServer, Replies, Store};
use crate::support::open_server::open_server;
use crate::support::port::{Count, Port};

const TO: [&str; 3] = ["a@x.test", "b@x.test", "c@x.test"];

fn paths_of(to: &[&str]) -> Vec<ForwardPath> {
    to.iter().map(|path| path.parse().unwrap()).collect()
}

/// A mail to the first of [`TO`].
fn mail(recipients: usize) -> (Mail, Vec<ForwardPath>) {
    let paths = paths_of(&TO[..recipients]);
    let envelope = Envelope::new(ACCOUNT.user, paths.iter().cloned()).unwrap();
    (Mail::new(envelope, letter(1, 10).message), paths)
}

/// The outcome of each recipient, in one word.
fn words(paths: &[ForwardPath], result: &Result<Receipt>) -> String {
    let outcomes = recipient_outcomes(paths, result.as_ref());
    let words = outcomes.iter().map(|recipient| recipient.outcome.name());
    words.collect::<Vec<_>>().join(" ")
}

/// In the first attempt, the server rejects one recipient permanently and defers the other one.
#[test]
fn one_deferred_recipient_allows_another_attempt() {
    for keywords in [&[][..], &["LIMITS RCPTMAX=1"]] {
        for replies in [
            ["550 5.1.1 no", "450 4.2.0 later"],
            ["450 4.2.0 later", "550 5.1.1 no"],
        ] {
            paused(async {
                let (port, rcpt) = (Port::new(), Count::default());
                let client = client_to(port.number(), |server| server).retry(Retry::new());
                let client = client.build().unwrap();
                let reply = move |number: usize| {
                    let reply = replies[number % 2];
                    (number < 2 || reply.starts_with("550")).then_some(reply)
                };
                let fate = |_| rcpt.replies_to_rcpt(reply);
                let (mail, paths) = mail(2);
                let result = tokio::select! {
                    result = client.send(mail) => result,
                    () = port.serve(keywords, Store::default(), fate) => unreachable!(),
                };
                let expected = replies.map(|reply| {
                    if reply.starts_with("550") {
                        "rejected"
                    } else {
                        "accepted"
                    }
                });
                assert_eq!(words(&paths, &result), expected.join(" "), "{keywords:?}");
                assert_eq!(rcpt.all(), 4);
                assert_eq!(result.unwrap().rejected.len(), 1);
            });
        }
    }
}

/// A server that accepts the message and is silent from then on, the strategy of the client, and
/// what is known by then about the recipients in [`TO`].
fn silent() -> [(TestServerBuilder, bool, &'static str); 4] {
    let refuses = |path: &str| open_server().refuse_recipient(path, "550 5.1.1 no");
    [
        (
            refuses("b@x.test").fault(SilentAt(EndOfData)),
            false,
            "unknown rejected unknown",
        ),
        (
            refuses("c@x.test").lmtp().fault(SilentAt(EndOfDataFor(1))),
            true,
            "accepted unknown rejected",
        ),
        (
            open_server()
                .offer(Offer::Recipients(1))
                .fault_every(2, SilentAt(EndOfData)),
            false,
            "accepted unknown not-tried",
        ),
        (
            refuses("a@x.test")
                .offer(Offer::Recipients(2))
                .fault(SilentAt(EndOfData)),
            false,
            "rejected unknown not-tried",
        ),
    ]
}

/// A client of a server of [`silent`].
fn client_in(server: &TestServer, lmtp: bool) -> Client {
    let client = client_of(server, |server| if lmtp { server.lmtp() } else { server });
    client.build().unwrap()
}

#[test]
fn a_client_that_is_aborted() {
    for (server, lmtp, expected) in silent() {
        paused(async {
            let server = server.start().await.unwrap();
            let client = client_in(&server, lmtp);
            let (mail, paths) = mail(3);
            let aborting = async {
                sleep(Duration::from_secs(2)).await;
                client.abort();
            };
            let (result, ()) = tokio::join!(client.send(mail), aborting);
            assert_eq!(words(&paths, &result), expected, "{result:?}");
        });
    }
}

/// A mail must not be sent again to a recipient who has it.
#[test]
fn a_client_that_is_aborted_between_two_portions() {
    for (portions, advice) in [
        (
            2,
            "send it again to the recipients that have not accepted it, and not to the others",
        ),
        (1, "send it again"),
    ] {
        paused(async {
            let server = open_server()
                .offer(Offer::Recipients(1))
                .fault_every(portions as u64, SilentAt(Point::Mail));
            let server = server.start().await.unwrap();
            let client = client_in(&server, false);
            let (mail, _) = mail(3);
            let aborting = async {
                sleep(Duration::from_secs(2)).await;
                client.abort();
            };
            let (result, ()) = tokio::join!(client.send(mail), aborting);
            let error = result.unwrap_err();
            assert_eq!(error.accepted().len() + 1, portions, "{error:?}");
            let text = error.to_string();
            let (_, advised) = text.split_once(": ").unwrap();
            let advised = advised.split(" (").next();
            assert_eq!(advised, Some(advice), "{error:?}");
        });
    }
}

/// The outcomes of mails to a server whose replies `fate` limits, when the client is aborted after
/// a while.
async fn sent_and_aborted(
    mails: Vec<Mail>,
    fate: impl FnMut(&mut Vec<u8>) + Send + 'static,
) -> Vec<Result<Receipt>> {
    let port = Port::new();
    let always = strategy(Pipelining::Auto, Chunking::Always);
    let client = client_to(port.number(), |server| server.strategy(always));
    let client = client.max_connections(1).build().unwrap();
    let serving = async {
        let (stream, _) = port.listen().accept().await.unwrap();
        let words = Replies::Offering(&["PIPELINING", "CHUNKING"]);
        let (store, mut fate) = (Store::default(), fate);
        let mini_server = MiniServer::new(stream, words, &store).fate(move |said| {
            fate(said);
            false
        });
        mini_server.continue_after_421().serve().await;
        pending().await
    };
    let sending = client
        .send_all(stream::iter(mails).enumerate())
        .collect::<Vec<_>>();
    let aborting = async {
        sleep(Duration::from_secs(2)).await;
        client.abort();
    };
    let (mut reported, ()) = tokio::select! {
        both = async { tokio::join!(sending, aborting) } => both,
        never = serving => never,
    };
    reported.sort_by_key(|(index, _)| *index);
    reported.into_iter().map(|(_, result)| result).collect()
}

/// The server answers one of several mails in flight with 421, and continues with the next one.
#[test]
fn a_client_that_is_aborted_after_a_421() {
    let to = [
        &["a@x.test"][..],
        &["b@x.test"],
        &["nobody@x.test", "c@x.test"],
    ];
    for (last, expected) in [
        ("", "deferred, rejected unknown"),
        ("250 2.0.0 queued\r\n", "deferred, rejected accepted"),
    ] {
        paused(async {
            let mut queued = 0;
            let fate = move |said: &mut Vec<u8>| {
                queued += usize::from(said.starts_with(b"250 2.0.0 queued"));
                match queued {
                    2 if said.starts_with(b"250 2.0.0 queued") => {
                        *said = b"421 4.3.2 not this one\r\n".to_vec();
                    }
                    3 if said.starts_with(b"250 2.0.0 queued") => *said = last.into(),
                    3.. => said.clear(),
                    _ => {}
                }
            };
            // The server does not answer the last one.
            let mails = (to.iter().chain(&to[..1])).map(|paths| ACCOUNT.letter(paths).into());
            let reported = sent_and_aborted(mails.collect(), fate).await;
            let said = to.iter().zip(&reported).skip(1);
            let said: Vec<_> = said
                .map(|(paths, result)| words(&paths_of(paths), result))
                .collect();
            assert_eq!(said.join(", "), expected, "{reported:?}");
        });
    }
}

/// If the server does not answer the end of a mail, its replies to the envelope, or a failed
/// source, decide about the mail.
#[test]
fn a_client_that_is_aborted_after_a_mail_has_failed() {
    let whole = || ACCOUNT.letter(&["a@x.test"]);
    let fails = || {
        let octets = (0..4).map(|_| Ok(Bytes::from(vec![b'x'; 64 * 1024])));
        let failure = stream::iter([Err(io::Error::other("the disk is gone"))]);
        let body = Body::stream(stream::iter(octets).chain(failure).boxed(), 8 * 64 * 1024);
        let attachment = Attachment::new(body, "broken.bin");
        built(
            ACCOUNT
                .letter_of_text(&["a@x.test"], "Hi")
                .attach(attachment),
        )
    };
    for (to, reply, message, expected) in [
        (
            "250 2.1.5",
            "550 5.1.1 no such mailbox",
            whole(),
            "Rejected at Rcpt, NotAccepted, permanent: rejected",
        ),
        (
            "250 2.1.0",
            "550 5.7.1 not from here",
            whole(),
            "Rejected at Mail, NotAccepted, permanent: rejected",
        ),
        (
            "250 more",
            "",
            fails(),
            "Body at Transfer, NotAccepted, permanent: not-tried",
        ),
    ] {
        paused(async {
            let mut mails = 0;
            let fate = move |said: &mut Vec<u8>| {
                mails += usize::from(said.starts_with(b"250 2.1.0"));
                if mails < 2 {
                    return;
                }
                if said.starts_with(to.as_bytes()) {
                    *said = reply.into();
                    said.extend_from_slice(if reply.is_empty() { b"" } else { b"\r\n" });
                } else if !said.starts_with(b"250 2.1") {
                    said.clear();
                }
            };
            let mails = vec![whole().into(), message.into()];
            let reported = sent_and_aborted(mails, fate).await;
            let word = words(&paths_of(&["a@x.test"]), &reported[1]);
            let error = reported[1].as_ref().unwrap_err();
            let class = if error.is_transient() {
                "transient"
            } else {
                "permanent"
            };
            let stage = error
                .stage()
                .unwrap_or_else(|| panic!("{to}: {reported:?}"));
            let said = format!(
                "{:?} at {stage:?}, {:?}, {class}: {word}",
                error.kind(),
                error.fate()
            );
            assert_eq!(said, expected, "{error:?}");
        });
    }
}

/// The runtime of the sessions shuts down while another runtime waits for the mail.
#[test]
fn a_session_that_is_dropped() {
    let of_smtp = silent().into_iter().filter(|(_, lmtp, _)| !lmtp);
    for (server, lmtp, expected) in of_smtp {
        let (ours, theirs) = (Runtime::new().unwrap(), Runtime::new().unwrap());
        let server = ours.block_on(server.start()).unwrap();
        let client = client_in(&server, lmtp);
        let (mail, paths) = mail(3);
        let mut sending = Box::pin(client.send(mail));
        theirs.block_on(async {
            assert!(poll!(&mut sending).is_pending());
            // The accepted portions, and the portion that is not answered.
            for _ in 0..=expected.matches("accepted").count() {
                server.next_received().await.unwrap();
            }
        });
        drop(theirs);
        let result = ours.block_on(sending);
        assert_eq!(words(&paths, &result), expected, "{result:?}");
    }
}

/// A mail leaves together with the beginning of another one, whose source yields nothing. The
/// server's reply to the first mail is reported at once.
#[test]
fn a_reply_that_comes_during_the_transfer_of_another_mail() {
    for (limit, in_time, after) in [
        (3, "accepted, accepted accepted accepted", "not-tried"),
        // The other portions have to wait.
        (1, "accepted", "accepted not-tried not-tried, not-tried"),
    ] {
        paused(async {
            let server = open_server().offer(Offer::Recipients(limit));
            let server = server.start().await.unwrap();
            let client = client_of(&server, |server| server);
            let client = client.max_connections(1).build().unwrap();
            let never = Body::stream(stream::once(pending::<io::Result<Bytes>>()).boxed(), 10);
            let attachment = Attachment::new(never, "slow.bin");
            let slow = ACCOUNT.letter_of_text(&TO[..1], "Hi").attach(attachment);
            let (mail, paths) = mail(3);
            let first = Mail::from(ACCOUNT.letter(&TO[..1]));
            let mails = [first, mail, Mail::from(built(slow))];
            let mut results = client.send_all(stream::iter(mails).enumerate());
            let word = |(index, result): (usize, Result<Receipt>)| {
                words(if index == 1 { &paths } else { &paths[..1] }, &result)
            };
            // The source of the last one may take four seconds.
            let mut said = Vec::new();
            let until = Instant::now() + Duration::from_secs(2);
            while let Ok(Some(reported)) = timeout_at(until, results.next()).await {
                said.push(word(reported));
            }
            assert_eq!(said.join(", "), in_time);
            client.abort();
            let said: Vec<_> = results.map(word).collect().await;
            assert_eq!(said.join(", "), after);
            assert_eq!(server.received().len(), 2);
        });
    }
}

/// Whenever another mail is concluded, the transfer of a mail is interrupted in the middle of its
/// blocks.
#[test]
fn an_interrupted_transfer_loses_no_octet() {
    paused(async {
        let second = Duration::from_secs(1);
        let server = open_server()
            .delay(second..=second, 1)
            .start()
            .await
            .unwrap();
        let always = strategy(Pipelining::Auto, Chunking::Always);
        let client = client_of(&server, |server| server.strategy(always));
        let client = client.max_connections(1).build().unwrap();
        let octets: Vec<u8> = (0_u32..150_000).flat_map(u32::to_be_bytes).collect();
        let (reader, mut writer) = tokio::io::duplex(16 * 1024);
        let giving = async {
            for piece in octets.chunks(20_000) {
                sleep(second / 2).await;
                writer.write_all(piece).await.unwrap();
            }
            drop(writer);
            Instant::now()
        };
        let body = Body::reader(reader, octets.len() as u64);
        let attachment = Attachment::new(body, "slow.bin");
        let slow = ACCOUNT.letter_of_text(&TO[..1], "Hi").attach(attachment);
        let mails = (0..4).map(|number| letter(number, 10));
        let mails = mails.chain([Mail::from(built(slow))]);
        let sending = client
            .send_all(stream::iter(mails).enumerate())
            .map(|(index, result)| (index, Instant::now(), result.unwrap()))
            .collect::<Vec<_>>();
        let (reported, given) = tokio::join!(sending, giving);
        let indices: Vec<_> = reported.iter().map(|(index, ..)| *index).collect();
        assert_eq!(indices, [0, 1, 2, 3, 4]);
        assert!(reported[3].1 < given);
        let received = server.take_received().pop().unwrap();
        let message = MessageParser::default()
            .parse(&received.octets[..])
            .unwrap();
        assert!(message.attachment(0).unwrap().contents() == octets);
    });
}
