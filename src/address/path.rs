//! The addresses of the commands MAIL and RCPT.

use std::fmt;

use super::addr_spec::AddrSpec;
use super::error::ParseFault;
use super::parser::Cursor;

/// Where reports of failure go: RFC 5321, 4.1.2 `Reverse-path`, the argument of MAIL.
///
/// It is read from a bare address, without angle brackets, and shown with them. `Null` has to
/// be asked for by name, so that a setting left empty does not stop the reports.
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
    /// Nowhere: the message is itself a notification (RFC 5321, 4.5.5).
    Null,
    /// To this address.
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
            Self::Address(addr_spec) => write!(f, "<{addr_spec}>"),
        }
    }
}

/// A recipient: RFC 5321, 4.1.2 `Forward-path`, the argument of RCPT.
///
/// It is read from a bare address, without angle brackets, and shown with them. Source routes
/// are obsolete (RFC 5321, appendix C) and do not exist here.
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
        write!(f, "<{}>", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
