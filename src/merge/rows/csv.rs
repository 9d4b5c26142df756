//! Tables in CSV (RFC 4180), as spreadsheets write them.

use super::text_reader::TextReader;
use crate::merge::error::{MergeError, MergeErrorKind};

/// The most octets of a row, in UTF-8.
pub(super) const MAX_ROW: usize = 1 << 20;
/// The most columns.
pub(super) const MAX_COLUMNS: usize = 1000;

/// Splits a text into records, and counts their rows and lines.
///
/// This does not use the package `csv`, which does not say that a quote is not closed: the rest of the
/// file would be one value. Here a record has at most [`MAX_ROW`] octets, and each error has its line.
pub(super) struct CsvReader {
    text: TextReader,
    separator: u8,
    row: u64,
    line: u64,
    /// How many characters of the line were read.
    column: u64,
    /// Whether the last octet was a CR, so that a LF belongs to it.
    after_cr: bool,
}

/// The fields of one row, and where it begins.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) row: u64,
    pub(super) line: u64,
    pub(super) fields: Vec<String>,
}

/// A record of which not all has been read.
#[derive(Default)]
struct Draft {
    fields: Vec<String>,
    field: Vec<u8>,
    place: Place,
    /// The octets of all fields together.
    len: usize,
    /// Where the last quote was opened.
    quote: (u64, u64),
}

/// Where in a field the next character is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Beginning,
    Plain,
    Quoted,
    /// After a quotation mark within quotes: the end, or the first of two.
    AfterQuote,
}

impl Draft {
    fn is_blank(&self) -> bool {
        self.fields.is_empty() && self.field.is_empty() && self.place == Place::Beginning
    }

    fn end_field(&mut self) {
        let octets = std::mem::take(&mut self.field);
        self.fields
            .push(String::from_utf8(octets).unwrap_or_default());
        self.place = Place::Beginning;
    }
}

impl CsvReader {
    /// Reads from the first line on, which is row 1.
    pub(super) fn new(text: TextReader, separator: u8, lines_before: u64) -> Self {
        Self {
            text,
            separator,
            row: 0,
            line: 1 + lines_before,
            column: 0,
            after_cr: false,
        }
    }

    /// The next record that is not blank.
    pub(super) fn next_record(&mut self) -> Result<Option<Record>, MergeError> {
        while let Some(record) = self.any_record()? {
            if record.fields.iter().any(|field| !field.trim().is_empty()) {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// The next record; an empty line is one without fields.
    fn any_record(&mut self) -> Result<Option<Record>, MergeError> {
        let mut draft = Draft::default();
        let mut line = None;
        loop {
            let mut is_whole = false;
            let mut taken = 0;
            while let Some(octet) = self.text.octet(taken) {
                taken += 1;
                let was_cr = std::mem::replace(&mut self.after_cr, octet == b'\r');
                let belongs_to_cr = was_cr && octet == b'\n';
                if belongs_to_cr && draft.place != Place::Quoted {
                    continue;
                }
                line.get_or_insert(self.line);
                is_whole = self.step(&mut draft, octet)?;
                self.count(octet, belongs_to_cr);
                if is_whole {
                    break;
                }
            }
            self.text.take(taken);
            if !is_whole && self.text.more().map_err(|error| self.here(error))? {
                continue;
            }
            if !is_whole && draft.place == Place::Quoted {
                return Err(unclosed(&draft, "the end of the file"));
            }
            if !is_whole && draft.is_blank() {
                return Ok(None);
            }
            self.row += 1;
            if !draft.is_blank() {
                draft.end_field();
            }
            return Ok(Some(Record {
                row: self.row,
                line: line.unwrap_or(self.line),
                fields: draft.fields,
            }));
        }
    }

    /// Adds an octet. Returns whether the record is whole.
    fn step(&self, draft: &mut Draft, octet: u8) -> Result<bool, MergeError> {
        draft.len += 1;
        if draft.len > MAX_ROW {
            return Err(match draft.place {
                Place::Quoted => unclosed(draft, "the next mebibyte"),
                _ => self.fault(MergeErrorKind::Limit, "the row has over 1 MiB"),
            });
        }
        if octet == 0 {
            let error = self.fault(MergeErrorKind::Format, "there is a NUL character");
            return Err(error.with_help("save the table as CSV in UTF-8"));
        }
        match (draft.place, octet) {
            (Place::Beginning, b'"') => {
                draft.place = Place::Quoted;
                draft.quote = (self.line, self.column + 1);
            }
            (Place::Quoted, b'"') => draft.place = Place::AfterQuote,
            (Place::AfterQuote, b'"') => {
                draft.field.push(octet);
                draft.place = Place::Quoted;
            }
            (Place::Quoted, _) => draft.field.push(octet),
            (_, b'\r' | b'\n') => return Ok(true),
            (_, separator) if separator == self.separator => {
                draft.end_field();
                if draft.fields.len() >= MAX_COLUMNS {
                    let message = format!("the row has over {MAX_COLUMNS} fields");
                    return Err(self.fault(MergeErrorKind::Limit, message));
                }
            }
            (Place::AfterQuote, b' ') => {}
            (Place::AfterQuote, _) => {
                let message = "text follows the quotation mark that closes a field";
                let help = "a quotation mark within quotes is written twice: \"\"";
                return Err(self.fault(MergeErrorKind::Format, message).with_help(help));
            }
            (Place::Beginning | Place::Plain, _) => {
                draft.field.push(octet);
                draft.place = Place::Plain;
            }
        }
        Ok(false)
    }

    /// Counts the line and the character.
    fn count(&mut self, octet: u8, belongs_to_cr: bool) {
        match octet {
            b'\n' if belongs_to_cr => {}
            b'\r' | b'\n' => {
                self.line += 1;
                self.column = 0;
            }
            // Octets that continue a character in UTF-8.
            0x80..=0xbf => {}
            _ => self.column += 1,
        }
    }

    fn fault(&self, kind: MergeErrorKind, message: impl Into<String>) -> MergeError {
        self.here(MergeError::new(kind, message))
    }

    fn here(&self, error: MergeError) -> MergeError {
        let error = error.at_line(self.line).at_column(self.column + 1);
        error.of_row(self.row + 1)
    }
}

fn unclosed(draft: &Draft, until: &str) -> MergeError {
    let message = format!("the quotation mark is not closed before {until}");
    let (line, column) = draft.quote;
    let error = MergeError::new(MergeErrorKind::Format, message).with_help("add the closing one");
    error.at_line(line).at_column(column)
}
