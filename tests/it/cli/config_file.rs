//! Several processes and a person who change the configuration at once, and what a failure leaves behind.

use std::fs::File;

use futures_util::future::join_all;
use rustix::process::Signal;

use super::account::CONFIG;
use super::cli_fixture::Directory;
use super::oauth::{World, provider};
use super::run::{Ended, Run, USER};
use crate::support::screen::Screen;

const FOLDER: &str = ".config/pilotfish";

const ADD: &str = "account add me@example.org --server mail.example.org --no-test --no-input";

fn run(directory: &Directory, arguments: &str) -> Run {
    in_home(Run::new(arguments), directory)
}

fn in_home(run: Run, directory: &Directory) -> Run {
    let path = directory.path();
    let run = run.directory(path).env("HOME", path);
    run.env("XDG_CONFIG_HOME", "")
        .env("DBUS_SESSION_BUS_ADDRESS", "")
        .env("XDG_RUNTIME_DIR", "")
}

fn config(directory: &Directory) -> String {
    String::from_utf8(directory.read(CONFIG)).unwrap()
}

/// The files in the directory of the configuration.
fn files(directory: &Directory) -> Vec<String> {
    let files = std::fs::read_dir(directory.path().join(FOLDER)).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// A person at a terminal who adds the account `work`, up to the question for the name.
async fn person_adds(directory: &Directory) -> Screen {
    let script = "unset PILOTFISH_CONFIG XDG_CONFIG_HOME XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS; \
                  export HOME=\"$PWD\"; exec \"$0\" account add me@example.org --name work \
                  --server mail.example.org --no-test";
    let mut screen = Screen::start(script, directory.path());
    screen
        .answer("Password for me@example.org", "secret\n")
        .await;
    screen.until("Your name").await;
    screen
}

async fn person_ends(mut screen: Screen) -> (Option<i32>, String) {
    screen.types("Ann\n");
    screen.answer("and not encrypted? [Y/n]", "y\n").await;
    let (status, shown) = screen.end().await;
    (status.code(), shown)
}

#[tokio::test]
async fn eight_processes_add_eight_accounts() {
    let directory = Directory::new();
    let adding = (1..=8).map(|number| {
        let name = format!("{ADD} --no-login --name a{number}");
        run(&directory, &name).end()
    });
    for ended in join_all(adding).await {
        assert_eq!(ended.status, 0, "{ended:?}");
    }
    let config = config(&directory);
    assert_eq!(config.matches("[account.a").count(), 8, "{config}");
    assert_eq!(config.matches("default = ").count(), 1, "{config}");
    // Neither a lock nor a part of a file is left.
    assert_eq!(files(&directory), ["config.toml"]);
}

#[tokio::test]
async fn of_four_processes_that_add_the_same_account_one_does() {
    let directory = Directory::new();
    let adding = (1..=4).map(|number| {
        let source = format!("{ADD} --name work --password-env P{number}");
        run(&directory, &source).end()
    });
    let ended = join_all(adding).await;
    let (added, refused): (Vec<_>, Vec<_>) = ended.iter().partition(|ended| ended.status == 0);
    assert_eq!(added.len(), 1, "{ended:?}");
    for ended in refused {
        ended.fails(64, "there is an account work already");
    }
    assert_eq!(config(&directory).matches("password-env").count(), 1);
}

/// A person edits the file while the command waits for an answer, or another process adds the account.
#[tokio::test]
async fn changes_during_a_question() {
    let other = "[account.other]\nserver = \"other.example.org\" # mine\n";
    let work = "[account.work]\nserver = \"other.example.org\"\n";
    let broken = "[account.work\n";
    for (written, status, words) in [
        (other, 0, "account work written to"),
        (
            work,
            64,
            "there is an account work already: another process",
        ),
        (broken, 78, "config.toml"),
    ] {
        let directory = Directory::new();
        let screen = person_adds(&directory).await;
        std::fs::create_dir_all(directory.path().join(FOLDER)).unwrap();
        directory.file(CONFIG, written);
        let (ended, shown) = person_ends(screen).await;
        assert_eq!(ended, Some(status), "{shown}");
        assert!(shown.contains(words), "{shown}");
        let config = config(&directory);
        if status == 0 {
            let expected = format!("default = \"other\"\n{other}\n[account.work]\n");
            assert!(config.starts_with(&expected), "{config}");
            assert_eq!(files(&directory), ["config.toml", "work.password"]);
        } else {
            assert_eq!(config, written);
            assert_eq!(files(&directory), ["config.toml"]);
        }
    }
}

/// Someone edits or removes the account while the person logs in.
#[tokio::test]
async fn changes_during_a_login() {
    for (is_removed, status) in [(false, 0), (true, 78)] {
        let world = World::open(provider()).await;
        let mut running = world.login("").await;
        let url = running.until("http://").await;
        let edited = if is_removed {
            "# empty\n".to_owned()
        } else {
            format!(
                "# mine\n{}[account.other]\nserver = \"x\"\n",
                world.config()
            )
        };
        world.fixture.directory.file("mail.toml", &edited);
        world.provider.log_in(url.trim(), USER).await.unwrap();
        let ended = running.end().await;
        assert_eq!(ended.status, status, "{ended:?}");
        let config = world.config();
        if is_removed {
            ended.fails(78, "mail.toml has no account work any more");
            assert_eq!(config, edited);
            assert!(!world.tokens().path().exists());
        } else {
            assert!(config.starts_with("# mine\n[account.work]\n"), "{config}");
            assert!(config.contains("token-file = \"work.tokens\""), "{config}");
            assert!(config.contains("[account.other]"), "{config}");
        }
        world.ends_with(0).await;
    }
}

const MSMTPRC: &str = "account b\nhost b.example.org\ntls on\nauth on\nuser me\npassword hunter2\n\
                       logfile x\naccount c : b\nhost c.example.org\n";

/// A process that is stopped while it waits for the lock, or that cannot write the configuration, leaves
/// no secret behind.
#[tokio::test]
async fn no_secret_is_left_behind() {
    let import = "config import msmtprc --store file --no-input";
    let set = "auth set a --password-fd 0 --no-test --no-input";
    let account = "[account.a]\nserver = \"a.example.org\"\nuser = \"me\"\n";
    let large = format!("{account}# {}\n", "x".repeat(3000));
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let directory = with_account(account);
        let lock = File::open(directory.path().join(FOLDER)).unwrap();
        lock.lock().unwrap();
        let mut running = run(&directory, import).start().await;
        running.until("not taken").await;
        running.signal(signal);
        running.end().await.fails(status, "nothing was stored");
        left_as(&directory, account);
    }
    for arguments in [import, set] {
        let directory = with_account(&large);
        // The file of the password is small enough, and that of the configuration is too large.
        let script = format!("ulimit -f 2; exec \"$0\" {arguments}");
        let ended = in_home(Run::shell(&script), &directory).end().await;
        refuses_to_write(&ended);
        left_as(&directory, &large);
    }
}

