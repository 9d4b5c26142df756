//! All rows of a table, before the first mail is sent.

use super::attachments::{Attachments, Pinned};
use super::error::MergeError;
use super::rows::Row;
use super::selection::{Selected, Selection};
use super::template::{Rendered, Template};

/// What a table and a template make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Summary {
    /// The rows that were read.
    pub rows: u64,
    /// The mails that they make.
    pub mails: u64,
    /// Rows without a mail, as an earlier row has the same value.
    pub duplicates: u64,
    /// Rows without a mail, as all recipients are exceptions.
    pub excepted: u64,
    /// The octets of the smallest mail.
    pub smallest: u64,
    /// The octets of the largest mail.
    pub largest: u64,
    /// The octets of all mails.
    pub total: u64,
}

impl Summary {
    /// Counts a row, whose mail has this many octets.
    fn add(&mut self, selected: &Selected, size: u64) {
        self.rows += 1;
        match selected {
            Selected::Duplicate => self.duplicates += 1,
            Selected::Excepted => self.excepted += 1,
            Selected::Mail(_) => {
                self.smallest = if self.mails == 0 {
                    size
                } else {
                    self.smallest.min(size)
                };
                self.largest = self.largest.max(size);
                self.total += size;
                self.mails += 1;
            }
        }
    }
}

/// Makes the mail of each row, and counts them. `seen` gets each mail and its files,
/// such as to show the first ones.
///
/// The rows block the thread while they are read from a file, so this runs in a thread that may block, by
/// `tokio::runtime::Handle::block_on`.
///
/// # Errors
///
/// The first error of a row, of the template for a row, or of a file.
///
/// # Cancel safety
///
/// Dropping the future leaves no trace. The rows that were read are taken from `rows`.
pub async fn check(
    rows: impl Iterator<Item = Result<Row, MergeError>>,
    template: &Template,
    selection: &mut Selection,
    attachments: &Attachments,
    mut seen: impl FnMut(&Rendered, &[Pinned]),
) -> Result<Summary, MergeError> {
    let mut summary = Summary::default();
    for row in rows {
        let selected = selection.select(template, &row?)?;
        let mut size = 0;
        if let Selected::Mail(mail) = &selected {
            let pinned = mail.pin(attachments).await?;
            size = mail.message(attachments, &pinned).await?.exact_size();
            seen(mail, &pinned);
        }
        summary.add(&selected, size);
    }
    Ok(summary)
}
