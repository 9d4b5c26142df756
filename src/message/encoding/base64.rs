//! The base64 encoding of bodies (RFC 2045 section 6.8).

use std::sync::LazyLock;

use base64::Engine;

/// How many octets one line takes.
pub(crate) const LINE: usize = 57;

/// How many characters one full line has, without its CRLF.
const TEXT: usize = 76;

/// Lines that are encoded together: many, for the speed of the encoder, and few enough to stay in the
/// first-level cache until they are cut.
const LINES: usize = 48;

/// A line without its text.
const CUT: [u8; TEXT + 2] = {
    let mut line = [0; TEXT + 2];
    line[TEXT] = b'\r';
    line[TEXT + 1] = b'\n';
    line
};

/// The fastest encoder for this processor: a mail is mostly base64.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static ENGINE: LazyLock<base64::engine::Simd> =
    LazyLock::new(|| base64::engine::Simd::standard(base64::engine::general_purpose::PAD));

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static ENGINE: LazyLock<base64::engine::GeneralPurpose> =
    LazyLock::new(|| base64::engine::general_purpose::STANDARD);

/// Appends the encoding of `octets` in lines of 76 characters, each ended by CRLF.
///
/// Pieces can be encoded one by one if each but the last has a multiple of [`LINE`] octets.
pub(crate) fn base64_lines(octets: &[u8], out: &mut Vec<u8>) {
    let mut scratch = [0; LINES * TEXT];
    let mut cut = [CUT; LINES];
    out.reserve(octets.len().div_ceil(LINE) * CUT.len());
    for octets in octets.chunks(LINES * LINE) {
        let (texts, rest) = encoded(octets, &mut scratch).as_chunks::<TEXT>();
        for (line, text) in cut.iter_mut().zip(texts) {
            // A length that the compiler knows is copied without a call.
            if let Some(place) = line.first_chunk_mut() {
                *place = *text;
            }
        }
        // `out` may not be in a cache: it is written to in one go.
        let lines = cut.get(..texts.len()).unwrap_or_default();
        out.extend_from_slice(lines.as_flattened());
        if !rest.is_empty() {
            out.extend_from_slice(rest);
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// The encoding of `octets`, without line ends. The scratch is large enough, so that encoding cannot
/// fail.
fn encoded<'a>(octets: &[u8], scratch: &'a mut [u8]) -> &'a [u8] {
    let len = ENGINE.encode_slice(octets, scratch).unwrap_or_default();
    scratch.get(..len).unwrap_or_default()
}

/// How many octets the encoding of `octets` has, line ends included; `None` on `u64` overflow.
pub(crate) fn base64_lines_len(octets: u64) -> Option<u64> {
    let lines = octets.div_ceil(LINE as u64);
    octets
        .div_ceil(3)
        .checked_mul(4)?
        .checked_add(lines.checked_mul(2)?)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    fn encoded(octets: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        base64_lines(octets, &mut out);
        out
    }

    #[test]
    fn lines_are_full_and_padded_at_the_end_only() {
        assert_eq!(encoded(b""), b"");
        assert_eq!(encoded(b"\0"), b"AA==\r\n");
        assert_eq!(
            encoded(&[0; 57]),
            format!("{}\r\n", "A".repeat(76)).as_bytes()
        );
        assert_eq!(
            encoded(&[0; 58]),
            format!("{}\r\nAA==\r\n", "A".repeat(76)).as_bytes()
        );
    }

    #[test]
    fn the_length_is_known_beforehand() {
        let sizes = (0..400)
            .chain(2_734..2_739)
            .chain(5_983..5_988)
            .chain(4095..4098)
            .chain(65_535..65_538);
        for len in sizes {
            let out = encoded(&vec![0xa5; len]);
            assert_eq!(
                base64_lines_len(len as u64),
                Some(out.len() as u64),
                "{len}"
            );
        }
        assert_eq!(base64_lines_len(u64::MAX), None);
    }

    proptest! {
        #[test]
        fn it_comes_back(octets in proptest::collection::vec(any::<u8>(), 0..10_000)) {
            let text = encoded(&octets);
            let lines: Vec<_> = text.split(|b| *b == b'\n').collect();
            prop_assert!(lines.iter().all(|line| line.len() <= 77));
            let joined: Vec<u8> = text.into_iter().filter(|b| !b"\r\n".contains(b)).collect();
            prop_assert_eq!(STANDARD.decode(joined).unwrap(), octets);
        }

        #[test]
        fn pieces_of_whole_lines_make_the_same(
            octets in proptest::collection::vec(any::<u8>(), 0..10_000),
            lines in 1_usize..100,
        ) {
            let mut out = Vec::new();
            octets.chunks(lines * LINE).for_each(|piece| base64_lines(piece, &mut out));
            prop_assert_eq!(out, encoded(&octets));
        }
    }
}
