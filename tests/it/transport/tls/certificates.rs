//! Valid and invalid certificates, each over STARTTLS and implicit TLS. Each invalid one has its
//! own error, and no octet of a login is sent.

use pilotfish::ErrorKind;
use pilotfish::transport::{Fingerprint, TlsConfig};
use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, ExtendedKeyUsagePurpose, GeneralSubtree,
    NameConstraints, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
    SanType, date_time_ymd,
};
use sha2::{Digest as _, Sha256};

use super::made::{
    Authority, ROOT, ServerCertificates, authority_params, client, good, intermediate,
    server_params, trusting,
};
use super::server::{BOTH, Side, log_in};

const HOST: &str = "server.example";

/// Fails both ways with this error, before anything is sent inside TLS.
pub(super) async fn is_refused(side: &Side, tls: &TlsConfig, host: &str, words: &str) {
    for begin in BOTH {
        let (outcome, heard) = log_in(side, begin, tls, host).await;
        let error = outcome.expect_err(words);
        let facts = (error.kind(), error.is_transient(), heard.as_slice());
        assert_eq!(
            facts,
            (ErrorKind::Tls, false, &b""[..]),
            "{begin:?}: {error:?}"
        );
        assert!(
            error.to_string().contains(words),
            "{begin:?}: {words:?} in {error}"
        );
    }
}

/// Logs in both ways.
pub(super) async fn is_accepted(side: &Side, tls: &TlsConfig, host: &str) {
    for begin in BOTH {
        let (outcome, heard) = log_in(side, begin, tls, host).await;
        assert!(outcome.is_ok(), "{begin:?}: {outcome:?}");
        let login = b"\r\nAUTH PLAIN ";
        let logged_in = heard.windows(login.len()).any(|window| window == login);
        assert!(logged_in, "{begin:?}: {}", heard.escape_ascii());
    }
}

async fn refused(params: CertificateParams, words: &str) {
    let side = Side::from(ServerCertificates::by(&ROOT, &params).config());
    is_refused(&side, &client(), HOST, words).await;
}

fn named() -> CertificateParams {
    server_params(&[HOST])
}

#[tokio::test]
async fn valid_certificates() {
    for kind in [
        &PKCS_ECDSA_P256_SHA256,
        &PKCS_ECDSA_P384_SHA384,
        &PKCS_ED25519,
        &PKCS_RSA_SHA256,
    ] {
        let side = Side::from(ServerCertificates::of_kind(&ROOT, &named(), kind).config());
        is_accepted(&side, &client(), HOST).await;
    }
}

#[tokio::test]
async fn a_chain_with_its_intermediate() {
    let between = intermediate(authority_params("between"), &ROOT);
    let shown = ServerCertificates::by(&between, &named());
    let alone = Side::from(shown.config());
    let words = "is from an unknown authority, and came without any intermediate certificate";
    is_refused(&alone, &client(), HOST, words).await;
    is_accepted(&Side::from(shown.and(&between).config()), &client(), HOST).await;
}

#[tokio::test]
async fn validity() {
    let mut expired = named();
    expired.not_before = date_time_ymd(1999, 1, 1);
    expired.not_after = date_time_ymd(2000, 1, 2);
    refused(expired, "expired on 2000-01-02: ").await;
    let mut early = named();
    early.not_before = date_time_ymd(2998, 3, 4);
    early.not_after = date_time_ymd(2999, 1, 1);
    refused(early, "is not valid before 2998-03-04: ").await;
}

