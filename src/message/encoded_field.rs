//! Fields in ASCII, of which only the text is encoded (RFC 2047 section 5): neither addresses nor
//! identifiers, which no reader would find in an encoded word.

use super::encoded_word::EncodedWords;
use super::header::{Header, LONGEST, Script};
use crate::address::AddrSpec;

/// The fields of addresses, and those of URLs in angle brackets with comments. All of the text
/// outside of the brackets is names and comments.
const ADDRESSES: &[&str] = &[
    "Abuse-Reports-To",
    "Apparently-To",
    "Cc",
    "Delivered-To",
    "Disposition-Notification-To",
    "Envelope-To",
    "Errors-To",
    "From",
    "List-Archive",
    "List-Help",
    "List-Id",
    "List-Owner",
    "List-Post",
    "List-Subscribe",
    "List-Unsubscribe",
    "Mail-Followup-To",
    "Mail-Reply-To",
    "Reply-To",
    "Resent-Cc",
    "Resent-From",
    "Resent-Reply-To",
    "Resent-Sender",
    "Resent-To",
    "Return-Receipt-To",
    "Sender",
    "To",
    "X-Complaints-To",
    "X-Confirm-Reading-To",
    "X-Envelope-From",
    "X-Envelope-To",
    "X-Forwarded-To",
    "X-Original-From",
    "X-Original-To",
];

/// The fields in which nothing can be encoded.
const IDENTIFIERS: &[&str] = &[
    "Content-ID",
    "In-Reply-To",
    "Message-ID",
    "References",
    "Resent-Message-ID",
    "Return-Path",
];

/// The fields of a value with parameters (RFC 2045 section 5.1, RFC 2183).
const PARAMETERS: &[&str] = &["Content-Disposition", "Content-Type"];

/// Whether a field is known to have addresses, or URLs in angle brackets.
pub(super) fn has_addresses(name: &str) -> bool {
    is_one_of(ADDRESSES, name)
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// The field of this name in ASCII, with its line end; its value is on one line. Words in ASCII
/// stay as they are, encoded words among them.
///
/// Nothing if that cannot be: because of a local part or an identifier in UTF-8, or because the
/// syntax of the field is broken.
pub(super) fn encoded_field(name: &str, value: &str) -> Option<String> {
    let value = value.trim_matches([' ', '\t']);
    let mut header = Header::new(Script::Ascii);
    header.begin(name);
    if is_one_of(PARAMETERS, name) {
        write_parameters(&mut header, value);
    } else if is_one_of(IDENTIFIERS, name) {
        value.is_ascii().then(|| header.word(value))?;
    } else if has_addresses(name) {
        write_pieces(&mut header, &address_pieces(value)?);
    } else {
        write_pieces(&mut header, &text_pieces(value));
    }
    header.end();
    let field = header.into_text();
    let fits = field.lines().all(|line| line.len() <= LONGEST);
    (field.is_ascii() && fits).then_some(field)
}

/// The longest encoded word that is a whole comment.
const COMMENT: usize = 60;

/// A piece of a value.
struct Piece<'a> {
    /// The white space in front of it.
    space: &'a str,
    content: Content,
}

enum Content {
    /// It stays as it is.
    Plain(String),
    /// It is encoded.
    Text(String),
    /// A comment whose text is encoded.
    Comment(String),
}

impl Piece<'_> {
    fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            Content::Plain(_) | Content::Comment(_) => None,
        }
    }

    /// Whether it is an encoded word. The white space between two of them is no part of what
    /// they say (RFC 2047 section 6.2).
    fn is_encoded_word(&self) -> bool {
        matches!(&self.content, Content::Plain(word)
            if word.len() > 6 && word.starts_with("=?") && word.ends_with("?="))
    }
}

