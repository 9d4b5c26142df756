//! Mail with access tokens of an authorization server, which are renewed when they are refused.

use std::time::Duration;

use pilotfish::oauth::{
    Grant, HttpClient, Loopback, OAuthClient, OAuthCredentials, Provider, TokenMemory,
};
use pilotfish::testing::{AuthorizationServer, Endpoint, GrantType, TestServer};
use pilotfish::transport::TlsConfig;
use pilotfish::{Client, ServerConfig};

use super::{USER, causes, commands};
use crate::support::client::ACCOUNT;
use crate::support::events::Capture;

/// Logs in with the browser.
async fn provider(server: &AuthorizationServer) -> OAuthCredentials {
    let (authorize, token) = (Endpoint::Authorization, Endpoint::Token);
    let provider = Provider::new(&server.url(authorize), &server.url(token)).unwrap();
    let provider = provider.scope("mail.send offline_access").unwrap();
    let oauth = OAuthClient::new(provider, "mailer", HttpClient::new().unwrap()).unwrap();
    let listener = Loopback::bind().await.unwrap();
    let authorization = oauth.authorize(listener.port(), None).unwrap();
    let (tokens, page) = tokio::join!(
        listener.log_in(&oauth, &authorization, USER, Duration::from_mins(1)),
        server.log_in(authorization.url(), USER)
    );
    assert_eq!(page.unwrap().status, 200);
    let store = TokenMemory::new(Some(tokens.unwrap()));
    OAuthCredentials::new(Grant::RefreshToken(oauth), USER, store)
}

#[tokio::test]
async fn a_mail_goes_out_though_the_token_was_revoked() {
    let server = AuthorizationServer::builder().user(USER).client("mailer");
    let server = server.rotate_refresh_tokens().start().await.unwrap();
    let submission = TestServer::builder()
        .tokens_of(&server)
        .start()
        .await
        .unwrap();
    let provider = provider(&server).await;
    let tls = TlsConfig::builder()
        .ca_pem(submission.ca_pem())
        .build()
        .unwrap();
    let config = ServerConfig::builder("localhost")
        .port(submission.addr().port())
        .tls(tls)
        .credentials(provider.clone());
    let config = config.build().unwrap();

    let capture = Capture::begin();
    let mut shown = String::new();
    for (revoked, logins) in [(false, 1), (true, 3)] {
        let token = provider.tokens().await.unwrap();
        if revoked {
            server.revoke_access_tokens();
        }
        let client = Client::new(config.clone());
        let receipt = client
            .send(ACCOUNT.letter(&["a@example.org"]))
            .await
            .unwrap();
        assert!(!receipt.is_partial());
        client.close().await;
        assert_eq!(commands(&capture).len(), logins);
        shown += str::from_utf8(token.access().expose()).unwrap();
        shown.push(' ');
    }
    assert_eq!(server.token_requests(GrantType::RefreshToken), 1);

    // Neither the tokens nor a part of them are logged.
    let all = format!("{:?}", capture.all());
    for token in shown.split_whitespace() {
        let signature = token.rsplit('.').next().unwrap();
        assert!(!all.contains(signature), "{all}");
    }

    // The user has ended the login: the error has the refusal, and what to do.
    server.revoke_all();
    let error = config.connect().await.map(drop).unwrap_err();
    let words = causes(&error);
    assert!(words.contains("the server refused the login"), "{words}");
    assert!(words.contains("log in again"), "{words}");
    assert_eq!(server.violations(), [""; 0]);
    submission.shutdown().await.unwrap();
}
