//! Rules for the octets of every message, independent of the reader.

use pilotfish::message::{BodyType, Rendition};

use super::case::Case;

/// The longest line with an encoded word (RFC 2047 section 2).
const WITH_ENCODED_WORD: usize = 76;

/// RFC 5322 section 2.1.1, RFC 2047 section 2, RFC 2045 section 6.
pub(super) fn check(cases: &[Case]) {
    cases.iter().for_each(check_one);
}

/// All octets of a message, which must be as many as it declared.
pub(super) fn octets(name: &str, rendition: Rendition) -> Vec<u8> {
    let size = rendition.exact_size();
    let mut source = rendition.into_octets();
    let mut octets = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().unwrap();
    runtime.block_on(async { while source.next_block(&mut octets).await.unwrap() {} });
    assert_eq!(octets.len() as u64, size, "{name}");
    octets
}

fn check_one(case: &Case) {
    let name = &case.name;
    let octets = &case.octets;
    if case.data < BodyType::Binary {
        check_lines(name, octets);
    }
    if case.data == BodyType::SevenBit {
        assert!(octets.is_ascii(), "{name}: 8 bit");
    }
    check_header(name, octets);
}

fn check_lines(name: &str, octets: &[u8]) {
    assert!(octets.ends_with(b"\r\n"), "{name}");
    assert!(!octets.contains(&0), "{name}: NUL");
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\r\n");
        let line = line.unwrap_or_else(|| panic!("{name}: LF without CR"));
        assert!(!line.contains(&b'\r'), "{name}: CR without LF");
        assert!(line.len() <= 998, "{name}: {} octets", line.len());
    }
}

fn check_header(name: &str, octets: &[u8]) {
    let end = octets.windows(4).position(|four| four == b"\r\n\r\n");
    let header = std::str::from_utf8(&octets[..end.unwrap()]).unwrap();
    header.split("\r\n").for_each(|line| check_line(name, line));
    for field in ["From:", "Date:", "Message-ID:", "MIME-Version:"] {
        let count = header.split("\r\n").filter(|line| line.starts_with(field));
        assert_eq!(count.count(), 1, "{name}: {field}");
    }
    assert!(!header.to_lowercase().contains("\nbcc:"), "{name}: Bcc");
}

fn check_line(name: &str, line: &str) {
    assert!(!line.trim().is_empty(), "{name}: a line of nothing");
    let words: Vec<_> = line.split(' ').filter(|w| w.starts_with("=?")).collect();
    for word in &words {
        let word = word.trim_end_matches([',', ';', ':']);
        assert!(word.len() <= 75 && word.ends_with("?="), "{name}: {word}");
    }
    assert!(
        words.is_empty() || line.len() <= WITH_ENCODED_WORD,
        "{name}: {line}"
    );
    // If a line can be folded, it is short.
    if line.len() > 78 {
        let rest = line
            .split_once(": ")
            .map_or(line.trim_start(), |(_, rest)| rest);
        assert!(!rest.contains(' '), "{name}: could be folded: {line}");
    }
}
