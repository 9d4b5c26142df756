//! Several accounts, and accounts without a login.

use pilotfish::testing::{Security, TestServer};

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
