//! The configuration that is found, and the account that is chosen.

use pilotfish::testing::Security;

use super::cli_fixture::{CliFixture, Directory, server};
use super::run::{Ended, Run};

/// Runs the command with its own home directory.
async fn run(directory: &Directory, arguments: &str) -> Ended {
    let path = directory.path();
    let run = Run::new(arguments).directory(path);
    let run = run.env("HOME", path).env("XDG_CONFIG_HOME", "");
    // There is no desktop, and so no keyring.
    let run = run.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    run.end().await
}

/// A home with this configuration. ADDRESS is that of a server with the user `me@example.org`.
async fn home(config: &str) -> CliFixture {
    let fixture = CliFixture::open(server().security(Security::ImplicitTls)).await;
    let folder = fixture.directory.path().join(".config/pilotfish");
    std::fs::create_dir_all(folder).unwrap();
    for name in ["ca.pem", "password"] {
        let content = fixture.directory.read(name);
        fixture
            .directory
            .file(&format!(".config/pilotfish/{name}"), content);
    }
    let address = format!("smtps://{}", fixture.server.addr());
    let config = config.replace("ADDRESS", &address);
    let name = ".config/pilotfish/config.toml";
    fixture.directory.file(name, config);
    fixture
}

const ACCOUNTS: &str = "default = 'work'\n\
    [account.work]\nserver = 'ADDRESS'\ntls-ca = 'ca.pem'\nuser = 'me@example.org'\n\
    password-file = 'password'\nfrom = 'Me <work@example.org>'\n\
    [account.home]\nserver = 'ADDRESS'\ntls-ca = 'ca.pem'\nuser = 'me@example.org'\n\
    password-file = 'password'\nenvelope-from = 'bounces@example.org'\n";

/// The account is chosen by name, by the sender, or as the default. Relative paths are relative to the
/// file.
#[tokio::test]
async fn a_mail_needs_no_more_than_recipients_and_text() {
    for (arguments, said, sender) in [
        (
            "",
            "account work, because it is the default",
            "work@example.org",
        ),
        (
            "-A home",
            "account home, because it is named",
            "bounces@example.org",
        ),
        (
            "--from 'Me <ME@example.org>'",
            "account home, because the sender is ME@example.org",
            "bounces@example.org",
        ),
        (
            "--from eve@example.org",
            "account work, because it is the default",
            "eve@example.org",
        ),
        (
            "-A home --envelope-from eve@example.org",
            "account home, because it is named",
            "eve@example.org",
        ),
    ] {
        let fixture = home(ACCOUNTS).await;
        let arguments = format!("send -v --to ann@example.org --text Hi {arguments}");
        let ended = run(&fixture.directory, &arguments).await;
        ended.result();
        assert!(ended.stderr.contains(said), "{ended:?}");
        assert_eq!(fixture.mail().await.reverse_path, sender);
    }
}

/// An explicit file is that file alone, and a server without an account needs no file.
#[tokio::test]
async fn which_file_counts() {
    let fixture = home(ACCOUNTS).await;
    let directory = &fixture.directory;
    directory.file("other.toml", "[account.other]\nserver = 'other.invalid'\n");
    directory.file("broken.toml", "[accounts.other]\n");
    let to = "--to ann@example.org --from eve@example.org --text Hi";
    for (variable, arguments, status, words) in [
        ("", "-C other.toml -A work", 78, "the only account is other"),
        ("other.toml", "-A work", 78, "the only account is other"),
        ("none.toml", "", 78, "none.toml: check that it exists"),
        ("broken.toml", "", 78, "broken.toml:1: there is no table"),
        (
            "broken.toml",
            "-C other.toml -A x",
            78,
            "the only account is other",
        ),
        ("broken.toml", "--server there.invalid", 68, "there.invalid"),
        ("", "-A wrk", 78, "help:   did you mean -A work?"),
    ] {
        let path = directory.path();
        let run = Run::new(&format!("send {to} {arguments}")).directory(path);
        let run = run.env("HOME", path).env("XDG_CONFIG_HOME", "");
        let run = run.env("PILOTFISH_CONFIG", variable);
        run.end().await.fails(status, words);
    }
    directory.file(".config/pilotfish/config.toml", "password = 'hunter2'\n");
    let ended = run(directory, &format!("send {to}")).await;
    ended.fails(
        78,
        "error: ~/.config/pilotfish/config.toml:1: a password does not belong here",
    );
    assert!(!ended.stderr.contains("hunter2"), "{ended:?}");
    fixture.received_nothing().await;
}

