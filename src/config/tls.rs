//! What an account trusts by TLS, and the certificate it presents.

use std::path::Path;

use serde::{Deserialize, Deserializer};

use super::ConfigError;
use super::account::Account;
use super::paths::at_home;
use super::secret_error::SecretError;
use super::secret_source::SecretSource;
use crate::secret::Secret;
use crate::transport::{Fingerprint, TlsConfig, TlsConfigBuilder};

/// The most octets of a certificate chain or a key that are read.
const MAX_PEM: usize = 256 * 1024;

/// Reads the files that the account names, and makes the client's side of TLS.
pub(super) async fn config(account: &Account) -> Result<TlsConfig, ConfigError> {
    let mut builder = authorities(account).await?;
    for fingerprint in &account.tls_fingerprint {
        builder = builder.fingerprint(*fingerprint);
    }
    if let Some(name) = &account.tls_name {
        builder = builder.server_name(name.clone());
    }
    if let (Some(chain), Some(key)) = (&account.tls_cert, &account.tls_key) {
        let (chain, key) = read_certificate(chain, key).await?;
        builder = builder.client_certificate_pem(chain, &key);
    }
    if account.tls_insecure {
        builder = builder.danger_accept_invalid_certificates();
    }
    Ok(builder.build()?)
}

/// The authorities and the versions of TLS: what is not particular to the mail server.
pub(super) async fn authorities(account: &Account) -> Result<TlsConfigBuilder, ConfigError> {
    let mut builder = TlsConfig::builder();
    if let Some(roots) = account.tls_roots {
        builder = builder.roots(roots);
    }
    if let Some(path) = &account.tls_ca {
        let path = at_home(path);
        let pem = match tokio::fs::read(&path).await {
            Ok(pem) => pem,
            Err(error) => return Err(ConfigError::CaFile(path, error.into())),
        };
        // An error of the file alone names it.
        if let Err(error) = TlsConfig::builder().ca_pem(&pem).build() {
            return Err(ConfigError::CaFile(path, error.into()));
        }
        builder = builder.ca_pem(pem);
    }
    if let Some(version) = account.tls_min {
        builder = builder.minimum_version(version);
    }
    Ok(builder)
}

/// Reads a certificate with its chain, and its key, in at most two minutes each.
async fn read_certificate(chain: &Path, key: &Path) -> Result<(Vec<u8>, Secret), SecretError> {
    let chain = SecretSource::PublicFile(chain).read_whole("TLS certificate", MAX_PEM);
    let chain = chain.await?.to_vec();
    let key = SecretSource::File(key).read_whole("TLS key", MAX_PEM);
    Ok((chain, Secret::new(key.await?.as_slice())))
}

