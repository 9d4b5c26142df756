//! TLS with verification, always (RFC 8314, RFC 9525).

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
#[cfg(feature = "aws-lc-rs")]
use tokio_rustls::rustls::crypto::aws_lc_rs as cryptography;
#[cfg(not(feature = "aws-lc-rs"))]
use tokio_rustls::rustls::crypto::ring as cryptography;
use tokio_rustls::rustls::{
    self, AlertDescription, CertificateError, ClientConfig, ProtocolVersion, RootCertStore,
};

use super::host::Host;
use crate::error::{Error, Kind, Result};

/// The client's side of TLS: which certificate authorities it trusts.
///
/// TLS 1.2 and 1.3 are spoken. There is no way to leave verification out. Cloning is cheap, and
/// clones share their store of sessions to resume.
///
/// ```no_run
/// use pilotfish::transport::TlsClient;
///
/// # fn main() -> Result<(), pilotfish::Error> {
/// let public = TlsClient::builder().build()?;
/// let with_own = TlsClient::builder().ca_file("/etc/ssl/our-ca.pem")?.build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TlsClient(TlsConnector);

impl std::fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsClient").finish_non_exhaustive()
    }
}

/// Collects what a [`TlsClient`] trusts.
#[derive(Debug)]
pub struct TlsClientBuilder {
    roots: RootCertStore,
}

/// What a handshake agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsParameters {
    /// The protocol's version, such as `TLSv1.3`.
    pub version: &'static str,
    /// The cipher suite's name, such as `TLS13_AES_128_GCM_SHA256`.
    pub cipher_suite: &'static str,
}

impl TlsClient {
    /// Begins with the public certificate authorities that Mozilla trusts, as the
    /// `webpki-roots` crate has them.
    #[must_use]
    pub fn builder() -> TlsClientBuilder {
        TlsClientBuilder {
            roots: webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(),
        }
    }

    /// Makes the handshake; the certificate has to be valid for `host`.
    pub(super) async fn handshake<S>(&self, host: &Host, stream: S) -> Result<Box<TlsStream<S>>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match self.0.connect(host.server_name(), stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(handshake_error(host, error)),
        }
    }

    /// Whether the other end speaks TLS, be it one that cannot be trusted.
    pub(super) async fn is_answered<S>(&self, host: &Host, stream: S) -> bool
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match self.0.connect(host.server_name(), stream).await {
            Ok(_) => true,
            Err(error) => matches!(
                cause(&error),
                Some(rustls::Error::InvalidCertificate(_) | rustls::Error::AlertReceived(_))
            ),
        }
    }
}

impl TlsClientBuilder {
    /// Trusts the certificates of a PEM file too.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`]: the file cannot be read, or has no certificate in it that can serve as
    /// an authority.
    pub fn ca_file(self, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let unreadable = |error: io::Error| {
            let message = format!("cannot read the CA file {}", path.display());
            Error::new(Kind::Config, message).caused_by(error)
        };
        let pem = std::fs::read(path).map_err(unreadable)?;
        self.ca_pem(&pem).map_err(|error| {
            Error::new(
                Kind::Config,
                format!("the CA file {} is of no use", path.display()),
            )
            .caused_by(error)
        })
    }

    /// Trusts the certificates in `pem` too.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`]: it has no certificate in it, or one that cannot serve as an authority.
    pub fn ca_pem(mut self, pem: &[u8]) -> Result<Self> {
        let unusable = |message: &'static str| Error::new(Kind::Config, message);
        let mut reader = pem;
        let mut found = 0_usize;
        for certificate in rustls_pemfile::certs(&mut reader) {
            let certificate = certificate
                .map_err(|error| unusable("the PEM text is damaged").caused_by(error))?;
            self.roots.add(certificate).map_err(|error| {
                unusable("a certificate in the PEM text cannot serve as an authority")
                    .caused_by(error)
            })?;
            found += 1;
        }
        if found == 0 {
            return Err(unusable(
                "there is no certificate in the PEM text: it begins with -----BEGIN CERTIFICATE-----",
            ));
        }
        Ok(self)
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`]: the cryptography does not support the protocol versions. It does not
    /// happen with what this crate is built with.
    pub fn build(self) -> Result<TlsClient> {
        let config =
            ClientConfig::builder_with_provider(Arc::new(cryptography::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|error| {
                    Error::new(Kind::Config, "no TLS version in common").caused_by(error)
                })?
                .with_root_certificates(self.roots)
                .with_no_client_auth();
        Ok(TlsClient(TlsConnector::from(Arc::new(config))))
    }
}

impl TlsParameters {
    pub(super) fn of<S>(stream: &TlsStream<S>) -> Self {
        let (_, connection) = stream.get_ref();
        Self {
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "unknown",
            },
            cipher_suite: connection
                .negotiated_cipher_suite()
                .and_then(|suite| suite.suite().as_str())
                .unwrap_or("unknown"),
        }
    }
}

/// Says what the failure of a handshake means, and what to do about it.
fn handshake_error(host: &Host, error: io::Error) -> Error {
    let Some(cause) = cause(&error) else {
        // The stream failed, and TLS with it.
        let message = format!("the connection to {host} broke during the TLS handshake");
        return Error::new(Kind::Io, message).caused_by(error);
    };
    let message = match cause {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                format!("the certificate is not for {host}: give the server by a name it is for")
            }
            CertificateError::UnknownIssuer => format!(
                "the certificate of {host} is from an unknown authority: \
                 if it is yours, name its CA file"
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                format!("the certificate of {host} has expired: tell its owner, or set the clock")
            }
            _ => format!("the certificate of {host} cannot be trusted"),
        },
        rustls::Error::InvalidMessage(_) => {
            format!("{host} did not answer in TLS: if the port begins in clear text, use STARTTLS")
        }
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            format!("{host} speaks no TLS version later than 1.1, which are unsafe")
        }
        _ => format!("the TLS handshake with {host} failed"),
    };
    Error::new(Kind::Tls, message).caused_by(error)
}

/// What TLS found wrong, if it was not the stream that failed.
fn cause(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}
