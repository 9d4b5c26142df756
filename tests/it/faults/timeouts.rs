//! Every wait has a time limit (RFC 5321 section 4.5.3.2), and the error names the stage.

use pilotfish::Message;
use pilotfish::message::{Attachment, Body};
use pilotfish::session::Session;
use tokio::time::Instant;

use crate::support::built::built;
use crate::support::client::{ACCOUNT, in_clear, play, play_script, play_through, send, summary};
use crate::support::delivery::Delivery;
use crate::support::lines::{MAIL_RCPT_DATA, OK_OK_354, letter_lines};
use crate::support::peer::Stream;
use crate::support::script::Script;

const GREETING_AND_EHLO_WITH_STARTTLS: &str = "
    S: 220 server.example ESMTP
    C: EHLO client.example
    S: 250-server.example
    S: 250-STARTTLS
    S: 250 PIPELINING
";

const STARTTLS_TO_AUTH: &str = "
    C: STARTTLS
    S: 220 go
    -- tls server.example --
    C: EHLO client.example
    S: 250-server.example
    S: 250-AUTH PLAIN
    S: 250 PIPELINING
    C: AUTH PLAIN AHRpbUBjbGllbnQuZXhhbXBsZQB0YW5zdGFhZnRhbnN0YWFm
";

/// Submits a mail to a server that falls silent after the transcript.
async fn silence(transcript: &str, seconds: u64, outcome: &str) {
    let begin = Instant::now();
    let transcript = format!("{transcript}\n-- silence --");
    let (result, _) = play(&transcript, async |stream| {
        let result = ACCOUNT
            .submit(stream, ACCOUNT.letter(&["a@example.org"]))
            .await;
        (summary(&result), begin.elapsed().as_secs())
    })
    .await;
    assert_eq!(result, (outcome.to_owned(), seconds));
}

/// The time limits of RFC 5321 section 4.5.3.2, where it defines one.
#[tokio::test(start_paused = true)]
async fn silence_at_each_stage() {
    let mail =
        format!("{GREETING_AND_EHLO_WITH_STARTTLS}{STARTTLS_TO_AUTH}S: 235 ok\n{MAIL_RCPT_DATA}");
    let letter = letter_lines("a@example.org");
    let starttls = format!("{GREETING_AND_EHLO_WITH_STARTTLS}C: STARTTLS\n");
    let timeout = |stage: &str| format!("Timeout at {stage}, NotAccepted, transient: no reply");
    for (transcript, seconds, stage) in [
        (String::new(), 300, "Greeting"),
        ("S> 220 server.exam".to_owned(), 300, "Greeting"),
        ("S: 220 hi\nC: EHLO client.example".to_owned(), 300, "Hello"),
        (starttls.clone(), 300, "StartTls"),
        (
            format!("{starttls}S: 220 go\n-- swallow all --"),
            60,
            "StartTls",
        ),
        (
            format!("{GREETING_AND_EHLO_WITH_STARTTLS}{STARTTLS_TO_AUTH}"),
            300,
            "Auth",
        ),
        (mail.clone(), 300, "Mail"),
        (format!("{mail}S: 250 ok"), 300, "Rcpt"),
        (format!("{mail}S: 250 ok\nS: 250 ok"), 120, "Data"),
    ] {
        silence(&transcript, seconds, &timeout(stage)).await;
    }
    let sent = format!("{mail}S: 250 ok\nS: 250 ok\nS: 354 go\n{letter}");
    let unknown = "Timeout at EndOfData, Unknown, permanent: no reply";
    silence(&sent, 600, unknown).await;
    silence(&format!("{sent}S> 250 2.0.0 O"), 600, unknown).await;
    let quit = format!("{sent}S: 250 queued\nC: QUIT");
    silence(&quit, 5, "<a@example.org>: 250 queued").await;
}

/// Sends two mails, and QUIT.
async fn send_two<S: Stream>(mut session: Session<S>) -> [String; 2] {
    let first = session.send(ACCOUNT.letter(&["a@example.org"])).await;
    let second = session.send(ACCOUNT.letter(&["a@example.org"])).await;
    session.quit().await;
    [summary(&first), summary(&second)]
}

