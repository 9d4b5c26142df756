//! Partial replies. They are often the only reason that the server gave, so the error shows them.

use crate::support::client::{ACCOUNT, PASSWORD, play, summary};
use crate::support::lines::letter_lines;

/// The lines that lead from one stage to the next, at which a reply is due.
fn stages() -> Vec<(&'static str, String)> {
    let end = format!("S: 354 go\n{}", letter_lines("a@example.org"));
    [
        ("Greeting", ""),
        ("Hello", "S: 220 server.example\nC: EHLO client.example"),
        (
            "StartTls",
            "S: 250-server.example\nS: 250 STARTTLS\nC: STARTTLS",
        ),
        (
            "Hello",
            "S: 220 go\n-- tls server.example --\nC: EHLO client.example",
        ),
        (
            "Auth",
            "S: 250-server.example\nS: 250 AUTH PLAIN\n\
             C: AUTH PLAIN AHRpbUBjbGllbnQuZXhhbXBsZQB0YW5zdGFhZnRhbnN0YWFm",
        ),
        ("Mail", "S: 235 ok\nC: MAIL FROM:<tim@client.example>"),
        ("Rcpt", "S: 250 ok\nC: RCPT TO:<a@example.org>"),
        ("Data", "S: 250 ok\nC: DATA"),
        ("EndOfData", &end),
    ]
    .map(|(stage, lines)| (stage, lines.to_owned()))
    .into()
}

/// Checks that the error shows this partial reply for each way in which the connection ends.
async fn is_shown(stage: &str, transcript: &str, part: &str, shown: &str) {
    for (end, kind) in [
        ("-- close --", "Closed"),
        ("-- cut --", "Closed"),
        ("-- silence --", "Timeout"),
    ] {
        let (result, _) = play(&format!("{transcript}\n{part}\n{end}"), async |stream| {
            ACCOUNT
                .submit(stream, ACCOUNT.letter(&["a@example.org"]))
                .await
        })
        .await;
        let fate = match stage {
            "EndOfData" => "Unknown, permanent",
            _ => "NotAccepted, transient",
        };
        let outcome = format!("{kind} at {stage}, {fate}: no reply");
        assert_eq!(summary(&result), outcome, "{part:?} {end}");
        let error = result.unwrap_err();
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains(&PASSWORD[..6]), "{stage} {part:?}: {text}");
        }
        let text = error.to_string();
        assert!(text.contains(shown), "{stage} {part:?} {end}: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn at_each_stage_and_in_each_way() {
    let mut transcript = String::new();
    for (stage, lines) in stages() {
        transcript = format!("{transcript}\n{lines}");
        for (part, shown) in [
            (
                "S> 550 5.7.1 you are listed at bl.test",
                "550 5.7.1 you are listed at bl.test",
            ),
            ("S: 554-first\nS> 554-sec", "554-first 554-sec"),
            ("S: 554-without a last line", "554-without a last line"),
            ("S> 421 4.3.2 busy", "421 4.3.2 busy"),
            ("S> 55", "55"),
            ("S> 550 a\u{1b}[2Jb\u{7f}", "550 a\\u{1b}[2Jb\\u{7f}"),
        ] {
            is_shown(stage, &transcript, part, shown).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_is_not_shown_by_its_beginning() {
    let mut transcript = String::new();
    for (stage, lines) in stages() {
        transcript = format!("{transcript}\n{lines}");
        if !matches!(stage, "Auth" | "Mail" | "EndOfData") {
            continue;
        }
        for (part, shown) in [
            ("S> 550 bad: tanstaaftanstaaf", "550 bad: <redacted>"),
            ("S> 550 bad: tanstaaft", "550 bad: <redacted>"),
            ("S> 550 bad: tanst", "550 bad: <redacted>"),
            ("S: 550-bad\nS> 550 tansta", "550-bad 550 <redacted>"),
        ] {
            is_shown(stage, &transcript, part, shown).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_part_is_cut_short() {
    let part = format!("S> 550 {}", "x".repeat(1_500));
    is_shown("Greeting", "", &part, "xxx [...]").await;
}
