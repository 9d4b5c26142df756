//! A session that is set up: what its user can do with it.

use std::collections::HashSet;
use std::num::NonZeroU32;

use tokio::io::{AsyncRead, AsyncWrite};
use tracing::Instrument as _;

use super::dialogue::Dialogue;
use super::findings::Findings;
use super::mail::Mail;
use super::receipt::Receipt;
use super::setup::hello::{Hello, rejection};
use super::telemetry::{Observer, Progress};
use crate::address::Domain;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::protocol::{Argument, Command, Extensions, Reply, Strategy, ValueError};
#[cfg(doc)]
use crate::transport::Timeouts;
use crate::transport::{Certificate, Socket, TlsParameters};

/// A session that is set up, and sends mails.
#[derive(Debug)]
pub struct Session<S = Socket> {
    pub(super) dialogue: Dialogue<S>,
    pub(super) hello: Hello,
    pub(super) extensions: Extensions,
    pub(super) extensions_age: ExtensionsAge,
    /// The domains of recipients, where the server limits their number.
    pub(super) domains: HashSet<Domain>,
    /// How many recipients a mail may have at a time, whatever the server says.
    pub(super) max_recipients: Option<NonZeroU32>,
    /// How many mails the server accepts in a session, if it announces no limit.
    pub(super) max_mails: Option<NonZeroU32>,
}

