//! The words of a field's value: which of them are encoded, and how they are written.

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
    content: WordForm,
}

enum WordForm {
    /// It stays as it is.
    Plain(String),
    /// It is encoded.
    Text(String),
    /// A comment whose text is encoded.
    Comment(String),
}

impl Word<'_> {
    fn text(&self) -> Option<&str> {
        match &self.content {
            WordForm::Text(text) => Some(text),
            WordForm::Plain(_) | WordForm::Comment(_) => None,
        }
    }

    /// Whether it is an encoded word. The white space between two of them is no part of what
    /// they say (RFC 2047 section 6.2).
    fn is_encoded_word(&self) -> bool {
        matches!(&self.content, WordForm::Plain(word)
            if word.len() > 6 && word.starts_with("=?") && word.ends_with("?="))
    }
}

pub(crate) fn write_pieces(header: &mut Header, pieces: &[Word<'_>]) {
    let mut at = 0;
    let mut after_encoded = false;
    while let Some(piece) = pieces.get(at) {
        let spaced = !piece.space.is_empty() || at == 0;
        match &piece.content {
            WordForm::Plain(word) if spaced || after_encoded => {
                if at > 0 && piece.space.len() > 1 {
                    header.append(piece.space.get(1..).unwrap_or_default());
                }
                header.word(word);
                after_encoded = false;
            }
            WordForm::Plain(word) => header.append(word),
            WordForm::Comment(text) => {
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
            WordForm::Text(_) => {
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
pub(crate) fn text_pieces(value: &str) -> Vec<Word<'_>> {
    let pieces = pieces(value, |text| {
        let (word, after) = split(text, is_space);
        let content = if word.is_ascii() && word.len() < MAX_LINE / 2 {
            WordForm::Plain(word.to_owned())
        } else {
            WordForm::Text(word.to_owned())
        };
        Some((content, after))
    });
    pieces.unwrap_or_default()
}

/// Takes a value apart into words and the white space before them. `first` takes the first word off
/// a text, and returns what follows.
fn pieces<'a>(
    value: &'a str,
    first: impl Fn(&'a str) -> Option<(WordForm, &'a str)>,
) -> Option<Vec<Word<'a>>> {
    let mut pieces = Vec::new();
    let mut rest = value;
    while !rest.is_empty() {
        let (space, text) = split(rest, |c| !is_space(c));
        let (content, after) = first(text)?;
        pieces.push(Word { space, content });
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
        let content = match token.chars().next()? {
            _ if token.is_ascii() => WordForm::Plain(token.to_owned()),
            '(' => WordForm::Comment(unquoted(token)),
            '<' => {
                let address = token.strip_prefix('<')?.strip_suffix('>')?;
                WordForm::Plain(format!("<{}>", ascii_address(address)?))
            }
            _ if token.contains('@') && !after.trim_start().starts_with('<') => {
                WordForm::Plain(ascii_address(token)?)
            }
            '"' => WordForm::Text(unquoted(token)),
            _ => WordForm::Text(token.to_owned()),
        };
        Some((content, after))
    })
}

/// The comments and other words of a value. Words beyond ASCII outside of comments are text, as
/// no server without SMTPUTF8 takes them otherwise; so is all of a value whose comments do not end.
pub(crate) fn comment_pieces(value: &str) -> Vec<Word<'_>> {
    let pieces = pieces(value, |text| {
        let (token, after) = text.split_at_checked(token_len(text)?)?;
        let content = if token.is_ascii() {
            WordForm::Plain(token.to_owned())
        } else if token.starts_with('(') {
            WordForm::Comment(unquoted(token))
        } else {
            WordForm::Text(token.to_owned())
        };
        Some((content, after))
    });
    pieces.unwrap_or_else(|| text_pieces(value))
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
    unescaped(characters.as_str(), None)
}
