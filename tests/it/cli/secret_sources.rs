//! Where secrets come from on the command line, and what is said when there is none.

use pilotfish::testing::Security;
use rustix::process::{Pid, Signal, kill_process};

use super::account::{CONFIG, conversation, words};
use super::cli_fixture::{CliFixture, Directory, server};
use super::run::{Ended, PASSWORD, Run, USER};
use crate::support::screen::Screen;

const MAIL: &str = "--from me@example.org --to ann@example.org -s Hi -m Hi";

async fn fixture() -> CliFixture {
    CliFixture::open(server().security(Security::ImplicitTls)).await
}

/// The configuration of an account at this server, with this line about its secret.
fn configure(fixture: &CliFixture, secret: &str) {
    let home = fixture.directory.path();
    std::fs::create_dir_all(home.join(".config/pilotfish")).unwrap();
    let address = fixture.server.addr();
    let account = format!(
        "[account.work]\nserver = 'smtps://{address}'\ntls-ca = '../../ca.pem'\nuser = '{USER}'\n{secret}\n"
    );
    fixture.directory.file(CONFIG, account);
}

async fn run(directory: &Directory, arguments: &str, stdin: &str) -> Ended {
    let path = directory.path();
    let run = Run::new(arguments).directory(path).stdin(stdin);
    let run = run.env("HOME", path).env("XDG_CONFIG_HOME", "");
    run.env("SECRET", PASSWORD).end().await
}

#[tokio::test]
async fn a_variable_has_the_password_or_the_token() {
    let server = server()
        .security(Security::ImplicitTls)
        .mechanism("OAUTHBEARER");
    let fixture = CliFixture::open(server).await;
    let at = format!(
        "--server smtps://{} --tls-ca ca.pem --user {USER}",
        fixture.server.addr()
    );
    for flag in ["--password-env SECRET", "--token-env SECRET"] {
        let ended = run(&fixture.directory, &format!("send {at} {MAIL} {flag}"), "").await;
        assert!(ended.result().starts_with("accepted"), "{ended:?}");
    }
    let no_keyring = "env -u DBUS_SESSION_BUS_ADDRESS -u XDG_RUNTIME_DIR \"$0\"";
    for flag in ["--password-keyring x", "--token-keyring x"] {
        let script = format!("exec {no_keyring} send {at} {MAIL} {flag}");
        let ended = Run::shell(&script)
            .directory(fixture.directory.path())
            .end()
            .await;
        ended.fails(78, "no keyring can be reached");
    }
    let both = format!("send {at} {MAIL} --password-env SECRET --password-keyring x");
    run(&fixture.directory, &both, "").await.fails(64, "");
    assert_eq!(fixture.mails().await.len(), 2);
}

#[tokio::test]
async fn send_asks_for_a_password_on_a_terminal() {
    let fixture = fixture().await;
    let home = fixture.directory.path();
    let at = format!(
        "--server smtps://{} --tls-ca ca.pem --user {USER}",
        fixture.server.addr()
    );
    let send = words(&format!(
        "send {at} --from me@example.org --to ann@example.org -s Hi -m Hi"
    ));
    let question = "Password for me@example.org at 127.0.0.1:";
    let (status, shown) = conversation(home, "", &send, &[(question, PASSWORD)]).await;
    assert_eq!(status, Some(0), "{shown}");
    assert!(!shown.contains(PASSWORD), "{shown}");
    let (status, shown) = conversation(home, "", &send, &[(question, "")]).await;
    assert_eq!(status, Some(130), "{shown}");
    assert!(shown.ends_with("\nnot sent\n"), "{shown}");
    for more in ["--no-input", ""] {
        let ended = run(&fixture.directory, &format!("send {at} {MAIL} {more}"), "").await;
        ended.fails(64, "--user needs a password: add --password-file FILE");
    }
    assert_eq!(fixture.mails().await.len(), 1);
}

#[tokio::test]
async fn a_script_stores_a_password() {
    let fixture = fixture().await;
    configure(&fixture, "");
    for (flags, stdin) in [
        ("--password-fd 0", PASSWORD),
        ("--password-env SECRET", ""),
        ("--password-command 'printenv SECRET' --no-test", ""),
        ("--password-file password", ""),
    ] {
        let set = format!("auth set work --no-input {flags}");
        let ended = run(&fixture.directory, &set, stdin).await;
        let stored = "password of work stored in ~/.config/pilotfish/work.password";
        assert_eq!(ended.result(), stored, "{flags}");
        let kept = fixture.directory.read(".config/pilotfish/work.password");
        assert_eq!(kept, PASSWORD.as_bytes(), "{flags}");
        std::fs::remove_file(
            fixture
                .directory
                .path()
                .join(".config/pilotfish/work.password"),
        )
        .unwrap();
    }
    let wrong = "auth set work --no-input --password-fd 0";
    let ended = run(&fixture.directory, wrong, "wrong\n").await;
    ended.fails(77, "rejected the login");
    assert!(
        !fixture
            .directory
            .path()
            .join(".config/pilotfish/work.password")
            .exists()
    );
    let ended = run(&fixture.directory, "auth set work --no-input", "").await;
    ended.fails(64, "--password-fd 0 for standard input");
    fixture.received_nothing().await;
}

#[tokio::test]
async fn a_command_that_fails_says_why() {
    let fixture = fixture().await;
    let secret = "password-command = \"echo hunter2 >/dev/null; printf 'a\\\\ngpg: no pinentry\\\\n' >&2; exit 2\"";
    configure(&fixture, secret);
    for command in ["account test", "send ann@example.org -s Hi -m Hi"] {
        let ended = run(&fixture.directory, command, "").await;
        ended.fails(78, "no password for me@example.org: the command failed");
        ended.fails(78, "ended with status 2: gpg: no pinentry");
        ended.fails(78, "run it in this shell to see why");
        assert!(!ended.stderr.contains("hunter2"), "{ended:?}");
    }
    fixture.received_nothing().await;
}

