//! Standard input beside an attachment: it is the text, or it is not, or the command asks which.

use tokio::task::JoinSet;

use super::cli_fixture::{CliFixture, Directory, server, to_server};
use super::run::{Ended, Run, unwrapped};

const SEND: &str = "\"$0\" send -n --from me@example.org ann@example.org -a report.csv";

/// Opens a named pipe that has the octets of the letter, and that ends after them.
const LETTER_ON_5: &str = "exec 3<>pipe 4>pipe 5<pipe; cat letter >&4; exec 3<&- 4>&-";

const SILENT: &str =
    "error: standard input is a pipe that gave nothing within 3 s: it may still give the text\n";

const SHARED: &str = "error: standard input has data, and other programs may read from it too\n";

const HELP: &str =
    "help:   add --text - if standard input is the text, or < /dev/null if it is not";

async fn ran(script: &str, stdin: &str) -> Ended {
    let directory = Directory::new();
    directory.file("report.csv", "a,b\n");
    directory.file("letter", "Dear Ann\n");
    directory.pipe("pipe");
    let run = Run::shell(&script.replace("SEND", SEND)).stdin(stdin);
    run.directory(directory.path()).end().await
}

/// Each pipe has its octets, or has ended, before the command begins.
#[tokio::test]
async fn a_text_beside_an_attachment() {
    let alone = format!("{LETTER_ON_5}; exec SEND <&5 5<&-");
    let alone = alone.as_str();
    let written = "(cat letter; touch written) | (until test -e written; do :; done; exec SEND)";
    for (script, text) in [
        ("SEND <letter", Some("Dear Ann")),
        (alone, Some("Dear Ann")),
        (written, Some("Dear Ann")),
        (&format!("{written}; exit 0"), Some("Dear Ann")),
        (
            &format!("{LETTER_ON_5}; SEND --text - <&5"),
            Some("Dear Ann"),
        ),
        (
            &format!("{LETTER_ON_5}; SEND --text Hello <&5"),
            Some("Hello"),
        ),
        // It has ended.
        ("exec 3<>pipe 5<pipe; exec 3<&-; exec SEND <&5 5<&-", None),
        ("exec 3<>pipe 5<pipe; exec 3<&-; SEND <&5", None),
        // It is not a pipe.
        ("SEND </dev/null", None),
        ("SEND <&-", None),
        ("(read -r line; SEND) <letter", None),
    ] {
        for quiet in ["", "-q"] {
            let script = &script.replace("SEND", &format!("SEND {quiet}"));
            let ended = ran(script, "Not this\n").await;
            assert_eq!(ended.status, 0, "{script}: {ended:?}");
            assert_eq!(ended.stderr, "", "{script}: {ended:?}");
            let plain = ended.stdout.contains("text/plain");
            assert_eq!(plain, text.is_some(), "{script}: {ended:?}");
            let has = |text| ended.stdout.contains(&format!("\r\n\r\n{text}\r\n"));
            assert!(text.is_none_or(has), "{script}: {ended:?}");
        }
    }
}

/// More than a pipe holds, so that the program writes while the command reads.
#[tokio::test]
async fn a_program_that_has_begun_is_read_to_its_end() {
    let script = "exec 3<>pipe 4>pipe 5<pipe; cat letter >&4; exec 3<&-; \
                  seq 100000 >&4 5<&- & exec SEND <&5 4>&- 5<&-";
    let ended = ran(script, "").await;
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
    for line in ["Dear Ann", "1", "100000"] {
        let line = format!("\r\n{line}\r\n");
        assert!(ended.stdout.contains(&line), "{line}");
    }
}

