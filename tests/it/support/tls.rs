//! Valid and invalid certificates, and the two sides that use them.

use std::sync::{Arc, LazyLock};

use pilotfish::transport::TlsConfig;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
#[cfg(feature = "aws-lc-rs")]
pub(crate) use tokio_rustls::rustls::crypto::aws_lc_rs as cryptography;
#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) use tokio_rustls::rustls::crypto::ring as cryptography;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// The key exchange that a client agrees on with the servers of these tests. Those with `ring` have no
/// other.
pub(crate) const KEY_EXCHANGE: &str = if cfg!(feature = "aws-lc-rs") {
    "X25519MLKEM768"
} else {
    "X25519"
};

/// The defect of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    /// It expired in 2000.
    Expired,
    /// It was issued by an authority that the client does not trust.
    Stranger,
}

type Authority = CertifiedIssuer<'static, KeyPair>;

static TRUSTED: LazyLock<Authority> = LazyLock::new(|| authority("trusted"));
static STRANGER: LazyLock<Authority> = LazyLock::new(|| authority("stranger"));

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A client that trusts the authority of these tests.
pub(crate) fn tls_client() -> TlsConfig {
    let builder = TlsConfig::builder().ca_pem(TRUSTED.pem());
    builder.build().unwrap()
}

/// A server with a certificate for this name.
pub(crate) fn acceptor(name: &str, flaw: Flaw) -> TlsAcceptor {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    if flaw == Flaw::Expired {
        params.not_before = date_time_ymd(1999, 1, 1);
        params.not_after = date_time_ymd(2000, 1, 1);
    }
    let issuer = match flaw {
        Flaw::Stranger => &*STRANGER,
        Flaw::None | Flaw::Expired => &*TRUSTED,
    };
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(cryptography::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
