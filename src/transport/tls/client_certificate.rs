//! The certificate that the client shows.

use std::fmt;
use std::sync::Arc;

use rustls_pemfile::Item;
use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use zeroize::Zeroize as _;

use super::cryptography;
use super::pem::{certificates, unusable};
use crate::error::Result;
use crate::secret::Secret;

/// A certificate with its chain, and its key.
pub(super) struct ClientCertificate(CertifiedKey);

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}

impl ClientCertificate {
    pub(super) fn from_pem(chain: &[u8], key: &Secret) -> Result<Self> {
        let chain = certificates(chain)
            .map_err(|error| unusable("the client's certificate is of no use").caused_by(error))?;
        let mut der = private_key(key.expose())?;
        let signer = cryptography::sign::any_supported_type(&der);
        der.zeroize();
        let signer = signer.map_err(|error| {
            unusable("the client's key is broken, or of an algorithm that TLS has no use for")
                .caused_by(error)
        })?;
        let certified = CertifiedKey::new(chain, signer);
        certified.keys_match().map_err(|error| {
            unusable(
                "the client's key does not belong to its certificate: \
                 the first one in the PEM text has to be the client's own",
            )
            .caused_by(error)
        })?;
        Ok(Self(certified))
    }

    pub(super) fn into_resolver(self) -> Arc<dyn ResolvesClientCert> {
        Arc::new(SingleCertAndKey::from(self.0))
    }
}

/// The first private key. What the parser made of it is overwritten by the caller.
fn private_key(mut pem: &[u8]) -> Result<PrivateKeyDer<'static>> {
    if memchr::memmem::find(pem, b"ENCRYPTED").is_some() {
        return Err(unusable(
            "the client's key is encrypted: give it decrypted, in a file that only you can read",
        ));
    }
    loop {
        return Ok(match rustls_pemfile::read_one(&mut pem) {
            Ok(Some(Item::Pkcs8Key(key))) => key.into(),
            Ok(Some(Item::Pkcs1Key(key))) => key.into(),
            Ok(Some(Item::Sec1Key(key))) => key.into(),
            Ok(Some(_)) => continue,
            Ok(None) => {
                return Err(unusable(
                    "there is no private key in the PEM text: \
                     it begins with -----BEGIN PRIVATE KEY-----",
                ));
            }
            // What the parser says may quote the key.
            Err(_) => return Err(unusable("the PEM text of the client's key is damaged")),
        });
    }
}
