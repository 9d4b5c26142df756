//! The common parts of all parsers here: a cursor, the classes of characters, quoted strings, comments.

use super::error::{AddressError, ParseFault, Problem};

/// The longest text that is read, in octets.
pub(super) const MAX_INPUT: usize = 1024 * 1024;

/// How deep comments may nest.
const MAX_COMMENT_DEPTH: usize = 32;

/// Whether `c` is forbidden in every part of an address: the control characters of ASCII and Latin-1,
/// and the line and paragraph separators, which some software treats as line ends.
pub(crate) fn is_forbidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether `c` is invisible: the characters that Unicode calls default-ignorable (its property
/// `Default_Ignorable_Code_Point`), the controls of interlinear annotation, and the blank
/// braille pattern. Two addresses that differ in one of them look the same.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// RFC 5322, 3.2.3 `atext` with RFC 6532, 3.2 `UTF8-non-ascii`.
pub(super) fn is_atext(c: char) -> bool {
    if c.is_ascii() {
        ATEXT >> u32::from(c) & 1 == 1
    } else {
        !is_forbidden(c)
    }
}

/// The characters of ASCII that are `atext`, one bit each.
const ATEXT: u128 = {
    let mut rest: &[u8] = b"!#$%&'*+-/=?^_`{|}~0123456789\
        ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut set = 0;
    while let [octet, after @ ..] = rest {
        set |= 1 << *octet;
        rest = after;
    }
    set
};

/// RFC 5322, 3.2.3 `dot-atom-text`.
pub(super) fn is_dot_atom(text: &str) -> bool {
    let mut after_dot = true;
    for c in text.chars() {
        let is_dot = c == '.';
        if (is_dot && after_dot) || !(is_dot || is_atext(c)) {
            return false;
        }
        after_dot = is_dot;
    }
    !after_dot
}

/// Writes `text` as a quoted string with no more backslashes than it needs.
pub(super) fn write_quoted(out: &mut impl std::fmt::Write, text: &str) -> std::fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.write_char('\\')?;
        }
        out.write_char(c)?;
    }
    out.write_char('"')
}

/// How many octets [`write_quoted`] writes.
pub(super) fn quoted_len(text: &str) -> usize {
    let quoted = text.bytes().filter(|octet| matches!(octet, b'"' | b'\\'));
    text.len() + quoted.count() + 2
}

