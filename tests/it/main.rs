//! Integration tests.

#![cfg(test)]

// The command: what it prints and how it ends, against a server in this process.
mod cli;
// Accounts from a file.
mod config;
// `pilotfish demo`.
mod demo;
// That a mail of any size takes the same memory.
mod memory;
// That the source keeps its own rules.
mod tidy;
