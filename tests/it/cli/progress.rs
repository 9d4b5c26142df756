//! The bar on a terminal.

use std::fs::File;
use std::io::Read as _;
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::time::sleep;

use super::office::Directory;
use super::peer::Peer;

/// A terminal of 80 columns: the side where the screen is, and the side for a process.
fn terminal() -> (File, File) {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap();
    let line = File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    let size = Winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&line, size).unwrap();
    (File::from(screen), line)
}

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

/// What the terminal shows of a transfer in which the server pauses for this long.
async fn transfer(arguments: &str, pause: Duration, at: Pause) -> String {
    let directory = Directory::new();
    // More than the buffers of a connection take.
    directory.sparse_file("large.bin", 20_000_000);
    let peer = Peer::listen().await;
    let (screen, line) = terminal();
    let run = peer
        .send(&format!("--to ann@example.org -a large.bin {arguments}"))
        .directory(directory.path())
        .env("TERM", "xterm")
        .stderr(line);
    // With the command goes its end of the terminal.
    let server = async {
        let mut client = peer.accept().await;
        if at == Pause::Greeting {
            sleep(pause).await;
        }
        client.talks_up_to_data().await;
        if at == Pause::Message {
            sleep(pause).await;
        }
        client.hears_a_message().await;
        client.says("250 ok").await;
        client.hears("QUIT").await;
        client.says("221 bye").await;
    };
    let (ended, (), shown) = tokio::join!(run.end(), server, shown(screen));
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
    shown
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pause {
    Greeting,
    Message,
}

/// A little more than the patience that the bar has.
const LONG: Duration = Duration::from_millis(1_200);

#[tokio::test]
async fn a_transfer_of_more_than_a_second_has_a_bar_which_goes_away() {
    let shown = transfer("", LONG, Pause::Message).await;
    assert!(shown.contains(" of 26.1"), "{shown:?}");
    assert!(shown.ends_with("\r\u{1b}[2K"), "{shown:?}");
}

#[tokio::test]
async fn a_short_one_has_none_however_long_the_greeting_took() {
    assert_eq!(transfer("", LONG, Pause::Greeting).await, "");
}

#[tokio::test]
async fn a_quiet_one_has_none() {
    assert_eq!(transfer("-q", LONG, Pause::Message).await, "");
}
