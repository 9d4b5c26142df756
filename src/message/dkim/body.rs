//! The hash of a body, block by block (RFC 6376 sections 3.4.3, 3.4.4 and 3.7).

use crate::cryptography::digest::{Context, Digest, SHA256};
use memchr::{memchr_iter, memchr2, memrchr};

use super::Canonicalization;

/// Line ends that are hashed in one go.
const LINE_ENDS: [u8; 4096] = {
    let mut line_ends = [b'\r'; 4096];
    let mut rest: &mut [u8] = &mut line_ends;
    while let [_, line_feed, others @ ..] = rest {
        *line_feed = b'\n';
        rest = others;
    }
    line_ends
};

/// The hash of a body, which is fed block by block. [`Signer::body_hash`](super::Signer::body_hash)
/// begins it, and [`Signer::sign`](super::Signer::sign) takes it.
///
/// It takes the same memory for any body. What may turn out to be the end of the body, and
/// then does not count, is held back as a number.
pub struct BodyHash {
    canonical: CanonicalBody,
    digest: Context,
}

impl BodyHash {
    pub(super) fn new(canonicalization: Canonicalization) -> Self {
        Self {
            canonical: CanonicalBody::new(canonicalization),
            digest: Context::new(&SHA256),
        }
    }

    /// Takes the next octets of the body, which is what stands after the blank line, as it is
    /// sent: with CRLF, without dot stuffing. They may end anywhere, inside of a CRLF too.
    pub fn push(&mut self, block: &[u8]) {
        let Self { canonical, digest } = self;
        canonical.push(block, &mut |octets| digest.update(octets));
    }

    /// Ends the body.
    pub(super) fn finish(self) -> Digest {
        let mut digest = self.digest;
        self.canonical.finish(&mut |octets| digest.update(octets));
        digest.finish()
    }
}

/// Shows nothing of the body.
impl std::fmt::Debug for BodyHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyHash").finish_non_exhaustive()
    }
}

/// Makes the canonical form of a body, and remembers of it what has not been given out yet.
#[derive(Debug, Default)]
pub(super) struct CanonicalBody {
    canonicalization: Canonicalization,
    /// Line ends with nothing but white space after them so far.
    line_ends: u64,
    /// Whether the current line has white space at its end so far.
    space: bool,
    /// Whether the last block ended with a CR.
    cr: bool,
    /// Whether anything was given out.
    begun: bool,
}

impl CanonicalBody {
    pub(super) fn new(canonicalization: Canonicalization) -> Self {
        Self {
            canonicalization,
            ..Self::default()
        }
    }

    /// Takes the next octets.
    pub(super) fn push(&mut self, mut block: &[u8], out: &mut impl FnMut(&[u8])) {
        if self.cr {
            match block.split_first() {
                None => return,
                Some((b'\n', rest)) => {
                    block = rest;
                    self.line_ends += 1;
                    self.space = false;
                }
                // Alone it is an octet like any other.
                Some(_) => self.content(b"\r", out),
            }
            self.cr = false;
        }
        if let Some(rest) = block.strip_suffix(b"\r") {
            block = rest;
            self.cr = true;
        }
        let (content, tail) = self.split_tail(block);
        if !content.is_empty() {
            self.content(content, out);
        }
        match memrchr(b'\n', tail) {
            Some(last) => {
                self.line_ends += memchr_iter(b'\n', tail).count() as u64;
                self.space = last + 1 < tail.len();
            }
            None => self.space |= !tail.is_empty(),
        }
    }

    /// Ends the body: at most one of the line ends at its end counts.
    pub(super) fn finish(mut self, out: &mut impl FnMut(&[u8])) {
        if self.cr {
            self.content(b"\r", out);
        }
        if self.begun || self.canonicalization == Canonicalization::Simple {
            out(b"\r\n");
        }
    }

    fn is_space(&self, octet: u8) -> bool {
        self.canonicalization == Canonicalization::Relaxed && matches!(octet, b' ' | b'\t')
    }

