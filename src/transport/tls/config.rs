//! The configuration of TLS, and its handshake.

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::TrustAnchor;
use tokio_rustls::rustls::{self, ClientConfig};
use tracing::warn;
use webpki::anchor_from_trusted_cert;

use super::cryptography;
use super::failure::{cause, handshake_error};
use super::fingerprint::Fingerprint;
use super::parameters::TlsVersion;
use super::pem::{certificates, client_certificate, unusable};
#[cfg(all(not(feature = "aws-lc-rs"), feature = "post-quantum"))]
use super::post_quantum::X25519MlKem768;
use super::roots::TlsRoots;
use super::verifier::{Trust, Verifier};
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::transport::host::Host;

/// The client's side of TLS: the authorities that it trusts, and the client certificate that it
/// presents.
///
/// It supports TLS 1.2 and 1.3. By default a server needs a certificate for its name from a public
/// authority. Cloning is cheap, and clones share their store of sessions to resume: a
/// [`ServerConfig`](crate::ServerConfig), and so a [`Client`](crate::Client), has one store for all
/// its connections. The client sends SNI for names, not for addresses (RFC 6066 section 3). It sends
/// no ALPN: no protocol name is registered for submission.
///
/// ```no_run
/// use pilotfish::transport::{TlsConfig, TlsRoots};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let our_ca = std::fs::read("/etc/ssl/our-ca.pem")?;
/// let public = TlsConfig::builder().build()?;
/// let with_own = TlsConfig::builder().ca_pem(&our_ca).build()?;
/// let own_alone = TlsConfig::builder()
///     .roots(TlsRoots::None)
///     .ca_pem(&our_ca)
///     .build()?;
/// let bridge = "sha256:6f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
/// let pinned = TlsConfig::builder().fingerprint(bridge).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TlsConfig {
    connector: TlsConnector,
    /// The name that certificates are checked for, in place of the host.
    name: Option<Host>,
    accepts_invalid_certificates: bool,
}

impl std::fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsConfig")
            .field("name", &self.name)
            .field(
                "accepts_invalid_certificates",
                &self.accepts_invalid_certificates,
            )
            .finish_non_exhaustive()
    }
}

impl TlsConfig {
    /// Starts with the public certificate authorities that Mozilla trusts (the crate
    /// `webpki-roots`).
    pub fn builder() -> TlsConfigBuilder {
        TlsConfigBuilder::default()
    }

    /// Performs the handshake. The certificate has to be valid for `host`, or for the name that
    /// replaces it.
    pub(in crate::transport) async fn handshake<S>(
        &self,
        host: &Host,
        stream: S,
    ) -> Result<Box<TlsStream<S>>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if self.accepts_invalid_certificates {
            warn!(%host, "the certificate is not verified: anybody may be the server");
        }
        match self.connect(host, stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(handshake_error(host, error)),
        }
    }

    /// Whether the server speaks TLS, even if it cannot be trusted.
    pub(in crate::transport) async fn is_answered<S>(&self, host: &Host, stream: S) -> bool
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match self.connect(host, stream).await {
            Ok(_) => true,
            Err(error) => matches!(
                cause(&error),
                Some(
                    rustls::Error::InvalidCertificate(_)
                        | rustls::Error::AlertReceived(_)
                        | rustls::Error::PeerIncompatible(_)
                )
            ),
        }
    }

    async fn connect<S>(&self, host: &Host, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = self.name.as_ref().unwrap_or(host).name.clone();
        let mut handshake = self.connector.connect(name, stream);
        poll_fn(|context| {
            let polled = Pin::new(&mut handshake).poll(context);
            // Acknowledges what has arrived: some servers hold the rest back until then.
            if polled.is_pending()
                && let Some(stream) = handshake.get_mut()
            {
                let _ = Pin::new(stream).poll_flush(context);
            }
            polled
        })
        .await
    }
}

/// Builds a [`TlsConfig`].
#[derive(Debug, Default)]
#[must_use = "`build` makes the configuration"]
pub struct TlsConfigBuilder {
    roots: TlsRoots,
    own: Vec<TrustAnchor<'static>>,
    fingerprints: Vec<Fingerprint>,
    minimum: TlsVersion,
    name: Option<Host>,
    identity: Option<Arc<dyn ResolvesClientCert>>,
    accepts_invalid_certificates: bool,
    /// The first error of a setter.
    error: Option<Error>,
}

impl TlsConfigBuilder {
    /// Sets the certificate authorities to trust besides those of [`ca_pem`](Self::ca_pem). Default:
    /// the public ones.
    pub fn roots(mut self, roots: TlsRoots) -> Self {
        self.roots = roots;
        self
    }

    /// Also trusts the certificates in `pem`, the octets of a PEM file. If there is no certificate in
    /// it, or one that cannot serve as an authority, [`build`](Self::build) returns the error.
    pub fn ca_pem(self, pem: impl AsRef<[u8]>) -> Self {
        self.keep_error(|builder| {
            let certificates = certificates(pem.as_ref()).map_err(|error| {
                unusable("the PEM text of the authorities (`ca_pem`) cannot be used")
                    .caused_by(error)
            })?;
            for certificate in certificates {
                let anchor = anchor_from_trusted_cert(&certificate).map_err(|error| {
                    unusable(
                        "a certificate in the PEM text (`ca_pem`) cannot serve as an authority",
                    )
                    .caused_by(error)
                })?;
                builder.own.push(anchor.to_owned());
            }
            Ok(())
        })
    }

