//! A text that a person writes for a mail: with an editor or at the terminal. It is not lost when the
//! mail is not sent.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};

use pilotfish::testing::Fault::{CloseAt, ReplyAt};
use pilotfish::testing::Point::{Auth, EndOfData, Rcpt};
use pilotfish::testing::TestServerBuilder;

use super::cli_fixture::{CliFixture, server, to_server};
use super::run::{Run, until};
use crate::support::screen::Screen;

/// `pilotfish send` to the server of the fixture on a terminal.
fn on_terminal(fixture: &CliFixture, arguments: &str) -> Screen {
    let script = format!("\"$0\" {}", to_server(fixture, arguments));
    Screen::start(&script, fixture.directory.path())
}

/// The files with a text that was not sent.
fn drafts(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory.join("state/pilotfish"));
    let entries = entries.into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test]
async fn a_text_is_typed_on_the_terminal() {
    let fixture = CliFixture::open(server()).await;
    let mut screen = on_terminal(&fixture, "ann@example.org -s Hi");
    let line = "Type the text, then Ctrl-D on a line of its own. (--edit opens an editor.)";
    screen.answer(line, "Hello Ann,\nhere I am.\n\u{4}").await;
    let (ended, shown) = screen.end().await;
    assert!(ended.success(), "{shown}");
    let text = fixture.mail().await.octets;
    let text = String::from_utf8_lossy(&text);
    assert!(
        text.ends_with("\r\n\r\nHello Ann,\r\nhere I am.\r\n"),
        "{text}"
    );
}

#[tokio::test]
async fn an_editor_writes_the_text() {
    for (editor, arguments, status, expected) in [
        ("echo more >>", "", 0, "more\r\n"),
        ("echo more >>", "--text 'Begin: '", 0, "Begin: more\r\n"),
        ("true", "--text Hello", 0, "Hello\r\n"),
        ("true", "", 64, "the mail would be empty"),
        ("false", "", 66, "the editor failed: false"),
        ("true", "--no-input", 64, "--edit needs a terminal"),
    ] {
        let fixture = CliFixture::open(server()).await;
        let editor = fixture.directory.file("edit", format!("{editor} \"$1\"\n"));
        fixture.directory.chmod("edit", 0o700);
        let editor = editor.display();
        let script = format!("ann@example.org --edit {arguments}");
        let script = format!("export EDITOR='sh {editor}'; unset VISUAL; {}", {
            let address = fixture.server.addr();
            format!(
                "\"$0\" send --server {address} --tls-ca ca.pem --user me@example.org \
                 --password-file password {script}"
            )
        });
        let expected = expected.replace("failed: false", "failed: sh ");
        let (ended, shown) = Screen::start(&script, fixture.directory.path()).end().await;
        assert_eq!(ended.code(), Some(status), "{shown}");
        if status == 0 {
            let text = fixture.mail().await.octets;
            let text = String::from_utf8_lossy(&text);
            assert!(text.ends_with(&format!("\r\n\r\n{expected}")), "{text}");
        } else {
            assert!(shown.contains(&expected), "{shown}");
            fixture.received_nothing().await;
        }
    }
}

const TEXT: &str = "Dear Ann,\nall of this took an hour.\n";

