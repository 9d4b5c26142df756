//! The first row of a table, which has the names of its columns.

use std::collections::HashSet;
use std::sync::Arc;

use super::csv::Record;
use super::row::Columns;
use super::separator;
use crate::merge::error::{MergeError, MergeErrorKind, quoted};

/// The columns that the first row names.
pub(super) fn columns(first: Option<Record>, separator: char) -> Result<Arc<Columns>, MergeError> {
    let bad = |message: String| MergeError::new(MergeErrorKind::Header, message);
    let help = "the first row has the names of the columns, such as name and email";
    let Some(Record { line, fields, .. }) = first else {
        return Err(bad("there is no header: the table is empty".to_owned()).with_help(help));
    };
    let names: Vec<_> = fields.iter().map(|name| name.trim().to_owned()).collect();
    let mut seen = HashSet::new();
    for (name, number) in names.iter().zip(1..) {
        if name.is_empty() {
            let message = format!("column {number} has no name");
            let help = format!(
                "name it, or remove the last {} of each row",
                separator::name(separator)
            );
            return Err(bad(message).at_line(line).with_help(help));
        }
        if name.contains('@') {
            let message = format!(
                "there is no header: {} is not the name of a column",
                quoted(name)
            );
            return Err(bad(message).at_line(line).with_help(help));
        }
        if !seen.insert(name) {
            let message = format!("two columns have the name {}", quoted(name));
            let help = "give each column a name of its own";
            return Err(bad(message).at_line(line).with_help(help));
        }
    }
    Ok(Arc::new(Columns::new(names)))
}

/// A row has as many fields as the header.
pub(super) fn check_len(record: &Record, columns: &Columns) -> Result<(), MergeError> {
    let expected = columns.names().len();
    let found = record.fields.len();
    if found == expected {
        return Ok(());
    }
    let fields = |n: usize| format!("{n} {}", if n == 1 { "field" } else { "fields" });
    let message = format!("the row has {}, the header {expected}", fields(found));
    let help = if found > expected {
        "put a field that contains the separator in quotation marks"
    } else {
        "add the fields that are missing, empty ones too"
    };
    let error = MergeError::new(MergeErrorKind::Format, message).with_help(help);
    Err(error.at_line(record.line).of_row(record.row))
}
