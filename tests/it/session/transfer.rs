//! From 354 to the reply to the end of data (RFC 5321 sections 3.3 and 4.5.2).

use std::io;

use pilotfish::Message;
use pilotfish::message::{Attachment, Body};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::support::built::built;
use crate::support::client::{ACCOUNT, Account, in_clear, play, play_script, send, summary};
use crate::support::delivery::Delivery;
use crate::support::lines::{
    GREETING_AND_EHLO, MAIL_RCPT_DATA, OK_OK_354, QUIT_AND_221, letter_lines,
};
use crate::support::script::Script;
use crate::support::wiretap::Wiretap;

/// The maximum size of a message block.
pub(crate) const BLOCK: usize = pilotfish::message::MessageReader::MAX_BLOCK;

/// A text of this many octets, in lines of 64 with CRLF.
fn text_of(octets: usize) -> String {
    let lines = (octets - 3) / 64;
    let line = "x".repeat(62);
    let last = "x".repeat(octets - lines * 64 - 2);
    format!("{}{last}\n", format!("{line}\n").repeat(lines))
}

/// A message to a@example.org of this many octets in all.
pub(crate) fn letter_of(octets: usize) -> Message {
    let header = ACCOUNT.letter_with(&["a@example.org"], "").exact_size();
    let text = text_of(octets - usize::try_from(header).unwrap());
    let letter = ACCOUNT.letter_with(&["a@example.org"], &text);
    assert_eq!(letter.exact_size(), octets as u64);
    letter
}

