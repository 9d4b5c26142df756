//! Describes a server before it starts.

use std::io;
use std::ops::RangeInclusive;
#[cfg(unix)]
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::authorization::{AuthorizationServer, TokenRefusal};
use super::client::Security;
use super::extensions::{Keyword, Offer};
use super::fault::{Fault, Faults, Frequency, Quirk};
use super::server::TestServer;
use super::settings::{AuthMechanism, Delay, ServerSettings};
use super::store::Store;
use crate::secret::Secret;

/// A server that is not running yet, made by [`TestServer::builder`].
#[derive(Debug, Default)]
#[must_use = "a server runs when it is started"]
pub struct TestServerBuilder {
    pub(super) settings: ServerSettings,
    faults: Vec<(Fault, Frequency)>,
    unknown: Vec<String>,
}

impl TestServer {
    /// Describes a server that [`start`](TestServerBuilder::start) then starts.
    pub fn builder() -> TestServerBuilder {
        TestServerBuilder::default()
    }
}

impl TestServerBuilder {
    /// Adds a user that can log in with AUTH PLAIN or LOGIN (RFC 4954), and with the mechanisms that
    /// [`mechanism`](Self::mechanism) adds. There can be several users. For OAUTHBEARER and XOAUTH2
    /// the password is the token, unless [`tokens_of`](Self::tokens_of) is used. EXTERNAL logs every client in as the first user.
    pub fn user(mut self, name: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.settings.users.push((name.into(), password.into()));
        self
    }

    /// Accepts mail from clients that have not logged in. Without this setting the server replies 530
    /// to MAIL before a login (RFC 4954, section 6), even if there are no users.
    pub fn anonymous(mut self) -> Self {
        self.settings.anonymous = true;
        self
    }

    /// Sets how connections are protected. The default is STARTTLS, and then the server accepts no mail
    /// before it (RFC 3207). With [`Security::Cleartext`] it offers AUTH in clear text.
    pub fn security(mut self, security: Security) -> Self {
        self.settings.security = security;
        self
    }

    /// Limits the size of a message. The server replies 552 to a declared size above the limit, and to
    /// a message that is larger (RFC 1870, section 6). The default is 64 MiB; 0 means no limit.
    pub fn max_size(mut self, octets: u64) -> Self {
        self.settings.max_size = octets;
        self
    }

    /// Leaves an extension out of the reply to EHLO. Its name can be in upper or lower case:
    /// STARTTLS, PIPELINING, SIZE, 8BITMIME, ENHANCEDSTATUSCODES, SMTPUTF8, CHUNKING, BINARYMIME,
    /// AUTH, or one mechanism as in `AUTH PLAIN`. With 8BITMIME goes SMTPUTF8, which is not offered without it (RFC 6531,
    /// section 3.1), and with CHUNKING goes BINARYMIME (RFC 3030, section 3).
    ///
    /// A client that uses the extension all the same breaks the rules. What the server demands does
    /// not change: without STARTTLS, where only STARTTLS leads to TLS, no client can submit.
    pub fn without(mut self, keyword: &str) -> Self {
        use AuthMechanism::{Login, Plain};

        let settings = &mut self.settings;
        let left_out: &[AuthMechanism] = match keyword.to_ascii_uppercase().as_str() {
            "AUTH" => &[Plain, Login],
            "AUTH PLAIN" => &[Plain],
            "AUTH LOGIN" => &[Login],
            _ => &[],
        };
        let not_optional = |known: &Keyword| !known.is_optional() || *known == Keyword::Limits;
        match Keyword::named(keyword).filter(not_optional) {
            _ if !left_out.is_empty() => settings.mechanisms.retain(|own| !left_out.contains(own)),
            Some(known) => settings.left_out.push(known),
            None => self.unknown.push(keyword.to_owned()),
        }
        self
    }

    /// Offers an extension that the server does not offer by default. After `without("LIMITS")` the
    /// server enforces its limits without offering them.
    pub fn offer(mut self, offer: Offer) -> Self {
        self.settings.offers.push(offer);
        self
    }

    /// Offers another AUTH mechanism: CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-256, both with -PLUS (bound
    /// to TLS 1.3 by `tls-exporter`, RFC 9266), OAUTHBEARER, XOAUTH2 or EXTERNAL.
    pub fn mechanism(mut self, name: &str) -> Self {
        match AuthMechanism::named(name) {
            Some(AuthMechanism::Plain | AuthMechanism::Login) => {}
            Some(mechanism) => self.settings.mechanisms.push(mechanism),
            None => self.unknown.push(name.to_owned()),
        }
        self
    }

