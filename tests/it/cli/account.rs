//! Setting up an account: the screens, what is written, and the status.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use pilotfish::testing::{Security, TestServer};

use super::cli_fixture::{CliFixture, Directory};
use super::run::{Ended, Run};
use crate::support::screen::Screen;

pub(super) const CONFIG: &str = ".config/pilotfish/config.toml";

/// A server with the user `me@gmail.com`, and a home without a configuration.
async fn fixture() -> CliFixture {
    let server = TestServer::builder()
        .user("me@gmail.com", "abcdefghijklmnop")
        .security(Security::ImplicitTls);
    CliFixture::open(server).await
}

pub(super) fn words(text: &str) -> Vec<String> {
    Run::words(text)
}

/// What a person sees who answers these questions at a terminal, and the status. `environment` has more
/// variables, as in `NAME=VALUE`.
pub(super) async fn conversation(
    home: &Path,
    environment: &str,
    arguments: &[String],
    answers: &[(&str, &str)],
) -> (Option<i32>, String) {
    let mut screen = Screen::start(&script(environment, arguments), home);
    for (question, answer) in answers {
        // Ctrl-C needs no Enter.
        let end = if answer.starts_with('\u{3}') {
            ""
        } else {
            "\n"
        };
        screen.answer(question, &format!("{answer}{end}")).await;
    }
    let (status, shown) = screen.end().await;
    (
        status.code().or(status.signal().map(|signal| signal + 128)),
        shown,
    )
}

/// Runs the command with a home and without a keyring.
pub(super) fn script(environment: &str, arguments: &[String]) -> String {
    let arguments = arguments.join(" ");
    format!(
        "unset PILOTFISH_CONFIG XDG_CONFIG_HOME XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS; export HOME=\"$PWD\" {environment}; exec \"$0\" {arguments}"
    )
}

/// The arguments for this server.
pub(super) fn at(fixture: &CliFixture, arguments: &str) -> Vec<String> {
    let address = fixture.server.addr();
    words(&format!(
        "{arguments} --server smtps://{address} --tls-ca ca.pem"
    ))
}

/// A screen without what differs from run to run.
fn screen(fixture: &CliFixture, shown: &str) -> String {
    let port = fixture.server.addr().port().to_string();
    let shown = shown.replace(&format!(":{port}"), ":465");
    match shown.split_once("valid until ") {
        Some((before, after)) => format!("{before}valid until DAY{}", &after[10..]),
        None => shown,
    }
}

async fn run(fixture: &CliFixture, arguments: &[String]) -> Ended {
    let path = fixture.directory.path();
    let run = Run::new("").args(arguments).directory(path);
    run.env("HOME", path).env("XDG_CONFIG_HOME", "").end().await
}

