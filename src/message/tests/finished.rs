//! Finished messages, and messages within messages.

use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use crate::address::ReversePath;
use crate::message::encoding::BodyType;
use crate::message::part::Entity;

const FIELDS: &str = "Date: Tue, 1 Jul 2003 10:52:37 +0200\r\n\
                      From: ann@x.test\r\n\
                      To: bo@x.test\r\n\
                      Message-ID: <1@x.test>\r\n";

fn raw(text: &str) -> Result<Message, MessageError> {
    run(Message::raw(Body::bytes(text.to_owned()))
        .recipients_from_fields()
        .build())
}

fn file(octets: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(octets).unwrap();
    file
}

#[test]
fn it_goes_out_as_it_is_but_for_its_line_ends() {
    for (body, sent) in [
        ("", ""),
        ("text", "text\r\n"),
        ("a\nb\rc\r\n\r\n", "a\r\nb\r\nc\r\n\r\n"),
        (
            ".\n..\nFrom x\n trailing \n",
            ".\r\n..\r\nFrom x\r\n trailing \r\n",
        ),
        ("Grüße\n", "Grüße\r\n"),
    ] {
        let message = raw(&format!("{FIELDS}\r\n{body}")).unwrap();
        assert_eq!(message.message_id().as_str(), "<1@x.test>");
        let rendition = message.rendition(BodyType::Binary);
        let eight_bit = if body.is_ascii() {
            BodyType::SevenBit
        } else {
            BodyType::EightBit
        };
        assert_eq!(rendition.body_type(), eight_bit);
        let octets = run(blocks(&mut rendition.into_octets())).unwrap().concat();
        assert_eq!(octets.len() as u64, message.exact_size());
        assert_eq!(
            String::from_utf8(octets).unwrap(),
            format!("{FIELDS}\r\n{sent}")
        );
    }
}

#[test]
fn all_sources_give_the_same() {
    let line = "0123456789abcdef\nx\r\r\n";
    let text = format!("{FIELDS}Subject: x\n\n{}end", line.repeat(20_000));
    let expected = octets(raw(&text).unwrap());
    let file = file(text.as_bytes());
    for body in [
        Body::file(file.path()),
        Body::reader(std::io::Cursor::new(text.clone()), text.len() as u64),
        run(Body::spool(text.as_bytes(), 1 << 30)).unwrap(),
    ] {
        let building = Message::raw(body).recipients_from_fields().build();
        let message = run(building).unwrap();
        let again = message.clone();
        assert_eq!(octets(message), expected);
        assert_eq!(octets(again), expected);
    }
}

#[test]
fn who_gets_it() {
    let envelope = |builder: crate::message::builder::RawBuilder| {
        let message = run(builder.build()).unwrap();
        let envelope = message.envelope();
        let paths: Vec<_> = envelope
            .forward_paths()
            .iter()
            .map(ToString::to_string)
            .collect();
        format!("{} {}", envelope.reverse_path(), paths.join(" "))
    };
    let text = format!("{FIELDS}Bcc: secret@x.test\r\n\r\nx");
    let raw = || Message::raw(Body::bytes(text.clone()));
    assert_eq!(envelope(raw().to("c@d")), "<ann@x.test> <c@d>");
    assert_eq!(
        envelope(raw().to("c@d").recipients_from_fields()),
        "<ann@x.test> <c@d> <bo@x.test> <secret@x.test>"
    );
    let null = raw().to("c@d").reverse_path(ReversePath::Null);
    assert_eq!(envelope(null), "<> <c@d>");
    assert!(matches!(run(raw().build()), Err(MessageError::NoRecipient)));
    let sent = octets(run(raw().to("c@d").build()).unwrap());
    assert!(!String::from_utf8(sent).unwrap().contains("secret"));
}

#[test]
fn what_is_missing_is_added() {
    let message = Message::raw(Body::bytes("Subject: x\n\ntext\n")).to("bo@x.test");
    let message = run(message.from("Ann <ann@x.test>").build()).unwrap();
    let id = message.message_id().to_string();
    let text = text(message);
    assert!(text.starts_with("Subject: x\r\nDate: "), "{text}");
    assert!(text.contains("\r\nFrom: Ann <ann@x.test>\r\n"), "{text}");
    assert!(
        text.ends_with(&format!("\r\nMessage-ID: {id}\r\n\r\ntext\r\n")),
        "{text}"
    );
    let nobody = Message::raw(Body::bytes("Subject: x\n\n")).to("bo@x.test");
    assert!(matches!(run(nobody.build()), Err(MessageError::NoFrom)));
}

