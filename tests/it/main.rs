//! Integration tests.

/// The command: what it prints and how it ends, against a server in this process.
#[cfg(test)]
mod cli;
/// Accounts from a file.
#[cfg(test)]
mod config;
/// `pilotfish demo`.
#[cfg(test)]
mod demo;
/// Real servers: Postfix and Dovecot.
mod live;
/// A mail of any size takes the same memory.
#[cfg(test)]
mod memory;
/// The source keeps its own rules.
#[cfg(test)]
mod tidy;
