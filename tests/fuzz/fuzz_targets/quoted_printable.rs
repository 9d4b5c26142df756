//! A text, in every encoding that the builder chooses.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pilotfish_fuzz::{builder, lines, octets, parsed};

fuzz_target!(|text: &str| {
    let octets = octets(builder().text(text)).expect("every text can be sent");
    let body = octets
        .windows(4)
        .position(|end| end == b"\r\n\r\n")
        .unwrap()
        + 4;
    let encoded = header_has(&octets[..body], "Content-Transfer-Encoding: 7bit").then_some(78);
    for line in octets[body..].split(|octet| *octet == b'\n') {
        // The CR counts too.
        assert!(line.len() <= encoded.unwrap_or(76) + 1);
        assert!(!line.ends_with(b" \r") && !line.ends_with(b"\t\r"));
        assert!(line != b".\r" && !line.starts_with(b"From "));
    }
    assert_eq!(
        parsed(&octets).body_text(0).unwrap_or_default(),
        lines(text)
    );
});

fn header_has(header: &[u8], line: &str) -> bool {
    header
        .split(|octet| *octet == b'\n')
        .any(|found| found.trim_ascii() == line.as_bytes())
}
