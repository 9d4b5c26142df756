//! The rows of a table: from CSV, JSON lines and spreadsheets.

#[cfg(feature = "spreadsheet")]
mod cell;
mod csv;
mod header;
mod jsonl;
mod row;
mod separator;
#[cfg(feature = "spreadsheet")]
mod spreadsheet;
#[cfg(test)]
mod tests;
mod text_reader;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::error::{MergeError, MergeErrorKind, quoted};
use csv::CsvReader;
use jsonl::JsonlReader;
use row::Columns;
pub use row::Row;
#[cfg(feature = "spreadsheet")]
use spreadsheet::read as read_sheet;
use text_reader::{Choice, TextReader};

/// The format of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TableFormat {
    /// Lines of fields with a separator between them, the first of which has the names of the columns.
    Csv,
    /// An object for each person in a line of its own.
    JsonLines,
    /// The sheet of an xlsx or ods file.
    Spreadsheet,
}

impl TableFormat {
    /// The format of files with this extension: `csv`, `tsv`, `txt`, `jsonl`, `ndjson`, `xlsx` or `ods`.
    #[must_use]
    pub fn of_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "xlsx" | "ods" => Some(Self::Spreadsheet),
            _ => None,
        }
    }
}

/// How a table is opened, where it does not say that itself.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct TableOptions {
    format: Option<TableFormat>,
    separator: Option<char>,
    encoding: Option<String>,
    sheet: Option<String>,
}

impl TableOptions {
    /// Everything is found out.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the format. By default it is that of the extension of the file, and of other sources JSON lines
    /// if the first character is `{`, and else CSV.
    pub fn format(mut self, format: TableFormat) -> Self {
        self.format = Some(format);
        self
    }

    /// Sets the separator of CSV. By default it is the one of `,`, `;`, tab and `|` that is in the first
    /// line most often.
    pub fn separator(mut self, separator: char) -> Self {
        self.separator = Some(separator);
        self
    }

    /// Sets the encoding by its name, such as `windows-1252`. A byte order mark has precedence. By default
    /// it is UTF-8; CSV whose first 64 KiB are not UTF-8 is taken for windows-1252.
    pub fn encoding(mut self, name: impl Into<String>) -> Self {
        self.encoding = Some(name.into());
        self
    }

    /// Sets the name of the sheet of a spreadsheet. By default it is the first.
    pub fn sheet(mut self, name: impl Into<String>) -> Self {
        self.sheet = Some(name.into());
        self
    }

    /// Opens the file at `path`.
    ///
    /// # Errors
    ///
    /// As for [`Rows::open`].
    pub fn open(self, path: impl AsRef<Path>) -> Result<Rows, MergeError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let in_file = |error: MergeError| error.in_file(&name);
        let Some(format) = self.format.or_else(|| TableFormat::of_path(path)) else {
            let message = "the extension does not say the format of the table";
            let help = "use .csv, .tsv, .txt, .jsonl, .ndjson, .xlsx or .ods, or name the format";
            let error = MergeError::new(MergeErrorKind::Unsupported, message).with_help(help);
            return Err(in_file(error));
        };
        let failed = |error: std::io::Error| {
            let message = format!("cannot be read: {error}");
            in_file(MergeError::new(MergeErrorKind::Io, message).caused_by(error))
        };
        let file = File::open(path).map_err(failed)?;
        let options = Self {
            format: Some(format),
            ..self
        };
        options.read(&name, file)
    }

    /// Reads a table from any source, such as standard input. `name` is its name in errors.
    ///
    /// # Errors
    ///
    /// As for [`Rows::open`].
    pub fn read(self, name: &str, source: impl Read + Send + 'static) -> Result<Rows, MergeError> {
        self.rows(name, Box::new(source))
            .map_err(|error| error.in_file(name))
    }

    fn rows(self, name: &str, source: Box<dyn Read + Send>) -> Result<Rows, MergeError> {
        let table: Arc<str> = name.into();
        let rows = |inner, encoding, separator, columns| Rows {
            table,
            inner,
            encoding,
            separator,
            columns,
            has_ended: false,
        };
        if self.format == Some(TableFormat::Spreadsheet) {
            let (columns, records) = read_sheet(source, self.sheet.as_deref())?;
            let inner = Inner::Sheet(records.into_iter());
            return Ok(rows(inner, None, None, Some(columns)));
        }
        let given = self.encoding.as_deref().map(text_reader::named);
        let choice = match (given.transpose()?, self.format) {
            (Some(encoding), _) => Choice::Given(encoding),
            (None, Some(TableFormat::JsonLines)) => Choice::Utf8,
            (None, _) => Choice::Utf8OrWindows,
        };
        let mut text = TextReader::new(source, choice)?;
        let encoding = Some(text.encoding());
        let is_json = || text.text().trim_start().starts_with('{');
        if self.format == Some(TableFormat::JsonLines) || self.format.is_none() && is_json() {
            return Ok(rows(
                Inner::Json(JsonlReader::new(text), Arc::default()),
                encoding,
                None,
                None,
            ));
        }
        let declared = separator::declared_in(text.text());
        let (declared, len) = declared.map_or((None, 0), |(found, len)| (Some(found), len));
        text.take(len);
        let found = || declared.unwrap_or_else(|| separator::found_in(text.text()));
        let separator = self.separator.unwrap_or_else(found);
        let Some(octet) = u8::try_from(separator)
            .ok()
            .filter(|octet| is_separator(*octet))
        else {
            let message = format!("{} cannot separate fields", quoted(&separator.to_string()));
            let help = "usual separators are the comma, the semicolon and the tab";
            return Err(MergeError::new(MergeErrorKind::Unsupported, message).with_help(help));
        };
        let mut csv = CsvReader::new(text, octet, u64::from(len > 0));
        let columns = header::columns(csv.next_record()?, separator)?;
        Ok(rows(
            Inner::Csv(csv),
            encoding,
            Some(separator),
            Some(columns),
        ))
    }
}

