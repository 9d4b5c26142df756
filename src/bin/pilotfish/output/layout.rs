//! The layout of errors: what failed, the server's words, the cause, and what helps.

use anstyle::Style;
use pilotfish::protocol::is_printable;

use crate::terminal::style::{BOLD, CYAN, painted};
use crate::terminal::wrap::wrapped;

/// What a label and the blanks after it take.
const LABEL: usize = 10;

/// More advice is not read.
const MOST_HELP: usize = 2;

/// An error as it is shown. What has nothing to say is left out.
pub(super) struct ErrorScreen<'a> {
    /// The colour of the word `error:`.
    pub(super) style: Style,
    /// What failed, for what.
    pub(super) message: &'a str,
    /// What became of each recipient, a line for each.
    pub(super) table: Vec<String>,
    /// The server's words: all lines as they came.
    pub(super) server: Vec<String>,
    /// Why it failed, where that is known.
    pub(super) causes: &'a [String],
    /// What to do, the likeliest first.
    pub(super) help: &'a [String],
}

impl ErrorScreen<'_> {
    /// The lines for a terminal of this width.
    pub(super) fn lines(&self, width: usize) -> String {
        let mut lines = vec![headed("error", self.style, self.message, width)];
        lines.extend(self.table.iter().cloned());
        labelled("server", &self.server, width, &mut lines);
        labelled("cause", self.causes, width, &mut lines);
        let help = self.help.get(..MOST_HELP).unwrap_or(self.help);
        labelled("help", help, width, &mut lines);
        lines.join("\n")
    }
}

/// A sentence after a word in a colour, as in `warning: ..`.
pub(super) fn headed(word: &str, style: Style, sentence: &str, width: usize) -> String {
    let head = painted(style.bold(), format!("{word}:"));
    let text = wrapped(&printable(sentence), word.len() + 2, width);
    format!("{head} {text}")
}

/// The texts below each other, after a label that stands once.
fn labelled(label: &str, texts: &[String], width: usize, lines: &mut Vec<String>) {
    for (index, text) in texts.iter().enumerate() {
        let text = wrapped(&printable(text), LABEL, width);
        let text = if label == "help" {
            highlighted(&text)
        } else {
            text
        };
        lines.push(if index == 0 {
            let label = format!("{label}:");
            let blanks = LABEL.saturating_sub(2 + label.len());
            format!("  {}{:blanks$}{text}", painted(BOLD, label), "")
        } else {
            format!("{:LABEL$}{text}", "")
        });
    }
}

/// A text in which what can be typed or opened has a colour of its own: a command at its end, and URLs.
pub(super) fn highlighted(text: &str) -> String {
    let command = text.find("pilotfish ");
    let (words, command) = text
        .split_at_checked(command.unwrap_or(text.len()))
        .unwrap_or((text, ""));
    let mut out = String::new();
    for word in words.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let end = word.get(bare.len()..).unwrap_or_default();
        if bare.starts_with("https://") {
            out.push_str(&painted(CYAN, bare));
            out.push_str(end);
        } else {
            out.push_str(word);
        }
    }
    if !command.is_empty() {
        out.push_str(&painted(CYAN, command));
    }
    out
}

/// The text with escapes in place of what steers a terminal.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if is_printable(character) {
            out.push(character);
        } else {
            out.extend(character.escape_unicode());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::style::RED;

    fn shown(screen: &ErrorScreen<'_>, width: usize) -> String {
        anstream::adapter::strip_str(&screen.lines(width)).to_string()
    }

    #[test]
    fn labels_are_padded_and_text_wraps_beside_them() {
        let screen = ErrorScreen {
            style: RED,
            message: "smtp.example.org rejected the login of me@example.org, whatever that is",
            table: Vec::new(),
            server: ["535-5.7.8 no, see", "535 5.7.8  https://x.test/a \u{1b}[2J"]
                .map(str::to_owned)
                .to_vec(),
            causes: &["the password has 17 characters, the first a blank".to_owned()],
            help: &[
                "one",
                "store it again: pilotfish auth set work -C mail.toml",
                "three",
            ]
            .map(str::to_owned),
        };
        assert_eq!(
            shown(&screen, 44),
            "error: smtp.example.org rejected the login\n       \
                    of me@example.org, whatever that is\n  \
               server: 535-5.7.8 no, see\n          \
                       535 5.7.8  https://x.test/a\n          \
                       \\u{1b}[2J\n  \
               cause:  the password has 17 characters,\n          \
                       the first a blank\n  \
               help:   one\n          \
                       store it again:\n          \
                       pilotfish auth set work -C mail.toml"
        );
        let bare = ErrorScreen {
            style: RED,
            message: "it failed",
            table: vec!["  rejected  ann@example.org".to_owned()],
            server: Vec::new(),
            causes: &[],
            help: &[],
        };
        assert_eq!(
            shown(&bare, 80),
            "error: it failed\n  rejected  ann@example.org"
        );
    }
}