    /// Parts a block before the line ends and the white space at its end.
    fn split_tail<'a>(&self, block: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let mut content = block;
        loop {
            content = match content {
                [rest @ .., b'\r', b'\n'] => rest,
                [rest @ .., octet] if self.is_space(*octet) => rest,
                _ => break,
            };
        }
        block.split_at(content.len())
    }

    /// Gives out what was held back, and then `content`, which ends with neither a line end nor
    /// white space.
    fn content(&mut self, content: &[u8], out: &mut impl FnMut(&[u8])) {
        while self.line_ends > 0 {
            let most = LINE_ENDS.len() as u64 / 2;
            let count = self.line_ends.min(most);
            self.line_ends -= count;
            let octets = usize::try_from(count * 2).unwrap_or(LINE_ENDS.len());
            out(LINE_ENDS.get(..octets).unwrap_or_default());
        }
        self.begun = true;
        if self.canonicalization == Canonicalization::Simple {
            return out(content);
        }
        let spaces = content.iter().take_while(|octet| self.is_space(**octet));
        let (leading, content) = content.split_at(spaces.count());
        self.space |= !leading.is_empty();
        if self.space && !content.starts_with(b"\r\n") {
            out(b" ");
        }
        self.space = false;
        relaxed(content, out);
    }
}

/// Gives out octets that neither begin nor end with white space, in as few pieces as it takes.
fn relaxed(mut content: &[u8], out: &mut impl FnMut(&[u8])) {
    while let Some((before, spaces)) = split_at_change(content) {
        let run = spaces.iter().take_while(|b| matches!(b, b' ' | b'\t'));
        let (_, after) = spaces.split_at(run.count());
        out(before);
        if !after.starts_with(b"\r\n") {
            out(b" ");
        }
        content = after;
    }
    out(content);
}

