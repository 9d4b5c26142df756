//! Why the command failed.

use std::fmt::Display;
use std::time::Duration;

use pilotfish::protocol::{Reply, ReplyMeaning};
use pilotfish::session::{MailOutcome, Receipt, Recipient, RecipientOutcome, recipient_outcomes};
use pilotfish::{Error, Fate, Message};

use crate::connection::Connection;
use crate::exit;
use crate::output::advice::{LoginCommand, advice, oauth_error, oauth_help};
use crate::output::headline::{Subject, headline, in_bytes};
use crate::output::report;
use crate::output::submission::Submission;
use crate::stop::Stop;
use crate::terminal::quantity::Span;

/// A failure, and what to do next.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit status.
    pub(crate) status: u8,
    /// What went wrong, in one line.
    pub(crate) message: String,
    /// The messages of the errors that led to this one.
    pub(crate) causes: Vec<String>,
    /// The library's error, if there was one.
    pub(crate) error: Option<Error>,
    /// The recipients that had an outcome before the error, in an earlier attempt.
    pub(crate) earlier: Option<Box<Receipt>>,
    /// What became of the mail.
    pub(crate) outcome: MailOutcome,
    /// How far the command had come when a signal, or the end of the total time, stopped it.
    pub(crate) interruption: Option<&'static str>,
    /// Whether the answer to a question was no. That is no error.
    pub(crate) is_declined: bool,
    /// What to do next, the likeliest first.
    pub(crate) help: Vec<String>,
    /// Where it happened, if that is known.
    pub(crate) place: Option<Box<Place>>,
}

/// The account and the server of a failure.
#[derive(Debug)]
pub(crate) struct Place {
    /// The name of the account.
    pub(crate) account: Option<String>,
    /// The host of the server.
    pub(crate) server: Option<String>,
}

/// How the error begins of a mail that may have arrived (RFC 1047).
pub(crate) const UNKNOWN: &str = "outcome unknown: the whole mail was sent";

/// What is unknown then.
const NO_REPLY: &str = "Pilotfish stopped waiting for the reply";

/// When a mail that was deferred can be sent again.
pub(crate) fn later(error: Option<&Error>) -> String {
    const GREYLISTED: Duration = Duration::from_mins(5);
    let refused = error
        .and_then(|error| error.rejected().first())
        .map(|(_, reply)| reply);
    let reply = error.and_then(Error::reply).or(refused);
    let asked = reply.and_then(Reply::retry_after);
    let is_greylisted = error.is_some_and(|error| error.means(ReplyMeaning::Greylisted));
    let wait = asked.or(is_greylisted.then_some(GREYLISTED));
    let when = wait.map_or_else(
        || "later".to_owned(),
        |wait| format!("after {}", Span(wait)),
    );
    format!("send it again {when}")
}

/// How far a command had come when it was stopped.
#[derive(Debug)]
pub(crate) enum Interrupted {
    /// The message of a dry run was not written whole.
    NotWritten,
    /// Not everything was tested.
    NotTested,
    /// The command looks at something, and has not shown it.
    NotShown,
    /// Neither the configuration nor a secret was written.
    NotStored,
    /// What was stored or revoked is not known.
    NotFinished,
    /// The mail was not sent. The error says which recipients the server had rejected.
    NotSent(Option<Error>),
    /// Some recipients have the mail, or may have it. The error says which.
    Unfinished(Error),
    /// The whole mail was sent, and what the server replied is not known.
    Unanswered,
}

impl Failure {
    /// The command line, a setting, a file, the mail or the operating system is at fault.
    pub(crate) fn new(status: u8, message: impl Display) -> Self {
        Self {
            status,
            message: in_bytes(&message.to_string()),
            causes: Vec::new(),
            error: None,
            earlier: None,
            outcome: MailOutcome::Failed,
            interruption: None,
            is_declined: false,
            help: Vec::new(),
            place: None,
        }
    }

