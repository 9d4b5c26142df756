//! HTML, Markdown, their images, embedded messages, calendars.

use mail_parser::MessageParser;

use super::cli_fixture::{CliFixture, server};
use super::made::{Composer, fields, shape};
use super::run::{Run, unwrapped};

const SHARK: &[u8] = include_bytes!("../../fixtures/images/shark.png");
const MAIL: &[u8] = b"From: bo@example.org\nSubject: inner\n\nInner text\n";
const INVITATION: &[u8] = b"BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR\n";

const FILES: &[(&str, &[u8])] = &[
    ("shark.png", SHARK),
    ("page.html", b"<p>from a file<p><img src='shark.png'>"),
    ("news.md", b"# News\n\n![](shark.png) *great*\n"),
    ("inner.eml", MAIL),
    ("invitation.ics", INVITATION),
    ("no-method.ics", b"BEGIN:VCALENDAR\nEND:VCALENDAR\n"),
    ("latin1.txt", b"caf\xe9"),
    ("utf8.txt", "Grüße aus Köln\n".as_bytes()),
    (
        "matter.md",
        b"---\ntitle: News\ntags:\n  - a\n---\n\n# News\n",
    ),
    ("nul.eml", b"Subject: x\n\n\0\n"),
];

fn composer<'a>() -> Composer<'a> {
    Composer {
        files: FILES,
        ..Composer::default()
    }
}

#[tokio::test]
async fn the_parts_stand_as_readers_expect() {
    let composer_with_files = Composer {
        stdin: "piped in",
        ..composer()
    };
    for (arguments, expected) in [
        ("--html '<p>x'", "html"),
        ("--text x --html '<p>x'", "alternative(plain html)"),
        ("--html @page.html --inline auto", "related(html png)"),
        ("--markdown matter.md --quiet", "alternative(plain html)"),
        (
            "--markdown news.md --inline auto -a shark.png",
            "mixed(alternative(plain related(html png)) png)",
        ),
        (
            "--html '<img src=cid:a>' --inline a=shark.png",
            "related(html png)",
        ),
        (
            "--html '<img src=cid:a>' --inline 'a=shark.png;type=image/x-shark;name=b'",
            "related(html x-shark)",
        ),
        (
            "--html '<img src=shark.png> <img src=cid:a>' --inline auto --inline a=shark.png",
            "related(html png png)",
        ),
        (
            "--text x --calendar invitation.ics",
            "alternative(plain calendar)",
        ),
        (
            "--html '<td background=shark.png><p style=\"background:url(shark.png)\">' --inline auto",
            "related(html png)",
        ),
        ("--text x --forward inner.eml", "mixed(plain rfc822)"),
        (
            "--forward inner.eml --forward inner.eml -a shark.png",
            "mixed(plain png rfc822 rfc822)",
        ),
        ("-a '-;name=log.txt'", "mixed(plain)"),
        ("--text x -a '-;type=image/x-y;name=z'", "mixed(plain x-y)"),
    ] {
        assert_eq!(
            shape(&composer_with_files.mail(arguments).await),
            expected,
            "{arguments}"
        );
    }
}