fn write_pieces(header: &mut Header, pieces: &[Piece<'_>]) {
    let mut at = 0;
    let mut after_encoded = false;
    while let Some(piece) = pieces.get(at) {
        let spaced = !piece.space.is_empty() || at == 0;
        match &piece.content {
            Content::Plain(word) if spaced || after_encoded => {
                if at > 0 && piece.space.len() > 1 {
                    header.append(piece.space.get(1..).unwrap_or_default());
                }
                header.word(word);
                after_encoded = false;
            }
            Content::Plain(word) => header.append(word),
            Content::Comment(text) => {
                let mut words = EncodedWords::new(text);
                let word = words.next_within(COMMENT);
                if words.is_empty() {
                    header.word(&format!("({word})"));
                } else {
                    header.word("(");
                    header.encoded(text, ")");
                }
                after_encoded = true;
            }
            Content::Text(_) => {
                let run = pieces.get(at..).unwrap_or_default();
                let len = run
                    .iter()
                    .take_while(|piece| piece.text().is_some())
                    .count();
                let is_word = |at: Option<usize>| {
                    let piece = at.and_then(|at| pieces.get(at));
                    piece.filter(|piece| piece.is_encoded_word())
                };
                let mut text = String::new();
                for (nth, piece) in run.iter().take(len).enumerate() {
                    if nth > 0 || is_word(at.checked_sub(1)).is_some() {
                        text.push_str(piece.space);
                    }
                    text.push_str(piece.text().unwrap_or_default());
                }
                if let Some(next) = is_word(Some(at + len)) {
                    text.push_str(next.space);
                }
                header.encoded(&text, "");
                after_encoded = true;
                at += len - 1;
            }
        }
        at += 1;
    }
}

/// The words of free text. One that is too long for a line can only be encoded.
fn text_pieces(value: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = value;
    while !rest.is_empty() {
        let (space, word) = split(rest, |c| !is_space(c));
        let (word, after) = split(word, is_space);
        rest = after;
        let content = if word.is_ascii() && word.len() < LONGEST / 2 {
            Content::Plain(word.to_owned())
        } else {
            Content::Text(word.to_owned())
        };
        pieces.push(Piece { space, content });
    }
    pieces
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

fn split(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at_checked(text.find(is_end).unwrap_or(text.len()))
        .unwrap_or((text, ""))
}

/// The names, comments and addresses of a list.
fn address_pieces(value: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = value;
    while !rest.is_empty() {
        let (space, token) = split(rest, |c| !is_space(c));
        let (token, after) = token.split_at_checked(token_len(token)?)?;
        rest = after;
        let content = match token.chars().next()? {
            _ if token.is_ascii() => Content::Plain(token.to_owned()),
            '(' => Content::Comment(unquoted(token)),
            '<' => {
                let address = token.strip_prefix('<')?.strip_suffix('>')?;
                Content::Plain(format!("<{}>", ascii_address(address)?))
            }
            _ if token.contains('@') && !after.trim_start().starts_with('<') => {
                Content::Plain(ascii_address(token)?)
            }
            '"' => Content::Text(unquoted(token)),
            _ => Content::Text(token.to_owned()),
        };
        pieces.push(Piece { space, content });
    }
    Some(pieces)
}

/// An address as every server takes it, if it is one: only the domain can be written so.
fn ascii_address(text: &str) -> Option<String> {
    let address: AddrSpec = text.parse().ok()?;
    address.is_ascii().then(|| address.to_string())
}

/// How many octets the first token has; nothing if it does not end.
fn token_len(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut in_quotes = false;
    let mut in_brackets = false;
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        let is_open = in_quotes || in_brackets || depth > 0;
        match c {
            '\\' if in_quotes || depth > 0 => {
                characters.next()?;
            }
            '"' if depth == 0 => in_quotes = !in_quotes,
            _ if in_quotes => {}
            '(' if depth > 0 || at == 0 => depth += 1,
            ')' if depth == 1 => return Some(at + 1),
            ')' if depth > 1 => depth -= 1,
            _ if depth > 0 => {}
            '<' if at == 0 => in_brackets = true,
            '>' if in_brackets => return Some(at + 1),
            ',' | ':' | ';' if at == 0 => return Some(1),
            ' ' | '\t' | '(' | '<' | ',' | ':' | ';' if !is_open => return Some(at),
            _ => {}
        }
    }
    (!in_quotes && !in_brackets && depth == 0).then_some(text.len())
}

/// What is inside of quotation marks or parentheses, without the backslashes that quote.
fn unquoted(token: &str) -> String {
    let mut characters = token.chars();
    characters.next();
    characters.next_back();
    let mut out = String::new();
    while let Some(c) = characters.next() {
        match c {
            '\\' => out.extend(characters.next()),
            c => out.push(c),
        }
    }
    out
}

/// Writes a value with parameters, each value beyond ASCII as RFC 2231 has it.
fn write_parameters(header: &mut Header, value: &str) {
    for (at, parameter) in parameters(value).enumerate() {
        let parameter = parameter.trim_matches([' ', '\t']);
        match parameter.split_once('=') {
            Some((name, value)) if !value.is_ascii() && at > 0 => {
                let value = value.trim_matches([' ', '\t']);
                let value = if value.starts_with('"') && value.ends_with('"') {
                    unquoted(value)
                } else {
                    value.to_owned()
                };
                header.parameter(name.trim_end(), &value);
            }
            _ => {
                if at > 0 {
                    header.append(";");
                }
                header.word(parameter);
            }
        }
    }
}

/// What is between the semicolons that are not in quotation marks.
fn parameters(value: &str) -> impl Iterator<Item = &str> {
    let mut in_quotes = false;
    let mut after_backslash = false;
    value.split(move |c| {
        let is_quoted = after_backslash;
        after_backslash = c == '\\' && !is_quoted;
        if c == '"' && !is_quoted {
            in_quotes = !in_quotes;
        }
        c == ';' && !in_quotes
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_encoded_and_nothing_else() {
        for (field, expected) in [
            (
                "Subject: Größe der Platte",
                "Subject: =?utf-8?b?R3LDtsOfZQ==?= der Platte",
            ),
            (
                "Subject: a  Grüße b",
                "Subject: a =?utf-8?b?R3LDvMOfZQ==?= b",
            ),
            ("Subject: für Öl", "Subject: =?utf-8?b?ZsO8ciDDlmw=?="),
            (
                "Subject: =?utf-8?q?x?= ü =?utf-8?q?y?=",
                "Subject: =?utf-8?q?x?= =?utf-8?q?_=C3=BC_?= =?utf-8?q?y?=",
            ),
            ("X-A: a@ü.test", "X-A: =?utf-8?b?YUDDvC50ZXN0?="),
            ("To: a@b", "To: a@b"),
            ("To: Zoë <z@x>, b@y", "To: =?utf-8?q?Zo=C3=AB?= <z@x>, b@y"),
            (
                "To: \"Zoë, Å\" Lee <z@x>",
                "To: =?utf-8?b?Wm/Dqywgw4U=?= Lee <z@x>",
            ),
            (
                "To: Zoë Ångström <z@x>",
                "To: =?utf-8?b?Wm/DqyDDhW5nc3Ryw7Zt?= <z@x>",
            ),
            ("To: a@bücher.test", "To: a@xn--bcher-kva.test"),
            (
                "To: Jö <a@bücher.test>",
                "To: =?utf-8?b?SsO2?= <a@xn--bcher-kva.test>",
            ),
            ("To: a@b (Zoë)", "To: a@b (=?utf-8?q?Zo=C3=AB?=)"),
            (
                "To: Crew\u{e9}: a@b, \"q\"@c;",
                "To: =?utf-8?b?Q3Jld8Op?= : a@b, \"q\"@c;",
            ),
            (
                "List-Id: Fränkische Freunde <f.x.test>",
                "List-Id: =?utf-8?q?Fr=C3=A4nkische?= Freunde <f.x.test>",
            ),
            (
                "List-Post: <mailto:a@b?subject=x> (für alle)",
                "List-Post: <mailto:a@b?subject=x> (=?utf-8?b?ZsO8ciBhbGxl?=)",
            ),
            (
                "Disposition-Notification-To: =?utf-8?q?Zo=C3=AB?= <z@x>",
                "Disposition-Notification-To: =?utf-8?q?Zo=C3=AB?= <z@x>",
            ),
            (
                "Content-Disposition: attachment; filename=\"ü; x.txt\"; size=1",
                "Content-Disposition: attachment; filename*=utf-8''%C3%BC%3B%20x.txt; size=1",
            ),
        ] {
            let (name, value) = field.split_once(": ").unwrap();
            let encoded = encoded_field(name, value).unwrap();
            assert_eq!(encoded.replace("\r\n", ""), expected, "{field}");
        }
    }

    #[test]
    fn what_cannot_be_encoded_is_left_to_smtputf8() {
        for field in [
            "To: jörg@x.test",
            "To: Ann <jörg@x.test>",
            "To: \"jö\"@x.test",
            "To: Zoë <root",
            "From: Zoë \"Lee <a@b>",
            "List-Post: <mailto:zoë@x.test>",
            "Message-ID: <1.a@bücher.test>",
            "References: <a@b> <ü@b>",
        ] {
            let (name, value) = field.split_once(": ").unwrap();
            assert_eq!(encoded_field(name, value), None, "{field}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_encoded_is_decoded_again(words in proptest::collection::vec(
            "[a-zé]{1,9}|é{1,40}|=[?]utf-8[?]q[?]x[?]=", 0..30,
        )) {
            let words = words.join(" ");
            let field = encoded_field("Subject", &words).unwrap();
            let decoded = |field: &str| {
                let message = format!("{}\r\n\r\n", field.trim_end());
                let parsed = mail_parser::MessageParser::default().parse(message.as_bytes());
                let subject = parsed.unwrap().subject().unwrap_or_default().to_owned();
                subject.split_whitespace().collect::<Vec<_>>().join(" ")
            };
            proptest::prop_assert!(field.lines().all(|line| line.len() <= 76 && line.is_ascii()));
            proptest::prop_assert_eq!(decoded(&field), decoded(&format!("Subject: {words}")));
        }
    }
}
