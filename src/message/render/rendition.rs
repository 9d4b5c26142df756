//! A message as it goes to one server: its segments, and the blocks that they are read in.

use std::collections::VecDeque;
use std::fmt;

use bytes::Bytes;

use super::body_reader::BodyReader;
use crate::message::encoding::{BodyEncoding, BodyType, MAX_PIECE};
use crate::message::error::BodyError;
use crate::message::raw::split_fields;
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

/// The octets of a [`Message`](crate::message::Message) for one server, encoded for the body types that
/// the server supports.
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
        self.body_type
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
        let octets = self.segments.iter().map_while(|segment| match segment {
            Segment::Octets(octets) => Some(octets.as_ref()),
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
        MessageReader {
            segments: self.segments,
            body: None,
            is_base64: false,
            broken_off: false,
        }
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

/// The octets of a [`Rendition`](crate::message::Rendition), in blocks.
///
/// They are of its [`body_type`](crate::message::Rendition::body_type), without dot stuffing and the
/// end of data (RFC 5321 sections 4.5.2 and 4.1.1.4). Unless they are binary, the last line ends with
/// CRLF.
pub struct MessageReader {
    segments: VecDeque<Segment>,
    /// The body that is being read, which was the segment before all these.
    body: Option<Box<BodyReader>>,
    /// Whether the block consists of whole lines of base64.
    is_base64: bool,
    broken_off: bool,
}

impl MessageReader {
    /// The most octets of a block: enough for one piece of a body and some header.
    pub const MAX_BLOCK: usize = 160 * 1024;

    /// Appends the next block, of at most [`MAX_BLOCK`](MessageReader::MAX_BLOCK) octets, to `block`,
    /// and returns whether more blocks follow. After the last block, it appends nothing and returns
    /// `false` again.
    ///
    /// ```
    /// # async fn example(message: pilotfish::Message) -> Result<(), pilotfish::message::BodyError> {
    /// let mut reader = message.into_octets();
    /// let mut octets = Vec::new();
    /// while reader.next_block(&mut octets).await? {}
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// It must be called in a Tokio runtime if a body is a file.
    ///
    /// # Errors
    ///
    /// If a body cannot be read, or does not have the declared length. The error always comes
    /// before the last block, so what has been read until then must not be sent as a complete
    /// message. After an error, every further call returns [`BodyError::BrokenOff`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, what it has appended stays in `block`, and the next call continues
    /// from there. Nothing is lost or repeated.
    pub async fn next_block(&mut self, block: &mut Vec<u8>) -> Result<bool, BodyError> {
        if self.broken_off {
            return Err(BodyError::BrokenOff);
        }
        let mut room = Self::MAX_BLOCK;
        // What an earlier call has appended may be before.
        self.is_base64 |= block.is_empty();
        loop {
            if let Some(body) = &mut self.body {
                self.is_base64 &= body.is_base64();
                while let Some(most) = body.next_len() {
                    if most > room {
                        return Ok(true);
                    }
                    let before = block.len();
                    if let Err(error) = body.next_piece(block).await {
                        self.broken_off = true;
                        return Err(error);
                    }
                    room = room.saturating_sub(block.len() - before);
                }
                self.body = None;
            }
            match self.segments.pop_front() {
                None => return Ok(false),
                Some(Segment::Body(body, encoding)) => {
                    self.body = Some(Box::new(BodyReader::new(body, encoding)));
                }
                Some(Segment::Octets(mut octets)) => {
                    self.is_base64 = false;
                    let taken = octets.split_to(octets.len().min(room));
                    block.extend_from_slice(&taken);
                    room -= taken.len();
                    if !octets.is_empty() {
                        self.segments.push_front(Segment::Octets(octets));
                        return Ok(true);
                    }
                }
            }
        }
    }

    /// Whether the block to which [`next_block`](Self::next_block) has appended, and which was empty
    /// before, consists of whole lines of base64.
    pub(crate) fn is_base64(&self) -> bool {
        self.is_base64
    }
}

const _: () = assert!(
    MAX_PIECE <= MessageReader::MAX_BLOCK,
    "a piece fits into a block"
);

/// Shows none of the octets.
impl fmt::Debug for MessageReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageReader")
            .field("segments", &self.segments.len())
            .finish_non_exhaustive()
    }
}
