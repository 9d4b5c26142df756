//! Logins of the library in Chromium: at a server that others wrote, and at our own for tests.

use std::time::Duration;

use pilotfish::oauth::{HttpClient, Loopback, OAuthClient, OAuthErrorKind, Provider, Tokens};
use pilotfish::testing::{AuthorizationServer, GrantType};

use super::super::live_env::{address, assert_once, fetch};
use super::browser::{Foreign, log_in};
use super::dovecot::{knows, sent_with};

/// Ten times what a slow machine needs.
const PATIENCE: Duration = Duration::from_mins(2);

async fn client(issuer: &str, scope: &str) -> OAuthClient {
    let http = HttpClient::new().unwrap();
    let provider = Provider::discover(issuer, &http).await.unwrap();
    let provider = provider.scope(scope).unwrap();
    OAuthClient::new(provider, "pilotfish", http).unwrap()
}

/// Logs ann in with the browser, which then shows the library's page.
async fn logged_in(client: &OAuthClient, screenshot: &str) -> Tokens {
    let user = address("ann");
    let loopback = Loopback::bind().await.unwrap();
    let authorization = client.authorize(loopback.port(), Some(&user)).unwrap();
    let (tokens, page) = tokio::join!(
        loopback.log_in(client, &authorization, &user, PATIENCE),
        log_in(authorization.url(), &user, screenshot),
    );
    let welcome = format!(
        "You are logged in as {user}. You can close this page and go back to the program that opened it."
    );
    assert_eq!(page["text"].as_str().map(str::trim), Some(welcome.as_str()));
    tokens.unwrap()
}

async fn login_has_ended(client: &OAuthClient, tokens: &Tokens) {
    let refreshed = client.refresh(tokens.refresh().unwrap()).await;
    assert_eq!(refreshed.unwrap_err().kind(), OAuthErrorKind::LoginEnded);
}

#[tokio::test]
#[ignore = "needs the real servers: tests/run starts them"]
async fn a_login_at_a_server_that_others_wrote_is_renewed_and_revoked() {
    let server = Foreign::start();
    let client = client(&server.issuer, "openid mail.send").await;
    let tokens = logged_in(&client, "login.png").await;
    assert_eq!(tokens.scope(), Some("openid mail.send"));
    assert!(tokens.expires().is_some());

    let renewed = client.refresh(tokens.refresh().unwrap()).await.unwrap();
    assert_ne!(renewed.access(), tokens.access());
    // This server replaces refresh tokens.
    assert_ne!(renewed.refresh(), tokens.refresh());
    client.revoke(&renewed).await.unwrap();
    login_has_ended(&client, &renewed).await;
}

#[tokio::test]
#[ignore = "needs the real servers: tests/run starts them"]
async fn a_refresh_token_that_was_used_ends_the_login() {
    let server = Foreign::start();
    let client = client(&server.issuer, "openid mail.send").await;
    let tokens = logged_in(&client, "used.png").await;
    let renewed = client.refresh(tokens.refresh().unwrap()).await.unwrap();
    login_has_ended(&client, &tokens).await;
    login_has_ended(&client, &renewed).await;
}

#[tokio::test]
#[ignore = "needs the real servers: tests/run starts them"]
async fn a_device_is_connected_at_a_server_that_others_wrote() {
    let server = Foreign::start();
    let client = client(&server.issuer, "openid mail.send").await;
    let device = client.device().await.unwrap();
    let (page, user) = (device.complete_uri().unwrap(), address("ann"));
    let (tokens, page) = tokio::join!(client.poll(&device), log_in(page, &user, "device.png"),);
    assert_eq!(page["title"], "Sign-in Success");
    let tokens = tokens.unwrap();
    client.refresh(tokens.refresh().unwrap()).await.unwrap();
}

/// From the button in the browser to the mail in the mailbox.
#[tokio::test]
#[ignore = "needs the real servers: tests/run starts them"]
async fn dovecot_accepts_the_token_of_a_login() {
    let server = AuthorizationServer::builder()
        .user(address("bob"))
        .user(address("ann"))
        .client("pilotfish")
        .start()
        .await
        .unwrap();
    knows(&server);
    let client = client(server.issuer(), "mail.send").await;
    let tokens = logged_in(&client, "ours.png").await;
    let tokens = client.refresh(tokens.refresh().unwrap()).await.unwrap();
    let (mail, run) = sent_with(tokens.access(), "oauthbearer");
    assert_once(&fetch("bob", &mail.id), run.accepted());
    assert_eq!(server.token_requests(GrantType::AuthorizationCode), 1);
    assert_eq!(server.token_requests(GrantType::RefreshToken), 1);
    server.shutdown().await.unwrap();
}
