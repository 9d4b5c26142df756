//! The first replies of a server (RFC 5321 sections 3.1, 4.2 and 4.3.2).

use crate::support::client::{ACCOUNT, in_clear, play_script, send, summary};
use crate::support::delivery::Delivery;
use crate::support::script::Script;

/// Sends a mail in every delivery to a server that accepts none.
async fn fails(transcript: &str, outcome: &str) {
    let script = Script::inline(transcript);
    for delivery in Delivery::ALL {
        let (result, _) = play_script(&script, delivery, async |stream| {
            send(in_clear(stream).await?, ACCOUNT.letter(&["a@example.org"])).await
        })
        .await;
        assert_eq!(summary(&result), outcome, "{delivery:?}: {transcript:.80}");
    }
}

#[tokio::test(start_paused = true)]
async fn servers_that_do_not_speak_smtp() {
    let outcome = "Protocol at Greeting, NotAccepted, permanent: no reply";
    for greeting in [
        "HTTP/1.1 400 Bad Request",
        "* OK IMAP4rev1 ready",
        "+OK POP3 ready",
        "SSH-2.0-OpenSSH_9.2",
        "\u{15}\u{3}\u{3}",
        "2200 one digit too many",
        "220_",
        "120 a digit that means nothing",
        "999 nor does this",
        "220-one code\nS: 250 and another",
    ] {
        fails(&format!("S: {greeting}"), outcome).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_without_end_is_cut_short() {
    let outcome = "Protocol at Greeting, NotAccepted, permanent: no reply";
    let line = format!("S> 220 {}", "x".repeat(5_000));
    let lines = "S: 220-and so on\n".repeat(5_000);
    for transcript in [line, lines] {
        let script = Script::inline(&format!("{transcript}\n-- swallow all --"));
        let (result, _) = play_script(&script, Delivery::Whole, async |stream| {
            in_clear(stream).await.map(drop)
        })
        .await;
        assert_eq!(
            crate::support::client::error_summary(&result.unwrap_err()),
            outcome
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_rejects_the_connection_gets_quit() {
    for (transcript, outcome) in [
        (
            "S: 554 no SMTP service here\nC: QUIT\nS: 221 bye",
            "Rejected at Greeting, NotAccepted, permanent: 554 no SMTP service here",
        ),
        (
            "S: 521 host accepts no mail\nC: QUIT\n-- cut --",
            "Rejected at Greeting, NotAccepted, permanent: 521 host accepts no mail",
        ),
        (
            "S: 450-not\nS: 450 now\nC: QUIT\nS: 221 bye",
            "Rejected at Greeting, NotAccepted, transient: 450 not now",
        ),
        (
            "S: 220 hi\nC: EHLO client.example\nS: 554 not you\nC: QUIT\nS: 221 bye",
            "Rejected at Hello, NotAccepted, permanent: 554 not you",
        ),
    ] {
        fails(transcript, outcome).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_421_or_the_end_of_the_connection_closes() {
    let nothing = "Closed at Greeting, NotAccepted, transient: no reply";
    for (transcript, outcome) in [
        ("-- close --", nothing),
        ("-- cut --", nothing),
        ("S> 220 serv\n-- close --", nothing),
        ("S: 220-server\n-- close --", nothing),
        (
            "S: 220 hi\nC: EHLO client.example\n-- close --",
            "Closed at Hello, NotAccepted, transient: no reply",
        ),
        (
            "S: 220 hi\nC: EHLO client.example\nS: 421 busy\n-- close --",
            "Closed at Hello, NotAccepted, transient: 421 busy",
        ),
    ] {
        fails(transcript, outcome).await;
    }
}

/// RFC 5321 section 4.2: only the code counts. Any text may follow it, or none.
#[tokio::test(start_paused = true)]
async fn greetings_and_lists_of_every_form() {
    for (greeting, list) in [
        ("S: 220", "S: 250"),
        ("S: 220-two\nS: 220 lines", "S: 250 server.example"),
        ("S: 220 \u{1f988} \u{7}", "S: 250-\nS: 250-  \nS: 250 Ok"),
        ("S: 299 unheard of", "S: 250-8 BITMIME\nS: 250 SIZE=100"),
    ] {
        let transcript = format!(
            "{greeting}
             C: EHLO client.example
             {list}
             C: MAIL FROM:<tim@client.example>
             S: 599 no
             C: QUIT
             S: 221"
        );
        let outcome = "Rejected at Mail, NotAccepted, permanent: 599 no";
        fails(&transcript, outcome).await;
    }
}

/// RFC 5321 section 3.2: an old server is greeted with HELO, and has no extensions.
#[tokio::test(start_paused = true)]
async fn a_server_with_only_helo_accepts_mail() {
    for refusal in ["500 what?", "502 5.5.1 what?", "550 no"] {
        let transcript = format!(
            "S: 220 server.example
             C: EHLO client.example
             S: {refusal}
             C: HELO client.example
             S: 250-server.example
             S: 250 SIZE 1
             C: MAIL FROM:<tim@client.example>
             S: 452 4.3.1 full
             C: QUIT
             S: 221 bye"
        );
        let outcome = "Rejected at Mail, NotAccepted, transient: 452 4.3.1 full";
        fails(&transcript, outcome).await;
    }
}

/// A server that closes the connection, or falls silent, after it has rejected EHLO has given its
/// reason.
#[tokio::test(start_paused = true)]
async fn a_rejected_ehlo_is_the_error_if_helo_gets_no_reply() {
    for refusal in [
        "500 what?",
        "501 5.5.4 invalid domain name, use a real one",
        "502 5.5.1 what?",
        "504 5.5.2 need a full name",
        "550 5.7.1 not by that name",
    ] {
        for end in [
            "-- close --\n-- swallow all --",
            "C: HELO client.example\n-- close --",
            "C: HELO client.example\n-- cut --",
            "C: HELO client.example\n-- silence --",
            "C: HELO client.example\nS> 25\n-- cut --",
        ] {
            let transcript = format!("S: 220 hi\nC: EHLO client.example\nS: {refusal}\n{end}");
            let outcome = format!("Rejected at Hello, NotAccepted, permanent: {refusal}");
            fails(&transcript, &outcome).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_to_helo_counts_more_than_a_rejected_ehlo() {
    for (answer, outcome) in [
        (
            "S: 421 busy\n-- close --",
            "Closed at Hello, NotAccepted, transient: 421 busy",
        ),
        (
            "S: 450 not now\nC: QUIT\nS: 221 bye",
            "Rejected at Hello, NotAccepted, transient: 450 not now",
        ),
        (
            "S: 502 neither\nC: QUIT\nS: 221 bye",
            "Rejected at Hello, NotAccepted, permanent: 502 neither",
        ),
    ] {
        let transcript = format!(
            "S: 220 hi\nC: EHLO client.example\nS: 502 no\nC: HELO client.example\n{answer}"
        );
        fails(&transcript, outcome).await;
    }
}

/// The advice of the error: the name, or another protocol.
#[tokio::test(start_paused = true)]
async fn advice_after_rejected_ehlo_and_helo() {
    for (ehlo, helo, words) in [
        (
            "502 what?",
            "500 what?",
            "use LMTP (`ServerConfigBuilder::lmtp`)",
        ),
        ("500 what?", "503 LHLO first", "use LMTP"),
        (
            "501 bad name",
            "501 bad name",
            "(`ServerConfigBuilder::name`)",
        ),
        (
            "502 what?",
            "550 bad name",
            "refused the name client.example",
        ),
    ] {
        let transcript = format!(
            "S: 220 hi\nC: EHLO client.example\nS: {ehlo}\nC: HELO client.example\nS: {helo}
             C: QUIT\nS: 221 bye"
        );
        let script = Script::inline(&transcript);
        let (result, _) = play_script(&script, Delivery::Whole, async |stream| {
            in_clear(stream).await.map(drop)
        })
        .await;
        let text = result.unwrap_err().to_string();
        assert!(text.contains(words), "{ehlo}, {helo}: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn empty_lines_before_the_greeting_are_ignored() {
    for lines in ["S:", "S:\nS:\nS:"] {
        let transcript = format!(
            "{lines}
             S: 220 server.example
             C: EHLO client.example
             S: 250 server.example
             C: MAIL FROM:<tim@client.example>
             S: 599 no
             C: QUIT
             S: 221"
        );
        let outcome = "Rejected at Mail, NotAccepted, permanent: 599 no";
        fails(&transcript, outcome).await;
    }
    let outcome = "Protocol at Hello, NotAccepted, permanent: no reply";
    fails("S: 220 hi\nC: EHLO client.example\nS:", outcome).await;
}

/// Only the greeting shows that the server speaks another protocol.
#[tokio::test(start_paused = true)]
async fn malformed_replies_are_quoted_with_their_stage() {
    for (transcript, words) in [
        (
            "S: HTTP/1.1 400 Bad",
            "does not speak SMTP, it sent \"HTTP/1.1 400 Bad\": check the port",
        ),
        (
            "S: 220 hi\nC: EHLO client.example\nS: 5000 x",
            "the server sent \"5000 x\", which is not a reply of SMTP (at EHLO)",
        ),
        (
            "S: 220 hi\nC: EHLO client.example\nS: 250-a\nS: a\u{1b}[2J",
            "sent \"a\\u{1b}[2J\"",
        ),
    ] {
        let script = Script::inline(transcript);
        let (result, _) = play_script(&script, Delivery::Whole, async |stream| {
            in_clear(stream).await.map(drop)
        })
        .await;
        let text = result.unwrap_err().to_string();
        assert!(text.contains(words), "{transcript}: {text}");
    }
}
