//! Replies and their codes (RFC 5321 section 4.2, RFC 3463).

use std::fmt::{self, Write as _};
use std::str::FromStr;

use super::mask::Mask;
use super::value_error::ValueError;
use crate::address::{is_forbidden, is_invisible};

/// How many characters of a reply's text [`Display`](fmt::Display) prints at most.
const MAX_DISPLAYED_CHARS: usize = 500;

/// How many octets of a reply to RCPT are kept.
const MAX_KEPT_OCTETS: usize = 1024;

/// The three digits of a reply, 200 to 599 (RFC 5321 section 4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplyCode(u16);

impl ReplyCode {
    /// The code with this number, if its first digit is one that RFC 5321 gives a meaning.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        match number {
            200..=599 => Some(Self(number)),
            _ => None,
        }
    }

    /// The code as a number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The meaning of the first digit, by which a client judges codes that it does not know.
    #[must_use]
    pub const fn class(self) -> ReplyClass {
        match self.0 {
            0..=299 => ReplyClass::PositiveCompletion,
            300..=399 => ReplyClass::PositiveIntermediate,
            400..=499 => ReplyClass::TransientNegative,
            _ => ReplyClass::PermanentNegative,
        }
    }
}

impl fmt::Display for ReplyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The meaning of a reply code's first digit (RFC 5321 section 4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplyClass {
    /// 2yz: the command is done.
    PositiveCompletion,
    /// 3yz: the command needs more.
    PositiveIntermediate,
    /// 4yz: the command may succeed later.
    TransientNegative,
    /// 5yz: the same command will fail again.
    PermanentNegative,
}

/// An enhanced mail system status code such as 5.7.8 (RFC 3463, RFC 2034).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EnhancedStatus {
    /// 2, 4 or 5: the first digit of the reply code.
    pub class: u8,
    /// The subject, 0 to 999: for example 1 for addresses.
    pub subject: u16,
    /// The detail of the subject, 0 to 999.
    pub detail: u16,
}

impl EnhancedStatus {
    /// Reads a status code at the start of a reply line's text, and returns it with the rest.
    fn split(text: &str) -> Option<(Self, &str)> {
        let (class, rest) = split_number(text)?;
        let class = u8::try_from(class)
            .ok()
            .filter(|class| matches!(class, 2 | 4 | 5))?;
        let (subject, rest) = split_number(rest.strip_prefix('.')?)?;
        let (detail, rest) = split_number(rest.strip_prefix('.')?)?;
        if !rest.is_empty() && !rest.starts_with(' ') {
            return None;
        }
        let status = Self {
            class,
            subject,
            detail,
        };
        Some((status, rest.strip_prefix(' ').unwrap_or(rest)))
    }
}

/// Reads 1 to 3 digits at the start of a text, and returns their number with the rest.
fn split_number(text: &str) -> Option<(u16, &str)> {
    let is_digit = |octet: &u8| octet.is_ascii_digit();
    let count = text.bytes().take(4).take_while(is_digit).count();
    let (digits, rest) = text.split_at_checked(count)?;
    let add = |number, digit| number * 10 + u16::from(digit - b'0');
    matches!(count, 1..=3).then(|| (digits.bytes().fold(0, add), rest))
}

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// A server's reply: one code and at least one line of text (RFC 5321 section 4.2).
///
/// U+FFFD stands in place of octets that are not UTF-8. `Display` and `Debug` escape control characters,
/// since replies end up on terminals and in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    code: ReplyCode,
    enhanced: Option<EnhancedStatus>,
    /// The text of all lines, with a line feed between two of them.
    lines: String,
}

impl Reply {
    /// A reply with these lines, which have a line feed between two of them.
    pub(super) fn new(code: ReplyCode, lines: String) -> Self {
        let enhanced = lines
            .split('\n')
            .filter_map(EnhancedStatus::split)
            .map(|(status, _)| status)
            .find(|status| u16::from(status.class) == code.number() / 100);
        Self {
            code,
            enhanced,
            lines,
        }
    }