/// The arguments of a command are on no screen, unless they name an item of a password manager.
#[tokio::test]
async fn arguments_of_a_command_are_not_shown() {
    let fixture = fixture().await;
    for (command, expected) in [
        (
            "curl -d 'client_secret=hunter2' https://x.invalid; exit 2",
            "curl …",
        ),
        ("sh -c 'exit 2; echo hunter2'", "sh …"),
        ("PASS=hunter2 false", "…"),
        ("pass show hunter2; exit 2", "pass …"),
    ] {
        configure(&fixture, &format!("password-command = \"{command}\""));
        for (screen, shows) in [
            ("account show work", true),
            ("account show work --json", true),
            ("account list --json", false),
            ("config show", true),
            ("config show --origin", true),
            ("config show --json", true),
            ("config check", false),
            ("auth set work", true),
            ("account test work", true),
            ("account test work --json", true),
            ("send ann@example.org -s Hi -m Hi", true),
            ("send ann@example.org -s Hi -m Hi --json", true),
            ("check --login", false),
        ] {
            let ended = run(&fixture.directory, screen, "").await;
            let all = format!("{}{}", ended.stdout, ended.stderr);
            assert!(!all.contains("hunter2"), "{screen}: {all}");
            assert!(all.contains(expected) || !shows, "{screen}: {all}");
        }
    }
    configure(&fixture, "password-command = \"pass show 'mail/work'\"");
    for screen in ["account show work", "config show", "config show --json"] {
        let ended = run(&fixture.directory, screen, "").await;
        assert!(ended.stdout.contains("pass show 'mail/work'"), "{ended:?}");
    }
    let foreign = "host x\nauth on\ntls on\nport 587\nuser me\npasswordeval curl -u me:hunter2 x\n";
    fixture
        .directory
        .file("rc", format!("account a\n{foreign}"));
    let import = "config import rc --from msmtp --dry-run -C none.toml";
    let ended = run(&fixture.directory, import, "").await;
    let line = "password-command = \"curl …\"";
    assert!(
        ended.stdout.contains(line) && !ended.stdout.contains("hunter2"),
        "{ended:?}"
    );
    fixture.received_nothing().await;
}

/// A program that has changed the terminal restores it, even if it has taken the place of the shell.
#[tokio::test]
async fn a_command_that_asks_restores_the_terminal() {
    let fixture = fixture().await;
    let home = fixture.directory.path();
    let ask = "trap 'echo ends >&2; stty echo </dev/tty; exit' TERM\nstty -echo </dev/tty\nprintf 'PIN: ' >&2\n\
               while :; do sleep 0.02; done\n";
    fixture.directory.file("ask.sh", ask);
    for command in ["exec sh ask.sh", "sh ask.sh; true"] {
        configure(&fixture, &format!("password-command = \"{command}\""));
        let script = "unset PILOTFISH_CONFIG XDG_CONFIG_HOME; export HOME=\"$PWD\"; \
            echo $$ >pid; exec \"$0\" send ann@example.org -s Hi -m Hi";
        let mut screen = Screen::start(script, home);
        screen.until("PIN: ").await;
        let id = String::from_utf8(fixture.directory.read("pid")).unwrap();
        let id = Pid::from_raw(id.trim().parse().unwrap()).unwrap();
        kill_process(id, Signal::TERM).unwrap();
        // It sees that the terminal shows what is typed.
        let (status, shown) = screen.end().await;
        assert!(!status.success(), "{shown}");
    }
    fixture.received_nothing().await;
}

/// A program that asks on standard error is seen while it waits.
#[tokio::test]
async fn a_command_may_ask_on_the_terminal() {
    let fixture = fixture().await;
    let ask = "password-command = \"printf 'PIN: ' >&2; read pin </dev/tty; echo $pin\"";
    configure(&fixture, ask);
    let answers = [("PIN: ", PASSWORD)];
    let home = fixture.directory.path();
    let (status, shown) = conversation(home, "", &words("account test"), &answers).await;
    assert_eq!(status, Some(0), "{shown}");
    fixture.received_nothing().await;
}

#[tokio::test]
async fn two_accounts_of_one_sender() {
    let directory = Directory::new();
    directory.file(
        "mail.toml",
        "default = 'local'\n[account.example]\nserver = 'x'\nfrom = 'foo@example.org'\n\
         [account.\"we ird]\"]\nserver = 'x'\nfrom = 'foo@example.org'\n[account.local]\nserver = 'x'\n",
    );
    let send = "send -C mail.toml --from foo@example.org --to ann@example.org -m Hi";
    let ended = run(&directory, send, "").await;
    ended.fails(
        78,
        "2 accounts have the address foo@example.org: example and \"we ird]\"",
    );
    ended.fails(78, "choose one: -A example");
    let ended = run(&directory, "account test nosuch -C mail.toml", "").await;
    ended.fails(78, "the accounts are example, local and \"we ird]\"");
}

#[tokio::test]
async fn a_removed_account_leaves_a_file() {
    let directory = Directory::new();
    directory.file("my word", "x");
    directory.file(
        "mail.toml",
        "[account.a]\nserver = 'x'\nuser = 'me'\npassword-file = 'my word'\n",
    );
    let ended = run(&directory, "account remove a -C mail.toml", "").await;
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(ended.stderr.contains("my word: rm '"), "{ended:?}");
}
