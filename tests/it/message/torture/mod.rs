//! Difficult mails of every kind, read back by programs that share no code with this crate.
//!
//! `build` turns a row of a table into a message and its expected facts. A script for each reader
//! reports the facts that the reader finds. A difference fails the test, unless `deviations` lists
//! it.
//!
//! | row | contents | file |
//! | --- | --- | --- |
//! | H1, H2, H3, H4 | long values, white space, scripts, text that looks encoded | `headers` |
//! | H5 | control characters | `refused`; line separators in `headers` |
//! | H6 | names of fields | `refused`, `headers` |
//! | H7, H8 | display names, addresses | `headers`, `refused` |
//! | H9, H10 | many recipients, groups | `headers`; no recipients in `refused` |
//! | H11, H12 | dates, identifiers, fields with their own methods | `headers`, `refused` |
//! | H13, H14 | repeated fields, long values | `headers`, `refused` |
//! | F1, F2, F3 | names of files | `files`, `refused` |
//! | F4, F5, F8 | kinds of files, sizes, media types | `files`, `refused` |
//! | F6, F7 | images in a document, alternatives | `structure`; warnings in `refused` |
//! | F9 | messages in a message | `structure` |
//! | F10 | a thousand images | `files`; over real servers, `live::round_trip` |
//! | B1, B2, B3, B4, B5, B6 | texts | `bodies` |
//! | B7, B8, B9 | depth, formats, languages, documents | `structure`, `refused` |
//! | B10 | every rendition, fields in UTF-8 | all rows of the other files, in `build` |
//! | B11 | finished messages | `finished` |
//! | B12 | octets that are signed | `dkim` |

mod bodies;
mod build;
mod case;
mod deviations;
mod files;
mod finished;
mod headers;
mod mail_parser;
mod reader;
mod refused;
mod structure;
mod wire;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value;

use build::Mail;
use case::Case;
use deviations::DEVIATIONS;
use reader::Reader;

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let header = || [headers::mails(), files::named()].into_iter().flatten();
    let content = [files::mails(), bodies::mails(), structure::mails()];
    let in_utf8 = header().map(Mail::in_utf8);
    let mails = header().chain(content.into_iter().flatten()).chain(in_utf8);
    mails.flat_map(Mail::cases).collect()
});

/// The maximum number of differences that are printed.
const SHOWN: usize = 40;

/// Checks that a reader finds the expected facts, except for its deviations, and that each
/// deviation is needed.
fn check(reader: Reader) {
    let cases = reader.cases(&CASES);
    let found = reader.read(&cases);
    assert_eq!(found.len(), cases.len());
    let mut needed = BTreeSet::new();
    let mut complaints = Vec::new();
    for (case, found) in cases.iter().zip(&found) {
        let expected = reader.expected(case);
        let facts: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
        for fact in facts {
            let pair = [&expected, found].map(|facts| facts.get(fact).unwrap_or(&Value::Null));
            let [expected, found] = pair;
            if expected == found {
                continue;
            }
            let known = DEVIATIONS.iter().find_map(|deviation| {
                let pattern = deviation.concerns(reader, &case.name, fact)?;
                let explained = deviation.explains(expected, found);
                explained.then_some((deviation.because, pattern))
            });
            match known {
                Some(known) => {
                    needed.insert(known);
                }
                None => complaints.push(format!(
                    "{} {}: {fact}\n  expected {}\n  found    {}",
                    case.name,
                    case.variant,
                    shown(expected),
                    shown(found)
                )),
            }
        }
    }
    for deviation in DEVIATIONS.iter().filter(|one| one.reader == reader) {
        for pattern in deviation.cases {
            if !needed.contains(&(deviation.because, pattern)) {
                complaints.push(format!(
                    "no longer needed for {pattern}: {}",
                    deviation.because
                ));
            }
        }
    }
    let count = complaints.len();
    complaints.truncate(SHOWN);
    let complaints = complaints.join("\n");
    assert!(count == 0, "{reader:?}: {count} differences\n{complaints}");
}

fn shown(value: &Value) -> String {
    let mut text = value.to_string();
    if let Some((end, _)) = text.char_indices().nth(200) {
        text.truncate(end);
        text.push_str("..");
    }
    text
}

#[test]
fn every_case_has_a_name_of_its_own() {
    let mut names = BTreeSet::new();
    for case in CASES.iter() {
        let name = (&case.name, &case.variant);
        assert!(names.insert(name), "{name:?}");
    }
}

#[test]
fn every_message_keeps_the_rules_of_the_wire() {
    wire::check(&CASES);
}

#[test]
fn python_finds_everything() {
    check(Reader::Python);
}

#[test]
fn the_crate_mail_parser_finds_everything() {
    check(Reader::MailParser);
}

#[test]
#[ignore = "needs the packages of Node: tests/run installs them"]
fn mailparser_finds_everything() {
    check(Reader::Mailparser);
}

#[test]
#[ignore = "needs the packages of Node: tests/run installs them"]
fn postal_mime_finds_everything() {
    check(Reader::PostalMime);
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn dovecot_finds_everything() {
    check(Reader::Dovecot);
}
