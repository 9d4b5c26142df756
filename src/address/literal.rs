//! An IP address in the place of a domain.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::error::{ParseFault, Problem};
use super::parser::Cursor;

/// An IP address in brackets: RFC 5321, 4.1.3 `address-literal`.
///
/// `[192.0.2.1]` and `[IPv6:2001:db8::1]` are read and written, with the IPv6 address in the
/// form of RFC 5952. No general literal has been standardised, so none is read.
///
/// # Errors
///
/// Reading fails on anything but an IP address in brackets: on leading zeros, which some
/// software reads as octal, on IPv6 addresses without their tag, and on zone identifiers.
///
/// ```
/// use pilotfish::address::AddressLiteral;
/// use std::net::Ipv6Addr;
///
/// let literal: AddressLiteral = "[IPv6:::1]".parse()?;
/// assert_eq!(literal.ip(), Ipv6Addr::LOCALHOST);
/// # Ok::<(), pilotfish::address::AddressError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressLiteral(IpAddr);

impl AddressLiteral {
    /// The IP address between the brackets.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.0
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, ParseFault> {
        let fault = cursor.fault(Problem::Literal);
        if !cursor.eat('[') {
            return Err(fault);
        }
        let text = cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '.' || c == ':');
        if !cursor.eat(']') {
            return Err(fault);
        }
        let address = match text.split_at_checked(5) {
            Some((tag, address)) if tag.eq_ignore_ascii_case("IPv6:") => {
                address.parse().map(IpAddr::V6)
            }
            _ => text.parse().map(IpAddr::V4),
        };
        address.map(Self).map_err(|_| fault)
    }
}

read_from_str!(AddressLiteral);

impl From<IpAddr> for AddressLiteral {
    fn from(address: IpAddr) -> Self {
        Self(address)
    }
}

impl From<Ipv4Addr> for AddressLiteral {
    fn from(address: Ipv4Addr) -> Self {
        Self(address.into())
    }
}

impl From<Ipv6Addr> for AddressLiteral {
    fn from(address: Ipv6Addr) -> Self {
        Self(address.into())
    }
}

/// As it is sent, in brackets.
impl fmt::Display for AddressLiteral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => write!(f, "[{address}]"),
            IpAddr::V6(address) => write!(f, "[IPv6:{address}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read_and_written() {
        for (input, expected) in [
            ("[127.0.0.1]", Some("[127.0.0.1]")),
            ("[IPv6:::1]", Some("[IPv6:::1]")),
            ("[ipv6:2001:DB8:0:0:0:0:0:1]", Some("[IPv6:2001:db8::1]")),
            ("[IPv6:::ffff:192.0.2.1]", Some("[IPv6:::ffff:192.0.2.1]")),
            ("127.0.0.1", None),
            ("[]", None),
            ("[IPv6:]", None),
            ("[127.0.0.1", None),
            ("[127.0.0.1]x", None),
            ("[127.0.0.1]]", None),
            ("[127.0.0.01]", None),
            ("[127.1]", None),
            ("[256.0.0.1]", None),
            ("[::1]", None),
            ("[IPv6:127.0.0.1]", None),
            ("[IPv6:fe80::1%eth0]", None),
            ("[ 127.0.0.1]", None),
            ("[x-tag:content]", None),
            ("[127.0.0.1\r\n]", None),
        ] {
            let read = input.parse::<AddressLiteral>().ok().map(|x| x.to_string());
            assert_eq!(read.as_deref(), expected, "{input:?}");
        }
    }
}
