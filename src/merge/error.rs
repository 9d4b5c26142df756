//! Why a row, a template or an attachment cannot become a mail.

use std::fmt;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a table and a template do not become mails, and where.
///
/// `Display` names the place first, as compilers do: `people.csv:17: no column "tickt" (invite.md:4)`.
/// What to do about it is in [`help`](Self::help). Control characters of files are escaped, so that an
/// error is safe on a terminal.
#[derive(Debug)]
pub struct MergeError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: MergeErrorKind,
    file: Option<String>,
    line: Option<u64>,
    column: Option<u64>,
    row: Option<u64>,
    message: String,
    help: Option<String>,
    source: Option<Source>,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MergeErrorKind {
    /// A file cannot be read.
    Io,
    /// A file is not in the encoding that it should have.
    Encoding,
    /// A row does not follow the format of its file.
    Format,
    /// The names of the columns are missing, or cannot be used.
    Header,
    /// A template uses a column that the table or the row does not have.
    Column,
    /// A template does not follow the syntax, or fails for a row.
    Template,
    /// A value does not make an address.
    Address,
    /// The message cannot be built.
    Message,
    /// An attachment cannot be read.
    Attachment,
    /// An attachment is not the same as when it was checked.
    Changed,
    /// Something is larger than this library takes.
    Limit,
    /// The format is not known, or its feature is not enabled.
    Unsupported,
}

impl MergeError {
    pub(super) fn new(kind: MergeErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            file: None,
            line: None,
            column: None,
            row: None,
            message: message.into(),
            help: None,
            source: None,
        }))
    }

    pub(super) fn in_file(mut self, file: &str) -> Self {
        self.0.file = Some(printable(file));
        self
    }

    pub(super) fn at_line(mut self, line: u64) -> Self {
        self.0.line = Some(line);
        self
    }

    pub(super) fn at_column(mut self, column: u64) -> Self {
        self.0.column = Some(column);
        self
    }

    pub(super) fn of_row(mut self, row: u64) -> Self {
        self.0.row = Some(row);
        self
    }

    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    pub(super) fn caused_by(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> MergeErrorKind {
        self.0.kind
    }

    /// The file in which it is, as it was named.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.0.file.as_deref()
    }

    /// The line in that file, from 1 on.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        self.0.line
    }

    /// The character in that line, from 1 on.
    #[must_use]
    pub fn column(&self) -> Option<u64> {
        self.0.column
    }

    /// The [number of the row](super::Row::number), if it is about one.
    #[must_use]
    pub fn row(&self) -> Option<u64> {
        self.0.row
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }
}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.0.file {
            f.write_str(file)?;
            for place in [self.0.line, self.0.column].into_iter().flatten() {
                write!(f, ":{place}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for MergeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.0.source.as_deref()?;
        Some(source)
    }
}

/// The longest text of a file in an error, in characters.
const MAX_SHOWN: usize = 60;

/// A text of a file in quotation marks, escaped and shortened.
pub(super) fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(MAX_SHOWN).collect();
    let cut = if shown.len() < text.len() { "…" } else { "" };
    format!("\"{}{cut}\"", shown.escape_debug())
}

/// The name of a file with its control characters escaped.
pub(super) fn printable(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for character in name.chars() {
        if character.is_control() {
            out.extend(character.escape_debug());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_comes_first() {
        let error = || MergeError::new(MergeErrorKind::Format, "no \"a\"");
        for (error, expected) in [
            (error(), "no \"a\""),
            (error().in_file("a\x1b.csv"), "a\\u{1b}.csv: no \"a\""),
            (error().in_file("a.csv").at_line(3), "a.csv:3: no \"a\""),
            (
                error().in_file("a.csv").at_line(3).at_column(7),
                "a.csv:3:7: no \"a\"",
            ),
        ] {
            assert_eq!(error.to_string(), expected);
        }
        assert_eq!(quoted("a\r\n\"é"), "\"a\\r\\n\\\"é\"");
        assert_eq!(quoted(&"x".repeat(61)).chars().count(), 63);
    }
}
