//! Recorded exchanges, and servers that do not keep to them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;

use super::*;
use crate::protocol::{Command, Reply, ReplyDecoder};

fn line(command: &Command) -> String {
    let mut octets = Vec::new();
    command.encode(&mut octets);
    let line = String::from_utf8(octets).unwrap();
    line.strip_suffix("\r\n").unwrap().to_owned()
}

/// A line with what is in base64 shown as it is, SOH as `^A` and NUL as `^@`.
fn decoded(command: &Command) -> String {
    let line = line(command);
    let (before, base64) = line.rsplit_once(' ').unwrap_or(("", &line));
    let text = String::from_utf8(STANDARD.decode(base64).unwrap()).unwrap();
    let text = text.replace('\u{1}', "^A").replace('\0', "^@");
    format!("{before} {text}").trim_start().to_owned()
}

fn reply(text: &str) -> Reply {
    let mut octets = BytesMut::from(format!("{text}\r\n").as_bytes());
    ReplyDecoder::default()
        .decode(&mut octets)
        .unwrap()
        .unwrap()
}

fn nonce() -> ClientNonce {
    ClientNonce::recorded("fyko+d2lbbFgONRv9qkxdawL")
}

fn begin(mechanism: Mechanism, credentials: &Credentials) -> (Exchange, Command) {
    let binding = match mechanism.binds() {
        true => Binding::Bound(ChannelBinding::TlsExporter(vec![7; 32])),
        false => Binding::Unsupported,
    };
    Exchange::begin(mechanism, credentials, nonce(), &binding).unwrap()
}

fn answer(exchange: &mut Exchange, challenge: &str) -> Result<Command, ExchangeError> {
    let mut step = exchange.respond(&STANDARD.encode(challenge))?;
    loop {
        match step {
            Step::Send(command) => return Ok(command),
            Step::Compute => step = exchange.compute()?,
        }
    }
}

fn password() -> Credentials {
    Credentials::new("user", "pencil").unwrap()
}

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
            Exchange::begin(*mechanism, &password(), client_nonce, &Binding::Unsupported).unwrap();
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
        &Binding::Unsupported,
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
        assert_eq!(exchange.respond(&STANDARD.encode(first)), Ok(Step::Compute));
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
        (String::new(), Malformed("r")),
        (format!("m=x,r={nonce}x,s=QSXC,i=4096"), MandatoryExtension),
        (
            "e=unknown-user".to_owned(),
            ServerError("unknown-user".to_owned()),
        ),
        (
            "e=a\u{1b}[31m".to_owned(),
            ServerError("a\\u{1b}[31m".to_owned()),
        ),
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
        ("e=invalid-proof", ServerError("invalid-proof".to_owned())),
        ("m=x,v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", MandatoryExtension),
        // The first message once more: no key is derived twice.
        (RECORDED[0].server_first, Malformed("v")),
    ] {
        let mut exchange = proved_ourselves(&RECORDED[0]);
        assert_eq!(answer(&mut exchange, message), Err(expected), "{message}");
        assert!(exchange.succeed(&reply("235 ok")).is_err());
    }
}

