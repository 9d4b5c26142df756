//! Authorities and certificates for these tests.

use std::sync::{Arc, LazyLock};

use pilotfish::transport::{TlsConfig, TlsConfigBuilder, TlsRoots};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, SanType, SignatureAlgorithm,
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

/// The contents of an authority's certificate.
pub(super) fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

/// An authority that another one has signed.
pub(super) fn intermediate(params: CertificateParams, issuer: &Authority) -> Authority {
    CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), issuer).unwrap()
}

/// The contents of a server certificate for these DNS names, which may be invalid.
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

/// The certificates that a server sends, and its key.
pub(super) struct ServerCertificates {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: KeyPair,
}

impl ServerCertificates {
    /// Signed by this authority.
    pub(super) fn by(issuer: &Authority, params: &CertificateParams) -> Self {
        Self::with_key(issuer, params, KeyPair::generate().unwrap())
    }

    pub(super) fn of_kind(
        issuer: &Authority,
        params: &CertificateParams,
        kind: &'static SignatureAlgorithm,
    ) -> Self {
        // `ring` makes no RSA keys.
        let key = if *kind == PKCS_RSA_SHA256 {
            KeyPair::from_pem(include_str!("../../../fixtures/dkim/rsa-2048.pem"))
        } else {
            KeyPair::generate_for(kind)
        };
        Self::with_key(issuer, params, key.unwrap())
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

    /// Sends this authority's certificate too.
    pub(super) fn and(mut self, authority: &Authority) -> Self {
        self.chain.push(authority.der().clone());
        self
    }

    /// The same certificate without the fields of version 3: the version and the extensions. Its
    /// signature is then wrong.
    pub(super) fn of_version_1(mut self) -> Self {
        let certificate = elements(&self.chain[0])[0].1;
        let [fields, algorithm, signature] = elements(certificate)[..] else {
            panic!("a certificate has three parts");
        };
        let fields: Vec<_> = elements(fields.1)[1..7]
            .iter()
            .map(|(whole, _)| *whole)
            .collect();
        let fields = sequence(&fields);
        self.chain[0] = sequence(&[&fields, algorithm.0, signature.0]).into();
        self
    }

    fn certified(&self) -> CertifiedKey {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let signer = cryptography::sign::any_supported_type(&key).unwrap();
        CertifiedKey::new(self.chain.clone(), signer)
    }

    /// A server that sends this certificate, whatever it is.
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

/// A valid certificate.
pub(super) fn good() -> ServerCertificates {
    ServerCertificates::by(&ROOT, &server_params(&["server.example"]))
}

/// Trusts only the authority of these tests.
pub(super) fn trusting() -> TlsConfigBuilder {
    TlsConfig::builder()
        .roots(TlsRoots::None)
        .ca_pem(ROOT.pem())
}

pub(super) fn client() -> TlsConfig {
    trusting().build().unwrap()
}

/// The DER elements in sequence, each as a whole and as its content.
fn elements(mut octets: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut elements = Vec::new();
    while !octets.is_empty() {
        let (start, length) = match octets[1] {
            short @ 0..=0x7f => (2, usize::from(short)),
            long => {
                let digits = usize::from(long - 0x80);
                let digits = &octets[2..2 + digits];
                let length = digits
                    .iter()
                    .fold(0, |sum, digit| sum << 8 | usize::from(*digit));
                (2 + digits.len(), length)
            }
        };
        let (whole, rest) = octets.split_at(start + length);
        elements.push((whole, &whole[start..]));
        octets = rest;
    }
    elements
}

/// A SEQUENCE in DER.
fn sequence(elements: &[&[u8]]) -> Vec<u8> {
    let content = elements.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let length: &[u8] = if content.len() < 0x80 {
        &length[1..]
    } else if content.len() < 0x100 {
        &[0x81, length[1]]
    } else {
        &[0x82, length[0], length[1]]
    };
    [&[0x30], length, &content].concat()
}
