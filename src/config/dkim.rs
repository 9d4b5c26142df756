//! What an account signs its mails with (DKIM).

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

#[cfg(feature = "dkim")]
use super::ConfigError;
use super::secret_places;
use super::secret_source::SecretSource;
use super::{from_text, some_from_text};
use crate::address::{AddrSpec, Domain};
#[cfg(feature = "dkim")]
use crate::message::dkim::{Signer, SigningKey};

/// More octets than a key in PEM has, so that a longer file is noticed.
#[cfg(feature = "dkim")]
const MAX_KEY: usize = 65_537;

const ONE_KEY: &str = "a DKIM key comes from key-file or key-command";

/// The keys of a table `[account.NAME.dkim]`: a domain that signs, and its key (RFC 6376).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Dkim {
    /// The domain that signs.
    #[serde(deserialize_with = "from_text")]
    pub domain: Domain,
    /// The name of the key among those of the domain.
    pub selector: String,
    /// A file that only its owner can read, with the private key in PEM.
    #[serde(default, deserialize_with = "secret_places::path")]
    pub key_file: Option<PathBuf>,
    /// A command that prints the private key, run by `sh -c` without input.
    pub key_command: Option<String>,
    /// The identity on whose behalf the domain signs.
    #[serde(default, deserialize_with = "some_from_text")]
    pub identity: Option<AddrSpec>,
}

impl<'de> Deserialize<'de> for Dkim {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let dkim = Self::deserialize(deserializer)?;
        match dkim.key() {
            Some(_) => Ok(dkim),
            None => Err(serde::de::Error::custom(ONE_KEY)),
        }
    }
}

impl Dkim {
    /// A domain and the selector of its key. The place of the key is still to be named.
    #[must_use]
    pub fn new(domain: Domain, selector: impl Into<String>) -> Self {
        Self {
            domain,
            selector: selector.into(),
            key_file: None,
            key_command: None,
            identity: None,
        }
    }

    /// Where the key comes from, if one place is named.
    fn key(&self) -> Option<SecretSource<'_>> {
        match (&self.key_file, &self.key_command) {
            (Some(path), None) => Some(SecretSource::File(path)),
            (None, Some(command)) => Some(SecretSource::Command(command)),
            _ => None,
        }
    }
}

#[cfg(feature = "dkim")]
impl Dkim {
    /// Reads the key, in at most two minutes and at most 65,537 octets, and makes the signer.
    pub(super) async fn signer(&self) -> Result<Signer, ConfigError> {
        let key = self.key().ok_or_else(|| ConfigError::value(ONE_KEY))?;
        let key = SigningKey::from_pem(&key.read("DKIM key", MAX_KEY).await?)?;
        let mut builder = Signer::builder(self.domain.clone(), self.selector.as_str(), key);
        if let Some(identity) = &self.identity {
            builder = builder.identity(identity.clone());
        }
        Ok(builder.build()?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn read(keys: &str) -> Result<Option<Dkim>, String> {
        let text = format!("[account.a]\nserver = 'x'\n[account.a.dkim]\n{keys}");
        let config = Config::parse(&text).map_err(|error| error.to_string())?;
        Ok(config.account("a").unwrap().dkim.clone())
    }

    #[test]
    fn a_key_comes_from_a_file_or_a_command() {
        let dkim =
            read("domain = 'X.test'\nselector = 's1'\nkey-file = 'k'\nidentity = 'a@x.test'");
        let expected = Dkim {
            identity: Some("a@x.test".parse().unwrap()),
            key_file: Some("k".into()),
            ..Dkim::new("x.test".parse().unwrap(), "s1")
        };
        assert_eq!(dkim, Ok(Some(expected)));
        let dkim = read("domain = 'x.test'\nselector = 's1'\nkey-command = 'pass k'").unwrap();
        assert_eq!(dkim.unwrap().key(), Some(SecretSource::Command("pass k")));
    }

    #[test]
    fn what_is_not_valid() {
        let enough = "domain = 'x.test'\nselector = 's1'\n";
        for (keys, reason) in [
            ("", "domain"),
            ("domain = 'x.test'\nkey-file = 'k'", "selector"),
            (enough, "key-file or key-command"),
            (
                &format!("{enough}key-file = 'k'\nkey-command = 'c'"),
                "key-file or key-command",
            ),
            (
                &format!("{enough}key = '-----BEGIN'"),
                "no key \"key\": did you mean \"key-file\"?",
            ),
            (
                &format!("{enough}key-file = 'k'\nidentity = 'x.test'"),
                "identity: ",
            ),
            (
                "domain = 'x test'\nselector = 's1'\nkey-file = 'k'",
                "domain: ",
            ),
        ] {
            let error = read(keys).unwrap_err();
            assert!(error.contains(reason), "{keys}: {error}");
        }
    }

    #[cfg(feature = "dkim")]
    #[tokio::test]
    async fn all_that_a_command_prints_is_the_key() {
        let read = async |command: &str| {
            let mut dkim = Dkim::new("x.test".parse().unwrap(), "s1");
            dkim.key_command = Some(command.to_owned());
            dkim.key().unwrap().read("DKIM key", MAX_KEY).await
        };
        assert_eq!(read("echo a; echo b").await.unwrap().as_slice(), b"a\nb\n");
        assert_eq!(read("yes | head -c 70000").await.unwrap().len(), MAX_KEY);
        let error = read("exit 3").await.unwrap_err().to_string();
        assert!(
            error.contains("the DKIM key command `exit …` ended with status 3"),
            "{error}"
        );
    }
}
