//! Addresses of a rendered field, in which a value stays within its place.

use crate::address::{Address, AddressError};

use super::marked::{Marked, Piece};

/// Reads the addresses of a field.
///
/// A value that is a whole element of the list is read as addresses, so that a column may have
/// `Ann <ann@example.org>, bo@example.org`. Elsewhere it is a name or a part of an address, and cannot add
/// an address: what has a meaning in a list is put in quotation marks.
pub(super) fn read(marked: &Marked) -> Result<Vec<Address>, AddressError> {
    let pieces = marked.pieces();
    let mut text = String::new();
    let mut is_quoted = false;
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Fixed(fixed) => {
                let mut is_escaped = false;
                for character in fixed.chars() {
                    is_quoted ^= character == '"' && !is_escaped;
                    is_escaped = character == '\\' && !is_escaped;
                    text.push(if matches!(character, '\r' | '\n') {
                        ' '
                    } else {
                        character
                    });
                }
            }
            Piece::Value(value) if is_quoted => push_escaped(&mut text, value),
            Piece::Value(value) => {
                let before = at.checked_sub(1).and_then(|at| pieces.get(at));
                let is_whole = is_edge(before, |text| text.trim_end().ends_with(','))
                    && is_edge(pieces.get(at + 1), |text| {
                        text.trim_start().starts_with(',')
                    });
                if is_whole || value.chars().all(is_plain) {
                    text.push_str(value);
                } else {
                    text.push('"');
                    push_escaped(&mut text, value);
                    text.push('"');
                }
            }
        }
    }
    if text.trim_matches([' ', '\t', ',']).is_empty() {
        return Ok(Vec::new());
    }
    Address::parse_list(text.trim())
}

/// Whether an element of the list ends at a value that has this beside it.
fn is_edge(piece: Option<&Piece<'_>>, has_comma: impl Fn(&str) -> bool) -> bool {
    match piece {
        None => true,
        Some(Piece::Value(_)) => false,
        Some(Piece::Fixed(text)) => text.trim().is_empty() || has_comma(text),
    }
}

/// Whether a character has no meaning in a list of addresses, but for the dot and the @.
fn is_plain(character: char) -> bool {
    character.is_alphanumeric()
        || "!#$%&'*+-/=?^_`{|}~ .@".contains(character)
        || !character.is_ascii()
}

fn push_escaped(text: &mut String, value: &str) {
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::marked::mark;
    use super::*;

    /// The addresses of a template, whose `{}` is this value.
    fn addresses(template: &str, value: &str) -> String {
        let text = template.replace("{}", &mark(value));
        match read(&Marked::new(text)) {
            Ok(list) => list
                .iter()
                .map(Address::to_string)
                .collect::<Vec<_>>()
                .join(" & "),
            Err(error) => error
                .to_string()
                .split(':')
                .next()
                .unwrap_or_default()
                .to_owned(),
        }
    }

    #[test]
    fn a_value_stays_in_its_place() {
        for (template, value, expected) in [
            ("{}", "ann@example.org", "ann@example.org"),
            (
                "{}",
                "Ann <ann@example.org>, b@example.org",
                "Ann <ann@example.org> & b@example.org",
            ),
            (
                "a@example.org,\n {}",
                "b@example.org",
                "a@example.org & b@example.org",
            ),
            ("{}", "", ""),
            ("{},{}", " ", ""),
            (
                "{} <ann@example.org>",
                "Lee, Ann",
                "\"Lee, Ann\" <ann@example.org>",
            ),
            (
                "{} <ann@example.org>",
                "Ann Lee",
                "Ann Lee <ann@example.org>",
            ),
            (
                "{} <ann@example.org>",
                "Jörg \"J\" (x)",
                "\"Jörg \\\"J\\\" (x)\" <ann@example.org>",
            ),
            (
                "\"{}\" <ann@example.org>",
                "Lee, \"A\"",
                "\"Lee, \\\"A\\\"\" <ann@example.org>",
            ),
            ("{}@example.org", "ann", "ann@example.org"),
            ("Ann <{}>", "ann@example.org", "Ann <ann@example.org>"),
            // No value adds an address.
            (
                "Ann <{}>",
                "a@example.org>, <b@example.org",
                "the address has no @",
            ),
            (
                "{} <ann@example.org>",
                "b@example.org, Ann",
                "\"b@example.org, Ann\" <ann@example.org>",
            ),
            (
                "{}@example.org",
                "b@example.net, c",
                "\"b@example.net, c\"@example.org",
            ),
            (
                "{}",
                "ann@example.org\r\nBcc: b@example.org",
                "the address contains a control character or a line separator",
            ),
            (
                "{} <ann@example.org>",
                "Ann\r\nBcc: b@example.org",
                "the address contains a control character or a line separator",
            ),
        ] {
            assert_eq!(addresses(template, value), expected, "{template} {value:?}");
        }
    }

    proptest! {
        #[test]
        fn no_value_adds_an_address(value in "([ab@.,;:<>()\"\\\\ \r\n]|@example\\.org|é)*") {
            for template in ["{} <ann@example.org>", "\"{}\" <ann@example.org>", "a {} b <ann@example.org>"] {
                let marked = Marked::new(template.replace("{}", &mark(&value)));
                if let Ok(list) = read(&marked) {
                    let found: Vec<_> = list.iter().flat_map(Address::mailboxes).collect();
                    prop_assert_eq!(found.len(), 1, "{}", template);
                    prop_assert_eq!(found[0].addr_spec().to_string(), "ann@example.org");
                }
            }
            for template in ["<{}>", "ann{}@example.org", "ann@{}", "{}{}x@example.org"] {
                let marked = Marked::new(template.replace("{}", &mark(&value)));
                if let Ok(list) = read(&marked) {
                    prop_assert_eq!(list.iter().flat_map(Address::mailboxes).count(), 1, "{}", template);
                }
            }
        }
    }
}
