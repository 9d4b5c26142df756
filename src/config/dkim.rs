//! What an account signs by DKIM with.

use std::path::PathBuf;

use serde::Deserialize;

use super::secret_source::{SecretError, SecretSource};
use crate::address::{AddrSpec, Domain};
use crate::secret::Secret;

/// More octets than a key in PEM has, so that what is longer is seen to be.
const MAX_KEY: usize = 65_537;

/// The keys of a table `[account.NAME.dkim]`: a domain that signs, and its key (RFC 6376).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Table")]
#[non_exhaustive]
pub struct Dkim {
    /// `domain`: the domain that signs.
    pub domain: Domain,
    /// `selector`: the name of its key, as it is written.
    pub selector: String,
    /// `key-file` or `key-command`.
    pub key: KeySource,
    /// `identity`: on whose behalf it signs, if that is said.
    pub identity: Option<AddrSpec>,
}

/// A place that a private key is read from, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeySource {
    /// A file that only its owner can read. `~/` is the home directory.
    File(PathBuf),
    /// What a command prints, run by `sh -c` without input.
    Command(String),
}

impl Dkim {
    /// What is signed with.
    #[must_use]
    pub fn new(domain: Domain, selector: impl Into<String>, key: KeySource) -> Self {
        Self {
            domain,
            selector: selector.into(),
            key,
            identity: None,
        }
    }
}

impl KeySource {
    /// Reads the key, in at most two minutes, and of what is not a key at most 65,537 octets.
    ///
    /// # Errors
    ///
    /// The source cannot be read, or is a file that others can read.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends a command.
    pub async fn read(&self) -> Result<Secret, SecretError> {
        let source = match self {
            Self::File(path) => SecretSource::File(path),
            Self::Command(command) => SecretSource::Command(command),
        };
        let octets = source.read("DKIM key", MAX_KEY).await?;
        Ok(Secret::new(octets.as_slice()))
    }
}

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    domain: String,
    selector: String,
    key_file: Option<PathBuf>,
    key_command: Option<String>,
    identity: Option<String>,
}

impl TryFrom<Table> for Dkim {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        let key = match (table.key_file, table.key_command) {
            (Some(path), None) => KeySource::File(path),
            (None, Some(command)) => KeySource::Command(command),
            _ => return Err("a DKIM key comes from key-file or key-command".to_owned()),
        };
        let wrong = |key, error| format!("{key}: {error}");
        let domain = table.domain.parse();
        let identity = table.identity.map(|text| text.parse()).transpose();
        Ok(Self {
            domain: domain.map_err(|error| wrong("domain", error))?,
            selector: table.selector,
            key,
            identity: identity.map_err(|error| wrong("identity", error))?,
        })
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
            ..Dkim::new("x.test".parse().unwrap(), "s1", KeySource::File("k".into()))
        };
        assert_eq!(dkim, Ok(Some(expected)));
        let dkim = read("domain = 'x.test'\nselector = 's1'\nkey-command = 'pass k'").unwrap();
        assert_eq!(dkim.unwrap().key, KeySource::Command("pass k".into()));
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
            (&format!("{enough}key = '-----BEGIN'"), "unknown field"),
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

    #[tokio::test]
    async fn all_that_a_command_prints_is_the_key() {
        let read = async |command: &str| KeySource::Command(command.to_owned()).read().await;
        assert_eq!(read("echo a; echo b").await.unwrap().expose(), b"a\nb\n");
        assert_eq!(read("yes | head -c 70000").await.unwrap().len(), MAX_KEY);
        let error = read("exit 3").await.unwrap_err().to_string();
        assert!(
            error.contains("the DKIM key command \"exit 3\" failed"),
            "{error}"
        );
    }
}
