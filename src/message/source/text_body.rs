//! Texts that were looked through, and how they are sent.

use std::sync::OnceLock;

use bytes::Bytes;

use super::body::{Body, BodySource};
use super::look_through::look_through;
use crate::message::encoding::{BodyEncoding, BodyType, TextEncoder, TextEncoding, TextScan};
use crate::message::error::{BodyError, MessageError};

/// A text, and what may be done with it.
///
/// The octets stay as they are. Line ends become CRLF, and a text is encoded, while it is sent.
#[derive(Debug)]
pub(crate) struct TextBody {
    body: Body,
    /// How many octets it has with CRLF for every line break.
    len: u64,
    /// The body type of the text as it is; `None` if it must be encoded.
    plain: Option<BodyType>,
    encoding: TextEncoding,
    encoded: Encoded,
}

/// The text in its encoding.
#[derive(Debug)]
enum Encoded {
    /// Of a small text in memory, and its encoding once it has been needed.
    Kept(Bytes, OnceLock<Bytes>),
    /// How many octets there are of a larger text, which is encoded each time.
    Len(u64),
}

/// What is added to the encoding of a larger text, to count it.
struct Count {
    encoder: TextEncoder,
    encoded: Vec<u8>,
    len: u64,
}

/// What looks through a text at the same time: the scan for its encoding, and one of the caller.
struct Scans<W> {
    text: TextScan,
    other: W,
    apply_other: fn(&mut W, &[u8]),
}

impl<W> Scans<W> {
    fn apply(&mut self, block: &[u8]) {
        self.text.apply(block);
        (self.apply_other)(&mut self.other, block);
    }
}

impl Count {
    fn add(&mut self, block: &[u8], is_last: bool) {
        self.encoder.apply(block, is_last, &mut self.encoded);
        self.len += self.encoded.len() as u64;
        self.encoded.clear();
    }
}

impl TextBody {
    /// Looks through a text that is open. `fragile` has the characters at the ends of lines that may
    /// get lost on the way. `apply_other` gets the same blocks as the scan of the text, and `other`,
    /// which is returned.
    ///
    /// # Errors
    ///
    /// If it is not UTF-8, cannot be read, or can be read only once.
    pub(crate) async fn new<W: Send + 'static>(
        body: Body,
        fragile: &'static [u8],
        other: W,
        apply_other: fn(&mut W, &[u8]),
    ) -> Result<(Self, W), MessageError> {
        if !body.is_repeatable() {
            return Err(MessageError::ReadOnceText);
        }
        let scans = Scans {
            text: TextScan::new(fragile),
            other,
            apply_other,
        };
        let scans = look_through(&body, scans, Scans::apply).await?;
        let (mut scan, other) = (scans.text, scans.other);
        scan.finish();
        if let Some(place) = scan.not_utf8() {
            return Err(MessageError::NotUtf8 { place });
        }
        let (plain, encoding) = (scan.plain(), scan.encoding());
        let encoded = match body.handle().into_source() {
            BodySource::Bytes(octets) if octets.len() <= TextEncoder::PIECE => {
                Encoded::Kept(octets, OnceLock::new())
            }
            _ if plain == Some(BodyType::SevenBit) => Encoded::Len(scan.len()),
            _ if encoding == TextEncoding::Base64 => {
                Encoded::Len(scan.base64_len().ok_or(MessageError::TooLarge)?)
            }
            _ => Encoded::Len(encoded_len(&body, encoding).await?),
        };
        let text = Self {
            body,
            len: scan.len(),
            plain,
            encoding,
            encoded,
        };
        Ok((text, other))
    }

    /// The body type that it is sent as, if the server supports up to `most`.
    pub(crate) fn body_type(&self, most: BodyType) -> BodyType {
        match self.plain {
            Some(data) if data <= most => data,
            // Line ends are CRLF in any case, so nothing else matters.
            _ if most == BodyType::Binary => BodyType::Binary,
            _ => BodyType::SevenBit,
        }
    }

    /// The name of its encoding, for Content-Transfer-Encoding, and how its octets are written: none,
    /// or with CRLF at the end.
    ///
    /// * 7bit or 8bit, if it is text that no system on the way has reason to change: lines of at
    ///   most 78 characters, none with white space at its end, none that begins with `From ` or
    ///   is a lone dot (RFC 2049 section 3), and no control character but the tab;
    /// * else binary, where that can be carried;
    /// * else base64, if there is a NUL in it, or if that is shorter;
    /// * else quoted-printable, which can be read as it is.
    pub(crate) fn written(&self, most: BodyType) -> (&'static str, Body, BodyEncoding) {
        let data = self.body_type(most);
        if data != BodyType::SevenBit || self.plain == Some(BodyType::SevenBit) {
            return (
                data.name(),
                self.body.handle(),
                BodyEncoding::Lines(self.len),
            );
        }
        let (body, encoding) = match &self.encoded {
            Encoded::Kept(text, encoded) => {
                let encoded = encoded.get_or_init(|| self.encoding.encode(text).into());
                (Body::bytes(encoded.clone()), BodyEncoding::Identity)
            }
            Encoded::Len(len) => (self.body.handle(), BodyEncoding::Text(self.encoding, *len)),
        };
        (self.encoding.name(), body, encoding)
    }

    /// Where it comes from.
    pub(crate) fn body(&self) -> &Body {
        &self.body
    }
}

