//! What was sent, and how.

use serde::Serialize;

use super::kept::Kept;

/// What was sent, and how: the files with their hashes, the limits and the versions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Facts {
    /// The file that each mail was made of.
    pub template: Option<FileFact>,
    /// The rows.
    pub data: Option<FileFact>,
    /// The attachments, each once.
    pub attachments: Files,
    /// The limits, such as `mails` and `30/min`.
    pub limits: Vec<Fact>,
    /// The programs, such as `pilotfish` and `0.1.0`.
    pub versions: Vec<Fact>,
}

/// Files, of which the first 100 are kept.
pub type Files = Kept<FileFact, 100>;

/// A file that was sent, or that mails were made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FileFact {
    /// Its name.
    pub name: String,
    /// Its size in octets.
    pub size: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

/// A name and a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Fact {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

impl FileFact {
    /// A file with its size in octets and its SHA-256 in hexadecimal.
    #[must_use]
    pub fn new(name: impl Into<String>, size: u64, sha256: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            size,
            sha256: sha256.into(),
        }
    }
}

impl Fact {
    /// A name and a value.
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}
