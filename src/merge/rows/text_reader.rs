//! From the octets of a file to text, block by block.

use std::io::{self, Read};

use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::merge::error::{MergeError, MergeErrorKind, quoted};

/// How many octets are read at a time.
pub(super) const BLOCK: usize = 64 * 1024;

/// Which encodings are taken without a byte order mark.
#[derive(Debug, Clone, Copy)]
pub(super) enum Choice {
    /// This one.
    Given(&'static Encoding),
    /// UTF-8, or windows-1252 if the first block is not UTF-8.
    Utf8OrWindows,
    /// UTF-8 alone.
    Utf8,
}

/// The text of a source, of which at most two blocks are in memory beside what is not taken yet.
pub(super) struct TextReader {
    source: Box<dyn Read + Send>,
    encoding: &'static Encoding,
    decoder: encoding_rs::Decoder,
    block: Vec<u8>,
    text: String,
    taken: usize,
    has_ended: bool,
    is_broken: bool,
}

impl TextReader {
    /// Reads the first block, and chooses the encoding by it.
    pub(super) fn new(source: Box<dyn Read + Send>, choice: Choice) -> Result<Self, MergeError> {
        let mut reader = Self {
            source,
            encoding: UTF_8,
            decoder: UTF_8.new_decoder_without_bom_handling(),
            block: Vec::with_capacity(BLOCK),
            text: String::new(),
            taken: 0,
            has_ended: false,
            is_broken: false,
        };
        reader.read_block()?;
        let (encoding, mark) = chosen(&reader.block, choice)?;
        reader.encoding = encoding;
        reader.decoder = encoding.new_decoder_without_bom_handling();
        reader.block.drain(..mark);
        reader.decode();
        Ok(reader)
    }

    /// The name of the encoding, such as `UTF-8`.
    pub(super) fn encoding(&self) -> &'static str {
        self.encoding.name()
    }

    /// The text that was read and not taken.
    pub(super) fn text(&self) -> &str {
        self.text.get(self.taken..).unwrap_or_default()
    }

    /// One octet of that text.
    pub(super) fn octet(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(self.taken + at).copied()
    }

    /// Takes this many octets of the text.
    pub(super) fn take(&mut self, len: usize) {
        self.taken += len;
    }

    /// Reads more text behind the rest. Returns false at the end of the source.
    ///
    /// What is not in the encoding is an error only when all text before it has been returned, so that
    /// the caller knows the place.
    pub(super) fn more(&mut self) -> Result<bool, MergeError> {
        if self.is_broken {
            let name = self.encoding();
            let message = format!("this is not {name}, as the text before it is");
            let help = "name the encoding of the file, for example windows-1252";
            let error = MergeError::new(MergeErrorKind::Encoding, message);
            return Err(error.with_help(help));
        }
        if self.has_ended {
            return Ok(false);
        }
        self.text.drain(..self.taken.min(self.text.len()));
        self.taken = 0;
        self.read_block()?;
        self.decode();
        Ok(true)
    }

    /// Fills the block, unless the source ends.
    fn read_block(&mut self) -> Result<(), MergeError> {
        self.block.clear();
        let mut rest = self.source.by_ref().take(BLOCK as u64);
        let read = rest.read_to_end(&mut self.block).map_err(failed)?;
        self.has_ended = read < BLOCK;
        Ok(())
    }

    /// Appends the block to the text, as far as it is in the encoding.
    fn decode(&mut self) {
        let len = self.block.len();
        let most = self.decoder.max_utf8_buffer_length_without_replacement(len);
        self.text.reserve(most.unwrap_or(4 * len));
        let (result, _) = self.decoder.decode_to_string_without_replacement(
            &self.block,
            &mut self.text,
            self.has_ended,
        );
        self.is_broken = match result {
            DecoderResult::InputEmpty => false,
            DecoderResult::Malformed(..) | DecoderResult::OutputFull => true,
        };
    }
}

fn failed(error: io::Error) -> MergeError {
    MergeError::new(MergeErrorKind::Io, format!("cannot be read: {error}")).caused_by(error)
}

/// The encoding of this name (<https://encoding.spec.whatwg.org/#names-and-labels>).
pub(super) fn named(label: &str) -> Result<&'static Encoding, MergeError> {
    Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| {
        let message = format!("no encoding has the name {}", quoted(label));
        MergeError::new(MergeErrorKind::Unsupported, message)
            .with_help("usual ones are utf-8, windows-1252, iso-8859-15 and utf-16le")
    })
}

