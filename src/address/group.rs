//! Several mailboxes under one name.

use std::fmt;

use super::error::AddressError;
use super::mailbox::{DisplayName, Mailbox, write_name};

/// A name for any number of mailboxes, also for none: RFC 5322, 3.4 `group`.
///
/// ```
/// use pilotfish::address::{Address, Group};
///
/// let crew = Group::new("crew".parse()?, ["bo@example.org".parse()?, "cy@example.org".parse()?]);
/// assert_eq!(crew.to_string(), "crew: bo@example.org, cy@example.org;");
/// assert_eq!(Address::parse_list("crew: bo@example.org, cy@example.org;")?, [crew.into()]);
/// # Ok::<(), pilotfish::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    name: DisplayName,
    pub(super) members: Vec<Mailbox>,
}

impl Group {
    /// A group of this name.
    pub fn new(name: DisplayName, members: impl IntoIterator<Item = Mailbox>) -> Self {
        Self {
            name,
            members: members.into_iter().collect(),
        }
    }

    /// The name of the group.
    #[must_use]
    pub fn name(&self) -> &DisplayName {
        &self.name
    }

    /// The mailboxes of the group.
    #[must_use]
    pub fn members(&self) -> &[Mailbox] {
        &self.members
    }
}

/// For people and terminals: `name: mailbox, mailbox;`.
impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_name(f, self.name.as_str())?;
        f.write_str(":")?;
        for (at, member) in self.members.iter().enumerate() {
            write!(f, "{} {member}", if at == 0 { "" } else { "," })?;
        }
        f.write_str(";")
    }
}

/// An element of a field such as To: RFC 5322, 3.4 `address`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// One mailbox.
    Mailbox(Mailbox),
    /// A group of them.
    Group(Group),
}

impl Address {
    /// The mailboxes that it names: one, or the members of the group.
    #[must_use]
    pub fn mailboxes(&self) -> &[Mailbox] {
        match self {
            Self::Mailbox(mailbox) => std::slice::from_ref(mailbox),
            Self::Group(group) => group.members(),
        }
    }

    pub(super) fn into_mailboxes(self) -> Vec<Mailbox> {
        match self {
            Self::Mailbox(mailbox) => vec![mailbox],
            Self::Group(group) => group.members,
        }
    }
}

impl From<Mailbox> for Address {
    fn from(mailbox: Mailbox) -> Self {
        Self::Mailbox(mailbox)
    }
}

impl From<Group> for Address {
    fn from(group: Group) -> Self {
        Self::Group(group)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mailbox(mailbox) => mailbox.fmt(f),
            Self::Group(group) => group.fmt(f),
        }
    }
}

/// Types that convert to one or more addresses: a text with a list of addresses, a pair of a display
/// name and an address, and values such as [`Mailbox`](crate::address::Mailbox).
///
/// ```
/// use pilotfish::address::{AddressError, IntoAddresses, Mailbox};
///
/// fn count(addresses: impl IntoAddresses) -> Result<usize, AddressError> {
///     Ok(addresses.into_addresses()?.len())
/// }
///
/// assert_eq!(count("Ann <ann@example.org>, bo@example.org")?, 2);
/// assert_eq!(count(("Lee, Ann", "ann@example.org"))?, 1);
/// assert_eq!(count(&"ann@example.org".parse::<Mailbox>()?)?, 1);
/// assert_eq!(count(["ann@example.org", "bo@example.org"])?, 2);
/// # Ok::<(), AddressError>(())
/// ```
pub trait IntoAddresses {
    /// The addresses.
    ///
    /// # Errors
    ///
    /// If a text is not an address list, or if a name or an address is not valid. An empty name is not
    /// valid: pass the address alone.
    fn into_addresses(self) -> Result<Vec<Address>, AddressError>;
}

macro_rules! into_addresses {
    ($($type:ty, $value:pat => $addresses:expr;)*) => {$(
        impl IntoAddresses for $type {
            fn into_addresses(self) -> Result<Vec<Address>, AddressError> {
                let $value = self;
                $addresses
            }
        }
    )*};
}

into_addresses! {
    &str, text => Address::parse_list(text);
    &String, text => Address::parse_list(text);
    String, text => Address::parse_list(&text);
    // A name and an address, neither of them quoted.
    (&str, &str), (name, address) => {
        let mailbox = Mailbox::new(address.parse()?).with_name(name.parse()?);
        Ok(vec![mailbox.into()])
    };
    (String, String), (name, address) => (name.as_str(), address.as_str()).into_addresses();
    &Mailbox, mailbox => Ok(vec![mailbox.clone().into()]);
    Mailbox, mailbox => Ok(vec![mailbox.into()]);
    super::AddrSpec, address => Ok(vec![Mailbox::from(address).into()]);
    Address, address => Ok(vec![address]);
    Group, group => Ok(vec![group.into()]);
}

impl<T: IntoAddresses> IntoAddresses for Vec<T> {
    fn into_addresses(self) -> Result<Vec<Address>, AddressError> {
        let mut all = Vec::with_capacity(self.len());
        for addresses in self {
            all.extend(addresses.into_addresses()?);
        }
        Ok(all)
    }
}

impl<T: IntoAddresses, const N: usize> IntoAddresses for [T; N] {
    fn into_addresses(self) -> Result<Vec<Address>, AddressError> {
        Vec::from(self).into_addresses()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stay_groups() {
        for (input, output) in [
            ("a@b, g: c@d, Ann <e@f>;, h@i", "a@b|g: c@d, Ann <e@f>;|h@i"),
            ("undisclosed-recipients:;", "undisclosed-recipients:;"),
            ("\"a:b\" : c@d;", "\"a:b\": c@d;"),
        ] {
            let list = Address::parse_list(input).unwrap();
            let shown: Vec<_> = list.iter().map(ToString::to_string).collect();
            assert_eq!(shown.join("|"), output);
            assert_eq!(Address::parse_list(&shown.join(", ")).unwrap(), list);
        }
    }

    #[test]
    fn a_pair_needs_no_quoting() {
        let [Address::Mailbox(mailbox)] = &("Lee, \"A\"", "a@b").into_addresses().unwrap()[..]
        else {
            panic!("one mailbox");
        };
        assert_eq!(mailbox.name().unwrap().as_str(), "Lee, \"A\"");
        assert!(("x\r\n", "a@b").into_addresses().is_err());
        assert!(("x", "a@b, c@d").into_addresses().is_err());
    }
}
