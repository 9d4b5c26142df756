//! The one writer of header fields.

use std::fmt;

use crate::message::encoding::{EncodedWords, MAX_LINE, MIN_ROOM};

/// Lines are folded to at most this many octets where there is a place to do it. RFC 5322
/// section 2.1.1 wants 78, but RFC 2047 section 2 has 76 for lines with encoded words.
pub(crate) const FOLDED: usize = 76;

/// How many octets a header has room for at first: those of an ordinary mail.
const ROOM: usize = 512;

/// Header fields under construction.
///
/// The types of the values ensure that nothing that is added contains a control character, so that
/// the only line ends are those written here.
#[derive(Debug)]
pub(crate) struct Header {
    text: String,
    pub(crate) charset: HeaderCharset,
    /// Octets on the current line.
    column: usize,
    /// Whether the current line has something besides the name, so that a fold leaves no empty line.
    pub(super) foldable: bool,
}

/// Which characters header fields may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderCharset {
    /// ASCII; others are encoded (RFC 2047, RFC 2231).
    Ascii,
    /// All of them, in UTF-8 (RFC 6532): in messages that need SMTPUTF8 anyway.
    Utf8,
}

impl HeaderCharset {
    /// Whether a text can be written as it is, and nothing in it would be taken for the end of a line.
    pub(crate) fn is_printable(self, text: &str) -> bool {
        match self {
            Self::Ascii => text.bytes().all(|b| matches!(b, b' '..=b'~')),
            Self::Utf8 => !text
                .chars()
                .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')),
        }
    }

    /// Whether a text can be written as it is, and no reader takes a part of it for an encoded word.
    pub(crate) fn is_clear(self, text: &str) -> bool {
        self.is_printable(text) && !has_pair(text, *b"=?")
    }
}

/// Whether a text has white space at an end, or twice in a row, which readers reduce to one space.
pub(super) fn is_spaced(text: &str) -> bool {
    text.starts_with(' ') || text.ends_with(' ') || has_pair(text, *b"  ")
}

/// Whether a text has these two octets in a row. In short texts, this is found without a searcher.
fn has_pair(text: &str, pair: [u8; 2]) -> bool {
    text.as_bytes().windows(2).any(|octets| octets == pair)
}

impl Header {
    /// An empty header.
    pub(crate) fn new(charset: HeaderCharset) -> Self {
        Self {
            text: String::with_capacity(ROOM),
            charset,
            column: 0,
            foldable: false,
        }
    }

    /// The fields written, each ended by CRLF.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// Starts a field.
    pub(crate) fn begin(&mut self, name: &str) {
        self.text.push_str(name);
        self.text.push(':');
        self.column = name.len() + 1;
        self.foldable = false;
    }

    /// Ends the field, or with a blank line the header.
    pub(crate) fn end(&mut self) {
        self.text.push_str("\r\n");
        self.column = 0;
    }

    /// Adds text to the current line, whatever its length.
    pub(crate) fn append(&mut self, text: &str) {
        self.text.push_str(text);
        self.column += text.len();
        self.foldable = true;
    }

    /// Adds a space and text without a fold in it, on a new line if this one would be over
    /// [`FOLDED`].
    pub(crate) fn word(&mut self, word: &str) {
        if !self.fits(word.len()) && self.foldable {
            self.fold();
        }
        self.append(" ");
        self.append(word);
    }

    /// Adds a space and what `write` appends, which has no fold in it, on a new line if this one would
    /// be over [`FOLDED`].
    pub(super) fn word_of(&mut self, write: impl FnOnce(&mut String) -> fmt::Result) {
        let begin = self.text.len();
        self.text.push(' ');
        // Writing to a string does not fail.
        write(&mut self.text).ok();
        let len = self.text.len() - begin;
        if self.foldable && self.column + len > FOLDED {
            self.text.insert_str(begin, "\r\n");
            self.column = 0;
        }
        self.column += len;
        self.foldable = true;
    }

    /// Continues on a new line.
    pub(crate) fn fold(&mut self) {
        self.text.push_str("\r\n");
        self.column = 0;
        self.foldable = false;
    }

    /// Whether a space and this many octets fit on the current line.
    pub(crate) fn fits(&self, octets: usize) -> bool {
        self.column + 1 + octets <= FOLDED
    }

    /// How many octets fit after a space: on this line, or on a new one if the field can be folded.
    pub(crate) fn most_room(&self) -> usize {
        let column = if self.foldable { 0 } else { self.column };
        FOLDED.saturating_sub(column + 1)
    }

