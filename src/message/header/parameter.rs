//! Parameters of Content-Type and Content-Disposition (RFC 2045 section 5.1, RFC 2231).

use std::borrow::Cow;
use std::fmt::Write as _;

use super::address_list::quoted;
use super::writer::{FOLDED, Header, is_spaced};
use crate::address::escaped;
use crate::message::encoding::MAX_LINE;

/// A parameter as it was written.
#[derive(Debug)]
pub(crate) struct MimeParameter<'a> {
    /// The whole parameter, without white space around it.
    pub(crate) text: &'a str,
    pub(crate) name: &'a str,
    /// The text after the equals sign; empty if there is no equals sign.
    written: &'a str,
}

/// The value of a field before its first semicolon, and its parameters.
pub(crate) fn parameters(value: &str) -> (&str, impl Iterator<Item = MimeParameter<'_>> + Clone) {
    let mut in_quotes = false;
    let mut after_backslash = false;
    let mut pieces = value.split(move |c| {
        let is_quoted = std::mem::replace(&mut after_backslash, false);
        match c {
            '"' if !is_quoted => in_quotes = !in_quotes,
            '\\' if !is_quoted => after_backslash = in_quotes,
            _ => {}
        }
        c == ';' && !in_quotes
    });
    let first = pieces.next().unwrap_or_default().trim();
    let parameters = pieces.map(|text| {
        let text = text.trim();
        let (name, written) = text.split_once('=').unwrap_or((text, ""));
        MimeParameter {
            text,
            name: name.trim_end(),
            written: written.trim_start(),
        }
    });
    (first, parameters)
}

impl MimeParameter<'_> {
    /// The value. Without quotation marks it ends at white space, which a comment may follow.
    pub(crate) fn value(&self) -> String {
        let value = self.whole_value();
        let end = value.find([' ', '\t']).filter(|_| !self.is_quoted());
        let value = value.get(..end.unwrap_or(value.len()));
        value.unwrap_or_default().to_owned()
    }

    /// The value, also one with spaces that a program wrote without the required quotation marks.
    pub(crate) fn whole_value(&self) -> String {
        match self.written.strip_prefix('"') {
            Some(text) => unescaped(text, Some('"')),
            None => match self.written.split_once(" (") {
                // A comment (RFC 2045 section 5.1), and not a part of a file's name.
                Some((token, comment)) if token.is_ascii() && comment.ends_with(')') => {
                    token.trim_end().to_owned()
                }
                _ => self.written.to_owned(),
            },
        }
    }

    fn is_quoted(&self) -> bool {
        self.written.starts_with('"')
    }
}

/// A text up to `end`, without the backslashes that quote (RFC 5322 section 3.2.1).
pub(crate) fn unescaped(text: &str, end: Option<char>) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => out.extend(characters.next()),
            c if Some(c) == end => break,
            c => out.push(c),
        }
    }
    out
}

impl Header {
    /// Adds `; name=value` to the field, on lines of at most [`FOLDED`] octets.
    ///
    /// The value is a token or a quoted string if readers decode that exactly. Otherwise it is in
    /// UTF-8 and percent-encoded (RFC 2231 section 4), in as many pieces as the lines need
    /// (section 3). The pieces are cut between characters, as not every reader joins the octets
    /// before it decodes them.
    pub(crate) fn parameter(&mut self, name: &str, value: &str) {
        self.append(";");
        if !self.plain(name, value) {
            self.extended(name, value);
        }
    }

    /// Adds the name of a file as a parameter, and a second time for readers that do not know RFC 2231:
    /// whole on one long line, or what remains of it in ASCII. That comes second, as some readers use
    /// the first one.
    pub(crate) fn file_name(&mut self, parameter: &str, name: &str) {
        self.append(";");
        if self.plain(parameter, name) {
            return;
        }
        self.extended(parameter, name);
        self.append(";");
        let whole = format!("{parameter}={}", quoted(name));
        if self.charset.is_clear(name) && whole.len() < MAX_LINE {
            self.word(&whole);
        } else {
            self.word(&format!("{parameter}={}", quoted(&fallback(name))));
        }
    }

    /// Adds the parameter as a token or a quoted string, and gives whether it can be that.
    fn plain(&mut self, name: &str, value: &str) -> bool {
        if !self.charset.is_clear(value) || is_spaced(value) {
            return false;
        }
        let is_token = !value.is_empty() && value.bytes().all(is_safe);
        let value = if is_token {
            Cow::Borrowed(value)
        } else {
            quoted(value).into()
        };
        // The space before it, the equals sign, and the semicolon after it.
        if name.len() + value.len() + 3 > FOLDED {
            return false;
        }
        self.word_of(|out| write!(out, "{name}={value}"));
        true
    }

    fn extended(&mut self, name: &str, value: &str) {
        let whole = format!("{name}*=utf-8''{}", percent_encoded(value));
        // The space before it and the semicolon after it.
        if whole.len() + 2 <= FOLDED {
            return self.word(&whole);
        }
        let mut rest = value;
        for section in 0.. {
            let mut piece = format!("{name}*{section}*=");
            if section == 0 {
                piece.push_str("utf-8''");
            }
            let mut taken = 0;
            for character in rest.chars() {
                let encoded = percent_encoded(character.encode_utf8(&mut [0; 4]));
                if piece.len() + encoded.len() + 2 > FOLDED && taken > 0 {
                    break;
                }
                piece.push_str(&encoded);
                taken += character.len_utf8();
            }
            rest = rest.get(taken..).unwrap_or_default();
            if rest.is_empty() {
                return self.word(&piece);
            }
            piece.push(';');
            self.word(&piece);
        }
    }
}

