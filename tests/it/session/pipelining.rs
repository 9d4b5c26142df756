//! Commands in groups (RFC 2920), and the assignment of replies.

use crate::support::client::{ACCOUNT, in_clear, play, play_script, send, summary};
use crate::support::delivery::Delivery;
use crate::support::lines::{GREETING_AND_EHLO, QUIT_AND_221, letter_lines};
use crate::support::script::Script;

const GREETING_AND_EHLO_WITHOUT_EXTENSIONS: &str = "
    S: 220 server.example ESMTP
    C: EHLO client.example
    S: 250 server.example
";

const MAIL: &str = "C: MAIL FROM:<tim@client.example>\n";

/// Sends a mail to a, b and c in every delivery.
async fn to_three(transcript: &str, outcome: &str) {
    let script = Script::inline(transcript);
    let recipients = ["a@example.org", "b@example.org", "c@example.org"];
    for delivery in Delivery::ALL {
        let (result, _) = play_script(&script, delivery, async |stream| {
            send(in_clear(stream).await?, ACCOUNT.letter(&recipients)).await
        })
        .await;
        assert_eq!(summary(&result), outcome, "{delivery:?}");
    }
}

/// The commands after a flight of MAIL, RCPT for a, b and c, and DATA.
async fn flight(replies: &str, outcome: &str) {
    let transcript = format!(
        "{GREETING_AND_EHLO}{MAIL}
        C: RCPT TO:<a@example.org>
        C: RCPT TO:<b@example.org>
        C: RCPT TO:<c@example.org>
        C: DATA
        {replies}"
    );
    to_three(&transcript, outcome).await;
}

fn letter_to_three() -> String {
    letter_lines("a@example.org, b@example.org, c@example.org")
}

#[tokio::test(start_paused = true)]
async fn everything_up_to_data_in_one_flight() {
    let rest = format!(
        "S: 250 sender ok
         S: 250 ok
         S: 251 forwarded
         S: 252 will try
         S: 354 go
         {}
         S: 250 queued
         {QUIT_AND_221}",
        letter_to_three()
    );
    let outcome = "<a@example.org> <b@example.org> <c@example.org>: 250 queued";
    flight(&rest, outcome).await;
}

#[tokio::test(start_paused = true)]
async fn each_rejection_belongs_to_its_recipient() {
    let rest = format!(
        "S: 250 sender ok
         S: 550-5.1.1 no a
         S: 550 5.1.1 here
         S: 250 ok
         S: 452 4.2.2 full
         S: 354 go
         {}
         S: 250 queued
         {QUIT_AND_221}",
        letter_to_three()
    );
    let outcome = "<b@example.org>, not <a@example.org> (550 5.1.1 no a here), \
                   not <c@example.org> (452 4.2.2 full): 250 queued";
    flight(&rest, outcome).await;
}

/// RFC 2920 section 3.1: if no recipient was accepted, the client answers a 354 with a lone dot.
#[tokio::test(start_paused = true)]
async fn all_rejected_and_354_is_a_lone_dot() {
    for (refusals, reply, outcome) in [
        (
            ["550 a", "550 b", "550 c"],
            "554 no valid recipients",
            "permanent",
        ),
        (
            ["450 a", "450 b", "450 c"],
            "250 ok, says a strange server",
            "transient",
        ),
        (["450 a", "550 b", "450 c"], "451 no", "transient"),
    ] {
        let refusals = refusals.map(|refusal| format!("S: {refusal}\n")).concat();
        let rest = format!("S: 250 ok\n{refusals}S: 354 go\nC: .\nS: {reply}\n{QUIT_AND_221}");
        let outcome = format!("Rejected at Rcpt, NotAccepted, {outcome}: no reply");
        flight(&rest, &outcome).await;
    }
}

