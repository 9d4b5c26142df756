//! One mail after the other (RFC 5321 section 3.3).

use std::collections::{HashSet, VecDeque};
use std::num::NonZeroU32;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::flow::{Concluded, InFlight, Shown, Standing};
use super::hello::{Hello, quit};
use super::mail::Mail;
use super::receipt::Receipt;
use super::timing::SetUp;
use super::watch::Watch;
use crate::address::{Domain, Envelope};
#[cfg(doc)]
use crate::error::Stage;
use crate::error::{Error, ErrorKind, Result};
use crate::message::{BodyType, Message};
use crate::protocol::{Extensions, Outcome, Pipeline, Strategy};
#[cfg(doc)]
use crate::transport::Timeouts;
use crate::transport::{Flight, Socket, TlsParameters, Wire};

/// A session that is set up, and sends mails.
#[derive(Debug)]
pub struct Session<S = Socket> {
    pub(super) wire: Wire<S>,
    pub(super) hello: Hello,
    extensions: Extensions,
    /// Whether the server may offer more now than it did in answer to EHLO.
    pub(super) list: List,
    pub(super) pipeline: Pipeline,
    pub(super) flight: Flight,
    /// The mails that the pipeline has, in its order.
    pub(super) mails: VecDeque<InFlight>,
    /// The mails about which all is said.
    pub(super) concluded: VecDeque<Concluded>,
    /// What the server has said of the oldest mails on their way, after a 421.
    pub(super) decided: VecDeque<Outcome>,
    /// The domains of recipients, where the server limits their number.
    pub(super) domains: HashSet<Domain>,
    /// How many recipients a mail may have at a time, whatever the server says.
    pub(super) most_recipients: Option<NonZeroU32>,
    /// How many recipients the server took at a time before it refused one more.
    pub(super) learned_recipients: Option<NonZeroU32>,
    /// How many mails the server takes in a session, whatever it says.
    most_mails: Option<NonZeroU32>,
    /// How many mails have been begun.
    pub(super) begun: u32,
    /// How many mails have been accepted.
    pub(super) accepted: u32,
    /// Whether the last mail that was answered was accepted.
    pub(super) last_accepted: bool,
    /// The server has refused a mail since it takes no more in this session.
    pub(super) has_refused_more: bool,
    /// Whether mails are returned that can be sent over another session.
    pub(super) gives_back: bool,
    /// How many mails had been accepted when the server ended the session at the next, and how.
    pub(super) ended_after: Option<(NonZeroU32, Error)>,
    /// What the server cannot do, as the session has shown.
    pub(super) shown: Vec<Shown>,
    /// Since when no mail has been on its way; `None` before the first.
    pub(super) idle_since: Option<Instant>,
    pub(super) watch: Box<Watch>,
    pub(super) state: State,
}

/// Where the dialogue stands between two calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// No mail is on its way.
    Idle,
    /// The dialogue is in the middle of something. Between two calls this means that a future was
    /// dropped there: nothing can be sent any more.
    Busy,
    /// The dialogue has ended.
    Lost,
}

