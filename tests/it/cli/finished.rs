//! `--raw`: messages that were made elsewhere.

use super::made::Desk;
use super::office::{Office, server};

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
async fn it_goes_out_as_it_is_to_whom_it_is_said() {
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
            let office = Office::open(server()).await;
            office.directory.file("mail.eml", FINISHED);
            let run = office.send(&format!("{raw} {arguments}"));
            run.stdin(FINISHED).end().await.result();
            let mail = office.mail().await;
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
async fn what_is_missing_is_added() {
    let desk = Desk {
        stdin: "To: ann@example.org\n\ntext\n",
        ..Desk::default()
    };
    let ended = desk.run("--raw - -t --from 'Me <me@example.org>'").await;
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

#[tokio::test]
async fn what_cannot_be_sent_has_a_reason() {
    let files: &[(&str, &[u8])] = &[
        ("mail.eml", FINISHED.as_bytes()),
        ("nul.eml", b"From: bo@example.org\n\n\0"),
        ("nobody.eml", b"To: ann@example.org\n\ntext\n"),
        ("bad.eml", b"From: bo@example.org\nTo: ann\n\ntext\n"),
        ("alone.eml", b"From: bo@example.org\n\ntext\n"),
    ];
    for (arguments, status, words) in [
        ("--raw mail.eml", 64, "--to <LIST>"),
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
        ("--raw alone.eml -t", 65, "name one by --to"),
        ("--raw bad.eml -t", 65, "the addresses of To"),
        ("--raw nul.eml --to ann@example.org", 65, "a NUL"),
        ("--raw none.eml -t", 66, "none.eml"),
        ("--raw . -t", 66, "a directory"),
        ("--raw mail.eml -t -o mail.eml", 73, "a part of the mail"),
    ] {
        let desk = Desk {
            files,
            ..Desk::default()
        };
        desk.run(arguments).await.fails(status, words);
    }
}