#[tokio::test]
async fn fields_and_parts_have_their_properties() {
    for (arguments, expected) in [
        ("--html '<p>x'", "text/html; charset=utf-8"),
        ("--text x --flowed", "format=flowed"),
        ("--text x --language de", "Content-Language: de\r\n"),
        (
            "--text x --language 'de, en-GB'",
            "Content-Language: de, en-GB\r\n",
        ),
        ("--calendar invitation.ics", "text/calendar; method=REQUEST"),
        (
            "--forward inner.eml",
            "\r\n\r\nFrom: bo@example.org\r\nSubject: inner\r\n",
        ),
        ("--forward -", "\r\n\r\nSubject: stdin\r\n"),
        ("--calendar invitation.ics", "\r\nMETHOD:REQUEST\r\n"),
        ("--calendar no-method.ics", "text/calendar; method=PUBLISH"),
        (
            "--calendar no-method.ics",
            "BEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\nEND:VCALENDAR\r\n",
        ),
        ("--markdown matter.md --quiet", "\r\n\r\n# News\r\n"),
        ("--markdown matter.md --quiet", "<h1>News</h1>\r\n</body>"),
        ("-a utf8.txt", "Content-Type: text/plain; charset=utf-8\r\n"),
        ("-a latin1.txt", "Content-Type: text/plain\r\n"),
        ("-a news.md", "Content-Type: text/markdown\r\n"),
        ("-a 'utf8.txt;type=text/x-a'", "Content-Type: text/x-a\r\n"),
        ("--markdown news.md --inline auto", "<em>great</em>"),
        (
            "--markdown news.md --inline auto",
            "\r\n![](shark.png) *great*\r\n",
        ),
        ("-a '-;name=log.txt'", "filename=log.txt"),
        // "Subject: stdin\n\n"
        (
            "-a '-;name=log.txt'",
            "\r\n\r\nU3ViamVjdDogc3RkaW4KCg==\r\n",
        ),
    ] {
        let composer = Composer {
            stdin: "Subject: stdin\n\n",
            ..composer()
        };
        let mail = composer.mail(arguments).await;
        assert!(mail.contains(expected), "{arguments}: {mail}");
    }
}

/// The directory of the HTML file, wherever it is.
#[tokio::test]
async fn images_are_searched_in_the_directory_of_the_file() {
    let fixture = CliFixture::open(server()).await;
    std::fs::create_dir(fixture.directory.path().join("sub")).unwrap();
    fixture
        .directory
        .file("sub/page.html", "<img src='shark.png'>");
    fixture.directory.file("sub/page.md", "![](shark.png)");
    fixture.directory.file("sub/shark.png", SHARK);
    let mail = "--to ann@example.org --inline auto";
    for arguments in ["--html @sub/page.html", "--markdown sub/page.md"] {
        let run = fixture.send(&format!("{mail} {arguments}"));
        run.end().await.result();
    }
    let ended = fixture
        .send(&format!("{mail} --html -"))
        .stdin("<img src='shark.png'>")
        .end()
        .await;
    ended.fails(66, "shark.png");
    for mail in fixture.mails().await {
        let parsed = MessageParser::default().parse(&mail.octets[..]).unwrap();
        assert!(parsed.parts.iter().any(|part| part.contents() == SHARK));
    }
}

#[tokio::test]
async fn suspicious_content_causes_a_warning() {
    let enough = "--from me@example.org --to ann@example.org";
    for (arguments, warning) in [
        (
            "--html '<img src=cid:a>'",
            "warning: the HTML shows \"cid:a\"",
        ),
        (
            "--html x --inline a=shark.png",
            "warning: the part \"a\" (\"shark.png\") is to be shown inline",
        ),
        (
            "--html x --inline 'a=shark.png;name=b.png'",
            "warning: the part \"a\" (\"b.png\") is to be shown inline",
        ),
        (
            "--html '<img src=shark.png>'",
            "warning: the HTML refers to the file \"shark.png\", which is not in the message",
        ),
        (
            "--html '<img src=\"file:///shark.png\">'",
            "warning: the HTML refers to the file \"file:///shark.png\"",
        ),
        (
            "--html '<img src=.env>' --inline auto",
            "warning: the HTML refers to the file \".env\"",
        ),
        (
            "--html '<style>p{src:url(../a.woff2)}</style>' --inline auto",
            "warning: the HTML refers to the file \"../a.woff2\"",
        ),
        (
            "--html '<td background=shark.png>'",
            "warning: the HTML refers to the file \"shark.png\"",
        ),
        (
            "--html '<p>x' --inline a@b=shark.png",
            "warning: the part \"a@b\"",
        ),
        (
            "--markdown matter.md",
            "warning: the first 5 lines of the Markdown are metadata, and are left out",
        ),
    ] {
        let ended = composer().run(&format!("{enough} {arguments}")).await;
        assert_eq!(ended.status, 0, "{arguments}");
        assert!(unwrapped(&ended.stderr).starts_with(warning), "{ended:?}");
        assert_eq!(unwrapped(&ended.stderr).lines().count(), 1, "{ended:?}");
        let ended = composer()
            .run(&format!("{enough} {arguments} --quiet"))
            .await;
        assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
    }
}