/// The list of extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// There was a login since: some servers offer more then.
    BeforeLogin,
    /// As it is now.
    Current,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(super) fn after_login(
        wire: Wire<S>,
        hello: Hello,
        extensions: Extensions,
        set_up: SetUp,
    ) -> Self {
        Self::new(wire, hello, extensions, List::BeforeLogin, set_up)
    }

    pub(super) fn without_login(
        wire: Wire<S>,
        hello: Hello,
        extensions: Extensions,
        set_up: SetUp,
    ) -> Self {
        Self::new(wire, hello, extensions, List::Current, set_up)
    }

    fn new(wire: Wire<S>, hello: Hello, extensions: Extensions, list: List, set_up: SetUp) -> Self {
        Self {
            pipeline: Pipeline::new(Strategy::default(), hello.dialect, &extensions),
            wire,
            hello,
            extensions,
            list,
            flight: Flight::default(),
            mails: VecDeque::new(),
            concluded: VecDeque::new(),
            decided: VecDeque::new(),
            domains: HashSet::new(),
            most_recipients: None,
            learned_recipients: None,
            most_mails: None,
            begun: 0,
            accepted: 0,
            last_accepted: false,
            has_refused_more: false,
            gives_back: false,
            ended_after: None,
            shown: Vec::new(),
            idle_since: None,
            watch: Box::new(Watch::new(set_up)),
            state: State::Idle,
        }
    }

    /// Says how mails go out. What the server has turned out not to be capable of before is
    /// forgotten.
    #[must_use]
    pub fn with_strategy(mut self, strategy: Strategy) -> Self {
        self.pipeline.set_strategy(strategy);
        self
    }

    /// How mails go out: as was asked for, less what the server has turned out not to be capable
    /// of. Another session with it does well to begin with this.
    #[must_use]
    pub fn strategy(&self) -> Strategy {
        self.pipeline.strategy()
    }

    /// Sends mails with more recipients in portions. What the server says of its limits holds too.
    pub(crate) fn with_most_recipients(mut self, most: Option<NonZeroU32>) -> Self {
        self.most_recipients = most;
        self
    }

    /// Sends mails with more recipients in portions, where they can go in portions.
    pub(crate) fn with_learned_recipients(mut self, most: Option<NonZeroU32>) -> Self {
        self.learned_recipients = most;
        self
    }

    /// As how few recipients the server has turned out to take at a time, here or before.
    pub(crate) fn learned_recipients(&self) -> Option<NonZeroU32> {
        self.learned_recipients
    }

    /// What the server cannot do, as this session has shown.
    pub(crate) fn shown(&self) -> &[Shown] {
        &self.shown
    }

    /// Sends no more mails than this, where the server does not say how many it takes.
    pub(crate) fn with_most_mails(mut self, most: Option<NonZeroU32>) -> Self {
        self.most_mails = most;
        self
    }

    /// How many mails the server had accepted when it ended the session at the next one, and how.
    /// `None` if it did not.
    pub(crate) fn ended_after(&self) -> Option<(NonZeroU32, &Error)> {
        (self.ended_after.as_ref()).map(|(mails, error)| (*mails, error))
    }

    /// What the server offers.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// What TLS agreed on; `None` in clear text.
    #[must_use]
    pub fn tls(&self) -> Option<TlsParameters> {
        self.wire.tls()
    }

    /// Whether another mail can be sent. It cannot after an error of the connection, after a
    /// future was dropped in the middle of a mail, or after as many mails as the server allows
    /// (RFC 9422 section 4.1).
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.require_open().is_ok()
    }

    /// Whether the server takes no more mails, but for those that have been begun.
    pub(super) fn is_spent(&self) -> bool {
        let most = self.extensions.limits().mails.or(self.most_mails);
        self.has_refused_more || most.is_some_and(|most| self.begun >= most.get())
    }

    /// Sends a message to the recipients of `envelope`, mostly the message's
    /// [own](Message::envelope).
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
    /// A recipient who is refused is no error as long as another is accepted, unless the envelope
    /// says all or nothing: see [`Receipt::rejected`].
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
    /// [`ErrorKind::Timeout`], [`ErrorKind::Io`] and [`ErrorKind::Protocol`] end the session.
    ///
    /// Look at [`Error::fate`] before sending the mail again.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the session. As long as it is not ready, the mail's fate is
    /// unknown; [`Client`](crate::Client) does better.
    pub async fn send(&mut self, envelope: &Envelope, message: Message) -> Result<Receipt> {
        let mail = Mail::new(envelope.clone(), message);
        let span = self.watch.span.clone();
        self.send_in_portions(mail).instrument(span).await
    }

    /// Sends a mail in one transaction: once more, if the server is open and cannot do what the
    /// first attempt asked of it.
    pub(super) async fn send_one(&mut self, mail: Mail) -> Result<Concluded> {
        let prepared = self.prepare(mail).await?;
        self.begin(0, prepared, 0);
        let concluded = self.next_concluded().await;
        match concluded.again() {
            Some(mail) if self.require_open().is_ok() => {
                let prepared = self.prepare(mail).await?;
                self.begin(0, prepared, 0);
                Ok(self.next_concluded().await)
            }
            _ => Ok(concluded),
        }
    }

    /// What the oldest mail comes to.
    async fn next_concluded(&mut self) -> Concluded {
        loop {
            match self.concluded.pop_front() {
                Some(concluded) => return concluded,
                None if self.advance().await == Standing::Waiting => self.answer().await,
                None => {}
            }
        }
    }

    pub(super) fn require_open(&self) -> Result<()> {
        match self.state {
            State::Idle if self.is_spent() => Err(Error::new(
                ErrorKind::Closed,
                "the server takes no more mails in this session: open another",
            )),
            State::Idle => Ok(()),
            State::Busy | State::Lost => Err(Error::new(
                ErrorKind::Closed,
                "the session ended with an earlier failure: open another",
            )),
        }
    }

    pub(super) fn set_extensions(&mut self, extensions: Extensions) {
        self.pipeline.set_extensions(&extensions);
        self.extensions = extensions;
    }

    /// The most that messages may make use of.
    pub(super) fn usable_body_type(&self) -> BodyType {
        if self.pipeline.has_chunking() {
            self.offered_body_type()
        } else {
            self.offered_body_type().min(BodyType::EightBit)
        }
    }

    /// Says QUIT, waits for the reply for as long as [`Timeouts::quit`] allows, and closes the
    /// connection. After an error of the connection it is only closed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn quit(mut self) {
        if self.state == State::Idle {
            quit(&mut self.wire)
                .instrument(self.watch.span.clone())
                .await;
        }
        self.wire.close().await;
    }
}
