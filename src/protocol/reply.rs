//! Replies and their codes (RFC 5321 section 4.2, RFC 3463).

use std::fmt;

use super::mask::Mask;
use crate::address::{is_forbidden, is_invisible};

/// How many characters of a reply's text [`Display`](fmt::Display) prints at most.
const DISPLAYED: usize = 500;

/// How many octets of a reply are enough for a recipient.
const LONG: usize = 1024;

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

    /// What the first digit says. A client decides by it where it does not know the code.
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
    /// 2yz: done.
    PositiveCompletion,
    /// 3yz: go on with what belongs to the command.
    PositiveIntermediate,
    /// 4yz: not now.
    TransientNegative,
    /// 5yz: not like this.
    PermanentNegative,
}

/// An enhanced mail system status code such as 5.7.8 (RFC 3463, RFC 2034).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EnhancedStatus {
    /// 2, 4 or 5, as the first digit of the reply code.
    pub class: u8,
    /// What the status is about, 0 to 999.
    pub subject: u16,
    /// What is the matter, 0 to 999.
    pub detail: u16,
}

impl EnhancedStatus {
    /// Reads a status code at the start of a reply line's text, and returns it with the rest.
    fn split(text: &str) -> Option<(Self, &str)> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let mut numbers = word.split('.').map(|digits| {
            let wellformed =
                matches!(digits.len(), 1..=3) && digits.bytes().all(|octet| octet.is_ascii_digit());
            if wellformed {
                digits.parse::<u16>().ok()
            } else {
                None
            }
        });
        let class = match numbers.next()?? {
            2 => 2,
            4 => 4,
            5 => 5,
            _ => return None,
        };
        let (subject, detail) = (numbers.next()??, numbers.next()??);
        if numbers.next().is_some() {
            return None;
        }
        Some((
            Self {
                class,
                subject,
                detail,
            },
            rest,
        ))
    }
}

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// What the server answered: one code and at least one line of text (RFC 5321 section 4.2).
///
/// Text that is not UTF-8 has U+FFFD in place of what cannot be read. `Display` and `Debug`
/// show control characters escaped, since a server's words end up on terminals and in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    code: ReplyCode,
    enhanced: Option<EnhancedStatus>,
    lines: Vec<String>,
}

impl Reply {
    pub(super) fn new(code: ReplyCode, lines: Vec<String>) -> Self {
        let enhanced = lines
            .iter()
            .filter_map(|line| EnhancedStatus::split(line))
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

    /// The enhanced status code, if a line begins with one that goes with the reply code.
    #[must_use]
    pub fn enhanced_status(&self) -> Option<EnhancedStatus> {
        self.enhanced
    }

    /// The text of each line as it came, without code, separator and line end.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The text in one line, without the enhanced status codes that repeat in each.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
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
        let last = self.lines.len().saturating_sub(1);
        self.lines.iter().enumerate().map(move |(index, line)| {
            let separator = if index == last { ' ' } else { '-' };
            format!("{}{separator}{}", self.code, visible(line, usize::MAX))
        })
    }

    /// How much room its text takes.
    pub(crate) fn octets(&self) -> usize {
        self.lines.iter().map(String::len).sum()
    }

    /// The reply with its first lines alone, if it is long: replies to RCPT are kept, and there may
    /// be many of them. A line has 2,048 octets at most.
    pub(crate) fn shortened(mut self) -> Self {
        let mut octets = 0;
        self.lines.retain(|line| {
            let kept = octets == 0 || octets + line.len() <= LONG;
            octets += line.len().max(1);
            kept
        });
        self.lines.shrink_to_fit();
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

    /// Overwrites what a server repeats of a secret.
    pub(crate) fn mask(&mut self, mask: &Mask) {
        if let Some(masked) = mask.applied_to_lines(&self.lines) {
            self.lines = masked;
        }
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
        write!(f, " {}", visible(&text, DISPLAYED))
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({self})")
    }
}

/// A server's words as they are shown: cut to a number of characters, and escaped where needed.
pub(crate) fn visible(text: &str, most: usize) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        let mut characters = text.chars();
        for character in characters.by_ref().take(most) {
            write_visibly(f, character)?;
        }
        f.write_str(if characters.next().is_some() {
            " [...]"
        } else {
            ""
        })
    })
}

/// Whether a character of a text from elsewhere, such as a reply, can be shown as it is.
///
/// Control characters and line separators cannot, as they steer a terminal or fake a line of a log;
/// nor can characters that cannot be seen, and those that show text in another order.
#[must_use]
pub fn is_printable(character: char) -> bool {
    !is_forbidden(character) && !is_invisible(character)
}

/// Writes a character, escaped if it is not printable.
fn write_visibly(f: &mut fmt::Formatter<'_>, character: char) -> fmt::Result {
    if is_printable(character) {
        write!(f, "{character}")
    } else {
        write!(f, "{}", character.escape_unicode())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16, lines: &[&str]) -> Reply {
        Reply::new(
            ReplyCode::new(code).unwrap(),
            lines.iter().map(|line| (*line).to_owned()).collect(),
        )
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
