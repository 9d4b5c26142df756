//! Mail merge: one message for each row of a table.
//!
//! [`Rows`] reads a table in constant memory:
//!
//! ```no_run
//! use pilotfish::merge::Rows;
//!
//! for row in Rows::open("people.csv")? {
//!     let row = row?;
//!     println!("row {}: {:?}", row.number(), row.get("email"));
//! }
//! # Ok::<(), pilotfish::merge::MergeError>(())
//! ```

mod error;
mod rows;
mod suggestion;

pub use error::{MergeError, MergeErrorKind};
pub use rows::{Row, Rows, TableFormat, TableOptions};
