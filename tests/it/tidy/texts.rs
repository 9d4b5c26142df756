//! The command decides nothing by the text of an error, which may change: the library's error has values
//! for that.

use super::{files, none};

/// How code searches in a text.
const SEARCHES: [&str; 8] = [
    ".contains(",
    ".starts_with(",
    ".ends_with(",
    ".find(",
    ".split_once(",
    ".rsplit_once(",
    ".strip_prefix(",
    ".matches(",
];

/// What the text of an error is called.
const TEXTS: [&str; 6] = [
    "error.to_string()",
    "message",
    "causes",
    "failure.message",
    "cause",
    "text_of_error",
];

/// Where code searches in the text of an error, a line for each.
fn searches(path: &str, code: &str) -> Vec<String> {
    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
    // A chain of calls may go over several lines.
    let joined = code.split_whitespace().collect::<String>();
    let found = SEARCHES.iter().flat_map(|search| {
        let joined = joined.as_str();
        joined.match_indices(search).filter_map(move |(at, _)| {
            let before = &joined[..at];
            let text = TEXTS.iter().find(|text| before.ends_with(**text))?;
            Some(format!("{path}: {text}{search}"))
        })
    });
    found.collect()
}

#[test]
fn the_command_searches_in_no_text_of_an_error() {
    let files = files("src/bin/");
    assert!(files.len() > 50);
    let found = files
        .iter()
        .flat_map(|file| searches(&file.path, &file.text));
    none(&found.collect::<Vec<_>>());
    for code in [
        "if error.to_string()\n    .contains(\"no\") {}",
        "let (a, b) = failure.message.split_once(\": \")?;",
    ] {
        assert_eq!(searches("x.rs", code).len(), 1, "{code}");
    }
}
