//! Mails of every shape, composed and finished.

use pilotfish::Message;
use pilotfish::message::{
    Attachment, AutoSubmitted, Body, BodyType, ListUnsubscribe, MessageBuilder, Method,
};

/// Starts a mail that can be signed for `x.test`.
pub(super) fn letter() -> MessageBuilder {
    Message::builder()
        .from("Ann Lee <ann@x.test>")
        .to("Bo <bo@y.test>")
        .subject("A shark")
}

fn file(name: &str, octets: impl Into<bytes::Bytes>) -> Attachment {
    Attachment::new(Body::bytes(octets), name)
}

const INVITATION: &str = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nMETHOD:REQUEST\n\
    BEGIN:VEVENT\nUID:1\nSUMMARY:Grüße\nEND:VEVENT\nEND:VCALENDAR\n";

const MARKDOWN: &str = "# Sharks\n\n* one  \n* two\n";

/// Mails with every kind of content.
fn contents() -> Vec<(&'static str, MessageBuilder)> {
    let every_octet: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    vec![
        ("no content", letter()),
        ("a text", letter().text("Look what swam by.\n")),
        (
            "a text of 8 bit",
            letter().text("Grüße aus dem schönen Bremen, 日本語\n"),
        ),
        ("no line end", letter().text("Look")),
        ("blank lines", letter().text("Look\n\n\n  \n\t\n\n\n\n\n\n")),
        ("nothing but blank lines", letter().text("\n\n\n")),
        (
            "white space",
            letter().text("  a \t b  \n\n c\t\nd  e\n \n"),
        ),
        ("dots", letter().text(".\n..\n.a\n\n.\n")),
        ("a long line", letter().text("shark ".repeat(400))),
        (
            "flowed",
            letter().text_flowed("A shark swam by. ".repeat(30)),
        ),
        ("Markdown", letter().markdown(MARKDOWN)),
        (
            "everything",
            letter()
                .text("Grüße\n")
                .html("<p>Grüße <img src='cid:shark'>")
                .inline("shark", file("shark.png", &b"\x89PNG\r\n\x1a\n"[..]))
                .attach(file(
                    "Übersicht für Jörg und alle anderen im Haus.csv",
                    "a,b\n",
                ))
                .attach(file("octets.bin", every_octet.clone())),
        ),
        (
            "a file",
            letter()
                .text("x")
                .attach("tests/fixtures/dkim/rsa-2048.txt"),
        ),
        (
            "binary where it can be carried",
            letter()
                .attach(file("octets.bin", every_octet))
                .max_body_type(BodyType::Binary),
        ),
        (
            "an invitation",
            letter()
                .text("Come!\n")
                .calendar(Method::Request, INVITATION),
        ),
        (
            "a forwarded message",
            letter()
                .text("x")
                .forward(Body::bytes(&b"A: b\n\n.\n\n\n"[..])),
        ),
    ]
}

/// Mails with every kind of field.
fn headers() -> Vec<(&'static str, MessageBuilder)> {
    let crowd = (0..100).map(|n| format!("Müller, Nº {n} <recipient{n}@y.test>").replace(',', ""));
    let one_click = ListUnsubscribe::one_click("https://x.test/u?a=b;c").unwrap();
    let way_out = one_click.or_mail_to("leave@x.test");
    vec![
        (
            "SMTPUTF8",
            letter()
                .to("Jörg <jörg@y.test>")
                .subject("Привет")
                .text("Grüße\n"),
        ),
        (
            "an author in SMTPUTF8",
            Message::builder()
                .from("Jörg <jörg@x.test>")
                .to("bo@y.test")
                .text("x\n"),
        ),
        (
            "groups",
            letter()
                .to("Friends: cy@y.test, \"Dee; Lee\" <dee@y.test>;")
                .reply_to("Nobody: ;, a@x.test"),
        ),
        (
            "a way out",
            letter().list_unsubscribe(way_out.unwrap()).text("News\n"),
        ),
        (
            "a hundred recipients",
            letter().to(crowd.collect::<Vec<_>>()).text("x\n"),
        ),
        (
            "fields of every kind",
            letter()
                .from("Cy <cy@x.test>")
                .sender("Ann <ann@x.test>")
                .cc("Dee <dee@y.test>")
                .bcc("eve@y.test")
                .subject("Ein sehr langer Betreff mit größeren Wörtern ".repeat(6))
                .in_reply_to("<1@y.test>")
                .reference("<0@y.test>")
                .auto_submitted(AutoSubmitted::No)
                .header("X-Words", "word ".repeat(60).trim_end())
                .header("X-Other", "")
                .text("x\n"),
        ),
    ]
}

