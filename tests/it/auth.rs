//! Logging in by PLAIN and LOGIN (RFC 4954), inside TLS.

use std::error::Error as _;
use std::fmt::Write as _;

use crate::support::client::{ACCOUNT, PASSWORD, converse, told_error};
use crate::support::delivery::Delivery;
use crate::support::events::Capture;
use crate::support::script::Script;

/// `\0tim@client.example\0tanstaaftanstaaf` in base64 (RFC 4616 section 2).
const PLAIN: &str = "AHRpbUBjbGllbnQuZXhhbXBsZQB0YW5zdGFhZnRhbnN0YWFm";

/// Logs in to a server that offers `auth`, in every delivery, and then says QUIT.
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
        let (result, _) = converse(&script, delivery, async |stream| {
            match ACCOUNT.log_in_465(stream).await {
                Ok(session) => {
                    session.quit().await;
                    "logged in".to_owned()
                }
                Err(error) => told_error(&error),
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
async fn login_whatever_the_prompts_say() {
    for (user, password) in [
        ("VXNlcm5hbWU6", "UGFzc3dvcmQ6"),
        ("VXNlciBOYW1lAA==", "UGFzc3dvcmQA"),
        ("", ""),
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
async fn a_mechanism_refused_as_such_is_followed_by_the_next() {
    for refusal in [
        "504 5.5.4 unrecognized authentication type",
        "504",
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
async fn a_refused_password_is_not_tried_again() {
    for (reply, outcome) in [
        (
            "535 5.7.8 no",
            "Auth at Auth, NotAccepted, permanent: 535 5.7.8 no",
        ),
        ("535", "Auth at Auth, NotAccepted, permanent: 535"),
        (
            "534 5.7.9 no",
            "Auth at Auth, NotAccepted, permanent: 534 5.7.9 no",
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
        let (result, _) = converse(&script, delivery, async |stream| {
            ACCOUNT.log_in_465(stream).await.map(drop)
        })
        .await;
        assert_eq!(
            told_error(&result.unwrap_err()),
            "Closed at Auth, NotAccepted, transient: 421 4.7.0 too many login attempts"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_challenge_too_many_is_cancelled() {
    let transcript = format!("C: AUTH PLAIN {PLAIN}\nS: 334\nC: *\nS: 501 cancelled");
    let outcome = "Protocol at Auth, NotAccepted, permanent: no reply";
    login("AUTH PLAIN LOGIN", &transcript, outcome).await;

    // Some servers answer the cancellation with yet another challenge.
    let transcript = "
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: dGltQGNsaWVudC5leGFtcGxl
        S: 334 UGFzc3dvcmQ6
        C: dGFuc3RhYWZ0YW5zdGFhZg==
        S: 334 UGFzc3dvcmQ6
        C: *
        S: 334 UGFzc3dvcmQ6
    ";
    login("AUTH LOGIN", transcript, outcome).await;
}

#[tokio::test(start_paused = true)]
async fn a_challenge_that_is_not_base64_is_cancelled() {
    for challenge in ["Username:", "VXNlcm5hbWU", "*", "VXNlcm5hbWU6 VXNlcm5hbWU6"] {
        let transcript = format!("C: AUTH LOGIN\nS: 334 {challenge}\nC: *\nS: 501 cancelled");
        let outcome = "Protocol at Auth, NotAccepted, permanent: no reply";
        login("AUTH LOGIN", &transcript, outcome).await;
    }
}

#[tokio::test(start_paused = true)]
async fn no_auth_or_none_that_is_known() {
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
        let (result, _) = converse(&script, delivery, async |stream| {
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
        let (result, _) = converse(&script, delivery, async |stream| {
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

/// What a server asks may have words in common with the password, and is answered all the same.
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
    let (result, _) = converse(&script, Delivery::Whole, async |stream| {
        let secured = ACCOUNT.secure_465(stream).await?;
        secured.authenticate(&credentials).await.map(drop)
    })
    .await;
    assert!(result.is_ok(), "{result:?}");
}
