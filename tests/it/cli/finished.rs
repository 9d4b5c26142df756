//! `--raw`: finished messages of other programs.

use super::cli_fixture::{CliFixture, server};
use super::made::Composer;
use super::run::unwrapped;

const FINISHED: &str = "Date: Tue, 1 Jul 2003 10:52:37 +0200\n\
    From: Bo <bo@example.org>\n\
    To: ann@example.org\n\
    Cc: Friends: cy@example.org, dan@example.org;\n\
    Bcc: eve@example.org\n\
    Message-ID: <1@x.test>\n\
    X-Odd:   kept  as it is\n\
    \n\
    .\n\
    text\n";

const REST: &str = "X-Odd:   kept  as it is\r\n\r\n.\r\ntext\r\n";

#[tokio::test]
async fn it_is_sent_unchanged_to_the_given_recipients() {
    for (arguments, reverse_path, forward_paths) in [
        ("-t", "bo", "ann cy dan eve"),
        (
            "--read-recipients --to fay@example.org",
            "bo",
            "fay ann cy dan eve",
        ),
        ("--to fay@example.org", "bo", "fay"),
        (
            "--to fay@example.org --cc gus@example.org --bcc 'Hal <hal@example.org>'",
            "bo",
            "fay gus hal",
        ),
        ("-t --from me@example.org", "bo", "ann cy dan eve"),
        ("-t --envelope-from me@example.org", "me", "ann cy dan eve"),
    ] {
        for raw in ["--raw mail.eml", "--raw -"] {
            let fixture = CliFixture::open(server()).await;
            fixture.directory.file("mail.eml", FINISHED);
            let run = fixture.send(&format!("{raw} {arguments}"));
            run.stdin(FINISHED).end().await.result();
            let mail = fixture.mail().await;
            let address = |name: &str| format!("{name}@example.org");
            let paths: Vec<_> = forward_paths.split(' ').map(address).collect();
            assert_eq!(mail.reverse_path, address(reverse_path), "{arguments}");
            assert_eq!(mail.forward_paths, paths, "{arguments}");
            let text = String::from_utf8(mail.octets.to_vec()).unwrap();
            assert!(text.ends_with(REST), "{arguments}: {text}");
            let named = ["eve@", "fay@", "gus@", "hal@"];
            assert!(!named.iter().any(|name| text.contains(name)), "{text}");
        }
    }
}

#[tokio::test]
async fn missing_fields_are_added() {
    let composer = Composer {
        stdin: "To: ann@example.org\n\ntext\n",
        ..Composer::default()
    };
    let ended = composer
        .run("--raw - -t --from 'Me <me@example.org>'")
        .await;
    for words in [
        "From: Me <me@example.org>\r\n",
        "Date: ",
        "Message-ID: <",
        "To: ann@example.org\r\n",
        "\r\n\r\ntext\r\n",
    ] {
        assert!(ended.stdout.contains(words), "{ended:?}");
    }
}

/// A message as cron writes it.
const CRON: &str = "From: \"(Cron Daemon)\" <root>\nTo: ann@example.org\nSubject: x\n\ndone\n";

#[tokio::test]
async fn a_named_envelope_is_enough() {
    for arguments in [
        "--raw - --envelope-from me@example.org --to ann@example.org",
        "--raw - --envelope-from me@example.org -t",
    ] {
        let fixture = CliFixture::open(server()).await;
        fixture.send(arguments).stdin(CRON).end().await.result();
        let mail = fixture.mail().await;
        assert_eq!(mail.reverse_path, "me@example.org");
        assert_eq!(mail.forward_paths, ["ann@example.org"]);
        let text = String::from_utf8_lossy(&mail.octets);
        assert!(
            text.contains("From: \"(Cron Daemon)\" <root>\r\n"),
            "{text}"
        );
        assert!(text.contains("@example.org>\r\n"), "a Message-ID: {text}");
    }
}

#[tokio::test]
async fn fields_are_read_as_they_are_written() {
    for (mail, recipients) in [
        (
            "To: \"Fold,\n\tJess\" <ann@example.org>, bo@example.org\n",
            "ann bo",
        ),
        ("To: ann@example.org <ann@example.org>\n", "ann"),
        ("To: ann@example.org (Ann)\n", "ann"),
    ] {
        let fixture = CliFixture::open(server()).await;
        let mail = format!("From: me@example.org\n{mail}\nx\n");
        fixture.send("--raw - -t").stdin(&mail).end().await.result();
        let paths = fixture.mail().await.forward_paths;
        let names: Vec<_> = paths
            .iter()
            .filter_map(|path| path.split('@').next())
            .collect();
        assert_eq!(names.join(" "), recipients);
    }
}

#[tokio::test]
async fn suspicious_input_causes_a_warning() {
    for (mail, kept, warning) in [
        (
            "From:\nDate: \nSubject: x\n\nx\n",
            "\r\nFrom: Me <me@x.test>\r\n",
            "",
        ),
        (
            "From: a@b\nMessage-ID: <1.a@b\u{fc}cher.test>\n\nx\n",
            "<1.a@b\u{fc}cher.test>",
            "",
        ),
        (
            "From: a@b\nMessage-ID: <yes>\n\nx\n",
            "Message-ID: <yes>\r\n",
            "",
        ),
        (
            "From: a@b\nMessage-ID: yes\n\nx\n",
            "@b>\r\n",
            "warning: the Message-ID \"yes\"",
        ),
        (
            "\nSubject: x\n\nx\n",
            "\r\n\r\nSubject: x",
            "warning: the message begins with",
        ),
        (
            "From: a@b\nTo: a@b\nCc:\nSubject:\n\nx\n",
            "To: a@b\r\nSubject:\r\n",
            "warning: the field Cc is empty, and is left out",
        ),
    ] {
        let composer = Composer {
            stdin: mail,
            ..Composer::default()
        };
        let arguments = "--raw - --to ann@example.org --from 'Me <me@x.test>'";
        let ended = composer.run(arguments).await;
        assert_eq!(ended.status, 0, "{ended:?}");
        assert!(ended.stdout.contains(kept), "{ended:?}");
        assert!(ended.stderr.starts_with(warning), "{ended:?}");
        assert_eq!(ended.stderr.is_empty(), warning.is_empty(), "{ended:?}");
    }
}

