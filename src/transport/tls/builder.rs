//! Collects what a client trusts, and as whom it comes.

use std::sync::Arc;

use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::TrustAnchor;
use webpki::anchor_from_trusted_cert;

use super::client::{TlsConfig, Verification};
use super::client_certificate::ClientCertificate;
use super::cryptography;
use super::fingerprint::Fingerprint;
use super::parameters::TlsVersion;
use super::pem::{certificates, unusable};
use super::roots::TlsRoots;
use super::verifier::{Authorities, Trust, Verifier};
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::transport::host::Host;

/// Collects what a [`TlsConfig`] trusts, and as whom it comes.
#[derive(Debug, Default)]
#[must_use = "`build` makes the configuration"]
pub struct TlsConfigBuilder {
    roots: TlsRoots,
    own: Vec<TrustAnchor<'static>>,
    fingerprints: Vec<Fingerprint>,
    minimum: TlsVersion,
    name: Option<Host>,
    identity: Option<ClientCertificate>,
    verification: Option<Verification>,
    /// The first error of a setter.
    error: Option<Error>,
}

impl TlsConfigBuilder {
    /// Which certificate authorities are trusted besides those of [`ca_pem`](Self::ca_pem): by
    /// default the public ones.
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

    /// Trusts the server that has this certificate or this key, and no other: pins it. More than
    /// one can be named, such as the present certificate and the next.
    ///
    /// A pin says who the server is by itself: authorities, names and dates count no more, as the
    /// owner of a certificate that nobody vouches for leaves them as they come. That the server
    /// has the certificate's key is verified as always.
    pub fn fingerprint(mut self, fingerprint: Fingerprint) -> Self {
        self.fingerprints.push(fingerprint);
        self
    }

    /// The earliest version that is spoken: TLS 1.2 unless told otherwise.
    pub fn minimum_version(mut self, version: TlsVersion) -> Self {
        self.minimum = version;
        self
    }

    /// Expects a certificate for this name, and announces it (SNI), in place of the host that is
    /// connected to: where that is an address, or a tunnel's end.
    pub fn server_name(mut self, name: Host) -> Self {
        self.name = Some(name);
        self
    }

    /// Shows this certificate to servers that ask for one: the certificate and what leads from it
    /// to an authority that the server knows, in PEM, and its private key, in PEM too (PKCS #8,
    /// PKCS #1 or SEC1). If there is no certificate or no key, if the key is encrypted, or if it belongs
    /// to another certificate, [`build`](Self::build) returns the error.
    pub fn client_certificate_pem(self, chain: impl AsRef<[u8]>, key: &Secret) -> Self {
        self.keep_error(|builder| {
            builder.identity = Some(ClientCertificate::from_pem(chain.as_ref(), key)?);
            Ok(())
        })
    }

    /// Takes whoever answers for the server, with whatever certificate. Anybody on the way can then
    /// read the mail and the password. Each connection is a warning in the log.
    ///
    /// A server whose certificate nobody vouches for is better
    /// [known by its fingerprint](Self::fingerprint).
    pub fn danger_accept_invalid_certificates(mut self) -> Self {
        self.verification = Some(Verification::LeftOut);
        self
    }

    /// Makes the configuration. With `TlsRoots::System`, it reads the authorities of the system from
    /// files; everything else is computed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`]: PEM text that a setter was given is not usable; the system has no authorities; nobody is trusted at all; or certificates
    /// are to be both pinned and not verified.
    pub fn build(self) -> Result<TlsConfig> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let provider = Arc::new(provider());
        let verification = self.verification.unwrap_or(Verification::Done);
        let trust = match (verification, self.fingerprints.is_empty()) {
            (Verification::LeftOut, true) => Trust::Anybody,
            (Verification::LeftOut, false) => {
                return Err(unusable(
                    "a certificate is pinned, and certificates are not to be verified: leave one out",
                ));
            }
            (Verification::Done, false) => Trust::Pinned(self.fingerprints),
            (Verification::Done, true) => {
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
                Trust::Authorities(Authorities { roots, own })
            }
        };
        let verifier = Verifier::new(trust, provider.signature_verification_algorithms);
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.minimum.and_later())
            .map_err(|error| unusable("no TLS version in common").caused_by(error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let config = match self.identity {
            Some(identity) => config.with_client_cert_resolver(identity.into_resolver()),
            None => config.with_no_client_auth(),
        };
        Ok(TlsConfig::new(config, self.name, verification))
    }
}

/// The key exchange that quantum computers cannot undo comes first, and its share is sent with that
/// of X25519, so that it costs no round trip where a server knows only the latter.
#[cfg(feature = "aws-lc-rs")]
fn provider() -> CryptoProvider {
    use cryptography::kx_group::{SECP256R1, SECP384R1, X25519, X25519MLKEM768};
    CryptoProvider {
        kx_groups: vec![X25519MLKEM768, X25519, SECP256R1, SECP384R1],
        ..cryptography::default_provider()
    }
}

#[cfg(not(feature = "aws-lc-rs"))]
fn provider() -> CryptoProvider {
    cryptography::default_provider()
}
