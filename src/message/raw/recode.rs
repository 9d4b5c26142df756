//! The repair of bodies: parts that servers need not accept are encoded again.

use super::header::HeaderSection;
use super::part::{Head, parameter};
use crate::message::encoding::{
    LineEnds, Scan, Trouble, base64_lines, lines, quoted_printable, shortened,
};
use crate::message::error::{BodyError, MessageError, limit};
use crate::message::source::{Body, VerbatimBody};
use crate::message::warning::Warning;

/// How deep parts may be within each other.
const MAX_DEPTH: usize = 32;

/// The most octets of a body that is repaired, as it is in memory then.
const MAX_REPAIRED: usize = 64 << 20;

/// A body that can be sent, and its Content-Transfer-Encoding if that has changed.
pub(crate) type Repaired = (VerbatimBody, Option<&'static str>);

/// The body of a finished message, ready to be sent. Errors and warnings call the message `what`; if it
/// is not to be repaired, the error has the hint.
///
/// # Errors
///
/// If it cannot be read, or has a line that is too long or has a NUL, and that may not or cannot
/// be repaired.
pub(crate) async fn sendable(
    section: &HeaderSection<'_>,
    message: &Body,
    (what, hint): (&'static str, &'static str),
    repair: bool,
    warnings: &mut Vec<Warning>,
) -> Result<Repaired, MessageError> {
    let body = message.handle().skip(section.body_offset);
    let trouble = match VerbatimBody::new(body.handle()).await? {
        Ok(body) => return Ok((body, None)),
        Err(trouble) => trouble,
    };
    if !repair {
        return Err(MessageError::Unsendable {
            what,
            line: section.lines + trouble.line,
            found: trouble.found,
            hint,
        });
    }
    let len = usize::try_from(body.len().unwrap_or_default()).unwrap_or(usize::MAX);
    let counted = "the length of a body to be repaired in octets";
    limit(counted, len, MAX_REPAIRED)?;
    let octets = body.read(len).await?;
    let head = Head::of_section(section);
    // Many megabytes take long, and other tasks run on this thread.
    let recoding = tokio::task::spawn_blocking(move || {
        let mut recoder = Recoder::new(what);
        let root = recoder.entity(&head, &octets, "", 0);
        root.map(|root| (root, recoder.warnings))
    });
    let ((octets, encoding), found) = recoding.await.map_err(BodyError::stopped)??;
    warnings.extend(found);
    match VerbatimBody::new(Body::bytes(octets)).await? {
        Ok(body) => Ok((body, encoding)),
        Err(_) => Err(Recoder::new(what).cannot("", "its structure is broken, make it anew")),
    }
}

/// A body as it is sent, and its Content-Transfer-Encoding if that has changed.
type Recoded = (Vec<u8>, Option<&'static str>);

struct Recoder {
    /// What the message is called.
    what: &'static str,
    warnings: Vec<Warning>,
}

impl Recoder {
    fn new(what: &'static str) -> Self {
        Self {
            what,
            warnings: Vec::new(),
        }
    }

    /// The body of the message, or of the part with this number. It is the same if nothing is
    /// wrong with it.
    fn entity(
        &mut self,
        head: &Head,
        body: &[u8],
        number: &str,
        depth: usize,
    ) -> Result<Recoded, MessageError> {
        let Some(trouble) = trouble(body) else {
            return Ok((body.to_vec(), None));
        };
        if depth > MAX_DEPTH {
            return Err(self.cannot(number, "its parts are too deep within each other"));
        }
        let essence = head.essence();
        match essence.split_once('/') {
            Some(("multipart", "signed")) => Err(self.cannot(
                number,
                "it is signed, and the signature would not hold any more: repair the text, and \
                 sign that",
            )),
            Some(("multipart", _)) => {
                let Some(boundary) = parameter(&head.content_type, "boundary") else {
                    return Err(self.cannot(number, "it is a multipart without a boundary"));
                };
                Ok((self.multipart(&boundary, body, number, depth)?, None))
            }
            Some(("message", "rfc822" | "global")) => {
                let mut octets = Vec::new();
                self.part(body, number, depth, &mut octets)?;
                Ok((octets, None))
            }
            Some(("message", _)) => {
                Err(self.cannot(number, "a part of its media type must not be encoded"))
            }
            _ => self.leaf(head, body, number, trouble),
        }
    }

    fn multipart(
        &mut self,
        boundary: &str,
        body: &[u8],
        number: &str,
        depth: usize,
    ) -> Result<Vec<u8>, MessageError> {
        let mut out = Vec::new();
        let mut parts = 0;
        let (mut start, mut offset) = (0, 0);
        let mut is_part = false;
        for line in lines(body).map(Some).chain([None]) {
            let delimiter = line.and_then(|line| delimiter(line.text, boundary));
            if line.is_some() && delimiter.is_none() {
                offset += line.map_or(0, |line| line.len);
                continue;
            }
            let content = body.get(start..offset).unwrap_or_default();
            if is_part {
                parts += 1;
                let dot = if number.is_empty() { "" } else { "." };
                // The line end before a delimiter belongs to the delimiter.
                let content = without_line_end(content);
                self.part(content, &format!("{number}{dot}{parts}"), depth, &mut out)?;
                out.extend_from_slice(b"\r\n");
            } else if trouble(content).is_some() {
                let reason = "the bad line is outside of its parts, remove it";
                return Err(self.cannot(number, reason));
            } else {
                out.extend_from_slice(content);
            }
            let next = offset + line.map_or(0, |line| line.len);
            out.extend_from_slice(body.get(offset..next).unwrap_or_default());
            (start, offset) = (next, next);
            is_part = delimiter == Some(true);
        }
        Ok(out)
    }

    /// Appends a part, or a message within another, with its header.
    fn part(
        &mut self,
        part: &[u8],
        number: &str,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), MessageError> {
        let (head, header, body) = Head::read(part);
        if trouble(header).is_some() {
            return Err(self.cannot(number, "the bad line is in its header, fold it"));
        }
        let (octets, encoding) = self.entity(&head, body, number, depth + 1)?;
        match encoding {
            None => out.extend_from_slice(header),
            Some(encoding) => Head::write_with(header, encoding, out),
        }
        out.extend_from_slice(&octets);
        Ok(())
    }

    fn leaf(
        &mut self,
        head: &Head,
        body: &[u8],
        number: &str,
        trouble: Trouble,
    ) -> Result<Recoded, MessageError> {
        let mut octets = Vec::new();
        let encoding = match head.encoding_name() {
            "base64" => {
                let is_base64 = |b: &u8| b.is_ascii_alphanumeric() || b"+/=".contains(b);
                let digits: Vec<u8> = body.iter().copied().filter(is_base64).collect();
                for line in digits.chunks(76) {
                    octets.extend_from_slice(line);
                    octets.extend_from_slice(b"\r\n");
                }
                "base64"
            }
            "quoted-printable" => {
                shortened(body, &mut octets);
                "quoted-printable"
            }
            "" | "7bit" | "8bit" | "binary" | "7-bit" | "8-bit" | "7bits" | "8bits" => {
                encode(head, body, &mut octets)
            }
            _ => {
                return Err(self.cannot(
                    number,
                    "its Content-Transfer-Encoding is unknown: use base64, quoted-printable, \
                     7bit, 8bit or binary",
                ));
            }
        };
        self.warnings.push(Warning::PartRepaired {
            part: self.name(number),
            found: trouble.found,
            encoding: encoding.to_owned(),
        });
        // As it was written, a reader may not know it.
        Ok((octets, (head.encoding != encoding).then_some(encoding)))
    }

    fn name(&self, number: &str) -> String {
        match number {
            "" => self.what.to_owned(),
            number => format!("part {number} of {}", self.what),
        }
    }

    fn cannot(&self, number: &str, reason: &'static str) -> MessageError {
        let part = self.name(number);
        MessageError::Unrepairable { part, reason }
    }
}

/// Encodes what is not encoded, and gives the name of the encoding.
///
/// The line ends of a text become CRLF, as they would without an encoding (RFC 2046 section 4.1.1).
/// In UTF-16 and UTF-32 they are not single octets, and stay as they are.
fn encode(head: &Head, body: &[u8], out: &mut Vec<u8>) -> &'static str {
    let essence = head.essence();
    let is_text = essence.is_empty() || essence.starts_with("text/");
    if !is_text || head.is_wide() || has_wide_line_ends(body) {
        base64_lines(body, out);
        return "base64";
    }
    let mut content = Vec::new();
    LineEnds::default().apply(body, &mut content);
    if content.contains(&0) || str::from_utf8(&content).is_err() {
        base64_lines(&content, out);
        "base64"
    } else {
        quoted_printable(&content, out);
        "quoted-printable"
    }
}

/// Whether most line ends have two octets or four: CR or LF, and NUL for the others. The
/// text is then in UTF-16 or UTF-32, whether its charset says so or not.
fn has_wide_line_ends(text: &[u8]) -> bool {
    let (mut wide, mut narrow) = (0_usize, 0_usize);
    for pair in text.chunks(2) {
        match pair {
            [b'\r' | b'\n', 0] | [0, b'\r' | b'\n'] => wide += 1,
            pair if pair.contains(&b'\r') || pair.contains(&b'\n') => narrow += 1,
            _ => {}
        }
    }
    wide > narrow
}

fn trouble(octets: &[u8]) -> Option<Trouble> {
    let mut scan = Scan::default();
    scan.apply(octets);
    scan.body_type().err()
}

fn without_line_end(octets: &[u8]) -> &[u8] {
    let octets = octets.strip_suffix(b"\n").unwrap_or(octets);
    octets.strip_suffix(b"\r").unwrap_or(octets)
}

/// If a line is a delimiter, whether a part follows it; what follows the last one is text (RFC 2046
/// section 5.1.1).
fn delimiter(line: &[u8], boundary: &str) -> Option<bool> {
    let rest = line
        .strip_prefix(b"--")?
        .strip_prefix(boundary.as_bytes())?;
    match rest.trim_ascii_end() {
        b"" => Some(true),
        b"--" => Some(false),
        _ => None,
    }
}
