//! Tables in spreadsheets, which are in memory as a whole.

use std::io::{Cursor, Read};
use std::sync::Arc;

use calamine::{Data, Ods, OdsError, Reader, Xlsx, XlsxError};

use super::cell::{self, column_name};
use super::csv::{MAX_COLUMNS, Record};
use super::header;
use super::row::Columns;
use crate::merge::error::{MergeError, MergeErrorKind, quoted};
use crate::merge::suggestion::did_you_mean;

/// The largest file.
const MAX_FILE: u64 = 50_000_000;

/// What the first octets of an ods file have in them: its zip archive begins with the media type.
const OPEN_DOCUMENT: &[u8] = b"opendocument.spreadsheet";

type Cells = Cursor<Vec<u8>>;

/// The columns and the rows of the sheet with this name, or of the first one.
pub(super) fn read(
    source: Box<dyn Read + Send>,
    sheet: Option<&str>,
) -> Result<(Arc<Columns>, Vec<Record>), MergeError> {
    let mut octets = Vec::new();
    let read = source.take(MAX_FILE + 1).read_to_end(&mut octets);
    let read = read.map_err(|error| {
        let message = format!("cannot be read: {error}");
        MergeError::new(MergeErrorKind::Io, message).caused_by(error)
    })?;
    if read as u64 > MAX_FILE {
        let message = "the spreadsheet has over 50 MB";
        let error = MergeError::new(MergeErrorKind::Limit, message);
        return Err(error.with_help("save it as CSV, which has no limit"));
    }
    let beginning = octets.get(..octets.len().min(100)).unwrap_or_default();
    let is_open_document = memchr::memmem::find(beginning, OPEN_DOCUMENT).is_some();
    let cells = Cursor::new(octets);
    let records = if is_open_document {
        of_open_document(cells, sheet)?
    } else {
        of_excel(cells, sheet)?
    };
    table(records)
}

fn of_excel(cells: Cells, sheet: Option<&str>) -> Result<Vec<Record>, MergeError> {
    let mut book: Xlsx<Cells> = Xlsx::new(cells).map_err(failed)?;
    let name = chosen(&book.sheet_names(), sheet)?;
    // Not as a range, which has room for all cells up to the last one.
    let mut reader = book.worksheet_cells_reader(&name).map_err(failed)?;
    let mut records = Records::default();
    while let Some(cell) = reader.next_cell().map_err(failed::<XlsxError>)? {
        let (row, column) = cell.get_position();
        records.add(row, column, &Data::from(cell.get_value().clone()))?;
    }
    Ok(records.0)
}

fn of_open_document(cells: Cells, sheet: Option<&str>) -> Result<Vec<Record>, MergeError> {
    let mut book: Ods<Cells> = Ods::new(cells).map_err(failed)?;
    let name = chosen(&book.sheet_names(), sheet)?;
    let range = book.worksheet_range(&name).map_err(failed::<OdsError>)?;
    let (first_row, first_column) = range.start().unwrap_or_default();
    let mut records = Records::default();
    for (row, column, value) in range.used_cells() {
        let place =
            |first: u32, more: usize| first.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        let (row, column) = (place(first_row, row), place(first_column, column));
        records.add(row, column, value)?;
    }
    Ok(records.0)
}

fn failed<E: std::error::Error + Send + Sync + 'static>(error: E) -> MergeError {
    let message = format!("the spreadsheet cannot be read: {error}");
    let error = MergeError::new(MergeErrorKind::Format, message).caused_by(error);
    error.with_help("save it as CSV")
}

/// The name of the sheet that is read.
fn chosen(names: &[String], sheet: Option<&str>) -> Result<String, MergeError> {
    let found = match sheet {
        Some(sheet) => names.iter().find(|name| *name == sheet),
        None => names.first(),
    };
    found.cloned().ok_or_else(|| {
        let sheet = sheet.unwrap_or_default();
        let message = format!("the spreadsheet has no sheet {}", quoted(sheet));
        let help = did_you_mean(sheet, "sheets", names.iter().map(String::as_str));
        MergeError::new(MergeErrorKind::Unsupported, message).with_help(help)
    })
}

/// Rows that have at least one value.
#[derive(Default)]
struct Records(Vec<Record>);

impl Records {
    /// Adds the value of a cell. The cells come row by row.
    fn add(&mut self, row: u32, column: u32, value: &Data) -> Result<(), MergeError> {
        let number = u64::from(row) + 1;
        let place = column as usize;
        let at = |error: MergeError| error.at_line(number).of_row(number);
        let text = cell::text(value).map_err(|error| {
            let message = format!(
                "the cell {}{number} has the error {error}",
                column_name(place)
            );
            at(MergeError::new(MergeErrorKind::Format, message)).with_help("correct its formula")
        })?;
        if text.trim().is_empty() {
            return Ok(());
        }
        if place >= MAX_COLUMNS {
            let message = format!("the row has over {MAX_COLUMNS} fields");
            return Err(at(MergeError::new(MergeErrorKind::Limit, message)));
        }
        if self.0.last().is_none_or(|last| last.row != number) {
            self.0.push(Record {
                row: number,
                line: number,
                fields: Vec::new(),
            });
        }
        if let Some(last) = self.0.last_mut() {
            last.fields
                .resize(place.max(last.fields.len()), String::new());
            last.fields.push(text);
        }
        Ok(())
    }
}

/// The columns that the first row names, and the rows after it.
///
/// Empty columns before the table are left out. A row without values at its end gets empty ones.
fn table(records: Vec<Record>) -> Result<(Arc<Columns>, Vec<Record>), MergeError> {
    let empty = |record: &Record| {
        record
            .fields
            .iter()
            .take_while(|field| field.is_empty())
            .count()
    };
    let margin = records.iter().map(empty).min().unwrap_or_default();
    let mut records = records.into_iter().map(|mut record| {
        record.fields.drain(..margin);
        record
    });
    let columns = header::columns(records.next(), ';')?;
    let width = columns.names().len();
    let padded = records.map(|mut record| {
        let len = record.fields.len().max(width);
        record.fields.resize(len, String::new());
        record
    });
    Ok((columns, padded.collect()))
}