#[tokio::test(start_paused = true)]
async fn all_rejected_and_data_too() {
    let rest =
        format!("S: 250 ok\nS: 550 a\nS: 550 b\nS: 550 c\nS: 503 no recipients\n{QUIT_AND_221}");
    let outcome = "Rejected at Rcpt, NotAccepted, permanent: no reply";
    flight(&rest, outcome).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_lost_after_the_lone_dot_does_not_hide_the_refusals() {
    let rest = "S: 250 ok\nS: 550 a\nS: 550 b\nS: 550 c\nS: 354 go\nC: .\n-- close --";
    let outcome = "Rejected at Rcpt, NotAccepted, permanent: no reply";
    flight(rest, outcome).await;
}

#[tokio::test(start_paused = true)]
async fn a_rejected_sender_is_the_error_of_the_mail() {
    let outcome = "Rejected at Mail, NotAccepted, permanent: 550 5.7.60 not your address";
    let mail = "S: 550 5.7.60 not your address";
    for rest in [
        format!("{mail}\nS: 503 a\nS: 503 b\nS: 503 c\nS: 503 d\n{QUIT_AND_221}"),
        format!("{mail}\nS: 550 a\nS: 550 b\nS: 550 c\nS: 354 d\nC: .\nS: 554 no\n{QUIT_AND_221}"),
        // This server would deliver an empty mail after a lone dot, so the client closes the
        // connection.
        format!("{mail}\nS: 250 a\nS: 250 b\nS: 250 c\nS: 354 d"),
        format!("{mail}\n-- close --"),
    ] {
        flight(&rest, outcome).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_421_among_the_replies_closes() {
    let outcome = "Closed at Rcpt, NotAccepted, transient: 421 4.3.2 shutting down";
    let rest = "S: 250 ok\nS: 250 a\nS: 421 4.3.2 shutting down\n-- close --";
    flight(rest, outcome).await;
}

#[tokio::test(start_paused = true)]
async fn recipients_rejected_before_a_421_are_reported() {
    let transcript = format!(
        "{GREETING_AND_EHLO}{MAIL}
        C: RCPT TO:<a@example.org>
        C: RCPT TO:<b@example.org>
        C: DATA
        S: 250 ok
        S: 550 5.1.1 no a
        S: 421 4.7.0 too many errors
        -- close --"
    );
    let (result, _) = play(&transcript, async |stream| {
        let letter = ACCOUNT.letter(&["a@example.org", "b@example.org"]);
        send(in_clear(stream).await?, letter).await
    })
    .await;
    let error = result.unwrap_err();
    let refused: Vec<_> = error
        .rejected()
        .iter()
        .map(|(path, reply)| format!("{path} {reply}"))
        .collect();
    assert_eq!(refused, ["<a@example.org> 550 5.1.1 no a"]);
    assert!(error.is_transient());
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_cannot_answer_its_command() {
    for (replies, outcome) in [
        (
            "S: 354 go",
            "Protocol at Mail, NotAccepted, permanent: 354 go",
        ),
        (
            "S: 250 ok\nS: 354 go",
            "Protocol at Rcpt, NotAccepted, permanent: 354 go",
        ),
        (
            "S: 250 ok\nS: 250 a\nS: 250 b\nS: 250 c\nS: 250 d",
            "Protocol at Data, NotAccepted, permanent: 250 d",
        ),
    ] {
        flight(replies, outcome).await;
    }
}

#[tokio::test(start_paused = true)]
async fn without_pipelining_each_command_waits() {
    let transcript = format!(
        "{GREETING_AND_EHLO_WITHOUT_EXTENSIONS}{MAIL}
        S: 250 ok
        C: RCPT TO:<a@example.org>
        S: 250 ok
        C: RCPT TO:<b@example.org>
        S: 550 no
        C: RCPT TO:<c@example.org>
        S: 250 ok
        C: DATA
        S: 354 go
        {}
        S: 250 queued
        {QUIT_AND_221}",
        letter_to_three()
    );
    let outcome = "<a@example.org> <c@example.org>, not <b@example.org> (550 no): 250 queued";
    to_three(&transcript, outcome).await;
}

#[tokio::test(start_paused = true)]
async fn without_pipelining_no_useless_command_is_sent() {
    let transcript =
        format!("{GREETING_AND_EHLO_WITHOUT_EXTENSIONS}{MAIL}S: 550 no\n{QUIT_AND_221}");
    let outcome = "Rejected at Mail, NotAccepted, permanent: 550 no";
    to_three(&transcript, outcome).await;

    let transcript = format!(
        "{GREETING_AND_EHLO_WITHOUT_EXTENSIONS}{MAIL}
        S: 250 ok
        C: RCPT TO:<a@example.org>
        S: 550 no
        C: RCPT TO:<b@example.org>
        S: 450 no
        C: RCPT TO:<c@example.org>
        S: 550 no
        {QUIT_AND_221}"
    );
    let outcome = "Rejected at Rcpt, NotAccepted, transient: no reply";
    to_three(&transcript, outcome).await;
}