/// How many octets the encoding of a text has.
async fn encoded_len(body: &Body, encoding: TextEncoding) -> Result<u64, BodyError> {
    let count = Count {
        encoder: TextEncoder::new(encoding),
        encoded: Vec::new(),
        len: 0,
    };
    let mut count = look_through(body, count, |count, block| count.add(block, false)).await?;
    count.add(b"", true);
    Ok(count.len)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    /// A text that is short enough to be looked through at once.
    fn looked_through(text: &str) -> TextBody {
        let body = TextBody::new(Body::from(text), b" \t", (), |(), _| {}).now_or_never();
        body.expect("it is short").unwrap().0
    }

    #[test]
    fn the_encoding_depends_on_the_text_alone() {
        let long = "x".repeat(79);
        for (text, encoding) in [
            ("", "7bit"),
            ("plain\ttext\n", "7bit"),
            (&long[1..], "7bit"),
            ("..\n. x\n>From x\nFrom:", "7bit"),
            (&long, "quoted-printable"),
            (".\n", "quoted-printable"),
            ("From x", "quoted-printable"),
            ("space \n", "quoted-printable"),
            ("tab\t", "quoted-printable"),
            ("\u{c}form feed", "quoted-printable"),
            ("plain\u{7f}text", "quoted-printable"),
            (
                "Viele Grüße aus dem schönen Bremen, Jörg",
                "quoted-printable",
            ),
            ("nul \0 in plain text", "base64"),
            ("日本語", "base64"),
            ("Привет", "base64"),
        ] {
            let body = looked_through(text);
            assert_eq!(body.written(BodyType::SevenBit).0, encoding, "{text:?}");
        }
    }

    #[test]
    fn more_can_be_sent_as_it_is_where_more_is_carried() {
        for (text, eight_bit, binary) in [
            ("plain", "7bit", "7bit"),
            ("Grüße", "8bit", "8bit"),
            (&"日".repeat(78), "8bit", "8bit"),
            (&"日".repeat(79), "base64", "binary"),
            (&"x".repeat(79), "quoted-printable", "binary"),
            (
                "From Jörg Müller-Lüdenscheidt",
                "quoted-printable",
                "binary",
            ),
            ("nul \0", "base64", "binary"),
        ] {
            let body = looked_through(text);
            assert_eq!(body.written(BodyType::EightBit).0, eight_bit, "{text:?}");
            assert_eq!(body.written(BodyType::Binary).0, binary, "{text:?}");
        }
    }
}
