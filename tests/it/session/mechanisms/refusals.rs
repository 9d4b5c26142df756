//! How often a password is sent to a server that offers every mechanism, depending on its replies.

use futures_util::future::join_all;
use pilotfish::protocol::Mechanism;
use pilotfish::testing::Fault::{ReplyAt, SayAfter};
use pilotfish::testing::Point::{Auth, Ehlo, Greeting, StartTls};
use pilotfish::testing::TestServerBuilder;
use pilotfish::transport::TlsConfig;
use pilotfish::{Client, ServerConfig};

use super::{SECRET, causes, commands, credentials, everything, log_in};
use crate::support::client::{ACCOUNT, error_summary};
use crate::support::events::Capture;

/// A server with nine mechanisms for passwords and tokens, and EXTERNAL, which gives each login
/// this reply.
fn refusing(reply: &str) -> TestServerBuilder {
    Mechanism::PREFERENCE
        .into_iter()
        .fold(everything(SECRET), |builder, _| {
            builder.fault(ReplyAt(Auth, reply.to_owned()))
        })
}

/// Each reply comes after the whole exchange, so each mechanism has presented the credentials.
#[tokio::test]
async fn credentials_are_presented_once_or_twice() {
    for (reply, password, token) in [
        ("535 5.7.8 authentication failed", 1, 1),
        ("535", 1, 1),
        ("535 5.7.139 basic authentication is disabled", 1, 1),
        ("525 5.7.13 disabled", 1, 1),
        ("454 4.7.0 later", 1, 1),
        ("550 5.7.1 no", 1, 1),
        // Cyrus gives this reply to a wrong password.
        ("501 5.5.4 authentication failure", 2, 2),
        ("500 no", 2, 2),
        ("504 5.5.4 unrecognized", 2, 2),
        ("534 5.7.9 too weak", 2, 2),
        ("535 5.7.4 not this way", 2, 2),
        ("535 5.7.8 no mechanism available", 2, 2),
    ] {
        for (mechanism, expected) in [(Mechanism::Plain, password), (Mechanism::XOAuth2, token)] {
            let capture = Capture::begin();
            let server = refusing(reply).start().await.unwrap();
            let credentials = credentials(mechanism, SECRET);
            let outcome = log_in(&server, &Mechanism::PREFERENCE, credentials).await;
            let reported = error_summary(&outcome.unwrap_err());
            assert!(reported.ends_with(reply), "{reported}");
            let tried = commands(&capture);
            assert_eq!(tried.len(), expected, "{reply}: {tried:?}");
            server.shutdown().await.unwrap();
        }
    }
}

/// Sends this many mails at once, over as many connections as the client opens. Returns the errors,
/// and the mechanisms of all logins.
async fn refused_mails(
    server: TestServerBuilder,
    secret: &str,
    mails: usize,
) -> (Vec<String>, Vec<String>) {
    let capture = Capture::begin();
    let server = server.start().await.unwrap();
    let tls = TlsConfig::builder().ca_pem(server.ca_pem());
    let submission = ServerConfig::builder("localhost")
        .port(server.addr().port())
        .tls(tls.build().unwrap())
        .credentials(credentials(Mechanism::Plain, secret))
        .mechanisms([Mechanism::Plain]);
    let client = Client::new(submission.build().unwrap());
    let sent = (0..mails).map(|_| client.send(ACCOUNT.letter(&["a@example.org"])));
    let outcomes = join_all(sent).await.into_iter();
    let outcomes = outcomes.map(|outcome| error_summary(&outcome.unwrap_err()));
    let outcomes = outcomes.collect();
    client.close().await;
    server.shutdown().await.unwrap();
    (outcomes, commands(&capture))
}

#[tokio::test]
async fn a_client_presents_a_wrong_password_once() {
    let (outcomes, commands) = refused_mails(everything(SECRET), "swordfish-swordfish", 3).await;
    assert_eq!(commands, ["PLAIN"]);
    for outcome in outcomes {
        assert!(outcome.starts_with("Auth at Auth"), "{outcome}");
    }
}

/// An extra reply after the one to AUTH: one session, one password, and this reply as the error.
#[tokio::test]
async fn a_client_does_not_log_in_again_after_a_reply_too_many() {
    for words in ["421 4.7.0 too many sessions", "550 5.7.1 not from here"] {
        let server = (0..9).fold(everything(SECRET), |server, _| {
            server.fault(SayAfter(Auth, words.to_owned()))
        });
        let (outcomes, commands) = refused_mails(server, SECRET, 1).await;
        assert!(outcomes[0].ends_with(words), "{outcomes:?}");
        assert_eq!(commands, ["PLAIN"]);
    }
}

/// A server that knows the secret from another session may repeat it before this one logs in.
#[tokio::test]
async fn a_secret_is_masked_from_the_greeting_on() {
    for point in [Greeting, Ehlo, StartTls] {
        let capture = Capture::begin();
        let words = format!("554 5.7.1 {SECRET} is known");
        let server = everything(SECRET).fault(ReplyAt(point, words));
        let server = server.start().await.unwrap();
        let credentials = credentials(Mechanism::Plain, SECRET);
        let outcome = log_in(&server, &Mechanism::PREFERENCE, credentials).await;
        let shown = format!("{} {:?}", causes(&outcome.unwrap_err()), capture.all());
        assert!(!shown.contains(SECRET), "{point:?}: {shown}");
        assert!(shown.contains("<redacted> is known"), "{point:?}: {shown}");
        server.shutdown().await.unwrap();
    }
}
