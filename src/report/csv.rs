//! The rows of the input with their outcomes.

use std::io::{self, Write};
use std::time::SystemTime;

use csv::{Terminator, Writer, WriterBuilder};

use super::data::Outcome;
use super::time;

/// The columns that follow those of the input.
pub const OUTCOME_COLUMNS: [&str; 8] = [
    "pilotfish-outcome",
    "pilotfish-code",
    "pilotfish-enhanced",
    "pilotfish-reply",
    "pilotfish-recipient-outcomes",
    "pilotfish-time",
    "pilotfish-attempts",
    "pilotfish-id",
];

/// Writes the rows of the input with their outcomes, one at a time.
///
/// The cells of the input stay as they are. A cell that the report adds gets an apostrophe in front
/// if a spreadsheet would take it for a formula, as it may begin with the words of a server. If the
/// input has outcome columns already, as an earlier report has, they are replaced.
///
/// Every method fails with the writer's error.
///
/// ```
/// use pilotfish::report::{CsvReport, Outcome, RowOutcome};
///
/// # fn main() -> std::io::Result<()> {
/// let mut report = CsvReport::new(Vec::new(), b';', ["email", "name"])?;
/// let mut outcome = RowOutcome::new(Outcome::Accepted);
/// outcome.code = Some(250);
/// outcome.attempts = 1;
/// report.row(["ann@example.org", "Ann"], &outcome)?;
/// let text = String::from_utf8(report.finish()?).unwrap_or_default();
/// assert!(text.ends_with("\nann@example.org;Ann;accepted;250;;;;;1;\n"));
/// # Ok(())
/// # }
/// ```
pub struct CsvReport<W: Write> {
    writer: Writer<W>,
    /// Which columns of the input are kept.
    kept: Vec<bool>,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowOutcome {
    /// The outcome of the mail.
    pub outcome: Outcome,
    /// The code of the reply.
    pub code: Option<u16>,
    /// The enhanced status code of the reply, such as `5.1.1`.
    pub enhanced: Option<String>,
    /// The text of the reply, or the error of the network.
    pub reply: Option<String>,
    /// The outcome of each recipient with the reply to it, where they differ. Empty: they do not.
    pub recipients: Vec<(String, Outcome, Option<String>)>,
    /// When the outcome was known.
    pub time: Option<SystemTime>,
    /// How often the mail was tried.
    pub attempts: u32,
    /// The id that the server gave to the mail.
    pub id: Option<String>,
}

impl RowOutcome {
    /// An outcome without a reply.
    #[must_use]
    pub fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            code: None,
            enhanced: None,
            reply: None,
            recipients: Vec::new(),
            time: None,
            attempts: 0,
            id: None,
        }
    }

    /// The cells of [`OUTCOME_COLUMNS`].
    fn cells(&self) -> [String; 8] {
        let text = |value: &Option<String>| value.as_deref().map(guarded).unwrap_or_default();
        [
            self.outcome.name().to_owned(),
            self.code.map(|code| code.to_string()).unwrap_or_default(),
            text(&self.enhanced),
            text(&self.reply),
            guarded(&self.recipient_outcomes()),
            self.time.map(time::rfc3339).unwrap_or_default(),
            self.attempts.to_string(),
            text(&self.id),
        ]
    }

    /// `ann@example.org accepted; bob@example.net rejected: 550 5.1.1 User unknown`.
    fn recipient_outcomes(&self) -> String {
        let of_one = |(address, outcome, reply): &(String, Outcome, Option<String>)| match reply {
            Some(reply) => format!("{address} {}: {reply}", outcome.name()),
            None => format!("{address} {}", outcome.name()),
        };
        let all: Vec<_> = self.recipients.iter().map(of_one).collect();
        all.join("; ")
    }
}

impl<W: Write> CsvReport<W> {
    /// Writes the header line. The separator is that of the input.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn new<C>(writer: W, separator: u8, columns: C) -> io::Result<Self>
    where
        C: IntoIterator<Item: AsRef<str>>,
    {
        let mut writer = WriterBuilder::new()
            .delimiter(separator)
            .terminator(Terminator::Any(b'\n'))
            .from_writer(writer);
        let mut kept = Vec::new();
        for column in columns {
            let is_kept = !OUTCOME_COLUMNS.contains(&column.as_ref());
            kept.push(is_kept);
            if is_kept {
                writer.write_field(column.as_ref())?;
            }
        }
        writer.write_record(OUTCOME_COLUMNS)?;
        Ok(Self { writer, kept })
    }

