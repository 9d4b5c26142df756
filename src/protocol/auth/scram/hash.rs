//! The two hash functions, as SCRAM uses them.

use hmac::digest::consts::U64;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

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
            Self::Sha1 => hmac::<Hmac<Sha1>>(self, key, octets),
            Self::Sha256 => hmac::<Hmac<Sha256>>(self, key, octets),
        }
    }
}

fn hmac<M: Mac + KeyInit<KeySize = U64>>(hash: Hash, key: &Secret, octets: &[u8]) -> Secret {
    let mut mac = keyed::<M>(hash, key);
    mac.update(octets);
    Secret::new(mac.finalize().into_bytes().as_slice())
}

/// Both functions have blocks of so many octets, to which a key is filled up (RFC 2104 section 2).
const BLOCK: usize = 64;

/// HMAC with a key of any length.
pub(super) fn keyed<M: Mac + KeyInit<KeySize = U64>>(hash: Hash, key: &Secret) -> M {
    let hashed = (key.len() > BLOCK).then(|| hash.hash(key.expose()));
    let key = hashed.as_ref().unwrap_or(key);
    let mut block = Zeroizing::new([0; BLOCK]);
    for (to, from) in block.iter_mut().zip(key.expose()) {
        *to = *from;
    }
    <M as KeyInit>::new((&*block).into())
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
