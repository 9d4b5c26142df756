//! Certificates that are identified by their hash.

use pilotfish::ErrorKind;
use pilotfish::transport::{Fingerprint, TlsConfig, TlsRoots};
use rcgen::{
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
    PublicKeyData as _,
};
use sha2::{Digest as _, Sha256};
use tokio_rustls::rustls::version;

use super::certificates::{is_accepted, is_refused};
use super::made::{ROOT, ServerCertificates, authority_params, client, good, server_params};
use super::server::{BOTH, Side, log_in};

const HOST: &str = "server.example";

fn certificate(shown: &ServerCertificates) -> Fingerprint {
    Fingerprint::Certificate(Sha256::digest(&shown.chain[0]).into())
}

fn spki(shown: &ServerCertificates) -> Fingerprint {
    Fingerprint::Spki(Sha256::digest(shown.key.subject_public_key_info()).into())
}

fn pinning(pins: &[Fingerprint]) -> TlsConfig {
    let builder = TlsConfig::builder();
    let builder = pins
        .iter()
        .fold(builder, |builder, pin| builder.fingerprint(*pin));
    builder.build().unwrap()
}

#[tokio::test]
async fn a_pin_is_enough() {
    let mut expired = server_params(&["other.example"]);
    expired.not_after = rcgen::date_time_ymd(2000, 1, 1);
    // Like Proton Mail Bridge: a certificate that is its own authority, for 127.0.0.1.
    let authority = authority_params("127.0.0.1");
    for shown in [
        good(),
        ServerCertificates::self_signed(&server_params(&[HOST])),
        ServerCertificates::self_signed(&expired),
        ServerCertificates::self_signed(&authority),
    ] {
        let side = Side::from(shown.config());
        is_accepted(&side, &pinning(&[certificate(&shown)]), HOST).await;
        is_accepted(&side, &pinning(&[spki(&shown)]), "127.0.0.1").await;
        let rollover = [certificate(&good()), certificate(&shown)];
        is_accepted(&side, &pinning(&rollover), HOST).await;
    }
}

/// Some devices have certificates of version 1, which name no host, and which webpki does not read.
#[tokio::test]
async fn an_old_certificate_is_pinned_by_its_key() {
    let unverified = TlsConfig::builder().danger_accept_invalid_certificates();
    let unverified = unverified.build().unwrap();
    for kind in [
        &PKCS_ECDSA_P256_SHA256,
        &PKCS_ECDSA_P384_SHA384,
        &PKCS_ED25519,
        &PKCS_RSA_SHA256,
    ] {
        let shown =
            ServerCertificates::of_kind(&ROOT, &server_params(&[HOST]), kind).of_version_1();
        for versions in [&[&version::TLS12], &[&version::TLS13]] {
            let side = Side::from(shown.config_of(versions));
            is_accepted(&side, &pinning(&[certificate(&shown)]), HOST).await;
            is_accepted(&side, &pinning(&[spki(&shown)]), HOST).await;
            is_accepted(&side, &unverified, HOST).await;
            is_refused(&side, &client(), HOST, "is of an old version of X.509").await;
            let words = "is not the pinned one";
            is_refused(&side, &pinning(&[spki(&good())]), HOST, words).await;
            let thief = ServerCertificates {
                chain: shown.chain.clone(),
                key: good().key,
            };
            let words = "is shown by somebody who does not prove to have its key";
            let side = Side::from(thief.config_of(versions));
            is_refused(&side, &pinning(&[certificate(&shown)]), HOST, words).await;
            is_refused(&side, &unverified, HOST, words).await;
        }
    }
}

#[tokio::test]
async fn what_is_not_a_certificate_has_no_key() {
    let unverified = TlsConfig::builder().danger_accept_invalid_certificates();
    let unverified = unverified.build().unwrap();
    let whole = good();
    for length in [0, 1, 2, 5, 40, 200] {
        let mut shown = good();
        shown.chain = vec![whole.chain[0][..length].to_vec().into()];
        let side = Side::from(shown.config());
        let (outcome, _) = log_in(&side, BOTH[0], &unverified, HOST).await;
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Tls, "{length}");
    }
}

#[tokio::test]
async fn a_pin_replaces_all_authorities() {
    let shown = good();
    let side = Side::from(shown.config());
    let words = format!("is not the pinned one but {}", certificate(&shown));
    for pin in [certificate(&good()), spki(&good())] {
        is_refused(&side, &pinning(&[pin]), HOST, &words).await;
    }
    // The hash of the one is not accepted as the hash of the other.
    let (Fingerprint::Certificate(digest), Fingerprint::Spki(key)) =
        (certificate(&shown), spki(&shown))
    else {
        unreachable!()
    };
    let swapped = [Fingerprint::Spki(digest), Fingerprint::Certificate(key)];
    is_refused(&side, &pinning(&swapped), HOST, &words).await;
    // A server that has the certificate but not its key is not the right one.
    let thief = ServerCertificates {
        chain: shown.chain.clone(),
        key: good().key,
    };
    let words = "is shown by somebody who does not prove to have its key";
    is_refused(
        &Side::from(thief.config()),
        &pinning(&[certificate(&shown)]),
        HOST,
        words,
    )
    .await;
}

#[tokio::test]
async fn the_error_about_an_unknown_authority_names_the_pin() {
    let shown = ServerCertificates::self_signed(&authority_params("127.0.0.1"));
    let side = Side::from(shown.config());
    let words = format!("pin {}", certificate(&shown));
    is_refused(&side, &TlsConfig::builder().build().unwrap(), HOST, &words).await;
}

#[tokio::test]
async fn without_verification_any_certificate_is_accepted() {
    let side = Side::from(ServerCertificates::self_signed(&authority_params("mallory")).config());
    let tls = TlsConfig::builder().danger_accept_invalid_certificates();
    is_accepted(&side, &tls.build().unwrap(), HOST).await;
}

#[test]
fn contradictory_settings() {
    let pin = certificate(&good());
    for (builder, words) in [
        (
            TlsConfig::builder().roots(TlsRoots::None),
            "no server can be trusted",
        ),
        (
            TlsConfig::builder()
                .fingerprint(pin)
                .danger_accept_invalid_certificates(),
            "leave one out",
        ),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(words), "{error}");
    }
}