    /// Adds words that are separated by single spaces.
    fn words(&mut self, words: &str) {
        if self.fits(words.len()) {
            return self.word(words);
        }
        words.split(' ').for_each(|word| self.word(word));
    }

    /// Adds text as encoded words, with room for `tail` after each. `tail` follows the last.
    pub(crate) fn encoded(&mut self, text: &str, tail: &str) {
        let mut words = EncodedWords::new(text);
        while !words.is_empty() {
            // A full line leaves no room, and neither may the name of the field.
            if !self.fits(MIN_ROOM + tail.len()) {
                self.fold();
            }
            let word = words.next_within(FOLDED - self.column - 1 - tail.len());
            self.append(" ");
            self.append(&word);
        }
        self.append(tail);
    }

    /// Writes a field whose value is written as it is, without a fold.
    pub(crate) fn fixed(&mut self, name: &str, value: &str) {
        self.begin(name);
        self.append(" ");
        self.append(value);
        self.end();
    }

    /// Adds a field that is written, with its line end.
    pub(crate) fn field(&mut self, field: &str) {
        self.text.push_str(field);
        self.column = 0;
    }

    /// Writes an unstructured field (RFC 5322 section 2.2.1): the value as it is if readers decode it
    /// exactly, else as encoded words.
    pub(crate) fn unstructured(&mut self, name: &str, value: &str) {
        self.begin(name);
        if survives(self.charset, name.len() + 1, value) {
            // An empty value has no space before it.
            if !value.is_empty() {
                self.words(value);
            }
        } else {
            self.encoded(value, "");
        }
        self.end();
    }
}

/// Whether readers decode an unstructured value exactly when it is folded at its spaces.
///
/// They do not if it is not printable, if it has white space at an end or twice in a row, which
/// readers reduce to one space, if a part of it looks like an encoded word, or if a line would be over
/// [`MAX_LINE`].
fn survives(charset: HeaderCharset, name: usize, value: &str) -> bool {
    let fits =
        |(at, word): (usize, &str)| 1 + word.len() + if at == 0 { name } else { 0 } <= MAX_LINE;
    charset.is_clear(value) && !is_spaced(value) && value.split(' ').enumerate().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unstructured(name: &str, value: &str) -> String {
        let mut header = Header::new(HeaderCharset::Ascii);
        header.unstructured(name, value);
        header.into_text()
    }

    #[test]
    fn values_in_one_line() {
        for (value, line) in [
            ("", "Subject:\r\n"),
            ("a", "Subject: a\r\n"),
            ("a b c", "Subject: a b c\r\n"),
            ("a b  c", "Subject: =?utf-8?q?a_b__c?=\r\n"),
            ("a?=b", "Subject: a?=b\r\n"),
            (" ", "Subject: =?utf-8?q?_?=\r\n"),
            (" a", "Subject: =?utf-8?q?_a?=\r\n"),
            ("a ", "Subject: =?utf-8?q?a_?=\r\n"),
            ("a\tb", "Subject: =?utf-8?b?YQli?=\r\n"),
            ("=?", "Subject: =?utf-8?b?PT8=?=\r\n"),
            ("ü", "Subject: =?utf-8?b?w7w=?=\r\n"),
        ] {
            assert_eq!(unstructured("Subject", value), line);
        }
    }

    #[test]
    fn folds_are_at_spaces() {
        let word = "w".repeat(30);
        assert_eq!(
            unstructured("Subject", &[&word[..]; 4].join(" ")),
            format!("Subject: {word} {word}\r\n {word} {word}\r\n")
        );
    }

    #[test]
    fn words_that_cannot_be_folded_stay_whole_up_to_the_longest_line() {
        for (len, whole) in [(66, true), (67, true), (989, true), (990, false)] {
            let value = "x".repeat(len);
            let field = unstructured("Subject", &value);
            assert_eq!(field == format!("Subject: {value}\r\n"), whole, "{len}");
        }
        let later = format!("a {}", "x".repeat(997));
        assert_eq!(
            unstructured("Subject", &later),
            format!("Subject: a\r\n {}\r\n", &later[2..])
        );
        assert!(unstructured("Subject", &format!("{later}x")).contains("=?utf-8?q?a_x"));
    }

    #[test]
    fn encoded_lines_are_short_whatever_the_name() {
        for name_len in 1..=76 {
            let field = unstructured(&"n".repeat(name_len), &"🦈é a".repeat(40));
            for (at, line) in field.lines().enumerate() {
                assert!(line.len() <= if at == 0 { 77 } else { 76 }, "{field}");
                assert!(!line.trim().is_empty());
            }
        }
    }
}
