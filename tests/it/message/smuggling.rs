//! No message contains an end of data, for any server (RFC 5321 section 4.1.1.4): servers differ in
//! what they accept as the end of a line.

use pilotfish::protocol::fuzzing::Transparency;

use crate::support::dice::Dice;

/// The octets that are sent after DATA, in one block or octet by octet.
fn sent(message: &[u8], blocks: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut transparency = Transparency::default();
    let mut sent = Vec::with_capacity(message.len() + 8);
    for mut block in blocks {
        transparency.apply(&mut block);
        sent.append(&mut block);
    }
    transparency.end_of_data(&mut sent);
    sent
}

/// The lines of the first message for a server that accepts this as the end of a line, and the
/// octets after the end of data.
fn read<'a>(sent: &'a [u8], end_of_line: &[u8]) -> (Vec<&'a [u8]>, &'a [u8]) {
    let (mut lines, mut rest) = (Vec::new(), sent);
    while let Some(end) = memchr::memmem::find(rest, end_of_line) {
        let line = &rest[..end];
        rest = &rest[end + end_of_line.len()..];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line == b"." {
            return (lines, rest);
        }
        lines.push(line.strip_prefix(b".").unwrap_or(line));
    }
    panic!("without an end: {}", sent.escape_ascii());
}

fn check(message: &[u8]) {
    let whole = sent(message, std::iter::once(message.to_vec()));
    let in_octets = sent(message, message.iter().map(|octet| vec![*octet]));
    let shown = || message.escape_ascii();
    assert_eq!(whole, in_octets, "{}", shown());
    let mut previous = 0;
    for octet in &whole {
        assert_eq!(previous == b'\r', *octet == b'\n', "bare: {}", shown());
        previous = *octet;
    }
    let (strict, rest) = read(&whole, b"\r\n");
    assert!(rest.is_empty(), "{}", shown());
    let (lenient, rest) = read(&whole, b"\n");
    assert!(rest.is_empty(), "{}", shown());
    assert_eq!(strict, lenient, "{}", shown());
}

const ALPHABET: [u8; 5] = [b'a', b'.', b'\r', b'\n', 0];

/// All messages of this many of these octets.
fn all_of(length: u32) {
    for number in 0..5_usize.pow(length) {
        let mut rest = number;
        let message: Vec<u8> = (0..length)
            .map(|_| {
                let octet = ALPHABET[rest % 5];
                rest /= 5;
                octet
            })
            .collect();
        check(&message);
    }
}

fn at_random(messages: u64) {
    let mut dice = Dice::new(messages);
    for _ in 0..messages {
        let length = dice.below(60);
        let any = dice.one_in(2);
        let message: Vec<u8> = (0..length)
            .map(|_| {
                if any {
                    dice.next().to_le_bytes()[0]
                } else {
                    dice.one_of(&ALPHABET)
                }
            })
            .collect();
        check(&message);
    }
}

#[test]
fn every_server_finds_the_same_end() {
    (0..=6).for_each(all_of);
    at_random(20_000);
}

#[test]
#[ignore = "half a minute of messages: tests/run runs it"]
fn every_server_finds_the_same_end_of_very_many() {
    (0..=8).for_each(all_of);
    at_random(1_000_000);
}
