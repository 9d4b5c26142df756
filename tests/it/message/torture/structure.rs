//! Rows of trees of entities: images in a document, alternatives, nested parts, languages.

use std::fmt::Write as _;

use pilotfish::message::{Attachment, Body, Disposition, Entity as Built, Method};

use super::build::{Mail, mail};
use super::case::{Content, Entity};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
const INVITATION: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\n\
                          BEGIN:VEVENT\r\nSUMMARY:Grüße\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

/// F6: a Content-ID, as the document has it.
const LABELS: &[(&str, &str)] = &[
    ("shark", "cid:shark"),
    ("shark", "CID:shark"),
    ("my shark", "cid:my shark"),
    ("my shark", "cid:my%20shark"),
    ("Häi 🦈", "cid:Häi 🦈"),
    ("Häi 🦈", "cid:H%C3%A4i%20%F0%9F%A6%88"),
    ("a&b<c>", "cid:a&amp;b&lt;c&gt;"),
    ("50%", "cid:50%25"),
    ("shark.png", "cid:shark.png"),
];

pub(super) fn mails() -> Vec<Mail> {
    let mut mails = pictures();
    mails.extend(alternatives());
    mails.extend(nested());
    mails.extend(messages());
    mails.extend(texts());
    mails
}

fn png(name: &str) -> Attachment {
    Attachment::new(Body::bytes(PNG), name)
}

fn related(entities: impl Into<Vec<Entity>>) -> Entity {
    Entity::multipart("related", entities).parameter("type", "text/html")
}

fn html(html: &str) -> Entity {
    Entity::text("text/html", html)
}

fn text(text: &str) -> Entity {
    Entity::text("text/plain", text)
}

fn pictures() -> Vec<Mail> {
    let mut mails = Vec::new();
    for (label, reference) in LABELS {
        let document = format!("<p>Look:\n<img src=\"{reference}\">\n");
        let scheme = &reference[..4];
        let seen = html(&document.replace(reference, &format!("{scheme}#1#")));
        let shark = Entity::inline("image/png", "shark.png", PNG, "#1#");
        mails.push(
            mail("F6", reference)
                .with(move |builder| builder.html(document).inline(*label, png("shark.png")))
                .seen(related([seen, shark])),
        );
    }
    let one = "<img src='cid:1@x.test'>";
    mails.push(
        mail("F6", "an identifier of one's own")
            .with(move |builder| builder.html(one).inline("1@x.test", png("a.png")))
            .seen(related([
                html(one),
                Entity::inline("image/png", "a.png", PNG, "1@x.test"),
            ])),
    );
    let twice = "<img src='cid:a'><img src='cid:a'><p style=\"background:url('cid:b')\">";
    mails.push(
        mail("F6", "the same picture twice")
            .with(move |builder| {
                let builder = builder.html(twice);
                builder.inline("a", png("a.png")).inline("b", png("a.png"))
            })
            .seen(related([
                html(
                    &twice
                        .replace("cid:a", "cid:#1#")
                        .replace("cid:b", "cid:#2#"),
                ),
                Entity::inline("image/png", "a.png", PNG, "#1#"),
                Entity::inline("image/png", "a.png", PNG, "#2#"),
            ])),
    );
    mails.push(
        mail("F6", "not shown, not there")
            .with(|builder| {
                builder
                    .html("<img src=cid:other>")
                    .inline("a", png("a.png"))
            })
            .seen(related([
                html("<img src=cid:other>"),
                Entity::inline("image/png", "a.png", PNG, "#1#"),
            ])),
    );
    let (mut document, mut seen, mut sharks) = (String::new(), String::new(), Vec::new());
    for n in 1..=100 {
        writeln!(document, "<img src='cid:{n}'>").unwrap();
        writeln!(seen, "<img src='cid:#{n}#'>").unwrap();
        sharks.push(Entity::inline(
            "image/png",
            &format!("{n}.png"),
            PNG,
            &format!("#{n}#"),
        ));
    }
    sharks.insert(0, html(&seen));
    mails.push(
        mail("F6", "100 pictures")
            .with(move |builder| {
                let builder = builder.html(document);
                (1..=100).fold(builder, |b, n| {
                    b.inline(n.to_string(), png(&format!("{n}.png")))
                })
            })
            .seen(related(sharks)),
    );
    mails
}