    /// The command line is wrong.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self::new(exit::USAGE, message)
    }

    /// The user did not want the mail to be sent.
    pub(crate) fn declined() -> Self {
        Self {
            is_declined: true,
            ..Self::new(exit::INTERRUPTED, "not sent")
        }
    }

    /// The user did not want an account or a password to be stored.
    pub(crate) fn nothing_stored() -> Self {
        Self {
            is_declined: true,
            ..Self::new(exit::INTERRUPTED, "nothing was stored")
        }
    }

    /// A mail that cannot be made.
    pub(crate) fn bad_mail(message: impl Display) -> Self {
        Self::new(exit::DATA, message)
    }

    /// Any error, with its chain.
    pub(crate) fn of(status: u8, error: &dyn std::error::Error) -> Self {
        Self {
            causes: causes(error),
            ..Self::new(status, without_methods(&error.to_string()))
        }
    }

    /// A file that cannot be read or written.
    pub(crate) fn io(status: u8, message: impl Display, error: impl Display) -> Self {
        Self {
            causes: vec![error.to_string()],
            ..Self::new(status, message)
        }
    }

    pub(crate) fn interrupted(stop: Stop, how_far: Interrupted) -> Self {
        let what = match &how_far {
            Interrupted::NotWritten => "the message was not written whole",
            Interrupted::NotTested => "the server was not tested whole",
            Interrupted::NotShown => "nothing was shown",
            Interrupted::NotStored => "nothing was stored",
            Interrupted::NotFinished => "the command did not finish",
            Interrupted::NotSent(_) => "not sent",
            Interrupted::Unfinished(error) if error.fate() == Fate::Unknown => NO_REPLY,
            Interrupted::Unfinished(_) => "the server had not replied for every recipient",
            Interrupted::Unanswered => NO_REPLY,
        };
        let stopped = stop.shown();
        let message = match &how_far {
            _ if what == NO_REPLY => format!("{UNKNOWN}, and {NO_REPLY} ({stopped})"),
            Interrupted::NotSent(_) => format!("{stopped}: the mail was {what}"),
            _ => format!("{stopped}: {what}"),
        };
        let (status, outcome) = match &how_far {
            Interrupted::Unfinished(error) => (exit::status(error), MailOutcome::of(Err(error))),
            Interrupted::Unanswered => (exit::UNKNOWN, MailOutcome::Unknown),
            Interrupted::NotSent(error) if stop == Stop::TimeIsUp => {
                let outcome = error.as_ref().map(|error| MailOutcome::of(Err(error)));
                (stop.status(), outcome.unwrap_or(MailOutcome::Deferred))
            }
            // No failure has stopped the mail: the user did not want it to be sent.
            _ => (stop.status(), MailOutcome::Failed),
        };
        Self {
            error: match how_far {
                Interrupted::NotSent(error) => error,
                Interrupted::Unfinished(error) => Some(error),
                Interrupted::NotWritten
                | Interrupted::NotTested
                | Interrupted::NotShown
                | Interrupted::NotStored
                | Interrupted::NotFinished
                | Interrupted::Unanswered => None,
            },
            outcome,
            interruption: Some(what),
            ..Self::new(status, message)
        }
    }

    /// The terminal does not answer.
    pub(crate) fn terminal(error: std::io::Error) -> Self {
        Self::io(exit::OS_ERROR, "the terminal cannot be used", error)
    }

    /// Names the account, unless that is known with its server.
    pub(crate) fn of_account(mut self, name: &str) -> Self {
        self.place.get_or_insert_with(|| {
            Box::new(Place {
                account: Some(name.to_owned()),
                server: None,
            })
        });
        self
    }

    /// Adds the next step.
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Says what failed by the names of the server, the user and the recipients, and what helps.
    pub(crate) fn described(mut self, connection: &Connection, mail: &Submission) -> Self {
        let recipients = self.recipients(&mail.message);
        let again = report::again(&recipients, mail);
        let subject = Subject {
            host: &mail.host,
            user: connection.account.user.as_deref(),
            message: &mail.message,
            recipients: &recipients,
        };
        let error = self.error.as_ref().filter(|_| self.interruption.is_none());
        let headline = error.and_then(|error| headline(error, &self.message, &subject));
        let unknown: Vec<_> = recipients
            .iter()
            .filter(|recipient| recipient.outcome == RecipientOutcome::Unknown)
            .map(|recipient| mail.typed(recipient.path))
            .collect();
        drop(recipients);
        if let Some(headline) = headline {
            self.message = headline.message;
            self.causes.splice(..0, headline.cause);
            if headline.help.is_some() {
                self.forget_library_advice();
            }
            self.help.extend(headline.help);
        }
        if self.outcome == MailOutcome::Unknown {
            self.forget_library_advice();
            let names = match unknown.as_slice() {
                [] | [_, _, _, ..] => "the recipients".to_owned(),
                few => few.join(" and "),
            };
            self.help.push(format!(
                "ask {names} before you send it again: it may have arrived (Message-ID {})",
                mail.message.message_id()
            ));
        }
        let mut described = self.advised(connection);
        described.help.extend(again);
        if described.help.is_empty() && described.outcome == MailOutcome::Deferred {
            let again = later(described.error.as_ref());
            described.help.push(match connection.account.retry {
                Some(_) => again,
                None => format!("{again}, or let Pilotfish try: --retry 30m"),
            });
        }
        described
    }

    /// Adds advice for the library's error, if there is any.
    pub(crate) fn advised(mut self, connection: &Connection) -> Self {
        self.place = Some(Box::new(Place {
            account: connection.name.clone(),
            server: connection.account.host().map(ToString::to_string),
        }));
        let error = self.error.as_ref();
        let advised = error.map(|error| advice(error, connection));
        let advised = advised.unwrap_or_default();
        if !advised.is_empty() {
            self.forget_library_advice();
        }
        self.help.extend(advised);
        let of_oauth = self.error.as_ref().and_then(oauth_error);
        let login = LoginCommand::Login(connection.name.clone());
        let help = of_oauth.and_then(|error| oauth_help(error, &login));
        self.help.extend(help);
        self
    }

    /// Leaves the advice of the library out, which does not know the flags.
    fn forget_library_advice(&mut self) {
        let advice = self.error.as_ref().and_then(library_advice);
        self.help.retain(|help| Some(help) != advice.as_ref());
    }

    /// What became of the mail for each recipient.
    pub(crate) fn recipients<'a>(&'a self, message: &'a Message) -> Vec<Recipient<'a>> {
        let paths = message.envelope().forward_paths();
        let outcome = match self.outcome {
            MailOutcome::Unknown => RecipientOutcome::Unknown,
            _ => RecipientOutcome::NotTried,
        };
        let mut recipients = match &self.error {
            Some(error) => recipient_outcomes(paths, Err(error)),
            None => paths
                .iter()
                .map(|path| Recipient::new(path, outcome))
                .collect(),
        };
        if let Some(earlier) = &self.earlier {
            let before = recipient_outcomes(paths, Ok(earlier));
            for (recipient, before) in recipients.iter_mut().zip(before) {
                // The error is about those that were deferred.
                if before.outcome != RecipientOutcome::Deferred {
                    *recipient = before;
                }
            }
        }
        recipients
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let mut failure = Self::of(exit::status(&error), &error);
        // The reply is shown by itself.
        if let Some(reply) = error.reply()
            && let Some(message) = failure.message.strip_suffix(&format!(": {reply}"))
        {
            failure.message = message.to_owned();
        }
        let advice = library_advice(&error);
        if let Some(advice) = &advice
            && let Some(message) = failure.message.strip_suffix(&format!(": {advice}"))
        {
            failure.message = message.to_owned();
        }
        failure.help.extend(advice);
        failure.outcome = MailOutcome::of(Err(&error));
        failure.error = Some(error);
        failure
    }
}

