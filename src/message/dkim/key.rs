//! Keys to sign with.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::cryptography::digest::{SHA256, digest};
use crate::cryptography::error::KeyRejected;
use crate::cryptography::rand::SystemRandom;
use crate::cryptography::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use rustls_pemfile::Item;
use tokio::io::AsyncReadExt as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::DkimError;
use crate::secret::open_private;

/// The algorithm rsaEncryption in a `SubjectPublicKeyInfo` (RFC 8017 appendix A.1, RFC 5280
/// section 4.1), in DER.
const RSA_ENCRYPTION: [u8; 15] = [
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

/// The most octets of a PEM text: a key of 4096 bits has 3,300.
const MAX_PEM: usize = 65_536;

/// A private key that signs for a domain: RSA of 2048 to 4096 bits (RFC 6376, RFC 8301), or
/// Ed25519 (RFC 8463).
///
/// Not every receiver supports Ed25519; for the others, a message with only that signature is
/// unsigned. `openssl genrsa 2048` makes an RSA key, and `openssl genpkey -algorithm ed25519`
/// the other. Cloning is cheap. `Debug` shows only the algorithm.
#[derive(Clone)]
pub struct SigningKey(Arc<Pair>);

enum Pair {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// Takes the first private key of a PEM text (RFC 7468): PKCS #8, `-----BEGIN PRIVATE
    /// KEY-----`, or PKCS #1, `-----BEGIN RSA PRIVATE KEY-----`.
    ///
    /// # Errors
    ///
    /// If the text contains no private key or is over 64 KiB, or if the key is damaged, encrypted, of
    /// another algorithm or of a size that is not allowed.
    pub fn from_pem(pem: &[u8]) -> Result<Self, DkimError> {
        if pem.len() > MAX_PEM {
            return Err(DkimError::PemTooLong { limit: MAX_PEM });
        }
        if memmem::find(pem, b"ENCRYPTED").is_some() {
            return Err(DkimError::EncryptedKey);
        }
        let mut rest = pem;
        loop {
            let next = rustls_pemfile::read_one_from_slice(rest);
            let Some((item, behind)) = next.map_err(|_| DkimError::DamagedPem)? else {
                return Err(DkimError::NoKey);
            };
            rest = behind;
            let pair = match item {
                Item::Pkcs8Key(mut der) => {
                    let pair = Pair::from_pkcs8(der.secret_pkcs8_der());
                    der.zeroize();
                    pair
                }
                Item::Pkcs1Key(mut der) => {
                    let pair = RsaKeyPair::from_der(der.secret_pkcs1_der());
                    der.zeroize();
                    pair.map(Pair::Rsa)
                }
                Item::Sec1Key(_) => return Err(DkimError::UnsupportedKey),
                _ => continue,
            };
            return pair.map(|pair| Self(Arc::new(pair))).map_err(rejected);
        }
    }

    /// Reads a PEM file that only its owner can read, and takes the first private key of it.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or others than its owner can, and those of
    /// [`from_pem`](SigningKey::from_pem).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub async fn pem_file(path: impl AsRef<Path>) -> Result<Self, DkimError> {
        let path = path.as_ref();
        let unreadable = |source| DkimError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let Some(file) = open_private(path).await.map_err(unreadable)? else {
            return Err(DkimError::ReadableByOthers {
                path: path.to_owned(),
            });
        };
        let mut pem = Zeroizing::new(Vec::with_capacity(MAX_PEM + 1));
        file.take(MAX_PEM as u64 + 1)
            .read_to_end(&mut pem)
            .await
            .map_err(unreadable)?;
        Self::from_pem(&pem)
    }

    /// The text of the TXT record by which verifiers know the key (RFC 6376 section 3.6.1, RFC
    /// 8463 section 4). Nothing in it is secret.
    ///
    /// Its name is `SELECTOR._domainkey.DOMAIN`. One string of a TXT record holds 255 octets, and the
    /// text of an RSA key is longer. If a provider does not split it, enter it as several strings,
    /// which verifiers join.
    ///
    /// ```no_run
    /// # use pilotfish::message::dkim::SigningKey;
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let key = SigningKey::pem_file("/etc/pilotfish/dkim.pem").await?;
    /// assert!(key.public_record().starts_with("v=DKIM1; k=rsa; p=MII"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn public_record(&self) -> String {
        let (algorithm, key) = match &*self.0 {
            Pair::Rsa(pair) => ("rsa", subject_public_key_info(pair.public_key().as_ref())),
            Pair::Ed25519(pair) => ("ed25519", pair.public_key().as_ref().to_vec()),
        };
        format!("v=DKIM1; k={algorithm}; p={}", STANDARD.encode(key))
    }

    /// The algorithm's name in a signature.
    pub(super) fn algorithm(&self) -> &'static str {
        match *self.0 {
            Pair::Rsa(_) => "rsa-sha256",
            Pair::Ed25519(_) => "ed25519-sha256",
        }
    }

    /// The signature of the octets' hash by SHA-256.
    pub(super) fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, DkimError> {
        match &*self.0 {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_key().modulus_len()];
                pair.sign(
                    &RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    octets,
                    &mut signature,
                )
                .map_err(|_| DkimError::Signing)?;
                Ok(signature)
            }
            // Ed25519 hashes by itself what it signs, which here is a hash (RFC 8463 section 3).
            Pair::Ed25519(pair) => {
                let hash = digest(&SHA256, octets);
                Ok(pair.sign(hash.as_ref()).as_ref().to_vec())
            }
        }
    }
}

