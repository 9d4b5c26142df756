//! How many round trips a mail takes, as the server counts them.

use pilotfish::protocol::{Chunking, Strategy};
use pilotfish::testing::{Security, TestServer};
use pilotfish::transport::TlsConfig;
use pilotfish::{Credentials, Message};

/// Sends one mail over a separate connection. Returns the round trips until the reply to the mail,
/// and until the reply to QUIT.
async fn one_mail(security: Security, chunking: Chunking) -> (u64, u64) {
    let mut strategy = Strategy::default();
    strategy.chunking = chunking;
    let server = TestServer::builder()
        .security(security)
        .user("tim", "tanstaaftanstaaf")
        .start()
        .await
        .unwrap();
    let tls = TlsConfig::builder().ca_pem(server.ca_pem());
    let client = pilotfish::ServerConfig::builder("localhost")
        .port(server.addr().port())
        .security(security)
        .strategy(strategy)
        .tls(tls.build().unwrap())
        .credentials(Credentials::new("tim", "tanstaaftanstaaf").unwrap())
        .build()
        .unwrap();
    let mut session = client.connect().await.unwrap();
    let message = Message::builder()
        .from("tim@client.example")
        .to("a@example.org")
        .subject("nine")
        .text("or seven");
    let receipt = session.send(message.build().await.unwrap()).await;
    assert!(receipt.unwrap().rejected.is_empty());
    session.quit().await;
    let answered = server.next_received().await.unwrap().round_trips;
    let all = server.round_trips().iter().sum();
    server.shutdown().await.unwrap();
    (answered, all)
}

/// TCP, the greeting, EHLO, STARTTLS, TLS, EHLO, AUTH, the envelope with DATA, the message.
#[tokio::test]
async fn a_mail_with_starttls_takes_nine() {
    let figures = one_mail(Security::StartTls, Chunking::Auto).await;
    assert_eq!(figures, (9, 10));
}

/// TCP, TLS, the greeting, EHLO, AUTH, the envelope with DATA, the message.
#[tokio::test]
async fn a_mail_with_implicit_tls_takes_seven() {
    let figures = one_mail(Security::ImplicitTls, Chunking::Auto).await;
    assert_eq!(figures, (7, 8));
}

/// The message leaves together with the envelope.
#[tokio::test]
async fn by_bdat_it_takes_one_less() {
    let figures = one_mail(Security::StartTls, Chunking::Always).await;
    assert_eq!(figures, (8, 9));
    let figures = one_mail(Security::ImplicitTls, Chunking::Always).await;
    assert_eq!(figures, (6, 7));
}
