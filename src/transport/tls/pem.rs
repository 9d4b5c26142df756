//! Certificates and keys in PEM (RFC 7468).

use std::sync::Arc;

use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use zeroize::Zeroize as _;

use super::cryptography;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;

/// The error of a setting that cannot be used.
pub(super) fn unusable(message: &'static str) -> Error {
    Error::new(ErrorKind::Config, message)
}

/// All certificates of a PEM text, one at least.
pub(super) fn certificates(mut pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let certificates: std::io::Result<Vec<_>> = rustls_pemfile::certs(&mut pem).collect();
    let certificates = certificates
        .map_err(|error| unusable("the PEM text of the certificate is damaged").caused_by(error))?;
    if certificates.is_empty() {
        return Err(unusable(
            "there is no certificate in the PEM text: it begins with -----BEGIN CERTIFICATE-----",
        ));
    }
    Ok(certificates)
}

/// Presents the client's certificate, with its chain and its key.
pub(super) fn client_certificate(
    chain: &[u8],
    key: &Secret,
) -> Result<Arc<dyn ResolvesClientCert>> {
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
    Ok(Arc::new(SingleCertAndKey::from(certified)))
}

/// The first private key. The caller overwrites it.
fn private_key(mut pem: &[u8]) -> Result<PrivateKeyDer<'static>> {
    if memchr::memmem::find(pem, b"ENCRYPTED").is_some() {
        return Err(unusable(
            "the client's key is encrypted: give it decrypted, in a file that only you can read",
        ));
    }
    // The parser's error may quote the key.
    let key = rustls_pemfile::private_key(&mut pem)
        .map_err(|_| unusable("the PEM text of the client's key is damaged"))?;
    key.ok_or_else(|| {
        unusable(
            "there is no private key in the PEM text: a key begins with -----BEGIN PRIVATE KEY-----",
        )
    })
}