#[tokio::test]
async fn repair_encodes_what_servers_may_reject() {
    let long = format!("From: me@example.org\n\n{}\n", "x".repeat(1_200));
    let files: &[(&str, &[u8])] = &[
        ("long.eml", long.as_bytes()),
        ("nul.eml", b"From: me@example.org\n\na\0b\n"),
        ("latin.eml", b"From: me@example.org\nSubject: Gr\xfc\xdfe\n\nx\n"),
        (
            "signed.eml",
            b"From: me@example.org\nContent-Type: multipart/signed; boundary=a\n\n--a\n\n\0\n--a--\n",
        ),
    ];
    let composer = || Composer {
        files,
        ..Composer::default()
    };
    for (mail, reason, warnings) in [
        (
            "long.eml",
            "line 3 of the message has over 998 bytes",
            "warning: repaired: a line of the message had over 998 bytes, so the encoding is quoted-printable now",
        ),
        (
            "nul.eml",
            "line 3 of the message has a NUL",
            "warning: repaired: a line of the message had a NUL, so the encoding is base64 now",
        ),
        (
            "latin.eml",
            "the field Subject is not UTF-8",
            "warning: repaired: the field Subject is in encoded words now, its bytes read as \
             windows-1252",
        ),
    ] {
        let raw = format!("--raw {mail} --to ann@example.org");
        let ended = composer().run(&raw).await;
        ended.fails(65, reason);
        assert!(ended.stderr.contains("--repair"), "{ended:?}");
        let ended = composer().run(&format!("{raw} --repair")).await;
        let shown = unwrapped(&ended.stderr);
        assert_eq!((ended.status, shown.as_str()), (0, warnings));

        let forward = format!("--from me@example.org --to ann@example.org --forward {mail}");
        composer().run(&forward).await.fails(65, "--repair");
        let ended = composer().run(&format!("{forward} --repair")).await;
        let warnings = warnings.replace("the message had", "the forwarded message had");
        assert_eq!((ended.status, unwrapped(&ended.stderr)), (0, warnings));
    }
    let ended = composer()
        .run("--raw signed.eml --to ann@example.org --repair")
        .await;
    ended.fails(65, "it is signed");
}

#[tokio::test]
async fn unsendable_messages_have_an_error() {
    let files: &[(&str, &[u8])] = &[
        ("mail.eml", FINISHED.as_bytes()),
        ("nul.eml", b"From: bo@example.org\n\n\0"),
        ("nobody.eml", b"To: ann@example.org\n\ntext\n"),
        ("bad.eml", b"From: bo@example.org\nTo: ann\n\ntext\n"),
        ("alone.eml", b"From: bo@example.org\n\ntext\n"),
        (
            "blank.eml",
            b"\nFrom: a@x.test\nTo: ann@example.org\n\nhi\n",
        ),
        ("cron.eml", CRON.as_bytes()),
        ("shark.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
    ];
    for (arguments, status, words) in [
        (
            "--raw mail.eml",
            64,
            "no recipient\n  help:   -t takes the recipients from the fields",
        ),
        ("-t", 64, "--raw"),
        ("--raw mail.eml -t -s Hi", 64, "cannot be used with"),
        ("--raw mail.eml -t --text Hi", 64, "cannot be used with"),
        ("--raw mail.eml -t -a mail.eml", 64, "cannot be used with"),
        ("--raw mail.eml -t -H 'X-A: b'", 64, "cannot be used with"),
        ("--raw mail.eml -t --body 7bit", 64, "cannot be used with"),
        ("--raw nobody.eml -t", 64, "add --from"),
        (
            "--raw nobody.eml -t --from a@x.test,b@x.test",
            65,
            "in --from: ",
        ),
        ("--raw nobody.eml -t --from nobody", 65, "in --from: "),
        ("--raw mail.eml --to nobody", 65, "in --to: "),
        ("--raw alone.eml -t", 64, "name one by --to"),
        (
            "--raw shark.png --to ann@example.org",
            65,
            "shark.png is not a mail (--raw): it does not begin with a header field\n  help:   \
             attach it by --attach FILE",
        ),
        ("--raw bad.eml -t", 65, "the addresses of To"),
        (
            "--raw blank.eml -t --from a@x.test",
            65,
            "its first line is empty",
        ),
        ("--raw blank.eml -t", 65, "its first line is empty"),
        (
            "--raw blank.eml --to ann@example.org",
            65,
            "its first line is empty",
        ),
        ("--raw cron.eml -t", 65, "--envelope-from"),
        (
            "--text x --to ann@example.org --from a@x.test --repair",
            64,
            "--raw and --forward",
        ),
        ("--raw nul.eml --to ann@example.org", 65, "a NUL"),
        ("--raw none.eml -t", 66, "none.eml"),
        ("--raw . -t", 66, "a directory"),
        ("--raw mail.eml -t -o mail.eml", 73, "a part of the mail"),
    ] {
        let composer = Composer {
            files,
            ..Composer::default()
        };
        composer.run(arguments).await.fails(status, words);
    }
}
