//! Several accounts, and accounts without a login.

use pilotfish::testing::{Security, TestServer};
use serde_json::Value;

use super::account::{CONFIG, conversation, words};
use super::cli_fixture::CliFixture;
use super::run::Run;

/// The next command names an account that is not the default, and works as it is printed.
#[tokio::test]
async fn the_next_command_sends_by_the_new_account() {
    let server = TestServer::builder()
        .user("me@shark.test", "secret")
        .security(Security::ImplicitTls);
    let fixture = CliFixture::open(server).await;
    let home = fixture.directory.path();
    std::fs::create_dir_all(home.join(".config/pilotfish")).unwrap();
    let old = "[account.old]\nserver = 'old.invalid'\nfrom = 'me@old.invalid'\n";
    fixture.directory.file(CONFIG, old);
    fixture.directory.file("shark.png", "a picture");
    let address = fixture.server.addr();
    let add = format!("account add me@shark.test --server smtps://{address} --tls-ca ca.pem");
    let answers = [
        ("Password for me@shark.test at 127.0.0.1:", ""),
        (
            "nothing was typed\nPassword for me@shark.test at 127.0.0.1 (attempt 2 of 3):",
            "secret",
        ),
        ("Your name", ""),
        ("and not encrypted? [Y/n]", ""),
        ("Send a test mail to me@shark.test? [Y/n]", "n"),
    ];
    let (status, shown) = conversation(home, "", &words(&add), &answers).await;
    assert_eq!(status, Some(0), "{shown}");
    let next = "next: pilotfish ";
    let (_, next) = shown.rsplit_once(next).expect(&shown);
    assert_eq!(
        next,
        "send -A shark ann@example.org -s 'A shark' -m 'Look.' -a shark.png\n"
    );
    let text = String::from_utf8(fixture.directory.read(CONFIG)).unwrap();
    assert!(text.starts_with("default = \"old\"\n"), "{text}");
    let run = Run::new(next).directory(home).env("HOME", home);
    run.env("XDG_CONFIG_HOME", "").end().await.result();
    let mails = fixture.mails().await;
    assert_eq!(mails[0].reverse_path, "me@shark.test");
}

#[tokio::test]
async fn a_relay_needs_no_login() {
    let fixture = CliFixture::open(
        TestServer::builder()
            .anonymous()
            .security(Security::Cleartext),
    )
    .await;
    let home = fixture.directory.path();
    let address = fixture.server.addr();
    let add = format!("account add me@shark.test --no-login --server {address} --tls none");
    for (arguments, expected) in [
        (
            add.as_str(),
            "account shark written to ~/.config/pilotfish/config.toml; the server answers; it is the default",
        ),
        (
            "send -s Hi -m Hi ann@example.org",
            "accepted by 127.0.0.1 for ann@example.org",
        ),
    ] {
        let run = Run::new(arguments).directory(home).env("HOME", home);
        let ended = run.env("XDG_CONFIG_HOME", "").end().await;
        assert!(ended.result().starts_with(expected), "{ended:?}");
    }
    let text = String::from_utf8(fixture.directory.read(CONFIG)).unwrap();
    assert!(!text.contains("user"), "{text}");
    let mail = fixture.mail().await;
    assert_eq!(mail.reverse_path, "me@shark.test");
}

/// Each command prints one object, or nothing with -q.
#[tokio::test]
async fn objects_and_silence() {
    let fixture = CliFixture::open(
        TestServer::builder()
            .user("me@shark.test", "secret")
            .security(Security::ImplicitTls),
    )
    .await;
    let home = fixture.directory.path();
    let address = fixture.server.addr();
    fixture.directory.file(
        "msmtprc",
        "account relay\nhost relay.example.org\nport 25\n",
    );
    fixture.directory.file("password", "secret");
    let add = format!(
        "account add me@shark.test --server smtps://{address} --tls-ca ca.pem --password-file password"
    );
    let quiet = add.replace("shark.test", "whale.test");
    let server = address.to_string();
    for (arguments, schema, key, value) in [
        (add.as_str(), "account-add/1", "server", server.as_str()),
        ("account test", "account-test/1", "user", "me@shark.test"),
        ("config check", "config-check/1", "", ""),
        ("config import msmtprc", "config-import/1", "", ""),
        (
            "account default relay",
            "account-default/1",
            "name",
            "relay",
        ),
        (
            "auth set shark --password-file password",
            "auth-set/1",
            "name",
            "shark",
        ),
        ("account remove shark", "account-remove/1", "name", "shark"),
        (&format!("{quiet} --no-test -q"), "", "", ""),
        ("config check -q", "", "", ""),
        ("account default whale -q", "", "", ""),
        ("account remove whale -q", "", "", ""),
    ] {
        let json = if schema.is_empty() { "" } else { "--json" };
        let run = Run::new(&format!("{arguments} {json}")).directory(home);
        let ended = run.env("HOME", home).env("XDG_CONFIG_HOME", "").end().await;
        assert_eq!(ended.status, 0, "{arguments} {ended:?}");
        if schema.is_empty() {
            assert_eq!(
                (ended.stdout.as_str(), ended.stderr.as_str()),
                ("", ""),
                "{arguments}"
            );
            continue;
        }
        let object: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(object["schema"], format!("pilotfish.{schema}"));
        if !key.is_empty() {
            assert_eq!(object[key], value, "{arguments}");
        }
    }
    fixture.received_nothing().await;
}
