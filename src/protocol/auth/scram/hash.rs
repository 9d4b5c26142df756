//! The two hash functions, as SCRAM uses them.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

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
        match self {
            Self::Sha1 => Secret::new(Sha1::digest(octets).as_slice()),
            Self::Sha256 => Secret::new(Sha256::digest(octets).as_slice()),
        }
    }

    /// HMAC of RFC 5802 section 2.2.
    pub(super) fn hmac(self, key: &Secret, octets: &[u8]) -> Secret {
        match self {
            Self::Sha1 => hmac::<Hmac<Sha1>>(key, octets),
            Self::Sha256 => hmac::<Hmac<Sha256>>(key, octets),
        }
    }
}

fn hmac<M: Mac + KeyInit>(key: &Secret, octets: &[u8]) -> Secret {
    let mut mac = keyed::<M>(key);
    mac.update(octets);
    Secret::new(mac.finalize().into_bytes().as_slice())
}

/// HMAC takes keys of any length (RFC 2104 section 2).
#[expect(clippy::expect_used, reason = "HMAC refuses no key")]
pub(super) fn keyed<M: Mac + KeyInit>(key: &Secret) -> M {
    <M as KeyInit>::new_from_slice(key.expose()).expect("HMAC refuses no key")
}

/// Compares without telling by the time it takes where the difference is.
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .fold(0, |difference, (one, other)| difference | (one ^ other))
            == 0
}
