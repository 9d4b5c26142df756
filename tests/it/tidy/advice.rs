//! The words of errors that the command gives advice for.

use super::{files, none};

/// The strings in the brackets after each `causes: &[`.
fn causes(text: &str) -> impl Iterator<Item = &str> {
    let lists = text.split("causes: &[").skip(1);
    let lists = lists.filter_map(|rest| rest.split_once(']'));
    // Every second part is between quotation marks.
    lists.flat_map(|(list, _)| list.split('"').skip(1).step_by(2))
}

/// A row whose words no error has any longer gives no advice.
#[test]
fn rows_of_advice_match_words_of_the_library() {
    let is_message = |path: &str| !path.starts_with("src/bin/") && !path.ends_with("tests.rs");
    let sources = files("src/")
        .into_iter()
        .filter(|file| is_message(&file.path));
    let mut words = String::new();
    for file in sources {
        let code: Vec<_> = file.code().map(|(_, line)| line).collect();
        // A literal goes on after a backslash and the spaces of the next line.
        for (index, part) in code.join("\n").split("\\\n").enumerate() {
            words.push_str(if index == 0 { part } else { part.trim_start() });
        }
    }
    let words = words.to_lowercase().replace("{fingerprint}", "sha256:");
    let mut count = 0;
    let mut complaints = Vec::new();
    for file in files("src/bin/pilotfish/output/advice/") {
        for cause in causes(&file.text) {
            count += 1;
            // The reason that a server gives stands in brackets.
            if !words.contains(cause.trim_matches(['(', ')'])) {
                complaints.push(format!("{}: no error says \"{cause}\"", file.path));
            }
        }
    }
    none(&complaints);
    assert!(count >= 19, "{count}");
}
