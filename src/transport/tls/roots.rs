//! Sets of certificate authorities.

use tokio_rustls::rustls::RootCertStore;

use crate::error::Result;
#[cfg(feature = "system-roots")]
use crate::error::{Error, ErrorKind};
use crate::protocol::named;

/// Which certificate authorities are trusted, besides those of
/// [`ca_pem`](super::TlsConfigBuilder::ca_pem).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum TlsRoots {
    /// The public ones that Mozilla trusts, as of this program's build.
    #[default]
    Public,
    /// Those that the system trusts. The environment variables `SSL_CERT_FILE` and `SSL_CERT_DIR` can
    /// name others.
    #[cfg(feature = "system-roots")]
    System,
    /// None: only those of [`ca_pem`](super::TlsConfigBuilder::ca_pem).
    None,
}

named!(TlsRoots, "authorities", "public, system and none", {
    Public => "public",
    #[cfg(feature = "system-roots")]
    System => "system",
    None => "none",
});

impl TlsRoots {
    /// Loads them, those of the system anew each time.
    #[cfg_attr(
        not(feature = "system-roots"),
        expect(clippy::unnecessary_wraps, reason = "those of the system may fail")
    )]
    pub(super) fn load(self) -> Result<RootCertStore> {
        match self {
            Self::Public => Ok(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()),
            #[cfg(feature = "system-roots")]
            Self::System => system(),
            Self::None => Ok(RootCertStore::empty()),
        }
    }
}

/// Ignores certificates that cannot be used if there are others: some systems have a few old ones.
#[cfg(feature = "system-roots")]
fn system() -> Result<RootCertStore> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added > 0 {
        return Ok(roots);
    }
    let none = Error::new(
        ErrorKind::Config,
        "the system has no certificate authorities: install them (ca-certificates), \
         or trust the public ones",
    );
    Err(match found.errors.into_iter().next() {
        Some(error) => none.caused_by(error),
        None => none,
    })
}
