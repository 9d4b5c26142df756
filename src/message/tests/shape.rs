//! Which fields and parts a message has, and what cannot be built.

use super::*;
use crate::address::ReversePath;
use crate::message::encoding::BodyType;
use crate::message::error::MessageError;
use crate::message::header::ListUnsubscribe;
use crate::message::part::Entity;

/// With what is random or of the moment fixed.
fn fixed() -> MessageBuilder {
    Message::builder()
        .from("Ann <ann@x.test>")
        .date("Tue, 1 Jul 2003 10:52:37 +0200")
        .message_id("<1@x.test>")
}

#[test]
fn a_text_is_one_part() {
    let message = fixed()
        .to("bo@x.test")
        .subject("Hi")
        .text("Hello\nBo")
        .build_now()
        .unwrap();
    assert_eq!(
        text(message),
        "Date: Tue, 1 Jul 2003 10:52:37 +0200\r\n\
         From: Ann <ann@x.test>\r\n\
         To: bo@x.test\r\n\
         Subject: Hi\r\n\
         Message-ID: <1@x.test>\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 7bit\r\n\
         \r\n\
         Hello\r\n\
         Bo\r\n"
    );
}

#[test]
fn attachments_make_it_multipart() {
    let message = fixed()
        .to("bo@x.test")
        .text("Hello\n")
        .attach(attachment("a.png", b"\x89PNG\r\n\x1a\n"))
        .attach(attachment("empty", b""))
        .attach(attachment("ü", b"x"))
        .build_now()
        .unwrap();
    let text = text(message);
    let (_, after) = text.split_once("boundary=\"").unwrap();
    let (boundary, body) = after.split_once("\"\r\n\r\n").unwrap();
    assert_eq!(boundary.len(), 34);
    assert_eq!(
        body.replace(boundary, "B"),
        "--B\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 7bit\r\n\
         \r\n\
         Hello\r\n\
         \r\n\
         --B\r\n\
         Content-Type: image/png\r\n\
         Content-Disposition: attachment; filename=a.png\r\n\
         Content-Transfer-Encoding: base64\r\n\
         \r\n\
         iVBORw0KGgo=\r\n\
         --B\r\n\
         Content-Type: application/octet-stream\r\n\
         Content-Disposition: attachment; filename=empty\r\n\
         Content-Transfer-Encoding: base64\r\n\
         \r\n\
         \r\n\
         --B\r\n\
         Content-Type: application/octet-stream\r\n\
         Content-Disposition: attachment; filename*=utf-8''%C3%BC; filename=\"_\"\r\n\
         Content-Transfer-Encoding: base64\r\n\
         \r\n\
         eA==\r\n\
         --B--\r\n"
    );
}

#[test]
fn blind_copies_are_in_the_envelope_alone() {
    let message = fixed()
        .to("to@x.test")
        .cc("cc@x.test")
        .cc("to@x.test")
        .bcc("Secret <bcc@x.test>")
        .build_now()
        .unwrap();
    let paths: Vec<_> = message
        .envelope()
        .forward_paths()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(paths, ["<to@x.test>", "<cc@x.test>", "<bcc@x.test>"]);
    let text = text(message).to_lowercase();
    assert!(!text.contains("bcc") && !text.contains("secret"));
}

#[test]
fn with_blind_copies_alone_the_recipients_are_undisclosed() {
    let message = fixed().bcc("bcc@x.test").build_now().unwrap();
    assert!(text(message).contains("\r\nTo: undisclosed-recipients:;\r\n"));
    let message = fixed().cc("cc@x.test").build_now().unwrap();
    assert!(!text(message).contains("\r\nTo:"));
}

#[test]
fn reports_go_to_the_sender() {
    let reverse_path = |builder: MessageBuilder| {
        let message = builder.to("to@x.test").build_now().unwrap();
        (
            message.envelope().reverse_path().to_string(),
            text(message).contains("\r\nSender:"),
        )
    };
    assert_eq!(reverse_path(fixed()), ("<ann@x.test>".to_owned(), false));
    let same = fixed().sender("Ann <ann@x.test>");
    assert_eq!(reverse_path(same), ("<ann@x.test>".to_owned(), false));
    let sender = || fixed().from("b@x.test").sender("s@x.test");
    assert_eq!(reverse_path(sender()), ("<s@x.test>".to_owned(), true));
    let null = sender().reverse_path(ReversePath::Null);
    assert_eq!(reverse_path(null), ("<>".to_owned(), true));
}

#[test]
fn only_local_parts_need_smtputf8() {
    for (builder, needed) in [
        (
            builder()
                .subject("ü")
                .text("ü")
                .to(mailbox("Jörg", "a@bücher.test")),
            false,
        ),
        (builder().cc("jörg@x.test"), true),
        (builder().bcc("jörg@x.test"), true),
        (builder().reply_to("jörg@x.test"), true),
        (builder().sender("jörg@x.test"), true),
    ] {
        let message = builder.build_now().unwrap();
        assert_eq!(message.needs_smtputf8(), needed);
        octets(message);
    }
}

