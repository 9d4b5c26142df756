//! Keys made of a password (RFC 5802 section 3).

use std::fmt;

use zeroize::Zeroizing;

use super::hash::Hash;
use crate::cryptography::hmac;
use crate::secret::Secret;

/// How many rounds are done at a time: a fraction of a millisecond, after which others get their
/// turn.
const ROUNDS: u32 = 1_024;

/// `Hi` of RFC 5802 section 2.2, which is PBKDF2 (RFC 8018) for one block, in pieces.
///
/// A million rounds take a good part of a second. Done here and bit by bit they need no thread,
/// and end with whoever waits for them.
pub(super) struct Derivation {
    key: hmac::Key,
    last: Zeroizing<Vec<u8>>,
    sum: Zeroizing<Vec<u8>>,
    left: u32,
}

impl Derivation {
    pub(super) fn begin(hash: Hash, password: &Secret, salt: &[u8], iterations: u32) -> Self {
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

/// What proves both sides to each other.
pub(super) struct Keys {
    hash: Hash,
    client: Secret,
    server: Secret,
}

impl Keys {
    pub(super) fn of(hash: Hash, salted_password: &Secret) -> Self {
        Self {
            hash,
            client: hash.hmac(salted_password, b"Client Key"),
            server: hash.hmac(salted_password, b"Server Key"),
        }
    }

    /// The client's proof, and the signature that the server has to show in return.
    pub(super) fn prove(&self, exchanged: &[u8]) -> (Secret, Secret) {
        let stored = self.hash.hash(self.client.expose());
        let signature = self.hash.hmac(&stored, exchanged);
        let pairs = self.client.expose().iter().zip(signature.expose());
        let proof: Vec<u8> = pairs.map(|(key, octet)| key ^ octet).collect();
        (Secret::new(proof), self.hash.hmac(&self.server, exchanged))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cryptography::pbkdf2;

    fn derived(hash: Hash, iterations: u32) -> (Vec<u8>, usize) {
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
            let (key, _) = derived(Hash::Sha1, iterations);
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
                Derivation::begin(Hash::Sha256, &password.as_str().into(), b"salt", 2);
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
            assert_eq!(derived(Hash::Sha256, iterations).1, pieces, "{iterations}");
        }
    }
}
