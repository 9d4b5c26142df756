//! The part of an address after the `@`.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use super::error::{ParseFault, Problem};
use super::literal::AddressLiteral;
use super::parser::{Cursor, is_atext, is_invisible};

/// The most octets of a domain (RFC 5321, 4.5.3.1.2).
const MAX_OCTETS: usize = 255;
/// The most octets of a label (RFC 1035, 2.3.4).
const MAX_LABEL_OCTETS: usize = 63;
/// No name of `MAX_OCTETS` A-label octets is longer than this in UTF-8.
const MAX_UNICODE_OCTETS: usize = 4 * MAX_OCTETS;

/// The domain of a mailbox: a name in the DNS or an IP address (RFC 5321, 2.3.5 and 4.1.3).
///
/// Names may be written in Unicode. They are stored as they are sent: in lower case and as A-labels
/// (RFC 5890, 2.3.2.1), so that equality ignores case and spelling. They have at most 255 octets, and
/// each label has 1 to 63 letters, digits and inner hyphens.
///
/// # Errors
///
/// Reading fails on empty labels, a trailing dot, an underscore and a quotation mark; on a bare IPv4
/// address, which needs brackets; and on names that IDNA (UTS #46, not transitional) rejects or changes
/// beyond folding case. So `good.example` with a soft hyphen in it, or in full-width
/// letters, is an error and not `good.example`: what the caller has checked is what is sent.
///
/// ```
/// use pilotfish::address::Domain;
///
/// let domain: Domain = "Bücher.Example".parse()?;
/// assert_eq!(domain.to_string(), "xn--bcher-kva.example");
/// assert_eq!(domain.to_unicode(), "bücher.example");
/// assert_eq!(domain, "XN--BCHER-KVA.example".parse()?);
/// # Ok::<(), pilotfish::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Domain(NameOrLiteral);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum NameOrLiteral {
    Name(Arc<str>),
    Literal(AddressLiteral),
}

impl Domain {
    /// The name in lower case and A-labels, if it is not a literal.
    #[must_use]
    pub fn as_name(&self) -> Option<&str> {
        match &self.0 {
            NameOrLiteral::Name(name) => Some(name),
            NameOrLiteral::Literal(_) => None,
        }
    }

    /// The address literal, if it is not a name.
    #[must_use]
    pub fn as_literal(&self) -> Option<&AddressLiteral> {
        match &self.0 {
            NameOrLiteral::Name(_) => None,
            NameOrLiteral::Literal(literal) => Some(literal),
        }
    }

    /// Whether it is an IP address in brackets.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.as_literal().is_some()
    }

    /// The domain for people to read, with U-labels (RFC 5890, 2.3.2.1). Letters of different scripts
    /// may look the same, so it does not prove who owns the name.
    #[must_use]
    pub fn to_unicode(&self) -> String {
        match &self.0 {
            NameOrLiteral::Name(name) => unicode(name),
            NameOrLiteral::Literal(literal) => literal.to_string(),
        }
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, ParseFault> {
        if cursor.peek() == Some('[') {
            return AddressLiteral::read(cursor).map(Self::from);
        }
        let start = cursor.position();
        let text = cursor.take_while(|c| c == '.' || is_atext(c));
        if text.is_empty() {
            return Err(
                cursor.fault(cursor.peek().map_or(Problem::NoDomain, |c| match c {
                    '@' | '<' | '>' | ',' | ';' | ':' => Problem::NoDomain,
                    c => Problem::unexpected(c),
                })),
            );
        }
        let name = name(text).map_err(|(problem, offset)| ParseFault {
            problem,
            position: start + offset,
        })?;
        Ok(Self(NameOrLiteral::Name(name.as_ref().into())))
    }

    /// How many octets it has as it is sent.
    pub(super) fn sent_len(&self) -> usize {
        match &self.0 {
            NameOrLiteral::Name(name) => name.len(),
            NameOrLiteral::Literal(literal) => literal.to_string().len(),
        }
    }

    /// Writes it as it is sent: A-labels, or a literal in brackets.
    pub(crate) fn write(&self, out: &mut impl fmt::Write) -> fmt::Result {
        match &self.0 {
            NameOrLiteral::Name(name) => out.write_str(name),
            NameOrLiteral::Literal(literal) => write!(out, "{literal}"),
        }
    }
}

/// The name in lower case and A-labels, or what is wrong and at which offset.
fn name(text: &str) -> Result<Cow<'_, str>, (Problem, usize)> {
    if text.len() > MAX_UNICODE_OCTETS {
        return Err((Problem::DomainTooLong(MAX_OCTETS), 0));
    }
    check_unicode(text)?;
    let has_a_label = check_ascii(text)?;
    // IDNA only folds the case of a name in ASCII without A-labels.
    let name = if has_a_label || !text.is_ascii() {
        ascii(text).map_err(|problem| (problem, 0))?.into()
    } else if text.bytes().any(|octet| octet.is_ascii_uppercase()) {
        text.to_ascii_lowercase().into()
    } else {
        Cow::Borrowed(text)
    };
    let is_long = |label: &str| label.len() > MAX_LABEL_OCTETS;
    let problem =
        if name.ends_with(|c: char| c.is_ascii_digit()) && name.parse::<Ipv4Addr>().is_ok() {
            Problem::BareIp
        } else if is_long(&name) && name.split('.').any(is_long) {
            Problem::LabelTooLong(MAX_LABEL_OCTETS)
        } else if name.len() > MAX_OCTETS {
            Problem::DomainTooLong(MAX_OCTETS)
        } else {
            return Ok(name);
        };
    Err((problem, 0))
}

