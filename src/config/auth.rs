//! How to log in: which mechanisms.

use std::str::FromStr;

use serde::Deserialize;

use crate::protocol::{Mechanism, UnknownName};

/// `auto`, `none`, or mechanisms with commas between them, in the order in which they are tried.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
#[non_exhaustive]
pub enum Auth {
    /// The strongest that the server offers.
    #[default]
    Auto,
    /// No login.
    None,
    /// One of these, in this order.
    Only(Vec<Mechanism>),
}

impl FromStr for Auth {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "auto" => Ok(Self::Auto),
            "none" => Ok(Self::None),
            names => {
                let mechanisms = names.split(',').map(|name| name.trim().parse());
                mechanisms.collect::<Result<_, _>>().map(Self::Only)
            }
        }
    }
}

impl TryFrom<String> for Auth {
    type Error = UnknownName;

    fn try_from(text: String) -> Result<Self, UnknownName> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        use Mechanism::{OAuthBearer, Plain, ScramSha256, XOAuth2};
        for (text, expected) in [
            ("auto", Some(Auth::Auto)),
            ("none", Some(Auth::None)),
            ("scram-sha-256", Some(Auth::Only(vec![ScramSha256]))),
            (
                "XOAUTH2, oauthbearer",
                Some(Auth::Only(vec![XOAuth2, OAuthBearer])),
            ),
            ("plain", Some(Auth::Only(vec![Plain]))),
            ("plain,auto", None),
            ("", None),
            ("gssapi", None),
        ] {
            assert_eq!(text.parse().ok(), expected, "{text}");
        }
    }
}
