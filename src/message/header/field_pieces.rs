//! The words of a field's value: which of them are encoded, and how they are written.

use std::borrow::Cow;

use super::parameter::unescaped;
use super::writer::Header;
use crate::address::AddrSpec;
use crate::message::encoding::{EncodedWords, MAX_LINE};

/// The longest encoded word that is a whole comment.
const COMMENT: usize = 60;

/// A piece of a value.
pub(crate) struct Word<'a> {
    /// The white space before it.
    space: &'a str,
    form: WordForm,
    text: Cow<'a, str>,
}

#[derive(PartialEq)]
enum WordForm {
    /// It stays as it is.
    Plain,
    /// It is encoded.
    Text,
    /// A comment whose text is encoded.
    Comment,
}

impl Word<'_> {
    /// Whether it is an encoded word. The white space between two of them is not part of the text
    /// (RFC 2047 section 6.2).
    fn is_encoded_word(&self) -> bool {
        self.form == WordForm::Plain
            && self.text.len() > 6
            && self.text.starts_with("=?")
            && self.text.ends_with("?=")
    }
}

pub(crate) fn write_pieces(header: &mut Header, pieces: &[Word<'_>]) {
    let mut at = 0;
    let mut after_encoded = false;
    while let Some(piece) = pieces.get(at) {
        let spaced = !piece.space.is_empty() || at == 0;
        match piece.form {
            WordForm::Plain if spaced || after_encoded => {
                if at > 0 && piece.space.len() > 1 {
                    header.append(piece.space.get(1..).unwrap_or_default());
                }
                header.word(&piece.text);
                after_encoded = false;
            }
            WordForm::Plain => header.append(&piece.text),
            WordForm::Comment => {
                let mut words = EncodedWords::new(&piece.text);
                let word = words.next_within(COMMENT);
                if words.is_empty() {
                    header.word(&format!("({word})"));
                } else {
                    header.word("(");
                    header.encoded(&piece.text, ")");
                }
                after_encoded = true;
            }
            WordForm::Text => {
                let run = pieces.iter().skip(at);
                let run = run.take_while(|piece| piece.form == WordForm::Text);
                let is_word = |at: usize| pieces.get(at).filter(|piece| piece.is_encoded_word());
                let mut text = String::new();
                let mut end = at;
                for piece in run {
                    if end > at || at.checked_sub(1).and_then(is_word).is_some() {
                        text.push_str(piece.space);
                    }
                    text.push_str(&piece.text);
                    end += 1;
                }
                if let Some(next) = is_word(end) {
                    text.push_str(next.space);
                }
                header.encoded(&text, "");
                after_encoded = true;
                at = end - 1;
            }
        }
        at += 1;
    }
}

/// The words of free text. A word that is too long for a line is encoded.
pub(crate) fn text_pieces(value: &str) -> Vec<Word<'_>> {
    let pieces = pieces(value, |text| {
        let (word, after) = split(text, is_space);
        let is_plain = word.is_ascii() && word.len() < MAX_LINE / 2;
        let form = if is_plain {
            WordForm::Plain
        } else {
            WordForm::Text
        };
        Some((form, word.into(), after))
    });
    pieces.unwrap_or_default()
}

/// Takes a value apart into words and the white space before them. `first` takes the first word off
/// a text, and returns what follows.
fn pieces<'a>(
    value: &'a str,
    first: impl Fn(&'a str) -> Option<(WordForm, Cow<'a, str>, &'a str)>,
) -> Option<Vec<Word<'a>>> {
    let mut pieces = Vec::new();
    let mut rest = value;
    while !rest.is_empty() {
        let (space, text) = split(rest, |c| !is_space(c));
        let (form, text, after) = first(text)?;
        pieces.push(Word { space, form, text });
        rest = after;
    }
    Some(pieces)
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

fn split(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at_checked(text.find(is_end).unwrap_or(text.len()))
        .unwrap_or((text, ""))
}

/// The names, comments and addresses of a list.
pub(crate) fn address_pieces(value: &str) -> Option<Vec<Word<'_>>> {
    pieces(value, |text| {
        let (token, after) = text.split_at_checked(token_len(text)?)?;
        let (form, text) = match token.chars().next()? {
            _ if token.is_ascii() => (WordForm::Plain, token.into()),
            '(' => (WordForm::Comment, unquoted(token).into()),
            '<' => {
                let address = token.strip_prefix('<')?.strip_suffix('>')?;
                let address = format!("<{}>", ascii_address(address)?);
                (WordForm::Plain, address.into())
            }
            _ if token.contains('@') && !after.trim_start().starts_with('<') => {
                (WordForm::Plain, ascii_address(token)?.into())
            }
            '"' => (WordForm::Text, unquoted(token).into()),
            _ => (WordForm::Text, token.into()),
        };
        Some((form, text, after))
    })
}

/// The comments and other words of a value. Words beyond ASCII outside of comments are text, as
/// no server without SMTPUTF8 takes them otherwise; so is all of a value whose comments do not end.
pub(crate) fn comment_pieces(value: &str) -> Vec<Word<'_>> {
    let pieces = pieces(value, |text| {
        let (token, after) = text.split_at_checked(token_len(text)?)?;
        let (form, text) = match token.chars().next() {
            Some('(') if !token.is_ascii() => (WordForm::Comment, unquoted(token).into()),
            _ if token.is_ascii() => (WordForm::Plain, token.into()),
            _ => (WordForm::Text, token.into()),
        };
        Some((form, text, after))
    });
    pieces.unwrap_or_else(|| text_pieces(value))
}

/// An address in the form that every server accepts. `None` if it is not an address or its local part
/// is not ASCII; a domain can always be written in ASCII.
fn ascii_address(text: &str) -> Option<String> {
    let address: AddrSpec = text.parse().ok()?;
    address.is_ascii().then(|| address.to_string())
}

/// How many octets the first token has; `None` if it does not end.
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
    unescaped(characters.as_str(), None)
}
