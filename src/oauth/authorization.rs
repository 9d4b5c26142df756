//! A login in the browser that has begun.

use std::fmt;

use crate::secret::Secret;

/// A login in the browser that has begun: the address to open, and what belongs to it (RFC 7636).
pub struct Authorization {
    pub(super) url: String,
    pub(super) redirect_uri: String,
    /// Whether a redirect belongs to this login (RFC 6749 section 10.12).
    pub(super) state: Secret,
    /// Proves that whoever exchanges the code began the login (RFC 7636 section 4.1).
    pub(super) verifier: Secret,
    /// The issuer that a redirect has to name, if it names one (RFC 9207 section 2.4).
    pub(super) issuer: Option<String>,
    /// Whether it has to name one.
    pub(super) names_issuer: bool,
}

impl Authorization {
    /// The address to open in a browser.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the browser goes after the login.
    #[must_use]
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}