    /// The reply code.
    #[must_use]
    pub fn code(&self) -> ReplyCode {
        self.code
    }

    /// The enhanced status code, if a line begins with one whose class is that of the reply code.
    #[must_use]
    pub fn enhanced_status(&self) -> Option<EnhancedStatus> {
        self.enhanced
    }

    /// The text of each line as it came, without code, separator and line end.
    #[must_use]
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.lines.split('\n')
    }

    /// The text in one line, without the enhanced status code that each line repeats.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in self.lines() {
            let line = match EnhancedStatus::split(line) {
                Some((status, rest)) if Some(status) == self.enhanced => rest,
                _ => line,
            };
            let line = line.trim();
            if !text.is_empty() && !line.is_empty() {
                text.push(' ');
            }
            text.push_str(line);
        }
        text
    }

    /// The lines as they came, codes included, with control characters escaped.
    pub fn wire_lines(&self) -> impl Iterator<Item = String> {
        let mut lines = self.lines().peekable();
        std::iter::from_fn(move || {
            let line = lines.next()?;
            let separator = if lines.peek().is_none() { ' ' } else { '-' };
            let line = visible(line, usize::MAX);
            Some(format!("{}{separator}{line}", self.code))
        })
    }

    /// The length of the text in octets.
    pub(crate) fn octets(&self) -> usize {
        self.lines.len()
    }

    /// Only the first lines of a long reply: a mail keeps its replies to RCPT, and there may be many. A
    /// line has 2,048 octets at most.
    pub(crate) fn truncated(mut self) -> Self {
        if self.lines.len() > MAX_KEPT_OCTETS {
            let ends = self.lines.match_indices('\n').map(|(end, _)| end);
            let first = ends.clone().next();
            let kept = ends.take_while(|end| *end <= MAX_KEPT_OCTETS).last();
            if let Some(end) = kept.or(first) {
                self.lines.truncate(end);
                self.lines.shrink_to_fit();
            }
        }
        self
    }

    /// Whether the command was carried out (2yz).
    #[must_use]
    pub fn is_positive_completion(&self) -> bool {
        self.code.class() == ReplyClass::PositiveCompletion
    }

    /// Whether the server waits for more (3yz).
    #[must_use]
    pub fn is_positive_intermediate(&self) -> bool {
        self.code.class() == ReplyClass::PositiveIntermediate
    }

    /// Overwrites the parts of a secret that the server repeats.
    pub(crate) fn mask(&mut self, mask: &Mask) {
        if let Some(masked) = mask.applied_to_lines(&self.lines) {
            self.lines = masked;
        }
    }
}

/// Reads a reply as a log shows it: `550 5.1.1 User unknown`, or several lines such as `535-5.7.8 ..`.
/// The code may stand on the first line alone.
impl FromStr for Reply {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let code = text
            .trim_start()
            .get(..3)
            .filter(|code| code.bytes().all(|c| c.is_ascii_digit()));
        let code = code.and_then(|code| ReplyCode::new(code.parse().ok()?));
        let code = code.ok_or_else(|| {
            ValueError::new(
                "the reply is not valid",
                "a reply begins with its code, as in 550 5.1.1",
            )
        })?;
        let digits = code.to_string();
        let lines = text.trim().lines().map(|line| {
            let line = line.trim();
            let rest = line.strip_prefix(&digits).unwrap_or(line);
            rest.strip_prefix(['-', ' ']).unwrap_or(rest)
        });
        Ok(Self::new(code, lines.collect::<Vec<_>>().join("\n")))
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(status) = self.enhanced {
            write!(f, " {status}")?;
        }
        let text = self.text();
        if text.is_empty() {
            return Ok(());
        }
        write!(f, " {}", visible(&text, MAX_DISPLAYED_CHARS))
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({self})")
    }
}

