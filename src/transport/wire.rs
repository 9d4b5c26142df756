//! The one place through which every command, reply and octet passes, and which logs them.

use std::collections::VecDeque;
use std::time::SystemTime;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::task::yield_now;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_util::codec::FramedRead;
use tokio_util::either::Either;
use tracing::{Level, debug, enabled, trace};
use zeroize::Zeroizing;

use super::end_of_replies::EndOfReplies;
use super::host::Host;
use super::io_timer::{IoTimer, within};
use super::timeouts::Timeouts;
use super::tls::{Certificate, TlsConfig, TlsParameters};
use crate::error::{Error, ErrorKind, Problem, Result, Stage};
use crate::protocol::{Command, Mask, Reply, ReplyDecoder};
use crate::secret::Secret;

/// The target of the events that show the dialogue: a line of a command or a reply is at
/// DEBUG, a block of the message at TRACE and only by its size.
pub(super) const TARGET: &str = "pilotfish::wire";

/// The capacity for the longest line with a secret, in octets: 12,288 of base64 (RFC 4954 section 4)
/// and the line end. A buffer that grows would leave copies of the secret in memory.
const MAX_SECRET_LINE_OCTETS: usize = 12 * 1024 + 2;

/// A stream in clear text on the left, or inside TLS on the right.
pub(super) type MaybeTls<S> = Either<S, Box<TlsStream<S>>>;

/// A connection that carries commands and octets one way and replies the other.
///
/// The wire always reads replies while it writes: a server that answers early or stops reading can
/// neither block the client nor make it miss the answer. A reply that belongs to no command is an
/// error, and so is any octet after the reply to STARTTLS.
///
/// After an error the connection must be dropped, which closes it.
#[derive(Debug)]
pub(crate) struct Wire<S> {
    pub(super) framed: FramedRead<MaybeTls<S>, ReplyDecoder>,
    pub(super) timeouts: Timeouts,
    pub(super) timer: IoTimer,
    /// Replies that arrived while something was written.
    pub(super) pending_replies: VecDeque<Reply>,
    /// How many octets `pending_replies` have.
    pub(super) pending_octets: usize,
    /// Why no reply can come after `pending_replies`, if the end is known. It is reported after them.
    pub(super) ended: Option<EndOfReplies>,
    /// How many replies are due that have not been received.
    pub(super) expected_replies: usize,
    /// Octets that have been written since the connection or TLS began.
    pub(super) handed_over: u64,
    pub(super) tls: Option<TlsParameters>,
    /// The secrets that are masked where the server repeats them.
    pub(super) masks: Vec<Mask>,
    /// Whether [`quit`](Self::quit) does not wait for the reply.
    leaves_at_once: bool,
    /// Whether a login is in progress. Its challenges are masked only in the log: the login needs them
    /// unchanged, and they may have words in common with a password.
    pub(super) in_exchange: bool,
}

impl<S> Wire<S> {
    /// What TLS agreed on; `None` in clear text.
    #[must_use]
    pub(crate) fn tls(&self) -> Option<TlsParameters> {
        self.tls
    }

    /// The certificate that the server presented; `None` in clear text.
    #[must_use]
    pub(crate) fn certificate(&self) -> Option<Certificate> {
        let Either::Right(stream) = self.framed.get_ref() else {
            return None;
        };
        let (_, connection) = stream.get_ref();
        connection.peer_certificates()?.first().map(Certificate::of)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// A connection in clear text. The greeting is the first reply.
    pub(crate) fn clear(stream: S, timeouts: Timeouts) -> Self {
        Self::over(Either::Left(stream), timeouts, 1)
    }

    /// A connection on which nothing has been written or read yet.
    fn over(stream: MaybeTls<S>, timeouts: Timeouts, expected_replies: usize) -> Self {
        Self {
            framed: FramedRead::new(stream, ReplyDecoder::default()),
            timeouts,
            timer: IoTimer::default(),
            pending_replies: VecDeque::new(),
            pending_octets: 0,
            ended: None,
            expected_replies,
            handed_over: 0,
            tls: None,
            masks: Vec::new(),
            leaves_at_once: false,
            in_exchange: false,
        }
    }

    /// Masks these secrets in everything that the server sends, from the first octet on: it may know
    /// them from another connection.
    pub(crate) fn masking<'a>(mut self, secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        self.masks.extend(secrets.into_iter().map(Mask::new));
        self
    }

