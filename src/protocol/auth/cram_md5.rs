//! CRAM-MD5 (RFC 2195).

use std::fmt::Write as _;

use zeroize::Zeroizing;

use super::plain::concat;
use crate::secret::Secret;

/// The name, a space, and the keyed MD5 of the challenge in lower case hexadecimal digits.
pub(super) fn respond(user: &str, password: &Secret, challenge: &[u8]) -> Option<Secret> {
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
