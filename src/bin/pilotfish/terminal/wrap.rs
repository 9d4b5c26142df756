//! Lines that end before the edge of the terminal.

use std::os::fd::AsFd;

use rustix::termios::tcgetwinsize;

/// The width where there is no terminal.
const DEFAULT: usize = 80;

/// Longer lines are hard to read.
const MOST: usize = 100;

/// Narrower columns are harder to read than lines that the terminal breaks.
const LEAST: usize = 20;

/// How a command line begins that a text ends with.
const COMMAND: &str = "pilotfish ";

/// The columns of a terminal for running text.
pub(crate) fn width(stream: impl AsFd) -> usize {
    match tcgetwinsize(stream) {
        Ok(size) if size.ws_col > 0 => usize::from(size.ws_col).min(MOST),
        _ => DEFAULT,
    }
}

/// The text in lines of at most `width` columns. Something of `indent` columns stands before the
/// first line, and the other lines begin with so many blanks.
///
/// Lines break at blanks. A command at the end of the text is never broken: it must work as it is
/// copied.
pub(crate) fn wrapped(text: &str, indent: usize, width: usize) -> String {
    let room = width.saturating_sub(indent).max(LEAST);
    let mut lines: Vec<String> = Vec::new();
    for word in words(text) {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ if word.is_empty() => {}
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join(&format!("\n{:indent$}", ""))
}

/// The words of a text. A command at its end is one word.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let command = match text.rfind(&format!(": {COMMAND}")) {
        Some(colon) => colon + 2,
        None if text.starts_with(COMMAND) => 0,
        None => text.len(),
    };
    let (before, command) = text.split_at_checked(command).unwrap_or((text, ""));
    let before = before.strip_suffix(' ').unwrap_or(before);
    let words = (!before.is_empty()).then(|| before.split(' '));
    let command = (!command.is_empty()).then_some(command);
    words.into_iter().flatten().chain(command)
}

/// The columns that a terminal needs for a text of characters that take one column each.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_blanks_and_commands_are_whole() {
        for (text, expected) in [
            ("", ""),
            ("a few  words", "a few  words"),
            (
                "words that need more than one line of this width",
                "words that need more\n    than one line of\n    this width",
            ),
            (
                "averylongwordthatdoesnotbreak at all",
                "averylongwordthatdoesnotbreak\n    at all",
            ),
            (
                "store it again: pilotfish auth set gmail --no-input",
                "store it again:\n    pilotfish auth set gmail --no-input",
            ),
            (
                "pilotfish send me@example.com -s x",
                "pilotfish send me@example.com -s x",
            ),
        ] {
            assert_eq!(wrapped(text, 4, 24), expected);
        }
    }
}
