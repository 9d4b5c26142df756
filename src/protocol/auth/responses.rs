//! The responses of PLAIN (RFC 4616), CRAM-MD5 (RFC 2195), OAUTHBEARER (RFC 7628) and XOAUTH2.

use std::fmt::Write as _;

use zeroize::Zeroizing;

use super::scram::escaped_name;
use crate::secret::Secret;

/// Puts pieces together in one allocation of the right size: growing would leave a copy of a
/// secret in memory.
pub(super) fn concat(pieces: &[&[u8]]) -> Secret {
    let size = pieces.iter().map(|piece| piece.len()).sum();
    let mut octets = Zeroizing::new(Vec::with_capacity(size));
    for piece in pieces {
        octets.extend_from_slice(piece);
    }
    Secret::new(std::mem::take(&mut *octets))
}

/// RFC 4616 section 2: the identity to act as, if there is one, then name and password.
pub(super) fn plain(identity: Option<&str>, user: &str, password: &Secret) -> Secret {
    let identity = identity.unwrap_or_default().as_bytes();
    concat(&[identity, b"\0", user.as_bytes(), b"\0", password.expose()])
}

/// RFC 7628 section 3.1, with the GS2 header of RFC 5801 section 4. `host` and `port` are for
/// token schemes that sign them; a bearer token does not.
pub(super) fn oauth_bearer(user: &str, token: &Secret) -> Secret {
    let before = format!("n,a={},\x01auth=Bearer ", escaped_name(user));
    concat(&[before.as_bytes(), token.expose(), b"\x01\x01"])
}

/// As Google and Microsoft describe it.
pub(super) fn xoauth2(user: &str, token: &Secret) -> Secret {
    let before = format!("user={user}\x01auth=Bearer ");
    concat(&[before.as_bytes(), token.expose(), b"\x01\x01"])
}

/// CRAM-MD5: the name, a space, and the keyed MD5 of the challenge in lower case hexadecimal digits.
pub(super) fn cram_md5(user: &str, password: &Secret, challenge: &[u8]) -> Option<Secret> {
    let mut digits = Zeroizing::new(String::with_capacity(32));
    for octet in hmac_md5(password, challenge)? {
        write!(digits, "{octet:02x}").ok()?;
    }
    Some(concat(&[user.as_bytes(), b" ", digits.as_bytes()]))
}

/// RFC 2104 with MD5.
#[cfg(feature = "cram-md5")]
fn hmac_md5(password: &Secret, challenge: &[u8]) -> Option<[u8; 16]> {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mut mac = Hmac::<md5::Md5>::new_from_slice(password.expose()).ok()?;
    mac.update(challenge);
    Some(mac.finalize().into_bytes().into())
}

/// No exchange begins without the feature: see `Mechanism::is_built`.
#[cfg(not(feature = "cram-md5"))]
fn hmac_md5(_: &Secret, _: &[u8]) -> Option<[u8; 16]> {
    None
}
