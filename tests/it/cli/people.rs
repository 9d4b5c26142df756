//! `send` for people: recipients as arguments, questions on the terminal, an editor, copies.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;

use super::cli_fixture::{CliFixture, Directory, server};
use super::run::{Run, unwrapped};
use crate::support::screen::Screen;

/// A domain of many users, and one with a typing error.
const RIGHT: &str = concat!("gmail.", "com");
const WRONG: &str = concat!("gmial.", "com");

/// `pilotfish send` to the server of the fixture on a terminal.
fn on_terminal(fixture: &CliFixture, arguments: &str) -> Screen {
    let script = format!(
        "\"$0\" send --server {} --tls-ca ca.pem --user me@example.org --password-file password \
         {arguments}",
        fixture.server.addr()
    );
    Screen::start(&script, fixture.directory.path())
}

#[tokio::test]
async fn a_picture_and_the_text_from_a_file() {
    let fixture = CliFixture::open(server()).await;
    fixture.directory.file("shark.png", b"\x89PNG");
    fixture.directory.file("b.txt", b"b");
    fixture.directory.file("text", "Look.\n");
    let script = format!(
        "\"$0\" send -s 'A shark' -a shark.png b.txt ann@example.org --server {} --tls-ca ca.pem \
         --user me@example.org --password-file password bob@example.org <text",
        fixture.server.addr()
    );
    let run = Run::shell(&script).directory(fixture.directory.path());
    run.end().await.result();
    let mail = fixture.mail().await;
    assert_eq!(mail.forward_paths, ["ann@example.org", "bob@example.org"]);
    let text = String::from_utf8_lossy(&mail.octets).into_owned();
    for part in ["\r\n\r\nLook.\r\n", "filename=shark.png", "filename=b.txt"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn a_domain_with_a_typing_error_is_asked_about() {
    let wrong = format!("ann@{WRONG}");
    for (answer, status, gets) in [
        ("y\n", 0, Some(wrong.clone())),
        ("c\n", 0, Some(format!("ann@{RIGHT}"))),
        ("maybe\nc\n", 0, Some(format!("ann@{RIGHT}"))),
        ("n\n", 130, None),
        ("\u{4}", 130, None),
        ("\u{3}", 130, None),
    ] {
        let fixture = CliFixture::open(server()).await;
        let mut screen = on_terminal(&fixture, &format!("{wrong} -m Hello"));
        let question = format!("Send to {wrong}? [y]es, [n]o, [c]hange to ann@{RIGHT}:");
        screen.answer(&question, answer).await;
        let (ended, shown) = screen.end().await;
        let signal = ended.signal().map(|signal| signal + 128);
        assert_eq!(ended.code().or(signal), Some(status), "{answer:?}: {shown}");
        assert!(
            shown.starts_with(&format!("! {WRONG} looks like {RIGHT}\n")),
            "{shown}"
        );
        let mails = fixture.mails().await;
        let paths: Vec<_> = mails.iter().flat_map(|mail| &mail.forward_paths).collect();
        assert_eq!(
            paths,
            gets.iter().collect::<Vec<_>>(),
            "{answer:?}: {shown}"
        );
        let result = gets.map(|address| format!("✓ accepted by 127.0.0.1 for {address}: "));
        let result = result.unwrap_or_else(|| {
            let after_ctrl_c = if answer == "\u{3}" {
                "^C not sent\n"
            } else {
                "not sent\n"
            };
            after_ctrl_c.to_owned()
        });
        assert!(shown.contains(&result), "{result}: {shown}");
    }
}

#[tokio::test]
async fn one_question_for_all_that_looks_like_a_mistake() {
    let many: Vec<_> = (0..21)
        .map(|number| format!("a{number}@example.org"))
        .collect();
    let many = many.join(",");
    for (arguments, concerns, answer, count) in [
        (
            "ann@example.org -m 'Attached is the plan.'",
            &["the text says \"Attached\" and nothing is attached"][..],
            "y\n",
            1,
        ),
        (
            &format!("'{many}' -m 'The plan is attached.'"),
            &[
                "the text says \"attached\" and nothing is attached",
                "21 recipients can see each other's addresses; --bcc hides them",
            ],
            "\n",
            0,
        ),
    ] {
        let fixture = CliFixture::open(server()).await;
        let mut screen = on_terminal(&fixture, arguments);
        screen.answer("Send? [y/N]", answer).await;
        let (_, shown) = screen.end().await;
        let lines = concerns.join("\n! ");
        assert!(shown.starts_with(&format!("! {lines}\nSend?")), "{shown}");
        assert_eq!(fixture.mails().await.len(), count, "{shown}");
    }
}

/// Elsewhere the same sentences are warnings, and the mail is sent.
#[tokio::test]
async fn where_nobody_can_be_asked_there_are_warnings() {
    let wrong = format!("ann@{WRONG} -m 'See the attachment.'");
    let domain = format!("warning: {WRONG} looks like {RIGHT}\n");
    let both = format!("{domain}warning: the text says \"attachment\" and nothing is attached\n");
    for (arguments, warnings) in [
        ("", both.as_str()),
        ("-y", &both),
        ("--no-input", &both),
        ("-q", ""),
        ("--auto-submitted generated", ""),
        ("-a file", &domain),
    ] {
        let fixture = CliFixture::open(server()).await;
        fixture.directory.file("file", "x");
        let ended = fixture.send(&format!("{wrong} {arguments}")).end().await;
        assert_eq!(
            (ended.status, ended.stderr.as_str()),
            (0, warnings),
            "{arguments}"
        );
        fixture.mail().await;
    }
    // A program that reads the outcome learns of them.
    let fixture = CliFixture::open(server()).await;
    let ended = fixture.send(&format!("{wrong} --json")).end().await;
    let object: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let expected = [
        format!("{WRONG} looks like {RIGHT}"),
        "the text says \"attachment\" and nothing is attached".to_owned(),
    ];
    assert_eq!(object["warnings"], serde_json::json!(expected), "{ended:?}");
    // On a terminal as well.
    for arguments in ["-y", "--confirm never", "--no-input"] {
        let fixture = CliFixture::open(server()).await;
        let screen = on_terminal(&fixture, &format!("{wrong} {arguments}"));
        let (ended, shown) = screen.end().await;
        assert!(
            ended.success() && shown.starts_with(&both),
            "{arguments}: {shown}"
        );
        fixture.mail().await;
    }
    let fixture = CliFixture::open(server()).await;
    let ended = fixture
        .send("ann@example.org -m Hi --confirm always")
        .end()
        .await;
    ended.fails(64, "--confirm always needs a terminal to ask on");
    fixture.received_nothing().await;
}

#[tokio::test]
async fn a_copy_of_what_was_accepted() {
    let fixture = CliFixture::open(server().refuse_recipient("bob@example.org", "550 no")).await;
    let directory = fixture.directory.path().to_owned();
    for name in ["box/cur", "box/new", "box/tmp", "plain"] {
        std::fs::create_dir_all(directory.join(name)).unwrap();
    }
    let mail = "ann@example.org --bcc eve@example.org --bcc 'Bob <Bob@example.net>' -m Hi";
    let ended = fixture
        .send(&format!("{mail} --save-copy copy.eml"))
        .end()
        .await;
    ended.result();
    let ended = fixture.send(&format!("{mail} --save-copy box")).end().await;
    ended.result();
    let seen: Vec<_> = std::fs::read_dir(directory.join("box/cur"))
        .unwrap()
        .collect();
    let [Ok(seen)] = seen.as_slice() else {
        panic!("{seen:?}")
    };
    assert!(seen.file_name().to_str().unwrap().ends_with(":2,S"));
    for path in [directory.join("copy.eml"), seen.path()] {
        // Others must not read the mail.
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path:?}");
        let text = std::fs::read_to_string(path).unwrap();
        assert!(
            text.starts_with("Bcc: eve@example.org,\r\n Bob@example.net\r\n"),
            "{text}"
        );
        assert!(text.contains("\r\nTo: ann@example.org\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\nHi\r\n"), "{text}");
    }
    for (place, words) in [
        ("plain", "without cur, new and tmp"),
        ("none/copy.eml", "there is no such directory"),
        ("copy.eml", "the file exists: name a new file"),
    ] {
        let ended = fixture
            .send(&format!("{mail} --save-copy {place}"))
            .end()
            .await;
        ended.fails(73, words);
    }
    // What was not accepted has no copy.
    let ended = fixture
        .send("bob@example.org -m Hi --save-copy rejected.eml")
        .end()
        .await;
    ended.fails(65, "550 no");
    assert!(!directory.join("rejected.eml").exists());
    let mails = fixture.mails().await;
    assert_eq!(mails.len(), 2);
    for mail in mails {
        let text = String::from_utf8_lossy(&mail.octets).into_owned();
        assert!(!text.contains("Bcc"), "{text}");
    }
}

/// The mail is accepted in any case, so the status is 0.
#[tokio::test]
async fn a_copy_that_fails_is_a_warning() {
    for (copy, change, warning) in [
        ("box", "rm -r box/tmp", "cannot write to box"),
        // Another command has kept its copy there.
        ("one.eml", "echo theirs >one.eml", "cannot write to one.eml"),
    ] {
        let fixture = CliFixture::open(server()).await;
        let script = "mkdir -p box/cur box/new box/tmp";
        let made = Run::shell(script).directory(fixture.directory.path()).end();
        assert_eq!(made.await.status, 0);
        // The command reads the password after it has looked at the place.
        let mail = format!("ann@example.org -m Hi --save-copy {copy} --user me@example.org");
        let ended = fixture
            .send_without_login(&mail)
            .args(["--password-command", &format!("{change}; cat password")])
            .end()
            .await;
        ended.result();
        let warning = format!("warning: {warning}");
        assert!(ended.stderr.starts_with(&warning), "{ended:?}");
        if copy == "one.eml" {
            let path = fixture.directory.path().join(copy);
            assert_eq!(std::fs::read_to_string(path).unwrap(), "theirs\n");
        }
        fixture.mail().await;
    }
}

#[tokio::test]
async fn a_deferred_mail_is_tried_again() {
    use pilotfish::testing::Fault::ReplyAt;
    use pilotfish::testing::Point::EndOfData;
    let later = ReplyAt(EndOfData, "451 4.3.0 later".to_owned());
    for (arguments, status, attempts) in [("", 75, "1"), ("--retry 30m", 0, "2")] {
        let fixture = CliFixture::open(server().fault(later.clone())).await;
        let ended = fixture
            .send(&format!("ann@example.org -m Hi --json {arguments}"))
            .end()
            .await;
        assert_eq!(ended.status, status, "{ended:?}");
        let again = unwrapped(&ended.stderr).contains("Pilotfish tries again in ");
        assert_eq!(again, status == 0, "{ended:?}");
        let attempts = format!("\"attempts\":{attempts},");
        assert!(ended.stdout.contains(&attempts), "{ended:?}");
        assert_eq!(fixture.mails().await.len(), usize::from(status == 0));
    }
    for time in ["0s", "soon", "8d", "30"] {
        let run = Run::new(&format!("send ann@example.org --retry {time}"));
        run.end()
            .await
            .fails(64, "write a time as in 90s, 30m, 2h or 3d");
    }
}

#[tokio::test]
async fn arguments_that_are_no_recipients() {
    let directory = Directory::new();
    for (arguments, words) in [
        ("-m Hi", "error: no recipient\n  help:   pilotfish send"),
        (
            "-m Hi -a a.png bob",
            "-a takes all names after it as files, and bob as well: a recipient has an @",
        ),
        ("-s Hello world", "quote the subject: -s 'Hello world'"),
        (
            "ann@example.org -m Hi -t",
            "add --raw FILE, or leave -t out",
        ),
        (
            "-m Hi -t",
            "-t takes the recipients from a finished message, and there is none",
        ),
    ] {
        let run = Run::new(&format!(
            "send --server there.invalid --from me@example.org {arguments}"
        ));
        let ended = run.directory(directory.path()).end().await;
        ended.fails(64, words);
    }
    // An address with a mistake is one mistake, wherever it stands.
    for (arguments, words) in [
        (
            "world -m Hi",
            "error: 'world' is not an address: it has no @",
        ),
        ("world@ -m Hi", "error: in the recipient world@: "),
        ("--to world -m Hi", "error: in --to: "),
        ("--to world@ -m Hi", "error: in --to: "),
        ("--bcc '' -m Hi", "error: in --bcc: "),
        ("'' -m Hi", "error: '' is not an address"),
        (
            "mailto:ann@example.org -m Hi",
            "leave mailto: out: ann@example.org",
        ),
    ] {
        let run = Run::new(&format!(
            "send {arguments} --server there.invalid --from me@example.org"
        ));
        let ended = run.directory(directory.path()).end().await;
        ended.fails(65, words);
    }
}
