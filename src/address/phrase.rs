//! The words of a name, with the comments among them.

use std::borrow::Cow;

use super::error::Problem;

/// Words that are a name, or a local part, and the comments around them.
#[derive(Default)]
pub(super) struct Phrase {
    /// The words, and the comments in parentheses.
    pub(super) text: String,
    pub(super) words: usize,
    comments: Vec<String>,
    /// Whether white space or a comment came after the last word.
    gap: bool,
}

impl Phrase {
    pub(super) fn push(&mut self, word: &str) {
        if self.gap && !self.text.is_empty() {
            self.text.push(' ');
        }
        // RFC 5322, 3.2.4: a tab in a quoted string is white space, which a name has as spaces.
        self.text
            .extend(word.chars().map(|c| if c == '\t' { ' ' } else { c }));
        self.words += 1;
    }

    /// Notes white space and comments, as [`Cursor::cfws`](super::parser::Cursor::cfws) reads them.
    pub(super) fn add_cfws(&mut self, cfws: Option<Vec<String>>) {
        self.gap = cfws.is_some();
        for comment in cfws.into_iter().flatten() {
            if !self.text.is_empty() {
                self.text.push(' ');
            }
            self.text.extend(["(", &comment, ")"]);
            self.comments.push(comment);
        }
    }

    /// The name. Without a word, it is what the comments say: programs that are older than
    /// `display-name` wrote names there (RFC 5322, 3.4).
    pub(super) fn name(&self) -> Cow<'_, str> {
        match self.words {
            0 => self.comments.join(" ").into(),
            _ => self.text.as_str().into(),
        }
    }

    /// Why `next` cannot follow these words.
    pub(super) fn broken_off(&self, next: Option<char>) -> Problem {
        let is_alone = self.words == 1 && !self.text.contains(' ');
        match next {
            Some('@') if self.words == 0 => Problem::NoLocalPart,
            Some('@') if self.words == 1 => Problem::GapBeforeAt,
            Some('@') => Problem::WordsBeforeAt,
            Some('>') => Problem::StrayAngle,
            None if self.words == 0 => Problem::Empty,
            None | Some(',' | ';') => {
                // Such as an address whose '@' is another character.
                let odd = self.text.chars().find_map(Problem::of_character);
                match odd {
                    Some(odd) if is_alone => odd,
                    None if is_alone && next != Some(',') => Problem::NoAt,
                    _ => Problem::NameAlone,
                }
            }
            Some(c) => Problem::unexpected(c),
        }
    }
}