/// The encoding, and how many octets its mark has.
fn chosen(block: &[u8], choice: Choice) -> Result<(&'static Encoding, usize), MergeError> {
    if let Some((encoding, mark)) = Encoding::for_bom(block) {
        return Ok((encoding, mark));
    }
    if let Choice::Given(encoding) = choice {
        return Ok((encoding, 0));
    }
    if let Some(encoding) = wide(block) {
        let message = format!(
            "this seems to be {} without a byte order mark",
            encoding.name()
        );
        let help = format!("name the encoding: {}", encoding.name().to_lowercase());
        return Err(MergeError::new(MergeErrorKind::Encoding, message).with_help(help));
    }
    let invalid = match std::str::from_utf8(block) {
        Ok(_) => return Ok((UTF_8, 0)),
        // A character that continues in the next block.
        Err(error) if error.error_len().is_none() && block.len() == BLOCK => return Ok((UTF_8, 0)),
        Err(error) => error.valid_up_to(),
    };
    // Octets without a character in windows-1252.
    let is_undefined = |octet: &u8| matches!(octet, 0x00 | 0x81 | 0x8d | 0x8f | 0x90 | 0x9d);
    if matches!(choice, Choice::Utf8OrWindows) && !block.iter().any(is_undefined) {
        return Ok((WINDOWS_1252, 0));
    }
    let before = String::from_utf8_lossy(block.get(..invalid).unwrap_or_default());
    let line = before.lines().count().max(1) + usize::from(before.ends_with('\n'));
    let message = "this is not UTF-8";
    let help = "name the encoding of the file, for example windows-1252";
    let error = MergeError::new(MergeErrorKind::Encoding, message).with_help(help);
    Err(error.at_line(line as u64))
}

/// UTF-16, if it looks like that: Latin letters have a zero octet each.
fn wide(block: &[u8]) -> Option<&'static Encoding> {
    const SEEN: usize = 64;
    let zeros = |at: usize| {
        let octets = block.iter().take(SEEN).skip(at).step_by(2);
        octets.filter(|octet| **octet == 0).count() * 4 > block.len().min(SEEN)
    };
    match (zeros(0), zeros(1)) {
        (true, false) => Some(UTF_16BE),
        (false, true) => Some(UTF_16LE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(octets: &[u8], choice: Choice) -> Result<(String, &'static str), MergeError> {
        let mut reader = TextReader::new(Box::new(io::Cursor::new(octets.to_vec())), choice)?;
        let mut all = String::new();
        loop {
            let text = reader.text().to_owned();
            reader.take(text.len());
            all.push_str(&text);
            if !reader.more()? {
                return Ok((all, reader.encoding()));
            }
        }
    }

    #[test]
    fn the_encoding_is_that_of_the_mark_or_of_the_first_block() {
        let latin = named("iso-8859-15").unwrap();
        for (octets, choice, expected) in [
            (&b"\xef\xbb\xbfa"[..], Choice::Utf8, Some(("a", "UTF-8"))),
            (b"\xff\xfea\0\xe4\0", Choice::Utf8, Some(("aä", "UTF-16LE"))),
            (
                b"\xfe\xff\0a",
                Choice::Given(latin),
                Some(("a", "UTF-16BE")),
            ),
            ("é".as_bytes(), Choice::Utf8OrWindows, Some(("é", "UTF-8"))),
            (b"\xa4", Choice::Given(latin), Some(("€", "ISO-8859-15"))),
            (
                b"\x80\xe4",
                Choice::Utf8OrWindows,
                Some(("€ä", "windows-1252")),
            ),
            (b"", Choice::Utf8, Some(("", "UTF-8"))),
            (b"\xe4", Choice::Utf8, None),
            (b"\x81\xe4", Choice::Utf8OrWindows, None),
            (b"a\0b\0c\0d\0", Choice::Utf8OrWindows, None),
            (b"\xff\xfea\0\0\xdc", Choice::Utf8, None),
        ] {
            let found = read(octets, choice).ok();
            let found = found.as_ref().map(|(text, name)| (text.as_str(), *name));
            assert_eq!(found, expected, "{octets:?}");
        }
        assert!(named("latin1").is_ok() && named("klingon").is_err());
    }

    #[test]
    fn a_character_may_lie_across_blocks() {
        for before in BLOCK - 4..BLOCK + 4 {
            let text = "x".repeat(before) + "🦈é";
            let (found, encoding) = read(text.as_bytes(), Choice::Utf8OrWindows).unwrap();
            assert!(found == text && encoding == "UTF-8", "{before}");
        }
        let mut octets = vec![b'x'; BLOCK + 5];
        octets.push(0xe4);
        let error = read(&octets, Choice::Utf8OrWindows).unwrap_err();
        assert_eq!(error.kind(), MergeErrorKind::Encoding);
    }
}
