//! The words of a name, with the comments among them.

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
        self.text.push_str(&word.replace('\t', " "));
        self.words += 1;
    }

    /// Notes white space and comments.
    pub(super) fn skip(&mut self, cfws: &str) {
        self.gap = !cfws.is_empty();
        for comment in comments(cfws) {
            if !self.text.is_empty() {
                self.text.push(' ');
            }
            self.text.extend(["(", &comment, ")"]);
            self.comments.push(comment);
        }
    }

    pub(super) fn is_one_word(&self) -> bool {
        self.words == 1 && !self.gap
    }

    /// The name. Without a word, it is what the comments say: programs that are older than
    /// `display-name` wrote names there (RFC 5322, 3.4).
    pub(super) fn name(&self) -> String {
        match self.words {
            0 => self.comments.join(" "),
            _ => self.text.clone(),
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

/// What the comments say that stand in white space, without their parentheses and backslashes.
fn comments(cfws: &str) -> Vec<String> {
    let mut comments = Vec::new();
    let mut comment = String::new();
    let mut depth = 0_usize;
    let mut characters = cfws.chars();
    while let Some(c) = characters.next() {
        match c {
            '(' if depth == 0 => depth = 1,
            _ if depth == 0 => {}
            ')' if depth == 1 => {
                depth = 0;
                let said = std::mem::take(&mut comment);
                comments.extend(Some(said.trim().to_owned()).filter(|said| !said.is_empty()));
            }
            '\\' => comment.extend(characters.next()),
            '\t' => comment.push(' '),
            c => {
                depth += usize::from(c == '(');
                depth -= usize::from(c == ')');
                comment.push(c);
            }
        }
    }
    comments
}
