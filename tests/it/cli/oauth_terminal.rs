//! Logins with OAuth 2.0 by a person at a terminal: the steps, the questions, and what is stored.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;

use pilotfish::testing::GrantType;
use serde_json::Value;

use super::account::{CONFIG, conversation};
use super::oauth::{CLIENT, SECRET, World, provider};
use super::oauth_login::last_address;
use super::run::{Run, USER, unwrapped};
use crate::support::screen::Screen;

/// The address that the screen shows in a line of its own.
async fn shown_address(screen: &mut Screen) -> String {
    format!("http{}", screen.until_after("  http", "\n").await)
}

#[tokio::test]
async fn an_address_is_pasted() {
    let world = World::open(provider()).await;
    let arguments = world.login_arguments("--paste --store file");
    let mut screen = world.screen("", &arguments);
    screen.until("Paste its address here: ").await;
    let url = shown_address(&mut screen).await;
    let address = last_address(&world, &url).await;
    screen.types(&format!("{address}\n"));
    let (status, shown) = screen.end().await;
    assert_eq!(status.code(), Some(0), "{shown}");
    let expected = format!(
        "Open this on any machine and log in:\n  {url}\n\
         The last page will not load; that is expected. Paste its address here: {address}\n\
         ✓ 127.0.0.1 logged you in; permission: mail.send\n"
    );
    assert!(shown.starts_with(&expected), "{shown}");
    world.run("send ann@example.org -m Hi").end().await.result();
    world.ends_with(1).await;
}

/// What is not the last address is asked for again, three times in all.
#[tokio::test]
async fn another_address_is_pasted_first() {
    let world = World::open(provider()).await;
    let arguments = world.login_arguments("--paste --store file");
    for is_right_at_last in [true, false] {
        let mut screen = world.screen("", &arguments);
        screen.until("Paste its address here: ").await;
        let url = shown_address(&mut screen).await;
        let last = if is_right_at_last {
            last_address(&world, &url).await
        } else {
            "http://127.0.0.1/?state=other&code=x".to_owned()
        };
        screen.types("http://127.0.0.1/?code=abc\n");
        screen.until("(attempt 2 of 3)").await;
        screen.types("\n");
        screen.until("(attempt 3 of 3)").await;
        screen.types(&format!("{last}\n"));
        let (status, shown) = screen.end().await;
        let expected = if is_right_at_last { 0 } else { 77 };
        assert_eq!(status.code(), Some(expected), "{shown}");
        assert!(
            shown.contains("that is not the address of the last page"),
            "{shown}"
        );
    }
    world.ends_with(0).await;
}

/// A client secret that the command line names is not asked for.
#[tokio::test]
async fn a_client_secret_in_a_file_is_not_asked_for() {
    let world = World::open(provider()).await;
    let issuer = world.provider.issuer();
    world.fixture.directory.file("own-secret", SECRET);
    let arguments = format!(
        "auth login work --oauth {issuer} --scope 'mail.send offline_access' --store file \
         --client-secret-file own-secret"
    );
    let mut screen = world.screen("", &arguments);
    screen.answer("Client ID: ", &format!("{CLIENT}\n")).await;
    screen.until("in a browser of this machine:").await;
    let url = shown_address(&mut screen).await;
    world.provider.log_in(&url, USER).await.unwrap();
    let (status, shown) = screen.end().await;
    assert_eq!(status.code(), Some(0), "{shown}");
    assert!(!shown.contains("Client secret"), "{shown}");
    let config = world.config();
    assert_eq!(config.matches("client-secret-").count(), 1, "{config}");
    assert!(config.contains("/own-secret\"\n"), "{config}");
    world.ends_with(0).await;
}

