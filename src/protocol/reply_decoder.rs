//! Octets in, whole replies out (RFC 5321 section 4.2.1).

use bytes::{Buf as _, BytesMut};
use thiserror::Error;

use super::reply::{Reply, ReplyCode, visible};

/// The longest reply line that is taken, in octets with its line end. RFC 5321 section 4.5.3.1.5
/// asks for 512; servers exceed it.
pub const MAX_LINE: usize = 2_048;

/// The longest line with a challenge, which begins with 334: RFC 4954 section 4.
pub(super) const MAX_CHALLENGE: usize = 12_288;

/// The longest reply that is taken, in octets over all its lines.
pub const MAX_REPLY: usize = 65_536;

/// The most lines that a reply may have: many more than any server offers extensions.
pub const MAX_LINES: usize = 512;

/// Puts replies together from octets that come in any pieces, without reading any twice.
#[derive(Debug, Default)]
pub struct ReplyDecoder {
    /// How much of the buffer's start is known to hold no line end.
    scanned: usize,
    /// Octets of the lines taken so far.
    taken: usize,
    code: Option<ReplyCode>,
    /// The text of the lines taken so far, with a line feed between two of them.
    lines: String,
    /// How many there are.
    count: usize,
    /// Whether a line of a reply has come since the connection began.
    has_begun: bool,
}

impl ReplyDecoder {
    /// Takes the next whole reply from the front of `buffer`; `None` means that more octets
    /// are needed.
    ///
    /// Empty lines before the first reply are left out, up to [`MAX_LINE`] octets of them.
    ///
    /// A reply's lines are taken out of the buffer as they are complete, so no more than
    /// [`MAX_LINE`] octets ever wait in it, or 12,288 of a challenge.
    ///
    /// # Errors
    ///
    /// What came is not SMTP, or is longer than the limits. The stream cannot be used further.
    pub fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Reply>, ReplyError> {
        loop {
            let unscanned = buffer.get(self.scanned..).unwrap_or_default();
            let Some(offset) = memchr::memchr(b'\n', unscanned) else {
                self.scanned = buffer.len();
                if self.scanned >= longest(buffer) {
                    return Err(ReplyError::LineTooLong);
                }
                return Ok(None);
            };
            let length = self.scanned + offset + 1;
            self.scanned = 0;
            if length > longest(buffer) {
                return Err(ReplyError::LineTooLong);
            }
            self.taken += length;
            if self.taken > MAX_REPLY || self.count == MAX_LINES {
                return Err(ReplyError::ReplyTooLong);
            }
            let line = buffer.get(..length).unwrap_or_default();
            // Some servers begin with an empty line.
            let may_be_empty = !self.has_begun && self.taken <= MAX_LINE;
            if may_be_empty && matches!(line, b"\r\n" | b"\n") {
                buffer.advance(length);
                continue;
            }
            self.has_begun = true;
            let last = self.take_line(line)?;
            buffer.advance(length);
            if let Some(code) = last {
                let lines = std::mem::take(&mut self.lines);
                (self.taken, self.code, self.count) = (0, None, 0);
                return Ok(Some(Reply::new(code, lines)));
            }
        }
    }

    /// The lines of a reply that is not complete and the rest of the buffer, codes included, in one
    /// line.
    pub(crate) fn unfinished(&self, buffer: &[u8]) -> String {
        let code = self.code.map(|code| code.to_string()).unwrap_or_default();
        let lines = self.lines.split('\n').take(self.count);
        let lines = lines.map(|line| format!("{code}-{line}"));
        let rest = String::from_utf8_lossy(buffer).trim_end().to_owned();
        let parts = lines.chain(std::iter::once(rest));
        let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
        parts.join(" ")
    }

    /// Whether nothing of an unfinished reply is held.
    #[must_use]
    pub fn is_between_replies(&self) -> bool {
        self.taken == 0
    }

    /// Reads one line; returns the code if the line is the reply's last.
    fn take_line(&mut self, line: &[u8]) -> Result<Option<ReplyCode>, ReplyError> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let not_a_reply = || ReplyError::NotAReply(line.iter().take(60).copied().collect());
        let (digits, rest) = line.split_at_checked(3).ok_or_else(not_a_reply)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(not_a_reply());
        }
        let number = digits
            .iter()
            .fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
        let code = ReplyCode::new(number).ok_or_else(not_a_reply)?;
        let (last, text) = match rest.split_first() {
            None => (true, rest),
            Some((b' ', text)) => (true, text),
            Some((b'-', text)) => (false, text),
            Some(_) => return Err(not_a_reply()),
        };
        match self.code {
            Some(first) if first != code => return Err(ReplyError::CodesDiffer(first, code)),
            _ => self.code = Some(code),
        }
        if self.count > 0 {
            self.lines.push('\n');
        }
        self.lines.push_str(&String::from_utf8_lossy(text));
        self.count += 1;
        Ok(last.then_some(code))
    }
}

fn longest(line: &[u8]) -> usize {
    if line.starts_with(b"334") {
        MAX_CHALLENGE
    } else {
        MAX_LINE
    }
}

