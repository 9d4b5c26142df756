//! How mailboxes are written in header fields: RFC 5322, 3.4.

use super::addr_spec::AddrSpec;
use super::display_name::DisplayName;
use super::error::{Fault, Problem};
use super::mailbox::Mailbox;
use super::parser::{Cursor, is_atext};

/// What an element of a list begins with.
enum Element {
    Mailbox(Mailbox),
    /// A group's name and colon.
    GroupStart,
}

/// `address-list`, up to the end of the text.
pub(super) fn address_list(cursor: &mut Cursor<'_>) -> Result<Vec<Mailbox>, Fault> {
    let mut mailboxes = Vec::new();
    let mut has_element = false;
    let mut open_group = None;
    loop {
        cursor.skip_cfws()?;
        let start = cursor.clone();
        match cursor.peek() {
            None => break,
            Some(',') => {
                cursor.next();
                continue;
            }
            Some(';') if open_group.take().is_some() => {
                cursor.next();
            }
            Some(';') => return Err(cursor.fault(Problem::Semicolon)),
            Some(_) => match element(cursor)? {
                Element::Mailbox(mailbox) => mailboxes.push(mailbox),
                Element::GroupStart if open_group.is_some() => {
                    return Err(start.fault(Problem::NestedGroup));
                }
                Element::GroupStart => {
                    open_group = Some(start);
                    continue;
                }
            },
        }
        has_element = true;
        end_of_element(cursor)?;
    }
    match open_group {
        Some(start) => Err(start.fault(Problem::UnclosedGroup)),
        None if has_element => Ok(mailboxes),
        None => Err(cursor.fault(Problem::Empty)),
    }
}

/// `mailbox`, up to the end of the text.
pub(super) fn one_mailbox(cursor: &mut Cursor<'_>) -> Result<Mailbox, Fault> {
    cursor.skip_cfws()?;
    let start = cursor.clone();
    match element(cursor)? {
        Element::Mailbox(mailbox) => {
            end_of_element(cursor)?;
            Ok(mailbox)
        }
        Element::GroupStart => Err(start.fault(Problem::Group)),
    }
}

/// Skips to what ends an element: a comma, a semicolon or the end of the text.
fn end_of_element(cursor: &mut Cursor<'_>) -> Result<(), Fault> {
    cursor.skip_cfws()?;
    match cursor.peek() {
        None | Some(',' | ';') => Ok(()),
        Some('<') => Err(cursor.fault(Problem::AtInName)),
        Some(c) if is_atext(c) || matches!(c, '"' | '.') => Err(cursor.fault(Problem::TextBehind)),
        Some(c) => Err(cursor.fault(Problem::unexpected(c))),
    }
}

/// `mailbox`, or the beginning of `group`. No white space or comment may come next.
fn element(cursor: &mut Cursor<'_>) -> Result<Element, Fault> {
    let start = cursor.clone();
    let mut phrase = Phrase::default();
    loop {
        match cursor.peek() {
            Some('"') => phrase.push(&cursor.quoted_string()?),
            Some(c) if c == '.' || is_atext(c) => {
                phrase.push(cursor.take_while(|c| c == '.' || is_atext(c)));
            }
            Some('@') if phrase.is_one_word() => {
                // That was the local part.
                *cursor = start;
                return Ok(Element::Mailbox(AddrSpec::read(cursor)?.into()));
            }
            Some('<') => {
                let mailbox = Mailbox::new(angle_addr(cursor)?);
                // A name in quotation marks may be empty: then there is none.
                return Ok(Element::Mailbox(match phrase.text.trim() {
                    "" => mailbox,
                    name => mailbox.with_name(DisplayName::checked(name, start.position())?),
                }));
            }
            Some(':') if phrase.words > 0 => {
                cursor.next();
                return Ok(Element::GroupStart);
            }
            next => return Err(cursor.fault(phrase.broken_off(next))),
        }
        phrase.gap = cursor.skip_cfws()?;
    }
}

/// `angle-addr` without comments and white space inside the brackets.
fn angle_addr(cursor: &mut Cursor<'_>) -> Result<AddrSpec, Fault> {
    let unclosed = cursor.fault(Problem::UnclosedAngle);
    cursor.next();
    match cursor.peek() {
        None => return Err(unclosed),
        Some('>') => return Err(cursor.fault(Problem::EmptyAngle)),
        Some('@') => return Err(cursor.fault(Problem::SourceRoute)),
        Some(_) => {}
    }
    let addr_spec = AddrSpec::read(cursor)?;
    match cursor.peek() {
        Some('>') => {
            cursor.next();
            Ok(addr_spec)
        }
        None | Some(',' | '<') => Err(unclosed),
        Some(c) => Err(cursor.fault(Problem::unexpected(c))),
    }
}

/// Words that are a name, or a local part.
#[derive(Default)]
struct Phrase {
    text: String,
    words: usize,
    /// Whether white space or a comment came behind the last word.
    gap: bool,
}

impl Phrase {
    fn push(&mut self, word: &str) {
        if self.gap {
            self.text.push(' ');
        }
        self.text.push_str(word);
        self.words += 1;
    }

    fn is_one_word(&self) -> bool {
        self.words == 1 && !self.gap
    }

    /// Why `next` cannot follow these words.
    fn broken_off(&self, next: Option<char>) -> Problem {
        match next {
            Some('@') if self.words == 0 => Problem::NoLocalPart,
            Some('@') if self.words == 1 => Problem::WhiteSpace,
            Some('@') => Problem::WordsBeforeAt,
            None if self.words == 0 => Problem::Empty,
            None | Some(',' | ';') if self.words == 1 && !self.text.contains(' ') => Problem::NoAt,
            None | Some(',' | ';') => Problem::NameAlone,
            Some(c) => Problem::unexpected(c),
        }
    }
}
