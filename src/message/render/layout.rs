//! The octets of a message as one list, which its size and its sending both go by.

use bytes::Bytes;

use crate::message::encoding::Coding;
use crate::message::source::Body;

/// One stretch of a message.
pub(crate) enum Segment {
    /// These octets.
    Octets(Bytes),
    /// A body that is open, and how it is written.
    Body(Body, Coding),
}

impl Segment {
    fn len(&self) -> Option<u64> {
        match self {
            Self::Octets(octets) => Some(octets.len() as u64),
            Self::Body(body, coding) => coding.len(body.len()?),
        }
    }
}

/// All of a message, in order.
#[derive(Default)]
pub(crate) struct Layout {
    segments: Vec<Segment>,
    /// Octets for the next segment.
    open: Vec<u8>,
}

/// Octets from which on they are shared rather than copied: a copy in every rendition that is
/// under way takes memory.
const LARGE: usize = 2 * 1024;

impl Layout {
    /// Adds octets.
    pub(crate) fn octets(&mut self, octets: &Bytes) {
        if octets.len() < LARGE {
            self.open.extend_from_slice(octets);
        } else {
            self.close();
            self.segments.push(Segment::Octets(octets.clone()));
        }
    }

    /// Adds a few octets.
    pub(crate) fn line(&mut self, octets: &[u8]) {
        self.open.extend_from_slice(octets);
    }

    /// Adds a body.
    pub(crate) fn body(&mut self, body: &Body, coding: Coding) {
        self.close();
        self.segments.push(Segment::Body(body.share(), coding));
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            let octets = std::mem::take(&mut self.open);
            self.segments.push(Segment::Octets(octets.into()));
        }
    }

    /// The segments, and how many octets they have together.
    /// Nothing if a number of 64 bits cannot say it.
    pub(crate) fn finish(mut self) -> (Vec<Segment>, Option<u64>) {
        self.close();
        let mut segments = self.segments.iter();
        let len = segments.try_fold(0_u64, |sum, segment| sum.checked_add(segment.len()?));
        (self.segments, len)
    }
}
