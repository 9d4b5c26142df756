//! A bare address, and the paths of the commands MAIL and RCPT, which are bare addresses too.

use std::fmt;

use super::domain::Domain;
use super::error::{AddressError, ParseFault, Problem};
use super::local_part::LocalPart;
use super::parser::Cursor;

/// The most octets of an address: what `MAIL FROM:<..>` with its line end leaves of a command
/// line of 512 octets (RFC 5321, 4.5.3.1.4).
pub(super) const MAX_OCTETS: usize = 498;

/// A bare address, `ann@example.org`: RFC 5321, 4.1.2 `Mailbox`, which is RFC 5322, 3.4.1
/// `addr-spec` without comments, white space, folding and obsolete forms.
///
/// It has at most 498 octets as it is sent, which fit into a command line of 512 (RFC 5321, 4.5.3.1.4).
/// Servers must accept only 254 (RFC 5321, 4.5.3.1.3), and may accept more. Two addresses are equal if
/// their local parts are the same after unquoting, and their domains the same in any case of letters
/// (RFC 5321, 2.4).
///
/// # Errors
///
/// Reading fails unless the text is exactly a [`LocalPart`], an `@` and a [`Domain`], with at most 498
/// octets.
///
/// ```
/// use pilotfish::address::AddrSpec;
///
/// let address: AddrSpec = "Ann.Lee@EXAMPLE.org".parse()?;
/// assert_eq!(address.local_part().as_str(), "Ann.Lee");
/// assert_eq!(address.to_string(), "Ann.Lee@example.org");
/// assert!("ann@example.org (work)".parse::<AddrSpec>().is_err());
/// # Ok::<(), pilotfish::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AddrSpec {
    local_part: LocalPart,
    domain: Domain,
}

impl AddrSpec {
    /// An address of these parts.
    ///
    /// # Errors
    ///
    /// If it has more than 498 octets.
    pub fn new(local_part: LocalPart, domain: Domain) -> Result<Self, AddressError> {
        Self::checked(local_part, domain).map_err(AddressError::of_values)
    }

    /// The part before the `@`.
    #[must_use]
    pub fn local_part(&self) -> &LocalPart {
        &self.local_part
    }

    /// The part after the `@`.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Whether a server that does not offer SMTPUTF8 (RFC 6531) accepts it: whether the local part is
    /// ASCII. The domain always is, as A-labels.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.local_part.is_ascii()
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, ParseFault> {
        let start = cursor.clone();
        let local_part = LocalPart::read(cursor)?;
        if !cursor.eat('@') {
            return Err(cursor.fault(match cursor.peek() {
                None | Some('>' | ',' | ';') => Problem::NoAt,
                Some(':') if local_part.as_str().eq_ignore_ascii_case("mailto") => Problem::Mailto,
                Some(c) => Problem::unexpected(c),
            }));
        }
        let domain = Domain::read(cursor)?;
        Self::checked(local_part, domain).map_err(|problem| start.fault(problem))
    }

    /// Writes it as it is sent, without angle brackets.
    pub(crate) fn write(&self, out: &mut impl fmt::Write) -> fmt::Result {
        self.local_part.write(out)?;
        out.write_char('@')?;
        self.domain.write(out)
    }

    /// Writes it in angle brackets.
    pub(crate) fn write_path(&self, out: &mut impl fmt::Write) -> fmt::Result {
        out.write_char('<')?;
        self.write(out)?;
        out.write_char('>')
    }

    fn checked(local_part: LocalPart, domain: Domain) -> Result<Self, Problem> {
        let address = Self { local_part, domain };
        let room = MAX_OCTETS - 1 - address.domain.sent_len();
        if address.local_part.is_longer_than(room) {
            return Err(Problem::AddrSpecTooLong(MAX_OCTETS));
        }
        Ok(address)
    }
}

read_from_str!(AddrSpec);

/// As it is sent, without angle brackets.
impl fmt::Display for AddrSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

/// The address that receives reports of failure: RFC 5321, 4.1.2 `Reverse-path`, the argument of MAIL.
///
/// It is read from a bare address without angle brackets, and displayed with them. No text is read as
/// `Null`, so that an empty setting does not stop the reports.
///
/// ```
/// use pilotfish::address::ReversePath;
///
/// let path: ReversePath = "ann@example.org".parse()?;
/// assert_eq!(path.to_string(), "<ann@example.org>");
/// assert_eq!(ReversePath::Null.to_string(), "<>");
/// # Ok::<(), pilotfish::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReversePath {
    /// No address: the message is itself a notification (RFC 5321, 4.5.5).
    Null,
    /// This address.
    Address(AddrSpec),
}

