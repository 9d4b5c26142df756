//! Hashes of certificates and keys.

use std::fmt;
use std::str::FromStr;

use crate::cryptography::digest::{self, SHA256, SHA256_OUTPUT_LEN};
use crate::protocol::{ValueError, try_from_text};

/// The SHA-256 hash of a server's certificate or of its public key.
///
/// The hash of the key (the `SubjectPublicKeyInfo`, RFC 7469 section 2.4) stays the same when a
/// certificate is renewed with its key. It is written as `sha256:` or `spki-sha256:` and 64 hexadecimal
/// digits, with colons between the octets or without:
///
/// ```
/// use pilotfish::transport::Fingerprint;
///
/// let digits = "00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f\
///               :10:11:12:13:14:15:16:17:18:19:1a:1b:1c:1d:1e:1F";
/// let fingerprint: Fingerprint = format!("sha256:{digits}").parse().unwrap();
/// assert_eq!(
///     fingerprint.to_string(),
///     "sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
/// );
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fingerprint {
    /// Of the whole certificate in DER, as `openssl x509 -fingerprint -sha256` prints it.
    Certificate([u8; 32]),
    /// Of its `SubjectPublicKeyInfo` in DER.
    Spki([u8; 32]),
}

impl Fingerprint {
    pub(super) fn of_certificate(der: &[u8]) -> Self {
        Self::Certificate(sha256(der))
    }

    /// The hash, whatever it is of.
    pub(super) fn octets(self) -> [u8; 32] {
        let (Self::Certificate(octets) | Self::Spki(octets)) = self;
        octets
    }

    pub(super) fn of_spki(der: &[u8]) -> Self {
        Self::Spki(sha256(der))
    }
}

impl FromStr for Fingerprint {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let read = || {
            let (kind, digits) = text.split_once(':')?;
            let digest = digest(digits)?;
            match kind.to_ascii_lowercase().as_str() {
                "sha256" => Some(Self::Certificate(digest)),
                "spki-sha256" => Some(Self::Spki(digest)),
                _ => None,
            }
        };
        read().ok_or_else(|| {
            let quoted: String = text.chars().take(120).collect();
            let reason = format!(
                "\"{}\" is no fingerprint: write sha256: or spki-sha256: and 64 hexadecimal digits",
                quoted.escape_debug()
            );
            ValueError::with_reason("the fingerprint is not valid", reason)
        })
    }
}

try_from_text!(Fingerprint);

fn sha256(octets: &[u8]) -> [u8; SHA256_OUTPUT_LEN] {
    let mut hash = [0; SHA256_OUTPUT_LEN];
    hash.copy_from_slice(digest::digest(&SHA256, octets).as_ref());
    hash
}

/// 32 octets: colons stand between all of them, or nowhere.
fn digest(text: &str) -> Option<[u8; 32]> {
    let has_colons = text.contains(':');
    if text.len() != if has_colons { 95 } else { 64 } {
        return None;
    }
    let mut digest = [0; 32];
    let octets = text.as_bytes().chunks(if has_colons { 3 } else { 2 });
    for (octet, text) in digest.iter_mut().zip(octets) {
        let ([high, low] | [high, low, b':']) = text else {
            return None;
        };
        let digit = |digit: &u8| char::from(*digit).to_digit(16);
        *octet = u8::try_from(digit(high)? << 4 | digit(low)?).ok()?;
    }
    Some(digest)
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, digest) = match self {
            Self::Certificate(digest) => ("sha256", digest),
            Self::Spki(digest) => ("spki-sha256", digest),
        };
        write!(f, "{kind}:")?;
        digest.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn the_hash_of_nothing() {
        let (certificate, spki) = (Fingerprint::of_certificate(b""), Fingerprint::of_spki(b""));
        assert_eq!(certificate.to_string(), format!("sha256:{HEX}"));
        assert_eq!(spki.to_string(), format!("spki-sha256:{HEX}"));
        assert_eq!(certificate.to_string().parse(), Ok(certificate));
        assert_eq!(spki.to_string().parse(), Ok(spki));
    }

    #[test]
    fn spellings() {
        let pairs: Vec<_> = HEX
            .as_bytes()
            .chunks(2)
            .map(|p| str::from_utf8(p).unwrap())
            .collect();
        let colons = pairs.join(":");
        for text in [
            format!("sha256:{colons}"),
            format!("SHA256:{}", colons.to_uppercase()),
            format!("sha256:{}", HEX.to_uppercase()),
        ] {
            assert_eq!(text.parse(), Ok(Fingerprint::of_certificate(b"")), "{text}");
        }
        for text in [
            String::new(),
            HEX.to_owned(),
            format!("sha1:{HEX}"),
            format!("sha256:{}", &HEX[1..]),
            format!("sha256:{HEX}0"),
            format!("sha256:{}", HEX.replace('e', "g")),
            format!("sha256: {HEX}"),
            format!("sha256:{colons}:"),
            format!("sha256:{}:{}", &HEX[..32], &HEX[32..]),
            "sha256:é".to_owned(),
        ] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
    }
}
