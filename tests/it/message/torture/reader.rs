//! The readers, and how the tests call them.

use std::fs;
use std::process::{Command, Stdio};

use pilotfish::message::BodyType;

use super::case::{Case, Facts};
use super::mail_parser;

/// The directory in which `tests/provision` unpacks Node, and its packages next to it.
const NODE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/node/node");

/// A program that reads mails and shares no code with this crate.
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
    /// The cases that the reader can handle in reasonable time.
    pub(super) fn cases(self, cases: &[Case]) -> Vec<&Case> {
        let is_given = |case: &&Case| match self {
            // Its time grows with the square of the number of recipients.
            Python => case.name != "H9 \"10000 recipients\"",
            // It reads only lines, like Python's `imaplib`.
            PostalMime | Dovecot => case.data < BodyType::Binary,
            // It takes at most 1,000 parts, including their parents.
            Mailparser => !case.name.starts_with("B7 \"1000 parts"),
            // It panics.
            MailParser => case.name != "F9 \"in another\"",
        };
        cases.iter().filter(is_given).collect()
    }

    /// The facts that the reader finds in each of the mails.
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

    /// The facts that the reader should find.
    pub(super) fn expected(self, case: &Case) -> Facts {
        let mut facts = match self {
            Python | MailParser | Dovecot => case.expected.tree(),
            Mailparser | PostalMime => case.expected.list(),
        };
        facts.retain(|fact, _| !self.does_not_report(fact));
        facts
    }

    /// Whether the reader does not report this kind of fact.
    fn does_not_report(self, fact: &str) -> bool {
        let none: &[&str] = match self {
            Mailparser => &["zone", "parameters", "language"],
            PostalMime => &["zone", "parameters", "language", "linked"],
            Python | MailParser | Dovecot => &[],
        };
        none.iter().any(|kind| fact.ends_with(kind))
    }
}

/// Runs a program on a directory of the mails.
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