#[test]
fn what_cannot_be_sent_is_found_before() {
    for (text, error) in [
        (
            format!("{FIELDS}\r\n{}", "x".repeat(999)),
            "line 6 of the message has over 998 octets",
        ),
        (
            format!("{FIELDS}\r\na\0b"),
            "line 6 of the message has a NUL",
        ),
        (
            format!("{FIELDS}\r\n\na\n\0b"),
            "line 8 of the message has a NUL",
        ),
        (
            format!("{FIELDS}X: a\0b\r\n\r\n"),
            "the value of X contains the control character U+0000",
        ),
        (format!("{FIELDS}X: {}\r\n\r\n", "x".repeat(2_000)), "X"),
    ] {
        let found = raw(&text).unwrap_err().to_string();
        assert!(found.contains(error), "{found}");
    }
    assert!(raw(&format!("{FIELDS}\r\n{}", "x".repeat(998))).is_ok());
    let none = Message::raw(Body::file("/nowhere")).to("a@b").build();
    assert!(matches!(
        run(none),
        Err(MessageError::Body(BodyError::Open { .. }))
    ));
}

#[test]
fn fields_beyond_ascii_are_encoded_unless_a_signature_would_break() {
    for (field, encoded) in [
        ("Subject: Grüße", Some("Subject: =?utf-8?b?R3LDvMOfZQ==?=")),
        ("Subject: =?utf-8?q?x?=", Some("Subject: =?utf-8?q?x?=")),
        (
            "Cc: Zoë <z@x.test>",
            Some("Cc: =?utf-8?q?Zo=C3=AB?= <z@x.test>"),
        ),
        ("References: <ü@x.test>", None),
        ("Reply-To: jörg@x.test", None),
    ] {
        let encoded = encoded.unwrap_or(field);
        let message = raw(&format!("{FIELDS}{field}\r\n\r\nx")).unwrap();
        let signed = raw(&format!("{FIELDS}DKIM-Signature: v=1\r\n{field}\r\n\r\nx"));
        let signed = signed.unwrap();
        for message in [&message, &signed] {
            assert_eq!(message.needs_smtputf8(), !encoded.is_ascii(), "{field}");
        }
        for (rendition, expected) in [
            (message.rendition(BodyType::EightBit), encoded),
            (message.rendition_with_smtputf8(BodyType::EightBit), encoded),
            (signed.rendition(BodyType::EightBit), encoded),
            (signed.rendition_with_smtputf8(BodyType::EightBit), field),
        ] {
            let is_ascii = expected.is_ascii();
            assert_eq!(rendition.needs_smtputf8(), !is_ascii, "{field}");
            assert_eq!(
                rendition.body_type() == BodyType::SevenBit,
                is_ascii,
                "{field}"
            );
            let len = rendition.exact_size();
            let octets = run(blocks(&mut rendition.into_octets())).unwrap().concat();
            assert_eq!(octets.len() as u64, len);
            let text = String::from_utf8(octets).unwrap();
            assert!(text.contains(&format!("\r\n{expected}\r\n")), "{text}");
        }
    }
}

#[test]
fn a_sender_that_cannot_be_read_does_not_matter_beside_an_envelope() {
    let mail = "From: \"(Cron Daemon)\" <root>\nTo: root\nSubject: x\n\ndone\n";
    let raw = || Message::raw(Body::bytes(mail)).to("ops@y.test");
    assert!(run(raw().build()).is_err());
    for (path, domain) in [
        (ReversePath::Address(parsed("me@x.test")), "@x.test>"),
        (ReversePath::Null, "@localhost>"),
    ] {
        let message = run(raw().reverse_path(path.clone()).build()).unwrap();
        assert_eq!(message.envelope().reverse_path(), &path);
        assert!(message.message_id().as_str().ends_with(domain));
        assert!(text(message).starts_with("From: \"(Cron Daemon)\" <root>\r\nTo: root\r\n"));
    }
}

#[test]
fn what_is_odd_is_said() {
    for (mail, warning) in [
        (
            "From: a@b\nMessage-ID: 1.2@x\n\nx",
            Some("\"1.2@x\" is not an identifier"),
        ),
        (
            "From: a@b\nMessage-ID: <a b>\n\nx",
            Some("\"<a b>\" is not an identifier"),
        ),
        ("From: a@b\nMessage-ID:\n\nx", None),
        ("From: a@b\nMessage-ID: <yes>\n\nx", None),
        (
            "\nSubject: x\n\nx",
            Some("begins with an empty line, so that \"Subject: x\""),
        ),
        ("\nx\n", None),
        (
            "From: a@b\nDKIM-Signature: x\nSubject: ü\n\nx",
            Some("the DKIM signature of the message does not hold on a server without SMTPUTF8"),
        ),
        ("From: a@b\nDKIM-Signature: x\nReferences: <ü@x>\n\nx", None),
    ] {
        let message = Message::raw(Body::bytes(mail)).from("f@x.test");
        let message = run(message.to("a@b").build()).unwrap();
        let warnings: Vec<_> = message.warnings().iter().map(ToString::to_string).collect();
        match warning {
            None => assert!(warnings.is_empty(), "{mail:?}: {warnings:?}"),
            Some(words) => assert!(warnings.join("|").contains(words), "{mail:?}: {warnings:?}"),
        }
    }
}

