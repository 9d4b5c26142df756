//! A message as it goes to one server.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::message_reader::MessageReader;
use super::segment::{Segment, Segments};
use super::template::Template;
use crate::message::encoding::BodyType;
use crate::message::header::HeaderCharset;
use crate::message::raw::split_fields;

/// The fields with addresses and identifiers (RFC 5322 section 3.6), which no encoded word can stand
/// in for.
const ADDRESSED: &str = "From Sender Reply-To To Cc Bcc Message-ID In-Reply-To References Resent-From \
    Resent-Sender Resent-To Resent-Cc Resent-Bcc Resent-Message-ID";

/// The octets of a [`Message`](crate::message::Message) for one server, encoded for the body types that
/// the server supports.
pub struct Rendition {
    template: Arc<Template>,
    /// Fields before all others.
    signatures: Bytes,
    most: BodyType,
    charset: HeaderCharset,
    needs_smtputf8: bool,
    /// The largest number if there are more.
    len: u64,
}

impl Rendition {
    /// The message for a server that supports body types up to `most`, with fields in `charset`.
    pub(crate) fn new(
        template: Arc<Template>,
        signatures: Bytes,
        most: BodyType,
        charset: HeaderCharset,
        needs_smtputf8: bool,
    ) -> Self {
        let mut rendition = Self {
            needs_smtputf8: needs_smtputf8 || template.is_utf8(charset),
            template,
            signatures,
            most,
            charset,
            len: 0,
        };
        rendition.len = rendition.sum().unwrap_or(u64::MAX);
        rendition
    }

    /// The segments of a piece; the signatures are the first piece.
    pub(super) fn segments_of(&self, piece: usize) -> Option<Segments<'_>> {
        match piece.checked_sub(1) {
            None => Some([Some(Segment::Octets(&self.signatures)), None, None]),
            Some(at) => self.template.segments(at, self.most, self.charset),
        }
    }

    /// How many octets there are; `None` on u64 overflow.
    fn sum(&self) -> Option<u64> {
        let mut sum = 0_u64;
        for piece in 0.. {
            let Some(segments) = self.segments_of(piece) else {
                break;
            };
            for segment in segments.into_iter().flatten() {
                sum = sum.checked_add(segment.len()?)?;
            }
        }
        Some(sum)
    }

    fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        let pieces = (0..).map_while(|piece| self.segments_of(piece));
        pieces.flatten().flatten()
    }

    /// The number of octets, with CRLF as line ends, and without dot stuffing and the end of data.
    /// This is the value of the parameter `SIZE=` of `MAIL` (RFC 1870 section 5), and exactly what
    /// [`MessageReader`] reads.
    #[must_use]
    pub fn exact_size(&self) -> u64 {
        self.len
    }

    /// The body type, which the server must support.
    #[must_use]
    pub fn body_type(&self) -> BodyType {
        let fields = if self.needs_smtputf8 {
            BodyType::EightBit
        } else {
            BodyType::SevenBit
        };
        self.template.body_type(self.most).max(fields)
    }

    /// Whether the fields are in UTF-8, so that the server must offer SMTPUTF8 (RFC 6531), and
    /// `MAIL` must have the parameter `SMTPUTF8`.
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        self.needs_smtputf8
    }

    /// The first address or identifier in a field that only a server with SMTPUTF8 takes, as it is
    /// written, and the name of the field.
    pub(crate) fn address_beyond_ascii(&self) -> Option<(String, String)> {
        let octets = self.segments().map_while(|segment| match segment {
            Segment::Octets(octets) => Some(octets),
            Segment::Body(..) => None,
        });
        let octets: Vec<&[u8]> = octets.collect();
        let header = octets.concat();
        let is_end = |c: char| c.is_ascii_whitespace() || "<>,;:()\"".contains(c);
        let mut fields = split_fields(&header).filter(|field| field.is_one_of(ADDRESSED));
        fields.find_map(|field| {
            let value = field.unfolded_lossy();
            let mut words = value.split(is_end);
            let found = words.find(|word| word.contains('@') && !word.is_ascii())?;
            Some((found.to_owned(), field.name.to_owned()))
        })
    }

    /// Begins to read the octets.
    #[must_use]
    pub fn into_octets(self) -> MessageReader {
        MessageReader::new(self)
    }
}

/// Shows none of the octets.
impl fmt::Debug for Rendition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendition")
            .field("exact_size", &self.len)
            .field("body_type", &self.body_type())
            .finish_non_exhaustive()
    }
}
