//! Long texts: they are looked through, encoded and sent in pieces, from memory and from files.

use std::fs;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::message::BodyType;
use crate::message::encoding::TextEncoding;
use crate::message::part::Entity;

/// How many octets the texts have, at least.
const LEN: usize = 700_000;

/// At most as many octets are worked on until others can run.
const STEP: usize = 64 * 1024;

fn long(line: &str) -> String {
    line.repeat(LEN / line.len() + 1)
}

fn letter(text: impl Into<Body>) -> MessageBuilder {
    let letter = Message::builder().from("ann@x.test").to("bo@y.test");
    letter
        .date("Tue, 1 Jul 2003 10:52:37 +0200")
        .message_id("<1@x.test>")
        .text(text)
}

/// The result, and how often others could run before it.
fn with_yields<T>(future: impl Future<Output = T>) -> (T, usize) {
    let mut future = pin!(future);
    for yields in 0.. {
        let future = future.as_mut();
        if let Poll::Ready(result) = future.poll(&mut Context::from_waker(Waker::noop())) {
            return (result, yields);
        }
    }
    unreachable!()
}

/// All octets for a server without extensions.
fn text_of(message: &Message) -> String {
    let octets = run(blocks(
        &mut message.rendition(BodyType::SevenBit).into_octets(),
    ));
    String::from_utf8(octets.unwrap().concat()).unwrap()
}

/// The content of the one part for a server that supports up to `most`.
fn content(message: &Message, most: BodyType) -> String {
    let octets = run(blocks(&mut message.rendition(most).into_octets()))
        .unwrap()
        .concat();
    let text = String::from_utf8(octets).unwrap();
    text.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[test]
fn a_file_gives_what_the_memory_gives() {
    for (line, seven_bit, eight_bit) in [
        ("plain\n", None, None),
        ("plain\r\n", None, None),
        (
            "Viele Grüße aus dem Norden\n",
            Some(TextEncoding::QuotedPrintable),
            None,
        ),
        ("日本\r", Some(TextEncoding::Base64), None),
        (
            "a long line of 85 octets, whose end is a space, and which has to be broken therefore \n",
            Some(TextEncoding::QuotedPrintable),
            Some(TextEncoding::QuotedPrintable),
        ),
        (
            "nul \0\n",
            Some(TextEncoding::Base64),
            Some(TextEncoding::Base64),
        ),
        (
            "x",
            Some(TextEncoding::QuotedPrintable),
            Some(TextEncoding::QuotedPrintable),
        ),
        (
            "\u{c}",
            Some(TextEncoding::Base64),
            Some(TextEncoding::Base64),
        ),
    ] {
        let text = long(line);
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), &text).unwrap();
        let from_file = run(letter(file.path()).build()).unwrap();
        let (from_memory, _) = with_yields(letter(text.as_str()).build());
        let from_memory = from_memory.unwrap();
        for (most, encoding) in [
            (BodyType::SevenBit, seven_bit),
            (BodyType::EightBit, eight_bit),
        ] {
            let expected = match encoding {
                Some(encoding) => encoding.encode(text.as_bytes()),
                None => (text
                    .split_terminator(['\r', '\n'])
                    .filter(|line| !line.is_empty()))
                .flat_map(|line| [line.as_bytes(), b"\r\n"].concat())
                .collect(),
            };
            for message in [&from_file, &from_memory] {
                let content = content(message, most);
                assert!(content.as_bytes() == expected, "{line:?} {most:?}");
                let rendition = message.rendition(most);
                let header = rendition.exact_size() - content.len() as u64;
                assert!(header < 400, "{header}");
            }
        }
        assert_eq!(from_file.files().collect::<Vec<_>>(), [file.path()]);
    }
}