/// When the server listed its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExtensionsAge {
    /// Before the login: some servers offer more after it.
    BeforeLogin,
    /// There was no login since.
    Current,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Sets how mails go out, and forgets what the server has turned out not to support.
    #[must_use]
    pub fn with_strategy(mut self, strategy: Strategy) -> Self {
        self.dialogue.pipeline.set_strategy(strategy);
        self
    }

    /// How mails go out: as was asked for, less what the server has turned out not to support. Begin
    /// another session with the same server with this strategy.
    #[must_use]
    pub fn strategy(&self) -> Strategy {
        self.dialogue.pipeline.strategy()
    }

    /// Calls `observer` after each block or chunk of every message that is sent from here on, and
    /// once more when the end has left. It should return quickly, since the transfer waits for it.
    /// A panic in it passes through the method that sends, and ends the session.
    #[must_use]
    pub fn with_progress(self, observer: impl Fn(Progress<'_>) + Send + Sync + 'static) -> Self {
        self.observed_by(Some(Observer::new(observer)))
    }

    /// Sets the observer, if there is one.
    pub(crate) fn observed_by(mut self, observer: Option<Observer>) -> Self {
        self.dialogue.telemetry.observer = observer;
        self
    }

    /// Sends mails with more recipients in portions. Limits that the server announces hold too.
    pub(crate) fn with_max_recipients(mut self, most: Option<NonZeroU32>) -> Self {
        self.max_recipients = most;
        self
    }

    /// Sends mails with more recipients in portions, unless they cannot go in portions.
    pub(crate) fn with_learned_recipients(mut self, most: Option<NonZeroU32>) -> Self {
        self.dialogue.findings.max_recipients = most;
        self
    }

    /// What this session has found out about its server.
    pub(crate) fn findings(&self) -> &Findings {
        &self.dialogue.findings
    }

    /// Sends no more mails than this, if the server does not announce a limit of its own.
    pub(crate) fn with_max_mails(mut self, most: Option<NonZeroU32>) -> Self {
        self.max_mails = most;
        self
    }

    /// What the server offers.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The parameters of TLS; `None` in clear text.
    #[must_use]
    pub fn tls(&self) -> Option<TlsParameters> {
        self.dialogue.wire.tls()
    }

    /// The certificate that the server presented, or that it had presented in the session that was
    /// resumed; `None` in clear text.
    #[must_use]
    pub fn certificate(&self) -> Option<Certificate> {
        self.dialogue.wire.certificate()
    }

    /// Whether another mail can be sent. It cannot after an error of the connection, after a
    /// future was dropped in the middle of a mail, or after as many mails as the server allows
    /// (RFC 9422 section 4.1).
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.require_open().is_ok()
    }

    /// Whether the server takes no more mails, but for those that have been begun.
    pub(super) fn takes_no_more(&self) -> bool {
        let announced = self.extensions.limits().mails;
        let most = announced.or(self.max_mails.map(u32::from));
        let findings = self.findings();
        findings.takes_no_more || most.is_some_and(|most| findings.begun >= most)
    }

    pub(super) fn require_open(&self) -> Result<()> {
        let message = if !self.dialogue.is_idle() {
            "the session ended with an earlier failure: open another"
        } else if self.takes_no_more() {
            "the server takes no more mails in this session: open another"
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::Closed, message))
    }

    /// Sends a mail: a [`Message`](crate::Message) to the recipients of its
    /// [own](crate::Message::envelope) envelope, or a [`Mail`] with another.
    ///
    /// What leaves together, and by which command the message goes, is decided by the
    /// [`strategy`](Self::strategy): by default MAIL, all RCPT and DATA leave in one flight where
    /// the server offers PIPELINING, and the end of data leaves with the last block. A binary
    /// message goes by BDAT, in chunks (RFC 3030).
    ///
    /// A mail with more recipients than the server takes at a time goes in portions, each a
    /// transaction of its own (RFC 9422, RFC 5321 section 4.5.3.1.10). If the session ends between
    /// two portions, or the server does not take the recipients of the next in this session, that is
    /// an error with [`Error::accepted`] and [`Error::untried`]; a [`Client`](crate::Client) opens
    /// another session instead.
    ///
    /// A rejected recipient is not an error if another is accepted, unless the envelope asks for all or
    /// nothing: see [`Receipt::rejected`].
    ///
    /// # Errors
    ///
    /// Before anything is sent: [`ErrorKind::InvalidInput`] if the message is larger than the server
    /// takes, [`ErrorKind::Unsupported`] if an address needs SMTPUTF8 and the server lacks it, or if
    /// the message must not be recoded, has octets beyond ASCII, and the server lacks 8BITMIME.
    /// Then [`ErrorKind::Rejected`] at [`Stage::Mail`], [`Stage::Rcpt`], [`Stage::Data`],
    /// [`Stage::Transfer`] or [`Stage::EndOfData`], after which the session can send another
    /// mail, unless it was within a block. [`ErrorKind::Body`] if the message's source fails:
    /// no end of data is sent then, and the server discards what it has. [`ErrorKind::Closed`],
    /// [`ErrorKind::Timeout`], [`ErrorKind::Io`] and [`ErrorKind::Protocol`] end the session. So does a
    /// mail whose [`Departure`](super::Departure) does not let it leave.
    ///
    /// Look at [`Error::fate`] before sending the mail again.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the session. As long as it is not ready, the mail's fate is
    /// unknown; [`Client`](crate::Client) does better.
    pub async fn send(&mut self, mail: impl Into<Mail>) -> Result<Receipt> {
        let span = self.dialogue.telemetry.span.clone();
        self.send_in_portions(mail.into()).instrument(span).await
    }

    /// Sends QUIT, waits for the reply for as long as [`Timeouts::quit`] allows, unless
    /// [`without_quit_reply`](super::ServerConfigBuilder::without_quit_reply) is set, and closes the
    /// connection. After an error of the connection it is only closed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn quit(self) {
        let span = self.dialogue.telemetry.span.clone();
        self.dialogue.quit().instrument(span).await;
    }

    /// Sends NOOP, to find out whether the server still replies (RFC 5321 section 4.1.1.9).
    ///
    /// # Errors
    ///
    /// At [`Stage::Inquiry`]: [`ErrorKind::Rejected`] if the server refuses, after which the session
    /// can go on. [`ErrorKind::Closed`], [`ErrorKind::Timeout`], [`ErrorKind::Io`] and [`ErrorKind::Protocol`] end it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the session.
    pub async fn noop(&mut self) -> Result<()> {
        let reply = self.ask(Command::Noop).await?;
        accepted(reply, "NOOP")
    }

    /// Asks whether a user or a mailbox exists (RFC 5321 section 3.5), and returns the reply, whatever it
    /// is. 250 and 251 mean yes; 252, the reply of most servers, that the server does not say (section
    /// 3.5.3); 550 no.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if the text is not 1 to 505 characters of printable ASCII, or has a space
    /// at either end: nothing is sent then. Else those of [`noop`](Self::noop) that end the session.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the session.
    pub async fn verify(&mut self, name: &str) -> Result<Reply> {
        let name = argument(name)?;
        self.ask(Command::Vrfy(name)).await
    }

    /// Asks for help, with a command or in general (RFC 5321 section 4.1.1.8), and returns the reply,
    /// whatever it is: 211 or 214 with some text, or 502 if the server has no help.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if the text is not 1 to 505 characters of printable ASCII, or has a space
    /// at either end: nothing is sent then. Else those of [`noop`](Self::noop) that end the session.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the session.
    pub async fn help(&mut self, about: Option<&str>) -> Result<Reply> {
        let about = about.map(argument).transpose()?;
        self.ask(Command::Help(about)).await
    }

    /// Sends RSET (RFC 5321 section 4.1.1.5). You do not have to: the session does it after a mail
    /// that was refused.
    ///
    /// # Errors
    ///
    /// As [`noop`](Self::noop).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the session.
    pub async fn reset(&mut self) -> Result<()> {
        let reply = self.ask(Command::Rset).await?;
        accepted(reply, "RSET")
    }

    async fn ask(&mut self, command: Command<'_>) -> Result<Reply> {
        self.require_open()
            .map_err(|error| error.with_stage(Stage::Inquiry))?;
        let span = self.dialogue.telemetry.span.clone();
        let asking = self.dialogue.ask(Stage::Inquiry, command);
        asking.instrument(span).await
    }
}

fn accepted(reply: Reply, verb: &str) -> Result<()> {
    if reply.is_positive_completion() {
        return Ok(());
    }
    let message = format!("the server refused {verb}");
    Err(rejection(Stage::Inquiry, message, reply))
}

fn argument(text: &str) -> Result<Argument> {
    text.parse().map_err(|error: ValueError| {
        Error::new(ErrorKind::InvalidInput, error.to_string()).with_stage(Stage::Inquiry)
    })
}
