//! The readers, and how they are asked.

use std::fs;
use std::process::{Command, Stdio};

use pilotfish::message::BodyType;

use super::case::{Case, Facts};
use super::mail_parser;

/// Where `tests/provision` puts Node, and its packages beside it.
const NODE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/node/node");

/// A program that reads mails and knows nothing of this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// Python's `email` with its default policy.
    Python,
    /// The crate `mail-parser`.
    MailParser,
    /// The npm package `mailparser`.
    Mailparser,
    /// The npm package `postal-mime`.
    PostalMime,
    /// Dovecot, by IMAP.
    Dovecot,
}

use Reader::{Dovecot, MailParser, Mailparser, PostalMime, Python};

impl Reader {
    /// The cases that it can read in reasonable time.
    pub(super) fn cases(self, cases: &[Case]) -> Vec<&Case> {
        let is_given = |case: &&Case| match self {
            // The time that it takes grows with the square of the recipients.
            Python => case.name != "H9 \"10000 recipients\"",
            // It knows nothing but lines; Python's `imaplib` does not either.
            PostalMime | Dovecot => case.data < BodyType::Binary,
            // It takes at most 1,000 parts, with all that they are in.
            Mailparser => !case.name.starts_with("B7 \"1000 parts"),
            // It panics.
            MailParser => case.name != "F9 \"in another\"",
        };
        cases.iter().filter(is_given).collect()
    }

    /// What it finds in each of the mails.
    pub(super) fn read(self, cases: &[&Case]) -> Vec<Facts> {
        match self {
            MailParser => cases
                .iter()
                .map(|case| mail_parser::read(&case.octets))
                .collect(),
            Python => run(
                &[
                    "python3",
                    "-I",
                    "-X",
                    "utf8",
                    "tests/it/message/torture/parse.py",
                ],
                cases,
            ),
            Dovecot => run(
                &["python3", "-X", "utf8", "tests/it/message/torture/imap.py"],
                cases,
            ),
            Mailparser => run(
                &[NODE, "tests/it/message/torture/parse.mjs", "mailparser"],
                cases,
            ),
            PostalMime => run(
                &[NODE, "tests/it/message/torture/parse.mjs", "postal-mime"],
                cases,
            ),
        }
    }

    /// What it should find.
    pub(super) fn expected(self, case: &Case) -> Facts {
        let mut facts = match self {
            Python | MailParser | Dovecot => case.expected.tree(),
            Mailparser | PostalMime => case.expected.list(),
        };
        facts.retain(|fact, _| !self.never_tells(fact));
        facts
    }

    /// Whether this kind of fact is none of its concern.
    fn never_tells(self, fact: &str) -> bool {
        let none: &[&str] = match self {
            Mailparser => &["zone", "parameters", "language"],
            PostalMime => &["zone", "parameters", "language", "linked"],
            Python | MailParser | Dovecot => &[],
        };
        none.iter().any(|kind| fact.ends_with(kind))
    }
}

/// Runs a program on a folder of the mails.
fn run(command: &[&str], cases: &[&Case]) -> Vec<Facts> {
    let folder = tempfile::tempdir().unwrap();
    for (number, case) in cases.iter().enumerate() {
        let file = folder.path().join(format!("{number:05}.eml"));
        fs::write(file, &case.octets).unwrap();
    }
    let output = Command::new(command[0])
        .args(&command[1..])
        .arg(folder.path())
        .env("NODE_PATH", NODE.to_owned() + "_modules")
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}: tests/provision fetches it", command[0]));
    assert!(output.status.success(), "{command:?}: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}
