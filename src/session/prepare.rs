//! Everything about a mail that is known before a command of it is sent.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::hello::hello_again;
use super::mail::Mail;
use super::transaction::{List, Session, State};
use crate::error::{Error, ErrorKind, Result};
use crate::message::{BodyType, MessageReader, Rendition};
use crate::protocol::{Course, Defect, Extension, Grouping, Parameters, Way};

/// How long a session may have been idle for a message to leave before the server has said a word
/// to its envelope.
const IDLE: Duration = Duration::from_secs(1);

/// A mail that the server can take, as far as it has said.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) mail: Mail,
    pub(super) octets: MessageReader,
    pub(super) size: u64,
    pub(super) parameters: Parameters,
    only: Option<Way>,
}

impl Prepared {
    fn new(mail: Mail, rendition: Rendition, parameters: Parameters) -> Self {
        Self {
            mail,
            size: rendition.exact_size(),
            // RFC 3030 section 3.
            only: (rendition.body_type() == BodyType::Binary).then_some(Way::Bdat),
            octets: rendition.into_octets(),
            parameters,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Finds out whether the server can take a mail. If it lacks something and may offer more
    /// since the login, it is asked, unless mails are on their way: [`Self::asks_first`].
    pub(super) async fn prepare(&mut self, mail: Mail) -> Result<Prepared> {
        if mail.message.is_consumed() {
            return Err(Error::new(
                ErrorKind::Body,
                "the message has been sent before, and a body of it can be read only once: \
                 give it as a file, or spool it",
            ));
        }
        let lacks_binary =
            self.list == List::BeforeLogin && self.offered_body_type() != BodyType::Binary;
        if lacks_binary && mail.message.asks_for_binary() {
            Box::pin(self.ask_again()).await?;
        }
        loop {
            let rendition = if self.extensions().offers(Extension::SmtpUtf8) {
                mail.message
                    .rendition_with_smtputf8(self.usable_body_type())
            } else {
                mail.message.rendition(self.usable_body_type())
            };
            let error = match self.parameters(&mail.envelope, &mail.message, &rendition) {
                Ok(parameters) => return Ok(Prepared::new(mail, rendition, parameters)),
                Err(error) => error,
            };
            let offered = error.kind() != ErrorKind::Unsupported;
            if offered || self.list == List::Current {
                return Err(error);
            }
            // Rare, and large: most mails need no room for it.
            Box::pin(self.ask_again()).await?;
        }
    }

    /// How a mail would go out now.
    pub(super) fn course(&self, prepared: &Prepared, waiting: usize) -> Course {
        let mut course = self.pipeline.course(prepared.size, prepared.only, waiting);
        if prepared.mail.doubted == Some(Defect::Grouping) {
            course.grouping = Grouping::OneAtATime;
        } else if course.grouping == Grouping::Whole && self.may_have_ended() {
            course.grouping = Grouping::Grouped;
        }
        course
    }

    /// Whether the server may have closed an idle session without it being known here. A message
    /// that leaves then, and whole, gets no answer, and its fate is not known.
    pub(super) fn may_have_ended(&self) -> bool {
        let is_long = |since: Instant| since.elapsed() > IDLE;
        self.mails.is_empty() && self.idle_since.is_some_and(is_long)
    }

    /// Whether the mails on their way have to be answered before a mail can be prepared, which failed
    /// with this error: only then can the server be asked what it offers since the login.
    pub(super) fn asks_first(&self, error: &Error) -> bool {
        let may_offer_more =
            self.list == List::BeforeLogin && error.kind() == ErrorKind::Unsupported;
        may_offer_more && !self.mails.is_empty()
    }

    /// Asks what the server offers since the login.
    async fn ask_again(&mut self) -> Result<()> {
        if !self.mails.is_empty() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "the server has not been asked what it offers since the login",
            ));
        }
        self.list = List::Current;
        self.require_open()?;
        self.state = State::Lost;
        if let Some(extensions) = hello_again(&mut self.wire, &self.hello).await? {
            self.set_extensions(extensions);
        }
        self.state = State::Idle;
        Ok(())
    }
}
