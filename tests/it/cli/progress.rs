//! The bar on a terminal.

use std::fs::File;
use std::io::Read as _;
use std::time::Duration;

use tokio::time::sleep;

use super::cli_fixture::Directory;
use super::peer::Peer;
use super::run::Run;
use crate::support::screen::terminal;

/// Everything that is shown until the process has closed the terminal.
async fn shown(mut screen: File) -> String {
    let read = tokio::task::spawn_blocking(move || {
        let mut text = Vec::new();
        let mut block = [0; 4096];
        // The end is an error: EIO.
        while let Ok(octets @ 1..) = screen.read(&mut block) {
            text.extend_from_slice(&block[..octets]);
        }
        text
    });
    String::from_utf8_lossy(&read.await.unwrap()).into_owned()
}

/// A little longer than the delay before the bar appears.
const LONG: Duration = Duration::from_millis(1_200);

/// Where the server waits for so long.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pause {
    Greeting,
    Message,
}

/// More than the buffers of a connection hold.
const LARGE: u64 = 20_000_000;
const SMALL: u64 = 200_000;

/// What the terminal shows of a transfer during which the server pauses.
async fn transfer(arguments: &str, octets: u64, pause: Pause) -> String {
    transfer_on("xterm", "C", arguments, octets, pause).await
}

async fn transfer_on(
    kind: &str,
    locale: &str,
    arguments: &str,
    octets: u64,
    pause: Pause,
) -> String {
    let directory = Directory::new();
    directory.sparse_file("file.bin", octets);
    let peer = Peer::listen().await;
    let (screen, line) = terminal(80);
    let run = peer
        .send(&format!("--to ann@example.org -a file.bin {arguments}"))
        .directory(directory.path())
        .env("TERM", kind)
        .env("LC_ALL", locale)
        .stderr(line);
    let server = async {
        let mut client = peer.accept().await;
        if pause == Pause::Greeting {
            sleep(2 * LONG).await;
        }
        client.dialogue_up_to_data().await;
        if pause == Pause::Message {
            sleep(LONG).await;
        }
        client.expect_message().await;
        client.reply("250 ok").await;
        client.expect_line("QUIT").await;
        client.reply("221 bye").await;
    };
    let (ended, (), shown) = tokio::join!(run.end(), server, shown(screen));
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
    shown
}

#[tokio::test]
async fn a_transfer_of_more_than_a_second_has_a_temporary_bar() {
    for (locale, blocks) in [("C", ['#', '.']), ("C.UTF-8", ['█', '░'])] {
        let shown = transfer_on("xterm", locale, "", LARGE, Pause::Message).await;
        // The first state that is drawn, a second after the first block.
        let line = shown.split('\r').find(|line| line.contains("sending "));
        let line = line.expect(&shown);
        let (title, figures) = line.split_once("  ").unwrap();
        assert!(title.ends_with("sending 27.4 MB to 127.0.0.1"), "{line:?}");
        let figures: Vec<_> = figures.trim_end().split("  ").collect();
        let [bar, percent, speed, left] = figures[..] else {
            panic!("{line:?}");
        };
        assert_eq!(bar.chars().count(), 16, "{line:?}");
        assert_eq!(bar.trim_matches(blocks), "", "{line:?}");
        assert!(percent.ends_with(" %"), "{line:?}");
        assert!(speed.ends_with("B/s"), "{line:?}");
        assert!(left.ends_with(" left"), "{line:?}");
        assert!(shown.ends_with("\r\u{1b}[2K"), "{shown:?}");
    }
}

#[tokio::test]
async fn the_terminal_names_a_silent_server_until_it_replies() {
    let shown = transfer("", SMALL, Pause::Greeting).await;
    assert!(
        shown.contains("waiting for the greeting of 127.0.0.1:"),
        "{shown:?}"
    );
    assert!(shown.contains(": 1 s of 5 min"), "{shown:?}");
    // A short transfer has no bar, however long the greeting took.
    assert!(!shown.contains("sending"), "{shown:?}");
    assert!(shown.ends_with("\r\u{1b}[2K"), "{shown:?}");
}

/// `check` names what it waits for: its own steps, then those of the sessions.
#[tokio::test]
async fn a_check_names_what_it_waits_for() {
    let peer = Peer::listen().await;
    let (screen, line) = terminal(80);
    let run = Run::new("check")
        .args([peer.address().as_str(), "--tls", "none"])
        .env("TERM", "xterm")
        .stderr(line);
    let server = async {
        // The port, a session that accepts any certificate, and one that verifies it.
        for pause in [2 * LONG, 2 * LONG, Duration::ZERO] {
            let mut client = peer.accept().await;
            sleep(pause).await;
            client.reply("220 ready").await;
            client.expect_line("EHLO").await;
            client.reply("250 ready").await;
            client.expect_line("QUIT").await;
            client.reply("221 bye").await;
        }
    };
    let (ended, (), shown) = tokio::join!(run.end(), server, shown(screen));
    assert!(ended.stdout.contains("port "), "{ended:?}");
    for expected in [
        "testing the ports of 127.0.0.1: 1 s of 25 s",
        "waiting for the greeting of 127.0.0.1: 1 s of 5 min",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown:?}");
    }
    assert!(shown.ends_with("\r\u{1b}[2K"), "{shown:?}");
}

#[tokio::test]
async fn without_a_terminal_no_wait_is_shown() {
    for (terminal, arguments) in [("dumb", ""), ("xterm", "-q"), ("xterm", "--progress never")] {
        let shown = transfer_on(terminal, "C", arguments, SMALL, Pause::Greeting).await;
        assert_eq!(shown, "", "{terminal} {arguments}");
    }
}

#[tokio::test]
async fn without_a_terminal_there_is_no_bar() {
    assert_eq!(
        transfer_on("dumb", "C", "", LARGE, Pause::Message).await,
        ""
    );
}

#[tokio::test]
async fn the_bar_can_be_left_out() {
    for flag in ["-q", "--progress never"] {
        assert_eq!(transfer(flag, LARGE, Pause::Message).await, "", "{flag}");
    }
}