    /// Keeps the first error of the setters for [`build`](Self::build).
    fn keep_error(mut self, set: impl FnOnce(&mut Self) -> Result<()>) -> Self {
        if let Err(error) = set(&mut self) {
            self.error.get_or_insert(error);
        }
        self
    }

    /// Pins a certificate or a key: the client trusts only a server that has it. Several pins can be
    /// set, such as those of the present certificate and the next.
    ///
    /// A pin identifies the server by itself, so authorities, names and dates are not checked. The
    /// handshake still proves that the server has the private key of the certificate.
    pub fn fingerprint(self, fingerprint: impl TryInto<Fingerprint, Error: Into<Error>>) -> Self {
        self.keep_error(|builder| {
            let fingerprint = fingerprint.try_into().map_err(Into::into)?;
            builder.fingerprints.push(fingerprint);
            Ok(())
        })
    }

    /// Sets the minimum version. Default: TLS 1.2.
    pub fn minimum_version(mut self, version: TlsVersion) -> Self {
        self.minimum = version;
        self
    }

    /// Expects a certificate for this name, and sends it as SNI, in place of the host to connect to:
    /// for hosts that are an address, or the end of a tunnel.
    pub fn server_name(self, name: impl TryInto<Host, Error: Into<Error>>) -> Self {
        self.keep_error(|builder| {
            builder.name = Some(name.try_into().map_err(Into::into)?);
            Ok(())
        })
    }

    /// Presents this certificate to servers that request one. `chain` is the certificate and its
    /// intermediate authorities in PEM, and `key` its private key in PEM (PKCS #8, PKCS #1 or SEC1).
    /// If there is no certificate or no key, if the key is encrypted, or if it belongs to another
    /// certificate, [`build`](Self::build) returns the error.
    pub fn client_certificate_pem(self, chain: impl AsRef<[u8]>, key: &Secret) -> Self {
        self.keep_error(|builder| {
            builder.identity = Some(client_certificate(chain.as_ref(), key)?);
            Ok(())
        })
    }

    /// Accepts any certificate. Anybody between client and server can then read the mail and the
    /// password. Each connection logs a warning.
    ///
    /// Prefer a [fingerprint](Self::fingerprint) for a server whose certificate no authority signed.
    pub fn danger_accept_invalid_certificates(mut self) -> Self {
        self.accepts_invalid_certificates = true;
        self
    }

    /// Makes the configuration. With `TlsRoots::System`, it reads the authorities of the system from
    /// files, and blocks meanwhile.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`]: PEM text, a fingerprint or a name of a setter is not valid; the system
    /// has no authorities; no authority and no pin is set; or certificates are both pinned and not
    /// verified.
    pub fn build(self) -> Result<TlsConfig> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let provider = Arc::new(provider());
        let unverified = self.accepts_invalid_certificates;
        let trust = match (unverified, self.fingerprints.is_empty()) {
            (true, true) => Trust::Any,
            (true, false) => {
                return Err(unusable(
                    "a certificate is pinned, and certificates are not to be verified: leave one out",
                ));
            }
            (false, false) => Trust::Pinned(self.fingerprints),
            (false, true) => {
                let mut roots = self.roots.load()?;
                let own = self.own.iter().map(|anchor| anchor.subject.to_vec());
                let own = own.collect();
                roots.extend(self.own);
                if roots.is_empty() {
                    return Err(unusable(
                        "no server can be trusted without a certificate authority: \
                         name a CA file or a fingerprint",
                    ));
                }
                Trust::Authorities { roots, own }
            }
        };
        let verifier = Verifier::new(trust, provider.signature_verification_algorithms);
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.minimum.and_later())
            .map_err(|error| unusable("no TLS version in common").caused_by(error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let config = match self.identity {
            Some(identity) => config.with_client_cert_resolver(identity),
            None => config.with_no_client_auth(),
        };
        Ok(TlsConfig {
            connector: TlsConnector::from(Arc::new(config)),
            name: self.name,
            accepts_invalid_certificates: unverified,
        })
    }
}

/// The key exchange that is secure against quantum computers comes first. Its share is sent together
/// with that of X25519, so a server that supports only the latter costs no round trip.
#[cfg(feature = "aws-lc-rs")]
fn provider() -> CryptoProvider {
    use cryptography::kx_group::{SECP256R1, SECP384R1, X25519, X25519MLKEM768};
    CryptoProvider {
        kx_groups: vec![X25519MLKEM768, X25519, SECP256R1, SECP384R1],
        ..cryptography::default_provider()
    }
}

#[cfg(all(not(feature = "aws-lc-rs"), feature = "post-quantum"))]
fn provider() -> CryptoProvider {
    let mut provider = cryptography::default_provider();
    provider.kx_groups.insert(0, &X25519MlKem768);
    provider
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "post-quantum")))]
fn provider() -> CryptoProvider {
    cryptography::default_provider()
}

#[cfg(all(test, not(feature = "aws-lc-rs"), feature = "post-quantum"))]
mod tests {
    use tokio_rustls::rustls::NamedGroup;

    use super::*;

    #[test]
    fn the_first_key_exchange_is_secure_against_quantum_computers() {
        let groups: Vec<_> = provider()
            .kx_groups
            .iter()
            .map(|group| group.name())
            .collect();
        assert_eq!(
            groups[..2],
            [NamedGroup::X25519MLKEM768, NamedGroup::X25519]
        );
    }
}
