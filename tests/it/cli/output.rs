//! The command's output.

use pilotfish::testing::Fault::{CloseAt, ReplyAt};
use pilotfish::testing::Point::{EndOfData, Quit};

use super::cli_fixture::{CliFixture, Directory, server};
use super::run::Run;
use crate::support::tls::KEY_EXCHANGE;

const MAIL: &str = "--to ann@example.org --text Hi";

#[tokio::test]
async fn a_success_is_one_line() {
    let fixture = CliFixture::open(server()).await;
    let ended = fixture.send(MAIL).end().await;
    assert_eq!(ended.stderr, "");
    let line = ended.result().to_owned();
    let id = fixture.mail().await.queue_id;
    assert_eq!(
        line,
        format!("accepted by 127.0.0.1 for ann@example.org: {id}")
    );
}

#[tokio::test]
async fn quiet_prints_nothing_but_errors() {
    let fixture =
        CliFixture::open(server().refuse_recipient("bob@example.org", "550 no Bob")).await;
    let ended = fixture.send(&format!("{MAIL} -q")).end().await;
    assert_eq!(
        (ended.status, ended.stdout + &ended.stderr),
        (0, String::new())
    );
    let ended = fixture
        .send(&format!("{MAIL} --cc bob@example.org --quiet"))
        .end()
        .await;
    ended.fails(80, "bob@example.org");
    let ended = fixture.send("--to bob@example.org -q").end().await;
    ended.fails(65, "bob@example.org");
    assert_eq!(fixture.mails().await.len(), 2);
}

/// An answer, a page, a script or a schema that cannot be written is an error; a reader that goes away is
/// none.
#[tokio::test]
async fn an_answer_that_cannot_be_written() {
    let directory = Directory::new();
    directory.file(
        "mail.toml",
        "[account.a]\nserver = 'localhost:1'\ntls = 'none'\n",
    );
    directory.file("msmtprc", "account b\nhost b.example.org\ntls on\n");
    for command in [
        "-C mail.toml auth status",
        "-C mail.toml auth status --json",
        "-C mail.toml account list",
        "-C mail.toml account list --json",
        "-C mail.toml account show a",
        "-C mail.toml account show a --json",
        "-C mail.toml config show",
        "-C mail.toml config show --json",
        "-C mail.toml config path",
        "-C mail.toml config path --json",
        "-C mail.toml config check",
        "-C mail.toml config check --json",
        "-C none.toml config import msmtprc --dry-run",
        "explain 550 5.1.1",
        "explain 550 5.1.1 --json",
        "explain 75",
        "explain 75 --json",
        "-C mail.toml sendmail -bp",
        "-C mail.toml sendmail -bv ann@example.org",
        "sendmail --help",
        "sendmail --version",
        "--help",
        "-h",
        "--version",
        "send --help",
        "man send",
        "completions bash",
        "send --schema",
    ] {
        for (output, expected) in [(">/dev/full", "73"), ("| true", "0"), (">/dev/null", "0")] {
            let script = format!("(\"$0\" {command}; echo $? >&2) {output}");
            let run = Run::shell(&script).directory(directory.path());
            let ended = run.end().await;
            let status = ended.stderr.trim_end().rsplit('\n').next();
            assert_eq!(status, Some(expected), "{command} {output}: {ended:?}");
            let has_error = ended
                .stderr
                .contains("error: cannot write to standard output");
            assert_eq!(has_error, expected == "73", "{command} {output}: {ended:?}");
        }
    }
}

/// The result of a test is its answer: without it, the test has failed.
#[tokio::test]
async fn a_test_whose_result_cannot_be_written() {
    let fixture = CliFixture::open(server()).await;
    let address = fixture.server.addr();
    let config = format!(
        "[account.a]\nserver = '{address}'\ntls-ca = 'ca.pem'\nuser = 'me@example.org'\n\
         password-file = 'password'\n"
    );
    fixture.directory.file("mail.toml", config);
    for (command, output, expected) in [
        ("account test a", ">/dev/full", 73),
        ("account test a --json", ">/dev/full", 73),
        ("account test a", ">/dev/null", 0),
        // The account is the default, and a second attempt would not change that.
        ("account default a", ">/dev/full", 0),
        ("check -A a", ">/dev/full", 73),
        ("check -A a --json", ">/dev/full", 73),
    ] {
        let script = format!("exec \"$0\" -C mail.toml {command} {output}");
        let run = Run::shell(&script).directory(fixture.directory.path());
        let ended = run.end().await;
        assert_eq!(ended.status, expected, "{command} {output}: {ended:?}");
    }
    fixture.received_nothing().await;
}

#[tokio::test]
async fn a_closed_output_does_not_change_the_exit_status() {
    let fixture = CliFixture::open(server()).await;
    for output in ["1>&-", "| true", ">/dev/full"] {
        let script = format!(
            "(\"$0\" send --server {} --tls-ca ca.pem --user me@example.org {MAIL} \
             --password-file password; echo $? >status) {output}",
            fixture.server.addr()
        );
        let run = Run::shell(&script).directory(fixture.directory.path());
        run.end().await;
        assert_eq!(fixture.directory.read("status"), b"0\n", "{output}");
    }
    assert_eq!(fixture.mails().await.len(), 3);
}

