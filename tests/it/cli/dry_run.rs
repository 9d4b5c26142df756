//! `--dry-run`: the octets, and nothing else.

use super::cli_fixture::{CliFixture, Directory, server};
use super::run::Run;

const MAIL: &str = "--from me@example.org --to ann@example.org --bcc eve@example.org \
                    -s 'A shark 🦈' --text '.\nfrom here' -a shark.png";

/// A text, and a calendar.
const TEXT: &[u8] = b"BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR\n";

const SHARK: &[u8] = include_bytes!("../../fixtures/images/shark.png");

/// A message with placeholders for what differs from run to run.
fn without_chance(message: &[u8]) -> String {
    let text = String::from_utf8(message.to_vec()).unwrap();
    let after = |mark: &str, end: &str| {
        let (_, rest) = text.split_once(mark).unwrap();
        rest.split_once(end).unwrap().0.to_owned()
    };
    text.replace(&after("\r\nMessage-ID: ", "\r\n"), "MESSAGE-ID")
        .replace(&after("boundary=\"", "\""), "BOUNDARY")
        .replace(&after("Date: ", "\r\n"), "DATE")
}

#[tokio::test]
async fn the_octets_are_those_that_the_server_would_get() {
    let fixture = CliFixture::open(server()).await;
    fixture.directory.file("shark.png", SHARK);
    fixture.send(MAIL).end().await.result();
    fixture
        .send(&format!("{MAIL} --dry-run -o mail.eml"))
        .end()
        .await;
    let written = fixture.directory.read("mail.eml");
    let mail = fixture.mail().await;
    assert_eq!(without_chance(&written), without_chance(&mail.octets));
}

#[tokio::test]
async fn it_needs_no_server_and_no_login() {
    let directory = Directory::new();
    directory.file("shark.png", SHARK);
    let run = Run::new(&format!("send {MAIL} --dry-run")).directory(directory.path());
    let to_stdout = run.end().await;
    assert_eq!((to_stdout.status, to_stdout.stderr.as_str()), (0, ""));

    let run = Run::new(&format!("send {MAIL} -n -o mail.eml")).directory(directory.path());
    let to_file = run.end().await;
    assert_eq!((to_file.status, to_file.stdout.as_str()), (0, ""));
    let written = directory.read("mail.eml");
    assert_eq!(
        without_chance(&written),
        without_chance(to_stdout.stdout.as_bytes())
    );
}

#[tokio::test]
async fn it_does_not_connect_and_reads_no_password() {
    let fixture = CliFixture::open(server()).await;
    let run = fixture.send_without_login("--to ann@example.org --user me@example.org --dry-run");
    let ended = run
        .args(["--password-command", "touch asked; cat password"])
        .end()
        .await;
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(!fixture.directory.path().join("asked").exists());
    fixture.received_nothing().await;
}

#[tokio::test]
async fn an_existing_file_is_replaced() {
    let directory = Directory::new();
    directory.file("mail.eml", vec![b'x'; 10_000]);
    let run = Run::new("send --from me@example.org --to ann@example.org --dry-run -o mail.eml");
    assert_eq!(run.directory(directory.path()).end().await.status, 0);
    let written = String::from_utf8(directory.read("mail.eml")).unwrap();
    assert!(written.starts_with("Date: ") && !written.contains('x'.to_string().repeat(9).as_str()));
}

/// A file that cannot be written completely stays unchanged, or does not exist.
#[tokio::test]
async fn an_interrupted_output_leaves_no_partial_file() {
    let directory = Directory::new();
    directory.sparse_file("large", 1_000_000);
    for old in [None, Some("old")] {
        if let Some(old) = old {
            directory.file("mail.eml", old);
        }
        let send = "send --from me@example.org --to ann@example.org -a large --dry-run";
        let script = format!("ulimit -f 8; \"$0\" {send} -o mail.eml");
        let run = Run::shell(&script).stdin("").directory(directory.path());
        run.end().await.fails(73, "cannot write to mail.eml");
        let names = std::fs::read_dir(directory.path()).unwrap();
        assert_eq!(names.count(), 1 + old.iter().count());
        if let Some(old) = old {
            assert_eq!(directory.read("mail.eml"), old.as_bytes());
        }
    }
}

#[tokio::test]
async fn the_output_never_replaces_an_input() {
    let directory = Directory::new();
    directory.file("a.png", SHARK);
    std::fs::hard_link(
        directory.path().join("a.png"),
        directory.path().join("link.png"),
    )
    .unwrap();
    directory.file("a.txt", TEXT);
    for arguments in [
        "-a a.png -o a.png",
        "-a 'a.png;name=b.png' -o ./a.png",
        "-a a.png -o link.png",
        "--html x --inline a=link.png -o a.png",
        "--html '<img src=a.png>' --inline auto -o a.png",
        "--html '<img src=%61.png>' --inline auto -o link.png",
        "--text @a.txt -o a.txt",
        "--html @a.txt -o a.txt",
        "--markdown a.txt -o a.txt",
        "--calendar a.txt -o a.txt",
        "--forward a.txt -o a.txt",
    ] {
        let mail = "send --from me@example.org --to ann@example.org --dry-run";
        let run = Run::new(&format!("{mail} {arguments}")).directory(directory.path());
        assert_eq!(run.end().await.status, 73, "{arguments}");
        assert_eq!(directory.read("a.png"), SHARK, "{arguments}");
        assert_eq!(directory.read("a.txt"), TEXT, "{arguments}");
    }
}

#[tokio::test]
async fn a_reader_that_closes_the_pipe_is_not_an_error() {
    let directory = Directory::new();
    directory.sparse_file("large.bin", 1_000_000);
    let script = "(\"$0\" send --from me@example.org --to ann@example.org -a large.bin -n; \
                  echo $? >status) | head -c 1";
    let run = Run::shell(script).stdin("").directory(directory.path());
    let ended = run.end().await;
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("D", ""));
    assert_eq!(directory.read("status"), b"0\n");
}