#[cfg(not(feature = "spreadsheet"))]
fn read_sheet(
    _: Box<dyn Read + Send>,
    _: Option<&str>,
) -> Result<(Arc<Columns>, Vec<csv::Record>), MergeError> {
    let message = "this build cannot read spreadsheets";
    let help = "save the table as CSV, or enable the feature spreadsheet";
    Err(MergeError::new(MergeErrorKind::Unsupported, message).with_help(help))
}

fn is_separator(octet: u8) -> bool {
    octet.is_ascii() && !octet.is_ascii_alphanumeric() && !matches!(octet, 0 | b'"' | b'\r' | b'\n')
}

/// The rows of a table, one after another.
///
/// A table of any length takes constant memory: a row of CSV or JSON lines has at most 1 MiB and 1000
/// columns, and the reader is at most 64 KiB ahead of it. A spreadsheet is in memory as a whole, and may have
/// at most 50 MB.
///
/// Reading blocks the thread, so an async program iterates in `tokio::task::spawn_blocking`. After an error
/// there are no more rows.
///
/// * Rows without any value are skipped, and counted.
/// * All values of CSV are texts, as they are written: `00123` stays that.
/// * Of JSON lines, a number that would be written differently, such as `1.10`, is a text.
/// * A number in a spreadsheet has no needless `.0`, and a date is `2026-11-30`.
///
/// ```
/// use pilotfish::merge::TableOptions;
///
/// let csv = "name;email\nAnn;ann@example.org\n";
/// let rows = TableOptions::new().read("people.csv", csv.as_bytes())?;
/// assert_eq!(rows.separator(), Some(';'));
/// for row in rows {
///     let row = row?;
///     assert_eq!((row.number(), row.get("name").unwrap()), (2, &"Ann".into()));
/// }
/// # Ok::<(), pilotfish::merge::MergeError>(())
/// ```
pub struct Rows {
    table: Arc<str>,
    inner: Inner,
    encoding: Option<&'static str>,
    separator: Option<char>,
    columns: Option<Arc<Columns>>,
    has_ended: bool,
}

enum Inner {
    Csv(CsvReader),
    /// The columns of the last row, which most rows have.
    Json(JsonlReader, Arc<Columns>),
    Sheet(std::vec::IntoIter<csv::Record>),
}

impl Rows {
    /// Opens the file at `path`, whose extension names the [format](TableFormat::of_path).
    ///
    /// # Errors
    ///
    /// If the file cannot be read, if its format or encoding is not known, or if its first row does not have
    /// a name for each column, each of them once.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, MergeError> {
        TableOptions::new().open(path)
    }

    /// The name of the table, as it was opened.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The encoding, such as `UTF-8`; `None` for a spreadsheet.
    #[must_use]
    pub fn encoding(&self) -> Option<&'static str> {
        self.encoding
    }

    /// The separator; `None` if it is not CSV.
    #[must_use]
    pub fn separator(&self) -> Option<char> {
        self.separator
    }

    /// The names of the columns; `None` for JSON lines, where each row has its own.
    #[must_use]
    pub fn columns(&self) -> Option<&[String]> {
        self.columns.as_ref().map(|columns| columns.names())
    }

    fn next_row(&mut self) -> Result<Option<Row>, MergeError> {
        let record = match &mut self.inner {
            Inner::Json(reader, columns) => {
                return Ok(reader.next_object()?.map(|(line, (names, values))| {
                    if columns.names() != names {
                        *columns = Arc::new(Columns::new(names));
                    }
                    let table = Arc::clone(&self.table);
                    Row::of(table, line, line, Arc::clone(columns), values)
                }));
            }
            Inner::Csv(reader) => reader.next_record()?,
            Inner::Sheet(records) => records.next(),
        };
        let (Some(record), Some(columns)) = (record, &self.columns) else {
            return Ok(None);
        };
        header::check_len(&record, columns)?;
        let values = record.fields.into_iter().map(Value::String).collect();
        let table = Arc::clone(&self.table);
        Ok(Some(Row::of(
            table,
            record.row,
            record.line,
            Arc::clone(columns),
            values,
        )))
    }
}

impl Iterator for Rows {
    type Item = Result<Row, MergeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let next = self.next_row().map_err(|error| error.in_file(&self.table));
        self.has_ended = !matches!(next, Ok(Some(_)));
        next.transpose()
    }
}

/// Shows where the rows come from, and none of them.
impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("table", &self.table)
            .field("encoding", &self.encoding)
            .field("separator", &self.separator)
            .finish_non_exhaustive()
    }
}
