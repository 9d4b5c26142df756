//! What ends a command before or instead of a reply.

use std::fmt::Display;

use pilotfish::Error;
use pilotfish::session::{MailOutcome, Recipient, RecipientOutcome, recipient_outcomes};

use crate::exit;
use crate::hint::{Situation, hint};
use crate::report::Mail;

/// A failure with its exit status, its causes, and what to do next.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: u8,
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    /// What to do next, if the message does not say it.
    pub(crate) help: Option<String>,
    /// The library's error, if it was one.
    pub(crate) error: Option<Error>,
}

impl Failure {
    pub(crate) fn new(status: u8, message: impl Display) -> Self {
        Self {
            status,
            message: without_methods(&message.to_string()),
            causes: Vec::new(),
            help: None,
            error: None,
        }
    }

    /// The same with what to do next.
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with what caused it.
    pub(crate) fn with_cause(mut self, cause: &dyn std::error::Error) -> Self {
        self.causes.push(without_methods(&cause.to_string()));
        self.causes.extend(causes(cause));
        self
    }

    /// Any error, with its chain.
    pub(crate) fn of(status: u8, error: &dyn std::error::Error) -> Self {
        Self {
            causes: causes(error),
            ..Self::new(status, error)
        }
    }

    /// The same with advice for the library's error, where there is any.
    pub(crate) fn advised(mut self, situation: &Situation) -> Self {
        let advice = self.error.as_ref();
        let advice = advice.and_then(|error| hint(error, situation));
        self.help = self.help.or(advice);
        self
    }

    /// The same with which recipients can get the mail again, if others have it or may have it.
    pub(crate) fn advised_for(mut self, mail: &Mail) -> Self {
        use RecipientOutcome::{Accepted, Deferred, NotTried, Unknown};
        let recipients = self.recipients(mail);
        let any = |outcomes: [RecipientOutcome; 2]| {
            let mut recipients = recipients.iter();
            recipients.any(|recipient| outcomes.contains(&recipient.outcome))
        };
        if any([Accepted, Unknown]) && any([Deferred, NotTried]) {
            let advice = "send it again only to the recipients that are deferred or not tried";
            self.help = Some(match self.help.take() {
                Some(help) => format!("{help}; {advice}"),
                None => advice.to_owned(),
            });
        }
        self
    }

    /// A file that cannot be read.
    pub(crate) fn input(message: String, error: impl std::error::Error) -> Self {
        Self::new(exit::NO_INPUT, message).with_cause(&error)
    }

    /// What became of the mail.
    pub(crate) fn outcome(&self) -> MailOutcome {
        match (&self.error, self.status) {
            // No failure has stopped the mail: the user did not want it to be sent.
            (_, exit::INTERRUPTED | exit::TERMINATED | exit::HUNG_UP) => MailOutcome::Failed,
            (Some(error), _) => MailOutcome::of(Err(error)),
            (None, exit::UNKNOWN) => MailOutcome::Unknown,
            (None, exit::TEMPORARY) => MailOutcome::Deferred,
            (None, _) => MailOutcome::Failed,
        }
    }

    /// What became of the mail for each recipient.
    pub(crate) fn recipients<'a>(&'a self, mail: &'a Mail) -> Vec<Recipient<'a>> {
        if let Some(error) = &self.error {
            return recipient_outcomes(&mail.recipients, Err(error));
        }
        let outcome = match self.outcome() {
            MailOutcome::Unknown => RecipientOutcome::Unknown,
            _ => RecipientOutcome::NotTried,
        };
        let recipients = mail.recipients.iter();
        recipients
            .map(|path| Recipient::new(path, outcome))
            .collect()
    }

    /// A mail that cannot be made.
    pub(crate) fn bad_mail(message: impl Display) -> Self {
        Self::new(exit::DATA, message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let failure = Self::of(exit::status(&error), &error);
        Self {
            error: Some(error),
            ..failure
        }
    }
}

/// The messages below an error, each once: some types repeat what they wrap.
fn causes(error: &dyn std::error::Error) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    let mut source = error.source();
    let top = error.to_string();
    while let Some(cause) = source {
        let text = cause.to_string();
        let above = causes.last().unwrap_or(&top);
        if !above.contains(&text) {
            causes.push(text);
        }
        source = cause.source();
    }
    causes.iter().map(|cause| without_methods(cause)).collect()
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
    while let Some((before, behind)) = rest.split_once(BEGIN) {
        out.push_str(before);
        rest = match behind.split_once(END) {
            Some((name, after)) if is_method(name) => after,
            _ => {
                out.push_str(BEGIN);
                behind
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
