//! Mail merge: one message for each row of a table, from a template.
//!
//! [`Rows`] reads a table in constant memory, and a [`Template`] makes a mail of each row. A [`Selection`]
//! leaves rows out. [`check`](check()) does all that before the first mail is sent, and [`Attachments`] sees to
//! it that a file that is sent later is the one that was checked.
//!
//! ```
//! use pilotfish::merge::{Attachments, Selection, TableOptions, Template};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let table = "name;email;ticket\nAnn;ann@example.org;0047\nBo;bo@example.org;0048\n";
//! let template = "\
//! ---
//! from: Tickets <tickets@example.org>
//! to: {{ name }} <{{ email }}>
//! subject: Your ticket {{ ticket }}
//! ---
//! Dear **{{ name }}**, your ticket is {{ ticket }}.
//! ";
//! let rows = || TableOptions::new().read("people.csv", table.as_bytes());
//! let template = Template::parse("invite.md", template)?;
//! if let Some(columns) = rows()?.columns() {
//!     template.check(columns)?;
//! }
//! let mut attachments = Attachments::new();
//! for file in template.shared_files() {
//!     attachments.share(&file).await?;
//! }
//!
//! // All of them, before the first is sent.
//! let mut selection = Selection::new().dedupe("email");
//! let checked = pilotfish::merge::check(rows()?, &template, &mut selection, &attachments, |_, _| {});
//! println!("{} mails", checked.await?.mails);
//!
//! for row in rows()? {
//!     let mail = template.render(&row?)?;
//!     let files = mail.pin(&attachments).await?;
//!     let message = mail.message(&attachments, &files).await?;
//!     println!("row {} for {}", mail.row(), message.envelope().forward_paths()[0]);
//! }
//! # Ok(())
//! # }
//! ```

mod attachments;
mod check;
mod error;
mod rows;
mod selection;
mod suggestion;
mod template;
#[cfg(test)]
mod tests;

pub use attachments::{Attachments, Pinned};
pub use check::{Summary, check};
pub use error::{MergeError, MergeErrorKind};
pub use rows::{Row, Rows, TableFormat, TableOptions};
pub use selection::{ExceptList, Selected, Selection};
pub use template::{Rendered, Template};