impl Pair {
    fn from_pkcs8(der: &[u8]) -> Result<Self, KeyRejected> {
        // OpenSSL leaves the public key out.
        match Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            Ok(pair) => Ok(Self::Ed25519(pair)),
            Err(reason) if reason.to_string() == "WrongAlgorithm" => {
                RsaKeyPair::from_pkcs8(der).map(Self::Rsa)
            }
            Err(reason) => Err(reason),
        }
    }
}

/// An RSA key in the form that verifiers expect.
fn subject_public_key_info(key: &[u8]) -> Vec<u8> {
    // A key of 2048 bits or more has a length of two octets.
    let sized = |tag: u8, content: &[u8]| {
        let len = u16::try_from(content.len()).unwrap_or(u16::MAX);
        [&[tag, 0x82][..], &len.to_be_bytes(), content].concat()
    };
    let bit_string = sized(0x03, &[&[0], key].concat());
    sized(0x30, &[&RSA_ENCRYPTION[..], &bit_string].concat())
}

/// The error for a rejected key. Only the name of the reason distinguishes the cases.
fn rejected(reason: KeyRejected) -> DkimError {
    match reason.to_string() {
        name if name == "WrongAlgorithm" => DkimError::UnsupportedKey,
        name if name == "TooSmall" || name == "TooLarge" => DkimError::RsaSize,
        reason => DkimError::BrokenKey { reason },
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    macro_rules! pem {
        ($name:literal) => {
            include_bytes!(concat!("../../../tests/fixtures/dkim/", $name, ".pem"))
        };
    }

    fn algorithm(pem: &[u8]) -> Result<&'static str, String> {
        let key = SigningKey::from_pem(pem);
        key.map(|key| key.algorithm())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn keys_as_openssl_writes_them() {
        let rsa = Ok("rsa-sha256");
        assert_eq!(algorithm(pem!("rsa-2048")), rsa);
        assert_eq!(algorithm(pem!("rsa-2048-pkcs1")), rsa);
        assert_eq!(algorithm(pem!("rfc8463-ed25519")), Ok("ed25519-sha256"));
        let behind_others = [&pem!("rsa-2048-public")[..], pem!("rsa-2048")].concat();
        assert_eq!(algorithm(&behind_others), rsa);
        let with_crlf = String::from_utf8_lossy(pem!("rsa-2048")).replace('\n', "\r\n");
        assert_eq!(algorithm(with_crlf.as_bytes()), rsa);
    }

    #[test]
    fn records_as_verifiers_read_them() {
        let by_openssl = include_str!("../../../tests/fixtures/dkim/rsa-2048.txt");
        // RFC 8463 appendix A.2.
        let of_the_rfc = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
        for (pem, expected) in [
            (&pem!("rsa-2048")[..], by_openssl.trim()),
            (pem!("rsa-2048-pkcs1"), by_openssl.trim()),
            (pem!("rfc8463-ed25519"), of_the_rfc),
        ] {
            assert_eq!(SigningKey::from_pem(pem).unwrap().public_record(), expected);
        }
    }

    #[test]
    fn keys_of_pkcs8_version_2() {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        assert!(matches!(
            Pair::from_pkcs8(der.as_ref()),
            Ok(Pair::Ed25519(_))
        ));
    }

    #[test]
    fn other_keys_are_refused_with_a_reason() {
        let rsa = String::from_utf8_lossy(pem!("rsa-2048"));
        for (pem, reason) in [
            (&b""[..], "there is no private key"),
            (pem!("rsa-2048-public"), "there is no private key"),
            (pem!("rsa-1024"), "2048 to 4096 bits"),
            (pem!("rsa-2048-encrypted"), "is encrypted"),
            (pem!("rsa-2048-pkcs1-encrypted"), "is encrypted"),
            (pem!("p-256"), "RSA or Ed25519"),
            (pem!("p-256-sec1"), "RSA or Ed25519"),
            (rsa.replace('a', "!").as_bytes(), "is damaged"),
            (rsa.split_at(900).0.as_bytes(), "is damaged"),
            (rsa.replacen("MII", "MIA", 1).as_bytes(), "cannot be used"),
            (&vec![b'\n'; MAX_PEM + 1], "over 65536 octets"),
        ] {
            let error = algorithm(pem).unwrap_err();
            assert!(error.contains(reason), "{reason}: {error}");
        }
    }

    #[tokio::test]
    async fn files_are_read_if_nobody_else_can() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(pem!("rsa-2048")).unwrap();
        for (mode, allowed) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            let permissions = PermissionsExt::from_mode(mode);
            file.as_file().set_permissions(permissions).unwrap();
            let key = SigningKey::pem_file(file.path()).await;
            assert_eq!(key.is_ok(), allowed, "{mode:o}");
            let refused = matches!(key, Err(DkimError::ReadableByOthers { .. }));
            assert_eq!(refused, !allowed);
        }
        let missing = SigningKey::pem_file(file.path().join("x")).await;
        assert!(matches!(missing, Err(DkimError::Unreadable { .. })));
    }
}
