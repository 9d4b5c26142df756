//! Accounts from a file.

use std::path::{Path, PathBuf};

use pilotfish::config::{Account, Config};
use pilotfish::testing::Security;

use crate::cli::cli_fixture::{CliFixture, server};
use crate::cli::run::{Ended, Run};

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config");

/// The files of accounts. The table of services is not one.
fn samples() -> Vec<PathBuf> {
    let files = std::fs::read_dir(SAMPLES).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    paths
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .filter(|path| !path.ends_with("services.toml"))
        .collect()
}

/// The server that an account leads to, once it is built. Its password is not there to be read.
async fn built(config: &Config, account: &str) -> pilotfish::ServerConfig {
    let builder = config.account(account).unwrap().server_builder().await;
    builder.unwrap().build().unwrap()
}

#[tokio::test]
async fn every_sample_is_valid_and_protected() {
    let mut accounts = 0;
    for path in samples() {
        let config = Config::load(path).unwrap();
        for (name, account) in &config.accounts {
            accounts += 1;
            assert_ne!(account.tls, Some(Security::Cleartext), "{name}");
            assert!(
                account.user.is_some()
                    && (account.password_file.is_some() || account.password_command.is_some()),
                "{name}"
            );
            assert!(account.from.is_some(), "{name}");
            built(&config, name).await;
        }
    }
    assert!(accounts >= 2);
}

#[tokio::test]
async fn the_samples_for_gmail_are_587_with_starttls_and_465_with_implicit_tls() {
    use pilotfish::Security::{ImplicitTls, StartTls};
    let config = Config::load(format!("{SAMPLES}/gmail.toml")).unwrap();
    for (name, port, security) in [
        ("gmail", 587, StartTls),
        ("gmail-implicit", 465, ImplicitTls),
    ] {
        let server = built(&config, name).await;
        assert_eq!(server.host().to_string(), "smtp.gmail.com");
        assert_eq!((server.port(), server.security()), (port, security));
    }
}

/// The accounts in the comments of the samples are as valid as the others.
#[test]
fn the_accounts_in_the_comments_of_the_samples_are_valid() {
    for path in samples() {
        let text = std::fs::read_to_string(path).unwrap();
        let table = |line: &&str| line.starts_with("# [account.");
        let commented = text
            .lines()
            .skip_while(|line| !table(line))
            .filter_map(|line| line.strip_prefix("# "))
            .collect::<Vec<_>>()
            .join("\n");
        let config = Config::parse(&commented).unwrap();
        assert_eq!(
            config.accounts.is_empty(),
            !text.lines().any(|line| table(&line))
        );
    }
}

#[test]
fn a_file_that_is_not_a_configuration_is_not_read_completely() {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(2 << 30).unwrap();
    for path in [file.path(), Path::new("/dev/zero")] {
        let error = Config::load(path).unwrap_err().to_string();
        assert!(error.contains("is it the right file?"), "{error}");
    }
}

#[test]
fn all_keys_are_read() {
    let config = Config::parse(
        "[account.work]\nserver = '[::1]:2525'\ntls = 'starttls'\ntls-ca = '/ca.pem'\nuser = 'me'\nauth-as = 'shop'\n\
         from = 'Me <me@example.org>'\npassword-command = 'pass'",
    )
    .unwrap();
    let account = config.account("work").unwrap();
    let mut server = Account::new("[::1]:2525").unwrap();
    server.tls = Some(Security::StartTls);
    server.tls_ca = Some("/ca.pem".into());
    server.user = Some("me".to_owned());
    server.auth_as = Some("shop".to_owned());
    server.from = Some("Me <me@example.org>".parse().unwrap());
    server.password_command = Some("pass".to_owned());
    assert_eq!(*account, server);
    assert_eq!(account.tls, Some(Security::StartTls));
    assert_eq!(account.tls_ca, Some("/ca.pem".into()));
    assert_eq!(account.user.as_deref(), Some("me"));
    assert_eq!(account.auth_as.as_deref(), Some("shop"));
    assert_eq!(account.from, Some("Me <me@example.org>".parse().unwrap()));
    assert_eq!(account.password_command.as_deref(), Some("pass"));
}

