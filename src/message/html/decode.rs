//! Character references (HTML section 13.5) and percent encoding (RFC 3986 section 2.1).

use std::borrow::Cow;

/// The names of the characters from U+00A0 to U+00FF.
const LATIN_1: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg \
    plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest \
    Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute \
    Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc \
    Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute \
    ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide \
    oslash ugrave uacute ucirc uuml yacute thorn yuml";

/// The text with its character references resolved: all numeric ones, and of those with a name
/// the five that XML has too, and those of the letters and signs of Latin-1. The others stay as
/// they are.
pub(super) fn character_references_decoded(text: &str) -> Cow<'_, str> {
    decoded(text, b'&', |reference, out| {
        // The longest reference there is to resolve is `#x0010FFFF`.
        let end = reference.bytes().take(11).position(|b| b == b';')?;
        let character = referenced(reference.get(..end)?)?;
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        reference.get(end + 1..)
    })
}

/// What a reference stands for, without its ampersand and semicolon.
fn referenced(name: &str) -> Option<char> {
    if let Some(code) = name.strip_prefix('#') {
        let code = match code.strip_prefix(['x', 'X']) {
            Some(code) => u32::from_str_radix(code, 16),
            None => code.parse(),
        };
        return char::from_u32(code.ok()?);
    }
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let at = LATIN_1.split(' ').position(|known| known == name)?;
            char::from_u32(0xa0 + u32::try_from(at).ok()?)
        }
    }
}

/// The text with its percent-encoded octets decoded, or as it is if that would not be UTF-8. A
/// percent sign that no two hexadecimal digits follow stays as it is.
pub(super) fn percent_decoded(text: &str) -> Cow<'_, str> {
    decoded(text, b'%', |encoded, out| {
        let (digits, after) = encoded.split_at_checked(2)?;
        out.push(octet(digits)?);
        Some(after)
    })
}

/// The text with what follows each `mark` decoded. `decode` adds what it stands for, and returns what
/// comes after it; `None` if it stays as it is.
fn decoded<'a>(
    text: &'a str,
    mark: u8,
    decode: impl Fn(&'a str, &mut Vec<u8>) -> Option<&'a str>,
) -> Cow<'a, str> {
    let Some((plain, rest)) = text.split_once(char::from(mark)) else {
        return text.into();
    };
    let mut out = plain.as_bytes().to_vec();
    for part in rest.split(char::from(mark)) {
        let after = decode(part, &mut out).unwrap_or_else(|| {
            out.push(mark);
            part
        });
        out.extend_from_slice(after.as_bytes());
    }
    String::from_utf8(out).map_or(text.into(), Cow::Owned)
}

/// The value of two hexadecimal digits; no sign, unlike `from_str_radix`.
fn octet(digits: &str) -> Option<u8> {
    let all = digits.bytes().all(|b| b.is_ascii_hexdigit());
    u8::from_str_radix(digits, 16).ok().filter(|_| all)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::header::percent_encoded;

    #[test]
    fn character_references() {
        for (text, decoded) in [
            ("", ""),
            ("a&amp;b", "a&b"),
            ("&lt;&gt;&quot;&apos;", "<>\"'"),
            ("&#38;&#x26;&#X1F988;&#x0010FFFF;", "&&🦈\u{10ffff}"),
            ("a&b", "a&b"),
            ("&nbsp;&uuml;&Uuml;&yuml;&times;", "\u{a0}üÜÿ×"),
            ("&amp;amp;", "&amp;"),
            ("&amp", "&amp"),
            (
                "&eacut;&;&#;&#x;&#xd800;&#-1;",
                "&eacut;&;&#;&#x;&#xd800;&#-1;",
            ),
            ("&é&日本語日本語;&", "&é&日本語日本語;&"),
        ] {
            assert_eq!(character_references_decoded(text), decoded, "{text:?}");
        }
    }

    #[test]
    fn percent_encoding() {
        for (text, decoded) in [
            ("", ""),
            ("my%20shark", "my shark"),
            ("H%C3%a4i", "Häi"),
            ("%25%41", "%A"),
            ("100%", "100%"),
            ("%4", "%4"),
            ("%+1%-1%é%zz", "%+1%-1%é%zz"),
            ("%ff%20", "%ff%20"),
        ] {
            assert_eq!(percent_decoded(text), decoded, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_back(text: String) {
            let encoded = percent_encoded(&text);
            prop_assert_eq!(percent_decoded(&encoded), text);
        }

        #[test]
        fn no_text_is_too_much(text in "[&%#x;0-9a-fé🦈]{0,40}") {
            let _ = character_references_decoded(&text);
            let _ = percent_decoded(&text);
        }
    }
}
