//! A finished message, of any octets.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pilotfish::Message;
use pilotfish::message::{Body, MessageError};
use pilotfish_fuzz::{check_lines, now, streamed};

fuzz_target!(|message: &[u8]| {
    let builder =
        |message: &[u8]| Message::raw(Body::bytes(message.to_vec())).from("From <from@x.test>");
    // The builder may reject the recipients in the fields.
    let _ = now(builder(message).recipients_from_fields().build());

    let built = now(builder(message).to("to@x.test").build());
    let Ok(built) = built else {
        return;
    };
    let envelope = built.envelope().forward_paths();
    assert_eq!(envelope.len(), 1, "nobody but who was named");
    let octets = streamed(built);
    check_lines(&octets);

    let (header, body) = header_and_body(&octets);
    for line in header.split(|octet| *octet == b'\n') {
        let name = line.split(|octet| *octet == b':').next().unwrap();
        let name = name.trim_ascii_end().to_ascii_lowercase();
        for removed in ["bcc", "resent-bcc", "return-path"] {
            assert_ne!(name, removed.as_bytes());
        }
    }
    let lines = lines(message);
    assert!(lines.ends_with(body), "nothing in the body is changed");
    if let Some(expected) = body_behind_fields(&lines) {
        assert_eq!(body, expected, "and nothing is missing");
    }

    match now(builder(&octets).to("to@x.test").build()) {
        Ok(again) => assert_eq!(streamed(again), octets, "once is enough"),
        // Its only Resent field was a Resent-Bcc, which was removed, so the author is checked now.
        Err(MessageError::Addresses { .. } | MessageError::Field { .. }) => {}
        Err(error) => panic!("{error}"),
    }
});

fn header_and_body(octets: &[u8]) -> (&[u8], &[u8]) {
    let end = octets.windows(4).position(|end| end == b"\r\n\r\n");
    octets.split_at(end.map_or(octets.len(), |end| end + 4))
}

/// Every CR, LF or CRLF is one line break, and the last line has one.
fn lines(octets: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    let mut octets = octets.iter().peekable();
    while let Some(octet) = octets.next() {
        match octet {
            b'\r' => {
                octets.next_if(|next| **next == b'\n');
                lines.extend_from_slice(b"\r\n");
            }
            b'\n' => lines.extend_from_slice(b"\r\n"),
            other => lines.push(*other),
        }
    }
    if !lines.is_empty() && !lines.ends_with(b"\n") {
        lines.extend_from_slice(b"\r\n");
    }
    lines
}

/// What follows the header section of a message that begins with a field.
fn body_behind_fields(lines: &[u8]) -> Option<&[u8]> {
    let mut rest = lines;
    let mut fields = 0;
    for line in lines.split_inclusive(|octet| *octet == b'\n') {
        if line == b"\r\n" {
            rest = &rest[2..];
            break;
        }
        let continues = fields > 0 && matches!(line[0], b' ' | b'\t');
        if !continues && !is_field(line) {
            break;
        }
        fields += 1;
        rest = &rest[line.len()..];
    }
    (fields > 0).then_some(rest)
}

fn is_field(line: &[u8]) -> bool {
    let Some(colon) = line.iter().position(|octet| *octet == b':') else {
        return false;
    };
    let name = line[..colon].trim_ascii_end();
    !name.is_empty() && name.iter().all(u8::is_ascii_graphic)
}
