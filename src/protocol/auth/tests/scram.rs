//! SCRAM: recorded exchanges, and every wrong step of a server.

use super::*;

/// RFC 5802 section 5, RFC 7677 section 3.
struct Recorded {
    mechanism: Mechanism,
    nonce: &'static str,
    server_first: &'static str,
    proof: &'static str,
    server_final: &'static str,
}

const RECORDED: [Recorded; 2] = [
    Recorded {
        mechanism: Mechanism::ScramSha1,
        nonce: "fyko+d2lbbFgONRv9qkxdawL",
        server_first: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
        proof: "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        server_final: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    },
    Recorded {
        mechanism: Mechanism::ScramSha256,
        nonce: "rOprNGfwEbeRWgbNEkqO",
        server_first: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        proof: "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        server_final: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    },
];

#[test]
fn scram_as_recorded() {
    for recorded in &RECORDED {
        let Recorded {
            mechanism,
            nonce,
            server_first,
            ..
        } = recorded;
        let client_nonce = ClientNonce::recorded(nonce);
        let (mut exchange, command) =
            Exchange::begin(*mechanism, &password(), client_nonce, &Gs2Flag::Unsupported).unwrap();
        assert_eq!(
            decoded(&command),
            format!("AUTH {mechanism} n,,n=user,r={nonce}")
        );
        let response = answer(&mut exchange, server_first).unwrap();
        let whole_nonce = server_first.split(',').next().unwrap();
        assert_eq!(
            decoded(&response),
            format!("c=biws,{whole_nonce},p={}", recorded.proof)
        );
        let acknowledged = answer(&mut exchange, recorded.server_final).unwrap();
        assert_eq!(line(&acknowledged), "");
        assert!(answer(&mut exchange, recorded.server_final).is_err());
    }
}

/// An exchange that waits for the server's signature.
fn proved_ourselves(recorded: &Recorded) -> Exchange {
    let client_nonce = ClientNonce::recorded(recorded.nonce);
    let (mut exchange, _) = Exchange::begin(
        recorded.mechanism,
        &password(),
        client_nonce,
        &Gs2Flag::Unsupported,
    )
    .unwrap();
    answer(&mut exchange, recorded.server_first).unwrap();
    exchange
}

#[test]
fn a_signature_may_come_with_the_success_and_has_to_come() {
    for recorded in &RECORDED {
        let signature = STANDARD.encode(recorded.server_final);
        let wrong = STANDARD.encode("v=AAAA");
        let error = STANDARD.encode("e=invalid-proof");
        for (success, expected) in [
            (format!("235 2.7.0 {signature}"), Ok(())),
            (format!("235 {signature}"), Ok(())),
            (
                format!("235-2.7.0 welcome\r\n235 2.7.0 {signature}"),
                Ok(()),
            ),
            (
                format!("235 2.7.0 {wrong}"),
                Err(ExchangeError::WrongSignature),
            ),
            ("235 2.7.0 ok".to_owned(), Err(ExchangeError::NoSignature)),
            ("235".to_owned(), Err(ExchangeError::NoSignature)),
            (format!("235 {error}"), Err(ExchangeError::NoSignature)),
        ] {
            let exchange = proved_ourselves(recorded);
            assert_eq!(exchange.succeed(&reply(&success)), expected, "{success}");
        }
        let mut exchange = proved_ourselves(recorded);
        answer(&mut exchange, recorded.server_final).unwrap();
        assert_eq!(exchange.succeed(&reply("235 2.7.0 ok")), Ok(()));
    }
}

#[test]
fn no_success_is_believed_too_early() {
    for mechanism in [Mechanism::ScramSha1, Mechanism::ScramSha256Plus] {
        let (exchange, _) = begin(mechanism, &password());
        assert_eq!(
            exchange.succeed(&reply("235 ok")),
            Err(ExchangeError::NoSignature)
        );
        let (mut exchange, _) = begin(mechanism, &password());
        let first = "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=4096";
        assert_eq!(
            exchange.respond(&STANDARD.encode(first)),
            Ok(ExchangeStep::Compute)
        );
        assert_eq!(
            exchange.succeed(&reply("235 ok")),
            Err(ExchangeError::NoSignature)
        );
    }
}

#[test]
fn first_messages_of_servers_that_are_not_answered() {
    use ExchangeError::*;
    let nonce = "fyko+d2lbbFgONRv9qkxdawL";
    for (message, expected) in [
        (format!("r={nonce},s=QSXC,i=4096"), WrongNonce),
        ("r=3rfcNHYJY1ZVvWVs7j,s=QSXC,i=4096".to_owned(), WrongNonce),
        (
            "r=fyko+d2lbbFgONRv9qkxdaw,s=QSXC,i=4096".to_owned(),
            WrongNonce,
        ),
        (format!("r=x{nonce},s=QSXC,i=4096"), WrongNonce),
        (format!("r={nonce}\u{7f},s=QSXC,i=4096"), Malformed("r")),
        (format!("r={nonce}x,s=QSXC,i=4095"), TooFewIterations(4_095)),
        (format!("r={nonce}x,s=QSXC,i=1"), TooFewIterations(1)),
        (format!("r={nonce}x,s=QSXC,i=1000001"), TooManyIterations),
        (format!("r={nonce}x,s=QSXC,i=4294967296"), TooManyIterations),
        (
            format!("r={nonce}x,s=QSXC,i=99999999999999999999"),
            TooManyIterations,
        ),
        (format!("r={nonce}x,s=QSXC,i=0"), Malformed("i")),
        (format!("r={nonce}x,s=QSXC,i=-5"), Malformed("i")),
        (format!("r={nonce}x,s=QSXC,i=+4096"), Malformed("i")),
        (format!("r={nonce}x,s=QSXC,i=04096"), Malformed("i")),
        (format!("r={nonce}x,s=QSXC,i="), Malformed("i")),
        (format!("r={nonce}x,s=QSXC"), Malformed("i")),
        (format!("r={nonce}x,s=,i=4096"), Malformed("s")),
        (format!("r={nonce}x,s=QS,i=4096"), Malformed("s")),
        (format!("r={nonce}x,i=4096,s=QSXC"), Malformed("s")),
        (format!("s=QSXC,r={nonce}x,i=4096"), Malformed("r")),
        (",".to_owned(), Malformed("r")),
        (format!("m=x,r={nonce}x,s=QSXC,i=4096"), MandatoryExtension),
    ] {
        let (mut exchange, _) = begin(Mechanism::ScramSha256, &password());
        assert_eq!(answer(&mut exchange, &message), Err(expected), "{message}");
        // It is over: not even the right message is answered now.
        let right = format!("r={nonce}x,s=QSXC,i=4096");
        assert_eq!(answer(&mut exchange, &right), Err(UnexpectedChallenge));
    }
}

#[test]
fn first_messages_of_servers_that_are_answered() {
    for message in [
        "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXC,i=4096",
        "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXC,i=10000",
        "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXC,i=4096,x=unknown",
    ] {
        let (mut exchange, _) = begin(Mechanism::ScramSha1, &password());
        assert!(answer(&mut exchange, message).is_ok(), "{message}");
    }
}

#[test]
fn last_messages_of_servers_that_prove_nothing() {
    use ExchangeError::*;
    for (message, expected) in [
        ("v=rmF9pqV8S7suAoZWja4dJRkFsKR=", Malformed("v")),
        ("v=AmF9pqV8S7suAoZWja4dJRkFsKQ=", WrongSignature),
        ("v=rmF9pqV8S7suAoZWja4dJRkF", WrongSignature),
        ("v=", WrongSignature),
        ("", Malformed("v")),
        ("p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", Malformed("v")),
        ("m=x,v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", MandatoryExtension),
        // The first message once more: no key is derived twice.
        (RECORDED[0].server_first, Malformed("v")),
    ] {
        let mut exchange = proved_ourselves(&RECORDED[0]);
        assert_eq!(answer(&mut exchange, message), Err(expected), "{message}");
        assert!(exchange.succeed(&reply("235 ok")).is_err());
    }
}

/// A server may end the exchange in either of its messages. The empty line that acknowledges it
/// brings the server's reply.
#[test]
fn words_of_servers_that_end_the_exchange() {
    for word in ["unknown-user", "invalid-proof", "a\u{1b}[31m"] {
        let message = format!("e={word}");
        let (begun, _) = begin(Mechanism::ScramSha256, &password());
        for mut exchange in [begun, proved_ourselves(&RECORDED[0])] {
            assert_eq!(line(&answer(&mut exchange, &message).unwrap()), "");
            assert_eq!(exchange.server_error(), Some(word));
            // What follows was the server's to say before.
            let error = ExchangeError::ServerError(word.to_owned());
            let success = reply(&format!("235 {}", RECORDED[0].server_final));
            assert_eq!(exchange.succeed(&success), Err(error));
        }
    }
    let long = format!("e={}", "x".repeat(9_000));
    let mut exchange = proved_ourselves(&RECORDED[0]);
    answer(&mut exchange, &long).unwrap();
    assert_eq!(exchange.server_error().map(str::len), Some(80));
    assert!(answer(&mut exchange, &long).is_err());
}

#[test]
fn names_and_flags_of_gs2() {
    for (user, binding, expected) in [
        ("user", Gs2Flag::Unsupported, "n,,n=user,r="),
        ("user", Gs2Flag::NotOffered, "y,,n=user,r="),
        ("a=b,c", Gs2Flag::Unsupported, "n,,n=a=3Db=2Cc,r="),
        #[cfg(feature = "saslprep")]
        ("I\u{ad}X", Gs2Flag::Unsupported, "n,,n=IX,r="),
    ] {
        let credentials = Credentials::new(user, "pencil").unwrap();
        let (_, command) =
            Exchange::begin(Mechanism::ScramSha256, &credentials, nonce(), &binding).unwrap();
        let first = decoded(&command);
        assert!(first.contains(expected), "{first}");
    }
}

#[test]
fn a_bound_login_carries_the_binding() {
    for (binding, header) in [
        (ChannelBinding::TlsExporter(vec![7; 32]), "p=tls-exporter,,"),
        (
            ChannelBinding::TlsServerEndPoint(vec![9; 48]),
            "p=tls-server-end-point,,",
        ),
    ] {
        let (ChannelBinding::TlsExporter(data) | ChannelBinding::TlsServerEndPoint(data)) =
            binding.clone();
        let binding = Gs2Flag::Bound(binding);
        let (mut exchange, command) =
            Exchange::begin(Mechanism::ScramSha256Plus, &password(), nonce(), &binding).unwrap();
        let first = decoded(&command);
        assert!(
            first.contains(&format!("AUTH SCRAM-SHA-256-PLUS {header}n=user")),
            "{first}"
        );
        let server_first = "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXC,i=4096";
        let response = decoded(&answer(&mut exchange, server_first).unwrap());
        let expected = STANDARD.encode([header.as_bytes(), &data].concat());
        assert!(
            response.starts_with(&format!("c={expected},r=")),
            "{response}"
        );
    }
}
