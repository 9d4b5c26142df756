//! What a review found: lines, identifiers, encodings and limits that did not hold.

use super::*;
use crate::message::{Data, Entity, ListUnsubscribe};

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
