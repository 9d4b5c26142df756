//! How the content of a message is put together: its parts, their identifiers and encodings.

use super::*;
use crate::message::encoding::BodyType;
use crate::message::part::Entity;
use crate::message::warning::Warning;

fn rendered(message: &Message, most: BodyType) -> String {
    let octets = run(blocks(&mut message.rendition(most).into_octets())).unwrap();
    String::from_utf8(octets.concat()).unwrap()
}

#[test]
fn no_two_parts_have_one_identifier() {
    let inline = builder()
        .html("<img src='cid:a@b'>")
        .inline("a@b", attachment("a", b"1"))
        .inline("<a@b>", attachment("b", b"2"));
    assert!(inline.build_now().is_err());
    let parts = [1, 2].map(|_| Entity::text("x").content_id("a@b"));
    let tree = builder().content(Entity::mixed(parts));
    assert!(tree.build_now().is_err());
}

#[test]
fn the_type_of_related_is_that_of_its_root() {
    let root = Entity::from(attachment("page.html", b"<p>x"));
    let related = Entity::related([root, Entity::text("x")]);
    let text = text(builder().content(related).build_now().unwrap());
    assert!(text.contains("multipart/related; type=\"text/html\""));
}

#[test]
fn a_multipart_with_headers_in_utf8_is_8bit() {
    let message = builder()
        .to("jörg@x.test")
        .text("a")
        .attach(attachment("日本.png", b"x"))
        .build_now()
        .unwrap();
    let text = rendered(&message, BodyType::EightBit);
    let (header, body) = text.split_once("\r\n\r\n").unwrap();
    let says_8bit = header.contains("Content-Transfer-Encoding: 8bit");
    assert!(says_8bit || body.is_ascii());
}

#[test]
fn a_long_name_in_ascii_is_said_to_every_reader() {
    let name = "Quarterly report of the sales department for the second half of 2026.pdf";
    let message = builder().attach(attachment(name, b"x")).build_now();
    assert!(text(message.unwrap()).contains(" filename=\""));
}

#[test]
fn nothing_is_ignored_beside_a_whole_content() {
    let whole = builder().content(Entity::text("x"));
    assert!(whole.language("de").build_now().is_err());
    #[cfg(feature = "html")]
    {
        let whole = builder().content(Entity::text("x"));
        assert!(whole.inline_images("pictures").build_now().is_err());
        let text = builder().text("x").inline_images("pictures");
        assert!(matches!(text.build_now(), Err(MessageError::NoHtml)));
    }
}

#[cfg(feature = "html")]
#[test]
fn pictures_of_a_document_count_as_parts() {
    let directory = tempfile::tempdir().unwrap();
    let pictures = (0..=MessageBuilder::MAX_ATTACHMENTS).map(|n| format!("<img src={n}.png>"));
    let html = pictures.collect::<Vec<_>>().concat();
    let message = builder().html(html).inline_images(directory.path());
    assert!(matches!(
        message.build_now(),
        Err(MessageError::Limit { .. })
    ));
}

#[test]
fn parts_within_each_other_are_bounded() {
    let mut entity = Entity::text("x");
    for _ in 1..Entity::MAX_DEPTH {
        entity = Entity::mixed([entity]);
    }
    let too_deep = Entity::mixed([Entity::text("x"), entity]);
    assert!(matches!(
        builder().content(too_deep).build_now(),
        Err(MessageError::Limit { .. })
    ));
}

#[test]
fn parts_are_counted_before_files_are_opened() {
    let parts = |count| {
        let parts = (1..count).map(|_| Attachment::file("/nowhere/at/all").into());
        builder().content(Entity::mixed(parts)).build_now()
    };
    let many = parts(Entity::MAX_PARTS).unwrap_err();
    assert!(matches!(many, MessageError::Body(_)), "{many}");
    let too_many = parts(Entity::MAX_PARTS + 1).unwrap_err();
    assert!(matches!(too_many, MessageError::Limit { .. }), "{too_many}");
}

