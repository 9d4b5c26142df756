//! How fast messages are written, in GB/s: `cargo bench --bench octets`.
//!
//! In the same run, every group also copies the octets (`memcpy`) and, for base64, encodes them by the
//! bare crate without line ends: ratios are comparable between machines, absolute figures are not. The
//! last line is the cost of an attachment of a gibibyte, as such a ratio.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "figures are printed, and a bench that cannot run fails"
)]

mod gibibyte;
mod messages;

use base64::Engine;
use base64::engine::general_purpose::PAD;
use bytes::Bytes;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use messages::{binary_from_bytes, from_bytes, from_text, stream};
use pilotfish::message::BodyType;
use pilotfish::protocol::fuzzing::Transparency;

fn main() {
    divan::main();
    // All groups, or only this one.
    if std::env::args()
        .skip(1)
        .all(|argument| ["--bench", "gibibyte"].contains(&&*argument))
    {
        gibibyte::compare();
    }
}

/// How much of a body is encoded at a time: whole lines, just below 64 KiB when encoded.
const PIECE: usize = 840 * 57;

/// Octets without a pattern that a branch predictor could learn.
fn octets(len: usize) -> Bytes {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// Encodes pieces, one by one into the same place, as fast as the bare crate can.
fn engine(octets: &[u8]) {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    let engine = base64::engine::Simd::standard(PAD);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let engine = base64::engine::GeneralPurpose::new(&base64::alphabet::STANDARD, PAD);
    let mut encoded = vec![0; PIECE / 3 * 4];
    for piece in octets.chunks(PIECE) {
        engine.encode_slice(piece, &mut encoded).unwrap();
        black_box(&mut encoded);
    }
}

/// Copies pieces, one by one into the same place.
fn copy(octets: &[u8]) {
    let mut copied = Vec::with_capacity(PIECE);
    for piece in octets.chunks(PIECE) {
        copied.clear();
        copied.extend_from_slice(piece);
        black_box(&mut copied);
    }
}

/// An attachment in memory, in lines of 76 characters with CRLF.
mod base64_lines {
    use super::{Bencher, BytesCount, PIECE, copy, engine, from_bytes, octets, stream};

    const LEN: usize = 64 * PIECE;

    #[divan::bench]
    fn memcpy(bencher: Bencher) {
        let octets = octets(LEN);
        bencher
            .counter(BytesCount::new(LEN))
            .bench(|| copy(&octets));
    }

    #[divan::bench]
    fn engine_without_lines(bencher: Bencher) {
        let octets = octets(LEN);
        bencher
            .counter(BytesCount::new(LEN))
            .bench(|| engine(&octets));
    }

    #[divan::bench]
    fn message(bencher: Bencher) {
        let octets = octets(LEN);
        bencher
            .counter(BytesCount::new(LEN))
            .with_inputs(|| from_bytes(&octets, 1))
            .bench_values(|message| stream(message.into_octets(), |_| ()));
    }
}

/// The search for dots and line ends in a block of base64.
mod transparency {
    use super::{Bencher, BytesCount, Transparency, black_box, copy};

    const LEN: usize = 840 * 78;

    fn block() -> Vec<u8> {
        format!("{}\r\n", "A".repeat(76)).repeat(840).into_bytes()
    }

    #[divan::bench]
    fn memcpy(bencher: Bencher) {
        let block = block();
        bencher.counter(BytesCount::new(LEN)).bench(|| copy(&block));
    }

    #[divan::bench]
    fn memchr2(bencher: Bencher) {
        let block = block();
        let find = || {
            for at in memchr::memchr2_iter(b'\r', b'\n', &block) {
                black_box(at);
            }
        };
        bencher.counter(BytesCount::new(LEN)).bench(find);
    }

    #[divan::bench]
    fn apply(bencher: Bencher) {
        let mut block = block();
        bencher
            .counter(BytesCount::new(LEN))
            .bench_local(|| Transparency::default().apply(black_box(&mut block)));
    }
}

/// A text, from its characters to its octets.
mod quoted_printable {
    use super::{Bencher, BodyType, BytesCount, copy, from_text, stream};

    /// Texts with few characters to encode, with some, and with lines that are all too long.
    const LINES: [(&str, &str); 3] = [
        (
            "English",
            "It was only the naïve reader who believed that a café closes at nine.\n",
        ),
        (
            "German",
            "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.\n",
        ),
        (
            "paragraphs",
            "and so one paragraph of words has come to be a single line, à la mode, ",
        ),
    ];

    fn text(name: &str) -> String {
        let line = LINES.iter().find(|(found, _)| *found == name);
        line.unwrap().1.repeat(16_000)
    }

    const NAMES: [&str; 3] = [LINES[0].0, LINES[1].0, LINES[2].0];

    #[divan::bench(args = NAMES)]
    fn memcpy(bencher: Bencher, name: &str) {
        let text = text(name);
        bencher
            .counter(BytesCount::of_str(&text))
            .bench(|| copy(text.as_bytes()));
    }

    #[divan::bench(args = NAMES)]
    fn message(bencher: Bencher, name: &str) {
        let text = text(name);
        bencher
            .counter(BytesCount::of_str(&text))
            .bench(|| stream(from_text(&text).into_octets(), |_| ()));
    }

    /// For a server with 8BITMIME, which gets the first two unencoded.
    #[divan::bench(args = NAMES)]
    fn eight_bit(bencher: Bencher, name: &str) {
        let text = text(name);
        bencher.counter(BytesCount::of_str(&text)).bench(|| {
            let rendition = from_text(&text).rendition(BodyType::EightBit);
            stream(rendition.into_octets(), |_| ());
        });
    }
}

/// A whole message, from its parts to the dot-stuffed octets after DATA, which are discarded.
mod whole_message {
    use super::{
        Bencher, BodyType, BytesCount, PIECE, Transparency, binary_from_bytes, copy, from_bytes,
        octets, stream,
    };

    const LEN: usize = 16 * PIECE;

    #[divan::bench]
    fn memcpy(bencher: Bencher) {
        let octets = octets(LEN);
        bencher
            .counter(BytesCount::new(LEN))
            .bench(|| copy(&octets));
    }

    #[divan::bench(args = [1, 4])]
    fn attachments(bencher: Bencher, count: usize) {
        let octets = octets(LEN);
        bencher.counter(BytesCount::new(LEN * count)).bench(|| {
            let mut transparency = Transparency::default();
            stream(from_bytes(&octets, count).into_octets(), |block| {
                transparency.apply(block);
            });
        });
    }

    /// For BDAT, without dot-stuffing.
    #[divan::bench]
    fn binary(bencher: Bencher) {
        let octets = octets(LEN);
        bencher.counter(BytesCount::new(LEN)).bench(|| {
            let rendition = binary_from_bytes(&octets).rendition(BodyType::Binary);
            stream(rendition.into_octets(), |_| ());
        });
    }

    /// The message is read once to sign it, and once to send it. It is large, so the RSA takes a small part.
    #[cfg(feature = "dkim")]
    #[divan::bench]
    fn signed(bencher: Bencher) {
        let octets = octets(16 * LEN);
        let signer = super::messages::signer();
        bencher.counter(BytesCount::new(16 * LEN)).bench(|| {
            let message = from_bytes(&octets, 1).sign(&signer);
            let message = super::messages::run(message).unwrap();
            let mut transparency = Transparency::default();
            stream(message.into_octets(), |block| transparency.apply(block));
        });
    }
}
