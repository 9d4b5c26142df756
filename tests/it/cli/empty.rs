//! The command sends no empty mail by mistake, and no file name in place of the file's text.

use super::cli_fixture::{CliFixture, Directory, server};
use super::made::{Composer, shape};
use super::run::Run;

const MAIL: &str = "--from me@example.org --to ann@example.org";

const DKIM_KEY: &[u8] = include_bytes!("../../fixtures/dkim/rsa-2048.pem");

const FILES: &[(&str, &[u8])] = &[
    (
        "shark.png",
        include_bytes!("../../fixtures/images/shark.png"),
    ),
    ("Hi", b"a file"),
    ("with blank", b"a file"),
    ("nothing", b""),
    ("mark.txt", b"\xef\xbb\xbfMarked\n"),
    ("mark.md", b"\xef\xbb\xbf# Marked\n"),
    ("mark.html", b"\xef\xbb\xbf<p>Marked"),
    (
        "page.ics",
        b"BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR\n",
    ),
];

fn composer(stdin: &str) -> Composer<'_> {
    Composer {
        files: FILES,
        stdin,
    }
}

#[tokio::test]
async fn piped_input_is_the_text() {
    for (arguments, expected) in [
        ("", "plain"),
        ("--text -", "plain"),
        ("-a shark.png", "mixed(plain png)"),
        ("--forward mark.txt", "mixed(plain rfc822)"),
        ("--calendar page.ics", "alternative(plain calendar)"),
        ("--text - -a shark.png", "mixed(plain png)"),
        (
            "--text - --calendar page.ics",
            "alternative(plain calendar)",
        ),
    ] {
        let mail = composer("The disk is full.\n").mail(arguments).await;
        assert_eq!(shape(&mail), expected, "{arguments}");
        assert!(mail.contains("\r\n\r\nThe disk is full.\r\n"), "{mail}");
    }
    for (arguments, expected) in [
        ("--text Hello", "plain"),
        ("--html '<p>Hello'", "html"),
        ("--markdown mark.md", "alternative(plain html)"),
        ("--text Hello -a shark.png", "mixed(plain png)"),
    ] {
        let mail = composer("The disk is full.\n").mail(arguments).await;
        assert_eq!(shape(&mail), expected, "{arguments}");
        assert!(!mail.contains("The disk"), "{mail}");
    }
}

#[tokio::test]
async fn an_empty_mail_has_to_be_requested() {
    for arguments in ["--text ''", "--text '' -s ''"] {
        composer("").mail(arguments).await;
    }
    for (arguments, expected) in [
        ("-a shark.png", "mixed(png)"),
        ("--calendar page.ics", "calendar"),
        ("--text @nothing -a shark.png", "mixed(png)"),
        ("--text - -a shark.png", "mixed(png)"),
        ("--html - -a shark.png", "mixed(png)"),
        ("--markdown - -a shark.png --inline auto", "mixed(png)"),
        ("--text - --html '<p>Hello'", "html"),
        ("--text Hello -a nothing", "mixed(plain octet-stream)"),
    ] {
        assert_eq!(
            shape(&composer("").mail(arguments).await),
            expected,
            "{arguments}"
        );
    }
    for stdin in ["", "\n", " \r\n\t\n"] {
        for arguments in [
            "",
            "-s Hello",
            "--text -",
            "--html -",
            "--markdown -",
            "--html - --inline auto",
            "--markdown - --inline auto",
            "--html ''",
            "--text @nothing",
            "--text @nothing --html -",
            "--text Hello --html -",
            "--text '' --html @nothing",
        ] {
            let ended = composer(stdin).run(&format!("{MAIL} {arguments}")).await;
            ended.fails(64, "the mail would be empty");
            ended.fails(64, "or --text TEXT, or --edit; --text '' means empty");
        }
    }
    for (arguments, words) in [
        ("--raw -", "the finished message (--raw) is empty"),
        ("--raw nothing", "the finished message (--raw) is empty"),
        ("-a '-;name=dump.sql'", "standard input is empty"),
        (
            "--text Hello -a '-;name=dump.sql'",
            "standard input is empty",
        ),
        (
            "--html '<img src=cid:a>' --inline 'a=-;name=a.png'",
            "standard input is empty",
        ),
        ("--forward -", "the finished message (--forward) is empty"),
        (
            "--forward nothing",
            "the finished message (--forward) is empty",
        ),
        ("--calendar -", "this is not a calendar"),
        ("--calendar nothing", "this is not a calendar"),
    ] {
        let ended = composer("").run(&format!("{MAIL} {arguments}")).await;
        ended.fails(65, words);
    }
}

