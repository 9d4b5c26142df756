//! What went wrong, and what the caller can do about it.

mod problem;

use std::borrow::Cow;
use std::error::Error as _;
use std::fmt;
use std::sync::Arc;

use crate::address::ForwardPath;
#[cfg(doc)]
use crate::address::envelope::Partial;
pub(crate) use crate::protocol::Stage;
use crate::protocol::{Reply, ReplyMeaning};

pub use problem::Problem;

type Source = Arc<dyn std::error::Error + Send + Sync>;

/// Why a mail was not sent, or may not have been.
///
/// The attributes are independent of each other: [`kind`](Self::kind) says what failed,
/// [`stage`](Self::stage) when, [`fate`](Self::fate) what may have become of the mail, and
/// [`is_transient`](Self::is_transient) whether another attempt makes sense.
///
/// `Display` prints this error, with the server's reply if there is one. `{:#}` prints its
/// [sources](std::error::Error::source) too, on the same line. The replies to recipients that the
/// server refused are in [`rejected`](Self::rejected).
///
/// Errors can be cloned, since one broken connection may fail many mails.
#[derive(Clone)]
pub struct Error(Box<ErrorParts>);

#[derive(Clone)]
struct ErrorParts {
    kind: ErrorKind,
    stage: Option<Stage>,
    problem: Option<Problem>,
    fate: Fate,
    transient: bool,
    judged_by: JudgedBy,
    message: Cow<'static, str>,
    advice: Option<Cow<'static, str>>,
    reply: Option<Reply>,
    rejected: Vec<(ForwardPath, Reply)>,
    accepted: Vec<ForwardPath>,
    untried: Vec<ForwardPath>,
    source: Option<Source>,
    /// Whether the message ends with the text of the source.
    names_source: bool,
}

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The mail cannot be sent as it is, for example because it is larger than the server
    /// takes.
    InvalidInput,
    /// The settings contradict each other, or name something unusable.
    Config,
    /// No connection could be opened. Permanent if the host name does not exist.
    Connect,
    /// There is no TLS, or none that can be trusted.
    Tls,
    /// The login failed.
    Auth,
    /// The server lacks an extension or a mechanism without which the mail cannot be sent.
    Unsupported,
    /// The server refused the mail, its sender or all of its recipients.
    Rejected,
    /// The server broke the protocol, or speaks another one.
    Protocol,
    /// The server did not answer, or did not take octets, for longer than
    /// [`Timeouts`](crate::transport::Timeouts) allow. Or a mail waited for too long for a session
    /// ([`queue_timeout`](crate::client::ClientBuilder::queue_timeout)), or for its
    /// [`Departure`](crate::session::Departure).
    Timeout,
    /// The connection failed.
    Io,
    /// The source of a body failed, or its length is not the announced one.
    Body,
    /// The server closed the connection, or said that it is about to (421); or the client was
    /// [aborted](crate::Client::abort); or the [`Departure`](crate::session::Departure) of the mail did
    /// not let it leave.
    Closed,
}

/// What decides whether a mail that failed may be accepted later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JudgedBy {
    /// The reply to the mail, or else the kind.
    Cause,
    /// The replies to the recipients: one that was refused for now is enough.
    AnyRecipient,
    /// The replies to the recipients: all that were refused were refused for now.
    EachRecipient,
}

/// What may have become of the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fate {
    /// The server has not taken responsibility: sending the mail again delivers it once.
    NotAccepted,
    /// The message went out whole and no reply to it came: the server may have it or not
    /// (RFC 1047). Sending it again may deliver it twice.
    Unknown,
}

