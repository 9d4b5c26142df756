//! Logging in by PLAIN and LOGIN (RFC 4954), inside TLS.

use std::error::Error as _;
use std::fmt::Write as _;

use crate::support::client::{ACCOUNT, PASSWORD, error_summary, play_script};
use crate::support::delivery::Delivery;
use crate::support::events::Capture;
use crate::support::script::Script;

/// `\0tim@client.example\0tanstaaftanstaaf` in base64 (RFC 4616 section 2).
const PLAIN: &str = "AHRpbUBjbGllbnQuZXhhbXBsZQB0YW5zdGFhZnRhbnN0YWFm";

/// Logs in to a server that offers `auth`, in every delivery, and then sends QUIT.
async fn login(auth: &str, transcript: &str, outcome: &str) {
    let script = Script::inline(&format!(
        "-- tls server.example --
         S: 220 server.example ESMTP
         C: EHLO client.example
         S: 250-server.example
         S: 250 {auth}
         {transcript}
         C: QUIT
         S: 221 bye"
    ));
    for delivery in Delivery::ALL {
        let (result, _) = play_script(&script, delivery, async |stream| {
            match ACCOUNT.log_in_465(stream).await {
                Ok(session) => {
                    session.quit().await;
                    "logged in".to_owned()
                }
                Err(error) => error_summary(&error),
            }
        })
        .await;
        assert_eq!(result, outcome, "{delivery:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn plain_with_an_initial_response() {
    let transcript = format!("C: AUTH PLAIN {PLAIN}\nS: 235 2.7.0 Accepted");
    login("AUTH PLAIN LOGIN", &transcript, "logged in").await;
    login("auth xoauth2 plain", &transcript, "logged in").await;
    login("AUTH=LOGIN PLAIN", &transcript, "logged in").await;
}

#[tokio::test(start_paused = true)]
async fn login_ignores_the_text_of_the_prompts() {
    for (user, password) in [
        ("VXNlcm5hbWU6", "UGFzc3dvcmQ6"),
        ("VXNlciBOYW1lAA==", "UGFzc3dvcmQA"),
        ("", ""),
        ("Username:", "Password:"),
        ("*", "UGFzc3dvcmQ"),
    ] {
        let transcript = format!(
            "C: AUTH LOGIN
             S: 334 {user}
             C: dGltQGNsaWVudC5leGFtcGxl
             S: 334 {password}
             C: dGFuc3RhYWZ0YW5zdGFhZg==
             S: 235 2.7.0 Authentication successful"
        );
        login("AUTH LOGIN XOAUTH2", &transcript, "logged in").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_rejected_mechanism_is_followed_by_the_next() {
    for refusal in [
        "500 unrecognized command",
        "501 5.5.2 cannot decode",
        "502 5.5.1 not implemented",
        "503 5.5.1 not now",
        "504 5.5.4 unrecognized authentication type",
        "504",
        "534 5.7.9 mechanism is too weak",
        "538 5.7.11 encryption required",
        "432 4.7.12 a password transition is needed",
        "535 5.7.4 not this way",
    ] {
        let transcript = format!(
            "C: AUTH PLAIN {PLAIN}
             S: {refusal}
             C: AUTH LOGIN
             S: 334 VXNlcm5hbWU6
             C: dGltQGNsaWVudC5leGFtcGxl
             S: 334 UGFzc3dvcmQ6
             C: dGFuc3RhYWZ0YW5zdGFhZg==
             S: 235 ok"
        );
        login("AUTH LOGIN PLAIN", &transcript, "logged in").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_rejected_password_is_not_tried_again() {
    for (reply, outcome) in [
        (
            "535 5.7.8 no",
            "Auth at Auth, NotAccepted, permanent: 535 5.7.8 no",
        ),
        ("535", "Auth at Auth, NotAccepted, permanent: 535"),
        (
            "534 5.7.9 an app password - gsmtp",
            "Auth at Auth, NotAccepted, permanent: 534 5.7.9 an app password - gsmtp",
        ),
        (
            "525 5.7.13 disabled",
            "Auth at Auth, NotAccepted, permanent: 525 5.7.13 disabled",
        ),
        (
            "454 4.7.0 later",
            "Auth at Auth, NotAccepted, transient: 454 4.7.0 later",
        ),
        (
            "432 4.3.2 later",
            "Auth at Auth, NotAccepted, transient: 432 4.3.2 later",
        ),
    ] {
        let transcript = format!("C: AUTH PLAIN {PLAIN}\nS: {reply}");
        login("AUTH PLAIN LOGIN", &transcript, outcome).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_421_closes() {
    let script = Script::inline(&format!(
        "-- tls server.example --
         S: 220 server.example ESMTP
         C: EHLO client.example
         S: 250-server.example
         S: 250 AUTH PLAIN LOGIN
         C: AUTH PLAIN {PLAIN}
         S: 421 4.7.0 too many login attempts
         -- close --"
    ));
    for delivery in Delivery::ALL {
        let (result, _) = play_script(&script, delivery, async |stream| {
            ACCOUNT.log_in_465(stream).await.map(drop)
        })
        .await;
        assert_eq!(
            error_summary(&result.unwrap_err()),
            "Closed at Auth, NotAccepted, transient: 421 4.7.0 too many login attempts"
        );
    }
}

/// After a rejection that judges no password, the client tries the next mechanism. It sends the
/// password at most twice.
#[tokio::test(start_paused = true)]
async fn a_mechanism_rejected_at_once_uses_up_no_attempt() {
    let transcript = format!(
        "C: AUTH PLAIN {PLAIN}
         S: 500 5.5.6 line too long
         C: AUTH LOGIN
         S: 504 5.5.4 unrecognized
         C: AUTH CRAM-MD5
         S: 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
         C: dGltQGNsaWVudC5leGFtcGxlIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
         S: 504 5.5.4 unrecognized"
    );
    let outcome = "Auth at Auth, NotAccepted, permanent: 504 5.5.4 unrecognized";
    login("AUTH LOGIN PLAIN CRAM-MD5", &transcript, outcome).await;
}

/// If the rejection of the password names the mechanism, the client tries one other mechanism, and
/// returns the rejection of the password as the error.
#[tokio::test(start_paused = true)]
async fn after_a_rejected_password_one_other_mechanism_is_tried() {
    let transcript = format!(
        "C: AUTH PLAIN {PLAIN}
         S: 535 5.7.8 no mechanism available
         C: AUTH LOGIN
         S: 504 5.5.4 unrecognized"
    );
    let outcome = "Auth at Auth, NotAccepted, permanent: 535 5.7.8 no mechanism available";
    login("AUTH LOGIN PLAIN CRAM-MD5", &transcript, outcome).await;
}

/// Some servers do not read an initial response, and send a challenge for it.
#[tokio::test(start_paused = true)]
async fn a_challenge_after_an_initial_response_is_answered_once() {
    for challenge in ["334", "334 ", "334 VXNlcm5hbWU6", "334 go on"] {
        let transcript = format!(
            "C: AUTH PLAIN {PLAIN}
             S: {challenge}
             C: {PLAIN}
             S: 235 2.7.0 Accepted"
        );
        login("AUTH PLAIN LOGIN", &transcript, "logged in").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_challenge_too_many_is_cancelled() {
    let plain = format!("C: AUTH PLAIN {PLAIN}\nS: 334\nC: {PLAIN}\nS: 334\nC: *\n");
    let outcome = "Protocol at Auth, NotAccepted, permanent: no reply";
    let cancelled = format!("{plain}S: 501 cancelled");
    // The server has received the password twice: the client tries no other mechanism.
    for offer in ["AUTH PLAIN", "AUTH PLAIN LOGIN"] {
        login(offer, &cancelled, outcome).await;
    }
    // The same with two mechanisms, except for one that never sends the password itself.
    let refused = format!("C: AUTH PLAIN {PLAIN}\nS: 334\nC: {PLAIN}\nS: 504 5.5.4 unrecognized");
    let outcome_of_refusal = "Auth at Auth, NotAccepted, permanent: 504 5.5.4 unrecognized";
    login("AUTH PLAIN LOGIN", &refused, outcome_of_refusal).await;

    // Some servers answer the cancellation with another challenge, or with success.
    for reply in ["334 UGFzc3dvcmQ6", "235 ok"] {
        let transcript = format!(
            "C: AUTH LOGIN
             S: 334 VXNlcm5hbWU6
             C: dGltQGNsaWVudC5leGFtcGxl
             S: 334 UGFzc3dvcmQ6
             C: dGFuc3RhYWZ0YW5zdGFhZg==
             S: 334 UGFzc3dvcmQ6
             C: *
             S: {reply}"
        );
        login("AUTH LOGIN CRAM-MD5", &transcript, outcome).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_challenge_that_is_not_base64_is_cancelled() {
    for challenge in [
        "Challenge:",
        "VXNlcm5hbWU",
        "*",
        "VXNlcm5hbWU6 VXNlcm5hbWU6",
    ] {
        let transcript = format!("C: AUTH CRAM-MD5\nS: 334 {challenge}\nC: *\nS: 501 cancelled");
        let outcome = "Protocol at Auth, NotAccepted, permanent: no reply";
        login("AUTH CRAM-MD5", &transcript, outcome).await;
    }
}

/// A reply after the answer to AUTH ends the session at once, and becomes the error.
#[tokio::test(start_paused = true)]
async fn a_reply_too_many_after_the_login_is_the_error() {
    for (after, outcome) in [
        (
            "421 4.7.0 too many logins",
            "Closed at Auth, NotAccepted, transient: 421 4.7.0 too many logins",
        ),
        (
            "550 5.7.1 your account is closed",
            "Protocol at Auth, NotAccepted, permanent: 550 5.7.1 your account is closed",
        ),
        (
            "250 2.1.0 welcome",
            "Protocol at Auth, NotAccepted, permanent: 250 2.1.0 welcome",
        ),
    ] {
        let script = Script::inline(&format!(
            "-- tls server.example --
             S: 220 server.example ESMTP
             C: EHLO client.example
             S: 250-server.example
             S: 250 AUTH PLAIN
             C: AUTH PLAIN {PLAIN}
             S: 235 ok
             S: {after}"
        ));
        let (result, _) = play_script(&script, Delivery::Whole, async |stream| {
            ACCOUNT.log_in_465(stream).await.map(drop)
        })
        .await;
        assert_eq!(error_summary(&result.unwrap_err()), outcome);
    }
}

#[tokio::test(start_paused = true)]
async fn no_auth_or_no_known_mechanism() {
    for auth in [
        "SIZE",
        "AUTH",
        "AUTH GSSAPI XOAUTH2 PLAIN-CLIENTTOKEN",
        "AUTH=",
        "AUTHPLAIN",
    ] {
        let outcome = "Unsupported at Auth, NotAccepted, permanent: no reply";
        login(auth, "", outcome).await;
    }
}

/// RFC 4954 section 4: a command line has at most 512 octets.
#[tokio::test(start_paused = true)]
async fn plain_too_long_for_a_line_waits_for_the_challenge() {
    use base64::Engine as _;

    let password = "p".repeat(600);
    let response = format!("\0{}\0{password}", ACCOUNT.user);
    let response = base64::engine::general_purpose::STANDARD.encode(response);
    let script = Script::inline(&format!(
        "-- tls server.example --
         S: 220 server.example ESMTP
         C: EHLO client.example
         S: 250-server.example
         S: 250 AUTH PLAIN
         C: AUTH PLAIN
         S: 334
         C: {response}
         S: 235 ok"
    ));
    let credentials = pilotfish::Credentials::new(ACCOUNT.user, password.as_str()).unwrap();
    for delivery in Delivery::ALL {
        let (result, _) = play_script(&script, delivery, async |stream| {
            let secured = ACCOUNT.secure_465(stream).await?;
            secured.authenticate(&credentials).await.map(drop)
        })
        .await;
        assert!(result.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_the_server_repeats_is_shown_nowhere() {
    let capture = Capture::begin();
    let script = Script::inline(&format!(
        "-- tls server.example --
         S: 220 server.example ESMTP
         C: EHLO client.example
         S: 250-server.example
         S: 250 AUTH PLAIN
         C: AUTH PLAIN {PLAIN}
         S: 535-5.7.8 no: AUTH PLAIN {PLAIN}
         S: 535-5.7.8 no: {PASSWORD}, dGFuc3RhYWZ0YW5zdGFhZg==
         S: 535 5.7.8 no: \\0{PASSWORD}
         C: QUIT
         S: 221 bye, {PASSWORD}"
    ));
    for delivery in Delivery::ALL {
        let (result, _) = play_script(&script, delivery, async |stream| {
            ACCOUNT.log_in_465(stream).await.map(drop)
        })
        .await;
        let error = result.unwrap_err();
        let mut shown = format!("{error} {error:?} {error:#?} {:?}", error.reply());
        let mut source = error.source();
        while let Some(cause) = source {
            write!(shown, "{cause} {cause:?}").unwrap();
            source = cause.source();
        }
        write!(shown, "{:?}", capture.all()).unwrap();
        for secret in [
            PASSWORD,
            PLAIN,
            "dGFuc3RhYWZ0YW5zdGFhZg",
            "dGFuc3RhYWZ0YW5zdGFhZg==",
        ] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        assert!(shown.contains("no: AUTH PLAIN <redacted>"), "{shown}");
        assert!(shown.contains("bye, <redacted>"), "{shown}");
    }
}

/// A challenge may contain the words of the password. The client answers it all the same.
#[tokio::test(start_paused = true)]
async fn a_challenge_with_words_of_the_password_is_answered() {
    let script = Script::inline(
        "-- tls server.example --
         S: 220 server.example ESMTP
         C: EHLO client.example
         S: 250-server.example
         S: 250 AUTH LOGIN
         C: AUTH LOGIN
         S: 334 VXNlcm5hbWU6
         C: dGltQGNsaWVudC5leGFtcGxl
         S: 334 UGFzc3dvcmQ6
         C: bXktcGFzc3dvcmQ=
         S: 235 ok",
    );
    let credentials = pilotfish::Credentials::new(ACCOUNT.user, "my-password").unwrap();
    let (result, _) = play_script(&script, Delivery::Whole, async |stream| {
        let secured = ACCOUNT.secure_465(stream).await?;
        secured.authenticate(&credentials).await.map(drop)
    })
    .await;
    assert!(result.is_ok(), "{result:?}");
}