/// No mail is made where its text may be missing, or may be what another program reads.
#[tokio::test]
async fn a_guess_does_not_decide_what_a_mail_contains() {
    let sibling = "sleep 60 >report 2>&1 & other=$!; (exec SEND <&5 5<&-) & \
                   exec 5<&-; wait $!; status=$?; kill $other; exit $status";
    let mut cases = JoinSet::new();
    for (script, error) in [
        // The script that runs the command, or a program that it runs in, reads from it, too.
        ("exec <&5 5<&-; SEND; exit $?", SHARED),
        ("exec <&5 5<&-; SEND -q; exit $?", SHARED),
        ("exec <&5 5<&-; exec timeout 60 SEND", SHARED),
        ("SEND <&5; exit $?", SHARED),
        (sibling, SHARED),
        // Nothing writes into it, and it does not end.
        ("exec 3<>other; exec SEND <&3 3<&-", SILENT),
        ("exec 3<>other; SEND -q <&3; exit $?", SILENT),
    ] {
        cases.spawn(async move {
            let script = format!("{LETTER_ON_5}; mkfifo other; {script}");
            let ended = ran(&script, "").await;
            assert_eq!(ended.status, 64, "{script}: {ended:?}");
            assert_eq!(ended.stdout, "", "{script}: {ended:?}");
            let shown = unwrapped(&ended.stderr);
            assert!(shown.starts_with(error), "{script}: {ended:?}");
            assert!(shown.contains(HELP), "{script}: {ended:?}");
        });
    }
    cases.join_all().await;
}

/// Nor does a server see anything of it.
#[tokio::test]
async fn nothing_is_sent_where_the_text_may_be_missing() {
    let fixture = CliFixture::open(server()).await;
    let sent = to_server(&fixture, "ann@example.org -a password -q");
    let run = Run::shell(&format!("\"$0\" {sent}; exit $?")).stdin("Dear Ann\n");
    let ended = run.directory(fixture.directory.path()).end().await;
    ended.fails(64, HELP);
    fixture.received_nothing().await;
}

/// A loop or a script around the command needs the rest of its standard input.
#[tokio::test]
async fn a_loop_keeps_its_standard_input() {
    let body = "while read -r name; do SEND >\"$name\" || echo $?; echo \"$name\"; done";
    let named = body.replace("SEND", "SEND </dev/null");
    let list = "one\ntwo\nthree\n";
    for (script, shown) in [
        // At the end of the list there is nothing to read.
        (
            format!("{LETTER_ON_5}; exec <&5 5<&-; {body}"),
            "64\none\n64\ntwo\nthree\n",
        ),
        (format!("{LETTER_ON_5}; exec <&5 5<&-; {named}"), list),
        (format!("cat letter | {named}"), list),
        (format!("{body} <letter"), list),
        (
            "printf 'echo one\\nSEND >mail\\necho two\\necho three\\n' >script; sh -s <script"
                .replace("SEND", &SEND.replace("$0", env!("CARGO_BIN_EXE_pilotfish"))),
            list,
        ),
    ] {
        let script = format!("printf '{list}' >letter; {script}");
        let ended = ran(&script, "").await;
        assert_eq!(ended.stdout, shown, "{script}: {ended:?}");
        let errors = unwrapped(&ended.stderr).matches(SHARED.trim_end()).count();
        assert_eq!(errors, shown.matches("64\n").count(), "{script}: {ended:?}");
    }
}

/// A loop whose list is standard input: the rest of the list is not the text of the first mail.
#[tokio::test]
async fn a_file_that_something_has_begun_to_read() {
    let directory = Directory::new();
    directory.file("list", "ann@example.org\nbob@example.org\n");
    let send = "\"$0\" send -n --from me@example.org";
    for (flags, status) in [("", 64), ("--text -", 0), ("-m Hi", 0)] {
        let script = format!("(read -r name; {send} $name {flags}) <list");
        let run = Run::shell(&script).directory(directory.path());
        let ended = run.end().await;
        assert_eq!(ended.status, status, "{flags}: {ended:?}");
        let refused = "standard input is a file that something else has begun to read";
        assert_eq!(
            unwrapped(&ended.stderr).contains(refused),
            status == 64,
            "{ended:?}"
        );
    }
}
