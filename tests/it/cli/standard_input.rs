//! Standard input beside an attachment: it is the text, or a warning says that it was not read.

use super::cli_fixture::Directory;
use super::run::{Ended, Run, unwrapped};

const SEND: &str = "\"$0\" send -n --from me@example.org ann@example.org -a report.csv";

const SILENT: &str = "warning: Pilotfish did not wait for standard input, a pipe that gave nothing \
                      within 1 s: add --text - if it has the text, or < /dev/null if not\n";

const SHARED: &str = "warning: Pilotfish did not read standard input, from which the calling script reads \
                      too: add --text - if it has the text, or < /dev/null if not\n";

async fn ran(script: &str, stdin: &str) -> Ended {
    let directory = Directory::new();
    directory.file("report.csv", "a,b\n");
    directory.file("letter", "Dear Ann\n");
    directory.pipe("pipe");
    let run = Run::shell(&script.replace("SEND", SEND)).stdin(stdin);
    run.directory(directory.path()).end().await
}

#[tokio::test]
async fn a_text_beside_an_attachment() {
    for (script, stdin, text, warning) in [
        ("SEND <letter", "", Some("Dear Ann"), ""),
        ("cat letter | SEND", "", Some("Dear Ann"), ""),
        ("cat letter | SEND; exit 0", "", Some("Dear Ann"), ""),
        ("exec SEND", "Dear Ann\n", Some("Dear Ann"), ""),
        // It has ended.
        (": | SEND", "", None, ""),
        ("SEND; :", "", None, ""),
        ("SEND </dev/null", "Dear Ann\n", None, ""),
        // The script reads from it, too.
        ("SEND; :", "Dear Ann\n", None, SHARED),
        ("SEND -q; :", "Dear Ann\n", None, ""),
        ("SEND --text -; :", "Dear Ann\n", Some("Dear Ann"), ""),
        ("SEND --text Hello; :", "Dear Ann\n", Some("Hello"), ""),
        // Nothing writes into it, and it does not end.
        ("exec 3<>pipe; SEND <&3", "", None, SILENT),
        ("exec 3<>pipe; SEND -q <&3", "", None, ""),
    ] {
        let ended = ran(script, stdin).await;
        assert_eq!(ended.status, 0, "{script}: {ended:?}");
        let shown = unwrapped(&ended.stderr);
        assert_eq!(shown.trim_end(), warning.trim_end(), "{script}: {ended:?}");
        let plain = ended.stdout.contains("text/plain");
        assert_eq!(plain, text.is_some(), "{script}: {ended:?}");
        let has = |text| ended.stdout.contains(&format!("\r\n\r\n{text}\r\n"));
        assert!(text.is_none_or(has), "{script}: {ended:?}");
    }
}

/// A loop or a script around the command needs the rest of its standard input.
#[tokio::test]
async fn a_loop_keeps_its_standard_input() {
    let body = "while read -r name; do SEND >\"$name\" && echo \"$name\"; done";
    let list = "one\ntwo\nthree\n";
    for (script, stdin, warns) in [
        (body.to_owned(), list, true),
        (format!("printf '{list}' | {body}"), "", true),
        (format!("printf '{list}' >list; {body} <list"), "", false),
        (
            "printf 'echo one\\nSEND >mail\\necho two\\necho three\\n' >script; sh -s <script"
                .replace("SEND", &SEND.replace("$0", env!("CARGO_BIN_EXE_pilotfish"))),
            "",
            false,
        ),
    ] {
        let ended = ran(&script, stdin).await;
        assert_eq!(ended.stdout, list, "{script}: {ended:?}");
        let warning = unwrapped(&ended.stderr).contains(SHARED.trim_end());
        assert_eq!(warning, warns, "{script}: {ended:?}");
    }
}