/// Whether a character is invisible and not allowed in a name. IDNA itself checks the position of the
/// two joiners of scripts such as Devanagari (RFC 5892, appendix A).
fn is_unseen(c: char) -> bool {
    is_invisible(c) && !matches!(c, '\u{200c}' | '\u{200d}')
}

/// The characters beyond ASCII with the Unicode property `Quotation_Mark`. IDNA disallows them (RFC
/// 5892, 3), though UTS #46 does not. A local part may have them (RFC 6531, 3.3).
const QUOTATION_MARKS: &str = "«»‘’‚‛“”„‟‹›⹂「」『』〝〞〟﹁﹂﹃﹄＂＇｢｣";

/// Whether a label has the prefix of A-labels (RFC 5890, 2.3.1).
fn is_a_label(label: &[u8]) -> bool {
    matches!(label, [b'x' | b'X', b'n' | b'N', b'-', b'-', ..])
}

/// Rejects characters that IDNA accepts, which are not in ASCII. The number is the offset in `name`.
fn check_unicode(name: &str) -> Result<(), (Problem, usize)> {
    if name.is_ascii() {
        return Ok(());
    }
    name.char_indices().try_for_each(|(offset, c)| match c {
        c if is_unseen(c) => Err((Problem::Invisible(c), offset)),
        c if QUOTATION_MARKS.contains(c) => Err((Problem::DomainQuote(c), offset)),
        _ => Ok(()),
    })
}

/// Checks dots, hyphens and the characters of ASCII, which needs no IDNA. Gives whether there is an
/// A-label. The number is the offset in `name`.
fn check_ascii(name: &str) -> Result<bool, (Problem, usize)> {
    let is_denied =
        |octet: &u8| octet.is_ascii() && !octet.is_ascii_alphanumeric() && *octet != b'-';
    let mut offset = 0;
    let mut has_a_label = false;
    for label in name.as_bytes().split(|octet| *octet == b'.') {
        if label.is_empty() {
            return Err((Problem::EmptyLabel, offset));
        }
        if label.starts_with(b"-") || label.ends_with(b"-") {
            return Err((Problem::LabelHyphen, offset));
        }
        if let Some(at) = label.iter().position(is_denied) {
            let denied = label.get(at).copied().map_or(' ', char::from);
            return Err((Problem::DomainCharacter(denied), offset + at));
        }
        has_a_label |= is_a_label(label);
        offset += label.len() + 1;
    }
    Ok(has_a_label)
}

/// The name in lower case and A-labels.
fn ascii(name: &str) -> Result<String, Problem> {
    let ascii = Uts46::new()
        .to_ascii(
            name.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Ignore,
        )
        .map_err(|_| Problem::Idna)?;
    let reading = unicode(&ascii);
    // A-labels can encode characters that are rejected in U-labels.
    check_unicode(&reading).map_err(|(problem, _)| problem)?;
    if is_case_folded(name, &ascii, &reading) {
        Ok(ascii.into_owned())
    } else {
        Err(Problem::IdnaReading(reading.into()))
    }
}

/// The name with U-labels in place of its A-labels.
fn unicode(name: &str) -> String {
    let (text, _) = Uts46::new().to_unicode(
        name.as_bytes(),
        AsciiDenyList::STD3,
        Hyphens::CheckFirstLast,
    );
    text.into_owned()
}

/// Whether IDNA has only folded the case of `name`. The result of IDNA is `ascii`, and `reading` in
/// Unicode.
fn is_case_folded(name: &str, ascii: &str, reading: &str) -> bool {
    // A sign such as U+212A, whose lower case is an ASCII letter, is not its upper case.
    let lower = |c: char| {
        c.to_lowercase()
            .map(move |l| if l.is_ascii() && !c.is_ascii() { c } else { l })
    };
    let same_label = |((label, ascii), reading): ((&str, &str), &str)| {
        if label.is_ascii() {
            label.eq_ignore_ascii_case(ascii)
        } else {
            label
                .chars()
                .flat_map(lower)
                .eq(reading.chars().flat_map(lower))
        }
    };
    let labels = || name.split('.');
    labels().count() == ascii.split('.').count()
        && labels()
            .zip(ascii.split('.'))
            .zip(reading.split('.'))
            .all(same_label)
}

read_from_str!(Domain);

impl From<AddressLiteral> for Domain {
    fn from(literal: AddressLiteral) -> Self {
        Self(NameOrLiteral::Literal(literal))
    }
}

impl From<IpAddr> for Domain {
    fn from(address: IpAddr) -> Self {
        AddressLiteral::from(address).into()
    }
}