#[tokio::test]
async fn the_body_type_can_be_limited() {
    let field = |mail: &str| fields(mail, &["Content-Transfer-Encoding"]);
    for (arguments, encoding) in [
        ("", "quoted-printable"),
        ("--body-type 7bit", "quoted-printable"),
        ("--body 8bitmime", "8bit"),
        ("--body 8BITMIME", "8bit"),
        ("--body-type binarymime", "8bit"),
    ] {
        let mail = composer()
            .mail(&format!("--text 'wörld' {arguments}"))
            .await;
        let expected = format!("Content-Transfer-Encoding: {encoding}");
        assert_eq!(field(&mail), expected, "{arguments}");
    }
    let mail = composer()
        .mail("-a inner.eml;type=a/b --body binarymime")
        .await;
    assert!(
        mail.contains("\r\n\r\nFrom: bo@example.org\nSubject: inner\n\n"),
        "{mail}"
    );
}

/// The server of the tests offers 8BITMIME.
#[tokio::test]
async fn the_body_type_depends_on_the_server() {
    for (arguments, expected) in [
        ("", "\r\n\r\nwörld\r\n"),
        ("--body 8bitmime", "\r\n\r\nwörld\r\n"),
        ("--body 7bit", "\r\n\r\nw=C3=B6rld\r\n"),
    ] {
        let fixture = CliFixture::open(server()).await;
        let run = fixture.send(&format!("--to ann@example.org --text wörld {arguments}"));
        run.end().await.result();
        let mail = fixture.mail().await;
        let text = String::from_utf8_lossy(&mail.octets);
        assert!(text.ends_with(expected), "{arguments}: {text}");
    }
}

