//! Accounts that log in by OAuth 2.0, as a file describes them.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use futures_util::future::join_all;
use pilotfish::Client;
use pilotfish::config::{Account, Config, OAuthLogin};
use pilotfish::oauth::{Loopback, OAuthErrorKind, TokenFile, TokenStore as _, Tokens};
use pilotfish::testing::{
    AuthorizationServer, AuthorizationServerBuilder, Endpoint, GrantType, TestServer,
};

use super::build;

const USER: &str = "me@example.org";

/// An authorization server, a submission server that takes its tokens, and the directory of the
/// configuration.
struct World {
    provider: AuthorizationServer,
    submission: TestServer,
    directory: tempfile::TempDir,
}

impl World {
    async fn new(provider: AuthorizationServerBuilder) -> Self {
        let provider = provider.user(USER).start().await.unwrap();
        let submission = TestServer::builder().tokens_of(&provider);
        let submission = submission.start().await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let world = Self {
            provider,
            submission,
            directory,
        };
        world.file("ca.pem", world.submission.ca_pem());
        world
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file that only its owner can read.
    fn file(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
    }

    /// The account of a file with these keys.
    fn account(&self, keys: &str) -> Account {
        let mut text = format!(
            "[account.a]\nserver = '{}'\ntls = 'starttls'\ntls-ca = 'ca.pem'\nuser = '{USER}'\n",
            self.submission.addr()
        );
        text.push_str(keys);
        self.file("config.toml", &text);
        let config = Config::load(self.path().join("config.toml")).unwrap();
        config.account("a").unwrap().clone()
    }

    /// The same that logs in at the authorization server.
    fn account_there(&self, keys: &str) -> Account {
        let mut all = format!("oauth = '{}'\n", self.provider.issuer());
        write!(all, "oauth-scope = 'mail.send offline_access'\n{keys}").unwrap();
        self.account(&all)
    }

    /// Logs in by the browser, and stores the tokens as if an hour had passed long ago.
    async fn log_in(&self, login: &OAuthLogin) -> Tokens {
        let client = login.client().await.unwrap().unwrap();
        let loopback = Loopback::bind().await.unwrap();
        let authorization = client.authorize(loopback.port(), Some(USER)).unwrap();
        let limit = Duration::from_mins(1);
        let (tokens, page) = tokio::join!(
            loopback.log_in(&client, &authorization, USER, limit),
            self.provider.log_in(authorization.url(), USER)
        );
        assert_eq!(page.unwrap().status, 200);
        let expired = UNIX_EPOCH + Duration::from_hours(1);
        let tokens = tokens.unwrap().with_expiry(UNIX_EPOCH, expired);
        login.store().store(&tokens).await.unwrap();
        tokens
    }

    /// Sends this many mails by the account, at the same time.
    async fn send(&self, account: &Account, mails: usize) {
        let client = Client::new(account.server().await.unwrap());
        let sent = (0..mails).map(async |_| client.send(build(USER).await.unwrap()).await);
        for receipt in join_all(sent).await {
            assert!(receipt.unwrap().rejected.is_empty());
        }
        client.close().await;
        let received = self.submission.take_received();
        assert_eq!(received.len(), mails);
        for mail in received {
            assert_eq!(mail.authenticated_as.as_deref(), Some(USER));
        }
    }

    async fn shutdown(self) {
        self.provider.shutdown().await.unwrap();
        self.submission.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_and_stored() {
    let provider = AuthorizationServer::builder().client("mailer");
    let world = World::new(provider.rotate_refresh_tokens()).await;
    let account = world.account_there("client-id = 'mailer'\ntoken-file = 'a.tokens'\n");
    let login = account.oauth().unwrap().unwrap();
    let file = world.path().join("a.tokens");
    assert_eq!(login.place(), file.display().to_string());
    let old = world.log_in(&login).await;
    world.send(&account, 2).await;
    let new = TokenFile::new(&file).load().await.unwrap().unwrap();
    assert_ne!(new.access(), old.access());
    assert_ne!(new.refresh(), old.refresh());
    let renewals = |world: &World| world.provider.token_requests(GrantType::RefreshToken);
    assert_eq!(renewals(&world), 1);
    // Another process takes the stored token.
    world.send(&account, 1).await;
    assert_eq!(renewals(&world), 1);
    // The server refuses a token before its end: another one, on the same connection.
    world.provider.revoke_access_tokens();
    world.send(&account, 1).await;
    assert_eq!(renewals(&world), 2);
    assert_eq!(
        account.credentials().await.unwrap().unwrap().secret(),
        Some(login.credentials().tokens().await.unwrap().access())
    );
    world.shutdown().await;
}

#[tokio::test]
async fn before_the_first_login_there_is_no_token() {
    let world = World::new(AuthorizationServer::builder().client("mailer")).await;
    let account = world.account_there("client-id = 'mailer'\ntoken-file = 'new/a.tokens'\n");
    let login = account.oauth().unwrap().unwrap();
    assert_eq!(login.store().load().await.unwrap(), None);
    let error = login.credentials().tokens().await.unwrap_err();
    assert_eq!(error.kind(), OAuthErrorKind::NotLoggedIn);
    let client = Client::new(account.server().await.unwrap());
    let error = client.send(build(USER).await.unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), pilotfish::ErrorKind::Auth);
    client.close().await;
    world.shutdown().await;
}

/// The secret of a client from each source. The server refuses a client without it.
#[tokio::test]
async fn the_secret_of_a_client() {
    let provider = AuthorizationServer::builder().confidential_client("mailer", "sesame");
    let world = World::new(provider).await;
    world.file("secret", "sesame\n");
    world.file("wrong", "hunter2\n");
    for (key, expected) in [
        ("client-secret-file = 'secret'", "sent"),
        ("client-secret-command = 'echo sesame'", "sent"),
        ("client-secret-file = 'wrong'", "the client"),
        (
            "client-secret-file = 'none'",
            "cannot read the client secret from",
        ),
        (
            "client-secret-env = 'PILOTFISH_NO_SUCH_VARIABLE'",
            "the variable PILOTFISH_NO_SUCH_VARIABLE for the client secret is not set",
        ),
        (
            "client-secret-credential = 'a/b'",
            "there is no credential a/b for the client secret",
        ),
    ] {
        let grant = "client-id = 'mailer'\noauth-grant = 'client-credentials'\n";
        let account = world.account_there(&format!("{grant}{key}"));
        let found = match account.credentials().await {
            Ok(_) => {
                world.send(&account, 1).await;
                assert_eq!(account.oauth().unwrap().unwrap().place(), "memory");
                "sent".to_owned()
            }
            Err(error) => error.to_string(),
        };
        assert!(found.contains(expected), "{key}: {found}");
        assert!(!found.contains("hunter2"), "{found}");
    }
    world.shutdown().await;
}

#[tokio::test]
async fn a_service_account_acts_for_the_user() {
    let key = include_str!("../../fixtures/dkim/rsa-2048.pem");
    let public = include_str!("../../fixtures/dkim/rsa-2048-public.pem");
    let robot = "robot@example.org";
    let world = World::new(AuthorizationServer::builder().service_account(robot, public)).await;
    let json = serde_json::json!({
        "client_email": robot, "private_key": key, "token_uri": world.provider.url(Endpoint::Token),
    });
    world.file("robot.json", &json.to_string());
    let keys = "oauth = 'google'\noauth-grant = 'service-account'\noauth-scope = 'mail.send'\n\
                service-account-file = 'robot.json'\n";
    let account = world.account(keys);
    world.send(&account, 1).await;
    let login = account.oauth().unwrap().unwrap();
    assert!(login.client().await.unwrap().is_none());
    // A file keeps the token for the next process.
    let account = world.account(&format!("{keys}token-file = 'robot.tokens'"));
    let requests = world.provider.requests(Endpoint::Token);
    world.send(&account, 1).await;
    world.send(&account, 1).await;
    assert_eq!(world.provider.requests(Endpoint::Token), requests + 1);
    world.shutdown().await;
}

/// What an account trusts counts for the authorization server, too.
#[tokio::test]
async fn the_authorities_of_the_account() {
    let provider = AuthorizationServer::builder().client("mailer").https();
    let world = World::new(provider).await;
    let keys = "client-id = 'mailer'\ntoken-file = 'a.tokens'\n";
    let account = world.account_there(keys);
    let error = account.oauth().unwrap().unwrap().client().await;
    let error = error.unwrap_err().to_string();
    let expected = "there is no secure connection to 127.0.0.1";
    assert!(error.starts_with(expected), "{error}");
    let mut both = world.submission.ca_pem().to_owned();
    both.push_str(world.provider.ca_pem().unwrap());
    world.file("ca.pem", &both);
    let client = account.oauth().unwrap().unwrap().client().await;
    assert_eq!(client.unwrap().unwrap().provider().name(), "127.0.0.1");
    world.shutdown().await;
}

#[tokio::test]
async fn no_login_by_the_key_auth() {
    let mut account = Account::new("x").unwrap();
    account.user = Some(USER.to_owned());
    account.oauth = Some("google".parse().unwrap());
    let error = account.oauth().unwrap_err().to_string();
    assert!(error.starts_with("oauth needs client-id"), "{error}");
    account.set_auth("none").unwrap();
    assert!(account.oauth().unwrap().is_none());
}
