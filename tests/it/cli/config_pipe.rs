//! A configuration that is a pipe: one with a name is refused, and an open stream is read.

use std::io::Write as _;
use std::os::fd::AsRawFd as _;

use rustix::process::Signal;

use super::cli_fixture::Directory;
use super::run::{Run, Running, until};

const CONFIG: &str = "[account.a]\nserver = 'localhost'\n";

const ADD: &str = "account add me@example.org --server x --no-test --no-login --no-input";

/// Nothing waits for the other end of the pipe.
#[tokio::test]
async fn a_pipe_with_a_name_is_refused() {
    let directory = Directory::new();
    directory.pipe("pipe");
    directory.file("msmtprc", "account b\nhost b.example.org\ntls on\n");
    for command in [
        "auth status",
        "auth token a",
        "auth login a",
        "auth set a",
        "account list",
        "account show a",
        "account test a",
        "account remove a",
        "account default a",
        ADD,
        "config show",
        "config check",
        "config import msmtprc",
        "check -A a",
        "send -A a ann@example.org -m Hi",
        "sendmail -bv ann@example.org",
    ] {
        for path in ["pipe", "."] {
            let run = Run::new(&format!("-C {path} {command}"));
            let ended = run.directory(directory.path()).end().await;
            ended.fails(78, "it is not a regular file");
        }
    }
    // Help has the names of the accounts, if there are any.
    let run = Run::new("send -h").env("PILOTFISH_CONFIG", "pipe");
    let ended = run.directory(directory.path()).end().await;
    assert_eq!(ended.status, 0, "{ended:?}");
}

/// A stream is read once, so nothing can be written to it, and its lines cannot be shown.
#[tokio::test]
async fn a_stream_is_read() {
    for (command, status, words) in [
        ("account list", 0, "localhost:587"),
        ("auth status", 0, "a  no login"),
        ("config check", 0, "1 account"),
        (
            "send -A a ann@example.org -m Hi --dry-run --from a@example.org",
            0,
            "Hi",
        ),
        (
            "config show",
            78,
            "is a pipe, whose lines cannot be read again",
        ),
        (
            "account show a",
            78,
            "is a pipe, whose lines cannot be read again",
        ),
        (ADD, 78, "it is not a regular file"),
        ("account remove a", 78, "it is not a regular file"),
        ("account default a", 78, "it is not a regular file"),
    ] {
        let run = Run::shell(&format!("cat | \"$0\" -C /dev/stdin {command}"));
        let ended = run.stdin(CONFIG).end().await;
        if status == 0 {
            assert_eq!(ended.status, 0, "{command}: {ended:?}");
            assert!(ended.stdout.contains(words), "{command}: {ended:?}");
        } else {
            ended.fails(status, words);
        }
    }
}

/// The writer never closes a stream: a signal ends the command.
#[tokio::test]
async fn a_stream_that_does_not_end() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(CONFIG.as_bytes()).unwrap();
    let (process, number) = (std::process::id(), reader.as_raw_fd());
    let send = "send --from me@example.org --to ann@example.org --text Hi";
    for (command, words) in [
        ("auth status", "nothing was shown"),
        ("account list", "nothing was shown"),
        ("account remove a", "the command did not finish"),
        ("account default a", "nothing was stored"),
        (send, "the mail was not sent"),
        (&format!("{send} -A a"), "the mail was not sent"),
    ] {
        for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
            let run = Run::new(&format!("-C /proc/{process}/fd/{number} {command}"));
            let running = run.start().await;
            until(|| catches_signals(&running, signal)).await;
            running.signal(signal);
            running.end().await.fails(status, words);
        }
    }
    drop(writer);
}

/// Whether the command, and not the program that starts it, has a handler for this signal.
fn catches_signals(running: &Running, signal: Signal) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.id())).unwrap();
    let field = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name));
        value.unwrap().trim().to_owned()
    };
    let caught = u64::from_str_radix(&field("SigCgt:"), 16).unwrap();
    field("Name:") == "pilotfish" && caught & (1 << (signal.as_raw() - 1)) != 0
}
