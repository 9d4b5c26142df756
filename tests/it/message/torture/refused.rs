//! Rows whose input is an error or causes a warning before anything is sent.

use std::str::FromStr;

use pilotfish::address::{AddrSpec, DisplayName};
use pilotfish::message::{
    Attachment, Body, Date, Entity, FieldName, FileName, MediaType, Message, MessageError,
    MessageId,
};

use crate::support::built::try_built;

/// Inputs that a type rejects.
fn refuses<T: FromStr>(row: &str, inputs: &[&str]) {
    for input in inputs {
        assert!(input.parse::<T>().is_err(), "{row} {input:?}");
    }
}

#[test]
fn invalid_header_values_are_rejected() {
    refuses::<FieldName>(
        "H6",
        &["", "a b", "a:", "ä", "a\r\nb", "a\0", &"n".repeat(200)],
    );
    refuses::<DisplayName>(
        "H7",
        &["", "   ", "a\r\nBcc: x@y", "a\0", "a\u{7f}", "a\u{2028}"],
    );
    refuses::<AddrSpec>(
        "H8",
        &[
            "a..b@x",
            "a.@x",
            "a@x.test.",
            "a@x_y.test",
            "a\u{ff20}x.test",
        ],
    );
    refuses::<AddrSpec>(
        "H8",
        &["a@x\u{3002}test", &format!("{}@x", "l".repeat(497))],
    );
    refuses::<AddrSpec>("H8", &[&format!("a@{}ab.test", "abcdefghi.".repeat(25))]);
    refuses::<Date>(
        "H11",
        &["1 Jan 0001 00:00:00 +0000", "1 Jan 10000 00:00:00 +0000"],
    );
    refuses::<Date>(
        "H11",
        &[
            "Mon, 1 Jul 2003 10:52:37 +0200",
            "Tue, 31 Jun 2003 10:52:37 +0200",
        ],
    );
    refuses::<MessageId>("H12", &["", "a@b", "<a b@c>", "<a@b", "<>", "<a@b>\r\n"]);
    refuses::<FileName>("F2", &["", ".", "..", "a/", r"a\"]);
    refuses::<FileName>(
        "F3",
        &[
            "a\r\nb",
            "a\rb",
            "a\nb",
            "a\0",
            "\u{1b}[2J",
            "\u{7f}",
            "\u{85}",
        ],
    );
    refuses::<FileName>("F1", &[&"x".repeat(1_000)]);
    refuses::<MediaType>(
        "F8",
        &["image/", "a/b/c", "a/b\r\nX: y", "a/b; x=y\0", "ä/b"],
    );
}

#[test]
fn controls_in_a_subject_or_a_field_are_rejected() {
    let builder = || {
        let builder = Message::builder().from("from@x.test");
        builder.to("to@x.test")
    };
    for control in ['\r', '\n', '\0', '\u{1b}', '\u{7f}'] {
        let value = format!("a{control}b");
        let name: FieldName = "X-Field".parse().unwrap();
        let mails = [builder().subject(&value), builder().header(name, &value)];
        for mail in mails {
            let refused = try_built(mail).unwrap_err();
            assert!(
                matches!(refused, MessageError::Control { .. }),
                "H5 {control:?}"
            );
        }
    }
    for name in [
        "From",
        "subject",
        "MIME-Version",
        "Content-Type",
        "Bcc",
        "Date",
        "Received",
    ] {
        let mail = builder().header(name, "x");
        let refused = try_built(mail).unwrap_err();
        assert!(
            matches!(refused, MessageError::Reserved { .. }),
            "H13 {name}"
        );
    }
    let from = |address: &str| Message::builder().from(address);
    let two = from("a@x.test").from("b@x.test").to("to@x.test");
    let refused = try_built(two).unwrap_err();
    assert!(
        matches!(refused, MessageError::NoSender { .. }),
        "H13 two authors"
    );
    let refused = try_built(from("a@x.test")).unwrap_err();
    assert!(matches!(refused, MessageError::NoRecipient), "H9 nobody");
}

#[test]
fn excessive_trees_are_rejected() {
    let nested =
        |depth: usize| (1..depth).fold(Entity::text("in it"), |inner, _| Entity::mixed([inner]));
    let built = |content| {
        let builder = Message::builder().from("from@x.test").to("to@x.test");
        try_built(builder.content(content))
    };
    assert!(built(nested(Entity::MAX_DEPTH)).is_ok(), "B7");
    let refused = built(nested(Entity::MAX_DEPTH + 1)).unwrap_err();
    assert!(matches!(refused, MessageError::Limit { .. }), "B7");
    let refused = built(Entity::mixed([])).unwrap_err();
    assert!(matches!(refused, MessageError::NoPart), "B7");
}

#[test]
fn references_of_a_document_are_checked() {
    for (document, labels, warnings) in [
        ("<img src=cid:a>", &["a"][..], &[][..]),
        ("<img src=cid:a@b>", &["a@b"], &[]),
        ("<img src='cid:my%20shark'>", &["my shark"], &[]),
        ("<img src=cid:a><img src=cid:b>", &[], &["cid:a", "cid:b"]),
        ("<p>", &["a@b"], &["a@b"]),
        (
            "<img src=cid:other>",
            &["a@b", "c@d"],
            &["cid:other", "a@b", "c@d"],
        ),
    ] {
        let builder = Message::builder().from("from@x.test").to("to@x.test");
        let builder = labels.iter().fold(builder.html(document), |b, label| {
            let file = Attachment::new(Body::bytes("octets"), "a.png");
            b.inline(*label, file)
        });
        let message = try_built(builder).unwrap();
        let found: Vec<_> = message.warnings().iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), warnings.len(), "F6 {document}: {found:?}");
        for (found, id) in found.iter().zip(warnings) {
            assert!(found.contains(&format!("{id:?}")), "F6 {found}");
        }
    }
}
