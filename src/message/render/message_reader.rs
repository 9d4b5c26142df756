//! A message as it goes out, block by block.

use std::collections::VecDeque;
use std::fmt;

use super::body_reader::BodyReader;
use super::rendition::Segment;
use crate::message::encoding::MAX_PIECE;
use crate::message::error::BodyError;

/// The octets of a [`Rendition`](crate::message::Rendition), in blocks.
///
/// They are as its [`body_type`](crate::message::Rendition::body_type) says. There is no dot stuffing and no end of
/// data in them (RFC 5321 sections 4.5.2 and 4.1.1.4); unless they are binary, the last line has
/// its CRLF.
pub struct MessageReader {
    segments: VecDeque<Segment>,
    /// The body that is being read, which was the segment before all these.
    body: Option<Box<BodyReader>>,
    broken_off: bool,
}

impl MessageReader {
    /// The most octets of a block: enough for one piece of a body and some header.
    pub const MAX_BLOCK: usize = 160 * 1024;

    pub(crate) fn new(segments: VecDeque<Segment>) -> Self {
        Self {
            segments,
            body: None,
            broken_off: false,
        }
    }

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
    /// It must be called in a Tokio runtime if there are files among the bodies.
    ///
    /// # Errors
    ///
    /// If a body cannot be read, or does not have the length it should have. This is always
    /// found before the last block, so what has been handed out until then must not be
    /// completed. After an error, every further call is [`BodyError::BrokenOff`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, what it appended up to then stays in `block`, and the next call
    /// goes on from there. Nothing is lost or repeated.
    pub async fn next_block(&mut self, block: &mut Vec<u8>) -> Result<bool, BodyError> {
        if self.broken_off {
            return Err(BodyError::BrokenOff);
        }
        let mut room = Self::MAX_BLOCK;
        loop {
            if let Some(body) = &mut self.body {
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