fn alternatives() -> Vec<Mail> {
    let document = "<p>Grüße:\n<img src='cid:a'>\n";
    let seen = || html(&document.replace("cid:a", "cid:#1#"));
    let picture = || Entity::inline("image/png", "a.png", PNG, "#1#");
    let file = || Entity::file("image/png", "ü.png", PNG);
    let calendar = || Entity::text("text/calendar", INVITATION).parameter("method", "REQUEST");
    vec![
        mail("F7", "text, html")
            .with(|b| b.html("<p>é").text("é"))
            .seen(Entity::multipart("alternative", [text("é"), html("<p>é")])),
        mail("F7", "html, file")
            .with(|b| b.html("<p>").attach(png("ü.png")))
            .seen(Entity::multipart("mixed", [html("<p>"), file()])),
        mail("F7", "text, html, inline")
            .with(move |b| b.text("text").html(document).inline("a", png("a.png")))
            .seen(Entity::multipart(
                "alternative",
                [text("text"), related([seen(), picture()])],
            )),
        mail("F7", "text, html, inline, file")
            .with(move |b| {
                let b = b.attach(png("ü.png")).inline("a", png("a.png"));
                b.html(document).text("text")
            })
            .seen(Entity::multipart(
                "mixed",
                [
                    Entity::multipart("alternative", [text("text"), related([seen(), picture()])]),
                    file(),
                ],
            )),
        mail("F7", "text, html, inline, calendar, files")
            .with(move |b| {
                let b = b.text("text").html(document).inline("a", png("a.png"));
                let b = b.calendar(Method::Request, INVITATION);
                b.attach(png("ü.png")).attach(png("ü.png"))
            })
            .seen(Entity::multipart(
                "mixed",
                [
                    Entity::multipart(
                        "alternative",
                        [text("text"), related([seen(), picture()]), calendar()],
                    ),
                    file(),
                    file(),
                ],
            )),
        mail("F7", "text, inline")
            .with(|b| b.text("text\n").inline("a", png("a.png")))
            .seen(Entity::multipart("mixed", [text("text"), picture()])),
        mail("F7", "text, calendar")
            .with(|b| b.text("text").calendar(Method::Request, INVITATION))
            .seen(Entity::multipart("alternative", [text("text"), calendar()])),
    ]
}

/// B7.
fn nested() -> Vec<Mail> {
    let mut mails = Vec::new();
    for depth in [1, 10, Built::MAX_DEPTH - 1] {
        let subtypes = ["mixed", "alternative", "x-own"]
            .into_iter()
            .cycle()
            .take(depth);
        let seen = subtypes.clone().fold(text("in it"), |inner, subtype| {
            Entity::multipart(subtype, [inner, text(subtype)])
        });
        mails.push(
            mail("B7", &format!("{depth} deep"))
                .with(move |builder| {
                    let whole = subtypes.fold(Built::text("in it"), |inner, subtype| {
                        Built::multipart(subtype, [inner, Built::text(subtype)])
                    });
                    builder.content(whole)
                })
                .seen(seen),
        );
    }
    for count in [1, 1_000] {
        let parts = move || (0..count).map(|n| n.to_string());
        let seen: Vec<_> = parts().map(|part| text(&part)).collect();
        mails.push(
            mail("B7", &format!("{count} parts"))
                .with(move |builder| {
                    let parts = parts().map(|part| Built::text(&part));
                    builder.content(Built::mixed(parts))
                })
                .seen(Entity::multipart("mixed", seen)),
        );
    }
    let alone = png("a.png").disposition(Disposition::Inline);
    let mut seen = Entity::file("image/png", "a.png", PNG);
    seen.disposition = Some("inline".to_owned());
    mails.push(
        mail("B7", "a picture alone")
            .with(|b| b.content(alone.into()))
            .seen(seen),
    );
    mails
}

