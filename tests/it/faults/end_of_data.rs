//! The reply to the end of data, which decides about the mail (RFC 1047).

use crate::support::client::{ACCOUNT, in_clear, play_script, play_through, send, summary};
use crate::support::delivery::Delivery;
use crate::support::lines::{GREETING_AND_EHLO, MAIL_RCPT_DATA, OK_OK_354, letter_lines};
use crate::support::script::Script;

/// Sends a mail, in every delivery, to a server that does this after the end of data.
async fn after_the_message(transcript: &str, outcome: &str) {
    let letter = letter_lines("a@example.org");
    let script = Script::inline(&format!(
        "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{OK_OK_354}{letter}{transcript}"
    ));
    for delivery in Delivery::ALL {
        let (result, _) = play_script(&script, delivery, async |stream| {
            send(in_clear(stream).await?, ACCOUNT.letter(&["a@example.org"])).await
        })
        .await;
        assert_eq!(summary(&result), outcome, "{delivery:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn server_closes_after_end_of_data_is_fate_unknown() {
    let outcome = "Closed at EndOfData, Unknown, permanent: no reply";
    for ending in [
        "-- cut --",
        "-- close --",
        "S> 250 que\n-- cut --",
        "S: 250-queued\n-- cut --",
    ] {
        after_the_message(ending, outcome).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_after_end_of_data_counts_whatever_follows() {
    for (reply, outcome) in [
        (
            "250 queued\nC: QUIT\n-- cut --",
            "<a@example.org>: 250 queued",
        ),
        (
            "299 queued\nC: QUIT\n-- silence --",
            "<a@example.org>: 299 queued",
        ),
        (
            "250 queued\nC: QUIT\nS: 421 too late",
            "<a@example.org>: 250 queued",
        ),
        (
            "554 5.7.1 spam\nC: QUIT\n-- cut --",
            "Rejected at EndOfData, NotAccepted, permanent: 554 5.7.1 spam",
        ),
        (
            "354 more\n-- close --",
            "Protocol at EndOfData, Unknown, permanent: 354 more",
        ),
        (
            "5000 x\n-- close --",
            "Protocol at EndOfData, Unknown, permanent: no reply",
        ),
        (
            "hello\n-- close --",
            "Protocol at EndOfData, Unknown, permanent: no reply",
        ),
    ] {
        after_the_message(&format!("S: {reply}"), outcome).await;
    }
}

/// TLS buffers more than the network accepts. The buffered octets have not left, and the end of a
/// long message is not among them.
#[tokio::test(start_paused = true)]
async fn the_end_of_a_long_message_does_not_wait_in_tls() {
    let transcript = "
        -- tls server.example --
        S: 220 server.example ESMTP
        C: EHLO client.example
        S: 250-server.example
        S: 250 AUTH PLAIN
        C: AUTH PLAIN AHRpbUBjbGllbnQuZXhhbXBsZQB0YW5zdGFhZnRhbnN0YWFm
        S: 235 ok
        C: MAIL FROM:<tim@client.example>
        S: 250 ok
        C: RCPT TO:<a@example.org>
        S: 250 ok
        C: DATA
        S: 354 go
        -- swallow 30000 --
        -- cut --
    ";
    let letter = ACCOUNT.letter_with(&["a@example.org"], &"Here it comes.\n".repeat(4_000));
    let result = play_through(64, transcript, async |stream| {
        ACCOUNT.submit_465(stream, letter).await
    })
    .await;
    let outcome = summary(&result);
    assert!(
        outcome.contains("at Transfer, NotAccepted, transient"),
        "{outcome}"
    );
}