impl ReversePath {
    /// The address, if there is one.
    #[must_use]
    pub fn addr_spec(&self) -> Option<&AddrSpec> {
        match self {
            Self::Null => None,
            Self::Address(addr_spec) => Some(addr_spec),
        }
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, ParseFault> {
        AddrSpec::read(cursor).map(Self::Address)
    }
}

read_from_str!(ReversePath);

impl From<&AddrSpec> for ReversePath {
    fn from(addr_spec: &AddrSpec) -> Self {
        Self::Address(addr_spec.clone())
    }
}

impl From<AddrSpec> for ReversePath {
    fn from(addr_spec: AddrSpec) -> Self {
        Self::Address(addr_spec)
    }
}

/// As it is sent, in angle brackets.
impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("<>"),
            Self::Address(addr_spec) => addr_spec.write_path(f),
        }
    }
}

/// A recipient: RFC 5321, 4.1.2 `Forward-path`, the argument of RCPT.
///
/// It is read from a bare address without angle brackets, and displayed with them. Source routes are
/// obsolete (RFC 5321, appendix C) and are not read.
///
/// ```
/// use pilotfish::address::ForwardPath;
///
/// let path: ForwardPath = "bo@example.org".parse()?;
/// assert_eq!(path.to_string(), "<bo@example.org>");
/// # Ok::<(), pilotfish::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ForwardPath(AddrSpec);

impl ForwardPath {
    /// The address.
    #[must_use]
    pub fn addr_spec(&self) -> &AddrSpec {
        &self.0
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, ParseFault> {
        AddrSpec::read(cursor).map(Self)
    }
}

read_from_str!(ForwardPath);

impl From<&AddrSpec> for ForwardPath {
    fn from(addr_spec: &AddrSpec) -> Self {
        Self(addr_spec.clone())
    }
}

impl From<AddrSpec> for ForwardPath {
    fn from(addr_spec: AddrSpec) -> Self {
        Self(addr_spec)
    }
}

/// As it is sent, in angle brackets.
impl fmt::Display for ForwardPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write_path(f)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;