#[test]
fn a_multipart_has_its_parameters() {
    let of = |subtype| Entity::multipart(subtype, [Entity::text("x")]);
    for (subtype, field) in [
        ("Report", "multipart/report; boundary="),
        (
            "report; report-type=tlsrpt",
            "multipart/report; report-type=tlsrpt; boundary=",
        ),
        (
            "related; type=\"text/x\"; boundary=b",
            "multipart/related; type=\"text/x\"; boundary=",
        ),
        (
            "related",
            "multipart/related; type=\"text/plain\"; boundary=",
        ),
    ] {
        let message = builder().content(of(subtype)).build_now();
        let unfolded = text(message.unwrap()).replace("\r\n ", " ");
        assert!(
            unfolded.contains(&format!("Content-Type: {field}")),
            "{unfolded}"
        );
    }
    for wrong in ["", " ", "a/b", "a b", "report; x", "mixed\r\nX: y"] {
        assert!(
            builder().content(of(wrong)).build_now().is_err(),
            "{wrong:?}"
        );
    }
}

#[test]
fn what_is_not_written_needs_no_utf8() {
    let message = builder()
        .subject("Hä")
        .bcc("jörg@x.test")
        .build_now()
        .unwrap();
    assert!(message.needs_smtputf8());
    assert!(rendered(&message, BodyType::EightBit).is_ascii());
}

#[test]
fn labels_are_not_empty_and_not_repeated() {
    let long = "x".repeat(10_000);
    for label in ["", "a", &long] {
        let message = builder()
            .inline(label, attachment("a", b"1"))
            .inline(label, attachment("b", b"2"));
        let error = message.build_now().unwrap_err();
        assert!(matches!(error, MessageError::Label { .. }), "{error}");
        assert!(error.to_string().len() < 400, "{error}");
    }
}

#[test]
fn warnings_are_of_documents_and_bounded() {
    let inline = || builder().text("x").inline("a@b", attachment("a", b"1"));
    assert_eq!(inline().build_now().unwrap().warnings(), []);
    let unused = Warning::NotShown {
        id: "a@b".to_owned(),
        name: Some("a".to_owned()),
    };
    let html = inline().html("<p>x");
    assert_eq!(html.build_now().unwrap().warnings(), [unused]);
    // A label that cannot be a Content-ID.
    let labelled = builder().inline("x", attachment("b", b"1")).html("<p>x");
    let unused = Warning::NotShown {
        id: "x".to_owned(),
        name: Some("b".to_owned()),
    };
    assert_eq!(labelled.build_now().unwrap().warnings(), [unused]);
    let shown = (0..1_000).map(|n| format!("<img src='cid:{n}'>"));
    let html = shown.collect::<Vec<_>>().concat();
    let many = inline().html(html).build_now().unwrap();
    assert_eq!(many.warnings().len(), Warning::MAX);
    let long = format!("<img src='cid:{}'>", "x".repeat(1 << 15));
    let long = builder().html(long).build_now().unwrap();
    assert!(long.warnings()[0].to_string().len() < 400);
}

#[test]
fn many_languages_are_on_several_lines() {
    let tags = ["de-Latn-CH"; 8].join(", ");
    let message = builder().text("x").language(&tags);
    let text = text(message.build_now().unwrap());
    assert!(
        text.replace("\r\n ", " ")
            .contains(&format!("Content-Language: {tags}\r\n"))
    );
    assert!(text.lines().all(|line| line.len() <= 78), "{text}");
}

#[cfg(feature = "html")]
#[test]
fn labels_of_pictures_are_not_those_of_the_caller() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.png"), b"x").unwrap();
    let message = builder()
        .html("<img src=a.png>")
        .inline("local-image-1", attachment("b", b"y"))
        .inline_images(directory.path());
    assert!(message.build_now().is_ok());
}
