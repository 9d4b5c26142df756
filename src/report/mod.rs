//! The report of a job of many mails: one HTML file, the rows of the input with their outcomes, or
//! JSON.
//!
//! [`ReportData`] holds what the report says. It takes any number of minutes and problems, and keeps
//! a bounded part of them: [`Course`] joins neighbouring buckets, and [`Problems`] keeps the first
//! 1,000 and counts the others.
//!
//! [`html`] writes a page without scripts that loads nothing, for the screen and for paper. [`json`]
//! writes the same facts for programs, as [`SCHEMA`] describes them. [`CsvReport`] writes every row
//! of the input with its outcome.
//!
//! A report has no secret, and of the content of the mails only their subjects.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use pilotfish::report::{self, Bucket, JobState, Outcome, Problem, ReportData};
//!
//! # fn main() -> std::io::Result<()> {
//! let mut data = ReportData::new("invite-3");
//! data.state = JobState::Finished;
//! data.started = Some(SystemTime::now() - Duration::from_mins(1));
//! data.ended = Some(SystemTime::now());
//! data.counts.mails = 30;
//! data.counts.accepted = 29;
//! data.counts.rejected = 1;
//!
//! let mut minute = Bucket::new(SystemTime::now());
//! minute.accepted = 29;
//! minute.rejected = 1;
//! minute.connections = 4;
//! data.course.push(minute);
//!
//! let mut problem = Problem::new(17, "bob@example.net", Outcome::Rejected);
//! problem.reply = Some("550 5.1.1 User unknown".into());
//! data.problems.push(problem);
//!
//! let mut page = Vec::new();
//! report::html(&data, &mut page)?;
//! # Ok(())
//! # }
//! ```

mod charts;
mod course;
mod csv;
mod data;
mod facts;
mod format;
mod html;
mod json;
mod kept;
mod replies;
mod time;
mod view;

pub use self::course::{Bucket, Course, Latency};
pub use self::csv::{CsvReport, OUTCOME_COLUMNS, RowOutcome};
pub use self::data::{Counts, JobState, Outcome, Pause, ReportData};
pub use self::facts::{Fact, Facts, FileFact, Files};
pub use self::html::html;
pub use self::json::{SCHEMA, json};
pub use self::kept::{Kept, Problem, Problems};
pub use self::replies::{DomainCount, ReplyClass};
