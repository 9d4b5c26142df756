//! What builders accept, and the errors that they keep until `build`.

use pilotfish::client::{Period, Rates, Retry};
use pilotfish::protocol::Strategy;
use pilotfish::transport::{Host, TlsConfig, TlsRoots};
use pilotfish::{Client, ErrorKind, Secret, ServerConfig};

/// Settings that need at least one are plain integers. With 0, `build` returns an error.
#[test]
fn a_builder_rejects_0() {
    let server = || ServerConfig::builder("127.0.0.1");
    let client = || Client::builder(server().build().unwrap());
    let mut none_in_flight = Strategy::default();
    none_in_flight.messages_in_flight = 0;
    for (error, named) in [
        (
            client().max_connections(0).build().unwrap_err(),
            "ClientBuilder::max_connections",
        ),
        (
            client().queue(0).build().unwrap_err(),
            "ClientBuilder::queue",
        ),
        (
            client().mails_per_connection(0).build().unwrap_err(),
            "ClientBuilder::mails_per_connection",
        ),
        (
            client()
                .retry(Retry::new().attempts(0))
                .build()
                .unwrap_err(),
            "Retry::attempts",
        ),
        (
            client().retry(Retry::new().factor(0)).build().unwrap_err(),
            "Retry::factor",
        ),
        (
            client()
                .rates(Rates::new().mails(0, Period::Day))
                .build()
                .unwrap_err(),
            "Rates",
        ),
        (
            client()
                .rates(Rates::new().recipients(0, Period::Hour))
                .build()
                .unwrap_err(),
            "Rates",
        ),
        (
            client()
                .rates(Rates::new().connections(0, Period::Second))
                .build()
                .unwrap_err(),
            "Rates",
        ),
        (
            server().messages_in_flight(0).build().unwrap_err(),
            "ServerConfigBuilder::messages_in_flight",
        ),
        (
            server().strategy(none_in_flight).build().unwrap_err(),
            "ServerConfigBuilder::messages_in_flight",
        ),
    ] {
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let text = error.to_string();
        assert!(text.contains(&format!("is 0 (`{named}`)")), "{text}");
    }
}

/// A builder accepts texts and values. A text that is not valid is an error of `build`.
#[test]
fn a_server_builder_keeps_the_errors_of_texts() {
    let host: Host = "localhost".parse().unwrap();
    for builder in [
        ServerConfig::builder(&host),
        ServerConfig::builder(host.clone()),
        ServerConfig::builder(String::from("localhost")).name("client.example"),
    ] {
        assert_eq!(builder.build().unwrap().to_string(), "localhost:587");
    }
    for (builder, message) in [
        (ServerConfig::builder("a b"), "the host is not valid"),
        (
            ServerConfig::builder("localhost").name("a b"),
            "the address is not valid",
        ),
    ] {
        let error = builder.port(0).build().unwrap_err();
        assert!(error.to_string().starts_with(message), "{error}");
    }
}

/// The first error of a setter comes from `build`, whatever is set after it.
#[test]
fn a_tls_builder_keeps_its_first_error() {
    for (builder, words) in [
        (TlsConfig::builder().ca_pem("no PEM"), "the authorities"),
        (
            TlsConfig::builder()
                .ca_pem("no PEM")
                .client_certificate_pem("", &Secret::from("")),
            "the authorities",
        ),
        (
            TlsConfig::builder()
                .client_certificate_pem("", &Secret::from(""))
                .ca_pem("no PEM"),
            "the client's certificate",
        ),
        (
            TlsConfig::builder().fingerprint("md5:00").ca_pem("no PEM"),
            "the fingerprint is not valid",
        ),
        (
            TlsConfig::builder().server_name("a b").fingerprint("x"),
            "the host is not valid",
        ),
    ] {
        let error = builder.roots(TlsRoots::Public).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(words), "{error}");
    }
}
