//! What a review found: lines, identifiers, encodings and limits that did not hold.

use super::*;
use crate::message::{Data, Entity, ListUnsubscribe};

fn rendered(message: &Message, most: Data) -> String {
    let octets = run(blocks(&mut message.rendition(most).into_octets())).unwrap();
    String::from_utf8(octets.concat()).unwrap()
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
    let rendition = message.rendition(Data::SevenBit);
    assert!(!format!("{rendition:?}").contains("SECRET"));
}

#[test]
fn no_two_parts_have_one_identifier() {
    let inline = builder()
        .html("<img src='cid:a@b'>")
        .inline("a@b", attachment("a", b"1"))
        .inline("<a@b>", attachment("b", b"2"));
    assert!(inline.build_now().is_err());
    let parts = [1, 2].map(|_| Entity::text("x").content_id(parsed("a@b")));
    let tree = builder().content(Entity::mixed(parts).unwrap());
    assert!(tree.build_now().is_err());
}

#[test]
fn the_type_of_related_is_that_of_its_root() {
    let root = Entity::from(attachment("page.html", b"<p>x"));
    let related = Entity::related([root, Entity::text("x")]).unwrap();
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
    let text = rendered(&message, Data::EightBit);
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
fn an_encoded_word_stands_apart_from_the_colon() {
    let message = builder().to("\"Jörg\": a@b;").build_now().unwrap();
    assert!(!text(message).contains("?=:"), "RFC 2047 section 5 (3)");
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
    let message = Message::raw(Body::bytes(indented)).from(parsed("f@x.test"));
    assert!(run(message.to("a@b").build()).is_err());
}

#[test]
fn nothing_is_ignored_beside_a_whole_content() {
    let whole = builder().content(Entity::text("x"));
    assert!(whole.language(parsed("de")).build_now().is_err());
}

#[cfg(feature = "html")]
#[test]
fn pictures_of_a_document_count_as_parts() {
    let directory = tempfile::tempdir().unwrap();
    let mut html = String::new();
    for n in 0..=MessageBuilder::MAX_ATTACHMENTS {
        std::fs::write(directory.path().join(n.to_string()), b"x").unwrap();
        html += &format!("<img src={n}>");
    }
    let message = builder().html(html).inline_images(directory.path());
    assert!(matches!(
        message.build_now(),
        Err(MessageError::Limit { .. })
    ));
}