#[tokio::test]
async fn names() {
    for (names, host, words) in [
        (
            vec!["other.example", "mail.other.example"],
            HOST,
            "is not for server.example but for other.example, mail.other.example: give",
        ),
        (vec!["*"], HOST, "is not for server.example but for *: "),
        (
            vec!["*.example.test"],
            "a.b.example.test",
            "but for *.example.test: ",
        ),
        (vec!["*.example"], "example", "but for *.example: "),
        (vec!["s*.example"], HOST, "but for s*.example: "),
        (vec!["*erver.example"], HOST, "but for *erver.example: "),
        (vec!["mail.*.test"], "mail.a.test", "but for mail.*.test: "),
        (
            vec!["127.0.0.1"],
            "127.0.0.1",
            "is not for 127.0.0.1 but for 127.0.0.1: ",
        ),
        (
            vec![
                "a.test", "b.test", "c.test", "d.test", "e.test", "f.test", "g.test",
            ],
            HOST,
            "e.test, 2 others: ",
        ),
        (
            vec![],
            HOST,
            "has only a common name, \"server.example\", which counts no more",
        ),
    ] {
        let side = Side::from(ServerCertificates::by(&ROOT, &server_params(&names)).config());
        is_refused(&side, &client(), host, words).await;
    }
}

#[tokio::test]
async fn a_name_in_an_error_cannot_control_the_terminal() {
    let side =
        Side::from(ServerCertificates::by(&ROOT, &server_params(&["a\u{1b}[2J.test"])).config());
    is_refused(&side, &client(), HOST, "is not for server.example").await;
    let (outcome, _) = log_in(&side, BOTH[0], &client(), HOST).await;
    let error = outcome.unwrap_err().to_string();
    assert!(!error.contains('\u{1b}'), "{}", error.escape_debug());
}

#[tokio::test]
async fn valid_names() {
    let wildcard =
        Side::from(ServerCertificates::by(&ROOT, &server_params(&["*.example.test"])).config());
    is_accepted(&wildcard, &client(), "mail.example.test").await;
    let mut params = server_params(&[]);
    params.subject_alt_names = vec![SanType::IpAddress("127.0.0.1".parse().unwrap())];
    let address = Side::from(ServerCertificates::by(&ROOT, &params).config());
    is_accepted(&address, &client(), "127.0.0.1").await;
    let words = "is not for server.example but for 127.0.0.1";
    is_refused(&address, &client(), HOST, words).await;
}

/// An error lists every kind of name that a host can have, and no others.
#[tokio::test]
async fn names_of_other_kinds() {
    let mut params = server_params(&["other.example"]);
    params.subject_alt_names.extend([
        SanType::Rfc822Name("ann@example.org".try_into().unwrap()),
        SanType::URI("https://example.org/".try_into().unwrap()),
        SanType::IpAddress("2001:db8::1".parse().unwrap()),
    ]);
    let mut critical = params.clone();
    // Without a subject, the extension is critical (RFC 5280 section 4.1.2.6).
    critical.distinguished_name = DistinguishedName::new();
    for params in [params, critical] {
        let side = Side::from(ServerCertificates::by(&ROOT, &params).config());
        let words = "is not for server.example but for other.example, https://example.org/, \
                     2001:db8::1: give";
        is_refused(&side, &client(), HOST, words).await;
    }
}

#[tokio::test]
async fn another_name_than_the_host_can_be_expected() {
    let side = Side::from(good().config());
    let tls = trusting().server_name(HOST).build().unwrap();
    is_accepted(&side, &tls, "127.0.0.1").await;
    let words = "the certificate of 127.0.0.1 is not for other.example but for server.example";
    let tls = trusting().server_name("other.example").build().unwrap();
    is_refused(&side, &tls, "127.0.0.1", words).await;
}

#[tokio::test]
async fn unknown_authorities() {
    let unknown_authority = intermediate(authority_params("between"), &other_root());
    let shown = ServerCertificates::by(&unknown_authority, &named()).and(&unknown_authority);
    let side = Side::from(shown.config());
    is_refused(
        &side,
        &client(),
        HOST,
        "is from an unknown authority: if it is yours",
    )
    .await;
    // The client does not trust a root that the server sends.
    let unknown_authority = other_root();
    let side = Side::from(
        ServerCertificates::by(&unknown_authority, &named())
            .and(&unknown_authority)
            .config(),
    );
    is_refused(&side, &client(), HOST, "or pin sha256:").await;
    let side = Side::from(ServerCertificates::self_signed(&named()).config());
    is_refused(&side, &client(), HOST, "is signed by itself: ").await;
    // No public authority signed our certificates.
    let public = TlsConfig::builder().build().unwrap();
    is_refused(
        &Side::from(good().config()),
        &public,
        HOST,
        "unknown authority",
    )
    .await;
}

