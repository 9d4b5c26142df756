//! STARTTLS and TLS from the first octet (RFC 3207, RFC 8314).

use super::{HELLO, Peer, violations_of};
use crate::testing::{Security, TestServer, TlsVersion};

fn before_tls() -> String {
    HELLO.replace("S: 250-PIPELINING", "S: 250-STARTTLS\n S: 250-PIPELINING")
}

/// What follows the greeting inside TLS.
const INSIDE_TLS: &str = "
    C: EHLO client.example
    S: 250-localhost
    S: 250-PIPELINING
    S: 250-SIZE 67108864
    S: 250-8BITMIME
    S: 250-ENHANCEDSTATUSCODES
    S: 250-SMTPUTF8
    S: 250-CHUNKING
    S: 250-BINARYMIME
    S: 250 AUTH PLAIN LOGIN
    C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm
    S: 235 2.7.0 Authentication succeeded
    C: MAIL FROM:<a@b.example> SIZE=5
    C: RCPT TO:<c@d.example>
    C: DATA
    S: 250 2.1.0 Sender ok
    S: 250 2.1.5 Recipient ok
    S: 354 End data with <CR><LF>.<CR><LF>
    C: ..me
    C: .
    S: 250 2.0.0 Ok: queued as 4C1F00000000
    C: QUIT
    S: 221 2.0.0 Bye
    S: EOF
";

#[tokio::test]
async fn a_mail_goes_through_starttls() {
    let server = TestServer::builder().user("tim", "tanstaaftanstaaf");
    let server = server.start().await.unwrap();
    let mut peer = Peer::connect(&server).await;
    peer.play(&before_tls()).await;
    peer.play("C: STARTTLS\n S: 220 2.0.0 Ready to start TLS")
        .await;
    let mut peer = peer.handshake(&server).await;
    peer.play(INSIDE_TLS).await;
    let received = server.next_received().await.unwrap();
    assert_eq!(received.octets, ".me\r\n");
    assert_eq!(received.tls, Some(TlsVersion::Tls13));
    assert_eq!(received.authenticated_as.as_deref(), Some("tim"));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_mail_goes_through_implicit_tls() {
    let server = TestServer::builder()
        .security(Security::ImplicitTls)
        .user("tim", "tanstaaftanstaaf")
        .start()
        .await
        .unwrap();
    let mut peer = Peer::connect(&server).await.handshake(&server).await;
    peer.play("S: 220 localhost ESMTP Pilotfish").await;
    peer.play(INSIDE_TLS).await;
    assert_eq!(server.received().len(), 1);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn mail_in_clear_text_needs_starttls_first() {
    let transcript = "C: MAIL FROM:<>
         S: 530 5.7.0 Must issue a STARTTLS command first
         C: QUIT
         S: 221 2.0.0 Bye";
    let server = TestServer::builder().anonymous();
    let violations = violations_of(server, &[&before_tls(), transcript].concat()).await;
    assert_eq!(violations, [""; 0]);
}

#[tokio::test]
async fn a_password_in_clear_text_is_a_violation() {
    let transcript = "C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm
         S: 538 5.7.11 Encryption required";
    let server = TestServer::builder().user("tim", "tanstaaftanstaaf");
    let violations = violations_of(server, &[&before_tls(), transcript].concat()).await;
    assert_eq!(
        violations,
        ["connection 1: AUTH in clear text where TLS is offered (RFC 4954, section 4)"]
    );
}

#[tokio::test]
async fn octets_in_the_segment_of_starttls_are_a_violation() {
    let transcript = "C: STARTTLS
         C: EHLO client.example
         S: 503 5.5.1 STARTTLS is answered first
         S: EOF";
    let violations =
        violations_of(TestServer::builder(), &[&before_tls(), transcript].concat()).await;
    assert_eq!(
        violations,
        ["connection 1: octets after STARTTLS (RFC 3207, section 4)"]
    );
}

#[tokio::test]
async fn clear_text_in_place_of_the_handshake_is_a_violation() {
    let transcript = "C: STARTTLS
         S: 220 2.0.0 Ready to start TLS
         C: EHLO client.example
         S: EOF";
    let violations =
        violations_of(TestServer::builder(), &[&before_tls(), transcript].concat()).await;
    assert_eq!(
        violations,
        ["connection 1: octets in clear text after STARTTLS (RFC 3207, section 4)"]
    );
}

#[tokio::test]
async fn what_was_said_in_clear_text_is_forgotten() {
    let server = TestServer::builder().anonymous().start().await.unwrap();
    let mut peer = Peer::connect(&server).await;
    peer.play(&before_tls()).await;
    peer.play("C: STARTTLS\n S: 220 2.0.0 Ready to start TLS")
        .await;
    let mut peer = peer.handshake(&server).await;
    peer.play("C: MAIL FROM:<>\n S: 503 Bad sequence of commands")
        .await;
    assert_eq!(
        server.violations(),
        ["connection 1: MAIL before EHLO (RFC 5321, section 4.1.1.1)"]
    );
}

#[tokio::test]
async fn starttls_is_not_offered_twice_nor_where_it_is_left_out() {
    let server = TestServer::builder().anonymous().start().await.unwrap();
    let mut peer = Peer::connect(&server).await;
    peer.play(&before_tls()).await;
    peer.play("C: STARTTLS\n S: 220 2.0.0 Ready to start TLS")
        .await;
    let mut peer = peer.handshake(&server).await;
    let hello = HELLO.replace("S: 220 localhost ESMTP Pilotfish", "");
    peer.play(&hello).await;
    peer.play("C: STARTTLS\n S: 503 5.5.1 Bad sequence of commands")
        .await;
    assert_eq!(server.violations().len(), 1);

    let server = TestServer::builder().anonymous().without("STARTTLS");
    let transcript = "C: STARTTLS\n S: 503 5.5.1 Bad sequence of commands";
    let violations = violations_of(server, &[HELLO, transcript].concat()).await;
    assert_eq!(
        violations,
        ["connection 1: STARTTLS, not offered (RFC 3207, section 4)"]
    );
}
