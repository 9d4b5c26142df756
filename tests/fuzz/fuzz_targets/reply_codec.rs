//! Replies that arrive in any pieces are parsed like whole ones, and the decoder buffers little.

#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use pilotfish::protocol::Reply;
use pilotfish::protocol::fuzzing::{MAX_LINE, MAX_LINES, MAX_REPLY, ReplyDecoder, ReplyError};

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (octets, lengths) = input;
    let whole = decoded([octets.as_slice()].into_iter());
    assert_eq!(decoded(pieces(&octets, &lengths)), whole);
    assert_eq!(decoded(octets.chunks(1)), whole);
    for reply in &whole.0 {
        assert!((1..=MAX_LINES).contains(&reply.lines().count()));
        // An octet that is not UTF-8 becomes three octets.
        let length: usize = reply.lines().map(str::len).sum();
        assert!(length <= 3 * MAX_REPLY);
    }
});

/// The octets in pieces of these lengths, over and over.
fn pieces<'a>(mut octets: &'a [u8], lengths: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut lengths = lengths.iter().cycle();
    std::iter::from_fn(move || {
        let length = lengths.next().map_or(1, |length| 1 + usize::from(*length));
        let (piece, rest) = octets.split_at(length.min(octets.len()));
        octets = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

fn decoded<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Reply>, Option<ReplyError>) {
    let (mut decoder, mut buffer) = (ReplyDecoder::default(), BytesMut::new());
    let mut replies = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buffer) {
                Ok(Some(reply)) => replies.push(reply),
                Ok(None) => break,
                Err(error) => return (replies, Some(error)),
            }
        }
        assert!(buffer.len() < MAX_LINE);
    }
    (replies, None)
}
