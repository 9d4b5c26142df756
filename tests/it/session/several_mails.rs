//! One mail after the other in a session.

use crate::support::client::{ACCOUNT, in_clear, play, summary};
use crate::support::lines::{
    GREETING_AND_EHLO, MAIL_RCPT_DATA, OK_OK_354, QUIT_AND_221, letter_lines,
};

/// Sends a mail for each outcome, then QUIT. Returns the number of round trips.
async fn mails(transcript: &str, expected: &[&str]) -> usize {
    let (outcomes, played) = play(transcript, async |stream| {
        let mut session = in_clear(stream).await.unwrap();
        let mut outcomes = Vec::new();
        for _ in expected {
            let letter = ACCOUNT.letter(&["a@example.org"]);
            outcomes.push(summary(&session.send(letter).await));
        }
        session.quit().await;
        outcomes
    })
    .await;
    assert_eq!(outcomes, expected);
    played.round_trips
}

#[tokio::test(start_paused = true)]
async fn each_takes_two_round_trips() {
    let letter = letter_lines("a@example.org");
    let mail = format!("{MAIL_RCPT_DATA}{OK_OK_354}{letter}S: 250 queued\n");
    let transcript = format!("{GREETING_AND_EHLO}{mail}{mail}{mail}{QUIT_AND_221}");
    let round_trips = mails(&transcript, &["<a@example.org>: 250 queued"; 3]).await;
    // The greeting, EHLO and QUIT, and the mails.
    assert_eq!(round_trips, 3 + 3 * 2);
}

/// RFC 5321 section 4.1.4: a rejected transaction ends with RSET. A transaction whose message was
/// rejected has ended already.
#[tokio::test(start_paused = true)]
async fn after_a_rejection_rset_precedes_the_next_mail() {
    let letter = letter_lines("a@example.org");
    let transcript = format!(
        "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}
        S: 550 no
        S: 503 no
        S: 503 no
        C: RSET
        {MAIL_RCPT_DATA}
        S: 250 flushed
        {OK_OK_354}{letter}
        S: 554 5.6.0 content refused
        {MAIL_RCPT_DATA}{OK_OK_354}{letter}
        S: 250 queued
        {QUIT_AND_221}"
    );
    let expected = [
        "Rejected at Mail, NotAccepted, permanent: 550 no",
        "Rejected at EndOfData, NotAccepted, permanent: 554 5.6.0 content refused",
        "<a@example.org>: 250 queued",
    ];
    mails(&transcript, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_rejected_rset_ends_the_session() {
    let transcript = format!(
        "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}
        S: 550 no
        S: 503 no
        S: 503 no
        C: RSET
        {MAIL_RCPT_DATA}
        S: 421 enough"
    );
    let expected = [
        "Rejected at Mail, NotAccepted, permanent: 550 no",
        "Closed at Reset, NotAccepted, transient: 421 enough",
        "Closed at no stage, NotAccepted, transient: no reply",
    ];
    mails(&transcript, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn an_unsolicited_reply_confirms_no_mail() {
    let letter = letter_lines("a@example.org");
    let transcript = format!(
        "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{OK_OK_354}{letter}S: 250 queued\nS: 250 and another"
    );
    let expected = [
        "<a@example.org>: 250 queued",
        "Protocol at Mail, NotAccepted, permanent: 250 and another",
    ];
    mails(&transcript, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_421_between_two_is_for_the_second() {
    let letter = letter_lines("a@example.org");
    let mail = format!("{MAIL_RCPT_DATA}{OK_OK_354}{letter}S: 250 queued");
    let transcript =
        format!("{GREETING_AND_EHLO}{mail}\nS: 421 4.4.2 idle for too long\n-- close --");
    let expected = [
        "<a@example.org>: 250 queued",
        "Closed at Mail, NotAccepted, transient: 421 4.4.2 idle for too long",
    ];
    mails(&transcript, &expected).await;
}
