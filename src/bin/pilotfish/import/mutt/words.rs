//! The words of a line of Mutt.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

/// A value of a variable. It may be a password.
#[derive(Clone)]
pub(super) enum Word {
    Text(Zeroizing<String>),
    /// Between backquotes: what a command prints.
    Command(String),
    /// With a variable of the environment, which has this name.
    Environment(String),
}

/// The variables, each with the line that sets it.
pub(super) type Values = BTreeMap<String, (usize, Word)>;

/// The commands of a line, which semicolons separate, without a comment.
pub(super) fn commands(line: &str) -> Vec<&str> {
    let mut commands = Vec::new();
    let (mut start, mut end) = (0, line.len());
    let mut quote = None;
    let mut is_word_start = true;
    let mut characters = line.char_indices();
    while let Some((index, character)) = characters.next() {
        match (character, quote) {
            (closing, Some(open)) if closing == open => quote = None,
            ('\\', None | Some('"')) => drop(characters.next()),
            ('\'' | '"' | '`', None) => quote = Some(character),
            (';', None) => {
                commands.push(line.get(start..index).unwrap_or_default().trim());
                start = index + 1;
            }
            ('#', None) if is_word_start => {
                end = index;
                break;
            }
            _ => {}
        }
        is_word_start = quote.is_none() && (character.is_whitespace() || character == ';');
    }
    commands.push(line.get(start..end).unwrap_or_default().trim());
    commands
}

/// A value with its quotes and variables, and what follows it.
pub(super) fn value_of<'a>(text: &'a str, known: &Values) -> (Word, &'a str) {
    let mut value = Zeroizing::new(String::with_capacity(text.len()));
    let mut other = None;
    let mut quote = None;
    let mut characters = text.char_indices();
    let mut end = text.len();
    while let Some((index, character)) = characters.next() {
        match (character, quote) {
            ('\'' | '"', None) => quote = Some(character),
            (closing, Some(open)) if closing == open => quote = None,
            ('\\', None | Some('"')) => value.extend(characters.next().map(|(_, next)| next)),
            ('`', None | Some('"')) => {
                let rest = text.get(index + 1..).unwrap_or_default();
                let inner = rest.split('`').next().unwrap_or_default();
                other = Some(Word::Command(inner.to_owned()));
                for _ in 0..=inner.chars().count() {
                    characters.next();
                }
            }
            ('$', None | Some('"')) => {
                let rest = text.get(index + 1..).unwrap_or_default();
                let is_braced = rest.starts_with('{');
                let is_name = |c: &char| c.is_alphanumeric() || *c == '_';
                let name = rest.chars().skip(usize::from(is_braced));
                let name: String = name.take_while(is_name).collect();
                let braces = if is_braced { 2 } else { 0 };
                for _ in 0..name.chars().count() + braces {
                    characters.next();
                }
                match known.get(&name) {
                    Some((_, Word::Text(text))) => value.push_str(text),
                    Some((_, word)) => other = Some(word.clone()),
                    None if name.is_empty() => value.push('$'),
                    None => other = Some(Word::Environment(name)),
                }
            }
            (blank, None) if blank.is_whitespace() => {
                end = index;
                break;
            }
            (other, _) => value.push(other),
        }
    }
    let word = other.unwrap_or(Word::Text(value));
    (word, text.get(end..).unwrap_or_default())
}
