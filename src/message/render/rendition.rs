//! A message as it goes to one server: the list of segments that both its size and its reading go by.

use std::collections::VecDeque;
use std::fmt;

use bytes::Bytes;

use super::message_reader::MessageReader;
use crate::message::encoding::{BodyEncoding, BodyType};
use crate::message::source::Body;

/// The fields with addresses and identifiers (RFC 5322 section 3.6), which no encoded word can stand
/// in for.
const ADDRESSED: &str = "From Sender Reply-To To Cc Bcc Message-ID In-Reply-To References Resent-From \
    Resent-Sender Resent-To Resent-Cc Resent-Bcc Resent-Message-ID";

/// A piece of a message.
pub(crate) enum Segment {
    /// These octets.
    Octets(Bytes),
    /// A body that is open, and how it is written.
    Body(Body, BodyEncoding),
}

impl From<Bytes> for Segment {
    fn from(octets: Bytes) -> Self {
        Self::Octets(octets)
    }
}

impl Segment {
    /// How many octets all the segments have together; `None` on u64 overflow.
    pub(crate) fn len_of_all(segments: impl Iterator<Item = Self>) -> Option<u64> {
        let mut lens = segments.map(|segment| match segment {
            Self::Octets(octets) => Some(octets.len() as u64),
            Self::Body(body, encoding) => encoding.len(body.len()?),
        });
        lens.try_fold(0_u64, |sum, len| sum.checked_add(len?))
    }
}

/// From this many octets on, renditions share octets in memory. Fewer are copied, so that a
/// rendition has few segments.
const SHARED: usize = 2 * 1024;

/// The octets that a [`Message`](crate::message::Message) has for a server, which may be able to carry
/// more than another.
pub struct Rendition {
    segments: VecDeque<Segment>,
    len: u64,
    body_type: BodyType,
    needs_smtputf8: bool,
}

impl Rendition {
    /// Joins small segments. `len` is the number of octets of all together.
    pub(crate) fn new(
        segments: impl Iterator<Item = Segment>,
        len: u64,
        body_type: BodyType,
        needs_smtputf8: bool,
    ) -> Self {
        let mut joined = VecDeque::new();
        let mut small = Vec::new();
        for segment in segments {
            match segment {
                Segment::Octets(octets) if octets.len() < SHARED => {
                    small.extend_from_slice(&octets);
                }
                large => {
                    if !small.is_empty() {
                        joined.push_back(Segment::Octets(std::mem::take(&mut small).into()));
                    }
                    joined.push_back(large);
                }
            }
        }
        if !small.is_empty() {
            joined.push_back(Segment::Octets(small.into()));
        }
        Self {
            segments: joined,
            len,
            body_type,
            needs_smtputf8,
        }
    }

    /// How many octets it has, with its line ends as CRLF, without dot stuffing and the end of
    /// data: what the parameter `SIZE=` of `MAIL` wants (RFC 1870 section 5), and exactly what
    /// [`MessageReader`] will hand out.
    #[must_use]
    pub fn exact_size(&self) -> u64 {
        self.len
    }

    /// What octets there are, and so what the server has to carry.
    #[must_use]
    pub fn body_type(&self) -> BodyType {
        self.body_type
    }

    /// Whether its fields are in UTF-8, so that the server has to offer SMTPUTF8 (RFC 6531), and
    /// the parameter `SMTPUTF8` of `MAIL` has to say it.
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        self.needs_smtputf8
    }

    /// The first address or identifier in a field that only a server with SMTPUTF8 takes, as it is
    /// written, and the name of the field.
    pub(crate) fn address_beyond_ascii(&self) -> Option<(String, String)> {
        let octets = self.segments.iter().map_while(|segment| match segment {
            Segment::Octets(octets) => Some(octets.as_ref()),
            Segment::Body(..) => None,
        });
        let octets: Vec<&[u8]> = octets.collect();
        let text = octets.concat();
        let text = String::from_utf8_lossy(&text);
        let (header, _) = text.split_once("\r\n\r\n")?;
        let mut name = "";
        for line in header.split("\r\n") {
            let value = match line.split_once(':') {
                Some((field, value)) if !line.starts_with([' ', '\t']) => {
                    name = field;
                    value
                }
                _ => line,
            };
            let mut addressed = ADDRESSED.split(' ');
            if !addressed.any(|field| name.eq_ignore_ascii_case(field)) {
                continue;
            }
            let is_end = |c: char| c.is_ascii_whitespace() || "<>,;:()\"".contains(c);
            let mut words = value.split(is_end);
            if let Some(found) = words.find(|word| word.contains('@') && !word.is_ascii()) {
                return Some((found.to_owned(), name.to_owned()));
            }
        }
        None
    }

    /// Its octets, to be sent.
    #[must_use]
    pub fn into_octets(self) -> MessageReader {
        MessageReader::new(self.segments)
    }
}

/// Shows none of the octets.
impl fmt::Debug for Rendition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendition")
            .field("exact_size", &self.len)
            .field("body_type", &self.body_type)
            .finish_non_exhaustive()
    }
}
