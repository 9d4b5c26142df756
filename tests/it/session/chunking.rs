//! Binary messages: BODY=BINARYMIME, and BDAT instead of DATA (RFC 3030).

/// Rejected chunks, and connections that break between chunks.
mod failure;

use pilotfish::Message;
use pilotfish::message::BodyType;
use pilotfish::testing::{Fault, Point};
use tokio::net::TcpStream;

use crate::session::transfer::BLOCK;
use crate::support::built::built;
use crate::support::client::{ACCOUNT, in_clear, play, play_script, play_through, send, summary};
use crate::support::delivery::Delivery;
use crate::support::lines::{GREETING_TO_BINARY_RCPT, QUIT_AND_221, letter_lines};
use crate::support::open_server::open_server;
use crate::support::script::Script;
use crate::support::wiretap::Wiretap;

/// A server that accepts binary messages, and commands in groups.
const GREETING_AND_EHLO_WITH_BINARYMIME: &str = "
    S: 220 server.example ESMTP
    C: EHLO client.example
    S: 250-server.example
    S: 250-PIPELINING
    S: 250-8BITMIME
    S: 250-CHUNKING
    S: 250 BINARYMIME
";

const MAIL_AND_RCPT: &str = "
    C: MAIL FROM:<tim@client.example> BODY=BINARYMIME
    C: RCPT TO:<a@example.org>
";

const TWO_OKS: &str = "
    S: 250 ok
    S: 250 ok
";

/// How many chunks are in flight without a reply.
const WINDOW: usize = 16;

/// A message that is binary if possible: its text would have to be encoded otherwise.
fn binary(text: &str) -> Message {
    let builder = ACCOUNT.letter_of_text(&["a@example.org"], text);
    let message = built(builder.max_body_type(BodyType::Binary));
    assert_eq!(
        message.rendition(BodyType::Binary).body_type(),
        BodyType::Binary
    );
    message
}

/// A short message. A line may begin like this only in a binary message.
fn short() -> Message {
    binary("From here it comes.\n")
}

/// The only chunk of the short message.
fn short_chunk() -> String {
    let letter = letter_lines("a@example.org")
        .replace("C: .\n", "")
        .replace("7bit", "binary")
        .replace("Here", "From here");
    format!("C: BDAT {SHORT} LAST\n{letter}")
}

/// How many octets the short message has.
const SHORT: usize = 251;

/// A message of this many octets, whose text has a space at its end.
fn letter_of(octets: usize) -> Message {
    let text = |octets: usize| format!("{} \n", "x".repeat(octets));
    let header = binary(&text(0)).rendition(BodyType::Binary).exact_size();
    let letter = binary(&text(octets - usize::try_from(header).unwrap()));
    let rendition = letter.rendition(BodyType::Binary);
    assert_eq!(rendition.exact_size(), octets as u64);
    letter
}

/// The first this many chunks of a longer message.
fn chunks(count: usize) -> String {
    format!("C: BDAT {BLOCK}\n-- take {BLOCK} --\n").repeat(count)
}

const LAST: &str = "C: BDAT 1000 LAST\n-- take 1000 --\n";

/// A message of this many chunks, and a last one of 1000 octets.
fn letter_of_chunks(count: usize) -> Message {
    letter_of(count * BLOCK + 1000)
}

/// Sends a short message in every delivery, and returns the number of round trips.
async fn letter(transcript: &str, outcome: &str) -> usize {
    let script = Script::inline(transcript);
    let mut round_trips = 0;
    for delivery in Delivery::ALL {
        let (result, played) = play_script(&script, delivery, async |stream| {
            send(in_clear(stream).await?, short()).await
        })
        .await;
        assert_eq!(summary(&result), outcome, "{delivery:?}");
        round_trips = played.round_trips;
    }
    round_trips
}

/// Sends a message of several chunks, and then a short one in the same session.
async fn chunks_and_another(count: usize, transcript: &str, outcomes: [&str; 2]) {
    let (reported, _) = play(transcript, async |stream| {
        let mut session = in_clear(stream).await.unwrap();
        let first = session.send(letter_of_chunks(count)).await;
        let second = session.send(short()).await;
        session.quit().await;
        [summary(&first), summary(&second)]
    })
    .await;
    assert_eq!(reported, outcomes);
}