/// Parts `content` before the first white space that may have to change: all but single spaces
/// inside of a line.
fn split_at_change(content: &[u8]) -> Option<(&[u8], &[u8])> {
    /// Octets that the compiler looks at together.
    const PIECE: usize = 64;
    // Base64 has none, so that this is all there is to do.
    let start = memchr2(b' ', b'\t', content)?;
    let firsts = content.get(start..)?;
    let seconds = firsts.get(1..)?;
    let changes = |(first, second): (&u8, &u8)| {
        let before_more = *second == b' ' || *second == b'\t' || *second == b'\r';
        *first == b'\t' || *first == b' ' && before_more
    };
    let pieces = firsts.chunks_exact(PIECE).zip(seconds.chunks_exact(PIECE));
    let unchanged = pieces.take_while(|(firsts, seconds)| {
        let pairs = firsts.iter().zip(*seconds);
        !pairs.fold(false, |found, pair| found | changes(pair))
    });
    let skipped = unchanged.count() * PIECE;
    let rest = firsts.get(skipped..)?.iter();
    let at = rest.zip(seconds.get(skipped..)?).position(changes)?;
    content.split_at_checked(start + skipped + at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 6376 sections 3.4.3 and 3.4.4, word by word, on a body in memory.
    fn oracle(canonicalization: Canonicalization, body: &[u8]) -> Vec<u8> {
        let text: String = body.iter().map(|octet| char::from(*octet)).collect();
        let mut lines: Vec<String> = text.split("\r\n").map(str::to_owned).collect();
        if canonicalization == Canonicalization::Relaxed {
            for line in &mut lines {
                *line = line.replace('\t', " ");
                while line.contains("  ") {
                    *line = line.replace("  ", " ");
                }
                *line = line.trim_end_matches(' ').to_owned();
            }
        }
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        let mut text: String = lines.iter().flat_map(|line| [line, "\r\n"]).collect();
        if text.is_empty() && canonicalization == Canonicalization::Simple {
            text = "\r\n".to_owned();
        }
        text.chars().map(|c| u8::try_from(c).unwrap()).collect()
    }

    fn canonical<'a>(
        canonicalization: Canonicalization,
        blocks: impl IntoIterator<Item = &'a [u8]>,
    ) -> Vec<u8> {
        let mut out = Vec::new();
        let mut sink = |octets: &[u8]| out.extend_from_slice(octets);
        let mut body = CanonicalBody::new(canonicalization);
        for block in blocks {
            body.push(block, &mut sink);
        }
        body.finish(&mut sink);
        out
    }

    #[test]
    fn bodies_in_both_forms() {
        for (input, simple, relaxed) in [
            // RFC 6376 section 3.4.5.
            (
                " C \r\nD \t E\r\n\r\n\r\n",
                " C \r\nD \t E\r\n",
                " C\r\nD E\r\n",
            ),
            // Sections 3.4.3 and 3.4.4, on what is missing.
            ("", "\r\n", ""),
            ("\r\n", "\r\n", ""),
            ("\r\n\r\n", "\r\n", ""),
            (" ", " \r\n", ""),
            (" \r\n\t\r\n", " \r\n\t\r\n", ""),
            ("a", "a\r\n", "a\r\n"),
            ("a ", "a \r\n", "a\r\n"),
            ("\r\na", "\r\na\r\n", "\r\na\r\n"),
            (
                "a\r\n \r\n\r\nb",
                "a\r\n \r\n\r\nb\r\n",
                "a\r\n\r\n\r\nb\r\n",
            ),
            ("a\r\n \r\n", "a\r\n \r\n", "a\r\n"),
            (" \ta", " \ta\r\n", " a\r\n"),
            // A CR or LF alone is an octet like any other.
            ("a\r", "a\r\r\n", "a\r\r\n"),
            ("a\n", "a\n\r\n", "a\n\r\n"),
            ("a \n\n", "a \n\n\r\n", "a \n\n\r\n"),
            ("a\r\r\n", "a\r\r\n", "a\r\r\n"),
            ("a \r b", "a \r b\r\n", "a \r b\r\n"),
            ("\r", "\r\r\n", "\r\r\n"),
        ] {
            for (canonicalization, expected) in [
                (Canonicalization::Simple, simple),
                (Canonicalization::Relaxed, relaxed),
            ] {
                let whole = canonical(canonicalization, [input.as_bytes()]);
                assert_eq!(whole, expected.as_bytes(), "{input:?}");
                let octets = canonical(canonicalization, input.as_bytes().chunks(1));
                assert_eq!(octets, expected.as_bytes(), "{input:?}");
                assert_eq!(oracle(canonicalization, input.as_bytes()), whole);
            }
        }
    }

    #[test]
    fn blank_lines_are_counted_and_not_kept() {
        let blank = "\r\n".repeat(10_000);
        let body = [
            blank.as_bytes(),
            b"a",
            blank.as_bytes(),
            b"b",
            blank.as_bytes(),
        ];
        for canonicalization in [Canonicalization::Simple, Canonicalization::Relaxed] {
            assert_eq!(
                canonical(canonicalization, body),
                format!("{blank}a{blank}b\r\n").as_bytes()
            );
        }
    }

    #[test]
    fn a_body_of_base64_passes_in_one_piece() {
        let block = format!("{}\r\n", "A".repeat(76)).repeat(800);
        let mut pieces = 0;
        let mut body = CanonicalBody::new(Canonicalization::Relaxed);
        body.push(block.as_bytes(), &mut |_| pieces += 1);
        assert_eq!(pieces, 1);
    }

    proptest! {
        #[test]
        fn splits_make_no_difference(
            body in "([ \t]|\r\n|\r|\n|a|[ \t]{2}\r\n|é){0,40}",
            cuts in proptest::collection::vec(0_usize..60, 0..6),
        ) {
            let body = body.as_bytes();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(body.len())).collect();
            cuts.extend([0, body.len()]);
            cuts.sort_unstable();
            let blocks: Vec<_> = cuts.windows(2).map(|ends| &body[ends[0]..ends[1]]).collect();
            for canonicalization in [Canonicalization::Simple, Canonicalization::Relaxed] {
                let expected = oracle(canonicalization, body);
                prop_assert_eq!(canonical(canonicalization, blocks.iter().copied()), &*expected);
                prop_assert_eq!(canonical(canonicalization, body.chunks(1)), expected);
            }
        }
    }
}
