//! Octets as a mark and two hexadecimal digits, as in URLs and encoded text; and text as it stands
//! in a parameter of MAIL or RCPT (RFC 3461 section 4, RFC 6533 section 3).

use std::fmt::{self, Write as _};

/// The text with every octet that is not literal as `mark` and two digits in upper case.
pub(crate) fn escaped(text: &str, mark: char, is_literal: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii() && is_literal(octet) {
            out.push(char::from(octet));
        } else {
            push_escaped(&mut out, mark, octet);
        }
    }
    out
}

/// Appends an octet as `mark` and two digits in upper case.
pub(crate) fn push_escaped(out: &mut String, mark: char, octet: u8) {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    out.push(mark);
    out.push(digit(octet >> 4).to_ascii_uppercase());
    out.push(digit(octet & 15).to_ascii_uppercase());
}

/// The text as xtext: printable ASCII as it is, everything else, `+` and `=` as `+` and two digits
/// for each octet.
pub(super) fn xtext(text: &str) -> String {
    let is_literal = |octet| matches!(octet, b'!'..=b'~') && !matches!(octet, b'+' | b'=');
    escaped(text, '+', is_literal)
}

/// Writes an internationalized address in the form that a server without SMTPUTF8 takes, too:
/// `utf-8-addr-xtext`, with `\x{..}` for what xtext or this form has no room for.
pub(super) fn write_utf8_address(f: &mut fmt::Formatter<'_>, address: &str) -> fmt::Result {
    address.chars().try_for_each(|character| match character {
        '+' | '=' | '\\' => write!(f, "\\x{{{:02X}}}", u32::from(character)),
        '!'..='~' => f.write_char(character),
        _ => write!(f, "\\x{{{:02X}}}", u32::from(character)),
    })
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use proptest::prelude::*;

    use super::*;

    struct Utf8Address<'a>(&'a str);

    impl fmt::Display for Utf8Address<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write_utf8_address(f, self.0)
        }
    }

    /// What RFC 3461 section 4 says a reader does.
    fn decoded(xtext: &str) -> Option<String> {
        let mut octets = Vec::new();
        let mut rest = xtext.bytes();
        while let Some(octet) = rest.next() {
            let digit = |octet: u8| char::from(octet).to_digit(16);
            octets.push(match octet {
                b'+' => u8::try_from(digit(rest.next()?)? * 16 + digit(rest.next()?)?).ok()?,
                b'=' => return None,
                b'!'..=b'~' => octet,
                _ => return None,
            });
        }
        String::from_utf8(octets).ok()
    }

    #[test]
    fn xtext_of_awkward_texts() {
        for (text, xtext) in [
            ("", ""),
            ("QQ314159", "QQ314159"),
            ("a+b=c d", "a+2Bb+3Dc+20d"),
            ("\r\nDATA\r\n", "+0D+0ADATA+0D+0A"),
            ("\0\u{7f}", "+00+7F"),
            ("ö", "+C3+B6"),
            ("\u{2028}\u{85}", "+E2+80+A8+C2+85"),
            ("!~;<>\\\"", "!~;<>\\\""),
        ] {
            assert_eq!(super::xtext(text), xtext, "{text:?}");
        }
    }

    #[test]
    fn internationalized_addresses() {
        for (address, expected) in [
            ("jörg@x.test", r"j\x{F6}rg@x.test"),
            ("鮫@x.test", r"\x{9BAB}@x.test"),
            ("🦈@x.test", r"\x{1F988}@x.test"),
            (
                r#""ö\"+= "@x.test"#,
                r#""\x{F6}\x{5C}"\x{2B}\x{3D}\x{20}"@x.test"#,
            ),
        ] {
            assert_eq!(Utf8Address(address).to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn xtext_is_read_back(text in any::<String>()) {
            let encoded = xtext(&text);
            prop_assert!(encoded.bytes().all(|octet| octet.is_ascii_graphic() && octet != b'='));
            prop_assert_eq!(decoded(&encoded), Some(text));
        }
    }
}