/// F9: a message with a boundary like ours, a message beyond ASCII, a message in a message.
fn messages() -> Vec<Mail> {
    let inner = |entity: &str| {
        format!(
            "From: a@x.test\r\nDate: Tue, 1 Jul 2003 10:52:37 +0200\r\n\
             Subject: inner\r\nMIME-Version: 1.0\r\n{entity}"
        )
    };
    let multipart = inner(
        "Content-Type: multipart/mixed; boundary=\"=_0\"\r\n\r\n\
         --=_0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nin it\r\n\r\n\
         --=_0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nin it\r\n\r\n--=_0--\r\n",
    );
    let eight_bit = inner(
        "Content-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n",
    );
    let twice = inner(&format!("Content-Type: message/rfc822\r\n\r\n{eight_bit}"));
    let message = |octets: &str, inner| {
        let content = Content::Message(octets.into(), Box::new(inner));
        Entity::new("message/rfc822", content)
    };
    let in_another = message(&eight_bit, text("Grüße"));
    let two = Entity::multipart("mixed", [text("in it"), text("in it")]);
    [
        ("a boundary", multipart, two),
        ("8bit", eight_bit, text("Grüße")),
        ("in another", twice, in_another),
    ]
    .into_iter()
    .map(|(label, octets, seen)| {
        let seen = [text("outer"), message(&octets, seen)];
        let mail = mail("F9", label).with(|b| b.text("outer").forward(Body::bytes(octets)));
        mail.seen(Entity::multipart("mixed", seen))
    })
    .collect()
}

/// B8, B9.
fn texts() -> Vec<Mail> {
    let mut mails = Vec::new();
    for (label, given, sent, delsp) in flowed() {
        let mut entity = text("").parameter("format", "flowed");
        if delsp {
            entity = entity.parameter("delsp", "yes");
        }
        entity.content = Content::Flowed(sent, given.replace('\n', "\r\n"));
        mails.push(
            mail("B8", label)
                .with(|b| b.text_flowed(given))
                .seen(entity),
        );
    }
    for tag in ["de", "de, en-GB"] {
        mails.push(
            mail("B8", tag)
                .with(move |builder| builder.text("Grüße").html("<p>Grüße").language(tag))
                .seen(Entity::multipart(
                    "alternative",
                    [text("Grüße").language(tag), html("<p>Grüße").language(tag)],
                )),
        );
    }
    mails.push(
        mail("B8", "another charset")
            .with(|builder| {
                let media_type = "text/x-log; charset=latin1; x=y";
                builder.content(Built::text_of(media_type, "Grüße"))
            })
            .seen(Entity::text("text/x-log", "Grüße").parameter("x", "y")),
    );
    for (label, document) in [
        ("a byte order mark", "\u{feff}<p>Grüße\n".to_owned()),
        (
            "another charset",
            "<meta charset=latin1><p>Grüße\n".to_owned(),
        ),
        ("a long line", format!("<p>{}", "é=x ".repeat(1024 * 1024))),
    ] {
        let seen = html(&document);
        mails.push(
            mail("B9", label)
                .with(|builder| builder.html(document))
                .seen(seen),
        );
    }
    mails
}

/// Texts as they are given, and as they are sent, with or without `delsp`.
fn flowed() -> Vec<(&'static str, String, String, bool)> {
    let words = |count: usize| "word ".repeat(count);
    let kanji = |count: usize| "漢".repeat(count);
    vec![
        (
            "flowed, short",
            "short\n".to_owned(),
            "short\r\n".to_owned(),
            false,
        ),
        (
            "flowed, words",
            format!("{}end\n\n  From x\n", words(30)),
            format!("{0}\r\n{0}\r\nend\r\n\r\n   From x\r\n", words(15)),
            false,
        ),
        (
            "flowed, quoted",
            format!("> {}end\n-- \nAnn\n", words(29)),
            format!("> {0}\r\n> {0}\r\n> word end\r\n-- \r\nAnn\r\n", words(14)),
            false,
        ),
        (
            "flowed, ideographs",
            format!("{}\nx\n", kanji(100)),
            format!("{} \r\n{}\r\nx\r\n", kanji(75), kanji(25)),
            true,
        ),
    ]
}
