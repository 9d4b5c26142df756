//! An address with a name.

use std::fmt;

use super::addr_spec::AddrSpec;
use super::display_name::DisplayName;
use super::error::{AddressError, ParseFault};
use super::group::Address;
use super::list::{self, NameLengths};
use super::parser::{Cursor, is_atext, whole, write_quoted};

/// An address and perhaps a name, as in the fields From and To: RFC 5322, 3.4 `mailbox`.
///
/// # Reading
///
/// `Ann <ann@example.org>`, `"Lee, Ann" <ann@example.org>` and `ann@example.org` are read,
/// with white space and comments around their parts but not inside the address. Comments
/// become a part of the name: `Acme (Support) <ann@example.org>` is named `Acme (Support)`, and
/// `ann@example.org (Ann Lee)` is named `Ann Lee`. Names may have dots and raw UTF-8
/// (RFC 6532); a name that repeats the address, as in `ann@example.org <ann@example.org>`, needs
/// no quotation marks. Encoded words (RFC 2047) are not decoded: they are names that look odd. The text is a field body that has been unfolded (RFC 5322, 2.2.3),
/// of at most 1 MiB (1,048,576 octets).
///
/// # Errors
///
/// Reading fails on anything else, above all on what two programs might read in two ways,
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

    /// The same mailbox with `name` in the place of the one it had.
    #[must_use]
    pub fn with_name(self, name: DisplayName) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    /// What the person or list is called, if it has been said.
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

    /// Reads the body of a field such as To: RFC 5322, 3.4 `address-list`, in the order given.
    ///
    /// A group gives its members, an empty group such as `undisclosed-recipients:;` nothing.
    /// Of the obsolete forms, empty list elements (`a@b,,c@d,`) and dots in names are read.
    /// The rest is as for one mailbox; the text has at most 1 MiB in all.
    ///
    /// # Errors
    ///
    /// If any of it is not as described, or if there is neither a mailbox nor a group.
    ///
    /// ```
    /// use pilotfish::address::Mailbox;
    ///
    /// let list = Mailbox::parse_list("Ann <ann@example.org>, crew: bo@example.org, cy@example.org;")?;
    /// assert_eq!(list.len(), 3);
    /// assert_eq!(list[1].to_string(), "bo@example.org");
    /// # Ok::<(), pilotfish::address::AddressError>(())
    /// ```
    pub fn parse_list(text: &str) -> Result<Vec<Self>, AddressError> {
        Self::list(text, NameLengths::Whole)
    }

    /// The same, but of a name that is too long, the beginning.
    ///
    /// For lists that came in a message, where a name may consist of encoded words and so be
    /// several times longer than it was.
    pub(crate) fn parse_list_of_long_names(text: &str) -> Result<Vec<Self>, AddressError> {
        Self::list(text, NameLengths::Cut)
    }

    fn list(text: &str, names: NameLengths) -> Result<Vec<Self>, AddressError> {
        let addresses = whole(text, |cursor| list::address_list(cursor, names))?;
        let mailboxes = addresses.into_iter().flat_map(Address::into_mailboxes);
        Ok(mailboxes.collect())
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, ParseFault> {
        list::one_mailbox(cursor)
    }
}

read_from_str!(Mailbox);

impl From<AddrSpec> for Mailbox {
    fn from(addr_spec: AddrSpec) -> Self {
        Self::new(addr_spec)
    }
}

/// For people and terminals: `name <address>`, the name quoted if it has to be. It reads back
/// as the same mailbox, but it is no header field, as the name may be non-ASCII.
impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(name) = &self.name else {
            return self.addr_spec.fmt(f);
        };
        write_name(f, name.as_str())?;
        write!(f, " <{}>", self.addr_spec)
    }
}

/// The name as it can be read back, quoted if it has to be.
pub(super) fn write_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    if is_plain_phrase(name) {
        f.write_str(name)
    } else {
        write_quoted(f, name)
    }
}

/// Whether `name` is read back as it is without quotation marks, and nobody decodes it.
fn is_plain_phrase(name: &str) -> bool {
    let is_atom = |word: &str| !word.is_empty() && word.chars().all(is_atext);
    name.split(' ').all(is_atom) && !name.contains("=?")
}

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
