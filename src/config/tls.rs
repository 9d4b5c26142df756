//! Whom an account trusts by TLS, and as whom it comes.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use super::secret_source::{SecretError, SecretSource, at_home};
use crate::secret::Secret;
use crate::transport::{Fingerprint, Host, TlsRoots, TlsVersion};

/// The most octets of a chain or a key that are read.
const MAX_PEM: usize = 256 * 1024;

/// The keys that begin with `tls-`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsSettings {
    /// `tls-roots`: `public`, `system` or `none`; public if it is left out.
    pub roots: Option<TlsRoots>,
    /// `tls-ca`: a PEM file with certificate authorities to trust besides these. `~/`, where the
    /// key begins with it, is the home directory.
    pub ca: Option<PathBuf>,
    /// `tls-fingerprint`: the certificates or keys that are the server's, and no others. One, or a
    /// list.
    pub fingerprints: Vec<Fingerprint>,
    /// `tls-insecure = true`: whoever answers is taken for the server.
    pub verification: Verification,
    /// `tls-min`: `"1.2"` or `"1.3"`.
    pub minimum: Option<TlsVersion>,
    /// `tls-name`: whom the certificate is for, if not the host.
    pub name: Option<Host>,
    /// `tls-cert` and `tls-key`: what the client shows of itself.
    pub client_certificate: Option<ClientCertificate>,
}

/// Whether certificates are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Verification {
    /// Always, but where `tls-insecure` says otherwise.
    #[default]
    Done,
    /// Never: anybody on the way can read along.
    DangerLeftOut,
}

/// A certificate with its chain, and its key: two files in PEM. `~/` is the home directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientCertificate {
    /// The certificate, and what leads from it to an authority.
    pub chain: PathBuf,
    /// Its private key, in a file that only its owner can read.
    pub key: PathBuf,
}

impl ClientCertificate {
    /// A certificate and its key.
    #[must_use]
    pub fn new(chain: PathBuf, key: PathBuf) -> Self {
        Self { chain, key }
    }

    /// Reads chain and key, of each at most 256 KiB, and in at most two minutes.
    ///
    /// # Errors
    ///
    /// A file cannot be read or is too long, or that of the key is one that others can read.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub async fn read(&self) -> Result<(Vec<u8>, Secret), SecretError> {
        let chain = SecretSource::PublicFile(&self.chain).read_whole("TLS certificate", MAX_PEM);
        let chain = chain.await?.to_vec();
        let key = SecretSource::File(&self.key).read_whole("TLS key", MAX_PEM);
        Ok((chain, Secret::new(key.await?.as_slice())))
    }
}

impl TlsSettings {
    /// These settings where they say something, and else the others: whom they trust replaces whom
    /// the others pin, or do not verify.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        let trusts = self.ca.is_some()
            || self.roots.is_some()
            || !self.fingerprints.is_empty()
            || self.verification == Verification::DangerLeftOut;
        let (fingerprints, verification) = if trusts {
            (self.fingerprints, self.verification)
        } else {
            (others.fingerprints, others.verification)
        };
        Self {
            roots: self.roots.or(others.roots),
            ca: self.ca.or(others.ca),
            fingerprints,
            verification,
            minimum: self.minimum.or(others.minimum),
            name: self.name.or(others.name),
            client_certificate: self.client_certificate.or(others.client_certificate),
        }
    }

    /// What of these settings holds for any server: who may vouch for one, and the versions.
    #[must_use]
    pub fn for_any_server(self) -> Self {
        Self {
            roots: self.roots,
            ca: self.ca,
            minimum: self.minimum,
            ..Self::default()
        }
    }
}

/// The keys as they are written.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) roots: Option<Roots>,
    pub(super) ca: Option<PathBuf>,
    pub(super) fingerprint: Option<Fingerprints>,
    pub(super) insecure: Option<bool>,
    pub(super) min: Option<Minimum>,
    pub(super) name: Option<String>,
    pub(super) cert: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
}

/// The key `tls-roots`.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Roots {
    Public,
    #[cfg(feature = "system-roots")]
    System,
    None,
}

/// The key `tls-min`.
#[derive(Clone, Copy, Deserialize)]
pub(super) enum Minimum {
    #[serde(rename = "1.2")]
    Tls12,
    #[serde(rename = "1.3")]
    Tls13,
}

/// The key `tls-fingerprint`.
pub(super) struct Fingerprints(Vec<Fingerprint>);

impl<'de> Deserialize<'de> for Fingerprints {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "tls-fingerprint is a text, or a list of them")]
        enum Written {
            One(String),
            Many(Vec<String>),
        }
        let texts = match Written::deserialize(deserializer)? {
            Written::One(text) => vec![text],
            Written::Many(texts) => texts,
        };
        if texts.is_empty() {
            let empty = "tls-fingerprint is an empty list: leave it out, or name one";
            return Err(serde::de::Error::custom(empty));
        }
        let parsed: Result<_, _> = texts.iter().map(|text| text.parse()).collect();
        parsed.map(Self).map_err(serde::de::Error::custom)
    }
}

impl TryFrom<Keys> for TlsSettings {
    type Error = String;

