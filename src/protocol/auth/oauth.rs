//! OAUTHBEARER (RFC 7628) and XOAUTH2: an access token, and how a server says what is wrong with
//! it.

use super::oauth_refusal::OAuthRefusal;
use super::plain::concat;
use super::scram::escaped_name;
use crate::secret::Secret;

/// RFC 7628 section 3.1, with the GS2 header of RFC 5801 section 4. `host` and `port` are for
/// token schemes that sign them; a bearer token does not.
pub(super) fn bearer(user: &str, token: &Secret) -> Secret {
    let name = escaped_name(user);
    concat(&[
        b"n,a=",
        name.as_bytes(),
        b",\x01auth=Bearer ",
        token.expose(),
        b"\x01\x01",
    ])
}

/// As Google and Microsoft describe it.
pub(super) fn xoauth2(user: &str, token: &Secret) -> Secret {
    concat(&[
        b"user=",
        user.as_bytes(),
        b"\x01auth=Bearer ",
        token.expose(),
        b"\x01\x01",
    ])
}

/// What follows the token: nothing, or a refusal in a challenge of its own. That has to be
/// answered before the server gives its reply.
#[derive(Debug)]
pub(super) struct Answered {
    /// RFC 7628 section 3.2.3 has one octet of 1 for it, XOAUTH2 an empty line.
    pub(super) dummy: &'static [u8],
    pub(super) refusal: Option<OAuthRefusal>,
}

impl Answered {
    /// Takes a refusal in, and acknowledges it; there is one at most.
    pub(super) fn acknowledge(&mut self, challenge: &[u8]) -> Option<Secret> {
        if self.refusal.is_some() {
            return None;
        }
        self.refusal = Some(OAuthRefusal::read(challenge));
        Some(Secret::new(self.dummy))
    }
}
