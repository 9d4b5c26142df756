//! A message in any blocks after DATA, against a model, and against servers that are strict or lenient
//! about line ends.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pilotfish::protocol::fuzzing::Transparency;

fuzz_target!(|blocks: Vec<Vec<u8>>| {
    let mut transparency = Transparency::default();
    let mut sent = Vec::new();
    for mut block in blocks.clone() {
        transparency.apply(&mut block);
        sent.extend(block);
    }
    transparency.end_of_data(&mut sent);
    assert_eq!(sent, model(&blocks.concat()));

    // A server that accepts a lone LF as the end of a line finds the same end of data.
    let lenient = sent
        .windows(3)
        .filter(|end| *end == b"\n.\r" || *end == b"\n.\n");
    let at_the_start = usize::from(sent.starts_with(b".\r") || sent.starts_with(b".\n"));
    assert_eq!(lenient.count() + at_the_start, 1);
});

/// Every CR, LF and CRLF ends a line; a leading dot is doubled; then the end of data.
fn model(message: &[u8]) -> Vec<u8> {
    let text: String = message.iter().map(|octet| char::from(*octet)).collect();
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines = text.strip_suffix('\n').unwrap_or(&text).split('\n');
    let lines = lines.filter(|_| !text.is_empty()).map(|line| {
        let dot = if line.starts_with('.') { "." } else { "" };
        format!("{dot}{line}\r\n")
    });
    let sent = lines.collect::<String>() + ".\r\n";
    sent.chars().map(|octet| octet as u8).collect()
}
