//! The octets of a message as one list, which its size and its sending both go by.

use bytes::Bytes;

use super::base64_lines::base64_lines_len;
use super::{Body, MessageError};

/// One stretch of a message.
#[derive(Debug)]
pub(super) enum Segment {
    /// These octets.
    Octets(Bytes),
    /// A body, in base64.
    Base64(Body),
}

impl Segment {
    fn len(&self) -> Option<u64> {
        match self {
            Self::Octets(octets) => Some(octets.len() as u64),
            Self::Base64(body) => base64_lines_len(body.len()),
        }
    }

    fn try_clone(&self) -> Option<Self> {
        match self {
            Self::Octets(octets) => Some(Self::Octets(octets.clone())),
            Self::Base64(body) => body.try_clone().map(Self::Base64),
        }
    }
}

/// All of a message, in order.
#[derive(Debug)]
pub(super) struct Layout {
    segments: Vec<Segment>,
    len: u64,
}

impl Layout {
    pub(super) fn new(segments: Vec<Segment>) -> Result<Self, MessageError> {
        let len = segments
            .iter()
            .try_fold(0_u64, |sum, segment| sum.checked_add(segment.len()?))
            .ok_or(MessageError::TooLarge)?;
        Ok(Self { segments, len })
    }

    /// How many octets the segments have together.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn into_segments(self) -> Vec<Segment> {
        self.segments
    }

    /// The same again; nothing if a body can be read only once.
    pub(super) fn try_clone(&self) -> Option<Self> {
        let segments = self
            .segments
            .iter()
            .map(Segment::try_clone)
            .collect::<Option<_>>()?;
        Some(Self {
            segments,
            len: self.len,
        })
    }
}