/// A result with [`Error`].
///
/// In a function that returns it, `?` converts every error of this crate. It does not convert
/// [`std::io::Error`]: a function that also reads files returns a boxed error instead.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        let transient = matches!(
            kind,
            ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Io | ErrorKind::Closed
        );
        Self(Box::new(ErrorParts {
            kind,
            stage: None,
            problem: None,
            fate: Fate::NotAccepted,
            transient,
            judged_by: JudgedBy::Cause,
            message: message.into(),
            advice: None,
            reply: None,
            rejected: Vec::new(),
            accepted: Vec::new(),
            untried: Vec::new(),
            source: None,
            names_source: false,
        }))
    }

    /// An error of another type, whose text becomes a part of the message.
    pub(crate) fn wrapping<E>(kind: ErrorKind, context: &str, source: E) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let mut error = Self::new(kind, format!("{context}: {source}")).caused_by(source);
        error.0.names_source = true;
        error
    }

    pub(crate) fn with_stage(mut self, stage: Stage) -> Self {
        self.0.stage = Some(stage);
        self
    }

    /// What to do about it: the text ends with this, after a colon.
    pub(crate) fn with_advice(mut self, advice: impl Into<Cow<'static, str>>) -> Self {
        self.0.advice = Some(advice.into());
        self
    }

    pub(crate) fn with_problem(mut self, problem: Problem) -> Self {
        self.0.problem = Some(problem);
        self
    }

    /// From here on, the reply decides whether the error is transient.
    pub(crate) fn with_reply(mut self, reply: Reply) -> Self {
        self.0.transient = reply.is_transient();
        self.0.reply = Some(reply);
        self
    }

    pub(crate) fn judged_by(mut self, judged_by: JudgedBy) -> Self {
        self.0.judged_by = judged_by;
        self
    }

    /// The server refused these recipients.
    pub(crate) fn with_rejected(mut self, rejected: Vec<(ForwardPath, Reply)>) -> Self {
        self.0.rejected = rejected;
        self
    }

    /// The server has accepted the mail for these recipients.
    pub(crate) fn with_accepted(mut self, accepted: Vec<ForwardPath>) -> Self {
        self.0.accepted = accepted;
        self
    }

    /// The server was not asked to accept the mail for these recipients.
    pub(crate) fn with_untried(mut self, untried: Vec<ForwardPath>) -> Self {
        self.0.untried = untried;
        self
    }

    /// Whether another attempt makes sense, in place of what the kind or the reply says.
    pub(crate) fn with_transient(mut self, transient: bool) -> Self {
        self.0.transient = transient;
        self
    }

    /// A server that requires TLS rejects the mail in clear text again, whatever its reply code says.
    pub(crate) fn with_tls(self, tls: bool) -> Self {
        let requires_tls = |reply: &Reply| reply.means(ReplyMeaning::TlsRequired);
        if self.reply().is_some_and(requires_tls) && !tls {
            self.with_transient(false)
        } else {
            self
        }
    }

    pub(crate) fn with_unknown_fate(mut self) -> Self {
        self.0.fate = Fate::Unknown;
        self
    }

    pub(crate) fn caused_by(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// What failed.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was being done, if the failure has a place in the dialogue.
    #[must_use]
    pub fn stage(&self) -> Option<Stage> {
        self.0.stage
    }

    /// What to do about it, if the text of the error names that apart from what is wrong. The text has
    /// it after a colon: `the server does not offer STARTTLS: use implicit TLS`.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.0.advice.as_deref()
    }

    /// What exactly is wrong, if it is one of the things that a caller can mend.
    #[must_use]
    pub fn problem(&self) -> Option<Problem> {
        self.0.problem
    }

    /// The reply of the server, if the error is about one.
    #[must_use]
    pub fn reply(&self) -> Option<&Reply> {
        self.0.reply.as_ref()
    }

    /// Whether the server's reply to the mail, or else to the first [rejected](Self::rejected)
    /// recipient, has this meaning.
    #[must_use]
    pub fn means(&self, meaning: ReplyMeaning) -> bool {
        let of_recipients = self.rejected().iter().map(|(_, reply)| reply);
        let mut replies = self.reply().into_iter().chain(of_recipients);
        replies
            .next()
            .is_some_and(|reply| reply.means_at(meaning, self.stage()))
    }

    /// The recipients that the server refused, and its reply for each: all of them if the mail
    /// failed because none was accepted; some or none if it failed after that. Whatever the
    /// [`fate`](Self::fate), the mail does not reach these recipients.
    #[must_use]
    pub fn rejected(&self) -> &[(ForwardPath, Reply)] {
        &self.0.rejected
    }

    /// The recipients that the server accepted the mail for, before it failed for others. If the mail
    /// is sent to these again, it arrives twice. There are some only where a server
    /// answers for each recipient (LMTP), or where a mail went in several portions.
    #[must_use]
    pub fn accepted(&self) -> &[ForwardPath] {
        &self.0.accepted
    }

    /// The recipients that the server was not asked to accept the mail for. There are some where a
    /// mail goes in several portions and an earlier one fails, and where a mail that is to go to
    /// all or none ([`Partial::AllOrNothing`]) is given up since the server refused others.
    #[must_use]
    pub fn untried(&self) -> &[ForwardPath] {
        &self.0.untried
    }

    /// What may have become of the mail. For recipients that are [`accepted`](Self::accepted),
    /// [`refused`](Self::rejected) or [`untried`](Self::untried), that is certain;
    /// [`recipient_outcomes`](crate::session::recipient_outcomes) says it for each.
    #[must_use]
    pub fn fate(&self) -> Fate {
        self.0.fate
    }

    /// Whether the same mail, sent again later, may well be accepted.
    ///
    /// It says what the class of the reply says, except for permanent codes that services use
    /// for what passes (see [`Reply::is_transient`]). If the server refused each
    /// [recipient](Self::rejected), one that it refused for now is enough, whatever it replied to the
    /// others; a mail that is to go to all or none ([`Partial::AllOrNothing`]) needs that of every
    /// refused one. A reply to MAIL, DATA or the message holds for all recipients.
    ///
    /// It is `false` where the [`fate`](Self::fate) is unknown or where the server has
    /// [accepted](Self::accepted) the mail for some recipients, since a second attempt may deliver
    /// it to them twice.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let mut refused = self
            .0
            .rejected
            .iter()
            .map(|(_, reply)| reply.is_transient());
        let may_pass = match self.0.judged_by {
            JudgedBy::Cause => self.is_passing(),
            JudgedBy::AnyRecipient => refused.any(|transient| transient),
            JudgedBy::EachRecipient => refused.all(|transient| transient),
        };
        may_pass && self.0.fate == Fate::NotAccepted && self.0.accepted.is_empty()
    }

    /// Whether the server's reply is about the mail and not about its recipients.
    pub(crate) fn is_about_mail(&self) -> bool {
        self.0.judged_by == JudgedBy::Cause
    }

    /// Whether the cause named by the kind or the reply may be gone later, whatever became of the
    /// mail and of the recipients that were refused before.
    pub(crate) fn is_passing(&self) -> bool {
        self.0.transient
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(advice) = &self.0.advice {
            write!(f, ": {advice}")?;
        }
        if let Some(reply) = &self.0.reply {
            write!(f, ": {reply}")?;
        }
        let mut source = self.source().filter(|_| f.alternate());
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("stage", &self.0.stage)
            .field("problem", &self.0.problem)
            .field("fate", &self.0.fate)
            .field("transient", &self.is_transient())
            .field("message", &self.0.message)
            .field("advice", &self.0.advice)
            .field("reply", &self.0.reply)
            .field("rejected", &self.0.rejected)
            .field("accepted", &self.0.accepted)
            .field("untried", &self.0.untried)
            .field("source", &self.0.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.0.source.as_ref()?;
        if self.0.names_source {
            source.source()
        } else {
            Some(source.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn the_alternate_form_names_the_causes() {
        let unplugged = || std::io::Error::other("unplugged");
        let error = Error::new(ErrorKind::Connect, "no way to the server").caused_by(unplugged());
        assert_eq!(error.to_string(), "no way to the server");
        assert_eq!(format!("{error:#}"), "no way to the server: unplugged");
        let error = Error::wrapping(ErrorKind::Body, "the body cannot be read", unplugged());
        assert_eq!(error.to_string(), "the body cannot be read: unplugged");
        assert_eq!(format!("{error:#}"), error.to_string());
    }

    #[test]
    fn a_clone_says_the_same_and_has_the_same_cause() {
        let error = Error::new(ErrorKind::Connect, "no way to the server")
            .with_stage(Stage::Connect)
            .caused_by(std::io::Error::other("unplugged"));
        let clone = error.clone();
        assert_eq!(format!("{clone:?}"), format!("{error:?}"));
        let cause = clone.source().unwrap();
        let cause = cause.downcast_ref::<std::io::Error>().unwrap();
        assert_eq!(cause.to_string(), "unplugged");
    }
}
