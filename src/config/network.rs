//! How an account's server is reached.

use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use super::password::PasswordSource;
use super::secret_source::SecretError;
use super::time_limits::TimeLimits;
use crate::address::Domain;
use crate::transport::{Family, Proxy, ProxyError, Route, Timeouts};

/// The keys of a table `[account.NAME.network]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[non_exhaustive]
pub struct Network {
    /// `proxy`: the way leads through this one, as in `socks5h://localhost:1080`.
    #[serde(deserialize_with = "from_text")]
    pub proxy: Option<Proxy>,
    /// `proxy-password-file`: where the password is for the user in the proxy's URL.
    pub proxy_password_file: Option<PathBuf>,
    /// `source-ip`: the address of this machine that connections come from.
    pub source_ip: Option<IpAddr>,
    /// `family`: `ipv4` or `ipv6`; both if it is left out.
    #[serde(deserialize_with = "family")]
    pub family: Option<Family>,
    /// `helo`: what the client calls itself in EHLO.
    #[serde(deserialize_with = "from_text")]
    pub helo: Option<Domain>,
    /// `timeout`: how long to wait, as in `connect=10s,greeting=1m`.
    pub timeout: Option<TimeLimits>,
}

/// A proxy that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// Its password cannot be read.
    #[error("the password of the proxy cannot be read")]
    Secret(#[from] SecretError),
    /// Its password does not do.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
}

impl Network {
    /// This, and where it says nothing the other one.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        // A password belongs to the proxy beside it.
        let (proxy, proxy_password_file) = match self.proxy {
            Some(proxy) => (Some(proxy), self.proxy_password_file),
            None => (
                other.proxy,
                self.proxy_password_file.or(other.proxy_password_file),
            ),
        };
        Self {
            proxy,
            proxy_password_file,
            source_ip: self.source_ip.or(other.source_ip),
            family: self.family.or(other.family),
            helo: self.helo.or(other.helo),
            timeout: self.timeout.or(other.timeout),
        }
    }

    /// The way to a server.
    ///
    /// # Errors
    ///
    /// [`NetworkError`]: the password of the proxy cannot be read, or does not do.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn route(&self) -> Result<Route, NetworkError> {
        let mut route = Route::new().family(self.family.unwrap_or_default());
        if let Some(address) = self.source_ip {
            route = route.local_address(address);
        }
        let password = match &self.proxy_password_file {
            Some(path) => Some(PasswordSource::File(path.clone()).read().await?),
            None => None,
        };
        Ok(match (self.proxy.clone(), password) {
            (Some(proxy), Some(password)) => route.proxy(proxy.password(password)?),
            (Some(proxy), None) => route.proxy(proxy),
            (None, Some(_)) => return Err(ProxyError::NoUser.into()),
            (None, None) => route,
        })
    }

    /// How long to wait at each step.
    #[must_use]
    pub fn timeouts(&self) -> Timeouts {
        let mut timeouts = Timeouts::default();
        if let Some(limits) = &self.timeout {
            limits.apply(&mut timeouts);
        }
        timeouts
    }
}

fn from_text<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

fn family<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Family>, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "ipv4" => Ok(Some(Family::Ipv4)),
        "ipv6" => Ok(Some(Family::Ipv6)),
        _ => Err(serde::de::Error::custom("a family is ipv4 or ipv6")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        let text = r#"
            proxy = "socks5h://tim@localhost:1080"
            proxy-password-file = "~/.proxy"
            source-ip = "192.0.2.7"
            family = "ipv4"
            helo = "client.example"
            timeout = "greeting=1m"
        "#;
        let network: Network = toml::from_str(text).unwrap();
        let shown = network.proxy.as_ref().unwrap().to_string();
        assert_eq!(shown, "the SOCKS proxy localhost port 1080");
        assert_eq!(network.family, Some(Family::Ipv4));
        assert_eq!(network.timeouts().greeting.as_secs(), 60);
        let other = Network {
            proxy: Some("http://other:80".parse().unwrap()),
            ..Network::default()
        };
        let mixed = other.or(network.clone());
        assert_eq!(mixed.proxy_password_file, None);
        assert_eq!(mixed.helo, network.helo);
        for (text, words) in [
            ("proxy = 'ftp://a:1'", "a proxy is written like"),
            ("proxy = \"http://a\\r\\nb:1\"", "is no host name"),
            ("proxy = 'http://a:b@c:1'", "must not contain a password"),
            ("helo = \"a\\r\\nb\"", ""),
            ("helo = 'a b'", ""),
            ("family = 'ipx'", "a family is ipv4 or ipv6"),
            ("timeout = 'greeting'", "is not a time limit"),
            ("source-ip = 'localhost'", ""),
            ("port = 1", "unknown field"),
        ] {
            let error = toml::from_str::<Network>(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[tokio::test]
    async fn a_password_without_a_user_is_an_error() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "tanstaaf\n").unwrap();
        let private = std::fs::Permissions::from_mode(0o600);
        file.as_file().set_permissions(private).unwrap();
        for (proxy, works) in [
            (Some("http://tim@proxy:80"), true),
            (Some("http://proxy:80"), false),
            (None, false),
        ] {
            let network = Network {
                proxy: proxy.map(|proxy| proxy.parse().unwrap()),
                proxy_password_file: Some(file.path().to_owned()),
                ..Network::default()
            };
            assert_eq!(network.route().await.is_ok(), works, "{proxy:?}");
        }
    }
}
