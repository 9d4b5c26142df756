//! A custom credentials provider: it fetches a new OAuth 2.0 access token when the last one has
//! expired, and all connections share the token until then.
//!
//! `cargo run --example token`. The submission server and the authority that issues tokens run in the
//! same process.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pilotfish::session::{CredentialsProvider, ProvidedCredentials};
use pilotfish::{Client, Credentials, Message, Secret, testing};
use tokio::sync::Mutex;
use tokio::time::sleep;

type Error = Box<dyn std::error::Error + Send + Sync>;

const USER: &str = "me@example.org";

/// A token that could expire during the setup of a session is not used.
const MARGIN: Duration = Duration::from_mins(1);

/// The tokens of a user.
struct Tokens {
    user: &'static str,
    /// Locked while a token is fetched: connections that begin together share one request.
    current: Mutex<Option<Token>>,
}

struct Token {
    secret: Secret,
    expires: Instant,
}

impl CredentialsProvider for Tokens {
    fn credentials(&self) -> ProvidedCredentials<'_> {
        Box::pin(async {
            let mut current = self.current.lock().await;
            let token = match current.take() {
                Some(token) if Instant::now() + MARGIN < token.expires => token,
                _ => fetch().await?,
            };
            let credentials = Credentials::token(self.user, token.secret.clone())?;
            *current = Some(token);
            Ok(credentials)
        })
    }
}

/// A real program sends the refresh token to its authority here (RFC 6749 section 6), and parses the
/// response. The first token is about to expire.
async fn fetch() -> Result<Token, Error> {
    static FETCHED: AtomicU64 = AtomicU64::new(0);
    // The round trip to the authority.
    sleep(Duration::from_millis(20)).await;
    let number = FETCHED.fetch_add(1, Ordering::Relaxed) + 1;
    println!("fetched token {number}");
    let lifetime = match number {
        1 => Duration::from_secs(30),
        _ => Duration::from_hours(1),
    };
    Ok(Token {
        secret: Secret::from(format!("token-{number}")),
        expires: Instant::now() + lifetime,
    })
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let submission = testing::TestServer::builder()
        .mechanism("OAUTHBEARER")
        .user(USER, "token-1")
        .user(USER, "token-2")
        .start()
        .await?;
    let server = submission
        .server_config_builder()?
        .credentials(Tokens {
            user: USER,
            current: Mutex::default(),
        })
        .build()?;
    // Each mail has to log in.
    let client = Client::builder(server).mails_per_connection(1).build()?;

    for number in 1..=3 {
        let message = Message::builder()
            .from(USER)
            .to("ann@example.org")
            .subject(format!("Number {number}"))
            .text("With a token that is fresh.\n");
        let receipt = client.send(message.build().await?).await?;
        println!("mail {number}: {}", receipt.reply);
    }
    client.close().await;
    submission.shutdown().await?;
    Ok(())
}
