//! Authorities and certificates for these tests.

use std::sync::{Arc, LazyLock};

use pilotfish::transport::{TlsClient, TlsClientBuilder, TlsRoots};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType, SignatureAlgorithm,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{ServerConfig, SupportedProtocolVersion, version};

use crate::support::tls::cryptography;

pub(super) type Authority = CertifiedIssuer<'static, KeyPair>;

/// The authority that the clients of these tests trust.
pub(super) static ROOT: LazyLock<Authority> = LazyLock::new(|| {
    let params = authority_params("root");
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
});

/// What an authority says of itself.
pub(super) fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

/// An authority that another one vouches for.
pub(super) fn intermediate(params: CertificateParams, issuer: &Authority) -> Authority {
    CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), issuer).unwrap()
}

/// What the certificate of a server says, which is for these DNS names, however odd they are.
pub(super) fn server_params(names: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "server.example");
    params.subject_alt_names = names
        .iter()
        .map(|name| SanType::DnsName((*name).try_into().unwrap()))
        .collect();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

/// What a server shows, and its key.
pub(super) struct Shown {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: KeyPair,
}

impl Shown {
    /// By this authority.
    pub(super) fn by(issuer: &Authority, params: &CertificateParams) -> Self {
        Self::with_key(issuer, params, KeyPair::generate().unwrap())
    }

    pub(super) fn of_kind(
        issuer: &Authority,
        params: &CertificateParams,
        kind: &'static SignatureAlgorithm,
    ) -> Self {
        Self::with_key(issuer, params, KeyPair::generate_for(kind).unwrap())
    }

    pub(super) fn with_key(issuer: &Authority, params: &CertificateParams, key: KeyPair) -> Self {
        let certificate = params.signed_by(&key, issuer).unwrap();
        Self {
            chain: vec![certificate.der().clone()],
            key,
        }
    }

    pub(super) fn self_signed(params: &CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            chain: vec![certificate.der().clone()],
            key,
        }
    }

    /// Shows this authority's certificate too.
    pub(super) fn and(mut self, authority: &Authority) -> Self {
        self.chain.push(authority.der().clone());
        self
    }

    fn certified(&self) -> CertifiedKey {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let signer = cryptography::sign::any_supported_type(&key).unwrap();
        CertifiedKey::new(self.chain.clone(), signer)
    }

    /// A server that shows it, whatever it is.
    pub(super) fn config(&self) -> ServerConfig {
        self.config_of(&[&version::TLS13, &version::TLS12])
    }

    pub(super) fn config_of(&self, versions: &[&'static SupportedProtocolVersion]) -> ServerConfig {
        ServerConfig::builder_with_provider(Arc::new(cryptography::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(self.certified())))
    }
}

/// A certificate with which nothing is wrong.
pub(super) fn good() -> Shown {
    Shown::by(&ROOT, &server_params(&["server.example"]))
}

/// Trusts the authority of these tests and no other.
pub(super) fn trusting() -> TlsClientBuilder {
    TlsClient::builder()
        .roots(TlsRoots::None)
        .ca_pem(ROOT.pem().as_bytes())
        .unwrap()
}

pub(super) fn client() -> TlsClient {
    trusting().build().unwrap()
}
