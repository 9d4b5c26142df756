//! The keys of logins by OAuth 2.0: their values.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

#[cfg(feature = "oauth")]
use crate::oauth::{OAuthError, Provider};

/// The key `oauth` of an [`Account`](super::Account): the authorization server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OAuthServer {
    /// Google: `google`.
    Google,
    /// Microsoft: `microsoft`.
    Microsoft,
    /// Another one, by the URL that identifies it (RFC 8414 section 2). Its endpoints are discovered.
    Issuer(String),
}

impl FromStr for OAuthServer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "google" => Ok(Self::Google),
            "microsoft" => Ok(Self::Microsoft),
            url if url.contains("://") => {
                #[cfg(feature = "oauth")]
                Provider::new(url, url).map_err(|error| error.to_string())?;
                Ok(Self::Issuer(url.to_owned()))
            }
            _ => Err(
                "no such authorization server: there are google, microsoft, and the URL of \
                      another one, as in https://id.example"
                    .to_owned(),
            ),
        }
    }
}

/// As the key has it.
impl fmt::Display for OAuthServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Google => "google",
            Self::Microsoft => "microsoft",
            Self::Issuer(url) => url,
        })
    }
}

/// The key `oauth-grant` of an [`Account`](super::Account): how access tokens are obtained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OAuthGrant {
    /// A user logs in once, in a browser or on another device, and a refresh token renews the access
    /// token: `login`.
    #[default]
    Login,
    /// The program logs in as itself, by the secret of the client (RFC 6749 section 4.4):
    /// `client-credentials`.
    ClientCredentials,
    /// A service account of Google acts for the user (RFC 7523): `service-account`.
    ServiceAccount,
}

impl FromStr for OAuthGrant {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "login" => Ok(Self::Login),
            "client-credentials" => Ok(Self::ClientCredentials),
            "service-account" => Ok(Self::ServiceAccount),
            _ => Err("no such grant: there are login, client-credentials and service-account"),
        }
    }
}

/// As the key has it.
impl fmt::Display for OAuthGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Login => "login",
            Self::ClientCredentials => "client-credentials",
            Self::ServiceAccount => "service-account",
        })
    }
}

/// The key `oauth-tenant`.
pub(super) fn tenant<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let tenant = String::deserialize(from)?;
    #[cfg(feature = "oauth")]
    checked(Provider::microsoft(&tenant))?;
    Ok(Some(tenant))
}

/// The key `oauth-scope`.
pub(super) fn scope<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let scope = String::deserialize(from)?;
    if scope.trim().is_empty() {
        let empty = "it is empty: leave it out, or name a scope";
        return Err(serde::de::Error::custom(empty));
    }
    #[cfg(feature = "oauth")]
    checked(Provider::google().and_then(|provider| provider.scope(&*scope)))?;
    Ok(Some(scope))
}

/// The reason why a value cannot be used, as the parser reports it.
#[cfg(feature = "oauth")]
fn checked<E: serde::de::Error>(provider: Result<Provider, OAuthError>) -> Result<(), E> {
    provider.map(drop).map_err(E::custom)
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    #[test]
    fn values_are_shown_as_they_are_written() {
        for text in ["google", "microsoft", "https://id.example/realms/a"] {
            assert_eq!(text.parse::<OAuthServer>().unwrap().to_string(), text);
        }
        for text in ["login", "client-credentials", "service-account"] {
            assert_eq!(text.parse::<OAuthGrant>().unwrap().to_string(), text);
        }
    }

    #[test]
    #[cfg(feature = "oauth")]
    fn what_is_not_valid() {
        for (line, expected) in [
            (
                "oauth = 'yahoo'",
                "oauth: no such authorization server: there are google, microsoft",
            ),
            (
                "oauth = 'http://id.example'",
                "write https://, as secrets go there",
            ),
            (
                "oauth = 'https://me:hunter2@id.example'",
                "leave the user, the password and the fragment out",
            ),
            (
                "oauth-grant = 'password'",
                "oauth-grant: no such grant: there are login",
            ),
            (
                "oauth-tenant = 'a b'",
                "oauth-tenant: the tenant \"a b\" is not valid",
            ),
            ("oauth-scope = ' '", "oauth-scope: it is empty"),
            (
                "oauth-scope = 'a\"b'",
                "oauth-scope: the scope is not valid",
            ),
            ("client-id = 7", "client-id: invalid type"),
        ] {
            let error = Config::parse(&format!("[account.a]\nserver = 'x'\n{line}")).unwrap_err();
            let error = error.to_string();
            assert!(error.starts_with("line 3: "), "{line}: {error}");
            assert!(error.contains(expected), "{line}: {error}");
            assert!(!error.contains("hunter2"), "{line}: {error}");
        }
    }
}
