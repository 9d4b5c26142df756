//! The terminal: how text looks on it, numbers and times for people, and questions.
#![expect(
    dead_code,
    reason = "the commands that ask questions are not there yet"
)]

pub(crate) mod quantity;
pub(crate) mod question;
pub(crate) mod style;
pub(crate) mod wrap;