/// Whatever goes wrong: the text is in a file that only the user can read, and the command that is
/// printed sends it.
#[tokio::test]
async fn a_text_stays_when_the_mail_is_not_sent() {
    let no = |point| ReplyAt(point, "550 5.1.1 no".to_owned());
    let domain = concat!("gmial.", "com");
    for (name, fault, arguments, answer, status) in [
        ("rejected", Some(no(Rcpt)), "ann@example.org", None, 65),
        (
            "no login",
            Some(ReplyAt(Auth, "535 5.7.8 no".to_owned())),
            "ann@example.org",
            None,
            77,
        ),
        (
            "rejected later",
            Some(no(EndOfData)),
            "ann@example.org",
            None,
            65,
        ),
        ("declined", None, &format!("ann@{domain}"), Some("n\n"), 130),
        (
            "interrupted",
            None,
            &format!("ann@{domain}"),
            Some("\u{3}"),
            130,
        ),
    ] {
        for by_editor in [true, false] {
            let faulty = fault
                .iter()
                .cloned()
                .fold(server(), TestServerBuilder::fault);
            let fixture = CliFixture::open(faulty).await;
            let directory = fixture.directory.path().to_owned();
            fixture.directory.file("text", TEXT);
            let edit = if by_editor { "-em 'Begin: '" } else { "" };
            let arguments = format!("{arguments} -s 'Ann'\\''s mail' {edit}");
            let script = format!(
                "export EDITOR='cat text >'; \"$0\" {}",
                to_server(&fixture, &arguments)
            );
            let mut screen = Screen::start(&script, &directory);
            if !by_editor {
                let line = "(--edit opens an editor.)\n";
                screen.answer(line, &format!("{TEXT}\u{4}")).await;
            }
            if let Some(answer) = answer {
                screen.answer("[c]hange to", answer).await;
            }
            let (ended, shown) = screen.end().await;
            let signal = ended.signal().map(|signal| signal + 128);
            assert_eq!(ended.code().or(signal), Some(status), "{name}: {shown}");
            let drafts = drafts(&directory);
            let [draft] = drafts.as_slice() else {
                panic!("{name}: {drafts:?}: {shown}")
            };
            assert_eq!(std::fs::read_to_string(draft).unwrap(), TEXT, "{name}");
            let mode = std::fs::metadata(draft).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
            let place = format!("Pilotfish keeps the text in {}\n", draft.display());
            assert!(shown.contains(&place), "{name}: {shown}");
            let command = shown.split("\nnext: pilotfish ").nth(1).unwrap();
            let again = format!("\"$0\" {}", command.replace(domain, "example.org"));
            let ended = Run::shell(&again).directory(&directory).end().await;
            assert_eq!(ended.status, 0, "{name}: {again}: {ended:?}");
            let text = String::from_utf8_lossy(&fixture.mail().await.octets).into_owned();
            let expected = TEXT.replace('\n', "\r\n");
            assert!(text.ends_with(&format!("\r\n\r\n{expected}")), "{text}");
            assert!(text.contains("\r\nSubject: Ann's mail\r\n"), "{text}");
        }
    }
}

#[tokio::test]
async fn what_a_person_has_typed_stays_after_ctrl_c() {
    let fixture = CliFixture::open(server()).await;
    let mut screen = on_terminal(&fixture, "ann@example.org -s Hi");
    screen.answer("(--edit opens an editor.)\n", TEXT).await;
    // What the command has not read yet, the terminal drops.
    let is_text = |draft: &PathBuf| std::fs::read_to_string(draft).unwrap() == TEXT;
    until(|| drafts(fixture.directory.path()).iter().any(is_text)).await;
    screen.types("\u{3}");
    let (ended, shown) = screen.end().await;
    assert_eq!(ended.signal(), Some(2), "{shown}");
    let drafts = drafts(fixture.directory.path());
    assert_eq!(
        std::fs::read_to_string(&drafts[0]).unwrap(),
        TEXT,
        "{shown}"
    );
    fixture.received_nothing().await;
}

/// A command that sends to all would send twice to those who have the mail.
#[tokio::test]
async fn no_command_is_named_for_a_mail_that_some_have() {
    let no_bob = server().refuse_recipient("bob@example.org", "550 5.1.1 no");
    for (server, status) in [(no_bob, 80), (server().fault(CloseAt(EndOfData)), 81)] {
        let fixture = CliFixture::open(server).await;
        let mut screen = on_terminal(&fixture, "ann@example.org bob@example.org -s Hi");
        let line = "(--edit opens an editor.)\n";
        screen.answer(line, &format!("{TEXT}\u{4}")).await;
        let (ended, shown) = screen.end().await;
        assert_eq!(ended.code(), Some(status), "{shown}");
        assert!(shown.contains("Pilotfish keeps the text in "), "{shown}");
        assert!(!shown.contains("next:"), "{shown}");
        assert_eq!(drafts(fixture.directory.path()).len(), 1);
    }
}