/// As it is sent: A-labels, or a literal in brackets.
impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn domains_are_read_and_written() {
        for (input, expected) in [
            ("x.test", Ok("x.test")),
            ("localhost", Ok("localhost")),
            ("X.Test", Ok("x.test")),
            ("1.2.3.4.test", Ok("1.2.3.4.test")),
            ("a--b.r3---sn.test", Ok("a--b.r3---sn.test")),
            ("bücher.test", Ok("xn--bcher-kva.test")),
            ("BÜCHER.test", Ok("xn--bcher-kva.test")),
            ("XN--Bcher-kva.test", Ok("xn--bcher-kva.test")),
            ("faß.test", Ok("xn--fa-hia.test")),
            ("ΟΔΟΣ.test", Ok("xn--pxavbq.test")),
            ("例え.test", Ok("xn--r8jz45g.test")),
            ("[127.0.0.1]", Ok("[127.0.0.1]")),
            ("[IPv6:::1]", Ok("[IPv6:::1]")),
            ("", Err(0)),
            (".", Err(0)),
            ("x.test.", Err(7)),
            (".x.test", Err(0)),
            ("x..test", Err(2)),
            ("x_y.test", Err(1)),
            ("-x.test", Err(0)),
            ("x-.test", Err(0)),
            ("x.test ", Err(6)),
            ("x(c).test", Err(1)),
            ("x\r\n.test", Err(1)),
            ("x\0.test", Err(1)),
            ("127.0.0.1", Err(0)),
            ("[127.0.0.1", Err(0)),
            ("xn--a.test", Err(0)),
            ("xn--abc-.test", Err(0)),
            ("x.\u{301}test", Err(0)),
            // A quotation mark, as it is and as an A-label.
            ("に〟〧.test", Err(3)),
            ("xn--l7jq6r.test", Err(0)),
        ] {
            let read = input.parse::<Domain>();
            let read = read.map(|x| x.to_string()).map_err(|e| e.position());
            assert_eq!(read, expected.map(str::to_owned).map_err(Some), "{input:?}");
        }
    }

    #[test]
    fn a_name_that_idna_makes_another_is_refused() {
        for input in [
            "go\u{ad}od.test",    // soft hyphen, ignored
            "go\u{200b}od.test",  // zero width space, ignored
            "good.test\u{fe0f}",  // variation selector, ignored
            "\u{2060}good.test",  // word joiner, ignored
            "go\u{200d}od.test",  // zero width joiner out of context
            "ｇｏｏｄ.test",      // full-width letters
            "good\u{3002}test",   // ideographic full stop
            "good\u{ff0e}test",   // full-width full stop
            "good\u{ff61}test",   // half-width ideographic full stop
            "ban\u{212a}.test",   // Kelvin sign
            "\u{2460}.test",      // circled digit one
            "\u{2100}.test",      // account of: a/c
            "bu\u{308}cher.test", // decomposed
            "\u{1d41a}.test",     // mathematical bold a
            "a\u{a0}b.test",      // no-break space
            "a\u{ff20}b.test",    // full-width @
            "\u{ff11}27.0.0.1",   // full-width digit in an IP address
        ] {
            assert!(input.parse::<Domain>().is_err(), "{input:?}");
        }
        let error = "ｇｏｏｄ.test".parse::<Domain>().unwrap_err().to_string();
        assert!(
            error.contains("\"good.test\" by IDNA: write that"),
            "{error}"
        );
    }

    #[test]
    fn octets_are_counted_in_a_labels() {
        let read = |text: &str| text.parse::<Domain>();
        let labels = |count, last: usize| format!("{}{}", "a.".repeat(count), "b".repeat(last));
        assert!(read(&"a".repeat(63)).is_ok());
        assert!(read(&"a".repeat(64)).is_err());
        assert!(read(&labels(122, 10)).is_ok());
        assert!(read(&labels(122, 11)).is_ok());
        assert!(read(&labels(122, 12)).is_err());
        assert!(read(&"é.".repeat(63)).is_err());
        assert!(read(&format!("{}b", "é.".repeat(29))).is_ok());
        assert!(read(&format!("{}b", "é.".repeat(32))).is_err());
    }

    #[test]
    fn for_people() {
        for (input, expected) in [
            ("xn--bcher-kva.test", "bücher.test"),
            ("x.test", "x.test"),
            ("[127.0.0.1]", "[127.0.0.1]"),
        ] {
            assert_eq!(input.parse::<Domain>().unwrap().to_unicode(), expected);
        }
    }

    proptest! {
        #[test]
        fn both_forms_are_read_again(name in "(\\PC{1,4}|\\pL{1,6})(\\.[a-zA-Zß-ű])?|xn--[a-z0-9]{2,8}") {
            if let Ok(domain) = name.parse::<Domain>() {
                let (sent, shown) = (domain.to_string(), domain.to_unicode());
                prop_assert!(sent.is_ascii());
                prop_assert_eq!(sent.parse::<Domain>().unwrap(), domain.clone());
                prop_assert_eq!(shown.parse::<Domain>().unwrap(), domain);
            }
        }
    }
}
