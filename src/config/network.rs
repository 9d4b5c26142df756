//! How an account's server is reached.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::secret_places;
use super::secret_source::SecretSource;
use super::time_limits::TimeLimits;
use super::{ConfigError, some_from_text};
use crate::address::Domain;
use crate::transport::{Family, Proxy, Route, Timeouts};

/// The keys of a table `[account.NAME.network]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[non_exhaustive]
pub struct Network {
    /// The proxy by which the server is reached, as in `socks5h://localhost:1080`.
    #[serde(deserialize_with = "some_from_text")]
    pub proxy: Option<Proxy>,
    /// A file that only its owner can read, with the password for the user in the proxy's URL on
    /// its first line.
    #[serde(deserialize_with = "secret_places::path")]
    pub proxy_password_file: Option<PathBuf>,
    /// The address of this machine that connections come from.
    pub source_ip: Option<IpAddr>,
    /// Which addresses of the server are used: `ipv4` or `ipv6`. By default both.
    #[serde(deserialize_with = "some_from_text")]
    pub family: Option<Family>,
    /// The name that the client gives in EHLO.
    #[serde(deserialize_with = "some_from_text")]
    pub helo: Option<Domain>,
    #[serde(deserialize_with = "some_from_text")]
    timeout: Option<TimeLimits>,
}

impl Network {
    /// Sets the key `timeout`: how long a mail may take in all, as in `2m`, or how long to
    /// wait at a step, as in `connect=10s,greeting=1m`. Of two limits for one step, the later counts.
    ///
    /// A step is `connect`, `proxy`, `handshake`, `greeting`, `hello`, `starttls`, `auth`, `mail`,
    /// `rcpt`, `data`, `block`, `end-of-data`, `pipelined`, `reset`, `inquiry` or `quit`, as the
    /// fields of [`Timeouts`], or `all`. A time without a step, or with
    /// the word `total`, is the time that a mail may take in all. A time is a whole number of `ms`, `s`, `m` or
    /// `h`, from 1 ms to 24 hours.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`]: the text has another form, or names an unknown step.
    pub fn set_timeout(&mut self, timeout: &str) -> Result<(), ConfigError> {
        self.timeout = Some(timeout.parse().map_err(ConfigError::value)?);
        Ok(())
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

    /// How long a mail may take in all, with the login and everything before it. The program that
    /// sends the mail has to keep this limit; no step has it.
    #[must_use]
    pub fn total_time(&self) -> Option<Duration> {
        self.timeout.as_ref()?.total()
    }

    /// These keys, replaced by those that `flags` sets.
    pub(super) fn with_overrides(self, flags: Self) -> Self {
        // A password belongs to the proxy beside it.
        let own_password = self.proxy_password_file.filter(|_| flags.proxy.is_none());
        Self {
            proxy: flags.proxy.or(self.proxy),
            proxy_password_file: flags.proxy_password_file.or(own_password),
            source_ip: flags.source_ip.or(self.source_ip),
            family: flags.family.or(self.family),
            helo: flags.helo.or(self.helo),
            timeout: flags.timeout.or(self.timeout),
        }
    }

    /// The route to a server, with the password of the proxy.
    pub(super) async fn route(&self) -> Result<Route, ConfigError> {
        let mut route = Route::new().family(self.family.unwrap_or_default());
        if let Some(address) = self.source_ip {
            route = route.local_address(address);
        }
        let password = match &self.proxy_password_file {
            Some(path) => {
                let read = SecretSource::File(path).read_password().await;
                Some(read.map_err(ConfigError::ProxyPassword)?)
            }
            None => None,
        };
        Ok(match (self.proxy.clone(), password) {
            (Some(proxy), Some(password)) => route.proxy(proxy.password(password)?),
            (Some(proxy), None) => route.proxy(proxy),
            (None, Some(_)) => return Err(Proxy::NO_USER.into()),
            (None, None) => route,
        })
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
        let mixed = network.clone().with_overrides(other);
        assert_eq!(mixed.proxy_password_file, None);
        assert_eq!(mixed.helo, network.helo);
        for (text, words) in [
            ("proxy = 'ftp://a:1'", "a proxy is written like"),
            ("proxy = \"http://a\\r\\nb:1\"", "is neither a host name"),
            ("proxy = 'http://a:b@c:1'", "must not contain a password"),
            ("helo = \"a\\r\\nb\"", ""),
            ("helo = 'a b'", ""),
            (
                "family = 'ipx'",
                "no such family: there are any, ipv4 and ipv6",
            ),
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