/// A server's words as they are shown: at most `most` characters, and escaped if they are not
/// printable.
pub(crate) fn visible(text: &str, most: usize) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        let mut characters = text.chars();
        for character in characters.by_ref().take(most) {
            if is_printable(character) {
                f.write_char(character)?;
            } else {
                write!(f, "{}", character.escape_unicode())?;
            }
        }
        let is_cut = characters.next().is_some();
        f.write_str(if is_cut { " [...]" } else { "" })
    })
}

/// Whether a character of a text from elsewhere, such as a reply, can be shown as it is.
///
/// Control characters and line separators cannot: they steer a terminal or fake a line of a log. Neither
/// can invisible characters, and those that show text in another order.
#[must_use]
pub fn is_printable(character: char) -> bool {
    !is_forbidden(character) && !is_invisible(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16, lines: &[&str]) -> Reply {
        Reply::new(ReplyCode::new(code).unwrap(), lines.join("\n"))
    }

    #[test]
    fn text_leaves_repeated_status_codes_out() {
        let refused = reply(
            535,
            &[
                "5.7.8 Username and Password not accepted. For more information, go to",
                "5.7.8  https://support.google.com/mail/?p=BadCredentials x - gsmtp",
            ],
        );
        assert_eq!(
            refused.to_string(),
            "535 5.7.8 Username and Password not accepted. For more information, go to \
             https://support.google.com/mail/?p=BadCredentials x - gsmtp"
        );
    }

    #[test]
    fn a_reply_is_read_as_a_log_shows_it() {
        for (text, expected) in [
            ("550 5.1.1 User unknown", Some("550 5.1.1 User unknown")),
            (
                "535-5.7.8 no, see\n535 5.7.8  a page",
                Some("535 5.7.8 no, see a page"),
            ),
            ("535-5.7.8 no", Some("535 5.7.8 no")),
            (" 421 bye ", Some("421 bye")),
            ("250", Some("250")),
            ("99 no", None),
            ("600 no", None),
            ("User unknown", None),
            ("", None),
        ] {
            let found = text.parse::<Reply>().ok().map(|reply| reply.to_string());
            assert_eq!(found.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn enhanced_status_must_go_with_the_code() {
        for (code, line, expected) in [
            (250, "2.1.0 Ok", Some("2.1.0")),
            (550, "5.1.1", Some("5.1.1")),
            (250, "5.1.1 no", None),
            (250, "2.1 x", None),
            (250, "2.1.0.4 x", None),
            (250, "2.1.1234 x", None),
            (250, "2.+1.1 x", None),
            (354, "3.0.0 go", None),
            (250, "", None),
        ] {
            let status = reply(code, &[line])
                .enhanced_status()
                .map(|status| status.to_string());
            assert_eq!(status.as_deref(), expected, "{code} {line}");
        }
    }

    #[test]
    fn enhanced_status_may_stand_on_the_last_line_only() {
        let refused = reply(550, &["no such", "user", "5.1.1 here"]);
        assert_eq!(refused.to_string(), "550 5.1.1 no such user here");
    }

    #[test]
    fn display_escapes_what_steers_a_terminal() {
        for (words, shown) in [
            ("a\u{1b}[31mb\rc", "a\\u{1b}[31mb\\u{d}c"),
            ("\u{202e}d\u{7}\u{61c}", "\\u{202e}d\\u{7}\\u{61c}"),
            ("a\u{200b}b\u{feff}c\u{ad}", "a\\u{200b}b\\u{feff}c\\u{ad}"),
            ("Gr\u{fc}\u{df}e 日\u{1f988}", "Gr\u{fc}\u{df}e 日\u{1f988}"),
        ] {
            assert_eq!(reply(550, &[words]).to_string(), format!("550 {shown}"));
        }
    }

    #[test]
    fn display_is_bounded() {
        assert!(reply(550, &["x".repeat(60_000).as_str()]).to_string().len() < 600);
    }
}