    /// Lets users log in with the access tokens of this authorization server, by OAUTHBEARER and
    /// XOAUTH2. The submission server checks the signature, the time, the issuer, the audience, the
    /// scope for mail, whether the token was revoked, and whether it belongs to the user who logs in.
    ///
    /// It offers both mechanisms, unless [`mechanism`](Self::mechanism) names one of them. Tokens of
    /// [`user`](Self::user) are not valid then.
    ///
    /// ```
    /// use pilotfish::testing::{AccessToken, AuthorizationServer, TestServer, TokenRefusal};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let provider = AuthorizationServer::builder().start().await?;
    /// // As Microsoft's: XOAUTH2 alone, and a refusal without a challenge.
    /// let submission = TestServer::builder()
    ///     .tokens_of(&provider)
    ///     .mechanism("XOAUTH2")
    ///     .token_refusal(TokenRefusal::Microsoft)
    ///     .start()
    ///     .await?;
    /// let token = provider.issue(&AccessToken::of("me@example.org"))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn tokens_of(mut self, server: &AuthorizationServer) -> Self {
        self.settings.tokens_of = Some(Arc::clone(&server.authority));
        self
    }

    /// Sets how the server refuses a token of [`tokens_of`](Self::tokens_of). The default is
    /// [`TokenRefusal::Challenge`].
    pub fn token_refusal(mut self, refusal: TokenRefusal) -> Self {
        self.settings.token_refusal = refusal;
        self
    }

    /// Replies to RCPT for this address (compared without regard to case) with this text, such as
    /// `550 5.1.1 no such user`.
    pub fn refuse_recipient(mut self, address: &str, reply: &str) -> Self {
        let refused = (address.to_owned(), reply.to_owned());
        self.settings.refused.push(refused);
        self
    }

    /// Accepts RCPT for this address (compared without regard to case) and refuses the message for it
    /// with this reply, such as `452 4.2.2 over quota`. The other recipients may get the message:
    /// only LMTP can report that (RFC 2033, section 4.2).
    pub fn refuse_after_data(mut self, address: &str, reply: &str) -> Self {
        let refused = (address.to_owned(), reply.to_owned());
        self.settings.refused_after_data.push(refused);
        self
    }

    /// Speaks LMTP (RFC 2033): LHLO in place of EHLO and HELO, and after a message one reply for each
    /// accepted recipient, in their order. Without an accepted recipient the server replies 503 to
    /// DATA, and does not reply to the last chunk.
    ///
    /// ```
    /// use pilotfish::testing::{Security, TestServer};
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    /// use tokio::net::TcpStream;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = TestServer::builder()
    ///     .lmtp()
    ///     .security(Security::Cleartext)
    ///     .anonymous()
    ///     .refuse_after_data("bob@there.example", "452 4.2.2 over quota")
    ///     .start()
    ///     .await?;
    ///
    /// let mut client = TcpStream::connect(server.addr()).await?;
    /// client.write_all(b"LHLO client.example\r\n").await?;
    /// let mut replies = vec![0; 64];
    /// client.read_exact(&mut replies).await?;
    /// assert!(replies.starts_with(b"220 localhost LMTP Pilotfish\r\n250-"));
    /// server.shutdown().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn lmtp(mut self) -> Self {
        self.settings.lmtp = true;
        self
    }

    /// Also listens on a Unix domain socket at this path, where no file may exist yet. When the
    /// server ends it removes the socket.
    ///
    /// ```
    /// use pilotfish::testing;
    /// use pilotfish::transport::Route;
    /// use pilotfish::{Client, Message, ServerConfig};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let directory = tempfile::tempdir()?;
    /// let path = directory.path().join("lmtp");
    /// let delivery = testing::TestServer::builder()
    ///     .lmtp()
    ///     .unix_socket(&path)
    ///     .security(testing::Security::Cleartext)
    ///     .anonymous()
    ///     .start()
    ///     .await?;
    ///
    /// let server = ServerConfig::builder("localhost")
    ///     .route(Route::new().unix_socket(&path))
    ///     .lmtp()
    ///     .build()?;
    /// let client = Client::new(server);
    /// let message = Message::builder()
    ///     .from("ada@here.example")
    ///     .to("bob@there.example")
    ///     .text("At noon.\n")
    ///     .build()
    ///     .await?;
    /// client.send(message).await?;
    /// client.close().await;
    /// assert_eq!(delivery.received()[0].forward_paths, ["bob@there.example"]);
    /// delivery.shutdown().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(unix)]
    pub fn unix_socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.unix_socket = Some(path.into());
        self
    }

    /// Adds a quirk to the server. There can be several.
    pub fn quirk(mut self, quirk: Quirk) -> Self {
        self.settings.quirks.push(quirk);
        self
    }

    /// Sets where the server keeps messages. The default is memory.
    pub fn store(mut self, store: Store) -> Self {
        self.settings.store = store;
        self
    }

    /// Names the hosts and addresses that the certificate is for, in place of `localhost`,
    /// `127.0.0.1` and `::1`. The first is also the name that the server gives itself.
    pub fn host_names(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.settings.host_names = names.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a fault that happens once, the first time a client reaches its point.
    ///
    /// Faults for the same point happen one after another, in the order in which they were added.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push((fault, Frequency::Once));
        self
    }

    /// Adds a fault that happens every time a client reaches its point, after the faults that were
    /// added before.
    pub fn fault_always(mut self, fault: Fault) -> Self {
        self.faults.push((fault, Frequency::Always));
        self
    }

    /// Adds a fault that happens every `nth` time a client reaches its point, counted over all
    /// connections: with 3, the third time, the sixth and so on. If several faults are due at once,
    /// the one that was added first happens.
    pub fn fault_every(mut self, nth: u64, fault: Fault) -> Self {
        self.faults.push((fault, Frequency::every(nth, false)));
        self
    }

    /// Adds a fault that happens every `nth` time one connection reaches its point.
    ///
    /// ```
    /// use pilotfish::testing::{Fault, Point, TestServer};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// // It accepts 500 messages over a connection and closes it. The reply to every thousandth
    /// // message is lost, and the reply to every 777th MAIL is 421.
    /// let busy = |point| Fault::ReplyAt(point, "421 4.3.2 Come back later".to_owned());
    /// let server = TestServer::builder()
    ///     .fault_every_in_connection(500, Fault::CloseAfter(Point::EndOfData))
    ///     .fault_every(1000, Fault::CloseAt(Point::EndOfData))
    ///     .fault_every(777, busy(Point::Mail))
    ///     .start()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn fault_every_in_connection(mut self, nth: u64, fault: Fault) -> Self {
        self.faults.push((fault, Frequency::every(nth, true)));
        self
    }

    /// Closes a connection with `421 4.4.2` when the client has sent nothing for this time, measured
    /// in Tokio's time and anywhere in the dialogue (RFC 5321, section 4.5.3.2.7). A TLS handshake has
    /// no limit. The default is no limit.
    ///
    /// With `fault_always(Fault::CloseAt(Point::Idle))` the server closes without a reply.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.settings.idle_timeout = Some(limit);
        self
    }

    /// Limits the [open connections](super::TestServer::open_connections). The server greets those that
    /// are too many with 421 and closes them. The default is no limit.
    pub fn max_connections(mut self, most: usize) -> Self {
        self.settings.max_connections = Some(most);
        self
    }

    /// Waits before each time it sends replies, for a random time in this range, in Tokio's time. The
    /// same seed gives the same times for the first connection, the second and so on. If the greeting
    /// takes longer than five seconds, a client opens a second connection: see
    /// [`ServerConfig::connect`](crate::ServerConfig::connect).
    pub fn delay(mut self, range: RangeInclusive<Duration>, seed: u64) -> Self {
        self.settings.delay = Some(Delay { range, seed });
        self
    }

    /// Starts the server on a free port of 127.0.0.1, in tasks of the current runtime.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if [`without`](Self::without) or
    /// [`mechanism`](Self::mechanism) named what the server does not know, if a reply for a
    /// recipient is not a refusal of one line, if a recipient is to be refused after the message and
    /// the server does not speak LMTP, if a host name cannot be in a certificate, if a fault is to
    /// happen every 0th time, if the limit of connections or the idle timeout is 0, or if the range
    /// of a delay is empty. Otherwise the system's error for the port or the Unix socket.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future starts no server and leaves no socket.
    pub async fn start(mut self) -> io::Result<TestServer> {
        let invalid = |text: String| Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        if let Some(keyword) = self.unknown.first() {
            return invalid(format!("no such extension or mechanism: {keyword:?}"));
        }
        self.settings.check()?;
        self.settings.offer_tokens();
        let mut faults = self.faults.iter();
        if let Some((fault, _)) = faults.find(|(_, frequency)| !frequency.is_possible()) {
            return invalid(format!("every 0th time is never: {fault:?}"));
        }
        TestServer::start(self.settings, Faults::new(self.faults)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_misspelt_extension_is_an_error() {
        let error = TestServer::builder().without("PIPELINNING").start().await;
        assert_eq!(
            error.err().map(|error| error.kind()),
            Some(io::ErrorKind::InvalidInput)
        );
    }

    #[tokio::test]
    async fn limits_that_allow_nothing_are_errors() {
        let second = Duration::from_secs(1);
        for (server, wrong) in [
            (TestServer::builder().idle_timeout(Duration::ZERO), "idle"),
            (TestServer::builder().max_connections(0), "0 connections"),
            (
                TestServer::builder().delay(second..=Duration::ZERO, 1),
                "delay",
            ),
        ] {
            let error = server.start().await.err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains(wrong), "{error}");
        }
    }
}
