//! Whether a certificate is the server's.

use std::sync::Arc;

use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    self, CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme,
};
use webpki::{EndEntityCert, KeyUsage};

use super::fault::{Fault, Wrong};
use super::fingerprint::Fingerprint;

/// Who is taken for the server.
#[derive(Debug)]
pub(super) enum Trust {
    /// Whom an authority vouches for (RFC 5280 section 6, RFC 9525).
    Authorities(RootCertStore),
    /// Who has one of these certificates or keys.
    Pinned(Vec<Fingerprint>),
    /// Who answers.
    Anybody,
}

/// Decides by [`Trust`]. That the server has the certificate's key is verified whoever it is.
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
    ) -> Result<(), Wrong> {
        match &self.trust {
            Trust::Anybody => Ok(()),
            Trust::Pinned(pins) => verify_pinned(pins, end_entity),
            Trust::Authorities(roots) => {
                let certificate = EndEntityCert::try_from(end_entity)?;
                certificate.verify_for_usage(
                    self.algorithms.all,
                    &roots.roots,
                    intermediates,
                    now,
                    KeyUsage::server_auth(),
                    None,
                    None,
                )?;
                Ok(certificate.verify_is_valid_for_subject_name(name)?)
            }
        }
    }

    /// What is wrong with a handshake's signature, with the certificate that it is by.
    fn signature(
        verified: Result<HandshakeSignatureValid, rustls::Error>,
        certificate: &CertificateDer<'_>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verified.map_err(|error| match error {
            rustls::Error::InvalidCertificate(_) => {
                refused(Fault::new(Wrong::Proof, certificate, &[]))
            }
            other => other,
        })
    }
}

fn verify_pinned(pins: &[Fingerprint], certificate: &CertificateDer<'_>) -> Result<(), Wrong> {
    if pins.contains(&Fingerprint::of_certificate(certificate)) {
        return Ok(());
    }
    let key = EndEntityCert::try_from(certificate)?.subject_public_key_info();
    if pins.contains(&Fingerprint::of_spki(&key)) {
        return Ok(());
    }
    Err(Wrong::NotPinned)
}

fn refused(fault: Fault) -> rustls::Error {
    CertificateError::Other(OtherError(Arc::new(fault))).into()
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
            Err(wrong) => Err(refused(Fault::new(wrong, end_entity, intermediates))),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verified = verify_tls12_signature(message, certificate, signed, &self.algorithms);
        Self::signature(verified, certificate)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verified = verify_tls13_signature(message, certificate, signed, &self.algorithms);
        Self::signature(verified, certificate)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
