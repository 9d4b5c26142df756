//! Certificates in PEM (RFC 7468), whoever they are of.

use tokio_rustls::rustls::pki_types::CertificateDer;

use crate::error::{Error, ErrorKind, Result};

/// A setting that is of no use, and why.
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