#[test]
fn why_there_is_no_field_is_said() {
    for (mail, words) in [
        ("", "it is empty"),
        ("\nTo: a@b\n\nx", "its first line is empty"),
        ("Hello\nTo: a@b\n\nx", "its first line is not a field"),
    ] {
        let message = Message::raw(Body::bytes(mail)).from("f@x.test");
        let error = run(message.recipients_from_fields().build()).unwrap_err();
        assert!(error.to_string().contains(words), "{mail:?}: {error}");
    }
}

#[test]
fn a_message_within_is_not_encoded() {
    for (inner, encoding) in [("text", "7bit"), ("Grüße", "8bit")] {
        let inner = format!("{FIELDS}\n{inner}\n");
        let file = file(inner.as_bytes());
        for body in [Body::bytes(inner.clone()), Body::file(file.path())] {
            let message = builder().text("See:\n").forward(body).build_now().unwrap();
            let octets = run(blocks(
                &mut message.rendition(BodyType::SevenBit).into_octets(),
            ));
            let text = String::from_utf8(octets.unwrap().concat()).unwrap();
            assert_eq!(text.len() as u64, message.exact_size());
            let whole = format!(
                "Content-Transfer-Encoding: {encoding}\r\n\r\n{}\r\n--=_",
                inner.replace("\r\n", "\n").replace('\n', "\r\n")
            );
            assert!(text.contains(&whole), "{text}");
            let (header, _) = text.split_once("\r\n\r\n").unwrap();
            let of_all = header.contains("Content-Transfer-Encoding: 8bit");
            assert_eq!(of_all, encoding == "8bit", "{header}");
        }
    }
    let alone = Entity::message(Body::bytes(format!("{FIELDS}\nx")));
    assert!(text(builder().content(alone).build_now().unwrap()).ends_with("\r\n\r\nx\r\n"));
    let long = Entity::message(Body::bytes("x".repeat(999)));
    let found = builder().content(long).build_now().unwrap_err();
    assert!(found.to_string().contains("attach it as a file"), "{found}");
}

#[test]
fn a_message_within_is_what_the_user_has_without_its_blind_copies() {
    for (inner, sent) in [
        (
            "From x Mon Jan  1\nBcc: s@x\n t@x\nA: 1\nresent-bcc: s@x\n\nBcc: x\n",
            "A: 1\r\n\r\nBcc: x\r\n",
        ),
        ("Return-Path: <a@b>\rA:\r", "Return-Path: <a@b>\r\nA:\r\n"),
        ("Bcc: s@x\n\nx", "\r\nx\r\n"),
        ("A: 1\rBcc: s@x\n\nx", "A: 1\r\n\r\nx\r\n"),
        ("\nA: 1", "\r\nA: 1\r\n"),
        ("A: 1\ntext", "A: 1\r\ntext\r\n"),
        ("text", "text\r\n"),
    ] {
        let file = file(inner.as_bytes());
        for body in [Body::bytes(inner), Body::file(file.path())] {
            let message = builder().content(Entity::message(body)).build_now();
            let text = text(message.unwrap());
            let (_, content) = text.split_once("\r\n\r\n").unwrap();
            assert_eq!(content, sent, "{inner:?}");
        }
    }
    let hidden = Entity::message(Body::bytes("x\n Bcc: s@x\n\nx"));
    assert!(builder().content(hidden).build_now().is_err());
}

#[test]
fn a_message_within_may_have_fields_in_utf_8() {
    for (subject, kind) in [("Grüße", "global"), ("x", "rfc822")] {
        let inner = format!("{FIELDS}Subject: {subject}\n\nx\n");
        let message = builder().content(Entity::message(Body::bytes(inner)));
        let message = message.build_now().unwrap();
        let eight_bit = message.rendition(BodyType::SevenBit).body_type() == BodyType::EightBit;
        assert_eq!(eight_bit, kind == "global");
        let octets = run(blocks(&mut message.into_octets())).unwrap().concat();
        let text = String::from_utf8(octets).unwrap();
        let said = text.contains(&format!("Content-Type: message/{kind}\r\n"));
        assert!(said, "{text}");
    }
    let latin = Entity::message(Body::bytes(&b"Subject: Gr\xfc\xdfe\n\nx"[..]));
    let error = builder().content(latin).build_now().unwrap_err();
    assert!(error.to_string().contains("Subject"), "{error}");
}