/// The client secret is stored in a file of its own, and a renewal reads it there.
#[tokio::test]
async fn the_client_is_asked_for() {
    let world = World::open(provider()).await;
    let issuer = world.provider.issuer();
    let mut screen = world.screen(
        "",
        &format!("auth login work --oauth {issuer} --scope 'mail.send offline_access'"),
    );
    screen.answer("Client ID: ", &format!("{CLIENT}\n")).await;
    let question = "Client secret (not shown; Enter: none): ";
    screen.answer(question, &format!("{SECRET}\n")).await;
    screen.answer("and not encrypted? [Y/n] ", "\n").await;
    screen
        .until("Open this in a browser of this machine:")
        .await;
    let url = shown_address(&mut screen).await;
    let page = world.provider.log_in(&url, USER).await.unwrap();
    assert_eq!(page.status, 200, "{page:?}");
    let (status, shown) = screen.end().await;
    assert_eq!(status.code(), Some(0), "{shown}");
    assert!(!shown.contains(SECRET), "{shown}");
    let directory = &world.fixture.directory;
    assert_eq!(directory.read("work.client-secret"), SECRET.as_bytes());
    let path = directory.path().join("work.client-secret");
    let mode = std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let config = world.config();
    let keys = format!("client-id = \"{CLIENT}\"\n");
    assert!(config.contains(&keys), "{config}");
    assert!(
        config.contains("client-secret-file = \"work.client-secret\"\n"),
        "{config}"
    );
    assert!(!config.contains(SECRET), "{config}");
    world.run("auth refresh work").end().await.result();
    assert_eq!(world.provider.token_requests(GrantType::RefreshToken), 1);
    world.ends_with(0).await;
}

/// The server of the account says which provider it is. The steps come before anything is asked of the
/// network, which is a proxy that is not there. Ctrl-C stores nothing.
#[tokio::test]
async fn the_steps_to_a_client() {
    let (google, microsoft) = ("accounts.google.com", "login.microsoftonline.com");
    for (server, address, host) in [
        ("smtp.gmail.com", "me@gmail.com", google),
        ("smtp.gmail.com", "me@example.org", google),
        ("smtp.office365.com", "me@example.org", microsoft),
    ] {
        let world = World::open(provider()).await;
        let config = format!(
            "[account.work]\nserver = \"{server}\"\nnetwork.proxy = \"socks5h://127.0.0.1:1\"\n\
             user = \"{address}\"\nfrom = \"{address}\"\npassword-file = \"password\"\n"
        );
        world.fixture.directory.file("mail.toml", config);
        let mut screen = world.screen("BROWSER=true", "auth login work --store file");
        screen.answer("Client ID: ", "the-id\n").await;
        if host == google {
            let answer = format!("{SECRET}\n");
            screen.answer("Client secret (not shown): ", &answer).await;
        }
        let opens =
            format!("Press Enter to open the login page of {host} in your browser, or open:\n");
        screen.until(&opens).await;
        let url = shown_address(&mut screen).await;
        assert!(url.starts_with(&format!("https://{host}/")), "{url}");
        assert!(url.contains("client_id=the-id&"), "{url}");
        screen.types("\u{3}");
        let (status, shown) = screen.end().await;
        let simpler = "For a private Gmail account an app password is simpler: \
                       pilotfish account add me@gmail.com\n";
        let before = if address == "me@gmail.com" {
            simpler
        } else {
            ""
        };
        let name = if host == google {
            "Google"
        } else {
            "Microsoft"
        };
        let steps = format!(
            "{before}{name} wants a client of your own. You register it once, in five steps:\n  1. Open "
        );
        assert!(shown.starts_with(&steps), "{shown}");
        assert!(shown.contains("\n  5. Copy the "), "{shown}");
        assert!(shown.contains("nothing was stored"), "{shown}");
        assert_eq!(status.signal(), Some(2), "{shown}");
        assert!(!shown.contains(SECRET), "{shown}");
        world.has_stored_nothing();
        let secret = world.fixture.directory.path().join("work.client-secret");
        assert!(!secret.exists());
    }
}

/// A token on the screen has a warning before it.
#[tokio::test]
async fn a_token_is_shown() {
    let world = World::open(provider()).await;
    world.log_in().await;
    let tokens = world.stored().await;
    let token = String::from_utf8_lossy(tokens.access().expose()).into_owned();
    let warning = "warning: whoever has this token can send mail as you until it expires\n";
    for (arguments, expected) in [
        ("auth token work", format!("{warning}{token}\n")),
        ("auth token work --quiet", format!("{token}\n")),
    ] {
        let (status, shown) = world.screen("", arguments).end().await;
        assert_eq!(status.code(), Some(0), "{shown}");
        assert_eq!(shown.replacen("! ", "warning: ", 1), expected);
    }
    world.ends_with(0).await;
}