#[tokio::test]
async fn an_mbox_file_with_several_mails_is_rejected() {
    let mail = "From a@x.test Mon Nov  2 10:00:00 2026\nFrom: a@x.test\nTo: b@x.test\n\ntext\n\n";
    let several = [mail, mail].concat();
    let files: &[(&str, &[u8])] = &[("one", mail.as_bytes()), ("two", several.as_bytes())];
    for (arguments, stdin, count) in [
        ("--raw one -t", "", 1),
        ("--raw - -t", mail, 1),
        ("--raw two -t", "", 2),
        ("--raw - -t", several.as_str(), 2),
        ("--forward one --to ann@example.org", "", 1),
        ("--forward - --to ann@example.org", mail, 1),
        ("--forward two --to ann@example.org", "", 2),
        ("--forward - --to ann@example.org", several.as_str(), 2),
    ] {
        let arguments = format!("--from me@example.org {arguments}");
        let ended = Composer { files, stdin }.run(&arguments).await;
        match count {
            1 => assert_eq!((ended.status, ended.stderr.as_str()), (0, "")),
            _ => ended.fails(65, "an mbox file with 2 mails: take it apart"),
        }
    }
}

#[tokio::test]
async fn closed_standard_input_is_empty() {
    for arguments in ["", "--text -", "--raw -"] {
        let script = format!("\"$0\" send --dry-run {MAIL} {arguments} <&-");
        let ended = Run::shell(&script).end().await;
        assert!([64, 65].contains(&ended.status), "{arguments}: {ended:?}");
        assert!(ended.stderr.contains("empty"), "{arguments}: {ended:?}");
    }
}

#[tokio::test]
async fn a_text_that_names_a_file_is_rejected() {
    for (arguments, advice) in [
        (
            "--text letter.txt",
            "is the name of a file\n  help:   the text of the file: --text @letter.txt",
        ),
        ("--text LETTER.TXT", "--text @LETTER.TXT"),
        (
            "--html page.html",
            "the text of the file: --html @page.html",
        ),
        ("--html dir/page.htm", "--html @dir/page.htm"),
        ("--text news.md", "--text @news.md"),
        ("--text Hi", "the text of the file: --text @Hi"),
        ("--text 'with blank'", "--text @with blank"),
        ("--text Hello --html shark.png", "--html @shark.png"),
    ] {
        let ended = composer("").run(&format!("{MAIL} {arguments}")).await;
        ended.fails(64, advice);
    }
    for arguments in [
        "--text 'See letter.txt'",
        "--text .",
        "--text Hello",
        "--text letter.txt.",
        "--text https://example.org/report.html",
    ] {
        composer("").mail(arguments).await;
    }
}

#[tokio::test]
async fn a_byte_order_mark_is_not_part_of_a_text() {
    for (arguments, stdin) in [
        ("--text @mark.txt", ""),
        ("--text -", "\u{feff}Marked\n"),
        ("--text '\u{feff}Marked'", ""),
        ("--html @mark.html", ""),
        ("--markdown mark.md", ""),
    ] {
        let mail = composer(stdin).mail(arguments).await;
        assert!(mail.contains("Marked"), "{arguments}: {mail}");
        assert!(!mail.contains("=EF=BB=BF"), "{arguments}: {mail}");
        assert!(!mail.contains('\u{feff}'), "{arguments}: {mail}");
    }
    let mail = composer("").mail("--markdown mark.md").await;
    assert!(mail.contains("<h1>Marked</h1>"), "{mail}");
}

/// Standard input is the password or the text, never both.
#[tokio::test]
async fn a_password_on_standard_input_is_not_the_text() {
    let fixture = CliFixture::open(server()).await;
    for source in ["--password-fd 0", "--password-file /dev/stdin"] {
        for arguments in ["-s Hi", "--text -"] {
            let script = format!(
                "cat password | \"$0\" send --server {} --tls-ca ca.pem --user me@example.org \
                 --to ann@example.org {arguments} {source}",
                fixture.server.addr()
            );
            let run = Run::shell(&script).directory(fixture.directory.path());
            let ended = run.end().await;
            assert_eq!(ended.status, 64, "{source} {arguments}: {ended:?}");
        }
    }
    fixture.received_nothing().await;
}

