//! Which rows get a mail.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::error::{MergeError, MergeErrorKind, quoted};
use super::rows::Row;
use super::suggestion::did_you_mean;
use super::template::{Rendered, Template};
use crate::address::{AddrSpec, Mailbox};
use crate::cryptography::digest::{SHA256, digest};

/// The longest line of a list of addresses, in octets.
const MAX_LINE: u64 = 1024;

/// Texts of which only a part of the hash is kept: about 32 octets of memory each, of any length.
///
/// With 128 bits of SHA-256, two different texts of a billion have the same hash with a probability of
/// 10⁻²¹.
#[derive(Debug, Default)]
struct HashedTexts(HashSet<u128>);

impl HashedTexts {
    fn hash(text: &str) -> u128 {
        // Two addresses that differ in capital letters are of one person.
        let hash = digest(&SHA256, text.trim().to_lowercase().as_bytes());
        let half = hash.as_ref().first_chunk().copied();
        u128::from_be_bytes(half.unwrap_or_default())
    }

    /// Adds a text. Returns whether it is new.
    fn insert(&mut self, text: &str) -> bool {
        self.0.insert(Self::hash(text))
    }

    fn contains(&self, text: &str) -> bool {
        self.0.contains(&Self::hash(text))
    }
}

/// Addresses that get no mail, such as those of people who left a list.
///
/// The file has an address in each line. Empty lines and those that begin with `#` are skipped. Capital and
/// small letters are the same, in the whole address. An address takes about 32 octets of memory.
#[derive(Debug, Default)]
pub struct ExceptList(HashedTexts);

impl ExceptList {
    /// Reads the file at `path`. This blocks the thread.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or a line is no address.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, MergeError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let file = std::fs::File::open(path).map_err(|error| failed(error).in_file(&name))?;
        Self::read(&name, file)
    }

    /// Reads a list from any source. `name` is its name in errors.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub fn read(name: &str, source: impl Read) -> Result<Self, MergeError> {
        let mut source = BufReader::new(source);
        let mut list = Self::default();
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let at = |error: MergeError| error.in_file(name).at_line(number);
            let read = source.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
            if read.map_err(|error| at(failed(error)))? == 0 {
                break;
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_start_matches('\u{feff}').trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let address: AddrSpec =
                text.parse()
                    .map_err(|error: crate::address::AddressError| {
                        let wrong = MergeError::new(MergeErrorKind::Address, error.to_string());
                        at(wrong
                            .caused_by(error)
                            .with_help("write one address in each line"))
                    })?;
            list.0.insert(&address.to_string());
        }
        Ok(list)
    }

    /// Whether the address is in the list.
    #[must_use]
    pub fn contains(&self, address: &AddrSpec) -> bool {
        self.0.contains(&address.to_string())
    }

    /// How many addresses it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.0.len()
    }

    /// Whether it has no address.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.0.is_empty()
    }
}

fn failed(error: std::io::Error) -> MergeError {
    MergeError::new(MergeErrorKind::Io, format!("cannot be read: {error}")).caused_by(error)
}

/// Chooses the rows that get a mail, and its recipients. By default that is each row.
#[derive(Debug, Default)]
#[must_use]
pub struct Selection {
    /// The column by which rows are the same, and the values that were.
    dedupe: Option<(String, HashedTexts)>,
    except: Option<ExceptList>,
    only_to: Option<Mailbox>,
}

/// What becomes of a row.
#[derive(Debug)]
#[non_exhaustive]
pub enum Selected {
    /// It gets this mail.
    Mail(Box<Rendered>),
    /// An earlier row has the same value.
    Duplicate,
    /// All its recipients are in the list of exceptions.
    Excepted,
}

impl Selection {
    /// Each row gets a mail.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of rows with the same value in this column, only the first gets a mail. Capital and small letters are
    /// the same, and so are blanks around the value. Rows without a value are all different.
    ///
    /// This takes about 32 octets of memory for each row.
    pub fn dedupe(mut self, column: impl Into<String>) -> Self {
        self.dedupe = Some((column.into(), HashedTexts::default()));
        self
    }

    /// Recipients in this list get no mail.
    pub fn except(mut self, list: ExceptList) -> Self {
        self.except = Some(list);
        self
    }

    /// All mails go to this recipient alone.
    pub fn only_to(mut self, recipient: Mailbox) -> Self {
        self.only_to = Some(recipient);
        self
    }

    /// What becomes of the next row.
    ///
    /// # Errors
    ///
    /// If the row has no such column, or as for [`Template::render`].
    pub fn select(&mut self, template: &Template, row: &Row) -> Result<Selected, MergeError> {
        if let Some((column, seen)) = &mut self.dedupe {
            let Some(value) = row.get(column) else {
                let message = format!("no column {}", quoted(column));
                let help = did_you_mean(column, "columns", row.columns());
                let error = MergeError::new(MergeErrorKind::Column, message).with_help(help);
                let error = error.in_file(row.table()).at_line(row.line());
                return Err(error.of_row(row.number()));
            };
            let text = match value {
                serde_json::Value::Null => String::new(),
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            if !text.trim().is_empty() && !seen.insert(&text) {
                return Ok(Selected::Duplicate);
            }
        }
        let mut mail = template.render(row)?;
        if let Some(list) = &self.except
            && !mail.leave_out(|address| list.contains(address))
        {
            return Ok(Selected::Excepted);
        }
        Ok(Selected::Mail(Box::new(match &self.only_to {
            Some(recipient) => mail.only_to(recipient.clone()),
            None => mail,
        })))
    }
}
