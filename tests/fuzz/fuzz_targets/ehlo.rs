//! The extensions of a server, in any spelling.

#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use pilotfish::protocol::fuzzing::ReplyDecoder;
use pilotfish::protocol::{Extension, Extensions, Reply};

fuzz_target!(|lines: Vec<Vec<u8>>| {
    let Some(reply) = reply(&lines) else { return };
    let extensions = Extensions::from_ehlo(&reply);
    for (keyword, extension) in [
        ("PIPELINING", Extension::Pipelining),
        ("STARTTLS", Extension::StartTls),
        ("SIZE", Extension::Size),
        ("CHUNKING", Extension::Chunking),
    ] {
        // RFC 5321 section 4.1.1.1: the first line is a greeting, and case does not matter.
        let offered = reply.lines().skip(1).any(|line| {
            let word = line.split_ascii_whitespace().next();
            word.is_some_and(|word| word.eq_ignore_ascii_case(keyword))
        });
        assert_eq!(extensions.offers(extension), offered, "{keyword}");
    }
    // RFC 1870 section 4: zero is no limit.
    assert!(extensions.size_limit() != Some(0));
    let mechanisms = extensions.mechanisms();
    assert!(mechanisms.is_empty() || extensions.offers(Extension::Auth));
    let other_case: Vec<_> = lines.iter().map(|line| line.to_ascii_lowercase()).collect();
    if let Some(reply) = self::reply(&other_case) {
        let other = Extensions::from_ehlo(&reply);
        assert_eq!(other.mechanisms(), mechanisms);
        assert_eq!(other.size_limit(), extensions.size_limit());
    }
});

/// Parses these lines as a reply.
fn reply(lines: &[Vec<u8>]) -> Option<Reply> {
    let mut octets = BytesMut::new();
    for (index, line) in lines.iter().enumerate() {
        let last = index + 1 == lines.len();
        octets.extend_from_slice(if last { b"250 " } else { b"250-" });
        octets.extend(line.iter().filter(|octet| !matches!(octet, b'\r' | b'\n')));
        octets.extend_from_slice(b"\r\n");
    }
    ReplyDecoder::default().decode(&mut octets).ok().flatten()
}
