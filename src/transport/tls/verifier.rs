//! The verification of the server's certificate.

use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use tokio_rustls::rustls::pki_types::{
    CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime,
};
use tokio_rustls::rustls::{
    self, CertificateError, DigitallySignedStruct, PeerMisbehaved, RootCertStore, SignatureScheme,
};
use webpki::{EndEntityCert, KeyUsage, RawPublicKeyEntity};

use super::certificate::{Certificate, Fields};
use super::failure::{CertificateProblem, rejected};
use super::fingerprint::Fingerprint;

/// Which servers are trusted.
#[derive(Debug)]
pub(super) enum Trust {
    /// A server whose certificate one of these authorities has signed (RFC 5280 section 6, RFC 9525).
    Authorities {
        roots: RootCertStore,
        /// The names of those that the user gave, which are among the roots.
        own: Vec<Vec<u8>>,
    },
    /// A server with one of these certificates or keys.
    Pinned(Vec<Fingerprint>),
    /// Any server.
    Any,
}

/// Decides by [`Trust`]. It always verifies that the server has the key of its certificate.
#[derive(Debug)]
pub(super) struct Verifier {
    trust: Trust,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(trust: Trust, algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { trust, algorithms }
    }

    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), CertificateProblem> {
        match &self.trust {
            Trust::Any => Ok(()),
            Trust::Pinned(pins) => verify_pinned(pins, end_entity),
            Trust::Authorities { roots, own } => {
                let certificate =
                    EndEntityCert::try_from(end_entity).map_err(CertificateProblem::Path)?;
                let verified = certificate.verify_for_usage(
                    self.algorithms.all,
                    &roots.roots,
                    intermediates,
                    now,
                    KeyUsage::server_auth(),
                    None,
                    None,
                );
                verified.map_err(|error| {
                    let mut chain = [end_entity].into_iter().chain(intermediates);
                    // A signature by a short key is invalid whoever issued its certificate.
                    let is_short = |certificate| Certificate::of(certificate).has_short_key;
                    // Whether a certificate names one of the user's authorities as its issuer.
                    let is_from_own = |certificate| {
                        let fields = Fields::of(certificate);
                        fields.is_some_and(|fields| own.iter().any(|name| name == fields.issuer))
                    };
                    if is_wrong_signature(&error)
                        && !intermediates.iter().any(is_short)
                        && chain.any(is_from_own)
                    {
                        CertificateProblem::Namesake(error)
                    } else {
                        CertificateProblem::Path(error)
                    }
                })?;
                let verified = certificate.verify_is_valid_for_subject_name(name);
                verified.map_err(CertificateProblem::Path)
            }
        }
    }

    /// The key of a server that is trusted without an authority, where the rest of the certificate does
    /// not matter. `None` where the whole certificate matters.
    fn raw_key<'a>(
        &self,
        certificate: &'a CertificateDer<'_>,
    ) -> Option<SubjectPublicKeyInfoDer<'a>> {
        match self.trust {
            Trust::Pinned(_) | Trust::Any => Some(Fields::of(certificate)?.key),
            Trust::Authorities { .. } => None,
        }
    }

    /// As `verify_tls12_signature`, which needs a whole certificate. In TLS 1.2 a scheme of ECDSA
    /// applies to all curves.
    fn verify_tls12_signature_with_raw_key(
        &self,
        message: &[u8],
        key: &SubjectPublicKeyInfoDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let mut mapping = self.algorithms.mapping.iter();
        let (_, algorithms) = mapping
            .find(|(scheme, _)| *scheme == signed.scheme)
            .ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
        let bad = || rustls::Error::from(CertificateError::BadSignature);
        let key = RawPublicKeyEntity::try_from(key).map_err(|_| bad())?;
        let is_valid = algorithms.iter().any(|algorithm| {
            let verified = key.verify_signature(*algorithm, message, signed.signature());
            verified.is_ok()
        });
        if is_valid {
            Ok(HandshakeSignatureValid::assertion())
        } else {
            Err(bad())
        }
    }

    /// Whether the client has an algorithm for the key of a certificate.
    fn knows_key_of(&self, certificate: &CertificateDer<'_>) -> bool {
        use webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext as Unsupported;
        let key = Fields::of(certificate).map(|fields| fields.key);
        let Some(Ok(key)) = key.as_ref().map(RawPublicKeyEntity::try_from) else {
            return false;
        };
        let mut algorithms = self.algorithms.all.iter();
        algorithms.any(|algorithm| {
            let verified = key.verify_signature(*algorithm, &[], &[]);
            !matches!(verified, Err(Unsupported(_)))
        })
    }

    /// The result of verifying a handshake's signature, with an error that describes the certificate.
    fn signature(
        &self,
        verified: Result<HandshakeSignatureValid, rustls::Error>,
        certificate: &CertificateDer<'_>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verified.map_err(|error| match error {
            rustls::Error::InvalidCertificate(_) => {
                let problem = if self.knows_key_of(certificate) {
                    CertificateProblem::Proof
                } else {
                    CertificateProblem::UnknownKey
                };
                rejected(problem, certificate, &[])
            }
            other => other,
        })
    }
}

/// Whether a certificate is not signed by the key of the authority that it names.
fn is_wrong_signature(error: &webpki::Error) -> bool {
    matches!(
        error,
        webpki::Error::InvalidSignatureForPublicKey
            | webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
    )
}

fn verify_pinned(
    pins: &[Fingerprint],
    certificate: &CertificateDer<'_>,
) -> Result<(), CertificateProblem> {
    if pins.contains(&Fingerprint::of_certificate(certificate)) {
        return Ok(());
    }
    let key = Fields::of(certificate).map(|fields| Fingerprint::of_spki(&fields.key));
    if key.is_some_and(|key| pins.contains(&key)) {
        return Ok(());
    }
    Err(CertificateProblem::NotPinned)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.verify(end_entity, intermediates, name, now) {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(problem) => Err(rejected(problem, end_entity, intermediates)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verified = match self.raw_key(certificate) {
            Some(key) => self.verify_tls12_signature_with_raw_key(message, &key, signed),
            None => verify_tls12_signature(message, certificate, signed, &self.algorithms),
        };
        self.signature(verified, certificate)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.algorithms;
        let verified = match self.raw_key(certificate) {
            Some(key) => verify_tls13_signature_with_raw_key(message, &key, signed, algorithms),
            None => verify_tls13_signature(message, certificate, signed, algorithms),
        };
        self.signature(verified, certificate)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