fn with_account(account: &str) -> Directory {
    let directory = Directory::new();
    directory.file("msmtprc", MSMTPRC);
    std::fs::create_dir_all(directory.path().join(FOLDER)).unwrap();
    directory.file(CONFIG, account);
    directory
}

#[track_caller]
fn refuses_to_write(ended: &Ended) {
    ended.fails(73, "cannot write ~/.config/pilotfish/config.toml");
}

#[track_caller]
fn left_as(directory: &Directory, account: &str) {
    assert_eq!(files(directory), ["config.toml"]);
    assert_eq!(config(directory), account);
}

/// A path below `~` is written as it is typed, and leads home.
#[tokio::test]
async fn a_client_secret_below_the_home_directory() {
    let world = World::open(provider()).await;
    let arguments = world.login_arguments("");
    let arguments = arguments.replace("-file client-secret", "-file ~/client-secret");
    let mut running = world.run(&arguments).start().await;
    let url = running.until("http://").await;
    world.provider.log_in(url.trim(), USER).await.unwrap();
    running.end().await.result();
    let key = "client-secret-file = \"~/client-secret\"\n";
    assert!(world.config().contains(key), "{}", world.config());
    let ended = world.run("account remove work").end().await;
    let words = "its client secret is still in ~/client-secret: rm /";
    assert!(ended.stderr.contains(words), "{ended:?}");
    world.ends_with(0).await;
}
