//! Recorded exchanges, and servers that do not keep to them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;

mod scram;

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

fn begin(mechanism: Mechanism, credentials: &Credentials) -> (Exchange, Command<'static>) {
    let binding = if mechanism.binds() {
        Gs2Flag::Bound(ChannelBinding::TlsExporter(vec![7; 32]))
    } else {
        Gs2Flag::Unsupported
    };
    Exchange::begin(mechanism, credentials, nonce(), &binding).unwrap()
}

fn answer(exchange: &mut Exchange, challenge: &str) -> Result<Command<'static>, ExchangeError> {
    let mut step = exchange.respond(&STANDARD.encode(challenge))?;
    loop {
        match step {
            ExchangeStep::Send(command) => return Ok(command),
            ExchangeStep::Compute => step = exchange.compute()?,
        }
    }
}

fn password() -> Credentials {
    Credentials::new("user", "pencil").unwrap()
}

#[test]
fn mechanisms_that_do_not_fit() {
    use ExchangeError::*;
    let token = Credentials::token("user", "t").unwrap();
    let shark = Credentials::new("user", "🦈").unwrap();
    let fish = Credentials::new("🐟", "pencil").unwrap();
    let bound = Gs2Flag::Bound(ChannelBinding::TlsExporter(vec![7; 32]));
    for (mechanism, credentials, binding, expected) in [
        (
            Mechanism::Plain,
            &token,
            &Gs2Flag::Unsupported,
            OtherCredentials(Mechanism::Plain),
        ),
        (
            Mechanism::XOAuth2,
            &password(),
            &Gs2Flag::Unsupported,
            OtherCredentials(Mechanism::XOAuth2),
        ),
        (
            Mechanism::External,
            &password(),
            &Gs2Flag::Unsupported,
            OtherCredentials(Mechanism::External),
        ),
        (
            Mechanism::ScramSha1Plus,
            &password(),
            &Gs2Flag::Unsupported,
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
            &Gs2Flag::Unsupported,
            NotPreparable("password", Mechanism::ScramSha1),
        ),
        (
            Mechanism::ScramSha1,
            &fish,
            &Gs2Flag::Unsupported,
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
    assert!(exchange.has_presented());
    // A server that has not read the initial response gets it once more.
    let again = answer(&mut exchange, "Username:").unwrap();
    assert_eq!(line(&again), "AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
    assert_eq!(
        exchange.respond(""),
        Err(ExchangeError::UnexpectedChallenge)
    );
}

#[test]
fn an_identity_to_act_as() {
    let identity = "a=b,c";
    let password = || Credentials::new("tim", "secret").unwrap();
    let token = || Credentials::token("tim", "t").unwrap();
    for (mechanism, credentials, expected) in [
        (Mechanism::Plain, password(), "a=b,c^@tim^@secret"),
        (
            Mechanism::ScramSha256,
            password(),
            "n,a=a=3Db=2Cc,n=tim,r=fyko+d2lbbFgONRv9qkxdawL",
        ),
        (
            Mechanism::ScramSha256Plus,
            password(),
            "p=tls-exporter,a=a=3Db=2Cc,n=tim,r=fyko+d2lbbFgONRv9qkxdawL",
        ),
        (
            Mechanism::External,
            Credentials::external("").unwrap(),
            "a=b,c",
        ),
        (
            Mechanism::OAuthBearer,
            token(),
            "n,a=a=3Db=2Cc,^Aauth=Bearer t^A^A",
        ),
        (Mechanism::XOAuth2, token(), "user=a=b,c^Aauth=Bearer t^A^A"),
    ] {
        let credentials = credentials.acting_as(identity).unwrap();
        assert!(mechanism.takes(&credentials), "{mechanism}");
        let (_, command) = begin(mechanism, &credentials);
        let shown = decoded(&command);
        assert_eq!(shown, format!("AUTH {mechanism} {expected}"));
    }
    let credentials = password().acting_as(identity).unwrap();
    for mechanism in [Mechanism::Login, Mechanism::CramMd5] {
        assert!(!mechanism.takes(&credentials), "{mechanism}");
    }
    let long = "x".repeat(513);
    for wrong in ["", "a\0b", "a\r\nb", "a\u{1}b", &long] {
        assert!(password().acting_as(wrong).is_err(), "{wrong:?}");
    }
}

/// Servers that ignore an initial response ask for it by an empty challenge.
#[test]
fn an_initial_response_is_given_once_more() {
    let token = Credentials::token("user", "t").unwrap();
    for (mechanism, credentials) in [
        (Mechanism::Plain, password()),
        (Mechanism::ScramSha256, password()),
        (Mechanism::XOAuth2, token.clone()),
        (Mechanism::OAuthBearer, token),
        (Mechanism::External, Credentials::external("tim").unwrap()),
    ] {
        let (mut exchange, command) = begin(mechanism, &credentials);
        let first = line(&command);
        let again = line(&answer(&mut exchange, "").unwrap());
        assert!(first.ends_with(&format!(" {again}")), "{first} {again}");
        assert_ne!(line(&command), again);
        if mechanism == Mechanism::Plain {
            assert!(exchange.respond("").is_err());
        }
    }
}

#[test]
#[cfg(feature = "cram-md5")]
fn what_has_been_presented() {
    for (mechanism, challenges) in [
        (Mechanism::Plain, &[] as &[&str]),
        (Mechanism::Login, &["Username:", "Password:"]),
        (Mechanism::CramMd5, &["<1@x>"]),
        (
            Mechanism::ScramSha256,
            &["r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXC,i=4096"],
        ),
    ] {
        let (mut exchange, _) = begin(mechanism, &password());
        for challenge in challenges {
            assert!(!exchange.has_presented(), "{mechanism} before {challenge}");
            answer(&mut exchange, challenge).unwrap();
        }
        assert!(exchange.has_presented(), "{mechanism}");
        // An error does not undo it.
        let _ = exchange.respond("*");
        let _ = exchange.respond("*");
        assert!(exchange.has_presented(), "{mechanism}");
    }
    let (mut exchange, _) = begin(Mechanism::CramMd5, &password());
    assert!(exchange.respond("*").is_err());
    assert!(!exchange.has_presented());
}

#[test]
fn nothing_is_said_after_a_computation_that_was_not_due() {
    for mechanism in [Mechanism::Login, Mechanism::ScramSha256] {
        let (mut exchange, _) = begin(mechanism, &password());
        let over = Err(ExchangeError::UnexpectedChallenge);
        assert_eq!(exchange.compute(), over);
        assert_eq!(exchange.respond("VXNlcm5hbWU6"), over);
    }
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
#[cfg(feature = "cram-md5")]
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
        // Asked for once more, and not again.
        assert!(answer(&mut exchange, "").is_ok());
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
    let shown = exchange.refusal().unwrap();
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
    let Ok(ExchangeStep::Send(response)) = exchange.respond(refusal) else {
        panic!("no response")
    };
    assert_eq!(line(&response), "AQ==");
    let expected = "status invalid_token, scope https://mail.google.com/, schemes bearer mac";
    assert_eq!(exchange.refusal(), Some(expected));
}

#[test]
fn challenges_that_are_no_base64() {
    let credentials = Credentials::new("ann", "secret").unwrap();
    for (challenge, is_base64) in [
        ("", true),
        (" ", true),
        ("VXNlciBOYW1lAA==", true),
        ("Username:", false),
        ("*", false),
    ] {
        // What the prompts of LOGIN say does not matter.
        let mechanisms = [(Mechanism::Login, true), (Mechanism::CramMd5, is_base64)];
        let built = mechanisms.iter().filter(|(one, _)| one.is_built());
        for (mechanism, accepted) in built.copied() {
            let (mut exchange, _) = begin(mechanism, &credentials);
            assert_eq!(
                exchange.respond(challenge).is_ok(),
                accepted,
                "{mechanism} {challenge:?}"
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
        let before = format!("{exchange:?} {command:?}");
        let _ = answer(&mut exchange, "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXC,i=4096");
        let shown = format!("{before} {exchange:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
