//! The reply to the end of data, on which everything depends (RFC 1047).

use crate::support::client::{ACCOUNT, converse, in_clear, send, told};
use crate::support::delivery::Delivery;
use crate::support::lines::{FLIGHT, GO, HELLO, letter_lines};
use crate::support::script::Script;

/// Sends a mail, in every delivery, to a server that does this when it has it all.
async fn after_the_message(transcript: &str, outcome: &str) {
    let letter = letter_lines("a@example.org");
    let script = Script::inline(&format!("{HELLO}{FLIGHT}{GO}{letter}{transcript}"));
    for delivery in Delivery::ALL {
        let (result, _) = converse(&script, delivery, async |stream| {
            send(in_clear(stream).await?, ACCOUNT.letter(&["a@example.org"])).await
        })
        .await;
        assert_eq!(told(&result), outcome, "{delivery:?}");
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
async fn an_answer_after_end_of_data_counts_whatever_follows() {
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
            "hello\n-- close --",
            "Protocol at EndOfData, Unknown, permanent: no reply",
        ),
    ] {
        after_the_message(&format!("S: {reply}"), outcome).await;
    }
}