/// A dry run sends the text to no recipient.
#[tokio::test]
async fn a_text_stays_after_a_dry_run() {
    for by_editor in [true, false] {
        let fixture = CliFixture::open(server()).await;
        fixture.directory.file("text", TEXT);
        let edit = if by_editor { "--edit" } else { "" };
        let arguments = format!("ann@example.org -n --output mail {edit}");
        let script = format!(
            "export EDITOR='cat text >'; \"$0\" {}",
            to_server(&fixture, &arguments)
        );
        let mut screen = Screen::start(&script, fixture.directory.path());
        if !by_editor {
            let line = "(--edit opens an editor.)\n";
            screen.answer(line, &format!("{TEXT}\u{4}")).await;
        }
        let (ended, shown) = screen.end().await;
        assert!(ended.success(), "{shown}");
        let drafts = drafts(fixture.directory.path());
        let [draft] = drafts.as_slice() else {
            panic!("{drafts:?}: {shown}")
        };
        assert_eq!(std::fs::read_to_string(draft).unwrap(), TEXT);
        let place = format!("Pilotfish keeps the text in {}\n", draft.display());
        assert!(shown.contains(&place), "{shown}");
        assert!(!shown.contains("next:"), "{shown}");
        fixture.received_nothing().await;
    }
}

#[tokio::test]
async fn nothing_stays_of_a_text_that_was_sent_or_not_written() {
    for (editor, arguments, status) in [
        ("echo more >>", "", 0),
        ("true", "", 64),
        ("false", "--text Hello", 66),
    ] {
        let fixture = CliFixture::open(server()).await;
        let script = format!(
            "export EDITOR='{editor}'; \"$0\" {}",
            to_server(&fixture, &format!("ann@example.org --edit {arguments}"))
        );
        let (ended, shown) = Screen::start(&script, fixture.directory.path()).end().await;
        assert_eq!(ended.code(), Some(status), "{shown}");
        assert_eq!(
            drafts(fixture.directory.path()),
            [] as [PathBuf; 0],
            "{shown}"
        );
        assert!(!shown.contains("keeps"), "{shown}");
    }
}

/// An editor may fail after it has written the text.
#[tokio::test]
async fn a_text_stays_when_the_editor_fails() {
    let fixture = CliFixture::open(server()).await;
    let script = format!(
        "export EDITOR=\"sh -c 'echo hour > \\$0; exit 1'\"; \"$0\" {}",
        to_server(&fixture, "ann@example.org --edit")
    );
    let (ended, shown) = Screen::start(&script, fixture.directory.path()).end().await;
    assert_eq!(ended.code(), Some(66), "{shown}");
    let drafts = drafts(fixture.directory.path());
    assert_eq!(std::fs::read_to_string(&drafts[0]).unwrap(), "hour\n");
}

/// The command looks at all else before a person writes.
#[tokio::test]
async fn nothing_is_written_for_a_mail_that_cannot_be_sent() {
    for (arguments, status, words) in [
        ("ann@", 65, "ann@"),
        ("ann@example.org -a none.png", 66, "none.png"),
        ("ann@example.org --reply-to me@", 65, "--reply-to"),
        ("ann@example.org -A nosuch -C none.toml", 78, "none.toml"),
        ("ann@example.org -H 'Subject: x'", 65, "Subject"),
    ] {
        for edit in ["", "--edit"] {
            let fixture = CliFixture::open(server()).await;
            let script = format!(
                "export EDITOR='touch edited; true'; \"$0\" {}",
                to_server(&fixture, &format!("{arguments} {edit}"))
            );
            let (ended, shown) = Screen::start(&script, fixture.directory.path()).end().await;
            assert_eq!(ended.code(), Some(status), "{arguments}: {shown}");
            assert!(shown.contains(words), "{arguments}: {shown}");
            assert!(!shown.contains("Type the text"), "{arguments}: {shown}");
            assert!(!fixture.directory.path().join("edited").exists());
        }
    }
}
