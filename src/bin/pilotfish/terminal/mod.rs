//! The terminal: how text looks on it, numbers and times for people, questions, and
//! the pager.

pub(crate) mod pager;
pub(crate) mod quantity;
pub(crate) mod question;
pub(crate) mod style;
pub(crate) mod wrap;
