//! Octets as a mark and two hexadecimal digits, which xtext, URLs and encoded text have in common.

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
