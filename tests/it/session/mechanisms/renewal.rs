//! A refused token is renewed once, and the session logs in again on the same connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pilotfish::session::{CredentialsProvider, ProvidedCredentials, RenewedCredentials};
use pilotfish::{Credentials, Security, ServerConfig};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::USER;
use crate::support::client::name;
use crate::support::delivery::{Clock, Delivery};
use crate::support::peer::Peer;
use crate::support::script::Script;

/// A test that takes longer counts as hanging.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the provider has after a refusal.
#[derive(Debug, Clone, Copy)]
enum Renewal {
    Token(&'static str),
    None,
    Fails,
    FailsForNow,
}

/// Has the token `old`, and counts how often it is asked for another one.
struct Provider {
    first: Credentials,
    renewal: Renewal,
    asked: Arc<AtomicUsize>,
}

impl CredentialsProvider for Provider {
    fn credentials(&self) -> ProvidedCredentials<'_> {
        Box::pin(async { Ok(self.first.clone()) })
    }

    fn renewed<'a>(&'a self, refused: &'a Credentials) -> RenewedCredentials<'a> {
        assert_eq!(refused, &self.first);
        self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(async {
            match self.renewal {
                Renewal::Token(token) => Ok(Some(Credentials::token(USER, token)?)),
                Renewal::None => Ok(None),
                Renewal::Fails => Err("the login has ended".into()),
                Renewal::FailsForNow => {
                    Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into())
                }
            }
        })
    }
}

/// Plays the transcript after EHLO. Returns the outcome, and how often the provider was asked.
async fn play(first: Credentials, renewal: Renewal, offer: &str, after: &str) -> (String, usize) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let server = ServerConfig::builder("127.0.0.1")
        .port(listener.local_addr().unwrap().port())
        .security(Security::Cleartext)
        .danger_cleartext_auth()
        .name(name())
        .credentials(Provider {
            first,
            renewal,
            asked: Arc::clone(&asked),
        });
    let server = server.build().unwrap();
    let script = Script::inline(&format!(
        "S: 220 server.example\nC: EHLO client.example\n\
         S: 250-server.example\nS: 250 AUTH {offer}\n{after}"
    ));
    let peer = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let peer = Peer::new(stream, Delivery::Whole, Clock::Running);
        peer.play(&script).await
    });
    let outcome = match timeout(PATIENCE, server.connect()).await.unwrap() {
        Ok(session) => {
            session.quit().await;
            "logged in".to_owned()
        }
        Err(error) => {
            let lasting = if error.is_transient() {
                "for now"
            } else {
                "for good"
            };
            format!("{lasting}: {error:#}")
        }
    };
    let played = timeout(PATIENCE, peer).await.unwrap().unwrap();
    played.unwrap_or_else(|difference| panic!("{difference}\n{outcome}"));
    (outcome, asked.load(Ordering::Relaxed))
}

fn token(token: &str) -> Credentials {
    Credentials::token(USER, token).unwrap()
}

fn xoauth2(token: &str) -> String {
    let response = STANDARD.encode(format!("user={USER}\u{1}auth=Bearer {token}\u{1}\u{1}"));
    format!("C: AUTH XOAUTH2 {response}\n")
}

fn oauthbearer(token: &str) -> String {
    let response = STANDARD.encode(format!("n,a={USER},\u{1}auth=Bearer {token}\u{1}\u{1}"));
    format!("C: AUTH OAUTHBEARER {response}\n")
}