#[tokio::test]
async fn unusable_content_has_an_error() {
    for (arguments, status, words) in [
        ("--markdown news.md --text x", 64, "cannot be used with"),
        ("--markdown news.md --html x", 64, "cannot be used with"),
        ("--markdown ''", 64, "no file name"),
        ("--flowed", 64, "--text"),
        ("--inline shark.png", 64, "LABEL=FILE"),
        ("--inline =shark.png", 64, "LABEL=FILE"),
        ("--text x --inline auto", 64, "add one of them"),
        ("--text x --inline a=shark.png", 64, "add one of them"),
        ("--inline a=shark.png", 64, "attached: --attach FILE"),
        ("--body 9bit", 64, "--body-type cannot be '9bit'"),
        ("--language '1 a'", 64, "is not a language"),
        ("--text - --html -", 64, "named twice"),
        ("--text - -a '-;name=x'", 64, "named twice"),
        ("--forward - --calendar -", 64, "named twice"),
        ("--inline 'a=-;name=x' --markdown -", 64, "named twice"),
        ("-a -", 64, "write '-;name=..'"),
        ("--html x --inline a=-", 64, "write '-;name=..'"),
        (
            "--html x --inline a=shark.png --inline a=shark.png",
            65,
            "called \"a\"",
        ),
        ("--html '<img src=../a.png>' --inline auto", 65, "../a.png"),
        (
            "--html '<img src=file:///a.png>' --inline auto",
            65,
            "file:///a.png",
        ),
        ("--calendar page.html", 65, "--attach"),
        ("--forward nul.eml", 65, "a NUL"),
        ("--html @latin1.txt", 65, "not in UTF-8"),
        ("--markdown latin1.txt", 65, "not in UTF-8"),
        ("--calendar latin1.txt", 65, "not in UTF-8"),
        ("--html @none.html", 66, "none.html"),
        ("--markdown none.md", 66, "none.md"),
        ("--html '<img src=none.png>' --inline auto", 66, "none.png"),
        ("--html x --inline a=none.png", 66, "none.png"),
        ("--forward none.eml", 66, "none.eml"),
        ("--forward .", 66, "a directory"),
        ("--calendar none.ics", 66, "none.ics"),
    ] {
        let enough = "--from me@example.org --to ann@example.org";
        let ended = composer().run(&format!("{enough} {arguments}")).await;
        ended.fails(status, words);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_name_that_is_not_utf_8_needs_another() {
    let script = "touch \"$(printf 'caf\\351.txt')\" && \"$0\" send -n --from me@example.org \
                  --to ann@example.org --text x -a \"$(printf 'caf\\351.txt')$1\"";
    let run = async |name: &str| {
        let directory = super::cli_fixture::Directory::new();
        let run = Run::shell(script).args([name]);
        run.directory(directory.path()).end().await
    };
    run("").await.fails(66, "it is not UTF-8");
    assert_eq!(run(";name=café.txt").await.status, 0);
}

/// The library reads them, and not the command.
#[tokio::test]
async fn large_texts_in_files_are_sent_like_small_ones() {
    let line = "Grüße aus Köln\n".repeat(8_000);
    let page = format!("{}<img src='shark.png'>\n", "<p>Köln\n".repeat(100_000));
    let fixture = CliFixture::open(server()).await;
    fixture
        .directory
        .file("text.txt", format!("\u{feff}{line}"));
    fixture
        .directory
        .file("page.html", format!("\u{feff}{page}"));
    fixture.directory.file("shark.png", SHARK);
    fixture.directory.file("blank.txt", " \n".repeat(100_000));
    fixture
        .directory
        .file("latin1.txt", [line.as_bytes(), b"caf\xe9"].concat());
    let to_ann = "--to ann@example.org";
    for (arguments, status, words) in [
        ("--text @blank.txt", 64, "the mail would be empty"),
        ("--text @latin1.txt", 65, "not UTF-8 from octet 144003 on"),
        ("--html @latin1.txt", 65, "not UTF-8 from octet 144003 on"),
    ] {
        let ended = fixture.send(&format!("{to_ann} {arguments}")).end().await;
        ended.fails(status, words);
    }
    let arguments = format!("{to_ann} --text @text.txt --html @page.html --inline auto");
    assert_eq!(fixture.send(&arguments).end().await.status, 0);
    let mail = fixture.mail().await;
    let mail = MessageParser::default().parse(&mail.octets[..]).unwrap();
    assert!(mail.body_text(0).unwrap().replace("\r\n", "\n") == line);
    let html = mail.body_html(0).unwrap().replace("\r\n", "\n");
    let (html, image) = html.split_once("cid:").unwrap();
    assert!(page.strip_prefix(html).unwrap() == "shark.png'>\n");
    assert!(image.contains('@') && image.ends_with("'>\n"), "{image}");
}

/// More than the command keeps in memory.
#[tokio::test]
async fn standard_input_of_any_length_is_attached() {
    let fixture = CliFixture::open(server()).await;
    let script = "seq 500000 | \"$0\" send --server \"$1\" --tls-ca ca.pem --user me@example.org \
                  --password-file password --to ann@example.org -a '-;name=numbers.txt'";
    let address = fixture.server.addr().to_string();
    let run = Run::shell(script).args([address]);
    run.directory(fixture.directory.path()).end().await.result();
    let mail = fixture.mail().await;
    let parsed = MessageParser::default().parse(&mail.octets[..]).unwrap();
    let contents = parsed.attachment(0).unwrap().contents();
    assert_eq!(contents.len(), 3_388_895);
    assert!(contents.ends_with(b"499999\n500000\n"));
}

#[tokio::test]
async fn standard_input_that_cannot_be_kept_is_73() {
    let script = "seq 500000 | TMPDIR=/none \"$0\" send -n --from me@example.org \
                  --to ann@example.org -a '-;name=numbers.txt'";
    let ended = Run::shell(script).end().await;
    ended.fails(
        73,
        "/none: make sure that the directory exists and has room",
    );
}