/// The longest name for readers that do not know RFC 2231, in octets.
const FALLBACK: usize = 60;

/// What remains of the name of a file in printable ASCII. If it is too long, its end stays, which has
/// the extension.
fn fallback(name: &str) -> String {
    let ascii: String = name
        .chars()
        .map(|c| match c {
            ' '..='~' => c,
            _ => '_',
        })
        .collect();
    let ascii = ascii.replace("=?", "=_");
    let cut = ascii.len().saturating_sub(FALLBACK);
    ascii.get(cut..).unwrap_or_default().trim().to_owned()
}

/// The text with each octet that is not an `attribute-char` of RFC 2231 section 7 percent-encoded.
pub(crate) fn percent_encoded(text: &str) -> String {
    escaped(text, '%', is_safe)
}

/// Whether an octet needs no quotes and no encoding in any value.
fn is_safe(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'_' | b'-' | b'+')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::header::HeaderCharset;

    fn field(value: &str) -> String {
        let mut header = Header::new(HeaderCharset::Ascii);
        header.begin("Content-Disposition");
        header.word("attachment");
        header.parameter("filename", value);
        header.end();
        header.into_text()
    }

    #[test]
    fn a_file_name_has_a_fallback_behind_it() {
        for (name, fallback) in [
            ("日本.png", "\"__.png\""),
            ("Hä \"i\" 🦈.png", r#""H_ \"i\" _.png""#),
            ("=?ü?=", "\"=__?=\""),
            (
                &format!("{}.png", "ü".repeat(100)),
                &format!("\"{}.png\"", "_".repeat(56)),
            ),
        ] {
            let mut header = Header::new(HeaderCharset::Ascii);
            header.begin("Content-Disposition");
            header.word("attachment");
            header.file_name("filename", name);
            header.end();
            let field = header.into_text();
            let (extended, plain) = field.rsplit_once("filename=").unwrap();
            assert!(
                extended.contains("filename*") && extended.is_ascii(),
                "{field}"
            );
            assert_eq!(plain.trim_end(), fallback);
            assert!(field.lines().all(|line| line.len() <= FOLDED), "{field}");
        }
    }

    #[test]
    fn a_long_name_is_there_whole_as_well() {
        for name in ["a  b.pdf", &format!("{}.pdf", "long name ".repeat(20))] {
            let mut header = Header::new(HeaderCharset::Ascii);
            header.begin("Content-Disposition");
            header.file_name("filename", name);
            header.end();
            let field = header.into_text();
            assert!(field.contains(" filename*"), "{field}");
            assert!(
                field.ends_with(&format!(" filename=\"{name}\"\r\n")),
                "{field}"
            );
        }
    }

    #[test]
    fn in_utf8_it_is_quoted() {
        let mut header = Header::new(HeaderCharset::Utf8);
        header.begin("Content-Disposition");
        header.word("attachment");
        header.file_name("filename", "日本.png");
        header.end();
        assert_eq!(
            header.into_text(),
            "Content-Disposition: attachment; filename=\"日本.png\"\r\n"
        );
    }

    #[test]
    fn values_on_one_line() {
        for (value, parameter) in [
            ("shark.png", "filename=shark.png"),
            ("no extension", "filename=\"no extension\""),
            ("%41.png", "filename=\"%41.png\""),
            ("a'b.png", "filename=\"a'b.png\""),
            ("a*b=c.png", "filename=\"a*b=c.png\""),
            ("say \"hi\";", r#"filename="say \"hi\";""#),
            ("", "filename=\"\""),
            ("日本", "filename*=utf-8''%E6%97%A5%E6%9C%AC"),
            ("a  b", "filename*=utf-8''a%20%20b"),
            (
                "=?utf-8?q?x?=",
                "filename*=utf-8''%3D%3Futf-8%3Fq%3Fx%3F%3D",
            ),
        ] {
            let expected = format!("Content-Disposition: attachment; {parameter}\r\n");
            let folded = format!("Content-Disposition: attachment;\r\n {parameter}\r\n");
            let field = field(value);
            assert!(field == expected || field == folded, "{field}");
        }
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        for value in ["a".repeat(255), "🦈".repeat(255), "aé日🦈".repeat(60)] {
            let field = field(&value);
            let mut decoded = String::new();
            for (section, line) in field.lines().skip(1).enumerate() {
                assert!(line.len() <= FOLDED, "{line}");
                let start = format!(" filename*{section}*=");
                let piece = line.strip_prefix(&start).unwrap().trim_end_matches(';');
                let piece = if section == 0 {
                    &piece["utf-8''".len()..]
                } else {
                    piece
                };
                decoded.push_str(&percent_decoded(piece));
            }
            assert_eq!(decoded, value);
        }
    }

    fn percent_decoded(text: &str) -> String {
        let mut parts = text.split('%');
        let mut octets = parts.next().unwrap().as_bytes().to_vec();
        for part in parts {
            octets.push(u8::from_str_radix(&part[..2], 16).unwrap());
            octets.extend_from_slice(&part.as_bytes()[2..]);
        }
        String::from_utf8(octets).expect("a piece holds whole characters")
    }
}
