//! What is odd about a message and no error.

use std::fmt;

/// What a reader of the message will miss, as far as it can be told. The message can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A document in HTML shows a part that the message does not have: `cid:` and this.
    NoPart {
        /// What stands behind `cid:`, shortened.
        id: String,
    },
    /// A part is there to be shown by a document in HTML, and none shows it.
    NotShown {
        /// Its Content-ID.
        id: String,
    },
}

impl Warning {
    /// The most warnings of one message; what is odd beyond them is not said.
    pub const MAX: usize = 100;
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPart { id } => {
                write!(
                    f,
                    "the HTML shows {:?}, and no part has that identifier",
                    format!("cid:{id}")
                )
            }
            Self::NotShown { id } => {
                write!(
                    f,
                    "the part {id:?} is to be shown inline, and the HTML does not show it"
                )
            }
        }
    }
}