/// Why octets are not a reply.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// A line over [`MAX_LINE`] octets, or 12,288 of a challenge.
    #[error(
        "the server sent a reply line longer than {MAX_LINE} octets, or a challenge longer than {MAX_CHALLENGE}"
    )]
    LineTooLong,
    /// A reply over [`MAX_REPLY`] octets or [`MAX_LINES`] lines.
    #[error("the server sent a reply longer than {MAX_REPLY} octets or {MAX_LINES} lines")]
    ReplyTooLong,
    /// A line that does not begin with a reply code; its first octets.
    #[error("the server sent \"{}\", which is not a reply of SMTP", visible(&String::from_utf8_lossy(.0), usize::MAX))]
    NotAReply(Vec<u8>),
    /// Lines of one reply with different codes.
    #[error("the server began a reply with {0} and went on with {1}")]
    CodesDiffer(ReplyCode, ReplyCode),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode_all(pieces: &[&[u8]]) -> Result<Vec<String>, ReplyError> {
        let mut decoder = ReplyDecoder::default();
        let mut buffer = BytesMut::new();
        let mut replies = Vec::new();
        for piece in pieces {
            buffer.extend_from_slice(piece);
            while let Some(reply) = decoder.decode(&mut buffer)? {
                replies.push(format!(
                    "{}|{}",
                    reply.code(),
                    reply.lines().collect::<Vec<_>>().join("|")
                ));
            }
        }
        Ok(replies)
    }

    #[test]
    fn replies() {
        for (octets, expected) in [
            ("250 ok\r\n", vec!["250|ok"]),
            ("250\r\n", vec!["250|"]),
            ("250 \r\n", vec!["250|"]),
            ("250-a\r\n250-\r\n250 b\r\n", vec!["250|a||b"]),
            ("250-a\r\n250\r\n", vec!["250|a|"]),
            ("354  Go ahead\r\n", vec!["354| Go ahead"]),
            ("220 x\n", vec!["220|x"]),
            ("250 a\r\n451 b\r\n", vec!["250|a", "451|b"]),
            ("299 new\r\n", vec!["299|new"]),
            ("250 one\rtwo\r\n", vec!["250|one\rtwo"]),
            ("250-a\r\n", vec![]),
            ("\r\n\n220 x\r\n", vec!["220|x"]),
        ] {
            assert_eq!(
                decode_all(&[octets.as_bytes()]).unwrap(),
                expected,
                "{octets:?}"
            );
        }
    }

    #[test]
    fn what_is_not_a_reply() {
        for octets in [
            "HTTP/1.1 400 Bad Request\r\n",
            "* OK IMAP4rev1\r\n",
            "+OK POP3\r\n",
            "220 x\r\n\r\n",
            "220-x\r\n\r\n",
            "25\r\n",
            "199 x\r\n",
            "600 x\r\n",
            "250x\r\n",
            "\u{16}\u{3}\u{1}\n",
        ] {
            let result = decode_all(&[octets.as_bytes()]);
            assert!(
                matches!(result, Err(ReplyError::NotAReply(_))),
                "{octets:?} {result:?}"
            );
        }
    }

    #[test]
    fn codes_of_one_reply_must_agree() {
        assert!(matches!(
            decode_all(&[b"250-a\r\n550 b\r\n"]),
            Err(ReplyError::CodesDiffer(..))
        ));
    }

    #[test]
    fn text_need_not_be_utf8() {
        assert_eq!(
            decode_all(&[b"250 \xff\x00\r\n"]).unwrap(),
            ["250|\u{fffd}\0"]
        );
    }

    #[test]
    fn every_split_gives_the_same() {
        let octets = b"250-first\r\n250-\r\n250 last\r\n451 4.3.0 later\r\n221\r\n";
        let whole = decode_all(&[octets]).unwrap();
        for first in 0..octets.len() {
            for second in first..octets.len() {
                let pieces = [&octets[..first], &octets[first..second], &octets[second..]];
                assert_eq!(decode_all(&pieces).unwrap(), whole, "{first} {second}");
            }
        }
        let single: Vec<&[u8]> = octets.chunks(1).collect();
        assert_eq!(decode_all(&single).unwrap(), whole);
    }

    #[test]
    fn a_line_is_bounded() {
        let fits = format!("250 {}\r\n", "x".repeat(MAX_LINE - 6));
        assert!(decode_all(&[fits.as_bytes()]).is_ok());
        let over = format!("250 {}\r\n", "x".repeat(MAX_LINE - 5));
        assert_eq!(decode_all(&[over.as_bytes()]), Err(ReplyError::LineTooLong));
        let challenge = format!("334 {}\r\n", "x".repeat(MAX_CHALLENGE - 6));
        assert!(decode_all(&[challenge.as_bytes()]).is_ok());
        let over = format!("334 {}\r\n", "x".repeat(MAX_CHALLENGE - 5));
        assert_eq!(decode_all(&[over.as_bytes()]), Err(ReplyError::LineTooLong));
        let endless = vec![b'2'; MAX_LINE];
        assert_eq!(decode_all(&[&endless]), Err(ReplyError::LineTooLong));
    }

    #[test]
    fn a_reply_is_bounded() {
        let long = format!("220-{}\r\n", "x".repeat(1_000));
        let empty = vec![b"\r\n".as_slice(); MAX_LINE];
        assert_eq!(decode_all(&empty), Err(ReplyError::NotAReply(Vec::new())));
        for line in [long.as_bytes(), b"220-\r\n"] {
            let endless = vec![line; MAX_LINES + 1];
            assert_eq!(decode_all(&endless), Err(ReplyError::ReplyTooLong));
        }
        let mut fits = vec![b"220-\r\n".as_slice(); MAX_LINES - 1];
        fits.push(b"220 \r\n");
        assert_eq!(decode_all(&fits).unwrap().len(), 1);
    }

    #[test]
    fn the_limit_is_for_each_reply() {
        let line: &[u8] = b"250 ok\r\n";
        assert_eq!(decode_all(&vec![line; 20_000]).unwrap().len(), 20_000);
    }
}