#[tokio::test(start_paused = true)]
async fn a_short_message_is_one_chunk_in_one_flight() {
    let chunk = short_chunk();
    let transcript = format!(
        "{GREETING_AND_EHLO_WITH_BINARYMIME}{MAIL_AND_RCPT}{chunk}{TWO_OKS}S: 250 queued\n{QUIT_AND_221}"
    );
    let round_trips = letter(&transcript, "<a@example.org>: 250 queued").await;
    // The greeting, EHLO, MAIL with RCPT and the message, and QUIT.
    assert_eq!(round_trips, 4);
}

#[tokio::test(start_paused = true)]
async fn data_is_used_if_an_extension_is_missing() {
    for offered in [
        "BINARYMIME",
        "CHUNKING",
        "8BITMIME",
        "CHUNKING\nS: 250-BINARYMIME",
        "8BITMIME\nS: 250-CHUNKING",
        "8BITMIME\nS: 250-BINARYMIME",
    ] {
        let transcript = format!(
            "S: 220 server.example ESMTP
             C: EHLO client.example
             S: 250-server.example
             S: 250-{offered}
             S: 250 PIPELINING
             C: MAIL FROM:<tim@client.example>
             C: RCPT TO:<a@example.org>
             C: DATA
             {TWO_OKS}
             S: 354 go
             {}
             S: 250 queued
             {QUIT_AND_221}",
            letter_lines("a@example.org")
                .replace("7bit", "quoted-printable")
                .replace("Here", "=46rom here")
        );
        letter(&transcript, "<a@example.org>: 250 queued").await;
    }
}

#[tokio::test(start_paused = true)]
async fn each_chunk_leaves_with_its_command() {
    for size in [300, BLOCK, BLOCK + 1, 3 * BLOCK - 1] {
        let (whole, rest) = ((size - 1) / BLOCK, (size - 1) % BLOCK + 1);
        let transcript = format!(
            "{GREETING_AND_EHLO_WITH_BINARYMIME}{MAIL_AND_RCPT}{}C: BDAT {rest} LAST\n-- take {rest} --\n{TWO_OKS}{}S: 250 queued\n{QUIT_AND_221}",
            chunks(whole),
            "S: 250 ok\n".repeat(whole)
        );
        let (writes, _) = play(&transcript, async |stream| {
            let (stream, tap) = Wiretap::new(stream);
            let receipt = send(in_clear(stream).await.unwrap(), letter_of(size))
                .await
                .unwrap();
            assert_eq!(receipt.size, size as u64);
            tap.writes()
        })
        .await;
        // EHLO, the flight with the first chunk, the others, and QUIT.
        assert_eq!(writes.len(), 2 + whole + 1, "{size}");
        assert!(writes[1].starts_with(b"MAIL "));
        assert!(
            writes[2..]
                .iter()
                .take(whole)
                .all(|write| write.starts_with(b"BDAT "))
        );
    }
}

/// The replies to MAIL and RCPT, and the outcome of the mail.
const TO_NOBODY: [(&str, &str); 3] = [
    (
        "S: 250 ok\nS: 550 5.1.1 no a\n",
        "Rejected at Rcpt, NotAccepted, permanent: no reply",
    ),
    (
        "S: 550 no\nS: 503 no\n",
        "Rejected at Mail, NotAccepted, permanent: 550 no",
    ),
    // A strange reply.
    (
        "S: 550 no\nS: 250 ok\n",
        "Rejected at Mail, NotAccepted, permanent: 550 no",
    ),
];

/// A short mail after RSET.
fn short_after_rset() -> String {
    let chunk = short_chunk();
    format!("C: RSET\n{MAIL_AND_RCPT}{chunk}S: 250 ok\n{TWO_OKS}S: 250 queued\n{QUIT_AND_221}")
}

#[tokio::test(start_paused = true)]
async fn a_long_message_without_accepted_recipients_is_not_sent() {
    for (replies, outcome) in TO_NOBODY {
        let transcript = format!(
            "{GREETING_AND_EHLO_WITH_BINARYMIME}{MAIL_AND_RCPT}{replies}{}",
            short_after_rset()
        );
        let outcomes = [outcome, "<a@example.org>: 250 queued"];
        chunks_and_another(WINDOW, &transcript, outcomes).await;
    }
}

