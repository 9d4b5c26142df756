//! STARTTLS (RFC 3207) against every way to bypass it: no AUTH, no MAIL and no octet of a password
//! leaves before TLS with the right server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use pilotfish::{ErrorKind, Security, ServerConfig, Stage, testing};

use crate::support::client::{ACCOUNT, PASSWORD, play, send, summary};

const GREETING_TO_STARTTLS: &str = "
    S: 220 server.example ESMTP
    C: EHLO client.example
    S: 250-server.example
    S: 250-STARTTLS
    S: 250-SIZE 1000000
    S: 250-PIPELINING
    S: 250 AUTH PLAIN LOGIN
    C: STARTTLS
";

/// Submits a mail, which fails, and checks every octet that the client sent.
async fn fails(transcript: &str, outcome: &str) {
    let (result, played) = play(transcript, async |stream| {
        ACCOUNT
            .submit(stream, ACCOUNT.letter(&["a@example.org"]))
            .await
    })
    .await;
    assert_eq!(summary(&result), outcome);
    let encoded = STANDARD.encode(PASSWORD);
    for secret in ["AUTH", "MAIL", PASSWORD, &encoded, "dGFuc3RhYWZ0YW5zdGFhZg"] {
        let secret = secret.as_bytes();
        assert!(
            !played
                .wire
                .windows(secret.len())
                .any(|octets| octets == secret),
            "{} in {}",
            secret.escape_ascii(),
            played.wire.escape_ascii()
        );
    }
}

/// The same as [`fails`], for the dialogue after the command STARTTLS.
async fn fails_after_starttls(transcript: &str, outcome: &str) {
    fails(&format!("{GREETING_TO_STARTTLS}{transcript}"), outcome).await;
}

const INJECTED: &str = "Protocol at StartTls, NotAccepted, permanent: no reply";
const UNTRUSTED: &str = "Tls at StartTls, NotAccepted, permanent: no reply";

#[tokio::test(start_paused = true)]
async fn a_reply_injected_after_the_220_ends_the_session() {
    let transcript = "
        S: 220 go
        S: 250-injected
        S: 250 AUTH PLAIN
        -- tls server.example --
    ";
    fails_after_starttls(transcript, INJECTED).await;
}

#[tokio::test(start_paused = true)]
async fn a_single_octet_injected_after_the_220_ends_the_session() {
    let transcript = "
        S: 220 go
        S> 2
        -- tls server.example --
    ";
    fails_after_starttls(transcript, INJECTED).await;
}

#[tokio::test(start_paused = true)]
async fn a_220_injected_before_starttls_is_not_its_reply() {
    let transcript = "
        S: 220 server.example ESMTP
        C: EHLO client.example
        S: 250-server.example
        S: 250 STARTTLS
        S: 220 forged
    ";
    let outcome = "Protocol at StartTls, NotAccepted, permanent: 220 forged";
    fails(transcript, outcome).await;
}

#[tokio::test(start_paused = true)]
async fn starttls_not_offered() {
    for keyword in ["AUTH PLAIN LOGIN", "XXXXXXXA", "STARTTLSX", "X-STARTTLS"] {
        let transcript = format!(
            "S: 220 server.example ESMTP
             C: EHLO client.example
             S: 250-STARTTLS
             S: 250 {keyword}
             C: QUIT
             S: 221 bye"
        );
        fails(&transcript, UNTRUSTED).await;
    }
}

/// Like PREAUTH of IMAP: it must not bypass TLS.
#[tokio::test(start_paused = true)]
async fn a_greeting_that_pretends_to_be_logged_in() {
    let transcript = "
        S: 235 server.example, welcome back
        C: EHLO client.example
        S: 250-server.example
        S: 250 AUTH PLAIN
        C: QUIT
        S: 221 bye
    ";
    fails(transcript, UNTRUSTED).await;
}

/// A TLS record is rejected like text. Octets that arrive later are read as the handshake.
#[tokio::test(start_paused = true)]
async fn a_reply_injected_in_two_writes_or_with_a_record_of_tls() {
    for injected in ["250-injected", "\u{16}\u{3}\u{3}\u{0}"] {
        let transcript = format!("S: 220 go\nS> {injected}\n-- tls server.example --");
        fails_after_starttls(&transcript, INJECTED).await;
    }
    let later = "S: 220 go\n-- ahead --\nS: 250-injected\n-- swallow all --";
    fails_after_starttls(later, UNTRUSTED).await;
}