/// What the library says about what to do, without its methods.
fn library_advice(error: &Error) -> Option<String> {
    Some(in_bytes(&without_methods(error.advice()?)))
}

/// The messages below an error, each once: some types repeat what they wrap.
fn causes(error: &dyn std::error::Error) -> Vec<String> {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let mut messages: Vec<_> = chain
        .map(|error| in_bytes(&without_methods(&error.to_string())))
        .collect();
    messages.dedup();
    messages.split_off(1)
}

/// The library names its own methods in the form "(`ServerConfigBuilder::name`)". The command leaves them
/// out: its flags are in the help.
fn without_methods(text: &str) -> String {
    const BEGIN: &str = " (`";
    const END: &str = "`)";
    let is_method = |name: &str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
        !name.is_empty() && name.chars().all(is_part)
    };
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after_begin)) = rest.split_once(BEGIN) {
        out.push_str(before);
        rest = match after_begin.split_once(END) {
            Some((name, after)) if is_method(name) => after,
            _ => {
                out.push_str(BEGIN);
                after_begin
            }
        };
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_left_out_and_all_else_is_kept() {
        for (text, expected) in [
            ("use LMTP (`ServerConfigBuilder::lmtp`)", "use LMTP"),
            ("give it (`ca_file`); or pin it", "give it; or pin it"),
            ("a (`x y`) (`B::c`) d", "a (`x y`) d"),
            ("no end (`ServerConfig", "no end (`ServerConfig"),
            ("none (``)", "none (``)"),
            (
                "make one with `openssl genrsa`",
                "make one with `openssl genrsa`",
            ),
        ] {
            assert_eq!(without_methods(text), expected);
        }
    }
}
