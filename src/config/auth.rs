//! The key `auth`: the mechanisms that log in.

use std::str::FromStr;

use crate::protocol::{Mechanism, ValueError};

/// `auto`, `none`, or the names of mechanisms in the order in which they are tried, separated by
/// commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Auth {
    /// The strongest that the server offers.
    Auto,
    /// No login.
    None,
    /// One of these, in this order.
    Only(Vec<Mechanism>),
}

impl FromStr for Auth {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
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
