//! Long texts: they are looked through, encoded and sent in pieces, from memory and from files.

use std::fs;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::message::BodyType;
use crate::message::encoding::TextEncoding;

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