/// The message is short, so it left before any reply.
#[tokio::test(start_paused = true)]
async fn a_short_message_is_rejected_with_its_recipients() {
    for (replies, outcome) in TO_NOBODY {
        for reply in ["554 no valid recipients", "503 MAIL first", "250 strange"] {
            let transcript = format!(
                "{GREETING_AND_EHLO_WITH_BINARYMIME}{MAIL_AND_RCPT}{}{LAST}{replies}S: 503 no\nS: {reply}\n{}",
                chunks(1),
                short_after_rset()
            );
            // The client has to trust the reply to the recipient.
            let outcome = match (reply, replies.contains("S: 250 ok\nS: 550")) {
                ("250 strange", false) if replies.ends_with("S: 250 ok\n") => {
                    "Rejected at Mail, Unknown, permanent: 550 no"
                }
                _ => outcome,
            };
            let outcomes = [outcome, "<a@example.org>: 250 queued"];
            chunks_and_another(1, &transcript, outcomes).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_pipelining_each_chunk_waits() {
    let chunk = chunks(1);
    let script = Script::inline(&format!(
        "{GREETING_TO_BINARY_RCPT}{chunk}S: 250 ok\n{chunk}S: 250 ok\n{LAST}S: 250 queued\n{QUIT_AND_221}"
    ));
    for delivery in Delivery::ALL {
        let (result, _) = play_script(&script, delivery, async |stream| {
            send(in_clear(stream).await?, letter_of_chunks(2)).await
        })
        .await;
        assert_eq!(
            summary(&result),
            "<a@example.org>: 250 queued",
            "{delivery:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn with_pipelining_a_window_of_chunks_is_in_flight() {
    // The peer sends a reply only when the client waits for one.
    let transcript = format!(
        "{GREETING_AND_EHLO_WITH_BINARYMIME}{MAIL_AND_RCPT}{TWO_OKS}{}S: 250 ok\n{}S: 250 ok\n{LAST}{}S: 250 queued\n{QUIT_AND_221}",
        chunks(WINDOW),
        chunks(1),
        "S: 250 ok\n".repeat(WINDOW - 1)
    );
    let (result, _) = play(&transcript, async |stream| {
        send(in_clear(stream).await?, letter_of_chunks(WINDOW + 1)).await
    })
    .await;
    assert_eq!(summary(&result), "<a@example.org>: 250 queued");
}

/// The server sends replies that exceed the capacity of the network, and reads nothing before the
/// client has read them.
#[tokio::test(start_paused = true)]
async fn replies_that_fill_the_network_cause_no_deadlock() {
    let fine = format!("S: 250 {}\n", "fine ".repeat(60));
    let transcript = format!(
        "{GREETING_AND_EHLO_WITH_BINARYMIME}{MAIL_AND_RCPT}{TWO_OKS}-- ahead --\n{}{LAST}S: 250 queued\n{QUIT_AND_221}",
        format!("{}{fine}", chunks(1)).repeat(WINDOW + 4)
    );
    let result = play_through(64, &transcript, async |stream| {
        send(in_clear(stream).await?, letter_of_chunks(WINDOW + 4)).await
    })
    .await;
    assert_eq!(summary(&result), "<a@example.org>: 250 queued");
}

#[tokio::test]
async fn a_strict_server_accepts_it() {
    for left_out in [None, Some("PIPELINING"), Some("CHUNKING"), Some("SIZE")] {
        let server = open_server();
        let server = match left_out {
            Some(keyword) => server.without(keyword),
            None => server,
        };
        let refused = Fault::ReplyAt(Point::Chunk, "452 4.3.1 disk full".to_owned());
        let server = match left_out {
            Some("CHUNKING") => server,
            _ => server.fault(refused),
        };
        let server = server.start().await.unwrap();
        let stream = TcpStream::connect(server.addr()).await.unwrap();
        let mut session = in_clear(stream).await.unwrap();
        let mut sent = 0;
        for _ in 0..3 {
            let letter = letter_of_chunks(40);
            match session.send(letter).await {
                Ok(_) => sent += 1,
                Err(error) => assert_eq!(error.reply().unwrap().code().number(), 452),
            }
        }
        session.quit().await;
        let received = server.received();
        assert_eq!(received.len(), sent);
        let (data, expected) = if left_out == Some("CHUNKING") {
            (BodyType::SevenBit, (3, 0))
        } else {
            (BodyType::Binary, (2, 41))
        };
        let size = letter_of_chunks(40).rendition(data).exact_size();
        for mail in received {
            assert_eq!((sent, mail.chunks), expected, "without {left_out:?}");
            assert_eq!(mail.size, size);
        }
        server.shutdown().await.unwrap();
    }
}
