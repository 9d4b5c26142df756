//! Shared code of the fuzz targets: builds a message from its parts, and checks the rules for every message.

pub mod pipeline_model;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use mail_parser::{HeaderValue, MessageParser};
use pilotfish::Message;
use pilotfish::message::{FieldName, MessageBuilder};

/// A builder with the required fields of a message.
pub fn builder() -> MessageBuilder {
    Message::builder().from("from@x.test").to("to@x.test")
}

/// The checked octets of the built message. `None` if the builder rejects it.
pub fn octets(builder: MessageBuilder) -> Option<Vec<u8>> {
    let octets = streamed(now(builder.build()).ok()?);
    check(&octets);
    Some(octets)
}

/// The octets of a message. Their number must be the declared size.
pub fn streamed(message: Message) -> Vec<u8> {
    let size = message.exact_size();
    let octets = now(async {
        let mut octets = message.into_octets();
        let mut all = Vec::new();
        while octets.next_block(&mut all).await.unwrap() {}
        all
    });
    assert_eq!(octets.len() as u64, size);
    octets
}

/// Runs a future that never waits: no body is a file or a reader.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// Checks lines by RFC 5322 sections 2.1.1 and 2.3 and RFC 2045 section 2.8.
pub fn check_lines(octets: &[u8]) {
    assert!(!octets.contains(&0));
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let line = line
            .strip_suffix(b"\r\n")
            .expect("every line ends with CRLF");
        assert!(!line.contains(&b'\r'), "no other CR");
        assert!(line.len() <= 998);
    }
}

/// Checks the further rules for a composed message, in 7 bit.
fn check(octets: &[u8]) {
    assert!(octets.is_ascii());
    check_lines(octets);
    for line in header(octets) {
        assert!(!line.trim().is_empty(), "an empty line in the header");
        // A parser that takes the name for the beginning of the value is wrong by one place to fold.
        let value = line.split_once(": ").map_or(line, |(_, value)| value);
        assert!(line.len() <= 78 || !value.trim().contains(' '), "{line:?}");
        for word in line.split(' ').filter(|word| word.starts_with("=?utf-8?")) {
            assert!(line.len() <= 76 && word.len() <= 75, "{line:?}");
        }
    }
}

/// The lines of the header of the message, not of its parts.
fn header(octets: &[u8]) -> impl Iterator<Item = &str> {
    let text = std::str::from_utf8(octets).unwrap();
    let header = text.split("\r\n\r\n").next().unwrap();
    header.split("\r\n")
}

/// The result of an independent parser.
pub fn parsed(octets: &[u8]) -> mail_parser::Message<'_> {
    MessageParser::new()
        .with_mime_headers()
        .with_address_headers()
        .default_header_text()
        .parse(octets)
        .unwrap()
}

/// The value of the last field of this name.
pub fn value<'a>(message: &'a mail_parser::Message, name: &FieldName) -> &'a str {
    match message.header(name.as_str().to_owned()).unwrap() {
        HeaderValue::Text(text) => text,
        HeaderValue::Empty => "",
        other => panic!("{other:?}"),
    }
}

/// Every CR, LF or CRLF is one line break, and the last line has one.
pub fn lines(text: &str) -> String {
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.replace('\n', "\r\n")
}