#[tokio::test(start_paused = true)]
async fn starttls_refused() {
    for (reply, outcome) in [
        (
            "454 4.7.0 TLS not available",
            "Tls at StartTls, NotAccepted, transient: 454 4.7.0 TLS not available",
        ),
        (
            "500 5.5.1 what?",
            "Tls at StartTls, NotAccepted, permanent: 500 5.5.1 what?",
        ),
        (
            "501 5.5.4 syntax error",
            "Tls at StartTls, NotAccepted, permanent: 501 5.5.4 syntax error",
        ),
        (
            "334 VXNlcm5hbWU6",
            "Tls at StartTls, NotAccepted, permanent: 334 VXNlcm5hbWU6",
        ),
    ] {
        let transcript = format!("S: {reply}\nC: QUIT\nS: 221 bye");
        fails_after_starttls(&transcript, outcome).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_421_to_starttls_closes() {
    let outcome = "Closed at StartTls, NotAccepted, transient: 421 busy";
    fails_after_starttls("S: 421 busy\n-- close --", outcome).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_with_only_helo_gets_nothing() {
    let transcript = "
        S: 220 server.example
        C: EHLO client.example
        S: 502 what?
        C: HELO client.example
        S: 250 server.example
        C: QUIT
        S: 221 bye
    ";
    fails(transcript, UNTRUSTED).await;
}

#[tokio::test(start_paused = true)]
async fn invalid_certificates_are_rejected() {
    for certificate in [
        "server.example stranger",
        "server.example expired",
        "other.example",
        "mail.server.example",
        "example",
        "*.example",
        "*.server.example",
    ] {
        let transcript = format!("S: 220 go\n-- tls {certificate} --");
        fails_after_starttls(&transcript, UNTRUSTED).await;
    }
}

#[tokio::test(start_paused = true)]
async fn plain_text_in_place_of_a_handshake() {
    let transcript = "
        S: 220 go
        -- swallow --
        S: 250-injected in a segment of its own
        S: 250 AUTH PLAIN
        -- swallow all --
    ";
    fails_after_starttls(transcript, UNTRUSTED).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_in_the_handshake() {
    let transcript = "S: 220 go\n-- swallow --\n-- cut --";
    let outcome = "Io at StartTls, NotAccepted, transient: no reply";
    fails_after_starttls(transcript, outcome).await;
}

#[tokio::test(start_paused = true)]
async fn extensions_offered_in_clear_text_are_discarded() {
    // After TLS the server offers no AUTH, SIZE or PIPELINING. It offers STARTTLS, which the client
    // ignores.
    let transcript = format!(
        "{GREETING_TO_STARTTLS}
        S: 220 go
        -- tls server.example --
        C: EHLO client.example
        S: 250-server.example
        S: 250 STARTTLS
        C: MAIL FROM:<tim@client.example>
        S: 550 no
        C: QUIT
        S: 221 bye"
    );
    let (result, _) = play(&transcript, async |stream| {
        let session = ACCOUNT.secure(stream).await?.without_authentication();
        send(session, ACCOUNT.letter(&["a@example.org"])).await
    })
    .await;
    assert_eq!(
        summary(&result),
        "Rejected at Mail, NotAccepted, permanent: 550 no"
    );

    let outcome = "Unsupported at Auth, NotAccepted, permanent: no reply";
    let no_login = "
        S: 220 go
        -- tls server.example --
        C: EHLO client.example
        S: 250 server.example
        C: QUIT
        S: 221 bye
    ";
    fails_after_starttls(no_login, outcome).await;
}

#[tokio::test(start_paused = true)]
async fn implicit_tls_is_checked_as_well() {
    for (transcript, outcome) in [
        (
            "-- tls server.example stranger --",
            "Tls at Connect, NotAccepted, permanent: no reply",
        ),
        (
            "-- tls other.example --",
            "Tls at Connect, NotAccepted, permanent: no reply",
        ),
        (
            "-- ahead --\nS: 220 server.example, this is port 587\n-- swallow all --",
            "Tls at Connect, NotAccepted, permanent: no reply",
        ),
        (
            "-- swallow --\n-- cut --",
            "Io at Connect, NotAccepted, transient: no reply",
        ),
    ] {
        let (result, _) = play(transcript, async |stream| {
            ACCOUNT
                .submit_465(stream, ACCOUNT.letter(&["a@example.org"]))
                .await
        })
        .await;
        assert_eq!(summary(&result), outcome, "{transcript}");
    }
}

/// Each side would wait for the other: five seconds on the clock pass before the error.
#[tokio::test]
async fn a_port_with_implicit_tls_is_detected() {
    let submission = testing::TestServer::builder()
        .security(Security::ImplicitTls)
        .start()
        .await
        .unwrap();
    let server = ServerConfig::builder(submission.addr().ip())
        .port(submission.addr().port())
        .security(Security::StartTls)
        .build()
        .unwrap();
    let error = server.connect().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.stage(), error.is_transient()),
        (ErrorKind::Tls, Some(Stage::Greeting), false)
    );
    assert!(error.to_string().ends_with("use implicit TLS"), "{error}");
}
