//! An address and its name.

use std::fmt;

use super::addr_spec::AddrSpec;
use super::error::{AddressError, ParseFault, Problem};
use super::parser::{is_atext, is_forbidden, write_quoted};

/// An address and perhaps a name, as in the fields From and To: RFC 5322, 3.4 `mailbox`.
///
/// # Reading
///
/// `Ann <ann@example.org>`, `"Lee, Ann" <ann@example.org>` and `ann@example.org` are read,
/// with white space and comments around their parts but not inside the address. Comments
/// become a part of the name: `Acme (Support) <ann@example.org>` is named `Acme (Support)`, and
/// `ann@example.org (Ann Lee)` is named `Ann Lee`. Names may have dots and raw UTF-8
/// (RFC 6532); a name that repeats the address, as in `ann@example.org <ann@example.org>`, needs
/// no quotation marks. Encoded words (RFC 2047) are not decoded. The text is the
/// body of a header field after unfolding (RFC 5322, 2.2.3), and has at most 1 MiB (1,048,576 octets).
///
/// # Errors
///
/// Reading fails on any other text, in particular on texts that two programs might read in two ways,
/// such as `a@b <c@d>`, `"x" y@z` or `a@b (c) d`.
///
/// ```
/// use pilotfish::address::Mailbox;
///
/// let mailbox: Mailbox = r#""Lee, Ann" (work) <ann@example.org>"#.parse()?;
/// assert_eq!(mailbox.name().unwrap().as_str(), "Lee, Ann (work)");
/// assert_eq!(mailbox.to_string(), r#""Lee, Ann (work)" <ann@example.org>"#);
/// # Ok::<(), pilotfish::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mailbox {
    name: Option<DisplayName>,
    addr_spec: AddrSpec,
}

impl Mailbox {
    /// A mailbox without a name.
    #[must_use]
    pub fn new(addr_spec: AddrSpec) -> Self {
        Self {
            name: None,
            addr_spec,
        }
    }

    /// The same mailbox with this name in place of its own.
    #[must_use]
    pub fn with_name(self, name: DisplayName) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    /// The name of the person or list, if the mailbox has one.
    #[must_use]
    pub fn name(&self) -> Option<&DisplayName> {
        self.name.as_ref()
    }

    /// The address.
    #[must_use]
    pub fn addr_spec(&self) -> &AddrSpec {
        &self.addr_spec
    }

    /// The address alone, for an envelope.
    #[must_use]
    pub fn into_addr_spec(self) -> AddrSpec {
        self.addr_spec
    }
}

impl From<AddrSpec> for Mailbox {
    fn from(addr_spec: AddrSpec) -> Self {
        Self::new(addr_spec)
    }
}

/// For people and terminals: `name <address>`, with the name quoted if necessary. Reading it returns
/// the same mailbox. It is not a header field, as the name may be non-ASCII.
impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(name) = &self.name else {
            return self.addr_spec.fmt(f);
        };
        write_name(f, name.as_str())?;
        write!(f, " <{}>", self.addr_spec)
    }
}

/// Writes the name so that it can be read again, quoted if necessary.
pub(super) fn write_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    if is_plain_phrase(name) {
        f.write_str(name)
    } else {
        write_quoted(f, name)
    }
}

/// Whether `name` can be read again without quotation marks, and no program decodes it.
fn is_plain_phrase(name: &str) -> bool {
    let is_atom = |word: &str| !word.is_empty() && word.chars().all(is_atext);
    name.split(' ').all(is_atom) && !name.contains("=?")
}

/// The maximum length of a name in octets. No RFC sets a limit; this is the length of the longest line.
const MAX_OCTETS: usize = 998;

/// The name of a person or a list: RFC 5322, 3.4 `display-name`, as text.
///
/// The text is neither unquoted nor decoded: any text is stored unchanged, except that white space at
/// its ends is removed. It has 1 to 998 octets.
///
/// # Errors
///
/// Reading fails on control characters, the separators U+2028 and U+2029, nothing but white
/// space, and more than 998 octets.
///
/// ```
/// use pilotfish::address::DisplayName;
///
/// let name: DisplayName = " Müller, Jörg ".parse()?;
/// assert_eq!(name.as_str(), "Müller, Jörg");
/// assert!("Jörg\r\nBcc: x@example.org".parse::<DisplayName>().is_err());
/// # Ok::<(), pilotfish::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DisplayName(String);

impl DisplayName {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part of a text that fits into a name.
    pub(super) fn beginning(text: &str) -> &str {
        let text = text.trim();
        let end = text.floor_char_boundary(MAX_OCTETS);
        text.get(..end).unwrap_or(text)
    }