/// Reads the whole of `input` with `read`.
pub(super) fn whole<T>(
    input: &str,
    read: impl FnOnce(&mut Cursor<'_>) -> Result<T, ParseFault>,
) -> Result<T, AddressError> {
    let mut cursor = Cursor::new(input);
    let result = if input.len() > MAX_INPUT {
        Err(ParseFault {
            problem: Problem::InputTooLong(MAX_INPUT),
            position: MAX_INPUT,
        })
    } else {
        read(&mut cursor).and_then(|value| match cursor.peek() {
            None => Ok(value),
            Some(next) => Err(cursor.fault(Problem::unexpected(next))),
        })
    };
    result.map_err(|fault| AddressError::of_text(input, fault))
}

impl Problem {
    /// The problem if `next` follows where it is not allowed.
    pub(super) fn unexpected(next: char) -> Self {
        match next {
            c if is_forbidden(c) && c != '\t' => Self::Control,
            ' ' | '\t' => Self::WhiteSpace,
            '(' | ')' => Self::Comment,
            '<' | '>' => Self::AngleBracket,
            ',' => Self::Comma,
            '@' => Self::SecondAt,
            c => Self::Unexpected(c),
        }
    }
}

/// A place in a text that is read from the left.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    length: usize,
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(input: &'a str) -> Self {
        Self {
            length: input.len(),
            rest: input,
        }
    }

    /// Octets read so far.
    pub(super) fn position(&self) -> usize {
        self.length - self.rest.len()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    /// Reads `wanted` if it comes next, and says whether it did.
    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Reads characters while `accept` returns true.
    pub(super) fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !accept(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// `problem` at this place.
    pub(super) fn fault(&self, problem: Problem) -> ParseFault {
        ParseFault {
            problem,
            position: self.position(),
        }
    }

    /// RFC 5322, 3.2.4 `quoted-string` without folding: its content, without the quotation marks and
    /// backslashes. A tab stays a tab. The opening mark must come next.
    pub(super) fn quoted_string(&mut self) -> Result<String, ParseFault> {
        let unclosed = self.fault(Problem::UnclosedQuote);
        let is_refused = |c| is_forbidden(c) && c != '\t';
        let mut content = String::new();
        self.next();
        loop {
            content.push_str(self.take_while(|c| !matches!(c, '"' | '\\') && !is_refused(c)));
            match self.peek() {
                Some('"') => {
                    self.next();
                    return Ok(content);
                }
                Some('\\') => {
                    self.next();
                    match self.peek() {
                        Some(c) if is_refused(c) => return Err(self.fault(Problem::Control)),
                        Some(c) => content.push(c),
                        None => return Err(unclosed),
                    }
                    self.next();
                }
                Some(_) => return Err(self.fault(Problem::Control)),
                None => return Err(unclosed),
            }
        }
    }

    /// RFC 5322, 3.2.2 `[CFWS]` without folding: reads white space and comments, and returns the text
    /// of each comment; `None` if nothing was there.
    pub(super) fn cfws(&mut self) -> Result<Option<Vec<String>>, ParseFault> {
        let start = self.position();
        let mut comments = Vec::new();
        loop {
            match self.peek() {
                Some(' ' | '\t') => {
                    self.next();
                }
                Some('(') => {
                    let comment = self.comment()?;
                    let text = Some(comment.trim()).filter(|text| !text.is_empty());
                    comments.extend(text.map(str::to_owned));
                }
                _ => return Ok((self.position() > start).then_some(comments)),
            }
        }
    }

    /// The text of a comment: without its parentheses and backslashes, with spaces in place of tabs.
    fn comment(&mut self) -> Result<String, ParseFault> {
        let unclosed = self.fault(Problem::UnclosedComment);
        let mut text = String::new();
        let mut depth = 1_usize;
        self.next();
        while let Some(next) = self.peek() {
            let c = match next {
                '\t' => ' ',
                '\\' => {
                    self.next();
                    self.peek().unwrap_or(next)
                }
                '(' if depth == MAX_COMMENT_DEPTH => {
                    return Err(self.fault(Problem::CommentDepth(MAX_COMMENT_DEPTH)));
                }
                c => c,
            };
            if is_forbidden(c) {
                return Err(self.fault(Problem::Control));
            }
            self.next();
            depth += usize::from(next == '(');
            depth -= usize::from(next == ')');
            if depth == 0 {
                return Ok(text);
            }
            text.push(c);
        }
        Err(unclosed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_nest_and_are_skipped() {
        for (input, expected) in [
            ("x", Some("x")),
            (" \t x", Some("x")),
            ("(a)x", Some("x")),
            ("(a (b) c) (d)x", Some("x")),
            (r"(\) \( \\)x", Some("x")),
            ("(\u{e9} \"<@,;:)x", Some("x")),
            ("(a", None),
            (r"(a\", None),
            (r"(a\)", None),
            ("(a\0)", None),
            ("(a\r\n b)", None),
            ("(a\\\n)", None),
        ] {
            let mut cursor = Cursor::new(input);
            let rest = cursor.cfws().ok().map(|_| cursor.rest);
            assert_eq!(rest, expected, "{input:?}");
        }
    }

    #[test]
    fn comments_nest_so_deep_and_no_deeper() {
        let nested = |depth| format!("{}{}", "(".repeat(depth), ")".repeat(depth));
        assert!(Cursor::new(&nested(MAX_COMMENT_DEPTH)).cfws().is_ok());
        assert!(Cursor::new(&nested(MAX_COMMENT_DEPTH + 1)).cfws().is_err());
    }

    #[test]
    fn quoted_strings_are_unquoted() {
        for (input, expected) in [
            (r#""""#, Some("")),
            (r#""a b""#, Some("a b")),
            (r#""\"\\\a\é""#, Some(r#""\aé"#)),
            (r#"""#, None),
            (r#""a"#, None),
            (r#""a\"#, None),
            (r#""a\""#, None),
            ("\"a\tb\"", Some("a\tb")),
            ("\"a\\\rb\"", None),
            ("\"\u{85}\"", None),
            ("\"\u{2028}\"", None),
        ] {
            let content = Cursor::new(input).quoted_string().ok();
            assert_eq!(content.as_deref(), expected, "{input:?}");
        }
    }

    #[test]
    fn classes_of_characters() {
        for c in [
            'a',
            'Z',
            '0',
            '!',
            '~',
            '\'',
            '/',
            '\u{e9}',
            '\u{1f988}',
            '\u{560d}',
        ] {
            assert!(is_atext(c) && !is_forbidden(c), "{c:?}");
        }
        for c in "()<>[]:;@\\,.\" \t\r\n\0\u{7f}\u{85}\u{9f}\u{2028}\u{2029}".chars() {
            assert!(!is_atext(c), "{c:?}");
        }
    }
}
