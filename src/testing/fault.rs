//! What shall go wrong, and where.

use std::sync::{Mutex, PoisonError};

/// Something that goes wrong on purpose.
///
/// A fault happens when a client's command has been checked and would now be answered. A
/// command that is out of order, or a password that is wrong, gets the answer it deserves
/// and uses up no fault.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The connection is closed without an answer, and without a closure alert where TLS is
    /// active. At [`Point::EndOfData`] the message has been taken before: it is among those
    /// received, though its sender cannot know (RFC 1047).
    CloseAt(Point),
    /// This text and CRLF are sent in place of the answer.
    ///
    /// The text goes out as it stands, whatever is wrong with it; it may have several lines.
    /// The command takes effect if the text begins with 2 or 3, else it does not. A text
    /// that begins with 421 is followed by the end of the connection (RFC 5321, section
    /// 3.8). At [`Point::Body`] the text is an answer before its time, and nothing more is
    /// said when the message or the chunk has ended.
    ReplyAt(Point, String),
    /// Nothing is sent any more and nothing is read, but the connection stays open until the
    /// server is shut down. At [`Point::EndOfData`] the message has been taken before.
    SilentAt(Point),
}

/// Where in the dialogue something goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Point {
    /// Before the greeting (RFC 5321, section 4.3.1).
    Greeting,
    /// In answer to EHLO or HELO (RFC 5321, section 4.1.1.1).
    Ehlo,
    /// In answer to STARTTLS (RFC 3207, section 4).
    StartTls,
    /// In answer to credentials that are right, after the last response (RFC 4954, section 4).
    Auth,
    /// In answer to MAIL (RFC 5321, section 4.1.1.2).
    Mail,
    /// In answer to RCPT (RFC 5321, section 4.1.1.3).
    Rcpt,
    /// In answer to DATA (RFC 5321, section 4.1.1.4).
    Data,
    /// Behind 354 or in chunks, when this many octets of the message have come, as they are on
    /// the wire.
    Body(u64),
    /// In answer to a chunk that is not the last (RFC 3030, section 2).
    Chunk,
    /// In answer to the end of data (RFC 5321, section 4.1.1.4), or to the last chunk. Over
    /// LMTP a reply is for all recipients, and otherwise this is before the first of them.
    EndOfData,
    /// Over LMTP, behind the message, in answer for the recipient with this number among those
    /// that were accepted, counted from 0 (RFC 2033, section 4.2). Where nothing is said from
    /// here on, the message has been taken for this recipient and those behind.
    EndOfDataFor(usize),
    /// In answer to RSET (RFC 5321, section 4.1.1.5).
    Rset,
    /// In answer to QUIT (RFC 5321, section 4.1.1.10).
    Quit,
}

impl Fault {
    fn point(&self) -> Point {
        match self {
            Self::CloseAt(point) | Self::ReplyAt(point, _) | Self::SilentAt(point) => *point,
        }
    }
}

/// How often a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Often {
    Once,
    Always,
}

/// The faults that are still to happen, in the order they were asked for.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<Vec<(Fault, Often)>>);

impl Faults {
    pub(super) fn new(faults: Vec<(Fault, Often)>) -> Self {
        Self(Mutex::new(faults))
    }

    /// The fault for this point; one that happens once is used up.
    pub(super) fn take(&self, point: Point) -> Option<Fault> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = faults
            .iter()
            .position(|(fault, _)| fault.point() == point)?;
        match faults.get(found) {
            Some((fault, Often::Always)) => Some(fault.clone()),
            Some((_, Often::Once)) => Some(faults.remove(found).0),
            None => None,
        }
    }

    /// After how many octets of a message the next fault is due, from this many on.
    pub(super) fn next_in_body(&self, from: u64) -> Option<u64> {
        let faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = faults.iter().filter_map(|(fault, _)| match fault.point() {
            Point::Body(octets) if octets >= from => Some(octets),
            _ => None,
        });
        due.min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_happens_once_or_always() {
        let faults = Faults::new(vec![
            (Fault::CloseAt(Point::Mail), Often::Once),
            (Fault::SilentAt(Point::Mail), Often::Always),
        ]);
        assert_eq!(faults.take(Point::Rcpt), None);
        assert_eq!(faults.take(Point::Mail), Some(Fault::CloseAt(Point::Mail)));
        for _ in 0..2 {
            assert_eq!(faults.take(Point::Mail), Some(Fault::SilentAt(Point::Mail)));
        }
    }

    #[test]
    fn the_earliest_fault_in_a_body_comes_first() {
        let faults = Faults::new(vec![
            (Fault::CloseAt(Point::Body(20)), Often::Once),
            (Fault::SilentAt(Point::Body(10)), Often::Once),
        ]);
        assert_eq!(faults.next_in_body(0), Some(10));
        assert_eq!(faults.next_in_body(11), Some(20));
        assert_eq!(faults.next_in_body(21), None);
    }
}
