//! Keys made of a password (RFC 5802 section 3), with the hash functions and the form of names and
//! passwords that SCRAM uses.

use std::fmt;

use zeroize::Zeroizing;

use crate::cryptography::{digest, hmac};
use crate::secret::Secret;

/// The hash function that the mechanism's name ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScramHash {
    Sha1,
    Sha256,
}

impl ScramHash {
    /// H of RFC 5802 section 2.2.
    fn hash(self, octets: &[u8]) -> Secret {
        let algorithm = match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
        };
        Secret::new(digest::digest(algorithm, octets).as_ref())
    }

    /// HMAC of RFC 5802 section 2.2.
    fn hmac(self, key: &Secret, octets: &[u8]) -> Secret {
        Secret::new(hmac::sign(&self.key(key), octets).as_ref())
    }

    /// A key for HMAC, of any length.
    fn key(self, key: &Secret) -> hmac::Key {
        let algorithm = match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
        };
        hmac::Key::new(algorithm, key.expose())
    }
}

/// Compares in a time that does not show where the difference is.
pub(super) fn constant_time_eq(one: &[u8], other: &[u8]) -> bool {
    let pairs = one.iter().zip(other);
    one.len() == other.len()
        && pairs.fold(0, |difference, (one, other)| difference | (one ^ other)) == 0
}

/// `Normalize`: `SASLprep` of a stored string. `None` if the text has a character that it prohibits, or
/// nothing is left of the text, or the text is not ASCII and the feature `saslprep` is not enabled.
pub(super) fn saslprep(octets: &[u8]) -> Option<Secret> {
    let text = str::from_utf8(octets).ok()?;
    // It changes nothing in ASCII, where it prohibits control characters (RFC 4013 section 2.3).
    if text.is_ascii() {
        let allowed = !text.is_empty() && !text.contains(|c: char| c.is_ascii_control());
        return allowed.then(|| Secret::from(text));
    }
    prepared(text)
}

#[cfg(not(feature = "saslprep"))]
fn prepared(_text: &str) -> Option<Secret> {
    None
}

#[cfg(feature = "saslprep")]
fn prepared(text: &str) -> Option<Secret> {
    let prepared = Zeroizing::new(stringprep::saslprep(text).ok()?.into_owned());
    (!prepared.is_empty()).then(|| Secret::from(prepared.as_str()))
}

/// How many rounds are done at a time, in a fraction of a millisecond. Other tasks run between two
/// pieces.
const ROUNDS: u32 = 1_024;

/// `Hi` of RFC 5802 section 2.2, which is PBKDF2 (RFC 8018) for one block, in pieces.
///
/// A million rounds take a good part of a second. In pieces they need no thread, and end when the
/// future that waits for them is dropped.
pub(super) struct Derivation {
    key: hmac::Key,
    last: Zeroizing<Vec<u8>>,
    sum: Zeroizing<Vec<u8>>,
    left: u32,
}

impl Derivation {
    pub(super) fn begin(hash: ScramHash, password: &Secret, salt: &[u8], iterations: u32) -> Self {
        let key = hash.key(password);
        let first = hmac::sign(&key, &[salt, &1_u32.to_be_bytes()].concat());
        let first = Zeroizing::new(first.as_ref().to_vec());
        Self {
            key,
            sum: first.clone(),
            last: first,
            left: iterations.saturating_sub(1),
        }
    }

    /// Does some of the rounds; `SaltedPassword` after the last.
    pub(super) fn advance(&mut self) -> Option<Secret> {
        let now = self.left.min(ROUNDS);
        for _ in 0..now {
            let next = hmac::sign(&self.key, &self.last);
            self.last.copy_from_slice(next.as_ref());
            for (sum, octet) in self.sum.iter_mut().zip(self.last.iter()) {
                *sum ^= octet;
            }
        }
        self.left -= now;
        (self.left == 0).then(|| Secret::new(self.sum.as_slice()))
    }
}

impl fmt::Debug for Derivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Derivation(<redacted>)")
    }
}

/// The client's proof, and the signature that the server has to show in return.
pub(super) fn prove(
    hash: ScramHash,
    salted_password: &Secret,
    exchanged: &[u8],
) -> (Secret, Secret) {
    let client = hash.hmac(salted_password, b"Client Key");
    let server = hash.hmac(salted_password, b"Server Key");
    let signature = hash.hmac(&hash.hash(client.expose()), exchanged);
    let pairs = client.expose().iter().zip(signature.expose());
    let proof: Vec<u8> = pairs.map(|(key, octet)| key ^ octet).collect();
    (Secret::new(proof), hash.hmac(&server, exchanged))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cryptography::pbkdf2;

    fn derived(hash: ScramHash, iterations: u32) -> (Vec<u8>, usize) {
        let mut derivation = Derivation::begin(hash, &"password".into(), b"salt", iterations);
        for pieces in 1.. {
            if let Some(key) = derivation.advance() {
                return (key.expose().to_vec(), pieces);
            }
        }
        unreachable!()
    }

    #[test]
    fn pbkdf2_of_rfc_6070() {
        for (iterations, expected) in [
            (1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
            (2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"),
            (4_096, "4b007901b765489abead49d926f721d065a429c1"),
        ] {
            let (key, _) = derived(ScramHash::Sha1, iterations);
            let expected: Vec<u8> = (0..20)
                .map(|index| u8::from_str_radix(&expected[2 * index..][..2], 16).unwrap())
                .collect();
            assert_eq!(key, expected);
        }
    }

    #[test]
    fn passwords_of_all_lengths() {
        let rounds = std::num::NonZeroU32::new(2).unwrap();
        for length in [1, 63, 64, 65, 200] {
            let password = "p".repeat(length);
            let mut derivation =
                Derivation::begin(ScramHash::Sha256, &password.as_str().into(), b"salt", 2);
            let mut expected = [0; 32];
            let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
            pbkdf2::derive(
                algorithm,
                rounds,
                b"salt",
                password.as_bytes(),
                &mut expected,
            );
            assert_eq!(derivation.advance().unwrap().expose(), expected, "{length}");
        }
    }

    #[test]
    fn others_get_their_turn() {
        for (iterations, pieces) in [(1, 1), (1_025, 1), (1_026, 2), (4_096, 4)] {
            assert_eq!(
                derived(ScramHash::Sha256, iterations).1,
                pieces,
                "{iterations}"
            );
        }
    }

    #[test]
    #[cfg(not(feature = "saslprep"))]
    fn ascii_needs_no_feature() {
        assert!(saslprep(b"pass word").is_some());
        assert!(saslprep("pässword".as_bytes()).is_none());
        assert!(saslprep(b"\x7f").is_none());
    }

    #[test]
    #[cfg(feature = "saslprep")]
    fn examples_of_rfc_4013() {
        for (text, expected) in [
            ("I\u{ad}X", Some("IX")),
            ("user", Some("user")),
            ("USER", Some("USER")),
            ("\u{aa}", Some("a")),
            ("\u{2168}", Some("IX")),
            ("\u{7}", None),
            ("\u{627}1", None),
            ("\u{ad}", None),
            ("pass word", Some("pass word")),
            ("pass\u{a0}word", Some("pass word")),
            // Not in Unicode 3.2.
            ("🦈", None),
        ] {
            let prepared = saslprep(text.as_bytes());
            let shown = prepared.as_ref().map(Secret::expose);
            assert_eq!(shown, expected.map(str::as_bytes), "{text:?}");
        }
        assert!(saslprep(b"p\xe4ss").is_none());
    }
}
