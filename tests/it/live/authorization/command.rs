//! `pilotfish auth login` with a browser, and mails by its tokens.

use std::process;

use pilotfish::testing::{AuthorizationServer, Endpoint, GrantType};

use super::super::live_env::{address, assert_once, fetch, file, server};
use super::browser::{Foreign, log_in};
use super::dovecot::knows;
use crate::cli::cli_fixture::Directory;
use crate::cli::run::{Ended, Run};

/// A home with an account of ann that has no login yet.
fn home() -> Directory {
    let directory = Directory::new();
    let account = format!(
        "[account.work]\nserver = \"{}\"\ntls-ca = \"{}\"\nuser = \"{ann}\"\nfrom = \"{ann}\"\n",
        server("localhost", "submission"),
        file("ca"),
        ann = address("ann"),
    );
    directory.file("mail.toml", account);
    directory
}

fn command(home: &Directory, arguments: &str) -> Run {
    let run = Run::new(arguments).directory(home.path());
    run.env("HOME", home.path())
        .env("PILOTFISH_CONFIG", "mail.toml")
        .env("DBUS_SESSION_BUS_ADDRESS", "")
        .env("XDG_RUNTIME_DIR", "")
}

/// The command prints the address, the browser logs in there and comes back.
async fn logged_in(home: &Directory, arguments: &str, screenshot: &str) -> Ended {
    let mut running = command(home, arguments).start().await;
    let url = running.until("http://").await;
    let user = address("ann");
    let page = log_in(url.trim(), &user, screenshot).await;
    let welcome = format!(
        "You are logged in as {user}. You can close this page and go back to the program that opened it."
    );
    assert_eq!(page["text"].as_str().map(str::trim), Some(welcome.as_str()));
    let ended = running.end().await;
    assert!(
        ended.result().starts_with("login stored in work.tokens"),
        "{ended:?}"
    );
    ended
}

/// Chromium presses the button, Dovecot checks the token, and the mail is in the mailbox.
#[tokio::test]
#[ignore = "needs the real servers: tests/run starts them"]
async fn a_login_in_the_browser_and_a_mail() {
    let provider = AuthorizationServer::builder()
        .user(address("ann"))
        .client("pilotfish")
        .start()
        .await
        .unwrap();
    knows(&provider);
    let home = home();
    let issuer = provider.issuer();
    let login = format!("auth login work --oauth {issuer} --scope mail.send --client-id pilotfish");
    let ended = logged_in(&home, &login, "command.png").await;
    assert!(
        ended.stderr.contains("localhost accepts the token"),
        "{ended:?}"
    );
    for number in 0..2 {
        let id = format!("live.oauth.{}.{number}.", process::id());
        let send = format!("send {} -m Hi --header 'X-Test-Id: {id}'", address("bob"));
        let ended = command(&home, &send).end().await;
        assert_once(&fetch("bob", &id), ended.result());
        let ended = command(&home, "auth refresh work").end().await;
        ended.result();
    }
    assert_eq!(provider.token_requests(GrantType::RefreshToken), 2);
    let ended = command(&home, "auth logout work").end().await;
    assert_eq!(
        ended.result(),
        "work is logged out: the login is revoked, and its tokens are removed"
    );
    assert_eq!(provider.requests(Endpoint::Revocation), 1);
    provider.shutdown().await.unwrap();
}

/// At a server that others wrote, which replaces refresh tokens.
#[tokio::test]
#[ignore = "needs the real servers: tests/run starts them"]
async fn a_login_at_a_server_that_others_wrote() {
    let provider = Foreign::start();
    let home = home();
    let login = format!(
        "auth login work --oauth {} --scope 'openid mail.send' --client-id pilotfish --no-test",
        provider.issuer
    );
    logged_in(&home, &login, "foreign.png").await;
    for _ in 0..3 {
        let ended = command(&home, "auth refresh work").end().await;
        assert!(
            ended.result().starts_with("token of work renewed"),
            "{ended:?}"
        );
    }
    command(&home, "auth logout work").end().await.result();
    let ended = command(&home, "auth token work").end().await;
    ended.fails(77, "pilotfish auth login work");
}