#[test]
fn what_cannot_be_built() {
    let to = || Message::builder().to("to@x.test");
    let from = || Message::builder().from("from@x.test");
    assert!(matches!(to().build_now(), Err(MessageError::NoFrom)));
    assert!(matches!(from().build_now(), Err(MessageError::NoRecipient)));
    assert!(matches!(
        Message::builder().build_now(),
        Err(MessageError::NoFrom)
    ));
    let two = builder().from("second@x.test");
    assert!(matches!(
        two.build_now(),
        Err(MessageError::NoSender { authors: 2 })
    ));
    for octet in (0..32).chain([127]).filter(|octet| *octet != b'\t') {
        let text = format!("a{}b", char::from(octet));
        let subject = builder().subject(&text).build_now();
        assert!(matches!(subject.unwrap_err(), MessageError::Control { .. }));
        let value = builder().header(field("X-A"), &text).build_now();
        assert!(matches!(value.unwrap_err(), MessageError::Control { .. }));
    }
    for name in ["From", "MIME-Version", "content-type", "Bcc", "Received"] {
        let error = builder().header(field(name), "x").build_now().unwrap_err();
        assert!(matches!(error, MessageError::Reserved { .. }));
    }
    let long = "x".repeat(MessageBuilder::MAX_VALUE + 1);
    assert!(matches!(
        builder().subject(&long).build_now(),
        Err(MessageError::Limit { .. })
    ));
    assert!(builder().subject(&long[1..]).build_now().is_ok());
    let endless = Attachment::new(Body::reader(tokio::io::empty(), u64::MAX), "a");
    assert!(matches!(
        builder().attach(endless).build_now(),
        Err(MessageError::TooLarge)
    ));
}

#[test]
fn errors_show_no_control_characters() {
    for error in [
        "\x1b[2J\r\n".parse::<FieldName>().unwrap_err(),
        "a/\x1b[2J\r\n"
            .parse::<crate::message::part::MediaType>()
            .unwrap_err(),
        "\x1b[2J\r\n"
            .parse::<crate::message::part::FileName>()
            .unwrap_err(),
        "\x1b[2J\r\n"
            .parse::<crate::message::header::MessageId>()
            .unwrap_err(),
        "\x1b[2J\r\n"
            .parse::<crate::message::header::Date>()
            .unwrap_err(),
        builder().subject("\x1b[2J").build_now().unwrap_err(),
    ] {
        assert!(!error.to_string().chars().any(char::is_control), "{error}");
    }
}

#[test]
fn debug_shows_no_content() {
    let builder = builder()
        .subject("SECRET")
        .text("SECRET")
        .attach(attachment("a", b"SECRET"));
    let builder = builder.header(field("X-A"), "SECRET");
    assert!(!format!("{builder:?}").contains("SECRET"));
    let message = builder.build_now().unwrap();
    assert!(!format!("{message:?}").contains("SECRET"));
    assert!(!format!("{:?}", message.into_octets()).contains("SECRET"));
}

#[test]
fn a_message_is_the_same_every_time() {
    let message = builder()
        .text("a")
        .attach(attachment("a", b"b"))
        .build_now()
        .unwrap();
    let again = message.clone();
    assert_eq!(message.message_id(), again.message_id());
    assert_eq!(octets(message), octets(again));
    let other = builder().build_now().unwrap();
    assert_ne!(
        other.message_id(),
        builder().build_now().unwrap().message_id()
    );
    assert!(other.is_repeatable());
}

#[test]
fn clones_share_a_body_that_can_be_read_once() {
    let reader = Attachment::new(Body::reader(&b"b"[..], 1), "a");
    let message = builder().attach(reader).build_now().unwrap();
    assert!(!message.is_repeatable());
    let again = message.clone();
    assert!(!again.is_consumed());
    assert!(text(message).contains("Yg=="));
    assert!(again.is_consumed());
}

#[test]
fn a_clone_copies_nothing() {
    let message = builder().text("a").build_now().unwrap();
    assert!(std::ptr::eq(message.envelope(), message.clone().envelope()));
}

#[test]
fn messages_can_be_shared_between_threads() {
    fn check<T: Send + Sync>() {}
    fn check_send<T: Send>() {}
    check::<Message>();
    check::<MessageBuilder>();
    check::<Attachment>();
    check_send::<MessageReader>();
}

#[test]
fn a_boundary_in_the_text_is_no_boundary() {
    let body = "--boundary\n--\n--=_\n\n--=_0--\n";
    let message = builder()
        .text(body)
        .attach(attachment("a", b"x"))
        .build_now()
        .unwrap();
    assert_eq!(text(message).matches("\r\n--=_").count(), 3 + 2);
}

#[test]
fn commas_in_a_url_do_not_make_a_line_too_long() {
    let url = format!("https://x.test/{}", ",".repeat(880));
    if let Ok(way_out) = ListUnsubscribe::page(&url) {
        octets(builder().list_unsubscribe(way_out).build_now().unwrap());
    }
}

#[test]
fn debug_shows_no_text() {
    assert!(!format!("{:?}", Entity::text("SECRET")).contains("SECRET"));
    let message = builder().text("SECRET").build_now().unwrap();
    let rendition = message.rendition(BodyType::SevenBit);
    assert!(!format!("{rendition:?}").contains("SECRET"));
}

#[test]
fn an_encoded_word_stands_apart_from_the_colon() {
    let message = builder().to("\"Jörg\": a@b;").build_now().unwrap();
    assert!(!text(message).contains("?=:"), "RFC 2047 section 5 (3)");
}
