//! AUTH, in the clear so that it can be read; inside TLS it is the same (RFC 4954).

use super::{HELLO, Peer, violations_of};
use crate::testing::{Security, TestServer, TestServerBuilder};

const SUCCESS: &str = "S: 235 2.7.0 Authentication succeeded";
const WRONG: &str = "S: 535 5.7.8 Authentication credentials invalid";

/// A server that lets `tim` in with `tanstaaftanstaaf`, as in RFC 4616, section 4.
fn server() -> TestServerBuilder {
    TestServer::builder()
        .security(Security::Cleartext)
        .user("kate", "kiss me")
        .user("tim", "tanstaaftanstaaf")
}

fn hello() -> String {
    HELLO.replace(
        "S: 250 BINARYMIME",
        "S: 250-BINARYMIME\n S: 250 AUTH PLAIN LOGIN",
    )
}

/// What comes of an exchange that must break no rule.
async fn allowed(exchange: &str) {
    let violations = violations_of(server(), &[&hello(), exchange].concat()).await;
    assert_eq!(violations, [""; 0]);
}

#[tokio::test]
async fn plain_with_and_without_an_initial_response() {
    for exchange in [
        "C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\n",
        "C: auth plain dGltAHRpbQB0YW5zdGFhZnRhbnN0YWFm\n",
        "C: AUTH PLAIN\n S: 334 \n C: AHRpbQB0YW5zdGFhZnRhbnN0YWFm\n",
    ] {
        allowed(&[exchange, SUCCESS].concat()).await;
    }
}

#[tokio::test]
async fn login_with_and_without_an_initial_response() {
    for exchange in [
        "C: AUTH LOGIN\n S: 334 VXNlcm5hbWU6\n C: dGlt\n",
        "C: AUTH LOGIN dGlt\n",
    ] {
        let password = "S: 334 UGFzc3dvcmQ6\n C: dGFuc3RhYWZ0YW5zdGFhZg==\n";
        allowed(&[exchange, password, SUCCESS].concat()).await;
    }
}

#[tokio::test]
async fn wrong_credentials_are_refused_and_may_be_tried_again() {
    let kate_with_the_password_of_tim = "C: AUTH PLAIN AGthdGUAdGFuc3RhYWZ0YW5zdGFhZg==\n";
    let tim_for_kate = "C: AUTH PLAIN a2F0ZQB0aW0AdGFuc3RhYWZ0YW5zdGFhZg==\n";
    let nobody = "C: AUTH LOGIN =\n S: 334 UGFzc3dvcmQ6\n C: \n";
    for exchange in [kate_with_the_password_of_tim, tim_for_kate, nobody] {
        let again = "\n C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\n";
        allowed(&[exchange, WRONG, again, SUCCESS].concat()).await;
    }
}

#[tokio::test]
async fn an_exchange_can_be_cancelled() {
    for challenge in ["PLAIN\n S: 334 ", "LOGIN\n S: 334 VXNlcm5hbWU6"] {
        allowed(&format!(
            "C: AUTH {challenge}\n C: *\n S: 501 5.7.0 Authentication cancelled"
        ))
        .await;
    }
}

#[tokio::test]
async fn mail_needs_a_user_who_has_logged_in() {
    let server = server().start().await.unwrap();
    let mut peer = Peer::connect(&server).await;
    peer.play(&hello()).await;
    peer.play(
        "C: MAIL FROM:<>
         C: RCPT TO:<a@b.example>
         S: 530 5.7.0 Authentication required
         S: 503 5.5.1 MAIL was refused
         C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm
         S: 235 2.7.0 Authentication succeeded
         C: MAIL FROM:<> AUTH=<>
         S: 250 2.1.0 Sender ok
         C: RCPT TO:<a@b.example>
         S: 250 2.1.5 Recipient ok
         C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>
         C: .
         S: 250 2.0.0 Ok: queued as 4C1F00000000",
    )
    .await;
    let received = server.next_received().await.unwrap();
    assert_eq!(received.authenticated_as.as_deref(), Some("tim"));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_a_client_may_not_do_in_an_exchange() {
    let success = format!("C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\n {SUCCESS}\n");
    for (exchange, violation) in [
        (
            "C: AUTH PLAIN AHR\n S: 501 5.5.2 Not base64",
            "response that is not base64 (RFC 4954, section 4)",
        ),
        (
            "C: AUTH PLAIN =\n S: 501 5.5.4 Syntax error in parameters",
            "malformed PLAIN response (RFC 4616, section 2)",
        ),
        (
            "C: AUTH PLAIN  AHRp\n S: 501 5.5.4 Syntax error in parameters",
            "AUTH with spaces too many (RFC 4954, section 4)",
        ),
        (
            "C: AUTH CRAM-MD5\n S: 504 5.5.4 Mechanism not offered",
            "AUTH with a mechanism that is not offered (RFC 4954, section 4)",
        ),
        (
            &[
                &success,
                "C: AUTH LOGIN\n S: 503 5.5.1 Bad sequence of commands",
            ]
            .concat(),
            "AUTH a second time (RFC 4954, section 4)",
        ),
        (
            "C: AUTH LOGIN\n C: dGlt\n S: 503 5.5.1 This command is the last of its group\n S: EOF",
            "octets after AUTH, unanswered (RFC 2920, section 3.1)",
        ),
        (
            "C: AUTH LOGIN\n S: 334 VXNlcm5hbWU6\n C: dGlt\n C: dGFu\n S: 503 5.5.1 A response is answered first\n S: EOF",
            "octets after a response, unanswered (RFC 2920, section 3.1)",
        ),
    ] {
        let violations = violations_of(server(), &[&hello(), exchange].concat()).await;
        assert_eq!(violations, [format!("connection 1: {violation}")]);
    }
}

#[tokio::test]
async fn auth_in_a_transaction() {
    let exchange = "C: MAIL FROM:<>
         S: 250 2.1.0 Sender ok
         C: AUTH LOGIN
         S: 503 5.5.1 Bad sequence of commands";
    let transcript = [&hello(), exchange].concat();
    let violations = violations_of(server().anonymous(), &transcript).await;
    let violation = "connection 1: AUTH in a transaction (RFC 4954, section 4)";
    assert_eq!(violations, [violation]);
}

#[tokio::test]
async fn a_password_in_the_wrong_place_is_not_repeated() {
    let exchange = "C: dGFuc3RhYWZ0YW5zdGFhZg==\n S: 500 5.5.2 Unknown command";
    let violations = violations_of(server(), &[&hello(), exchange].concat()).await;
    let unknown = "connection 1: unknown command (RFC 5321, section 4.1)";
    assert_eq!(violations, [unknown]);
}