/// No account is used for the user of a service that is known, unless it is that user's.
#[tokio::test]
async fn a_user_of_a_service_needs_no_server() {
    let directory = Directory::new();
    directory.file("mail.toml", "[account.a]\nserver = 'there.invalid'\n");
    let mail = "send --to ann@example.org --text Hi --timeout total=5s";
    for (arguments, variable, words) in [
        ("--user me@proton.me", "", "--user needs a password"),
        (
            "--user me@proton.me",
            "mail.toml",
            "--user needs a password",
        ),
        (
            "--user me@example.org",
            "",
            "no server is named by --server",
        ),
    ] {
        let run = Run::new(&format!("{mail} {arguments}")).directory(directory.path());
        let ended = run.env("PILOTFISH_CONFIG", variable).end().await;
        ended.fails(64, words);
    }
}

/// A variable, a credential of systemd and a file for ftp.
#[tokio::test]
async fn where_a_password_comes_from() {
    for (key, variable) in [
        (
            "password-env = 'MAIL_PASSWORD'",
            ("MAIL_PASSWORD", "c0rrect-h0rse"),
        ),
        (
            "password-credential = 'password'",
            ("CREDENTIALS_DIRECTORY", "."),
        ),
        ("password-netrc = 'netrc'", ("X", "")),
    ] {
        let config = format!(
            "[account.a]\nserver = 'ADDRESS'\ntls-ca = 'ca.pem'\nuser = 'me@example.org'\n{key}\n"
        );
        let fixture = home(&config).await;
        let netrc = "machine 127.0.0.1 login me@example.org password c0rrect-h0rse\n";
        fixture.directory.file(".config/pilotfish/netrc", netrc);
        let path = fixture.directory.path();
        let run = Run::new("send --to ann@example.org --text Hi").directory(path);
        let run = run.env("HOME", path).env("XDG_CONFIG_HOME", "");
        run.env(variable.0, variable.1).end().await.result();
        let mail = fixture.mail().await;
        assert_eq!(mail.authenticated_as.as_deref(), Some("me@example.org"));
    }
}

/// Every error of a source names the source.
#[tokio::test]
async fn a_source_that_fails_is_named() {
    let directory = Directory::new();
    directory.file("netrc", "machine other.test password p\n");
    for (key, words) in [
        (
            "password-env = 'NO_SUCH_VARIABLE'",
            "the variable NO_SUCH_VARIABLE for the password",
        ),
        (
            "password-credential = 'mail'",
            "no credential mail for the password",
        ),
        ("password-credential = '../mail'", "no credential ../mail"),
        (
            "password-netrc = 'netrc'",
            "netrc has no password for there.invalid",
        ),
        ("password-keyring = 'x'", "no keyring can be reached"),
        ("password-netrc = 'none'", "none: check that it exists"),
        (
            "password-command = 'cat /dev/zero'",
            "`cat …` has more than",
        ),
        ("password-file = '/dev/zero'", "/dev/zero has more than"),
        (
            "password-file = '/dev/null'",
            "/dev/null has no password on its first line",
        ),
        (
            "token-env = 'NO_SUCH_VARIABLE'",
            "NO_SUCH_VARIABLE for the token",
        ),
    ] {
        let account =
            format!("[account.a]\nserver = 'there.invalid'\nuser = 'me@example.org'\n{key}\n");
        directory.file("mail.toml", account);
        let ended = run(
            &directory,
            "send -C mail.toml --to ann@example.org --text Hi",
        )
        .await;
        ended.fails(78, words);
    }
}
