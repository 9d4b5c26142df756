//! The parts and fields of the mail.

use mail_parser::{MessageParser, MimeHeaders as _};
use pilotfish::testing::Received;

use super::cli_fixture::{CliFixture, server};

/// The mail that arrives when the command gets these arguments and this standard input.
async fn sent(arguments: &str, stdin: &str, files: &[(&str, &[u8])]) -> Received {
    let fixture = CliFixture::open(server()).await;
    for (name, content) in files {
        fixture.directory.file(name, content);
    }
    fixture.send(arguments).stdin(stdin).end().await.result();
    fixture.mail().await
}

#[tokio::test]
async fn the_text_comes_from_the_argument_a_file_or_standard_input() {
    let files: &[(&str, &[u8])] = &[("letter.txt", "Grüße 🦈\n".as_bytes())];
    for (arguments, stdin, text) in [
        ("--text Hello", "", "Hello\r\n"),
        ("--text 'a\nb'", "", "a\r\nb\r\n"),
        ("--text @letter.txt", "", "Grüße 🦈\r\n"),
        ("--text @@letter.txt", "", "@letter.txt\r\n"),
        ("--text @@@x", "", "@@x\r\n"),
        (
            "--text -",
            "from stdin\n.\n..\n",
            "from stdin\r\n.\r\n..\r\n",
        ),
        ("--text @/dev/stdin", "from stdin", "from stdin\r\n"),
        ("--text ''", "", ""),
        ("--text -x", "", "-x\r\n"),
        ("", "piped in", "piped in\r\n"),
        ("--text Hello", "not read", "Hello\r\n"),
    ] {
        let mail = sent(&format!("--to ann@example.org {arguments}"), stdin, files).await;
        let parsed = MessageParser::default().parse(&mail.octets[..]).unwrap();
        assert_eq!(parsed.body_text(0).unwrap_or_default(), text, "{arguments}");
    }
}

#[tokio::test]
async fn attachments_arrive_with_their_names_and_types() {
    let shark = include_bytes!("../../fixtures/images/shark.png");
    let files: &[(&str, &[u8])] = &[
        ("shark.png", shark),
        ("a;b.txt", b"text"),
        ("empty", b""),
        ("two\nlines", b"text"),
    ];
    let mail = sent(
        "--to ann@example.org --text Look: -a shark.png -a 'shark.png;name=Häi 🦈.png' \
         -a 'a;b.txt' --attach 'empty;type=application/x-nothing;name=\"none; at all\"' \
         -a 'two\nlines;name=one.txt'",
        "",
        files,
    )
    .await;
    let parsed = MessageParser::default().parse(&mail.octets[..]).unwrap();
    let attachments: Vec<_> = parsed
        .attachments()
        .map(|part| {
            let kind = part.content_type().unwrap();
            let kind = format!("{}/{}", kind.ctype(), kind.subtype().unwrap());
            (part.attachment_name().unwrap(), kind, part.contents())
        })
        .collect();
    let expected: [(&str, &str, &[u8]); 5] = [
        ("shark.png", "image/png", shark),
        ("Häi 🦈.png", "image/png", shark),
        ("a;b.txt", "text/plain", b"text"),
        ("none; at all", "application/x-nothing", b""),
        ("one.txt", "text/plain", b"text"),
    ];
    assert_eq!(attachments.len(), expected.len());
    for (found, (name, kind, content)) in attachments.iter().zip(expected) {
        assert_eq!((found.0, found.1.as_str()), (name, kind));
        assert!(found.2 == content, "{name}");
    }
    assert_eq!(parsed.body_text(0).unwrap(), "Look:\r\n");
}

#[tokio::test]
async fn recipients_come_from_lists_and_bcc_stays_hidden() {
    let mail = sent(
        "--from '\"Müller, Jörg\" <joerg@example.org>' \
         --to 'Ann <ann@example.org>, \"B. Bob\" <bob@example.org>' --to carl@example.org \
         --cc 'Friends: dora@example.org, emil@example.org;' \
         --bcc eve@example.org --bcc 'Fay <fay@example.org>' \
         --reply-to 'Office <office@example.org>' -s 'Grüße, 🦈' --text Hi",
        "",
        &[],
    )
    .await;
    assert_eq!(mail.reverse_path, "joerg@example.org");
    let recipients = "ann bob carl dora emil eve fay".split(' ');
    let recipients: Vec<_> = recipients
        .map(|name| format!("{name}@example.org"))
        .collect();
    assert_eq!(mail.forward_paths, recipients);

    let parsed = MessageParser::default().parse(&mail.octets[..]).unwrap();
    assert_eq!(
        parsed.from().unwrap().first().unwrap().name(),
        Some("Müller, Jörg")
    );
    let addresses = |field: &mail_parser::Address<'_>| -> Vec<(Option<String>, String)> {
        field
            .iter()
            .map(|one| {
                let address = one.address().unwrap().split('@').next().unwrap();
                (one.name().map(str::to_owned), address.to_owned())
            })
            .collect()
    };
    let named = |name: Option<&str>, address: &str| (name.map(str::to_owned), address.to_owned());
    assert_eq!(
        addresses(parsed.to().unwrap()),
        [
            named(Some("Ann"), "ann"),
            named(Some("B. Bob"), "bob"),
            named(None, "carl")
        ]
    );
    assert_eq!(
        addresses(parsed.cc().unwrap()),
        [named(None, "dora"), named(None, "emil")]
    );
    assert_eq!(
        addresses(parsed.reply_to().unwrap()),
        [named(Some("Office"), "office")]
    );
    assert_eq!(parsed.subject(), Some("Grüße, 🦈"));
    assert!(parsed.bcc().is_none());
    let text = String::from_utf8_lossy(&mail.octets);
    assert!(
        !text.contains("eve@") && !text.contains("fay@") && !text.contains("Fay"),
        "{text}"
    );
}

#[tokio::test]
async fn a_mail_may_be_for_hidden_recipients_alone() {
    let mail = sent("--bcc ann@example.org --text Hi", "", &[]).await;
    assert_eq!(mail.forward_paths, ["ann@example.org"]);
    let text = String::from_utf8_lossy(&mail.octets);
    assert!(text.contains("To: undisclosed-recipients:;"), "{text}");
    assert!(!text.contains("ann@"), "{text}");
}

#[tokio::test]
async fn header_fields_are_added_as_given() {
    let mail = sent(
        "--to ann@example.org -H 'X-Mailer: pilotfish' -H 'Keywords: shark' \
         --header 'Comments: größer : kleiner' -H 'X-Empty:' --text Hi",
        "",
        &[],
    )
    .await;
    let parsed = MessageParser::default().parse(&mail.octets[..]).unwrap();
    for (name, value) in [
        ("X-Mailer", "pilotfish"),
        ("Keywords", "shark"),
        ("Comments", "größer : kleiner"),
    ] {
        let field = parsed.header(name).unwrap();
        assert_eq!(field.as_text(), Some(value), "{name}");
    }
    assert!(parsed.header("X-Empty").is_some());
}

#[tokio::test]
async fn the_user_is_the_sender_unless_another_is_named() {
    let mail = sent("--to ann@example.org", "Hi", &[]).await;
    assert_eq!(mail.reverse_path, "me@example.org");
    let mail = sent(
        "--to ann@example.org --from Eve<eve@example.org>",
        "Hi",
        &[],
    )
    .await;
    assert_eq!(mail.reverse_path, "eve@example.org");
}