#[tokio::test]
async fn the_first_minute() {
    let fixture = fixture().await;
    let home = fixture.directory.path();
    let answers = [
        ("App password for me@gmail.com: ", "opensesame!"),
        ("Try it anyway? [y/N]", "y"),
        (
            "App password for me@gmail.com (attempt 2 of 3):",
            "abcd efgh ijkl\u{a0}mnop ",
        ),
        ("Your name, as recipients see it [Me]:", "Ann Lee"),
        ("and not encrypted? [Y/n]", ""),
        ("Send a test mail to me@gmail.com? [Y/n]", ""),
    ];
    let arguments = at(&fixture, "account add me@gmail.com");
    let (status, shown) = conversation(home, "", &arguments, &answers).await;
    let shown = screen(&fixture, &shown);
    let (begin, end) = shown.split_once("✓ accepted by ").expect(&shown);
    let expected = "✓ 127.0.0.1:465: TLS 1.3, certificate valid until DAY\n\
        Gmail needs an app password here, not the password of the account.\n\
        \u{20} 1. Turn on 2-Step Verification:  https://myaccount.google.com/security\n\
        \u{20} 2. Make an app password:         https://myaccount.google.com/apppasswords\n\
        \u{20} 3. Paste its 16 letters. Blanks do not matter, and nothing is shown.\n\
        App password for me@gmail.com: \n\
        \u{20} 11 characters; an app password has 16. Try it anyway? [y/N] y\n\
        ✗ 127.0.0.1 rejected the login\n\
        \u{20} server: 535 5.7.8 Authentication credentials invalid\n\
        \u{20} cause:  this looks like the password of the account\n\
        App password for me@gmail.com (attempt 2 of 3): \n\
        \u{20} 16 characters; 3 blanks and 1 no-break space were removed\n\
        ✓ logged in as me@gmail.com\n\
        Your name, as recipients see it [Me]: Ann Lee\n\
        ! no keyring can be reached: no D-Bus session (cron or ssh?)\n\
        Store the password in ~/.config/pilotfish/gmail.password, readable only by you\n\
        and not encrypted? [Y/n] \n\
        ✓ password stored in ~/.config/pilotfish/gmail.password\n\
        ✓ account gmail written to ~/.config/pilotfish/config.toml; it is the default\n\
        Send a test mail to me@gmail.com? [Y/n] \n";
    assert_eq!(begin, expected);
    assert!(
        end.ends_with(
            "next: pilotfish send ann@example.org -s 'A shark' -m 'Look.' -a shark.png\n"
        ),
        "{end}"
    );
    assert_eq!(status, Some(0));
    let password = fixture.directory.read(".config/pilotfish/gmail.password");
    assert_eq!(password, b"abcdefghijklmnop");
    for name in [CONFIG, ".config/pilotfish/gmail.password"] {
        let mode = std::fs::metadata(home.join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    // What is written suffices to send.
    run(&fixture, &words("send --to ann@example.org --text Hi"))
        .await
        .result();
    let mails = fixture.mails().await;
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().all(|mail| mail.reverse_path == "me@gmail.com"));
}

#[tokio::test]
async fn three_passwords_are_tried_and_nothing_is_stored() {
    let fixture = fixture().await;
    let questions = ["me@gmail.com:", "(attempt 2 of 3):", "(attempt 3 of 3):"];
    let answers = questions.map(|question| (question, "qwertyuiopasdfgh"));
    let arguments = at(&fixture, "account add me@gmail.com");
    let (status, shown) = conversation(fixture.directory.path(), "", &arguments, &answers).await;
    assert_eq!(status, Some(77), "{shown}");
    assert!(shown.contains("(attempt 3 of 3)"), "{shown}");
    assert!(!fixture.directory.path().join(".config").exists());
    fixture.received_nothing().await;
}

#[tokio::test]
async fn ctrl_c_leaves_nothing_behind() {
    let fixture = fixture().await;
    let arguments = at(&fixture, "account add me@gmail.com");
    let answers = [("App password for me@gmail.com:", "\u{3}")];
    let (status, shown) = conversation(fixture.directory.path(), "", &arguments, &answers).await;
    // The shell's status of a process that SIGINT has ended.
    assert_eq!(status, Some(130), "{shown}");
    assert!(shown.ends_with("\n nothing was stored\n"), "{shown}");
    assert!(!fixture.directory.path().join(".config").exists());
    fixture.received_nothing().await;
}

/// Without a terminal nothing is asked.
#[tokio::test]
async fn an_account_is_added_listed_shown_tested_and_removed() {
    let fixture = fixture().await;
    fixture.directory.file("secret", "abcdefghijklmnop");
    let source = "--password-command 'cat ~/secret' --no-input";
    let add = at(
        &fixture,
        &format!("account add me@gmail.com --name work {source}"),
    );
    let ended = run(&fixture, &add).await;
    assert_eq!(
        ended.result(),
        "account work written to ~/.config/pilotfish/config.toml; login tested; it is the default"
    );
    let ended = run(&fixture, &add).await;
    ended.fails(64, "there is an account work already");
    ended.fails(64, "help:   another account: --name work2");
    ended.fails(64, "another password for it: pilotfish auth set work");
    let add = at(&fixture, &format!("account add me@gmail.com {source}"));
    let ended = run(&fixture, &add).await;
    assert_eq!(
        ended.result(),
        "account gmail written to ~/.config/pilotfish/config.toml; login tested"
    );
    let server = format!("127.0.0.1:{}", fixture.server.addr().port());
    for (arguments, expected) in [
        (
            "account list",
            format!(
                "   NAME   ADDRESS       SERVER{blanks}LOGIN     SECRET\n   \
                    gmail  me@gmail.com  {server}  password  command\n\
                 *  work   me@gmail.com  {server}  password  command",
                blanks = " ".repeat(server.len() - 4),
            ),
        ),
        (
            "account test",
            format!("work: {server}, TLS 1.3, logged in as me@gmail.com; nothing sent"),
        ),
        (
            "account default gmail",
            "account gmail is the default".to_owned(),
        ),
        (
            "account remove work",
            "account work removed from ~/.config/pilotfish/config.toml".to_owned(),
        ),
        (
            "config check",
            "~/.config/pilotfish/config.toml: 1 account".to_owned(),
        ),
        (
            "account remove gmail",
            "account gmail removed from ~/.config/pilotfish/config.toml".to_owned(),
        ),
    ] {
        let ended = run(&fixture, &words(arguments)).await;
        assert_eq!(
            (ended.status, ended.stdout.trim_end()),
            (0, expected.as_str()),
            "{ended:?}"
        );
    }
    let ended = run(&fixture, &words("account list")).await;
    assert_eq!(
        (ended.stdout.as_str(), ended.stderr.as_str()),
        ("", "no account is set up\n")
    );
    fixture.received_nothing().await;
}

#[tokio::test]
async fn settings_are_shown_with_their_places() {
    let directory = Directory::new();
    let home = directory.path();
    std::fs::create_dir_all(home.join(".config/pilotfish")).unwrap();
    let text = "default = \"work\"\n\n[account.work]\nserver = \"smtp.example.org\"\n\
                user = \"me@example.org\" # mine\npassword-command = \"pass show mail/work\"\n\
                [account.work.network]\nhelo = \"desk.example.org\"\n";
    directory.file(CONFIG, text);
    for (arguments, expected) in [
        (
            "account show work",
            "server        smtp.example.org:587, starttls  ~/.config/pilotfish/config.toml:4\n\
             user          me@example.org                  ~/.config/pilotfish/config.toml:5\n\
             secret        command: pass show mail/work    ~/.config/pilotfish/config.toml:6\n\
             network.helo  desk.example.org                ~/.config/pilotfish/config.toml:8\n",
        ),
        (
            "config show",
            "default = \"work\"\naccount.work.server = \"smtp.example.org\"\n\
             account.work.user = \"me@example.org\"\n\
             account.work.password-command = \"pass show mail/work\"\n\
             account.work.network.helo = \"desk.example.org\"\n",
        ),
        (
            "config show --origin -C small.toml",
            "small.toml:1\taccount.a.user = 'me@proton.me'\n",
        ),
        (
            "account show a -C small.toml",
            "server  127.0.0.1:1025, starttls  built-in list of services\n\
             user    me@proton.me              small.toml:1\n",
        ),
    ] {
        directory.file("small.toml", "account.a.user = 'me@proton.me'\n");
        let run = Run::new(arguments).directory(home);
        let ended = run.env("HOME", home).env("XDG_CONFIG_HOME", "").end().await;
        assert_eq!(
            (ended.status, ended.stdout.as_str()),
            (0, expected),
            "{ended:?}"
        );
    }
    let run = Run::new("config path").directory(home);
    let ended = run.env("HOME", home).env("XDG_CONFIG_HOME", "").end().await;
    let own = home.join(CONFIG);
    let expected = format!("{}\n/etc/pilotfish/config.toml\n", own.display());
    assert_eq!(ended.stdout, expected);
}

#[tokio::test]
async fn a_password_is_stored_anew() {
    let fixture = fixture().await;
    let home = fixture.directory.path();
    let account = format!(
        "[account.gmail]\nserver = \"smtps://{}\"\ntls-ca = \"../../ca.pem\"\n\
         user = \"me@gmail.com\" # mine\n",
        fixture.server.addr()
    );
    std::fs::create_dir_all(home.join(".config/pilotfish")).unwrap();
    fixture.directory.file(CONFIG, &account);
    let answers = [("App password for me@gmail.com:", "abcdefgh ijklmnop")];
    let (status, shown) = conversation(home, "", &words("auth set gmail"), &answers).await;
    assert_eq!(status, Some(0), "{shown}");
    let expected = "App password for me@gmail.com: \n\
                    \u{20} 16 characters; 1 blank was removed\n\
                    ✓ password of gmail stored in ~/.config/pilotfish/gmail.password\n";
    assert_eq!(shown, expected);
    let text = String::from_utf8(fixture.directory.read(CONFIG)).unwrap();
    assert_eq!(
        text,
        format!("{account}password-file = \"gmail.password\"\n")
    );
    let ended = run(&fixture, &words("account test")).await;
    assert!(ended.result().contains("logged in as me@gmail.com"));
    run(&fixture, &words("auth set --no-input"))
        .await
        .fails(64, "the password cannot be asked for");
    fixture.received_nothing().await;
}

#[tokio::test]
async fn what_cannot_be_set_up() {
    let directory = Directory::new();
    directory.file(
        "mail.toml",
        "[account.a]\nserver = 'x'\nuser = 'me'\npassword-command = 'pass'\n\
         [account.b]\nserver = 'x'\n",
    );
    for (arguments, status, words) in [
        ("account add me", 64, "pilotfish account add me@example.org"),
        (
            "account add me@example.org --no-test",
            64,
            "example.org is not in the built-in list",
        ),
        ("account add me@[192.0.2.1]", 64, "--server HOST:PORT"),
        (
            "account add me@example.org --server x --tls none --password-file y",
            64,
            "for a relay that needs no login, add --no-login",
        ),
        (
            "account add me@gmail.com --no-test --password-command './pw me'",
            64,
            "write the path from / or ~/ on",
        ),
        (
            "account add me@proton.me --no-test --no-input",
            64,
            "the password cannot be asked for",
        ),
        (
            "account add me@outlook.com --no-test",
            64,
            "the client ID cannot be asked for",
        ),
        (
            "account add me@proton.me --server smtps://x --tls none --password-env X",
            64,
            "server and tls name different modes",
        ),
        (
            "account remove",
            64,
            "name the account\n  help:   pilotfish account list shows the names",
        ),
        (
            "account remove c -C mail.toml",
            78,
            "there is no account named \"c\"",
        ),
        (
            "account test -C none.toml",
            78,
            "none.toml: check that it exists",
        ),
        (
            "auth set a -C mail.toml",
            78,
            "the secret of a comes from a command: pass",
        ),
        ("auth set b -C mail.toml", 78, "the account b has no user"),
    ] {
        let run = Run::new(arguments).directory(directory.path());
        let ended = run.env("HOME", directory.path()).end().await;
        ended.fails(status, words);
    }
}

/// A real Secret Service: set, get, an item that is not there, and a keyring that is locked.
#[tokio::test]
#[ignore = "needs a keyring: tests/run installs it"]
async fn a_password_is_kept_in_the_keyring() {
    let fixture = fixture().await;
    let home = fixture.directory.path();
    fixture.directory.file(
        "none.toml",
        "[account.a]\nserver = 'localhost'\nuser = 'me'\npassword-keyring = 'nothing'\n",
    );
    let add = at(&fixture, "account add me@gmail.com").join(" ");
    let unlock = "printf pw | gnome-keyring-daemon --unlock --components=secrets >keyring.log 2>&1";
    // The keyring comes back before it has its name on the bus.
    let wait = "until printf x | secret-tool store --label=t a b || [ $((tries += 1)) -eq 999 ]; \
                do :; done";
    let script = format!(
        "unset PILOTFISH_CONFIG XDG_CONFIG_HOME DISPLAY WAYLAND_DISPLAY; \
         export HOME=\"$PWD\" XDG_RUNTIME_DIR=\"$PWD\"; chmod 700 .; \
         exec dbus-run-session -- sh -c '{unlock}; {wait}; \"$0\" {add} && \"$0\" account test; \
         secret-tool lookup service pilotfish username gmail; echo; \
         \"$0\" send -C none.toml --from me@example.org --text Hi ann@example.org; \
         secret-tool lock; \"$0\" account test' \"$0\""
    );
    let mut screen = Screen::start(&script, home);
    for (question, answer) in [
        ("App password for me@gmail.com:", "abcdefghijklmnop\n"),
        ("recipients see it [Me]:", "\n"),
        ("Store the password: [k]eyring, [f]ile? [k]", "\n"),
        ("Send a test mail to me@gmail.com? [Y/n]", "n\n"),
    ] {
        screen.answer(question, answer).await;
    }
    let (status, shown) = screen.end().await;
    for words in [
        "✓ password stored in the keyring (Secret Service, \"pilotfish gmail\")",
        "logged in as me@gmail.com; nothing sent",
        "\nabcdefghijklmnop\n",
        "the keyring has no password named \"nothing\"",
        "the keyring is locked",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert_eq!(status.code(), Some(78), "{shown}");
    let config = String::from_utf8(fixture.directory.read(CONFIG)).unwrap();
    assert!(config.contains("password-keyring = \"gmail\""), "{config}");
    fixture.received_nothing().await;
}