    use super::super::parser::{is_forbidden, write_quoted};
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        for (input, expected) in [
            ("a@x.test", Ok("a@x.test")),
            ("a+b@x", Ok("a+b@x")),
            (r#""a b"@x.test"#, Ok(r#""a b"@x.test"#)),
            (r#""a"@x.test"#, Ok("a@x.test")),
            (r#""@"@x.test"#, Ok(r#""@"@x.test"#)),
            (r#"".a"@x"#, Ok(r#"".a"@x"#)),
            (
                r#""evil@x.test y"@good.test"#,
                Ok(r#""evil@x.test y"@good.test"#),
            ),
            ("A@[127.0.0.1]", Ok("A@[127.0.0.1]")),
            ("a@[IPv6:::1]", Ok("a@[IPv6:::1]")),
            ("jörg@x.test", Ok("jörg@x.test")),
            ("a@bücher.test", Ok("a@xn--bcher-kva.test")),
            ("a@xn--bcher-kva.test", Ok("a@xn--bcher-kva.test")),
            ("", Err(0)),
            ("a", Err(1)),
            ("a@", Err(2)),
            ("@x.test", Err(0)),
            ("a..b@x", Err(0)),
            ("a.@x", Err(0)),
            (".a@x", Err(0)),
            ("a@x.test.", Err(9)),
            ("a@x_y.test", Err(3)),
            ("a@x\u{3002}test", Err(2)),
            ("a\u{ff20}x.test", Err(0)),
            ("a@b@c", Err(3)),
            ("a@b(c)d", Err(3)),
            ("a@b (c) d", Err(3)),
            ("a(c)@b", Err(1)),
            ("a@(c)b", Err(2)),
            ("(c)a@b", Err(0)),
            ("a @b", Err(1)),
            ("a@ b", Err(2)),
            (" a@b", Err(0)),
            ("a@b ", Err(3)),
            ("<a@b>", Err(0)),
            ("a@b>", Err(3)),
            ("a@b, c@d", Err(3)),
            ("@x,@y:a@b", Err(0)),
            ("a@[127.0.0.1]b", Err(13)),
            ("a@x.test\r\nDATA", Err(8)),
            ("a@x.test\nDATA", Err(8)),
            ("\"a\r\nb\"@x.test", Err(2)),
            ("a@x.test\u{2028}", Err(8)),
            ("a@x.test> SIZE=1", Err(8)),
        ] {
            let read = input.parse::<AddrSpec>();
            let read = read.map(|x| x.to_string()).map_err(|e| e.position());
            assert_eq!(read, expected.map(str::to_owned).map_err(Some), "{input:?}");
        }
    }

    #[test]
    fn octets_are_counted() {
        let domain = |length: usize| format!("{}{}", "a.".repeat(90), "b".repeat(length - 180));
        let read = |length| format!("{}@{}", "a".repeat(300), domain(length)).parse::<AddrSpec>();
        assert_eq!(read(197).unwrap().to_string().len(), 498);
        assert!(read(198).is_err());
        let (local_part, domain) = (
            "a".repeat(300).parse().unwrap(),
            domain(198).parse().unwrap(),
        );
        assert_eq!(
            AddrSpec::new(local_part, domain).unwrap_err().position(),
            None
        );
    }

    #[test]
    fn equality_ignores_the_case_of_the_domain() {
        let read = |text: &str| text.parse::<AddrSpec>().unwrap();
        assert_eq!(read("a@X.test"), read("a@x.TEST"));
        assert_ne!(read("A@x.test"), read("a@x.test"));
    }

    #[test]
    fn paths_are_read_without_and_written_with_brackets() {
        for (input, expected) in [
            ("a@x.test", Some("<a@x.test>")),
            ("\"a>b\"@X.test", Some("<\"a>b\"@x.test>")),
            ("", None),
            ("<>", None),
            ("<a@x.test>", None),
            ("Ann <a@x.test>", None),
            ("@y.test:a@x.test", None),
            ("a@x.test\r\n", None),
            ("postmaster", None),
        ] {
            let reverse = input.parse::<ReversePath>().ok().map(|x| x.to_string());
            let forward = input.parse::<ForwardPath>().ok().map(|x| x.to_string());
            assert_eq!(reverse.as_deref(), expected, "{input:?}");
            assert_eq!(forward.as_deref(), expected, "{input:?}");
        }
    }

    #[test]
    fn a_path_has_at_most_256_octets() {
        let domain = format!("{}b.test", "a.".repeat(91));
        let path: ForwardPath = format!("{}@{domain}", "a".repeat(64)).parse().unwrap();
        assert!(path.to_string().len() <= 256);
    }

    /// Each control character at each place of each kind of address.
    #[test]
    fn no_control_character_gets_in() {
        let controls = ('\0'..='\u{9f}').chain(['\u{2028}', '\u{2029}']);
        for control in controls.filter(|&c| is_forbidden(c)) {
            for address in [
                "ab@x.test",
                "\"a\\b\"@x.test",
                "a@[127.0.0.1]",
                "a@[IPv6:::1]",
            ] {
                for at in 0..=address.len() {
                    let mut text = address.to_owned();
                    text.insert(at, control);
                    assert!(text.parse::<AddrSpec>().is_err(), "{text:?}");
                }
            }
        }
    }

    pub(in crate::address) fn addr_specs() -> impl Strategy<Value = AddrSpec> {
        let local_part = prop_oneof!["[a-z.]{0,64}", "[ -~]{0,40}", "\\PC{0,16}"];
        let name = "([a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?\\.){0,5}[a-zé例]{1,9}";
        let literal = any::<IpAddr>().prop_map(|ip| Domain::from(ip).to_string());
        (local_part, prop_oneof![name, literal]).prop_filter_map("address", |(local, domain)| {
            let mut text = String::new();
            write_quoted(&mut text, &local).ok()?;
            format!("{text}@{domain}").parse().ok()
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(address in addr_specs()) {
            prop_assert_eq!(address.to_string().parse::<AddrSpec>().unwrap(), address);
        }

        #[test]
        fn any_text_is_an_address_or_an_error(text in "[a@.\"\\\\ \\[\\]\u{1}\u{e9}-]{0,20}|\\PC*") {
            if let Ok(address) = text.parse::<AddrSpec>() {
                let written = address.to_string();
                prop_assert!(!written.contains(is_forbidden));
                prop_assert_eq!(written.parse::<AddrSpec>().unwrap(), address);
            }
        }
    }
}
