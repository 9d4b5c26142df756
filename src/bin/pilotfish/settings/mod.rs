//! The configuration, and what its errors mean for the command.

mod choice;
mod errors;

pub(crate) use choice::{configuration, selected};
