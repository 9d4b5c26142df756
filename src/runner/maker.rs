//! From a row to its mail.

use std::fmt;
use std::pin::Pin;

use crate::session::Mail;
use crate::spool::{ClaimedMail, JobId};

/// A mail, as it is made.
pub type Making<'a> = Pin<Box<dyn Future<Output = Result<MadeMail, MakeError>> + Send + 'a>>;

/// Makes the mails of rows: from a template and the data of the row, or from a message in the spool.
pub trait MailMaker: fmt::Debug + Send + Sync {
    /// The mail of this row, for all of its recipients. It has to be the same at each call, as the row may be
    /// tried again.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped when the run is stopped.
    fn make<'a>(&'a self, job: &'a JobId, mail: &'a ClaimedMail) -> Making<'a>;
}

/// A mail that was made, and what the events of the run say of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct MadeMail {
    /// The mail.
    pub mail: Mail,
}

impl From<Mail> for MadeMail {
    fn from(mail: Mail) -> Self {
        Self { mail }
    }
}

/// Why a mail could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MakeError {
    /// The cause and the next step.
    pub message: String,
    /// Whether it may be made later. If not, the row fails.
    pub is_transient: bool,
}

impl MakeError {
    /// A mail that can never be made.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            is_transient: false,
        }
    }

    /// A mail that may be made later.
    pub fn transient(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            is_transient: true,
        }
    }
}

impl fmt::Display for MakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for MakeError {}
