//! What a server shall be like.

use std::collections::HashMap;
use std::io;
use std::ops::RangeInclusive;
#[cfg(unix)]
use std::path::PathBuf;
use std::time::Duration;

use super::fault::{Fault, Faults, Frequency};
use super::keyword::Keyword;
use super::mechanism::AuthMechanism;
use super::offer::Offer;
use super::quirk::Quirk;
use super::server::TestServer;
use super::settings::{Delay, Security, ServerSettings};
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
    /// Lets a user log in with AUTH PLAIN or LOGIN (RFC 4954), and by what
    /// [`mechanism`](Self::mechanism) adds. More than one can be named. For OAUTHBEARER and XOAUTH2
    /// the password is the token; EXTERNAL takes everybody for the first user.
    pub fn user(mut self, name: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.settings.users.push((name.into(), password.into()));
        self
    }

    /// Takes mail from clients that have not logged in. Without this MAIL is answered with
    /// 530 until a user has (RFC 4954, section 6), even if there are no users.
    pub fn anonymous(mut self) -> Self {
        self.settings.anonymous = true;
        self
    }

    /// Says how connections are protected: by STARTTLS unless told otherwise.
    pub fn security(mut self, security: Security) -> Self {
        self.settings.security = security;
        self
    }

    /// Limits the size of a message: declared sizes above it are refused with 552, and
    /// messages that turn out to be larger, too (RFC 1870, section 6). The limit is 64 MiB
    /// unless told otherwise; 0 means that there is none.
    pub fn max_size(mut self, octets: u64) -> Self {
        self.settings.max_size = octets;
        self
    }

    /// Leaves an extension out of what EHLO offers, whether its name is in upper or lower case:
    /// STARTTLS, PIPELINING, SIZE, 8BITMIME, ENHANCEDSTATUSCODES, SMTPUTF8, CHUNKING, BINARYMIME,
    /// AUTH, or one mechanism as in `AUTH PLAIN`. With 8BITMIME goes SMTPUTF8, which is not offered without it (RFC 6531,
    /// section 3.1), and with CHUNKING goes BINARYMIME (RFC 3030, section 3).
    ///
    /// A client that uses it all the same breaks the rules. What the server demands does not
    /// change: without STARTTLS, where it is the only way to TLS, there is no way to submit.
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

    /// Offers an extension that is not offered otherwise. Limits are kept to without being
    /// offered after `without("LIMITS")`.
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

    /// Answers RCPT for this address (compared without regard to case) with this reply, such
    /// as `550 5.1.1 no such user`.
    pub fn refuse_recipient(mut self, address: &str, reply: &str) -> Self {
        let refused = (address.to_owned(), reply.to_owned());
        self.settings.refused.push(refused);
        self
    }

    /// Lets a message fail for this address (compared without regard to case) with this reply,
    /// such as `452 4.2.2 over quota`, after RCPT was accepted. The others may get it: only
    /// LMTP can say so (RFC 2033, section 4.2).
    pub fn refuse_after_data(mut self, address: &str, reply: &str) -> Self {
        let refused = (address.to_owned(), reply.to_owned());
        self.settings.refused_after_data.push(refused);
        self
    }

    /// Speaks LMTP (RFC 2033): LHLO in place of EHLO and HELO, and behind a message one reply
    /// for each recipient that was accepted, in their order. DATA without such a recipient is
    /// answered with 503, and the last chunk not at all.
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

    /// Listens on a Unix domain socket at this path, too. There must be nothing there; when the
    /// server ends the socket is removed.
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

    /// Gives the server a bad habit. It can have several.
    pub fn quirk(mut self, quirk: Quirk) -> Self {
        self.settings.quirks.push(quirk);
        self
    }

    /// Says where messages are kept: in memory unless told otherwise.
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

    /// Lets something go wrong once, the first time its point is reached.
    ///
    /// Faults for the same point happen one after another in the order they were asked for.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push((fault, Frequency::Once));
        self
    }

    /// Lets something go wrong every time its point is reached, once the faults that were
    /// asked for before have happened.
    pub fn fault_always(mut self, fault: Fault) -> Self {
        self.faults.push((fault, Frequency::Always));
        self
    }

    /// Lets something go wrong every `nth` time its point is reached, counted over all connections:
    /// with 3, the third time, the sixth and so on. Where several faults are due at once, it is the
    /// one asked for first.
    pub fn fault_every(mut self, nth: u64, fault: Fault) -> Self {
        self.faults
            .push((fault, Frequency::Every { nth, reached: 0 }));
        self
    }

    /// Lets something go wrong every `nth` time that one connection reaches its point.
    ///
    /// ```
    /// use pilotfish::testing::{Fault, Point, TestServer};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// // It takes 500 messages over a connection and closes it. Of every thousandth of all the
    /// // reply is lost, and now and then it has no time.
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
        let reached = HashMap::new();
        self.faults
            .push((fault, Frequency::EveryInConnection { nth, reached }));
        self
    }

    /// Closes a connection over which nothing has come for so long, in Tokio's time and wherever
    /// the client is in its dialogue, with `421 4.4.2` (RFC 5321, section 4.5.3.2.7). A TLS handshake
    /// may take as long as it likes. There is no limit unless told otherwise.
    ///
    /// For a server that says nothing then, there is
    /// `fault_always(Fault::CloseAt(Point::Idle))`.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.settings.idle_timeout = Some(limit);
        self
    }

    /// Bears so many [open connections](super::TestServer::open_connections) at once. Those that come
    /// when it serves as many already are greeted with 421 and closed. There is no limit unless told
    /// otherwise.
    pub fn max_connections(mut self, most: usize) -> Self {
        self.settings.max_connections = Some(most);
        self
    }

    /// Waits each time before it sends what it has to say, for a time out of this range, in
    /// Tokio's time. Which is drawn by lot: the same seed makes the same times for the first
    /// connection, the second and so on.
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
    /// recipient is no refusal of one line, if a recipient is to be refused behind the message and
    /// the server does not speak LMTP, if a host name cannot be in a certificate, if a fault is to
    /// happen every 0th time, if no connection is allowed at all or none may be idle, or if a delay's
    /// range is empty. Else what the system said when the port or the Unix socket was opened.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn start(self) -> io::Result<TestServer> {
        let invalid = |text: String| Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        if let Some(keyword) = self.unknown.first() {
            return invalid(format!("no such extension or mechanism: {keyword:?}"));
        }
        self.settings.check()?;
        if let Some((fault, _)) = self
            .faults
            .iter()
            .find(|(_, frequency)| !frequency.is_possible())
        {
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
