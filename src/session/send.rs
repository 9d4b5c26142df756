//! One mail after the other (RFC 5321 section 3.3).

use std::ops::ControlFlow;

use tokio::io::{AsyncRead, AsyncWrite};

use super::dialogue::{Concluded, DialogueStatus};
use super::mail::Mail;
use super::plan::{Prepared, offered_body_type, prepare};
use super::portions::{Portion, PortionResults, RecipientLimits, cut, domains};
use super::receipt::Receipt;
use super::session::{ExtensionsAge, Session};
use crate::address::Envelope;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::message::BodyType;
use crate::protocol::Extensions;

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Sends a mail, in as many portions as the server wants.
    pub(super) async fn send_in_portions(&mut self, mut mail: Mail) -> Result<Receipt> {
        let mut results = PortionResults::default();
        loop {
            let (concluded, left) = match self.send_portion(&mail).await {
                Ok(sent) => sent,
                Err(error) if results.is_empty() => return Err(error),
                Err(error) => return Err(results.cut_short(error, Some(&mail.envelope))),
            };
            match results.add(concluded.result, &concluded.mail.envelope, left) {
                ControlFlow::Continue(rest) => mail.envelope = rest,
                ControlFlow::Break(result) => return result,
            }
        }
    }

    /// Sends the first portion of a mail. Returns its result, and the recipients that are left.
    async fn send_portion(&mut self, mail: &Mail) -> Result<(Concluded, Option<Envelope>)> {
        self.require_open()?;
        let portion = self.cut(mail)?;
        let mut mail = mail.clone();
        mail.envelope = portion.first.clone();
        let mut concluded = self.send_one(mail).await?;
        // A session that has ended takes no other portion.
        let left = if self.is_open() {
            let is_repeatable = concluded.mail.message.is_repeatable();
            portion.remaining(&mut concluded.result, is_repeatable, self.hello.dialect)
        } else {
            portion.left
        };
        Ok((concluded, left))
    }

    /// Sends a mail in one transaction: once more, if the session is open and the server cannot do what
    /// the first attempt asked for.
    async fn send_one(&mut self, mail: Mail) -> Result<Concluded> {
        let concluded = self.send_once(&mail).await?;
        match concluded.to_resend() {
            Some(mail) if self.require_open().is_ok() => self.send_once(&mail).await,
            _ => Ok(concluded),
        }
    }

    async fn send_once(&mut self, mail: &Mail) -> Result<Concluded> {
        let prepared = self.prepare(mail).await?;
        self.begin(0, prepared, 0);
        loop {
            match self.dialogue.concluded.pop_front() {
                Some(concluded) => return Ok(concluded),
                None if self.dialogue.advance().await == DialogueStatus::Waiting => {
                    self.dialogue.answer().await;
                }
                None => {}
            }
        }
    }

    /// Cuts the first portion that the server takes off a mail.
    pub(super) fn cut(&self, mail: &Mail) -> Result<Portion> {
        let limits = RecipientLimits {
            announced: self.extensions().limits(),
            configured: self.max_recipients,
            learned: self.findings().max_recipients,
            domains: &self.domains,
        };
        cut(&mail.envelope, mail.message.is_repeatable(), limits)
    }

    /// Decides how a mail goes out. If the server lacks something and may offer more since the login,
    /// asks it, unless mails are on their way: [`Self::must_ask_first`].
    pub(super) async fn prepare(&mut self, mail: &Mail) -> Result<Prepared> {
        let lacks_binary = offered_body_type(self.extensions()) != BodyType::Binary;
        let may_offer_more = self.extensions_age == ExtensionsAge::BeforeLogin;
        let asks_for_binary = !mail.message.is_consumed() && mail.message.asks_for_binary();
        if may_offer_more && lacks_binary && asks_for_binary {
            Box::pin(self.ask_again()).await?;
        }
        loop {
            let (tls, usable) = (self.tls(), self.usable_body_type());
            match prepare(self.extensions(), tls, usable, mail) {
                Err(error)
                    if error.kind() == ErrorKind::Unsupported
                        && self.extensions_age == ExtensionsAge::BeforeLogin =>
                {
                    // Rare, and large: in a box, the future takes no room in those around it.
                    Box::pin(self.ask_again()).await?;
                }
                prepared => return prepared,
            }
        }
    }

    /// The richest body type that messages may have: binary needs BDAT.
    fn usable_body_type(&self) -> BodyType {
        let offered = offered_body_type(self.extensions());
        if self.dialogue.pipeline.has_chunking() {
            offered
        } else {
            offered.min(BodyType::EightBit)
        }
    }

    /// Whether a mail, which cannot be prepared because of this error, has to wait until the mails on
    /// their way are answered. Only then can the server be asked what it offers since the login.
    pub(super) fn must_ask_first(&self, error: &Error) -> bool {
        let may_offer_more = self.extensions_age == ExtensionsAge::BeforeLogin
            && error.kind() == ErrorKind::Unsupported;
        may_offer_more && !self.dialogue.pipeline.is_empty()
    }

    /// Asks what the server offers since the login. A server that refuses to say it offers what it did.
    async fn ask_again(&mut self) -> Result<()> {
        if !self.dialogue.pipeline.is_empty() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "the server has not been asked what it offers since the login",
            ));
        }
        self.extensions_age = ExtensionsAge::Current;
        self.require_open()?;
        let command = self.hello.command();
        let reply = self.dialogue.ask(Stage::Hello, command).await?;
        if reply.is_positive_completion() {
            self.extensions = Extensions::from_ehlo(&reply);
            self.dialogue.pipeline.set_extensions(&self.extensions);
        }
        Ok(())
    }

    /// Begins a mail.
    pub(super) fn begin(&mut self, ticket: usize, prepared: Prepared, waiting: usize) {
        if self.extensions().limits().domains.is_some() {
            let domains = domains(&prepared.mail.envelope);
            self.domains.extend(domains.cloned());
        }
        self.dialogue.begin(ticket, prepared, waiting);
    }
}
