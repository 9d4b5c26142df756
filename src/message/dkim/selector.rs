//! The name of a key among those of its domain.

use std::str::FromStr;

use super::DkimError;
use crate::address::{Domain, try_from_text};
use crate::message::error::shown;

/// Which of the domain's keys it is: the key of the selector `s1` of `example.org` is in the TXT
/// record of `s1._domainkey.example.org` (RFC 6376 sections 3.1 and 3.6.2.1).
///
/// It has one or several labels of letters, digits and inner hyphens. Like a
/// [`Domain`], it may be given in Unicode and is kept in lower case and A-labels (RFC 8616
/// section 4).
///
/// ```
/// use pilotfish::message::dkim::Selector;
///
/// assert_eq!("S1.2026".parse::<Selector>()?.as_str(), "s1.2026");
/// assert!("s1; d=example.net".parse::<Selector>().is_err());
/// # Ok::<(), pilotfish::message::dkim::DkimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector(String);

impl Selector {
    /// The labels, joined by dots.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Selector {
    type Err = DkimError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let domain = text.parse::<Domain>().ok();
        let name = domain.as_ref().and_then(Domain::as_name);
        match name {
            Some(name) => Ok(Self(name.to_owned())),
            None => Err(DkimError::Selector { found: shown(text) }),
        }
    }
}

try_from_text!(Selector, displayed);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_follow_the_grammar() {
        for (input, expected) in [
            ("s1", Some("s1")),
            ("2026-11", Some("2026-11")),
            ("Brisbane.East", Some("brisbane.east")),
            ("schlüssel", Some("xn--schlssel-95a")),
            ("", None),
            (".", None),
            ("a..b", None),
            ("a_b", None),
            ("-a", None),
            ("a;b", None),
            ("a b", None),
            ("a\r\nb", None),
            ("[127.0.0.1]", None),
        ] {
            let selector = input.parse::<Selector>().ok();
            assert_eq!(
                selector.as_ref().map(Selector::as_str),
                expected,
                "{input:?}"
            );
        }
    }
}