/// A fixture whose directory has a file with the complete account `work`.
async fn fixture_with_account(security: Security) -> CliFixture {
    let fixture = CliFixture::open(server().security(security)).await;
    let tls = match security {
        Security::ImplicitTls => "implicit",
        _ => "starttls",
    };
    let account = format!(
        "[account.work]\nserver = '{}'\ntls = '{tls}'\ntls-ca = 'ca.pem'\n\
         user = 'me@example.org'\nfrom = 'Me <work@example.org>'\npassword-file = 'password'\n\
         [account.other]\nserver = 'there.invalid'\n",
        fixture.server.addr()
    );
    fixture.directory.file("accounts.toml", account);
    fixture
}

async fn send(fixture: &CliFixture, arguments: &str) -> Ended {
    let run = Run::new("send --config accounts.toml --account work --to ann@example.org");
    let run = run
        .args(Run::words(arguments))
        .directory(fixture.directory.path());
    run.end().await
}

#[tokio::test]
async fn an_account_suffices_to_send() {
    for security in [Security::StartTls, Security::ImplicitTls] {
        let fixture = fixture_with_account(security).await;
        send(&fixture, "").await.result();
        let mail = fixture.mail().await;
        assert_eq!(mail.reverse_path, "work@example.org");
        assert_eq!(mail.authenticated_as.as_deref(), Some("me@example.org"));
    }
}

#[tokio::test]
async fn flags_prevail_over_the_account() {
    let fixture = fixture_with_account(Security::StartTls).await;
    fixture.directory.file("another", "wrong");
    fixture.directory.file("other-ca.pem", "");
    for (arguments, status, words) in [
        ("--user you@example.org", 77, "you@example.org"),
        ("--password-file another", 77, "535"),
        ("--password-command 'cat another'", 77, "535"),
        ("--tls-ca other-ca.pem", 78, "other-ca.pem"),
        ("--tls implicit", 76, "add --tls starttls"),
        ("--tls none", 78, "in clear text"),
        ("--server there.invalid:0", 64, "is not a port"),
    ] {
        send(&fixture, arguments).await.fails(status, words);
    }
    send(&fixture, "--from eve@example.org").await.result();
    assert_eq!(fixture.server.received()[0].reverse_path, "eve@example.org");
    // A handshake that never happened is in the server's log.
    fixture.server.shutdown().await.ok();
}

/// Another server than the account's does not use the security mode of the account, but the mode
/// that is customary for the port. It does not get the account's password.
#[tokio::test]
async fn another_server_does_not_get_the_mode_of_the_account() {
    let fixture = CliFixture::open(server()).await;
    fixture.directory.file(
        "accounts.toml",
        "[account.work]\nserver = 'there.invalid'\ntls = 'none'\n\
         user = 'me@example.org'\npassword-file = 'password'",
    );
    // The secret of the account is for its own server, unless the login is named.
    let arguments = format!("--server {} --tls-ca ca.pem", fixture.server.addr());
    send(&fixture, &arguments)
        .await
        .fails(64, "for there.invalid");
    send(&fixture, &format!("{arguments} --password-file password"))
        .await
        .result();
    assert!(fixture.mail().await.tls.is_some());
}

#[tokio::test]
async fn a_password_file_may_be_in_the_home_directory() {
    let fixture = CliFixture::open(server()).await;
    fixture.directory.file(
        "accounts.toml",
        format!(
            "[account.work]\nserver = '{}'\ntls-ca = 'ca.pem'\nuser = 'me@example.org'\n\
             password-file = '~/password'",
            fixture.server.addr()
        ),
    );
    let home = fixture.directory.path().to_owned();
    let run = Run::new("send --config accounts.toml --account work --to ann@example.org");
    run.directory(&home).env("HOME", &home).end().await.result();
    fixture.mail().await;
}
