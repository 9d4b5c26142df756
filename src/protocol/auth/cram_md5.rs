//! CRAM-MD5 (RFC 2195).

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use zeroize::Zeroizing;

use super::plain::concat;
use crate::secret::Secret;

/// The name, a space, and the keyed MD5 of the challenge in lower case hexadecimal digits.
pub(super) fn respond(user: &str, password: &Secret, challenge: &[u8]) -> Option<Secret> {
    let mut mac = Hmac::<Md5>::new_from_slice(password.expose()).ok()?;
    mac.update(challenge);
    let mut digits = Zeroizing::new(String::with_capacity(32));
    for octet in mac.finalize().into_bytes() {
        write!(digits, "{octet:02x}").ok()?;
    }
    Some(concat(&[user.as_bytes(), b" ", digits.as_bytes()]))
}