const FIELDS: &str = "Date: Tue, 1 Jul 2003 10:52:37 +0200\r\nMessage-ID: <1@x.test>\r\n";

/// The fields after those that every message has, and the body.
const FINISHED: &[(&str, &str, &[u8])] = &[
    ("finished: a text", "Subject: x\r\n\r\n", b"a\r\n"),
    ("finished: without a body", "Subject: x\r\n", b""),
    ("finished: an empty body", "Subject: x\r\n\r\n", b""),
    ("finished: one blank line", "\r\n", b"\r\n"),
    ("finished: blank lines", "\r\n", b"a\r\n\r\n\r\n\r\n\r\n"),
    (
        "finished: blank lines of white space",
        "\r\n",
        b"a\r\n \r\n\t\r\n  \r\n",
    ),
    ("finished: blank lines in front", "\r\n", b"\r\n\r\na\r\n"),
    ("finished: no line end", "\r\n", b"a\r\nb"),
    (
        "finished: white space at the very end",
        "\r\n",
        b"a\r\nb \r\n",
    ),
    ("finished: LF", "Subject: x\n\n", b"a\nb\n\n\n"),
    ("finished: CR", "\r\r", b"a\rb\r\r"),
    ("finished: dots", "\r\n", b".\r\n..\r\n.a\r\n.\r\n"),
    (
        "finished: 8 bit",
        "Content-Type: text/plain; charset=utf-8\r\n\r\n",
        "Grüße\r\n".as_bytes(),
    ),
    ("finished: another charset", "\r\n", b"Gr\xfc\xdfe\r\n"),
    (
        "finished: UTF-8 in a field",
        "Subject: Grüße\r\n\r\n",
        b"a\r\n",
    ),
    (
        "finished: odd fields",
        "SUBJECT:x\r\ntO: a@y.test\r\nCc:\r\n b@y.test\r\nX-A: \r\n\r\n",
        b"a\r\n",
    ),
    (
        "finished: folds and tabs",
        "Subject: \tx\r\n\t y  z \r\n\r\n",
        b"a\r\n",
    ),
    (
        "finished: many of a kind",
        "Comments: 1\r\nComments: 2\r\nSubject: 1\r\n\r\n",
        b"a\r\n",
    ),
    (
        "finished: signed before",
        "DKIM-Signature: v=1; a=rsa-sha256; d=y.test; s=s; h=From;\r\n bh=eA==;\r\n b=eA==\r\n\r\n",
        b"a\r\n",
    ),
    (
        "finished: a multipart",
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n",
        b"--x\r\n\r\na\r\n\r\n--x--\r\n\r\n\r\n",
    ),
];

/// The mails by their names.
pub(super) async fn mails() -> Vec<(&'static str, Message)> {
    let mut mails = Vec::new();
    for (name, builder) in contents().into_iter().chain(headers()) {
        mails.push((name, builder.build().await.unwrap()));
    }
    for (name, fields, body) in FINISHED {
        let header = format!("From: Ann <ann@x.test>\r\n{FIELDS}{fields}");
        let octets = [header.as_bytes(), body].concat();
        let builder = Message::raw(Body::bytes(octets)).to("bo@y.test");
        mails.push((name, builder.build().await.unwrap()));
    }
    let bare = Message::raw(Body::bytes("Subject: x\n\na\n"));
    let bare = bare.from("ann@x.test").to("bo@y.test");
    mails.push(("finished: all but finished", bare.build().await.unwrap()));
    mails
}