#[tokio::test(start_paused = true)]
async fn silence_in_an_implicit_handshake_and_after_rset() {
    let (result, _) = play("-- swallow all --", async |stream| {
        ACCOUNT
            .submit_465(stream, ACCOUNT.letter(&["a@example.org"]))
            .await
    })
    .await;
    let outcome = "Timeout at Connect, NotAccepted, transient: no reply";
    assert_eq!(summary(&result), outcome);

    let transcript = format!(
        "{GREETING_AND_EHLO_WITH_STARTTLS}{MAIL_RCPT_DATA}S: 550 no\nS: 503 no\nS: 503 no\nC: RSET\n{MAIL_RCPT_DATA}"
    );
    let (outcomes, _) = play(&transcript, async |stream| {
        send_two(in_clear(stream).await.unwrap()).await
    })
    .await;
    let expected = [
        "Rejected at Mail, NotAccepted, permanent: 550 no",
        "Timeout at Reset, NotAccepted, transient: no reply",
    ];
    assert_eq!(outcomes, expected);
}

/// Sends a mail over a network that holds 64 octets. Returns the outcome and the duration in
/// seconds.
async fn through_64_octets(transcript: &str, message: Message) -> (String, u64) {
    let transcript =
        format!("{GREETING_AND_EHLO_WITH_STARTTLS}{MAIL_RCPT_DATA}{OK_OK_354}{transcript}");
    play_through(64, &transcript, async |stream| {
        let session = in_clear(stream).await.unwrap();
        let begin = Instant::now();
        let result = send(session, message).await;
        (summary(&result), begin.elapsed().as_secs())
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_slow_but_steady_reader_gets_everything() {
    // 244 octets and the end of data, 32 octets every two minutes: 16 minutes in all. The last 64
    // octets wait in the pipe.
    let transcript = format!(
        "-- sip 32 every 120s --\n{}S: 250 queued\n-- swallow all --",
        letter_lines("a@example.org")
    );
    let letter = ACCOUNT.letter(&["a@example.org"]);
    let (reported, seconds) = through_64_octets(&transcript, letter).await;
    assert_eq!(reported, "<a@example.org>: 250 queued");
    assert!(seconds > 15 * 60, "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_reading_is_a_timeout_with_a_known_fate() {
    let transcript = "-- sip 32 every 3600s --\n-- swallow all --";
    let letter = ACCOUNT.letter(&["a@example.org"]);
    let (reported, seconds) = through_64_octets(transcript, letter).await;
    let outcome = "Timeout at Transfer, NotAccepted, transient: no reply";
    assert_eq!((reported.as_str(), seconds), (outcome, 180));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_gives_nothing_ends_the_mail() {
    // The other end stays open, and never sends anything.
    let (source, _other_end) = tokio::io::duplex(1);
    let body = Body::reader(source, 200_000);
    let builder = Message::builder()
        .from("tim@client.example")
        .to("a@example.org")
        .attach(Attachment::new(body, "shark.png"));
    let message = built(builder);
    let (reported, seconds) = through_64_octets("-- swallow all --", message).await;
    let outcome = "Body at Transfer, NotAccepted, permanent: no reply";
    assert_eq!((reported.as_str(), seconds), (outcome, 180));
}

/// After a time-out at any stage the whole connection has ended: the client sends nothing more.
#[tokio::test(start_paused = true)]
async fn nothing_is_sent_after_a_timeout() {
    let script = Script::inline(&format!(
        "{GREETING_AND_EHLO_WITH_STARTTLS}{MAIL_RCPT_DATA}-- silence --"
    ));
    for delivery in Delivery::ALL {
        let (outcomes, _) = play_script(&script, delivery, async |stream| {
            send_two(in_clear(stream).await.unwrap()).await
        })
        .await;
        let expected = [
            "Timeout at Mail, NotAccepted, transient: no reply",
            "Closed at no stage, NotAccepted, transient: no reply",
        ];
        assert_eq!(outcomes, expected);
    }
}
