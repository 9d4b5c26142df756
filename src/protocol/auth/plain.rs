//! PLAIN (RFC 4616): the response in which everything is.

use zeroize::Zeroizing;

use crate::secret::Secret;

/// Puts pieces together in one allocation of the right size: growing would leave a copy of a
/// secret behind.
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
    let identity = identity.unwrap_or_default();
    concat(&[
        identity.as_bytes(),
        b"\0",
        user.as_bytes(),
        b"\0",
        password.expose(),
    ])
}
