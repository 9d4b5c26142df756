//! The addresses of an authorization server.

use oauth2::url::{Host as UrlHost, Url};

use super::error::{OAuthError, OAuthErrorKind, shown};
use crate::transport::Host;

/// The longest address, in octets.
const MAX_URL: usize = 2_048;

/// An address that may receive secrets: `https`, or `http` to this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint(Url);

impl Endpoint {
    pub(super) fn parse(text: &str) -> Result<Self, OAuthError> {
        let invalid = |reason: &str| {
            let message = match quotable(text) {
                Some(text) => format!("the address \"{text}\" is not valid: {reason}"),
                None => format!("the address is not valid: {reason}"),
            };
            OAuthError::new(OAuthErrorKind::Config, message)
        };
        if text.len() > MAX_URL {
            return Err(invalid("it is longer than 2048 octets"));
        }
        let url = Url::parse(text).map_err(|error| invalid(&error.to_string()))?;
        let is_loopback = match url.host() {
            Some(UrlHost::Domain(name)) => name == "localhost",
            Some(UrlHost::Ipv4(address)) => address.is_loopback(),
            Some(UrlHost::Ipv6(address)) => address.is_loopback(),
            None => return Err(invalid("it has no host")),
        };
        match url.scheme() {
            "https" => {}
            "http" if is_loopback => {}
            _ => return Err(invalid("write https://, as secrets go there")),
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(invalid("leave the user, the password and the fragment out"));
        }
        Ok(Self(url))
    }

    pub(super) fn url(&self) -> &Url {
        &self.0
    }

    pub(super) fn is_tls(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host, as errors name it.
    pub(super) fn name(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    pub(super) fn place(&self) -> Result<(Host, u16), OAuthError> {
        let name = self.name().trim_start_matches('[').trim_end_matches(']');
        let host = name.parse::<Host>().map_err(|error| {
            OAuthError::new(OAuthErrorKind::Config, error.to_string()).caused_by(error)
        })?;
        Ok((host, self.0.port_or_known_default().unwrap_or(443)))
    }
}

/// An address that is not valid, as its error shows it. One with a user may have a password as well, and
/// is not shown.
fn quotable(text: &str) -> Option<String> {
    let may_have_user = text.contains('@') || text.contains("%40");
    (!may_have_user).then(|| shown(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        for address in [
            "https://me:hunter2@id.example/",
            "http://me:hunter2@id.example/",
            "https://me:hunter2@id example/",
            "https://me:hunter2@",
            "me:hunter2@id.example",
            "https:me:hunter2@id.example",
            "https://me:hunter2%40id.example/",
            "https://me:hunt/hunter2@id.example/",
        ] {
            let error = Endpoint::parse(address).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("hunt"), "{address}: {shown}");
            assert!(shown.contains("the address is not valid: "), "{shown}");
        }
    }
}