#[test]
fn others_run_while_a_text_is_looked_through_and_sent() {
    for line in ["plain\n", "Viele Grüße aus dem Norden\n", "日本\n"] {
        let text = long(line);
        let steps = text.len() / STEP;
        let (message, yields) = with_yields(letter(text).build());
        assert!(
            yields >= steps,
            "{line:?}: {yields} yields in {steps} steps"
        );
        let mut octets = message.unwrap().into_octets();
        let (blocks, yields) = with_yields(blocks(&mut octets));
        assert!(blocks.unwrap().len() > 1);
        assert!(
            yields >= steps,
            "{line:?}: {yields} yields in {steps} steps"
        );
    }
}

#[test]
fn others_run_while_a_document_is_searched_and_rewritten() {
    let line = format!("<p>Viele {}Grüße aus dem Norden\n", "liebe ".repeat(50));
    let html = long(&format!("{line}<img src='cid:shark'>"));
    let steps = html.len() / STEP;
    let letter = || builder().html(html.as_str());
    let (searched, yields) = with_yields(letter().build());
    assert!(yields >= steps, "{yields} yields in {steps} steps");
    assert_eq!(searched.unwrap().warnings().len(), 1);
    let picture = Attachment::new(*b"x", "shark.png");
    let (rewritten, yields) = with_yields(letter().inline("shark", picture).build());
    assert!(yields >= 2 * steps, "{yields} yields in {steps} steps");
    let octets = text(rewritten.unwrap());
    assert!(!octets.contains("cid:shark") && octets.contains("cid:"));
}

/// A larger one is rewritten into a temporary file.
#[test]
fn the_pictures_of_a_document_in_a_file_are_those_of_one_in_memory() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.html");
    fs::write(directory.path().join("b.png"), b"y").unwrap();
    for lines in [1, 3_000, 60_000] {
        let line = "<p>Line <b>by</b> line\n".repeat(lines);
        let html =
            format!("\u{feff}{line}<img src='cid:a@x.test'><img src=CID:a><img src='b.png'>");
        fs::write(&path, &html).unwrap();
        let contents = [Body::from(html.as_str()), Body::file(&path)].map(|html| {
            let builder = builder().html(html).inline("a", attachment("a.png", b"x"));
            let builder = builder.inline("a@x.test", attachment("a.png", b"x"));
            #[cfg(feature = "html")]
            let builder = builder.inline_images(directory.path());
            let message = builder.build_now().unwrap();
            #[cfg(feature = "html")]
            assert_eq!(message.warnings(), []);
            let octets = text(message);
            let parsed = mail_parser::MessageParser::default()
                .parse(&octets)
                .unwrap();
            let content = parsed.body_html(0).unwrap().replace("\r\n", "\n");
            let ids = parsed.attachments().map(|part| {
                use mail_parser::MimeHeaders as _;
                part.content_id().unwrap().to_owned()
            });
            let ids: Vec<_> = ids.collect();
            (content, ids)
        });
        for (content, ids) in contents {
            let content = content.trim_start_matches('\u{feff}');
            let rest = content.strip_prefix(&line).unwrap();
            let ids = ["a@x.test"]
                .into_iter()
                .chain(ids.iter().map(String::as_str));
            let mut expected: Vec<_> = ids.collect();
            expected.dedup();
            let rest = rest.replace("CID:", "cid:");
            let urls: Vec<_> = rest.split("cid:").skip(1).collect();
            #[cfg(feature = "html")]
            assert_eq!(urls.len(), 3, "{rest}");
            for id in expected {
                let id = id.split('@').next().unwrap();
                assert!(urls.iter().any(|url| url.starts_with(id)), "{id}: {rest}");
            }
        }
    }
}

#[test]
fn a_document_in_a_file_has_the_warnings_of_one_in_memory() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for padding in [0, 1, LEN] {
        let html = format!("{}<img src=a.png><img src='cid:b'>", "x".repeat(padding));
        fs::write(file.path(), &html).unwrap();
        let warnings = [Body::from(html), Body::file(file.path())].map(|html| {
            let document = Entity::text_of("text/html", html);
            let unused = Entity::from(attachment("c", b"x")).content_id("c@x.test");
            let content = Entity::related([document, unused]);
            let message = builder().content(content).build_now().unwrap();
            message.warnings().to_vec()
        });
        let [from_memory, from_file] = warnings;
        assert_eq!(from_memory.len(), 3);
        assert_eq!(from_memory, from_file);
    }
}

