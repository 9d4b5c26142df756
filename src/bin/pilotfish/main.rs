//! The `pilotfish` command.
fn main() {}