    /// Does not wait for the reply to QUIT.
    pub(crate) fn leaving_at_once(mut self) -> Self {
        self.leaves_at_once = true;
        self
    }

    /// Begins TLS: at [`Stage::Connect`] before the greeting (RFC 8314 section 3.3), and at
    /// [`Stage::StartTls`] after a 220 to STARTTLS (RFC 3207 section 4).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Tls`], [`ErrorKind::Timeout`] or [`ErrorKind::Io`] if the handshake fails. After
    /// STARTTLS [`ErrorKind::Protocol`] if a single octet followed the reply: somebody may be
    /// injecting replies (RFC 3207 section 6). All are at this stage, and the connection is closed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub(crate) async fn begin_tls(
        self,
        stage: Stage,
        tls: &TlsConfig,
        host: &Host,
    ) -> Result<Self> {
        if stage == Stage::StartTls && !self.is_quiet() {
            return Err(Error::new(
                ErrorKind::Protocol,
                "the server sent more than its reply to STARTTLS: \
                 somebody may be tampering with the connection",
            )
            .with_stage(stage));
        }
        let Self {
            framed,
            timeouts,
            expected_replies,
            masks,
            leaves_at_once,
            ..
        } = self;
        let Either::Left(stream) = framed.into_inner() else {
            return Err(Error::new(ErrorKind::Protocol, "TLS is active already").with_stage(stage));
        };
        let handshake = within(timeouts.handshake, tls.handshake(host, stream)).await;
        let handshake = handshake.unwrap_or_else(|| {
            let message = format!(
                "{host} did not finish the TLS handshake within {:?}",
                timeouts.handshake
            );
            let error = Error::new(ErrorKind::Timeout, message);
            Err(error
                .with_problem(Problem::BeginsInClearText)
                .with_advice("if the port begins in clear text, use STARTTLS"))
        });
        let stream = handshake.map_err(|error| error.with_stage(stage))?;
        let parameters = TlsParameters::of(&stream);
        debug!(target: TARGET, from = "tls", tls = true, "{parameters}");
        let wire = Self {
            tls: Some(parameters),
            masks,
            leaves_at_once,
            ..Self::over(Either::Right(stream), timeouts, expected_replies)
        };
        wire.log_tls(&parameters);
        Ok(wire)
    }

    /// The certificate is read only if somebody is subscribed.
    fn log_tls(&self, parameters: &TlsParameters) {
        if !enabled!(target: "pilotfish", Level::DEBUG) {
            return;
        }
        let certificate = self.certificate();
        let name = certificate.as_ref().and_then(|certificate| {
            let name = certificate.names.first();
            name.or(certificate.common_name.as_ref())
        });
        let end = certificate.as_ref().and_then(|it| it.not_after);
        let end = end.and_then(|end| end.duration_since(SystemTime::UNIX_EPOCH).ok());
        debug!(
            target: "pilotfish",
            version = parameters.version,
            key_exchange = parameters.key_exchange,
            certificate = name,
            not_after = end.map(|end| end.as_secs()),
            "the connection is encrypted",
        );
    }

    /// How long each wait may take.
    #[must_use]
    pub(crate) fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// Whether no reply is due, and everything that arrived has been read.
    fn is_quiet(&self) -> bool {
        self.expected_replies == 0
            && self.ended.is_none()
            && self.framed.read_buffer().is_empty()
            && self.framed.decoder().is_between_replies()
    }

    /// Masks a secret that is about to be sent, from now on.
    pub(crate) fn mask(&mut self, mask: Mask) {
        if !self.masks.contains(&mask) {
            self.masks.push(mask);
        }
    }

    /// A text of the server, without secrets.
    pub(crate) fn masked(&self, text: String) -> String {
        self.masks
            .iter()
            .fold(text, |text, mask| mask.applied(&text).unwrap_or(text))
    }

    /// The same for octets that are incomplete and may end within a secret.
    pub(super) fn masked_to_the_end(&self, octets: Vec<u8>) -> Vec<u8> {
        let mut masked = self.masks.iter().fold(octets, |octets, mask| {
            mask.applied_to_octets(&octets).unwrap_or(octets)
        });
        let starts = self.masks.iter().filter_map(|mask| mask.begins_in(&masked));
        if let Some(start) = starts.min() {
            masked.truncate(start);
            masked.extend_from_slice(b"<redacted>");
        }
        masked
    }

    /// Sends one command and receives its reply.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Timeout`], [`ErrorKind::Io`], [`ErrorKind::Closed`] or [`ErrorKind::Protocol`], at `stage`; as
    /// [`receive`](Self::receive).
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the connection must be dropped together with the future.
    pub(crate) async fn command(&mut self, stage: Stage, command: Command<'_>) -> Result<Reply> {
        self.send(stage, command).await?;
        self.receive(stage).await
    }

    async fn send(&mut self, stage: Stage, command: Command<'_>) -> Result<()> {
        // Overwritten when dropped, as it may hold a password.
        let mut octets = Zeroizing::new(Vec::with_capacity(MAX_SECRET_LINE_OCTETS));
        self.in_exchange = stage == Stage::Auth;
        debug!(target: TARGET, from = "client", tls = self.tls.is_some(), "{command}");
        command.encode(&mut octets);
        self.write(stage, &octets, &[octets.len()], 0).await
    }

    /// Sends a block of the message, which must have undergone transparency and is not the last.
    ///
    /// # Errors
    ///
    /// As [`launch`](Self::launch), at [`Stage::Transfer`]. A reply that comes before the end of
    /// data ends the transfer: [`ErrorKind::Rejected`] with the server's reason.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the connection must be dropped together with the future. The message is then
    /// incomplete, and the server discards it.
    pub(crate) async fn block(&mut self, octets: &[u8]) -> Result<()> {
        trace!(target: TARGET, from = "client", tls = self.tls.is_some(), octets = octets.len(), "block");
        self.write(Stage::Transfer, octets, &[], 0).await
    }

    /// How many replies are due that have not been received.
    #[must_use]
    pub(crate) fn unanswered(&self) -> usize {
        self.expected_replies
    }

    /// Sends QUIT and [closes](Self::close) (RFC 5321 section 4.1.1.10). Waits for the reply in between,
    /// unless the wire is [leaving at once](Self::leaving_at_once). Nothing depends on the reply, so
    /// failures are ignored.
    ///
    /// # Cancel safety
    ///
    /// As [`close`](Self::close).
    pub(crate) async fn quit(&mut self) {
        let sent = self.send(Stage::Quit, Command::Quit).await;
        if sent.is_ok() && !self.leaves_at_once {
            let _ = self.receive(Stage::Quit).await;
        }
        self.close().await;
    }

    /// Ends TLS, if it is active, and the connection. Ignores failures.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, TLS may not have been ended. The connection is closed when this
    /// value is dropped.
    pub(crate) async fn close(&mut self) {
        let _ = timeout(self.timeouts.quit, self.framed.get_mut().shutdown()).await;
        if self.leaves_at_once {
            // A system resets a connection that is closed with unread octets, and the server may then
            // lose what it has not read. So what has arrived is read.
            yield_now().await;
            self.has_reply().await;
        }
    }
}
