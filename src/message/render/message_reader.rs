//! The octets of a message for one server, block by block.

use std::fmt;

use super::body_reader::BodyReader;
use super::rendition::Rendition;
use super::segment::Segment;
use crate::message::encoding::MAX_PIECE;
use crate::message::error::BodyError;

/// The octets of a [`Rendition`](crate::message::Rendition), in blocks.
///
/// They are of its [`body_type`](crate::message::Rendition::body_type), without dot stuffing and the
/// end of data (RFC 5321 sections 4.5.2 and 4.1.1.4). Unless they are binary, the last line ends with
/// CRLF.
pub struct MessageReader {
    rendition: Rendition,
    /// The piece that is read next, the segment of it, and how many octets of that have been read.
    piece: usize,
    segment: usize,
    offset: usize,
    /// The body that is being read, which was the segment before that.
    body: Option<Box<BodyReader>>,
    /// How many octets of the block a call has appended that was dropped.
    begun: usize,
    /// What of the last piece did not fit into its block.
    surplus: Vec<u8>,
    /// Whether the block consists of whole lines of base64.
    is_base64: bool,
    broken_off: bool,
}

impl MessageReader {
    pub(super) fn new(rendition: Rendition) -> Self {
        Self {
            rendition,
            piece: 0,
            segment: 0,
            offset: 0,
            body: None,
            begun: 0,
            surplus: Vec::new(),
            is_base64: false,
            broken_off: false,
        }
    }

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
    /// from there, with the same block unless that has been emptied. Nothing is lost or repeated. If every
    /// future is dropped after it has been polled once, bodies in memory are read on all the same.
    pub async fn next_block(&mut self, block: &mut Vec<u8>) -> Result<bool, BodyError> {
        if self.broken_off {
            return Err(BodyError::BrokenOff);
        }
        // What an earlier call has appended may be before.
        if block.is_empty() {
            self.begun = 0;
            self.is_base64 = true;
        }
        self.is_base64 &= self.surplus.is_empty();
        self.begun += self.surplus.len();
        block.append(&mut self.surplus);
        let has_more = self.append(block).await?;
        self.begun = 0;
        Ok(has_more)
    }

    /// Appends what there is room for in the block that has been begun.
    async fn append(&mut self, block: &mut Vec<u8>) -> Result<bool, BodyError> {
        loop {
            if let Some(body) = &mut self.body {
                self.is_base64 &= body.is_base64();
                while let Some(most) = body.next_len() {
                    let room = Self::MAX_BLOCK.saturating_sub(self.begun);
                    if most > room && (room == 0 || !body.may_be_cut()) {
                        return Ok(true);
                    }
                    let before = block.len();
                    if let Err(error) = body.next_piece(block).await {
                        self.broken_off = true;
                        return Err(error);
                    }
                    let len = block.len() - before;
                    if len > room {
                        self.surplus = block.split_off(before + room);
                        return Ok(true);
                    }
                    self.begun += len;
                }
                self.body = None;
            }
            let Some(segments) = self.rendition.segments_of(self.piece) else {
                return Ok(false);
            };
            match segments.into_iter().nth(self.segment).flatten() {
                None => {
                    self.piece += 1;
                    self.segment = 0;
                    continue;
                }
                Some(Segment::Body(body, encoding)) => {
                    self.body = Some(Box::new(BodyReader::new(body, encoding)));
                }
                Some(Segment::Octets(octets)) => {
                    self.is_base64 = false;
                    let room = Self::MAX_BLOCK.saturating_sub(self.begun);
                    let rest = octets.get(self.offset..).unwrap_or_default();
                    let taken = rest.get(..room).unwrap_or(rest);
                    block.extend_from_slice(taken);
                    self.begun += taken.len();
                    if taken.len() < rest.len() {
                        self.offset += taken.len();
                        return Ok(true);
                    }
                    self.offset = 0;
                }
            }
            self.segment += 1;
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
            .field("rendition", &self.rendition)
            .finish_non_exhaustive()
    }
}