/// A service that accepts no passwords needs no flag for the login.
#[tokio::test]
async fn an_account_is_added() {
    let world = World::open(provider()).await;
    let home = world.fixture.directory.path();
    let server = world.fixture.server.addr();
    for (arguments, line, name) in [
        (
            "me@outlook.com",
            "Outlook.com accepts no passwords: it needs OAuth 2.0.\n",
            "Microsoft",
        ),
        ("me@gmail.com --oauth", "", "Google"),
    ] {
        let add = format!("account add {arguments} --server {server} --tls-ca ca.pem");
        let answers = [("as recipients see it [Me]:", ""), ("Client ID:", "\u{3}")];
        let (status, shown) = conversation(home, "", &Run::words(&add), &answers).await;
        assert_eq!(status, Some(130), "{shown}");
        assert!(shown.contains(line), "{shown}");
        let steps = format!("{name} wants a client of your own.");
        assert!(shown.contains(&steps), "{shown}");
        assert!(shown.contains("nothing was stored"), "{shown}");
        assert!(!home.join(CONFIG).exists());
    }
    world.ends_with(0).await;
}

/// The account is stored with its login, and what is printed is the same as for an account with a
/// password.
#[tokio::test]
async fn an_account_is_added_with_its_login() {
    for json in ["", "--json"] {
        let world = World::open(provider()).await;
        let server = world.fixture.server.addr();
        let issuer = world.provider.issuer();
        let arguments = format!(
            "account add {USER} --name new --server {server} --tls-ca ca.pem --oauth={issuer} \
             --scope 'mail.send offline_access' {json} --progress never"
        );
        let mut screen = world.screen("", &arguments);
        screen.answer("as recipients see it [Me]: ", "Ann\n").await;
        screen.answer("Client ID: ", &format!("{CLIENT}\n")).await;
        let question = "Client secret (not shown; Enter: none): ";
        screen.answer(question, &format!("{SECRET}\n")).await;
        screen.answer("and not encrypted? [Y/n] ", "\n").await;
        screen.until("in a browser of this machine:").await;
        let url = shown_address(&mut screen).await;
        world.provider.log_in(&url, USER).await.unwrap();
        let (status, shown) = screen.end().await;
        assert_eq!(status.code(), Some(0), "{shown}");
        let stored = "✓ login stored in new.tokens, readable only by you and not encrypted";
        assert!(shown.contains(stored), "{shown}");
        if json.is_empty() {
            let written = "✓ account new written to mail.toml\n\
                           next: pilotfish send -A new ann@example.org -s 'A shark'";
            assert!(shown.contains(written), "{shown}");
        } else {
            let object = shown.lines().find(|line| line.starts_with('{')).unwrap();
            let object: Value = serde_json::from_str(object).unwrap();
            assert_eq!(object["schema"], "pilotfish.account-add/1");
            assert_eq!(object["server"], server.to_string());
            assert_eq!(object["user"], USER);
            assert_eq!(object["tested"], true);
            assert!(!shown.contains("next: "), "{shown}");
        }
        let run = world.run("send ann@example.org -m Hi -A new");
        run.end().await.result();
        world.ends_with(1).await;
    }
}

/// The account is not stored, so the help names no command that needs it.
#[tokio::test]
async fn a_new_account_whose_login_is_refused() {
    let world = World::open(provider()).await;
    let server = world.fixture.server.addr();
    let issuer = world.provider.issuer();
    let config = world.config();
    let add = format!(
        "account add {USER} --name new --tls-ca ca.pem --scope mail.send --server {server} \
         --oauth={issuer}"
    );
    let mut screen = world.screen("", &add);
    screen.answer("as recipients see it [Me]: ", "\n").await;
    screen.answer("Client ID: ", &format!("{CLIENT}\n")).await;
    let question = "Client secret (not shown; Enter: none): ";
    screen.answer(question, &format!("{SECRET}\n")).await;
    screen.answer("and not encrypted? [Y/n] ", "\n").await;
    screen.until("in a browser of this machine:").await;
    let url = shown_address(&mut screen).await;
    world.provider.refuse_login(&url).await.unwrap();
    let (status, shown) = screen.end().await;
    assert_eq!(status.code(), Some(77), "{shown}");
    let shown = unwrapped(&shown);
    assert!(shown.contains(&format!("pilotfish {add}")), "{shown}");
    assert!(!shown.contains("auth login"), "{shown}");
    assert_eq!(world.config(), config);
    world.ends_with(0).await;
}
