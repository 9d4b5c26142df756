//! Negotiated parameters, and resumed sessions.

use std::sync::Arc;

use pilotfish::ErrorKind;
use pilotfish::address::Domain;
use pilotfish::session::Secured;
use pilotfish::transport::{Timeouts, TlsConfig, TlsParameters, TlsVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{HandshakeKind, RootCertStore, ServerConfig, version};

use super::made::{ROOT, ServerCertificates, client, good, server_params, trusting};
use crate::support::tls::cryptography;

/// Both sides of one handshake: the client's parameters; the server's kind of handshake, and the
/// name and the protocols that the client announced.
struct Negotiated {
    client: TlsParameters,
    server: HandshakeKind,
    sni: Option<String>,
    alpn: Option<Vec<u8>>,
}

async fn negotiate(config: &Arc<ServerConfig>, tls: &TlsConfig, host: &str) -> Negotiated {
    let (here, there) = tokio::io::duplex(64 * 1024);
    let host = host.parse().unwrap();
    let client = async {
        let name: Domain = "client.example".parse().unwrap();
        let secured = Secured::implicit_tls(here, tls, &host, name, Timeouts::default());
        let session = secured.await.unwrap().without_authentication();
        session.tls().unwrap()
    };
    let server = async {
        let acceptor = TlsAcceptor::from(Arc::clone(config));
        let mut stream = acceptor.accept(there).await.unwrap();
        // Session tickets arrive together with the server's first line.
        stream.write_all(b"220 hello\r\n").await.unwrap();
        stream.flush().await.unwrap();
        let _ = stream.read(&mut [0; 512]).await.unwrap();
        stream.write_all(b"250 hello\r\n").await.unwrap();
        stream.flush().await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
        let (_, connection) = stream.get_ref();
        (
            connection.handshake_kind().unwrap(),
            connection.server_name().map(str::to_owned),
            connection.alpn_protocol().map(<[u8]>::to_vec),
        )
    };
    let (client, (server, sni, alpn)) = tokio::join!(client, server);
    Negotiated {
        client,
        server,
        sni,
        alpn,
    }
}

#[cfg(feature = "aws-lc-rs")]
#[tokio::test]
async fn the_key_exchange_is_secure_against_quantum_computers() {
    let shown = good();
    let agreed = negotiate(&Arc::new(shown.config()), &client(), "server.example").await;
    assert_eq!(
        (
            agreed.client.version,
            agreed.client.key_exchange,
            agreed.client.resumed
        ),
        ("TLSv1.3", Some("X25519MLKEM768"), false)
    );
    // It costs no round trip if the server does not support it.
    let mut provider = cryptography::default_provider();
    provider.kx_groups = vec![cryptography::kx_group::X25519];
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(shown.config().cert_resolver);
    let agreed = negotiate(&Arc::new(config), &client(), "server.example").await;
    assert_eq!(
        (agreed.client.key_exchange, agreed.server),
        (Some("X25519"), HandshakeKind::Full)
    );
}

#[tokio::test]
async fn clones_resume_sessions() {
    for version in [&version::TLS13, &version::TLS12] {
        let config = Arc::new(good().config_of(&[version]));
        let tls = client();
        let first = negotiate(&config, &tls, "server.example").await;
        let second = negotiate(&config, &tls.clone(), "server.example").await;
        assert_eq!([first.client.resumed, second.client.resumed], [false, true]);
        assert_eq!(
            [first.server, second.server],
            [HandshakeKind::Full, HandshakeKind::Resumed]
        );
        // The certificate is the one that was verified in the first session.
        assert!(first.client.certificate.is_some());
        assert_eq!(first.client.certificate, second.client.certificate);
        // Not under another name, and not by another client.
        let other = trusting().server_name("server.example").build().unwrap();
        let third = negotiate(&config, &other, "server.example").await;
        assert_eq!(third.server, HandshakeKind::Full);
    }
}

#[tokio::test]
async fn names_are_announced_and_addresses_are_not() {
    let mut params = server_params(&["server.example"]);
    params
        .subject_alt_names
        .push(rcgen::SanType::IpAddress("127.0.0.1".parse().unwrap()));
    let mut config = ServerCertificates::by(&ROOT, &params).config();
    config.alpn_protocols = vec![b"smtp".to_vec(), b"http/1.1".to_vec()];
    let config = Arc::new(config);
    for (host, sni) in [
        ("server.example", Some("server.example")),
        ("127.0.0.1", None),
    ] {
        let agreed = negotiate(&config, &client(), host).await;
        assert_eq!((agreed.sni.as_deref(), agreed.alpn), (sni, None));
    }
}

#[tokio::test]
async fn the_minimum_version() {
    let side = |version| super::server::Side::from(good().config_of(&[version]));
    let strict = trusting()
        .minimum_version(TlsVersion::Tls13)
        .build()
        .unwrap();
    let (old, new) = (side(&version::TLS12), side(&version::TLS13));
    super::certificates::is_accepted(&old, &client(), "server.example").await;
    super::certificates::is_accepted(&new, &strict, "server.example").await;
    let words = "supports no TLS version that is allowed";
    super::certificates::is_refused(&old, &strict, "server.example", words).await;
}

/// A server that requires a certificate of these tests' authority.
fn asking(versions: &[&'static tokio_rustls::rustls::SupportedProtocolVersion]) -> ServerConfig {
    let provider = Arc::new(cryptography::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(ROOT.der().clone()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_cert_resolver(good().config().cert_resolver)
}

#[tokio::test]
async fn client_certificates() {
    let mut params = server_params(&["client.example"]);
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let shown = ServerCertificates::by(&ROOT, &params);
    let chain = pem(&shown.chain[0]);
    let key = pilotfish::Secret::from(shown.key.serialize_pem());
    for version in [&version::TLS13, &version::TLS12] {
        let side = super::server::Side::from(asking(&[version]));
        let builder = trusting().client_certificate_pem(&chain, &key);
        super::certificates::is_accepted(&side, &builder.build().unwrap(), "server.example").await;
        let (outcome, heard) = super::server::log_in(
            &side,
            super::server::TlsStart::Implicit,
            &client(),
            "server.example",
        )
        .await;
        let error = outcome.unwrap_err();
        assert_eq!(
            (error.kind(), heard.as_slice()),
            (ErrorKind::Tls, &b""[..]),
            "{error:?}"
        );
        assert!(
            error.to_string().contains("wants a client certificate"),
            "{error}"
        );
    }
}

fn pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

#[test]
fn unusable_client_certificates() {
    let shown = good();
    let chain = pem(&shown.chain[0]);
    let key = shown.key.serialize_pem();
    for (chain, key, words) in [
        ("", key.as_str(), "certificate is of no use"),
        (chain.as_str(), "", "no private key"),
        (chain.as_str(), chain.as_str(), "no private key"),
        (
            chain.as_str(),
            "-----BEGIN ENCRYPTED PRIVATE KEY-----",
            "encrypted",
        ),
        (
            chain.as_str(),
            &good().key.serialize_pem(),
            "does not belong",
        ),
    ] {
        let secret = pilotfish::Secret::from(key);
        let error = trusting()
            .client_certificate_pem(chain, &secret)
            .build()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(words), "{error}");
    }
}
