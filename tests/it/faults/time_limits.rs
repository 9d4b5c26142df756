//! Each stage has a time limit, which ends silence and single octets alike.

use std::time::Duration;

use pilotfish::session::Greeted;
use pilotfish::transport::Timeouts;
use tokio::time::Instant;

use crate::support::client::{ACCOUNT, name, play, summary};
use crate::support::lines::{MAIL_RCPT_DATA, letter_lines};
use crate::support::tls::tls_client;

const GREETING_TO_LOGIN: &str = "
    S: 220 server.example ESMTP
    C: EHLO client.example
    S: 250-server.example
    S: 250-STARTTLS
    S: 250 PIPELINING
    C: STARTTLS
    S: 220 2.0.0 go ahead
    -- tls server.example --
    C: EHLO client.example
    S: 250-server.example
    S: 250-AUTH PLAIN
    S: 250 PIPELINING
    C: AUTH PLAIN AHRpbUBjbGllbnQuZXhhbXBsZQB0YW5zdGFhZnRhbnN0YWFm
    S: 235 2.7.0 accepted
";

/// The time limit of all other stages, in seconds.
const LONG: u64 = 3600;

/// The time limit of the tested stage, in seconds.
const LIMIT: u64 = 10;

/// Sends two mails with one short time limit. Returns the first time-out, and the time at which it
/// occurred.
async fn first_timeout(set: fn(&mut Timeouts, Duration), transcript: &str) -> (String, u64) {
    let mut timeouts = Timeouts::all(Duration::from_secs(LONG));
    set(&mut timeouts, Duration::from_secs(LIMIT));
    let begin = Instant::now();
    let (outcome, _) = play(transcript, async |stream| {
        let mut outcomes = Vec::new();
        let session = async {
            let greeted = Greeted::greet(stream, name(), timeouts).await?;
            let secured = greeted.starttls(&tls_client(), &ACCOUNT.host()).await?;
            secured.authenticate(&ACCOUNT.credentials()).await
        };
        match session.await {
            Ok(mut session) => {
                for _ in 0..2 {
                    let letter = ACCOUNT.letter(&["a@example.org"]);
                    outcomes.push(summary(&session.send(letter).await));
                }
                session.quit().await;
            }
            Err(error) => outcomes.push(summary(&Err(error))),
        }
        let timeout = outcomes
            .into_iter()
            .find(|text| text.starts_with("Timeout"));
        (timeout.unwrap_or_default(), begin.elapsed().as_secs())
    })
    .await;
    outcome
}

/// The limit to set.
type Set = fn(&mut Timeouts, Duration);

#[tokio::test(start_paused = true)]
async fn each_reply_has_its_limit() {
    let upto = |line: &str| {
        let (begin, _) = GREETING_TO_LOGIN.split_once(line).unwrap();
        begin.to_owned()
    };
    let mail = format!("{GREETING_TO_LOGIN}{MAIL_RCPT_DATA}");
    let letter = letter_lines("a@example.org");
    let sent = format!("{mail}S: 250 ok\nS: 250 ok\nS: 354 go\n{letter}");
    let failed = format!("{mail}S: 550 no\nS: 503 no\nS: 503 no\nC: RSET\n{MAIL_RCPT_DATA}");
    let quit = format!(
        "{sent}S: 250 queued\n{MAIL_RCPT_DATA}S: 250 ok\nS: 250 ok\nS: 354 go\n{letter}S: 250 queued\nC: QUIT\n"
    );
    let second_hello = upto("S: 250-server.example\n    S: 250-AUTH");
    let rows: [(Set, String, &str, &str); 11] = [
        (
            |t, d| t.greeting = d,
            String::new(),
            "Greeting",
            "NotAccepted, transient",
        ),
        (
            |t, d| t.hello = d,
            upto("S: 250-server.example\n    S: 250-STARTTLS"),
            "Hello",
            "NotAccepted, transient",
        ),
        (
            |t, d| t.starttls = d,
            upto("S: 220 2.0.0"),
            "StartTls",
            "NotAccepted, transient",
        ),
        (
            |t, d| t.hello = d,
            second_hello,
            "Hello",
            "NotAccepted, transient",
        ),
        (
            |t, d| t.auth = d,
            upto("S: 235"),
            "Auth",
            "NotAccepted, transient",
        ),
        (
            |t, d| t.mail = d,
            mail.clone(),
            "Mail",
            "NotAccepted, transient",
        ),
        (
            |t, d| t.rcpt = d,
            format!("{mail}S: 250 ok\n"),
            "Rcpt",
            "NotAccepted, transient",
        ),
        (
            |t, d| t.data = d,
            format!("{mail}S: 250 ok\nS: 250 ok\n"),
            "Data",
            "NotAccepted, transient",
        ),
        (
            |t, d| t.end_of_data = d,
            sent.clone(),
            "EndOfData",
            "Unknown, permanent",
        ),
        (
            |t, d| t.reset = d,
            failed,
            "Reset",
            "NotAccepted, transient",
        ),
        (|t, d| t.quit = d, quit, "", ""),
    ];
    for (set, transcript, stage, fate) in rows {
        let outcome = match stage {
            "" => String::new(),
            stage => format!("Timeout at {stage}, {fate}: no reply"),
        };
        for end in [
            "-- silence --",
            "-- drip 1s --\nS: 250 this takes longer than ten seconds",
        ] {
            let transcript = format!("{transcript}{end}");
            let reported = first_timeout(set, &transcript).await;
            assert_eq!(reported, (outcome.clone(), LIMIT), "{stage} {end}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_has_its_limit() {
    let (begin, _) = GREETING_TO_LOGIN.split_once("-- tls").unwrap();
    let transcript = format!("{begin}-- swallow all --");
    let reported = first_timeout(|t, d| t.handshake = d, &transcript).await;
    let outcome = "Timeout at StartTls, NotAccepted, transient: no reply";
    assert_eq!(reported, (outcome.to_owned(), LIMIT));
}