    /// The name from a text at this position of the input.
    pub(super) fn checked(text: &str, position: usize) -> Result<Self, ParseFault> {
        let fault = |problem, offset| ParseFault {
            problem,
            position: position + offset,
        };
        if let Some((offset, _)) = text.char_indices().find(|&(_, c)| is_forbidden(c)) {
            return Err(fault(Problem::Control, offset));
        }
        match text.trim() {
            "" => Err(fault(Problem::NoName, 0)),
            name if name.len() > MAX_OCTETS => Err(fault(Problem::NameTooLong(MAX_OCTETS), 0)),
            name => Ok(Self(name.to_owned())),
        }
    }
}

impl std::str::FromStr for DisplayName {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::checked(text, 0).map_err(|fault| AddressError::of_text(text, fault))
    }
}

// The text is not quoted.
try_from_text!(DisplayName, displayed);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::addr_spec::tests::addr_specs;
    use super::*;

    #[test]
    fn names_are_quoted_where_needed() {
        for (name, expected) in [
            ("Ann Lee", "Ann Lee"),
            ("Jörg", "Jörg"),
            ("O'Neil", "O'Neil"),
            ("🦈 🦈", "🦈 🦈"),
            ("a, b", r#""a, b""#),
            ("Dr. Ann", r#""Dr. Ann""#),
            ("\"quoted\"", r#""\"quoted\"""#),
            ("back\\slash", r#""back\\slash""#),
            ("(c)", r#""(c)""#),
            ("x@y", r#""x@y""#),
            ("<>", r#""<>""#),
            ("two  spaces", r#""two  spaces""#),
            ("=?utf-8?q?a?=", r#""=?utf-8?q?a?=""#),
            ("Müller, Jörg", r#""Müller, Jörg""#),
            ("ends in \\", r#""ends in \\""#),
        ] {
            let mailbox = Mailbox::new("a@x.test".parse().unwrap());
            let mailbox = mailbox.with_name(name.parse().unwrap());
            assert_eq!(mailbox.to_string(), format!("{expected} <a@x.test>"));
            assert_eq!(mailbox.to_string().parse(), Ok(mailbox), "{name}");
        }
    }

    #[test]
    fn names_are_text() {
        for (input, expected) in [
            ("Ann", Ok("Ann")),
            ("  Ann  Lee\u{a0}", Ok("Ann  Lee")),
            ("a, b", Ok("a, b")),
            ("\"quoted\"", Ok("\"quoted\"")),
            ("back\\slash", Ok("back\\slash")),
            ("ends in \\", Ok("ends in \\")),
            ("(c)", Ok("(c)")),
            ("x@y", Ok("x@y")),
            ("<>", Ok("<>")),
            ("=?utf-8?q?a?=", Ok("=?utf-8?q?a?=")),
            ("Müller, Jörg", Ok("Müller, Jörg")),
            ("", Err(0)),
            ("   ", Err(0)),
            ("Ann\r\nBcc: x@y", Err(3)),
            ("a\0", Err(1)),
            ("a\tb", Err(1)),
            ("a\u{7f}", Err(1)),
            ("a\u{85}", Err(1)),
            ("a\u{2028}", Err(1)),
            ("a\u{2029}", Err(1)),
        ] {
            let read = input.parse::<DisplayName>();
            let read = read.map(|x| x.to_string()).map_err(|e| e.position());
            assert_eq!(read, expected.map(str::to_owned).map_err(Some), "{input:?}");
        }
    }

    #[test]
    fn octets_of_names_are_counted() {
        assert!("🦈".repeat(200).parse::<DisplayName>().is_ok());
        assert!("a".repeat(998).parse::<DisplayName>().is_ok());
        assert!("a".repeat(999).parse::<DisplayName>().is_err());
    }

    fn mailboxes() -> impl Strategy<Value = Mailbox> {
        let name = proptest::option::of(prop_oneof!["\\PC{1,30}", "[ -~]{1,30}", "[a-z .=?]+"]);
        (name, addr_specs()).prop_map(|(name, addr_spec)| {
            let name = name.and_then(|name| name.parse().ok());
            Mailbox { name, addr_spec }
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(mailbox in mailboxes()) {
            prop_assert_eq!(mailbox.to_string().parse::<Mailbox>().unwrap(), mailbox);
        }

        #[test]
        fn lists_are_read_again(list in proptest::collection::vec(mailboxes(), 1..5)) {
            let text: Vec<_> = list.iter().map(Mailbox::to_string).collect();
            prop_assert_eq!(Mailbox::parse_list(&text.join(",")).unwrap(), list.clone());
            let group = format!("\"g;\" : {} ; (c) ,", text.join(" , "));
            prop_assert_eq!(Mailbox::parse_list(&group).unwrap(), list);
        }
    }
}
