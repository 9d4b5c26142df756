//! Integration tests, through the public API alone.
#![cfg(test)]

/// The command: what it prints and how it ends, against a server in this process.
mod cli;
/// Accounts from a file.
mod config;
/// `pilotfish demo`.
mod demo;
/// Real servers: Postfix and Dovecot.
mod live;
/// A mail of any size takes the same memory.
mod memory;
/// The source keeps its own rules.
mod tidy;