    fn try_from(keys: Keys) -> Result<Self, String> {
        let client_certificate = match (keys.cert, keys.key) {
            (None, None) => None,
            (Some(chain), Some(key)) => Some(ClientCertificate::new(chain, key)),
            _ => return Err("tls-cert and tls-key belong together".to_owned()),
        };
        let verification = match keys.insecure {
            Some(true) => Verification::DangerLeftOut,
            Some(false) | None => Verification::Done,
        };
        let fingerprints = keys.fingerprint.map_or_else(Vec::new, |pins| pins.0);
        let authorities = keys.ca.is_some() || keys.roots.is_some();
        let left_out = verification == Verification::DangerLeftOut;
        if usize::from(authorities) + usize::from(!fingerprints.is_empty()) + usize::from(left_out)
            > 1
        {
            return Err(
                "a server is known by its authority (tls-ca, tls-roots), by tls-fingerprint, \
                 or not at all (tls-insecure): keep one of them"
                    .to_owned(),
            );
        }
        let name = keys.name.map(|text| text.parse()).transpose();
        Ok(Self {
            roots: keys.roots.map(|roots| match roots {
                Roots::Public => TlsRoots::Public,
                #[cfg(feature = "system-roots")]
                Roots::System => TlsRoots::System,
                Roots::None => TlsRoots::None,
            }),
            ca: keys.ca.map(|path| at_home(&path)),
            fingerprints,
            verification,
            minimum: keys.min.map(|minimum| match minimum {
                Minimum::Tls12 => TlsVersion::Tls12,
                Minimum::Tls13 => TlsVersion::Tls13,
            }),
            name: name.map_err(|error| format!("tls-name: {error}"))?,
            client_certificate,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    const PIN: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn read(keys: &str) -> Result<TlsSettings, String> {
        let text = format!("[account.a]\nserver = 'x'\n{keys}");
        let config = Config::parse(&text).map_err(|error| error.to_string())?;
        Ok(config.account("a").unwrap().tls_settings.clone())
    }

    #[test]
    fn keys() {
        let settings = read(
            "tls-roots = 'none'\ntls-ca = 'ca'\ntls-min = '1.3'\ntls-name = 'mail.test'\n\
             tls-cert = 'c'\ntls-key = 'k'",
        );
        let expected = TlsSettings {
            roots: Some(TlsRoots::None),
            ca: Some("ca".into()),
            minimum: Some(TlsVersion::Tls13),
            name: Some("mail.test".parse().unwrap()),
            client_certificate: Some(ClientCertificate::new("c".into(), "k".into())),
            ..TlsSettings::default()
        };
        assert_eq!(settings, Ok(expected));
        let one = read(&format!("tls-fingerprint = '{PIN}'")).unwrap();
        let many = read(&format!("tls-fingerprint = ['{PIN}', 'spki-{PIN}']")).unwrap();
        assert_eq!(one.fingerprints, [PIN.parse().unwrap()]);
        assert_eq!(many.fingerprints.len(), 2);
        let insecure = read("tls-insecure = true").unwrap();
        assert_eq!(insecure.verification, Verification::DangerLeftOut);
        assert_eq!(read("tls-insecure = false"), Ok(TlsSettings::default()));
    }

    #[test]
    fn what_is_not_valid() {
        for (keys, reason) in [
            ("tls-roots = 'all'", "unknown variant"),
            ("tls-min = '1.1'", "unknown variant"),
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

    #[test]
    fn the_home_directory() {
        let home = std::env::home_dir().unwrap();
        let settings = read("tls-ca = '~/ca.pem'").unwrap();
        assert_eq!(settings.ca, Some(home.join("ca.pem")));
    }

    /// Reads a certificate and a key of so many octets.
    async fn read_files(chain: usize, key: usize) -> String {
        let file = |octets: usize| {
            let file = tempfile::NamedTempFile::new().unwrap();
            file.as_file().set_len(octets as u64).unwrap();
            file
        };
        let (chain, key) = (file(chain), file(key));
        let certificate = ClientCertificate::new(chain.path().into(), key.path().into());
        match certificate.read().await {
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
                "the TLS certificate has more than 262144 octets: is it the right file?",
            ),
            (
                1,
                MAX_PEM + 1,
                "the TLS key has more than 262144 octets: is it the right file?",
            ),
        ] {
            assert_eq!(read_files(chain, key).await, expected);
        }
    }

    #[test]
    fn a_pipe_that_gives_nothing_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let certificate = ClientCertificate::new(path, "key".into());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let (read, ()) = runtime.block_on(async {
            tokio::join!(certificate.read(), async {
                // The clock does not leap while a file is read.
                tokio::time::advance(std::time::Duration::from_secs(121)).await;
            })
        });
        // Nothing writes to the pipe, so its thread waits for as long as the process runs.
        runtime.shutdown_background();
        let error = read.unwrap_err().to_string();
        assert_eq!(
            error,
            "the source of the TLS certificate gave none within 120s"
        );
    }

    #[test]
    fn what_is_typed_replaces_whom_the_account_trusts() {
        let account = read(&format!("tls-fingerprint = '{PIN}'\ntls-min = '1.3'")).unwrap();
        let ca = read("tls-ca = 'ca'").unwrap();
        let both = ca.clone().or(account.clone());
        assert_eq!(
            (both.fingerprints.len(), both.minimum),
            (0, Some(TlsVersion::Tls13))
        );
        assert_eq!(TlsSettings::default().or(account.clone()), account);
        let own_alone = read("tls-roots = 'none'\ntls-ca = 'a'").unwrap();
        assert_eq!(ca.or(own_alone).roots, Some(TlsRoots::None));
        assert_eq!(account.for_any_server().fingerprints, []);
    }
}