/// An authority that is created again keeps its name and has another key.
#[tokio::test]
async fn an_authority_of_the_same_name() {
    let words = "is from an authority with the same name as the given one, and another key";
    let key = || rcgen::KeyPair::generate().unwrap();
    let other_kind = || rcgen::KeyPair::generate_for(&PKCS_ED25519).unwrap();
    for key in [key(), other_kind()] {
        let namesake = Authority::self_signed(authority_params("root"), key).unwrap();
        let alone = ServerCertificates::by(&namesake, &named());
        let pin = format!(
            "or pin {}",
            Fingerprint::Certificate(Sha256::digest(&alone.chain[0]).into())
        );
        let side = Side::from(alone.config());
        is_refused(&side, &client(), HOST, words).await;
        is_refused(&side, &client(), HOST, &pin).await;
        let between = intermediate(authority_params("between"), &namesake);
        let side = Side::from(
            ServerCertificates::by(&between, &named())
                .and(&between)
                .config(),
        );
        is_refused(&side, &client(), HOST, words).await;
    }
    // A wrong signature below an authority that the user does not trust does not matter.
    let between = intermediate(authority_params("between"), &other_root());
    let namesake = intermediate(authority_params("between"), &other_root());
    let side = Side::from(
        ServerCertificates::by(&namesake, &named())
            .and(&between)
            .config(),
    );
    let words = "is from an unknown authority";
    is_refused(&side, &client(), HOST, words).await;
}

fn other_root() -> Authority {
    let key = rcgen::KeyPair::generate().unwrap();
    Authority::self_signed(authority_params("other root"), key).unwrap()
}

#[tokio::test]
async fn uses() {
    let mut for_clients = named();
    for_clients.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    refused(for_clients, "is not meant for servers").await;
    let mut authority = authority_params("server");
    authority.subject_alt_names = named().subject_alt_names;
    refused(authority, "belongs to a certificate authority").await;
}

#[tokio::test]
async fn extensions() {
    let extension =
        |octets| CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 55555, 1], octets);
    let mut critical = named();
    let mut unknown = extension(vec![5, 0]);
    unknown.set_criticality(true);
    critical.custom_extensions = vec![unknown];
    refused(critical, "has a critical extension that is not known here").await;
    let mut huge = named();
    let mut octets = vec![4, 0x82, 0xff, 0xf0];
    octets.resize(4 + 0xfff0, 0);
    huge.custom_extensions = vec![extension(octets)];
    refused(huge, "sent certificates of over 64 KiB").await;
}

#[tokio::test]
async fn name_constraints() {
    let mut params = authority_params("between");
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("other.example".to_owned())],
        excluded_subtrees: Vec::new(),
    });
    let between = intermediate(params, &ROOT);
    let side = Side::from(
        ServerCertificates::by(&between, &named())
            .and(&between)
            .config(),
    );
    let words = "is for a name that its authority may not vouch for";
    is_refused(&side, &client(), HOST, words).await;
}

#[tokio::test]
async fn a_chain_of_a_hundred() {
    let mut chain = vec![intermediate(authority_params("1"), &ROOT)];
    for number in 2..=100 {
        let issuer = chain.last().unwrap();
        chain.push(intermediate(authority_params(&number.to_string()), issuer));
    }
    let mut shown = ServerCertificates::by(chain.last().unwrap(), &named());
    for authority in chain.iter().rev() {
        shown = shown.and(authority);
    }
    let side = Side::from(shown.config());
    is_refused(&side, &client(), HOST, "has a chain that is too long").await;
}