#[test]
fn names_and_flags_of_gs2() {
    for (user, binding, expected) in [
        ("user", Binding::Unsupported, "n,,n=user,r="),
        ("user", Binding::NotOffered, "y,,n=user,r="),
        ("a=b,c", Binding::Unsupported, "n,,n=a=3Db=2Cc,r="),
        ("I\u{ad}X", Binding::Unsupported, "n,,n=IX,r="),
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
        let data = binding.octets().to_vec();
        let binding = Binding::Bound(binding);
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

#[test]
fn mechanisms_that_do_not_fit() {
    use ExchangeError::*;
    let token = Credentials::token("user", "t").unwrap();
    let shark = Credentials::new("user", "🦈").unwrap();
    let fish = Credentials::new("🐟", "pencil").unwrap();
    let bound = Binding::Bound(ChannelBinding::TlsExporter(vec![7; 32]));
    for (mechanism, credentials, binding, expected) in [
        (
            Mechanism::Plain,
            &token,
            &Binding::Unsupported,
            OtherCredentials(Mechanism::Plain),
        ),
        (
            Mechanism::XOAuth2,
            &password(),
            &Binding::Unsupported,
            OtherCredentials(Mechanism::XOAuth2),
        ),
        (
            Mechanism::External,
            &password(),
            &Binding::Unsupported,
            OtherCredentials(Mechanism::External),
        ),
        (
            Mechanism::ScramSha1Plus,
            &password(),
            &Binding::Unsupported,
            NoChannelBinding(Mechanism::ScramSha1Plus),
        ),
        (
            Mechanism::ScramSha1,
            &password(),
            &bound,
            NoChannelBinding(Mechanism::ScramSha1),
        ),
        (
            Mechanism::ScramSha1,
            &shark,
            &Binding::Unsupported,
            NotPreparable("password", Mechanism::ScramSha1),
        ),
        (
            Mechanism::ScramSha1,
            &fish,
            &Binding::Unsupported,
            NotPreparable("user name", Mechanism::ScramSha1),
        ),
    ] {
        let error = Exchange::begin(mechanism, credentials, nonce(), binding).err();
        assert_eq!(error, Some(expected));
    }
    assert!(Mechanism::Plain.takes(&shark) && !Mechanism::Plain.takes(&token));
}

#[test]
fn plain_in_one_round_trip() {
    // The example of RFC 4616 section 4, with no authorization identity.
    let credentials = Credentials::new("tim", "tanstaaftanstaaf").unwrap();
    let (mut exchange, command) = begin(Mechanism::Plain, &credentials);
    assert_eq!(line(&command), "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
    assert_eq!(
        exchange.respond(""),
        Err(ExchangeError::UnexpectedChallenge)
    );
}

#[test]
fn a_response_too_long_for_a_command_line_waits_for_the_challenge() {
    // 2 + 4 + 366 octets are 496 of base64, one more are 500; with XOAUTH2's frame of 24 octets
    // and a longer name, 348 and 349.
    let plain = |length: usize| Credentials::new("user", "p".repeat(length)).unwrap();
    let token = |length: usize| Credentials::token("user", "t".repeat(length)).unwrap();
    for (mechanism, credentials, fits) in [
        (Mechanism::Plain, plain(366), true),
        (Mechanism::Plain, plain(367), false),
        (Mechanism::Plain, plain(4_096), false),
        (Mechanism::XOAuth2, token(348), true),
        (Mechanism::XOAuth2, token(349), false),
        (Mechanism::XOAuth2, token(8_192), false),
        (Mechanism::OAuthBearer, token(2_500), false),
    ] {
        let (mut exchange, command) = begin(mechanism, &credentials);
        let length = credentials.secret().unwrap().len();
        assert!(line(&command).len() <= 510, "{length}");
        assert_eq!(
            matches!(command, Command::Auth(_, Some(_))),
            fits,
            "{mechanism} {length}"
        );
        if !fits {
            let response = answer(&mut exchange, "").unwrap();
            assert!((500..=12_286).contains(&line(&response).len()), "{length}");
        }
    }
}

#[test]
fn login_in_three() {
    let credentials = Credentials::new("ann", "secret").unwrap();
    let (mut exchange, command) = begin(Mechanism::Login, &credentials);
    assert_eq!(line(&command), "AUTH LOGIN");
    for (challenge, response) in [("Username:", "YW5u"), ("Password:", "c2VjcmV0")] {
        assert_eq!(line(&answer(&mut exchange, challenge).unwrap()), response);
    }
    assert!(answer(&mut exchange, "Username:").is_err());
}

#[test]
fn cram_md5_as_recorded() {
    // RFC 2195 section 2.
    let credentials = Credentials::new("tim", "tanstaaftanstaaf").unwrap();
    let (mut exchange, command) = begin(Mechanism::CramMd5, &credentials);
    assert_eq!(line(&command), "AUTH CRAM-MD5");
    let challenge = "<1896.697170952@postoffice.reston.mci.net>";
    let response = answer(&mut exchange, challenge).unwrap();
    assert_eq!(
        line(&response),
        "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"
    );
    assert!(answer(&mut exchange, challenge).is_err());
}

#[test]
fn external_with_and_without_a_name() {
    for (user, expected) in [("", "AUTH EXTERNAL ="), ("fred", "AUTH EXTERNAL ZnJlZA==")] {
        let credentials = Credentials::external(user).unwrap();
        let (mut exchange, command) = begin(Mechanism::External, &credentials);
        assert_eq!(line(&command), expected);
        assert!(answer(&mut exchange, "").is_err());
    }
}

#[test]
fn xoauth2_as_google_describes_it() {
    let user = "someuser@example.com";
    let token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg";
    let credentials = Credentials::token(user, token).unwrap();
    let (mut exchange, command) = begin(Mechanism::XOAuth2, &credentials);
    assert_eq!(
        line(&command),
        "AUTH XOAUTH2 dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRj\
         Mk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ=="
    );
    let refusal = r#"{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}"#;
    assert_eq!(line(&answer(&mut exchange, refusal).unwrap()), "");
    let shown = exchange.refusal().unwrap().to_string();
    assert_eq!(
        shown,
        "status 401, scope https://mail.google.com/, schemes bearer"
    );
    assert!(answer(&mut exchange, refusal).is_err());
}

#[test]
fn oauthbearer() {
    let token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
    let credentials = Credentials::token("user@example.com", token).unwrap();
    let (mut exchange, command) = begin(Mechanism::OAuthBearer, &credentials);
    assert_eq!(
        decoded(&command),
        format!("AUTH OAUTHBEARER n,a=user@example.com,^Aauth=Bearer {token}^A^A")
    );
    // RFC 7628 section 4.3.
    let refusal = "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NoZW1lcyI6ImJlYXJlciBtYWMiLCJzY29wZSI6Imh0dHBzOi8vbWFpbC5nb29nbGUuY29tLyJ9";
    let Ok(Step::Send(response)) = exchange.respond(refusal) else {
        panic!("no response")
    };
    assert_eq!(line(&response), "AQ==");
    let status = exchange
        .refusal()
        .and_then(|refusal| refusal.status.as_deref());
    assert_eq!(status, Some("invalid_token"));
}

#[test]
fn challenges_are_base64_and_may_be_empty() {
    let credentials = Credentials::new("ann", "secret").unwrap();
    for (challenge, accepted) in [
        ("", true),
        (" ", true),
        ("VXNlciBOYW1lAA==", true),
        ("Username:", false),
        ("*", false),
    ] {
        for mechanism in [Mechanism::Login, Mechanism::CramMd5] {
            let (mut exchange, _) = begin(mechanism, &credentials);
            assert_eq!(
                exchange.respond(challenge).is_ok(),
                accepted,
                "{challenge:?}"
            );
        }
    }
}

#[test]
fn debug_shows_no_secret() {
    let credentials = Credentials::new("ann", "hunter2hunter2").unwrap();
    for mechanism in Mechanism::PREFERENCE
        .into_iter()
        .filter(|one| one.takes(&credentials))
    {
        let (mut exchange, command) = begin(mechanism, &credentials);
        let mut shown = format!("{exchange:?} {command:?}");
        let _ = answer(&mut exchange, "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXC,i=4096");
        shown.push_str(&format!("{exchange:?}"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