/// In memory, it is a character like others.
#[test]
fn a_byte_order_mark_of_a_file_is_left_out() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let builders: [fn(Body) -> MessageBuilder; 4] = [
        |text| letter(text),
        |text| builder().html(text),
        |text| builder().html(text).inline("a", attachment("a", b"x")),
        |text| builder().text_flowed(text),
    ];
    for line in ["text\n".to_owned(), long("text\n"), String::new()] {
        let marked = format!("\u{feff}{line}");
        fs::write(file.path(), &marked).unwrap();
        for builder in builders {
            for (body, content) in [
                (Body::file(file.path()), &line),
                (Body::from(marked.as_str()), &marked),
            ] {
                let message = builder(body).build_now().unwrap();
                let rendition = message.rendition(BodyType::EightBit);
                let octets = run(blocks(&mut rendition.into_octets())).unwrap().concat();
                let octets = String::from_utf8(octets).unwrap();
                let (_, body) = octets.split_once("\r\n\r\n").unwrap();
                let (_, body) = body
                    .split_once("\r\n\r\n")
                    .filter(|_| body.starts_with("--"))
                    .unwrap_or(("", body));
                let content = content.replace('\n', "\r\n");
                assert!(body.starts_with(&content), "{body:.60}");
            }
        }
    }
    fs::write(file.path(), b"\xef\xbb\xbfab\xff").unwrap();
    let error = letter(file.path()).build_now().unwrap_err();
    assert!(error.to_string().contains("from octet 5 on"), "{error}");
}

#[test]
fn a_flowed_text_of_a_file_is_that_of_the_memory_and_bounded() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for (line, parameters) in [
        (long("nine char "), "format=flowed;"),
        ("nine char ".repeat(100), "format=flowed;"),
        ("漢".repeat(10_000), "format=flowed; delsp=yes;"),
    ] {
        fs::write(file.path(), &line).unwrap();
        let letters = [Body::from(line.as_str()), Body::file(file.path())].map(|text| {
            let letter = letter("").text_flowed(text);
            text_of(&letter.build_now().unwrap())
        });
        assert!(letters[0].contains(parameters), "{parameters}");
        assert!(letters[0] == letters[1]);
    }
    let long = "x".repeat(Entity::MAX_FLOWED + 1);
    let error = builder().text_flowed(long).build_now().unwrap_err();
    assert!(error.to_string().contains("8388608"), "{error}");
    let error = builder()
        .text_flowed(&b"ab\xff"[..])
        .build_now()
        .unwrap_err();
    assert!(error.to_string().contains("from octet 2 on"), "{error}");
}

#[test]
fn a_text_in_another_charset_is_an_error() {
    for (octets, place) in [
        (b"Gr\xfc\xdfe\n".to_vec(), 2),
        (
            [long("Gruß\n").as_bytes(), b"\xff"].concat(),
            long("Gruß\n").len(),
        ),
    ] {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), &octets).unwrap();
        for text in [Body::bytes(octets), Body::file(file.path())] {
            let error = run(letter(text).build()).unwrap_err();
            let expected = format!("the text is not UTF-8 from octet {place} on");
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
    }
}

#[test]
fn a_text_that_is_missing_or_can_be_read_once_is_an_error() {
    let error = run(letter(Path::new("/there/is/none")).build()).unwrap_err();
    assert!(error.to_string().contains("/there/is/none"), "{error}");
    let once = Body::reader(&b"text"[..], 4);
    let error = run(letter(once).build()).unwrap_err();
    assert!(error.to_string().contains("read only once"), "{error}");
}

#[test]
fn a_file_that_changes_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), long("Grüße\n")).unwrap();
    let message = run(letter(file.path()).build()).unwrap();
    fs::write(file.path(), long("Grüße!\n")).unwrap();
    assert!(run(blocks(&mut message.into_octets())).is_err());
}
