//! How often a password goes out, whatever a server with every mechanism replies.

use pilotfish::protocol::Mechanism;
use pilotfish::testing::Fault::ReplyAt;
use pilotfish::testing::Point::Auth;
use pilotfish::testing::ServerBuilder;

use super::{SECRET, commands, credentials, everything, log_in};
use crate::support::client::told_error;
use crate::support::events::Capture;

/// A server with nine mechanisms for passwords and tokens, and EXTERNAL, which answers each login
/// so.
fn refusing(reply: &str) -> ServerBuilder {
    Mechanism::PREFERENCE
        .into_iter()
        .fold(everything(SECRET), |builder, _| {
            builder.fault(ReplyAt(Auth, reply.to_owned()))
        })
}

/// Each reply comes after the whole exchange, so that each mechanism has presented the credentials.
#[tokio::test]
async fn credentials_are_presented_once_or_twice() {
    for (reply, password, token) in [
        ("535 5.7.8 authentication failed", 1, 1),
        ("535", 1, 1),
        ("535 5.7.139 basic authentication is disabled", 1, 1),
        ("525 5.7.13 disabled", 1, 1),
        ("454 4.7.0 later", 1, 1),
        ("550 5.7.1 no", 1, 1),
        // Cyrus says so to a wrong password.
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
            let told = told_error(&outcome.unwrap_err());
            assert!(told.ends_with(reply), "{told}");
            let tried = commands(&capture);
            assert_eq!(tried.len(), expected, "{reply}: {tried:?}");
            server.shutdown().await.unwrap();
        }
    }
}