    /// Writes a row of the input with its outcome. A row that is too short gets empty cells.
    ///
    /// # Errors
    ///
    /// The writer's. [`io::ErrorKind::InvalidInput`] if the row has more cells than the header line.
    pub fn row<C>(&mut self, cells: C, outcome: &RowOutcome) -> io::Result<()>
    where
        C: IntoIterator<Item: AsRef<str>>,
    {
        let mut cells = cells.into_iter();
        for is_kept in &self.kept {
            let cell = cells.next();
            if *is_kept {
                let cell = cell.as_ref().map_or("", AsRef::as_ref);
                self.writer.write_field(cell)?;
            }
        }
        if cells.next().is_some() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a row has more cells than the header line",
            ));
        }
        self.writer.write_record(outcome.cells())?;
        Ok(())
    }

    /// Writes what is buffered, and returns the writer.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn finish(self) -> io::Result<W> {
        self.writer
            .into_inner()
            .map_err(csv::IntoInnerError::into_error)
    }
}

/// A cell on one line that no spreadsheet takes for a formula.
fn guarded(text: &str) -> String {
    let line = text.replace(char::is_control, " ");
    let line = line.trim();
    if line.starts_with(['=', '+', '-', '@']) {
        format!("'{line}")
    } else {
        line.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn written(columns: &[&str], cells: &[&str], outcome: &RowOutcome) -> String {
        let mut report = CsvReport::new(Vec::new(), b',', columns).unwrap();
        report.row(cells, outcome).unwrap();
        let text = String::from_utf8(report.finish().unwrap()).unwrap();
        text.lines().skip(1).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn an_outcome_has_eight_cells() {
        let mut outcome = RowOutcome::new(Outcome::NotTried);
        outcome.code = Some(550);
        outcome.enhanced = Some("5.1.1".into());
        outcome.reply = Some("User \"bob\"\r\nunknown, really".into());
        outcome.recipients = vec![
            ("ann@example.org".into(), Outcome::Accepted, None),
            (
                "=b@example.net".into(),
                Outcome::Rejected,
                Some("550 5.1.1 No".into()),
            ),
        ];
        outcome.time = Some(UNIX_EPOCH + Duration::from_millis(1));
        outcome.attempts = 2;
        outcome.id = Some("4bXq2k1Zr9z1".into());
        assert_eq!(
            written(&["a"], &["=x"], &outcome),
            "=x,not-tried,550,5.1.1,\"User \"\"bob\"\"  unknown, really\",ann@example.org accepted; \
             =b@example.net rejected: 550 5.1.1 No,1970-01-01T00:00:00.001Z,2,4bXq2k1Zr9z1"
        );
    }

    #[test]
    fn no_cell_of_a_server_is_a_formula() {
        for (reply, expected) in [
            ("=HYPERLINK(\"x\")", "'=HYPERLINK(\"x\")"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM", "'@SUM"),
            ("\t=1", "'=1"),
            (" \r\n=1", "'=1"),
            ("1=1", "1=1"),
        ] {
            assert_eq!(guarded(reply), expected);
        }
    }

    #[test]
    fn the_outcomes_of_an_earlier_report_are_replaced() {
        let outcome = RowOutcome::new(Outcome::Accepted);
        let columns = ["a", "pilotfish-outcome", "b"];
        let expected = "1,3,accepted,,,,,,0,";
        assert_eq!(
            written(&columns, &["1", "rejected", "3"], &outcome),
            expected
        );
        assert_eq!(
            written(&["a", "b"], &["1"], &outcome),
            "1,,accepted,,,,,,0,"
        );
    }

    #[test]
    fn a_row_that_is_too_long_is_an_error() {
        let mut report = CsvReport::new(Vec::new(), b',', ["a"]).unwrap();
        let result = report.row(["1", "2"], &RowOutcome::new(Outcome::Accepted));
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
