//! SCRAM (RFC 5802, RFC 7677), against another implementation and against servers that cheat.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pilotfish::protocol::Mechanism;
use pilotfish::{Credentials, ErrorKind, Result, Security, ServerConfig, testing};
use proptest::prelude::*;

use super::{SECRET, USER, causes, commands, credentials, log_in};
use crate::support::client::{ACCOUNT, PASSWORD, error_summary, play_script};
use crate::support::delivery::Delivery;
use crate::support::events::Capture;
use crate::support::peer::Played;
use crate::support::script::Script;

/// A server that offers no -PLUS accepts a `y`. A server that offers it would reject the `y`.
#[tokio::test]
async fn scram_without_plus_announces_channel_binding() {
    let server = testing::TestServer::builder()
        .user(USER, SECRET)
        .mechanism("SCRAM-SHA-256");
    let server = server.start().await.unwrap();
    let credentials = credentials(Mechanism::Plain, SECRET);
    log_in(&server, &Mechanism::PREFERENCE, credentials)
        .await
        .unwrap();
    server.shutdown().await.unwrap();

    // With an "n", the server could not detect that an attacker has removed -PLUS.
    let rest = "S: 504 5.5.4 not now\nC: QUIT\nS: 221 bye";
    let (result, played) = begins_scram(rest, Delivery::Whole).await;
    result.unwrap_err();
    let heard = String::from_utf8(played.heard).unwrap();
    let begin = format!("AUTH SCRAM-SHA-256 {}", STANDARD.encode("y,,"));
    assert!(heard.contains(&begin), "{heard}");
}

/// Logs in to a server that offers only SCRAM, reads the client's first message, and continues with
/// these lines.
async fn begins_scram(rest: &str, delivery: Delivery) -> (Result<()>, Played) {
    let transcript = format!(
        "-- tls server.example --
         S: 220 server.example ESMTP
         C: EHLO client.example
         S: 250-server.example
         S: 250 AUTH SCRAM-SHA-256
         -- take 89 --
         {rest}"
    );
    play_script(&Script::inline(&transcript), delivery, async |stream| {
        ACCOUNT.log_in_465(stream).await.map(drop)
    })
    .await
}

/// A password that `SASLprep` forbids is sent by PLAIN unchanged.
#[tokio::test]
async fn a_password_that_scram_forbids_is_sent_by_plain() {
    let capture = Capture::begin();
    let secret = "tanstaaf 🦈";
    let server = testing::TestServer::builder()
        .user(USER, secret)
        .mechanism("SCRAM-SHA-256");
    let server = server.start().await.unwrap();
    let credentials = Credentials::new(USER, secret).unwrap();
    log_in(&server, &Mechanism::PREFERENCE, credentials.clone())
        .await
        .unwrap();
    assert_eq!(commands(&capture), ["PLAIN"]);
    let error = log_in(&server, &[Mechanism::ScramSha256], credentials)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    server.shutdown().await.unwrap();
}

/// In clear text it is not sent at all.
#[tokio::test]
async fn a_password_that_scram_forbids_is_not_shown_in_clear_text() {
    let capture = Capture::begin();
    let server = testing::TestServer::builder()
        .security(Security::Cleartext)
        .user(USER, "tanstaaf 🦈")
        .mechanism("SCRAM-SHA-256");
    let server = server.start().await.unwrap();
    let config = ServerConfig::builder(server.addr().ip())
        .port(server.addr().port())
        .security(Security::Cleartext)
        .credentials(Credentials::new(USER, "tanstaaf 🦈").unwrap())
        .danger_cleartext_auth();
    let error = config.build().unwrap().connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(commands(&capture).is_empty());
    server.shutdown().await.unwrap();
}

/// A server that accepts SCRAM without its own proof gets no mail.
#[tokio::test(start_paused = true)]
async fn a_success_without_a_signature_is_a_failure() {
    for delivery in Delivery::ALL {
        let (result, _) = begins_scram("S: 235 2.7.0 welcome", delivery).await;
        let reported = error_summary(&result.unwrap_err());
        assert_eq!(
            reported,
            "Protocol at Auth, NotAccepted, permanent: no reply"
        );
    }
}

/// The server's error may be about the password.
#[tokio::test(start_paused = true)]
async fn the_words_that_end_scram_are_masked() {
    let words = STANDARD.encode(format!("e={PASSWORD} \u{1b}[2J"));
    let rest = format!("S: 334 {words}\nC: \nS: 535 5.7.8 no\nC: QUIT\nS: 221 bye");
    let (result, _) = begins_scram(&rest, Delivery::Whole).await;
    let shown = causes(&result.unwrap_err());
    let expected = r"by AUTH SCRAM-SHA-256 (<redacted> \u{1b}[2J): 535 5.7.8 no";
    assert!(shown.contains(expected), "{shown}");
    assert!(!shown.contains(PASSWORD), "{shown}");
}

/// RFC 5802 section 7: the error of the server, then its reply.
#[tokio::test(start_paused = true)]
async fn an_error_of_scram_is_a_rejection() {
    for (word, outcome) in [
        ("unknown-user", "Auth at Auth, NotAccepted, permanent"),
        ("invalid-proof", "Auth at Auth, NotAccepted, permanent"),
        ("other-error", "Auth at Auth, NotAccepted, permanent"),
        ("no-resources", "Auth at Auth, NotAccepted, transient"),
        (
            "channel-bindings-dont-match",
            "Protocol at Auth, NotAccepted, permanent",
        ),
        (
            "server-does-support-channel-binding",
            "Protocol at Auth, NotAccepted, permanent",
        ),
    ] {
        let words = STANDARD.encode(format!("e={word}"));
        let rest = format!("S: 334 {words}\nC: \nS: 535 5.7.8 no\nC: QUIT\nS: 221 bye");
        for delivery in Delivery::ALL {
            let (result, _) = begins_scram(&rest, delivery).await;
            let error = result.unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
            assert_eq!(error_summary(&error), format!("{outcome}: 535 5.7.8 no"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Two implementations agree, whatever the name and the password.
    #[test]
    fn both_sides_agree(user in "[!-~äßé]{1,12}", password in "[ -~äßéⅨ\u{a0}]{1,24}", plus: bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let outcome = runtime.block_on(async {
            let mechanism = if plus { Mechanism::ScramSha256Plus } else { Mechanism::ScramSha1 };
            let server = testing::TestServer::builder().user(user.as_str(), password.as_str());
            let server = server.mechanism(mechanism.name()).start().await.unwrap();
            let credentials = Credentials::new(user.as_str(), password.as_str()).unwrap();
            let outcome = log_in(&server, &[mechanism], credentials).await;
            server.shutdown().await.unwrap();
            outcome
        });
        prop_assert!(outcome.is_ok(), "{outcome:?}");
    }
}
