//! The two hash functions, as SCRAM uses them.

use crate::cryptography::{digest, hmac};
use crate::secret::Secret;

/// What the mechanism's name ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Hash {
    Sha1,
    Sha256,
}

impl Hash {
    /// H of RFC 5802 section 2.2.
    pub(super) fn hash(self, octets: &[u8]) -> Secret {
        let algorithm = match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
        };
        Secret::new(digest::digest(algorithm, octets).as_ref())
    }

    /// HMAC of RFC 5802 section 2.2.
    pub(super) fn hmac(self, key: &Secret, octets: &[u8]) -> Secret {
        Secret::new(hmac::sign(&self.key(key), octets).as_ref())
    }

    /// A key for HMAC, of any length.
    pub(super) fn key(self, key: &Secret) -> hmac::Key {
        let algorithm = match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
        };
        hmac::Key::new(algorithm, key.expose())
    }
}

/// Compares without telling by the time it takes where the difference is.
pub(super) fn constant_time_eq(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .fold(0, |difference, (one, other)| difference | (one ^ other))
            == 0
}
