//! Encoded words: text of any script in header fields (RFC 2047).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::address::escaped;

/// The longest an encoded word may be (RFC 2047 section 2).
pub(crate) const MAX_LEN: usize = 75;

/// The length of an encoded word with any single character.
pub(crate) const MIN_ROOM: usize = FRAME + 12;

/// `=?utf-8?q?` and `?=`.
const FRAME: usize = 12;

/// How the octets of a text are written in its encoded words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    /// Like quoted-printable (RFC 2047 section 4.2).
    Q,
    /// Base64 (RFC 2047 section 4.1).
    B,
}

/// Splits a text into encoded words, in the scheme that makes it shorter.
///
/// No word splits a character (RFC 2047 section 5 (3)). The white space between two words is not part
/// of the text.
#[derive(Debug)]
pub(crate) struct EncodedWords<'a> {
    scheme: Scheme,
    rest: &'a str,
}

impl<'a> EncodedWords<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let q: usize = text.bytes().map(q_len).sum();
        let scheme = if q <= b_len(text.len()) {
            Scheme::Q
        } else {
            Scheme::B
        };
        Self { scheme, rest: text }
    }

    /// Whether all of the text has been taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes as much as fits into one word of at most `room` octets, or [`MIN_ROOM`] if that is more.
    pub(crate) fn next_within(&mut self, room: usize) -> String {
        let room = room.clamp(MIN_ROOM, MAX_LEN) - FRAME;
        let mut taken = 0;
        let mut q = 0;
        for character in self.rest.chars() {
            let len = character.len_utf8();
            let encoded = match self.scheme {
                Scheme::Q => {
                    q += character
                        .encode_utf8(&mut [0; 4])
                        .bytes()
                        .map(q_len)
                        .sum::<usize>();
                    q
                }
                Scheme::B => b_len(taken + len),
            };
            if encoded > room {
                break;
            }
            taken += len;
        }
        let (text, rest) = self.rest.split_at_checked(taken).unwrap_or((self.rest, ""));
        self.rest = rest;
        match self.scheme {
            Scheme::Q => format!("=?utf-8?q?{}?=", q_encoded(text)),
            Scheme::B => format!("=?utf-8?b?{}?=", STANDARD.encode(text)),
        }
    }
}

/// Whether an octet may be literal in any encoded word, even in a phrase (RFC 2047 section 5 (3)).
fn is_literal(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'!' | b'*' | b'+' | b'-' | b'/')
}

fn q_len(octet: u8) -> usize {
    if octet == b' ' || is_literal(octet) {
        1
    } else {
        3
    }
}

fn b_len(octets: usize) -> usize {
    octets.div_ceil(3) * 4
}

fn q_encoded(text: &str) -> String {
    let is_literal = |octet| octet == b' ' || is_literal(octet);
    escaped(text, '=', is_literal).replace(' ', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, first: usize) -> Vec<String> {
        let mut words = EncodedWords::new(text);
        let mut all = Vec::new();
        while !words.is_empty() {
            all.push(words.next_within(if all.is_empty() { first } else { MAX_LEN }));
        }
        all
    }

    #[test]
    fn the_shorter_scheme_is_taken() {
        for (text, encoded) in [
            ("Jörgen", "=?utf-8?q?J=C3=B6rgen?="),
            ("Jörg", "=?utf-8?b?SsO2cmc=?="),
            ("a b_c?=abc", "=?utf-8?q?a_b=5Fc=3F=3Dabc?="),
            ("日本語", "=?utf-8?b?5pel5pys6Kqe?="),
            ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?="),
        ] {
            assert_eq!(words(text, MAX_LEN).join(" "), encoded);
        }
    }

    #[test]
    fn words_are_short_and_split_no_character() {
        for text in [
            "🦈",
            "é",
            "e\u{301}",
            "👨\u{200d}👩\u{200d}👧",
            "aé日🦈",
            "\u{202e}ש ",
        ] {
            for count in 1..300 {
                let text = text.repeat(count);
                for first in [MIN_ROOM, MIN_ROOM + 1, 40, 66, MAX_LEN] {
                    let words = words(&text, first);
                    assert!(words[0].len() <= first);
                    assert!(words.iter().all(|word| word.len() <= MAX_LEN));
                    let decoded: String = words.iter().map(|word| decode(word)).collect();
                    assert_eq!(decoded, text);
                }
            }
        }
    }

    /// An independent decoder of one word, which must be UTF-8 by itself.
    fn decode(word: &str) -> String {
        let inner = word
            .strip_prefix("=?utf-8?")
            .unwrap()
            .strip_suffix("?=")
            .unwrap();
        if let Some(b) = inner.strip_prefix("b?") {
            return String::from_utf8(STANDARD.decode(b).unwrap()).unwrap();
        }
        let q = inner.strip_prefix("q?").unwrap().replace('_', " ");
        let mut parts = q.split('=');
        let mut octets = parts.next().unwrap().as_bytes().to_vec();
        for part in parts {
            octets.push(u8::from_str_radix(&part[..2], 16).unwrap());
            octets.extend_from_slice(&part.as_bytes()[2..]);
        }
        String::from_utf8(octets).unwrap()
    }
}
