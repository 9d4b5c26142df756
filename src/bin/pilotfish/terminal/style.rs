//! Colours and marks, for each stream by itself.

use std::ffi::OsString;
use std::fmt::Display;

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

/// What failed, or was rejected.
pub(crate) const RED: Style = AnsiColor::Red.on_default();
/// What deserves a look, or was deferred.
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
/// What is unknown.
pub(crate) const MAGENTA: Style = AnsiColor::Magenta.on_default();
/// What was accepted.
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
/// What can be typed or opened: commands, paths and URLs.
pub(crate) const CYAN: Style = AnsiColor::Cyan.on_default();
/// Headings and questions.
pub(crate) const BOLD: Style = Style::new().bold();
/// What is not needed: times, marks of the dialogue.
pub(crate) const DIM: Style = Style::new().dimmed();

/// The text in this style. [`Stream::shown`] leaves the style out where a stream has no colours.
pub(crate) fn painted(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// What stands at the beginning of a line and repeats what its words say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It is done.
    Done,
    /// It did not work.
    Failed,
    /// It deserves a look.
    Look,
    /// It was not done, or is not needed.
    Idle,
}

impl Mark {
    fn shown(self, is_utf8: bool) -> &'static str {
        match (self, is_utf8) {
            (Self::Done, true) => "✓",
            (Self::Done, false) => "ok",
            (Self::Failed, true) => "✗",
            (Self::Failed, false) => "x",
            (Self::Look, _) => "!",
            (Self::Idle, _) => "-",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Done => GREEN,
            Self::Failed => RED,
            Self::Look => YELLOW,
            Self::Idle => DIM,
        }
    }
}

/// A standard stream, as far as the look of text depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) is_terminal: bool,
    pub(crate) has_color: bool,
    pub(crate) is_utf8: bool,
}

impl Stream {
    pub(crate) fn stdout() -> Self {
        Self::of(&std::io::stdout())
    }

    pub(crate) fn stderr() -> Self {
        Self::of(&std::io::stderr())
    }

    pub(super) fn of(stream: &impl RawStream) -> Self {
        Self {
            is_terminal: stream.is_terminal(),
            has_color: AutoStream::choice(stream) != ColorChoice::Never,
            is_utf8: is_utf8(|name| std::env::var_os(name)),
        }
    }

    /// A text without its styles if the stream has no colours.
    pub(crate) fn shown(self, text: String) -> String {
        if self.has_color {
            text
        } else {
            anstream::adapter::strip_str(&text).to_string()
        }
    }

    /// A line with its mark. Off a terminal a line has no mark.
    pub(crate) fn marked(self, mark: Mark, text: impl Display) -> String {
        if self.is_terminal {
            let shown = painted(mark.style(), mark.shown(self.is_utf8));
            format!("{shown} {text}")
        } else {
            text.to_string()
        }
    }
}

/// Whether the character set of the locale is UTF-8: the first variable that is set and not empty
/// decides (POSIX, 8.2 Internationalization Variables).
fn is_utf8(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let mut values = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().map(variable);
    let locale = values.find_map(|value| value.filter(|value| !value.is_empty()));
    let locale = locale.unwrap_or_default();
    let locale = locale.to_string_lossy().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_mark_on_a_terminal_alone() {
        for (is_terminal, is_utf8, expected) in [
            (true, true, ["✓ a", "✗ a", "! a", "- a"]),
            (true, false, ["ok a", "x a", "! a", "- a"]),
            (false, true, ["a"; 4]),
        ] {
            let stream = Stream {
                is_terminal,
                has_color: false,
                is_utf8,
            };
            let marks = [Mark::Done, Mark::Failed, Mark::Look, Mark::Idle];
            let lines = marks.map(|mark| {
                let line = stream.marked(mark, "a");
                anstream::adapter::strip_str(&line).to_string()
            });
            assert_eq!(lines, expected);
        }
    }

    #[test]
    fn the_first_variable_that_is_set_names_the_character_set() {
        for (variables, expected) in [
            (&[][..], false),
            (&[("LANG", "en_US.UTF-8")][..], true),
            (&[("LANG", "C.utf8")][..], true),
            (&[("LANG", "de_DE")][..], false),
            (&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")][..], false),
            (&[("LANG", "C"), ("LC_CTYPE", "C.UTF-8")][..], true),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", "")][..], true),
        ] {
            let variable = |name: &str| {
                let mut set = variables.iter();
                let set = set.find(|(other, _)| *other == name);
                set.map(|(_, value)| OsString::from(*value))
            };
            assert_eq!(is_utf8(variable), expected, "{variables:?}");
        }
    }
}