/// A refusal with its reason before it (RFC 7628 section 3.2.2). `acknowledged` is the client's line.
fn with_reason(acknowledged: &str) -> String {
    let reason = STANDARD.encode(r#"{"status":"400","scope":"mail"}"#);
    format!("S: 334 {reason}\nC: {acknowledged}\nS: 535 5.7.8 no\n")
}

const AT_ONCE: &str = "S: 535 5.7.3 Authentication unsuccessful\n";
const ACCEPTED: &str = "S: 235 ok\nC: QUIT\nS: 221 bye\n";
const GOODBYE: &str = "C: QUIT\nS: 221 bye\n";
const REFUSED: &str = "the server refused the login of tim@client.example by AUTH XOAUTH2";

#[tokio::test]
async fn the_renewed_token_is_accepted() {
    let (bearer, x) = (oauthbearer, xoauth2);
    for (offer, transcript) in [
        ("XOAUTH2", [x("old"), with_reason(""), x("new")]),
        ("XOAUTH2", [x("old"), AT_ONCE.to_owned(), x("new")]),
        (
            "OAUTHBEARER",
            [bearer("old"), with_reason("AQ=="), bearer("new")],
        ),
        (
            "OAUTHBEARER",
            [bearer("old"), AT_ONCE.to_owned(), bearer("new")],
        ),
        // By the mechanism that refused it.
        (
            "XOAUTH2 OAUTHBEARER",
            [bearer("old"), AT_ONCE.to_owned(), bearer("new")],
        ),
        (
            "XOAUTH2 OAUTHBEARER",
            [
                format!("{}S: 504 5.5.4 not this one\n{}", bearer("old"), x("old")),
                AT_ONCE.to_owned(),
                x("new"),
            ],
        ),
    ] {
        let transcript = transcript.concat() + ACCEPTED;
        let outcome = play(token("old"), Renewal::Token("new"), offer, &transcript).await;
        assert_eq!(outcome, ("logged in".to_owned(), 1), "{offer}");
    }
}

#[tokio::test]
async fn it_is_asked_for_once() {
    let transcript = [
        xoauth2("old"),
        with_reason(""),
        xoauth2("new"),
        with_reason(""),
    ]
    .concat();
    let transcript = transcript + GOODBYE;
    let (outcome, asked) = play(token("old"), Renewal::Token("new"), "XOAUTH2", &transcript).await;
    assert!(
        outcome.starts_with(&format!("for good: {REFUSED} (status 400, scope mail)")),
        "{outcome}"
    );
    assert!(outcome.contains("two tokens"), "{outcome}");
    assert_eq!(asked, 1);
}

/// One AUTH, and the server's refusal. Where the renewal failed, its cause is there too.
#[tokio::test]
async fn without_another_token_there_is_one_login() {
    let transcript = xoauth2("old") + AT_ONCE + GOODBYE;
    for (renewal, lasting, cause) in [
        (Renewal::None, "for good", ""),
        (Renewal::Token("old"), "for good", ""),
        (
            Renewal::Fails,
            "for good",
            "the credentials provider failed: the login has ended",
        ),
        (
            Renewal::FailsForNow,
            "for now",
            "the credentials provider failed: timed out",
        ),
    ] {
        let (outcome, asked) = play(token("old"), renewal, "XOAUTH2", &transcript).await;
        assert!(
            outcome.starts_with(&format!("{lasting}: {REFUSED}")),
            "{renewal:?}: {outcome}"
        );
        assert!(outcome.contains("535 5.7.3"), "{renewal:?}: {outcome}");
        assert!(outcome.ends_with(cause), "{renewal:?}: {outcome}");
        assert_eq!(asked, 1, "{renewal:?}");
    }
}

/// The renewed token is then for the next connection. The client may notice the end only when it
/// sends AUTH.
#[tokio::test]
async fn a_server_that_closes_is_asked_again_later() {
    let transcript = xoauth2("old") + AT_ONCE + "-- close --\n-- swallow all --";
    let (outcome, asked) = play(token("old"), Renewal::Token("new"), "XOAUTH2", &transcript).await;
    let refused = format!("for now: {REFUSED}");
    assert!(outcome.starts_with(&refused), "{outcome}");
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn only_a_refusal_of_the_token_asks() {
    let plain = STANDARD.encode(format!("\0{USER}\0tanstaaf"));
    for (first, offer, transcript) in [
        (
            Credentials::new(USER, "tanstaaf").unwrap(),
            "PLAIN",
            format!("C: AUTH PLAIN {plain}\n{AT_ONCE}{GOODBYE}"),
        ),
        (
            token("old"),
            "XOAUTH2",
            format!("{}S: 454 4.7.0 later\n{GOODBYE}", xoauth2("old")),
        ),
        (
            token("old"),
            "XOAUTH2",
            format!("{}S: 421 4.7.0 too many\n-- close --", xoauth2("old")),
        ),
        (
            token("old"),
            "XOAUTH2",
            format!("{}S: 550 5.7.1 not from here\n{GOODBYE}", xoauth2("old")),
        ),
        (token("old"), "PLAIN", GOODBYE.to_owned()),
    ] {
        let (outcome, asked) = play(first, Renewal::Token("new"), offer, &transcript).await;
        assert!(outcome.starts_with("for "), "{outcome}");
        assert_eq!(asked, 0, "{outcome}");
    }
}
