//! What ends a command before or instead of a reply.

use std::fmt::Display;

use pilotfish::Error;

use crate::exit;

/// A failure with its exit status, its causes, and what to do next.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: u8,
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    /// The library's error, if it was one.
    pub(crate) error: Option<Error>,
}

impl Failure {
    pub(crate) fn new(status: u8, message: impl Display) -> Self {
        Self {
            status,
            message: message.to_string(),
            causes: Vec::new(),
            error: None,
        }
    }

    /// Any error, with its chain.
    pub(crate) fn of(status: u8, error: &dyn std::error::Error) -> Self {
        Self {
            causes: causes(error),
            ..Self::new(status, error)
        }
    }

    /// A file that cannot be read.
    pub(crate) fn input(message: String, error: impl std::error::Error) -> Self {
        Self {
            causes: vec![error.to_string()],
            ..Self::new(exit::NO_INPUT, message)
        }
    }

    /// A mail that cannot be made.
    pub(crate) fn bad_mail(message: impl Display) -> Self {
        Self::new(exit::DATA, message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            status: exit::status(&error),
            message: error.to_string(),
            causes: causes(&error),
            error: Some(error),
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
    causes
}
