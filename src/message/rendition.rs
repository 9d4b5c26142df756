//! A message as it goes to one server.

use std::fmt;

use super::layout::Segment;
use super::{Data, Octets};

/// The octets that a [`Message`](super::Message) has for a server, which may be able to carry
/// more than another.
pub struct Rendition {
    pub(super) segments: Vec<Segment>,
    pub(super) len: u64,
    pub(super) data: Data,
    pub(super) needs_smtputf8: bool,
}

impl Rendition {
    /// How many octets it has, with its line ends as CRLF, without dot stuffing and the end of
    /// data: what the parameter `SIZE=` of `MAIL` wants (RFC 1870 section 5), and exactly what
    /// [`Octets`] will hand out.
    #[must_use]
    pub fn exact_size(&self) -> u64 {
        self.len
    }

    /// What octets there are, and so what the server has to carry.
    #[must_use]
    pub fn data(&self) -> Data {
        self.data
    }

    /// Whether its fields are in UTF-8, so that the server has to offer SMTPUTF8 (RFC 6531), and
    /// the parameter `SMTPUTF8` of `MAIL` has to say it.
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        self.needs_smtputf8
    }

    /// Its octets, to be sent.
    #[must_use]
    pub fn into_octets(self) -> Octets {
        Octets::new(self.segments)
    }
}

/// Shows none of the octets.
impl fmt::Debug for Rendition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendition")
            .field("exact_size", &self.len)
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}