#[test]
fn a_file_that_is_rewritten_with_other_line_ends_is_not_sent() {
    for (before, after) in [("abc\n", "a\nb\n"), ("a\nb\n", "abc\n")] {
        let line = |end: &str| format!("{FIELDS}\n{}{end}", "x\n".repeat(100_000));
        let file = file(line(before).as_bytes());
        let modified = file.as_file().metadata().unwrap().modified().unwrap();
        let message = Message::raw(Body::file(file.path())).to("a@b").build();
        let message = run(message).unwrap();
        std::fs::write(file.path(), line(after)).unwrap();
        file.as_file().set_modified(modified).unwrap();
        let error = run(blocks(&mut message.into_octets())).unwrap_err();
        assert!(matches!(error, BodyError::Changed { .. }), "{error}");
    }
}

#[test]
fn what_a_reader_gives_is_looked_at() {
    for len in [100, 3 << 20] {
        let mut octets = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        octets.resize(len, 0);
        let body = run(Body::spool(&octets[..], 1 << 30)).unwrap();
        assert_eq!(body.content(), Some("image/png"));
    }
}

#[test]
fn recipients_are_bounded() {
    let max = MessageBuilder::MAX_MAILBOXES;
    for (count, is_ok) in [(max - 1, true), (max, false)] {
        let message = Message::raw(Body::bytes(FIELDS)).recipients_from_fields();
        let message = run(message.to(vec!["a@b"; count].join(",").as_str()).build());
        assert_eq!(message.is_ok(), is_ok);
        let over = matches!(message, Err(MessageError::Limit { limit, .. }) if limit == max);
        assert_eq!(over, !is_ok);
    }
}

#[test]
fn what_the_builder_writes_can_be_sent_as_a_finished_message() {
    let name = "ü".repeat(499);
    let message = builder().cc(mailbox(&name, "bo@x.test")).build_now();
    let octets = octets(message.unwrap());
    let message = Message::raw(Body::bytes(octets)).recipients_from_fields();
    let message = run(message.build()).unwrap();
    assert_eq!(message.envelope().forward_paths().len(), 2);
}

#[test]
fn a_reader_is_spooled_up_to_a_limit() {
    let octets = vec![b'x'; 3 << 20];
    for (len, limit) in [
        (0, 0),
        (5, 5),
        (1 << 20, 1 << 20),
        (octets.len(), octets.len()),
    ] {
        let body = run(Body::spool(&octets[..len], limit as u64)).unwrap();
        assert_eq!(body.len(), Some(len as u64));
        if limit > 0 {
            let over = run(Body::spool(&octets[..len], limit as u64 - 1)).unwrap_err();
            assert!(matches!(over, BodyError::OverLimit { .. }), "{len}");
        }
    }
    for (len, found) in [(4, "at least 5"), (6, "5 octets")] {
        let reader = Body::reader(&b"12345"[..], len);
        let error = run(Message::raw(reader).build()).unwrap_err().to_string();
        assert!(error.contains(found), "{error}");
    }
}

#[test]
fn the_identifier_of_a_finished_message_is_the_one_in_it() {
    let empty = "Message-ID:\nFrom: a@b\n\nx";
    let message = run(Message::raw(Body::bytes(empty)).to("a@b").build());
    if let Ok(message) = message {
        let id = message.message_id().to_string();
        assert!(text(message).contains(&id));
    }
}

#[test]
fn a_blind_copy_behind_white_space_is_not_taken_for_text() {
    let indented = " Bcc: s@x\nFrom: a@b\n\nx";
    let message = Message::raw(Body::bytes(indented)).from("f@x.test");
    assert!(run(message.to("a@b").build()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn lines_are_the_same_from_memory_and_from_a_file(
        piece in proptest::collection::vec("[a\r\n]{0,9}", 0..200),
        times in 0..400_usize,
    ) {
        let text = format!("{FIELDS}\n{}", piece.concat().repeat(times));
        prop_assume!(text.lines().all(|line| line.len() < 900));
        let expected = octets(raw(&text).unwrap());
        let file = file(text.as_bytes());
        let message = Message::raw(Body::file(file.path())).recipients_from_fields();
        prop_assert_eq!(octets(run(message.build()).unwrap()), expected);
    }
}
