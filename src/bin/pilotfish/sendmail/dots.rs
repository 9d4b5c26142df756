//! The end of a message in the dialogue of `-bs`, and the dots that the caller put before others.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// What ends a line of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineEnd {
    /// LF, with or without CR before it, as no command has come with CRLF: a person or a script writes
    /// the dialogue.
    Any,
    /// CRLF alone (RFC 5321 section 2.3.8), since a command has come with it.
    ///
    /// The caller is a program then, which may pass on the message of somebody else. A bare LF beside a
    /// dot is content for it: if that ended the message here, its author could write the next commands
    /// ("SMTP smuggling"). The content keeps a bare LF or CR as it is. When the mail is sent, the library
    /// makes each of them a CRLF and puts a dot before the dots that begin a line then, so that no server,
    /// however it reads line ends, finds another end of the message.
    CrLf,
}

/// Where in a line of the message the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Beginning,
    AfterDot,
    /// After a dot at the beginning of the line, and a CR.
    AfterDotAndCr,
    AfterCr,
    Middle,
}

impl Place {
    /// The place after an octet of the content.
    fn after(self, octet: u8, line_end: LineEnd) -> Self {
        match octet {
            b'\n' if line_end == LineEnd::Any || self == Self::AfterCr => Self::Beginning,
            b'\r' => Self::AfterCr,
            _ => Self::Middle,
        }
    }

    /// Whether an LF ends the message.
    fn is_end(self, line_end: LineEnd) -> bool {
        match self {
            Self::AfterDot => line_end == LineEnd::Any,
            Self::AfterDotAndCr => true,
            _ => false,
        }
    }
}

/// Copies a message up to the line that has only a dot, and takes the dot away that the caller put
/// before other dots (RFC 5321 section 4.5.2).
pub(super) async fn copy_message(
    input: &mut (impl AsyncBufRead + Unpin),
    mut output: impl AsyncWrite + Unpin,
    line_end: LineEnd,
) -> io::Result<()> {
    let mut place = Place::Beginning;
    // A message that cannot be kept is read to its end, where the next command begins.
    let mut is_kept = true;
    loop {
        let octets = input.fill_buf().await?;
        if octets.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut content = Vec::with_capacity(octets.len());
        let mut used = 0;
        let mut has_ended = false;
        for octet in octets.iter().copied() {
            used += 1;
            match (place, octet) {
                (Place::Beginning, b'.') => {
                    place = Place::AfterDot;
                    continue;
                }
                (Place::AfterDot, b'\r') => {
                    place = Place::AfterDotAndCr;
                    continue;
                }
                (_, b'\n') if place.is_end(line_end) => {
                    has_ended = true;
                    break;
                }
                (Place::AfterDotAndCr, _) => content.push(b'\r'),
                _ => {}
            }
            content.push(octet);
            place = place.after(octet, line_end);
        }
        input.consume(used);
        is_kept = is_kept && output.write_all(&content).await.is_ok();
        if has_ended {
            let _ = output.shutdown().await;
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, BufReader};

    use super::LineEnd::{Any, CrLf};
    use super::*;

    #[tokio::test]
    async fn a_message_ends_at_a_dot_and_dots_are_taken_away() {
        for (line_end, input, expected) in [
            (Any, ".\r\nQUIT", Some("")),
            (Any, ".\nQUIT", Some("")),
            (Any, "a\r\n.\r\nQUIT", Some("a\r\n")),
            (Any, "a\r\n.\nQUIT", Some("a\r\n")),
            (Any, "a\n..\n...b\n.\nQUIT", Some("a\n.\n..b\n")),
            (Any, "a.\n. \n.\r\nQUIT", Some("a.\n \n")),
            (Any, ".\rx\r\n.\r\nQUIT", Some("\rx\r\n")),
            (Any, "a\r\n.", None),
            (Any, "", None),
            (CrLf, ".\r\nQUIT", Some("")),
            (CrLf, "a\r\n..\r\n.b\r\n.\r\nQUIT", Some("a\r\n.\r\nb\r\n")),
            // What other servers take as the end.
            (CrLf, "a\n.\nb\r\n.\r\nQUIT", Some("a\n.\nb\r\n")),
            (CrLf, "a\n.\r\nb\r\n.\r\nQUIT", Some("a\n.\r\nb\r\n")),
            (CrLf, "a\r\n.\nb\r\n.\r\nQUIT", Some("a\r\n\nb\r\n")),
            (CrLf, "a\r.\r\nb\r\n.\r\nQUIT", Some("a\r.\r\nb\r\n")),
            (CrLf, "a\r\n.\rb\r\n.\r\nQUIT", Some("a\r\n\rb\r\n")),
            (CrLf, "a\r\n.\r\r\n.\r\nQUIT", Some("a\r\n\r\r\n")),
            (CrLf, "a\n\r\n.\r\nQUIT", Some("a\n\r\n")),
            (CrLf, "a\r\r\n.\r\nQUIT", Some("a\r\r\n")),
            (CrLf, ".\nQUIT", None),
            (CrLf, "a\n.\nQUIT", None),
            (CrLf, "a\n.\r\nQUIT", None),
            (CrLf, "a\r\n.\nQUIT", None),
        ] {
            for size in [1, 3, 100] {
                let mut reader = BufReader::with_capacity(size, input.as_bytes());
                let mut output = Vec::new();
                let copied = copy_message(&mut reader, &mut output, line_end).await;
                let found = copied.ok().map(|()| String::from_utf8(output).unwrap());
                assert_eq!(found.as_deref(), expected, "{line_end:?} {input:?}");
                if expected.is_some() {
                    let mut rest = String::new();
                    reader.read_to_string(&mut rest).await.unwrap();
                    assert_eq!(rest, "QUIT");
                }
            }
        }
    }
}
