//! One row of a table.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

/// One row of a table: the values of one person.
///
/// A clone copies the values; the names of the columns are shared by all rows of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    table: Arc<str>,
    number: u64,
    line: u64,
    columns: Arc<Columns>,
    values: Vec<Value>,
}

/// The names of the columns, and where each of them is.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct Columns {
    names: Vec<String>,
    places: HashMap<String, usize>,
}

impl Columns {
    pub(super) fn new(names: Vec<String>) -> Self {
        let places = names.iter().cloned().zip(0..).collect();
        Self { names, places }
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }
}

impl Row {
    /// A row of other origin than a file, such as one that was stored.
    ///
    /// `table` is the name of the table in errors, and `number` that of the row.
    ///
    /// ```
    /// use pilotfish::merge::Row;
    ///
    /// let row = Row::new("people", 2, [("name".to_owned(), "Ann".into())]);
    /// assert_eq!(row.get("name").unwrap(), "Ann");
    /// ```
    #[must_use]
    pub fn new(
        table: &str,
        number: u64,
        fields: impl IntoIterator<Item = (String, Value)>,
    ) -> Self {
        let (names, values) = fields.into_iter().unzip();
        Self::of(
            table.into(),
            number,
            number,
            Arc::new(Columns::new(names)),
            values,
        )
    }

    pub(super) fn of(
        table: Arc<str>,
        number: u64,
        line: u64,
        columns: Arc<Columns>,
        values: Vec<Value>,
    ) -> Self {
        Self {
            table,
            number,
            line,
            columns,
            values,
        }
    }

    /// The name of its table, as it was opened.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The number that a spreadsheet shows beside it: the header is 1, the first person 2. In JSON lines
    /// it is the line.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The line of the file in which it begins. It is greater than the number if a value before it has
    /// line breaks.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The value of a column.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&Value> {
        self.values.get(*self.columns.places.get(column)?)
    }

    /// The names of the columns, in their order.
    pub fn columns(&self) -> impl Iterator<Item = &str> + Clone {
        self.columns.names.iter().map(String::as_str)
    }

    /// The columns and their values, in their order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.columns().zip(&self.values)
    }

    /// The fields as an object, from which [`new`](Self::new) makes the same row.
    #[must_use]
    pub fn to_object(&self) -> Map<String, Value> {
        let owned = |(name, value): (&str, &Value)| (name.to_owned(), value.clone());
        self.fields().map(owned).collect()
    }
}
