//! Builders take texts and typed values alike, and keep the first error until they build.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::*;
use crate::address::{Envelope, IntoAddresses, Mailbox, ReversePath};
use crate::message::builder::MessageBuilder;
use crate::message::error::MessageError;
use crate::message::header::{Date, FieldName, MessageId};
use crate::message::part::{Attachment, ContentId, Entity, FileName, Language, MediaType, Method};
use crate::message::source::Body;

const ICALENDAR: &str = "BEGIN:VCALENDAR\nMETHOD:REQUEST\n";
const DATE: &str = "Tue, 1 Jul 2003 08:52:37 +0000";

fn common() -> MessageBuilder {
    builder().message_id("<1@x.test>").date(DATE)
}

fn both<A, B>(texts: A, values: B)
where
    A: FnOnce(MessageBuilder) -> MessageBuilder,
    B: FnOnce(MessageBuilder) -> MessageBuilder,
{
    let [texts, values] = [texts(common()), values(common())].map(|built| {
        let text = text(built.build_now().unwrap());
        // The boundary of a multipart is random.
        let lines = text.lines().filter(|line| !line.contains("=_"));
        lines.collect::<Vec<_>>().join("\n")
    });
    assert_eq!(texts, values);
}

#[test]
fn texts_and_values_make_the_same_message() {
    let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(1_057_049_557);
    both(|b| b.date(DATE), |b| b.date(moment));
    both(
        |b| b.date(DATE.to_owned()),
        |b| b.date(parsed::<Date>(DATE)),
    );
    let id: MessageId = parsed("<2@x.test>");
    both(|b| b.message_id(id.as_str()), |b| b.message_id(&id));
    both(
        |b| b.in_reply_to("<2@x.test>"),
        |b| b.in_reply_to(id.clone()),
    );
    both(|b| b.reference("<2@x.test>"), |b| b.reference(&id));
    let name: FieldName = parsed("X-A");
    both(|b| b.header("X-A", "b"), |b| b.header(name, "b"));
    both(
        |b| b.language("de"),
        |b| b.language(parsed::<Language>("de")),
    );
    both(
        |b| b.calendar("request", ICALENDAR),
        |b| b.calendar(Method::Request, ICALENDAR),
    );
    let values = || {
        let media_type: MediaType = parsed("text/csv");
        Attachment::new(Body::bytes("a,b"), parsed::<FileName>("a.csv")).media_type(media_type)
    };
    let texts = || Attachment::new("a,b", "a.csv").media_type("text/csv");
    both(|b| b.attach(texts()), |b| b.attach(values()));
    let id: ContentId = parsed("c@x.test");
    both(
        |b| b.content(Entity::from(texts()).content_id("c@x.test").language("en")),
        |b| {
            let language: Language = parsed("en");
            b.content(Entity::from(values()).content_id(id).language(language))
        },
    );
    both(
        |b| b.content(Entity::text_of("text/x", "y")),
        |b| b.content(Entity::text_of(parsed::<MediaType>("text/x"), "y")),
    );
    let mailbox: Mailbox = parsed("Ann <ann@x.test>");
    both(|b| b.cc("Ann <ann@x.test>"), |b| b.cc(&mailbox));
    both(|b| b.sender(("Ann", "ann@x.test")), |b| b.sender(mailbox));
    let inner = "Subject: x\n\ny\n";
    both(|b| b.forward(inner), |b| b.forward(Body::bytes(inner)));
}

#[test]
fn paths_are_texts_or_values() {
    let path: ReversePath = parsed("b@x.test");
    for built in [
        common().reverse_path("b@x.test"),
        common().reverse_path("b@x.test".to_owned()),
        common().reverse_path(&path),
        common().reverse_path(path.addr_spec().unwrap().clone()),
    ] {
        assert_eq!(built.build_now().unwrap().envelope().reverse_path(), &path);
    }
    let typed = Envelope::new(path, [parsed::<crate::address::ForwardPath>("c@x.test")]);
    assert_eq!(Envelope::new("b@x.test", ["c@x.test"]), typed);
    assert!(Envelope::new("b@x.test", ["c"]).is_err());
    assert!(Envelope::new("b", ["c@x.test"]).is_err());
}

#[test]
fn bodies_come_from_what_holds_them() {
    let octets = [1_u8, 2, 3];
    for (body, len) in [
        (Body::from(octets), 3),
        (Body::from(&octets), 3),
        (Body::from(&octets[..]), 3),
        (Body::from(octets.to_vec()), 3),
        (Body::from(bytes::Bytes::from_static(b"abcd")), 4),
        (Body::from("äb"), 3),
        (Body::from("ab".to_owned()), 2),
    ] {
        assert_eq!(body.len(), Some(len), "{body:?}");
    }
    for body in [
        Body::from(Path::new("a/b")),
        Body::from(Path::new("a/b").to_owned()),
    ] {
        assert_eq!((body.len(), body.path()), (None, Some(Path::new("a/b"))));
    }
}

#[test]
fn the_first_error_is_kept_until_build() {
    let first = |built: MessageBuilder| {
        let later = built.date("never").attach("/nowhere/at/all");
        later.build_now().unwrap_err().to_string()
    };
    let error = |result: MessageError| result.to_string();
    let of = |text: &str, error: Option<MessageError>| (text.to_owned(), error.unwrap());
    for ((text, expected), built) in [
        (of("x", "x".parse::<Date>().err()), common().date("x")),
        (
            of("x", "x".parse::<MessageId>().err()),
            common().message_id("x"),
        ),
        (
            of("x", "x".parse::<MessageId>().err()),
            common().in_reply_to("x"),
        ),
        (
            of("x", "x".parse::<MessageId>().err()),
            common().reference("x"),
        ),
        (
            of("a b", "a b".parse::<FieldName>().err()),
            common().header("a b", "c"),
        ),
        (
            of("x y", "x y".parse::<Language>().err()),
            common().language("x y"),
        ),
        (
            of("x", "x".parse::<Method>().err()),
            common().calendar("x", ICALENDAR),
        ),
        (
            of("", "".parse::<FileName>().err()),
            common().attach(Attachment::new("x", "")),
        ),
        (
            of("x", "x".parse::<MediaType>().err()),
            common().inline("l", Attachment::new("x", "a").media_type("x")),
        ),
        (
            of("x", "x".parse::<ContentId>().err()),
            common().content(Entity::mixed([Entity::text("x").content_id("x")])),
        ),
        (
            of("x", "x".parse::<MediaType>().err()),
            common().content(Entity::text_of("x", "y")),
        ),
        (
            of("", Some(MessageError::NoPart)),
            common().content(Entity::mixed([])),
        ),
    ] {
        assert_eq!(first(built), error(expected), "{text:?}");
    }
    for (field, built) in [
        ("From", common().from("x")),
        ("Sender", common().sender("x")),
        ("Reply-To", common().reply_to("x")),
        ("To", common().to(["a@x.test", "x"])),
        ("Cc", common().cc("x")),
        ("Bcc", common().bcc(("A", "x"))),
        ("the reverse path", common().reverse_path("x")),
    ] {
        let wrong = "x".into_addresses().unwrap_err();
        let found = first(built);
        let cause = wrong.to_string();
        let (cause, _) = cause.split_once(':').unwrap();
        assert!(
            found.starts_with(&format!("in {field}: {cause}")),
            "{found}"
        );
    }
}
