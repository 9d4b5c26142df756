//! Octets that have arrived and wait to be read.

use bytes::{Buf, BytesMut};
use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncReadExt};

/// How much room there is for a read.
const ROOM: usize = 32 * 1024;

/// The first octet of a TLS handshake (RFC 8446, section 5.1: `ContentType` handshake).
pub(super) const HANDSHAKE: u8 = 22;

/// The longest line of an authentication exchange, with its CRLF (RFC 4954, section 4). No
/// other line may be longer.
const LONGEST_LINE: usize = 12_288;

#[derive(Debug, Default)]
pub(super) struct InputBuffer(BytesMut);

/// What a line turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line without its CRLF.
    Whole(Vec<u8>),
    /// A line with a CR or LF that is not part of CRLF.
    Bare(&'static str),
    /// More octets than a line can have.
    TooLong,
}

impl InputBuffer {
    /// Reads what there is. 0 means that no more will come.
    pub(super) async fn fill(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> std::io::Result<usize> {
        self.0.reserve(ROOM);
        stream.read_buf(&mut self.0).await
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn octets(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn consume(&mut self, octets: usize) {
        self.0.advance(octets.min(self.0.len()));
    }

    /// Reads what has come already, without waiting for more.
    pub(super) fn fill_from_what_is_there(&mut self, stream: &mut (impl AsyncRead + Unpin)) {
        while let Some(Ok(1..)) = self.fill(stream).now_or_never() {}
    }

    /// Drops the next line, whatever it consists of, and says how many octets it had.
    pub(super) fn drop_line(&mut self) -> Option<usize> {
        let octets = match memchr::memchr(b'\n', &self.0) {
            Some(end) => end + 1,
            None if self.0.len() > LONGEST_LINE => self.0.len(),
            None => return None,
        };
        self.consume(octets);
        Some(octets)
    }

    /// Takes the next line out, if it is complete.
    pub(super) fn take_line(&mut self) -> Option<Line> {
        let Some(end) = memchr::memchr(b'\n', &self.0) else {
            return (self.0.len() > LONGEST_LINE).then_some(Line::TooLong);
        };
        if end >= LONGEST_LINE {
            return Some(Line::TooLong);
        }
        let line = self.0.split_to(end + 1);
        let Some(text) = line.strip_suffix(b"\r\n") else {
            return Some(Line::Bare("LF"));
        };
        if text.contains(&b'\r') {
            return Some(Line::Bare("CR"));
        }
        Some(Line::Whole(text.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(octets: &[u8]) -> InputBuffer {
        InputBuffer(BytesMut::from(octets))
    }

    #[test]
    fn lines_end_in_crlf_alone() {
        let whole = |text: &str| Some(Line::Whole(text.into()));
        let mut lines = input(b"NOOP\r\n\r\nQUIT\nQ\rUIT\r\nRSET\r");
        assert_eq!(lines.take_line(), whole("NOOP"));
        assert_eq!(lines.take_line(), whole(""));
        assert_eq!(lines.take_line(), Some(Line::Bare("LF")));
        assert_eq!(lines.take_line(), Some(Line::Bare("CR")));
        assert_eq!(lines.take_line(), None);
        assert_eq!(lines.octets(), b"RSET\r");
    }

    #[test]
    fn lines_are_bounded_with_and_without_an_end() {
        let fits = [vec![b'a'; LONGEST_LINE - 2], b"\r\n".to_vec()].concat();
        assert!(matches!(input(&fits).take_line(), Some(Line::Whole(_))));
        let long = [vec![b'a'; LONGEST_LINE - 1], b"\r\n".to_vec()].concat();
        assert_eq!(input(&long).take_line(), Some(Line::TooLong));
        let endless = vec![b'a'; LONGEST_LINE + 1];
        assert_eq!(input(&endless).take_line(), Some(Line::TooLong));
    }
}