#[tokio::test]
async fn a_file_that_a_flag_reads_from_standard_input_is_not_the_text() {
    let directory = Directory::new();
    directory.file("key.pem", DKIM_KEY);
    directory.file("config.toml", "[account.a]\nserver = 'localhost'\n");
    directory.file(
        "account.toml",
        "[account.a]\nserver = 'localhost'\n[account.a.dkim]\ndomain = 'example.org'\n\
         selector = 's1'\nkey-file = '/dev/stdin'\n",
    );
    for (arguments, file) in [
        (
            "--dkim-domain example.org --dkim-selector s1 --dkim-key /dev/stdin",
            "key.pem",
        ),
        ("-C account.toml -A a", "key.pem"),
        ("-C /dev/stdin -A a", "config.toml"),
        ("-C /dev/fd/0 -A a", "config.toml"),
        ("--tls-ca /dev/stdin", "key.pem"),
        ("--tls-cert key.pem --tls-key /proc/self/fd/0", "key.pem"),
        ("--tls-cert /dev/stdin --tls-key config.toml", "key.pem"),
        ("--user me --password-file /dev/stdin", "key.pem"),
        ("--user me --password-fd 0", "key.pem"),
        ("--user me --token-file /dev/stdin", "key.pem"),
        (
            "--proxy http://me@localhost:1 --proxy-password-file /dev/stdin",
            "key.pem",
        ),
    ] {
        for (text, words) in [
            ("", "the mail would be empty"),
            ("--text -", "standard input is named twice"),
        ] {
            let script = format!("\"$0\" send --dry-run {MAIL} {arguments} {text} <{file}");
            let run = Run::shell(&script).directory(directory.path());
            let ended = run.end().await;
            ended.fails(64, words);
            assert_eq!(ended.stdout, "", "{arguments} {text}");
        }
    }
}

#[tokio::test]
async fn a_secret_goes_only_to_its_server() {
    let fixture = CliFixture::open(server()).await;
    let address = fixture.server.addr();
    let account = format!(
        "[account.elsewhere]\nserver = 'elsewhere.invalid'\nuser = 'me@example.org'\n\
         password-file = 'password'\n\
         [account.same]\nserver = '{address}'\nuser = 'me@example.org'\n\
         password-file = 'password'\n\
         [account.url]\nserver = 'smtp://me%40example.org@{address}'\n\
         password-file = 'password'\n\
         [account.no-port]\nserver = '{host}'\nuser = 'me@example.org'\n\
         password-file = 'password'\n\
         [account.port]\nserver = '{host}:587'\nuser = 'me@example.org'\n\
         token-command = 'cat password'\n",
        host = address.ip(),
    );
    fixture.directory.file("mail.toml", account);
    let at = address.to_string();
    let by_url = format!("smtp://me%40example.org@{at}");
    let elsewhere = Some("for elsewhere.invalid, and");
    for (arguments, server, refused) in [
        ("-A elsewhere", &at, elsewhere),
        ("-A elsewhere --tls none", &at, elsewhere),
        ("-A elsewhere --user me@example.org", &at, elsewhere),
        ("-A elsewhere", &by_url, elsewhere),
        ("-A no-port", &at, Some("for 127.0.0.1, and")),
        ("-A port --user me@example.org", &at, Some("on port 587")),
        ("-A elsewhere --password-file password", &at, None),
        ("-A elsewhere --password-file password", &by_url, None),
        ("-A same", &at, None),
        ("-A same", &by_url, None),
        ("-A url", &at, None),
    ] {
        let authority = if arguments.contains("--tls none") {
            ""
        } else {
            "--tls-ca ca.pem"
        };
        let run = Run::new("send -C mail.toml --to ann@example.org --text Hi")
            .args(Run::words(&format!("{arguments} {authority}")))
            .args(["--server", server])
            .directory(fixture.directory.path());
        let ended = run.end().await;
        match refused {
            Some(words) => {
                ended.fails(64, words);
                ended.fails(64, "(--user and --password-file), or --auth none");
            }
            None => assert!(
                ended.result().starts_with("accepted by "),
                "{arguments}: {ended:?}"
            ),
        }
    }
    assert_eq!(fixture.mails().await.len(), 5);
}

#[tokio::test]
async fn limits_of_the_process_are_errors_with_a_status() {
    let directory = Directory::new();
    directory.sparse_file("large", 3_000_000);
    let send = format!("\"$0\" send --server 127.0.0.1:1 --tls none {MAIL} --text Hi");
    // With less, the shell could not start.
    for (limit, status) in [("-n 6", 71), ("-n 7", 71), ("-n 8", 71)] {
        let ended = Run::shell(&format!("ulimit {limit}; {send}")).end().await;
        ended.fails(status, "ulimit -n");
    }
    for (script, words) in [
        (
            format!("ulimit -f 8; {send} -a '-;name=large' <large"),
            "temporary file",
        ),
        (
            format!("ulimit -f 8; {send} -a large --dry-run -o copy"),
            "cannot write to copy",
        ),
        (
            format!("TMPDIR=/nowhere {send} -a '-;name=large' <large"),
            "/nowhere: make sure that the directory exists and has room, or name another by TMPDIR",
        ),
    ] {
        let run = Run::shell(&script).directory(directory.path());
        run.end().await.fails(73, words);
        let left = std::fs::read_dir(directory.path()).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["large"], "{script}");
    }
}