/// The lines of the dialogue with a server that offers STARTTLS, up to the first random line.
#[tokio::test]
async fn the_transcript_is_the_dialogue() {
    let farewell = ReplyAt(Quit, "221-one\r\n221 two".to_owned());
    let fixture = CliFixture::open(server().fault(farewell).without("ENHANCEDSTATUSCODES")).await;
    let ended = fixture.send(&format!("{MAIL} --transcript")).end().await;
    let lines: Vec<_> = ended.stderr.lines().collect();
    let expected = [
        "<- 220 localhost ESMTP Pilotfish",
        "-> EHLO [127.0.0.1]",
        "<- 250-",
        "-> STARTTLS",
        "<- 220 ",
        "=== TLSv1.3 ",
        "~> EHLO [127.0.0.1]",
        "<~ 250-",
        "~> AUTH PLAIN <",
        "<~ 235 ",
        "~> MAIL FROM:<me@example.org> SIZE=",
        "~> RCPT TO:<ann@example.org>",
        "~> DATA",
        "<~ 250 ",
        "<~ 354 ",
        "~> <content and end of mail, ",
        "<~ 250 ",
        "~> QUIT",
        "<~ 221-one",
        "<~ 221 two",
    ];
    let mut rest = lines.iter();
    for beginning in expected {
        assert!(
            rest.any(|line| line.starts_with(beginning)),
            "{beginning} is not in its place:\n{}",
            ended.stderr
        );
    }
    assert_eq!(rest.next(), None);
    let marks = ["-> ", "<- ", "~> ", "<~ ", "=== "];
    let marked = |line: &&str| marks.iter().any(|mark| line.starts_with(mark));
    assert!(lines.iter().all(marked), "{}", ended.stderr);
    let wire_octets = fixture.mail().await.wire_octets;
    let message = format!("~> <content and end of mail, {wire_octets} bytes>");
    assert!(lines.contains(&message.as_str()), "{}", ended.stderr);
}

#[tokio::test]
async fn verbose_is_four_lines_that_a_person_reads() {
    let fixture = CliFixture::open(server()).await;
    let ended = fixture.send(&format!("{MAIL} -v")).end().await;
    ended.result();
    let lines: Vec<_> = ended.stderr.lines().collect();
    let port = fixture.server.addr().port();
    let expected = [
        format!("connected to 127.0.0.1:{port} (127.0.0.1) in "),
        format!("TLS 1.3, {KEY_EXCHANGE}, certificate of localhost until 4096-01-01"),
        "logged in as me@example.org (PLAIN)".to_owned(),
        format!(
            "sent {} bytes in 2 round trips; the reply took ",
            fixture.mail().await.size
        ),
    ];
    assert_eq!(lines.len(), expected.len(), "{ended:?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(&expected), "{line} is not {expected}");
    }
}

#[tokio::test]
async fn verbose_twice_is_the_dialogue_with_times_and_three_times_everything() {
    for (flags, has_times, has_events) in [
        ("--transcript", false, false),
        ("-vv", true, false),
        ("-vvv", true, true),
    ] {
        let fixture = CliFixture::open(server()).await;
        let ended = fixture.send(&format!("{MAIL} {flags}")).end().await;
        ended.result();
        let size = fixture.mail().await.wire_octets;
        let connected = "connected to 127.0.0.1 port ";
        let message = format!("<content and end of mail, {size} bytes>");
        let expected: &[(&str, &str, &str)] = &[
            ("===", "=== ", connected),
            ("===", "=== ", "TLSv1.3 TLS13_"),
            (" ~>", "~> ", "AUTH PLAIN <40 bytes hidden>"),
            (" ~>", "~> ", "DATA"),
            ("<~ ", "<~ ", "354 "),
            (" ~>", "~> ", &message),
        ];
        for (aligned, mark, text) in expected {
            let beginning = if has_times {
                format!(" ms  {aligned}  {text}")
            } else {
                format!("{mark}{text}")
            };
            let line = ended.stderr.lines().find(|line| line.contains(&beginning));
            let line = line.unwrap_or_else(|| panic!("{beginning:?}: {ended:?}"));
            let time = line.split_once(&beginning).unwrap().0;
            if has_times {
                assert!(
                    time.len() >= 5 && time.trim().parse::<u64>().is_ok(),
                    "{line:?}"
                );
            } else {
                assert_eq!(time, "", "{line:?}");
            }
        }
        assert_eq!(ended.stderr.contains("DEBUG"), has_events, "{ended:?}");
        assert_eq!(ended.stderr.matches("MAIL FROM").count(), 1, "{ended:?}");
    }
}

#[tokio::test]
async fn replies_cannot_move_the_cursor() {
    let words = "550 5.7.1 \u{1b}[2J\u{7}spam \u{9b}1A".to_owned();
    let fixture = CliFixture::open(server().fault(ReplyAt(EndOfData, words))).await;
    let ended = fixture
        .send(&format!("{MAIL} --transcript -vvv"))
        .end()
        .await;
    ended.fails(65, "spam");
    let control = |character: char| character.is_control() && character != '\n';
    assert!(!ended.stderr.contains(control), "{ended:?}");
}

/// A recipient that was rejected before the fate became unknown does not get the mail in any case.
#[tokio::test]
async fn a_rejected_recipient_is_reported_once_whatever_the_outcome() {
    let refusing = || server().refuse_recipient("bob@example.org", "550 5.1.1 no Bob");
    let to_both = "--to ann@example.org,bob@example.org";
    for (server, recipients, status) in [
        (refusing().fault(CloseAt(EndOfData)), to_both, 81),
        (refusing(), to_both, 80),
        (refusing(), "--to bob@example.org", 65),
    ] {
        let fixture = CliFixture::open(server).await;
        let ended = fixture.send(recipients).end().await;
        assert_eq!(ended.status, status);
        let shown = format!("{}{}", ended.stdout, ended.stderr);
        assert_eq!(shown.matches("550 5.1.1 no Bob").count(), 1, "{ended:?}");
    }
}
