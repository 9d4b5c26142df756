//! The times of a mail's parts, with a server that sends an octet a second.

use std::time::Duration;

use futures_util::stream;
use pilotfish::Mail;
use pilotfish::protocol::{Chunking, Pipelining};
use pilotfish::session::Timing;

use crate::session::send_each::{strategy, together};
use crate::support::client::{ACCOUNT, in_clear, play, play_through};
use crate::support::lines::{GREETING_AND_EHLO, MAIL_RCPT_DATA, QUIT_AND_221, letter_lines};

/// The times of the parts in seconds.
fn seconds(timing: &Timing) -> String {
    let of = |part: Duration| part.as_secs_f64().round();
    let set_up = timing.set_up.map(|set_up| {
        format!(
            "connect {} tls {} greeting {} auth {}, ",
            of(set_up.connect),
            of(set_up.tls),
            of(set_up.greeting),
            of(set_up.auth)
        )
    });
    format!(
        "{}queue {} envelope {} transfer {} reply {}, total {}",
        set_up.unwrap_or_default(),
        of(timing.queue),
        of(timing.envelope),
        of(timing.transfer),
        of(timing.reply),
        of(timing.total())
    )
}

/// Each reply takes as many seconds as it has octets, CRLF included. The very first octet arrives
/// at once.
#[tokio::test(start_paused = true)]
async fn each_part_has_the_replies_that_it_waited_for() {
    let letter = letter_lines("a@example.org");
    let transcript = format!(
        "-- drip 1s --
        S: 220 hi
        C: EHLO client.example
        S: 250-hi
        S: 250 PIPELINING
        {MAIL_RCPT_DATA}
        S: 250 a
        S: 250 b
        S: 354 c
        {letter}
        S: 250 queued
        {MAIL_RCPT_DATA}
        S: 250 a
        S: 250 b
        S: 354 c
        {letter}
        S: 250 q
        C: QUIT
        S: 221 bye"
    );
    let (timings, _) = play(&transcript, async |stream| {
        let mut session = in_clear(stream).await.unwrap();
        let mut timings = Vec::new();
        for _ in 0..2 {
            let letter = ACCOUNT.letter(&["a@example.org"]);
            let receipt = session.send(letter).await.unwrap();
            timings.push(seconds(&receipt.timing));
        }
        session.quit().await;
        timings
    })
    .await;
    assert_eq!(
        timings,
        [
            "connect 0 tls 0 greeting 31 auth 0, queue 0 envelope 21 transfer 0 reply 12, total 64",
            // The session was open already.
            "queue 0 envelope 21 transfer 0 reply 7, total 28",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_transfer_lasts_until_the_end_has_left() {
    let transcript = format!(
        "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}
        S: 250 ok
        S: 250 ok
        S: 354 go
        -- sip 100 every 10s --
        {}
        S: 250 queued
        -- swallow all --",
        letter_lines("a@example.org")
    );
    let timing = play_through(64, &transcript, async |stream| {
        let mut session = in_clear(stream).await.unwrap();
        let letter = ACCOUNT.letter(&["a@example.org"]);
        let receipt = session.send(letter).await.unwrap();
        session.quit().await;
        receipt.timing
    })
    .await;
    // 247 octets with the end of data. The pipe holds 64 of them at once.
    let expected =
        "connect 0 tls 0 greeting 0 auth 0, queue 0 envelope 0 transfer 30 reply 10, total 40";
    assert_eq!(seconds(&timing), expected);
}

/// The message leaves with its envelope, and a reply waits for the replies before it.
#[tokio::test(start_paused = true)]
async fn parts_of_mails_that_leave_together_overlap() {
    let transcript = format!(
        "{}
        -- drip 1s --
        S: 250 a
        S: 250 b
        S: 250 queued
        S: 250 r
        S: 250 a
        S: 250 b
        S: 250 queued
        {QUIT_AND_221}",
        together(2)
    );
    let (timings, _) = play(&transcript, async |stream| {
        let always = strategy(Pipelining::Auto, Chunking::Always);
        let mut session = in_clear(stream).await.unwrap().with_strategy(always);
        let letters = (0..3).map(|_| Mail::from(ACCOUNT.letter(&["a@example.org"])).queued());
        let mut timings = Vec::new();
        session
            .send_each(stream::iter(letters), |_, result| {
                timings.push(seconds(&result.unwrap().timing));
            })
            .await;
        session.quit().await;
        timings
    })
    .await;
    assert_eq!(
        timings,
        [
            "connect 0 tls 0 greeting 0 auth 0, queue 0 envelope 0 transfer 0 reply 0, total 0",
            "queue 0 envelope 0 transfer 0 reply 25, total 25",
            // 25 of them belong to the mail before.
            "queue 0 envelope 0 transfer 0 reply 58, total 58",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_queue_is_left_with_the_first_command() {
    let transcript = format!(
        "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}
        S: 250 ok
        S: 250 ok
        S: 354 go
        {}
        S: 250 queued
        {QUIT_AND_221}",
        letter_lines("a@example.org")
    );
    let (timing, _) = play(&transcript, async |stream| {
        let mail = Mail::from(ACCOUNT.letter(&["a@example.org"])).queued();
        tokio::time::advance(Duration::from_secs(40)).await;
        let mut session = in_clear(stream).await.unwrap();
        let mut timing = None;
        session
            .send_each(stream::iter([mail]), |_, result| {
                timing = Some(result.unwrap().timing);
            })
            .await;
        session.quit().await;
        timing
    })
    .await;
    let expected =
        "connect 0 tls 0 greeting 0 auth 0, queue 40 envelope 0 transfer 0 reply 0, total 40";
    assert_eq!(seconds(&timing.unwrap()), expected);
}
