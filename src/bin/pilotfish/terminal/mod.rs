//! The terminal: how text looks on it, numbers and times for people, and questions.

pub(crate) mod quantity;
pub(crate) mod question;
pub(crate) mod style;
pub(crate) mod wrap;
