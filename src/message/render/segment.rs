//! The pieces that a message is read from.

use crate::message::encoding::BodyEncoding;
use crate::message::source::Body;

/// A piece of a message.
pub(crate) enum Segment<'a> {
    /// These octets.
    Octets(&'a [u8]),
    /// A body that is open, and how it is written.
    Body(Body, BodyEncoding),
}

/// What a piece of a template consists of.
pub(crate) type Segments<'a> = [Option<Segment<'a>>; 3];

impl Segment<'_> {
    /// How many octets it has; `None` on u64 overflow.
    pub(crate) fn len(&self) -> Option<u64> {
        match self {
            Self::Octets(octets) => Some(octets.len() as u64),
            Self::Body(body, encoding) => encoding.len(body.len()?),
        }
    }
}