/// Sends a message in every delivery.
async fn transfer(message: impl Fn() -> Message, transcript: &str, outcome: &str) {
    let script = Script::inline(&format!(
        "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{OK_OK_354}{transcript}"
    ));
    for delivery in Delivery::ALL {
        let (result, played) = play_script(&script, delivery, async |stream| {
            send(in_clear(stream).await?, message()).await
        })
        .await;
        assert_eq!(summary(&result), outcome, "{delivery:?}");
        let ended = played.heard.windows(5).any(|octets| octets == b"\r\n.\r\n");
        assert_eq!(
            ended,
            transcript.contains("C: ."),
            "end of data, {delivery:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_data_leaves_with_the_last_block() {
    for size in [
        300,
        BLOCK - 1,
        BLOCK,
        BLOCK + 1,
        2 * BLOCK,
        5 * BLOCK - 3,
        5 * BLOCK + 1,
    ] {
        // The end of data adds a dot and CRLF.
        let body = format!("-- swallow {} --", size + 3);
        let transcript = format!(
            "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{OK_OK_354}{body}\nS: 250 queued\n{QUIT_AND_221}"
        );
        let (writes, _) = play(&transcript, async |stream| {
            let (stream, tap) = Wiretap::new(stream);
            let _ = send(in_clear(stream).await.unwrap(), letter_of(size))
                .await
                .unwrap();
            tap.writes()
        })
        .await;
        let [ehlo, flight, blocks @ .., quit] = writes.as_slice() else {
            panic!("{} writes", writes.len());
        };
        assert_eq!(ehlo, b"EHLO client.example\r\n");
        assert!(flight.starts_with(b"MAIL FROM:") && flight.ends_with(b"\r\nDATA\r\n"));
        assert_eq!(quit, b"QUIT\r\n");
        assert_eq!(blocks.len(), size.div_ceil(BLOCK), "{size}");
        let last = blocks.last().unwrap();
        assert!(last.len() > 3 && last.ends_with(b".\r\n"), "{size}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_submission_takes_seven_round_trips_and_quit() {
    let gmail = Account {
        host: "smtp.gmail.com",
        user: "me@gmail.com",
    };
    for (fixture, round_trips) in [
        // Greeting, EHLO, STARTTLS, EHLO, AUTH, MAIL to DATA, the message; QUIT.
        ("gmail_success", 8),
        // Greeting, EHLO, AUTH, MAIL to DATA, the message; QUIT.
        ("gmail_success_465", 6),
    ] {
        let script = Script::fixture(fixture);
        let (result, played) = play_script(&script, Delivery::Whole, async |stream| {
            let letter = gmail.letter(&["a@example.org"]);
            if fixture.ends_with("465") {
                gmail.submit_465(stream, letter).await
            } else {
                gmail.submit(stream, letter).await
            }
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(played.round_trips, round_trips, "{fixture}");
    }
}

#[tokio::test(start_paused = true)]
async fn dots_at_line_starts_are_doubled() {
    let letter = letter_lines("a@example.org");
    let body = letter.replace("C: Here it comes.", "C: ..a\nC: ...\nC: x.\nC:\nC: ....");
    let message = || ACCOUNT.letter_with(&["a@example.org"], ".a\n..\nx.\n\n...");
    transfer(
        message,
        &format!("{body}S: 250 queued\n{QUIT_AND_221}"),
        "<a@example.org>: 250 queued",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_reply_within_the_message_ends_the_transfer() {
    let letter = letter_of(1_200_000);
    let letter = || letter.clone();
    for (reply, outcome) in [
        (
            "552 5.3.4 too big",
            "Rejected at Transfer, NotAccepted, permanent: 552 5.3.4 too big",
        ),
        (
            "452 4.3.1 disk full",
            "Rejected at Transfer, NotAccepted, transient: 452 4.3.1 disk full",
        ),
        (
            "421 4.4.2 time is up",
            "Closed at Transfer, NotAccepted, transient: 421 4.4.2 time is up",
        ),
        // It is unknown what such a server accepts as the message.
        (
            "250 queued",
            "Protocol at Transfer, Unknown, permanent: 250 queued",
        ),
    ] {
        for ending in ["-- swallow all --", "-- cut --"] {
            let transcript = format!("-- ahead --\n-- swallow 500 --\nS: {reply}\n{ending}");
            transfer(letter, &transcript, outcome).await;
        }
        // In the same segment as the 354.
        let transcript = format!("-- ahead --\nS: {reply}\n-- swallow all --");
        transfer(letter, &transcript, outcome).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_lost_within_the_message_is_not_accepted() {
    let letter = letter_of(1_200_000);
    let letter = || letter.clone();
    let outcome = "Closed at Transfer, NotAccepted, transient: no reply";
    for ending in ["-- cut --", "-- close --\n-- swallow all --"] {
        let transcript = format!("-- swallow 500 --\n{ending}");
        transfer(letter, &transcript, outcome).await;
    }
    // Within the only block, which leaves in pieces here. The end of data has not left yet.
    let script = Script::inline(&format!(
        "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{OK_OK_354}-- swallow 200 --\n-- cut --"
    ));
    let (result, _) = play_script(&script, Delivery::OctetByOctet, async |stream| {
        send(in_clear(stream).await?, letter_of(300)).await
    })
    .await;
    assert_eq!(summary(&result), outcome);
}

/// Sends an attachment whose source yields something else than the 200,000 octets that it should.
async fn broken_off(source: impl Fn() -> Box<dyn AsyncRead + Send + Unpin>) {
    let message = || {
        let body = Body::reader(source(), 200_000);
        let builder = Message::builder()
            .from("tim@client.example")
            .to("a@example.org")
            .attach(Attachment::new(body, "shark.png"));
        built(builder)
    };
    let outcome = "Body at Transfer, NotAccepted, permanent: no reply";
    transfer(message, "-- swallow all --", outcome).await;
}

#[tokio::test(start_paused = true)]
async fn a_failing_source_sends_no_end_of_data() {
    broken_off(|| Box::new(tokio::io::empty())).await;
    broken_off(|| Box::new(tokio::io::repeat(0).take(199_999))).await;
    broken_off(|| Box::new(tokio::io::repeat(0).take(200_001))).await;
    broken_off(|| Box::new(tokio::io::repeat(0).take(90_000).chain(Broken))).await;
}

#[tokio::test(start_paused = true)]
async fn a_consumed_body_fails_before_anything_is_sent() {
    let body = Body::reader(&b"once"[..], 4);
    let builder = Message::builder()
        .from("tim@client.example")
        .to("a@example.org")
        .attach(Attachment::new(body, "shark.png"));
    let message = built(builder);
    let mut octets = message.clone().into_octets();
    while octets.next_block(&mut Vec::new()).await.unwrap() {}

    let (outcome, _) = play(
        &format!("{GREETING_AND_EHLO}{QUIT_AND_221}"),
        async |stream| {
            let mut session = in_clear(stream).await.unwrap();
            let outcome = summary(&session.send(message).await);
            session.quit().await;
            outcome
        },
    )
    .await;
    assert!(outcome.starts_with("Body"), "{outcome}");
}

struct Broken;

impl AsyncRead for Broken {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::task::Poll::Ready(Err(io::Error::other("the disk is gone")))
    }
}