/// The key `tls-fingerprint`: one text, or a list.
pub(super) fn fingerprints<'de, D>(deserializer: D) -> Result<Vec<Fingerprint>, D::Error>
where
    D: Deserializer<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "tls-fingerprint is a text, or a list of them")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    let texts = match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(text) => vec![text],
        OneOrMany::Many(texts) => texts,
    };
    if texts.is_empty() {
        let empty = "tls-fingerprint is an empty list: leave it out, or name one";
        return Err(serde::de::Error::custom(empty));
    }
    let parsed: Result<_, _> = texts.iter().map(|text| text.parse()).collect();
    parsed.map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;
    use crate::transport::{TlsRoots, TlsVersion};

    const PIN: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn read(keys: &str) -> Result<Account, String> {
        let text = format!("[account.a]\nserver = 'x'\n{keys}");
        let config = Config::parse(&text).map_err(|error| error.to_string())?;
        Ok(config.account("a").unwrap().clone())
    }

    #[test]
    fn keys() {
        let settings = read(
            "tls-roots = 'none'\ntls-ca = 'ca'\ntls-min = '1.3'\ntls-name = 'mail.test'\n\
             tls-cert = 'c'\ntls-key = 'k'",
        );
        let expected = Account {
            tls_roots: Some(TlsRoots::None),
            tls_ca: Some("ca".into()),
            tls_min: Some(TlsVersion::Tls13),
            tls_name: Some("mail.test".parse().unwrap()),
            tls_cert: Some("c".into()),
            tls_key: Some("k".into()),
            ..Account::new("x").unwrap()
        };
        assert_eq!(settings, Ok(expected));
        let one = read(&format!("tls-fingerprint = '{PIN}'")).unwrap();
        let many = read(&format!("tls-fingerprint = ['{PIN}', 'spki-{PIN}']")).unwrap();
        assert_eq!(one.tls_fingerprint, [PIN.parse().unwrap()]);
        assert_eq!(many.tls_fingerprint.len(), 2);
        let insecure = read("tls-insecure = true").unwrap();
        assert!(insecure.tls_insecure);
        assert_eq!(read("tls-insecure = false"), Ok(Account::new("x").unwrap()));
    }

    #[test]
    fn what_is_not_valid() {
        for (keys, reason) in [
            ("tls-roots = 'all'", "tls-roots: no such authorities"),
            ("tls-min = '1.1'", "tls-min: no such version"),
            ("tls-name = 'a b'", "tls-name: "),
            ("tls-cert = 'c'", "belong together"),
            ("tls-key = 'k'", "belong together"),
            ("tls-fingerprint = 'sha1:00'", "64 hexadecimal digits"),
            ("tls-fingerprint = []", "empty list"),
            ("tls-fingerprint = 1", "a text, or a list"),
            ("tls-insecure = 'yes'", "boolean"),
            ("tls-insecure = true\ntls-ca = 'ca'", "keep one"),
            (
                &format!("tls-fingerprint = '{PIN}'\ntls-ca = 'ca'"),
                "keep one",
            ),
            (
                &format!("tls-fingerprint = '{PIN}'\ntls-insecure = true"),
                "keep one",
            ),
        ] {
            let error = read(keys).unwrap_err();
            assert!(error.contains(reason), "{keys}: {error}");
        }
    }

    #[tokio::test]
    async fn the_home_directory() {
        let home = std::env::home_dir().unwrap();
        let account = read("tls-ca = '~/no-such-ca.pem'").unwrap();
        let path = home.join("no-such-ca.pem").display().to_string();
        let error = config(&account).await.unwrap_err();
        assert!(format!("{error:?}").contains(&path), "{error:?}");
    }

    /// Reads a certificate and a key of this many octets.
    async fn read_files(chain: usize, key: usize) -> String {
        let file = |octets: usize| {
            let file = tempfile::NamedTempFile::new().unwrap();
            file.as_file().set_len(octets as u64).unwrap();
            file
        };
        let (chain, key) = (file(chain), file(key));
        match read_certificate(chain.path(), key.path()).await {
            Ok((chain, key)) => format!("{} {}", chain.len(), key.len()),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn a_file_that_is_too_long_is_not_cut() {
        for (chain, key, expected) in [
            (MAX_PEM, MAX_PEM, "262144 262144"),
            (
                MAX_PEM + 1,
                1,
                " has more than 262144 octets, which is too long for the TLS certificate: \
                 is it the right one?",
            ),
            (
                1,
                MAX_PEM + 1,
                " has more than 262144 octets, which is too long for the TLS key: is it the \
                 right one?",
            ),
        ] {
            let found = read_files(chain, key).await;
            assert!(found.ends_with(expected), "{found}");
        }
    }

    #[test]
    fn a_pipe_that_gives_nothing_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let key = Path::new("key");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let (read, ()) = runtime.block_on(async {
            tokio::join!(read_certificate(&path, key), async {
                // The clock does not leap while a file is read.
                tokio::time::advance(std::time::Duration::from_secs(121)).await;
            })
        });
        // Nothing writes to the pipe, so its thread waits for as long as the process runs.
        runtime.shutdown_background();
        let error = read.unwrap_err().to_string();
        assert_eq!(
            error,
            format!("{} gave no TLS certificate within 120s", path.display())
        );
    }
}
