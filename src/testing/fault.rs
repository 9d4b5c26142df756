//! What the server does wrong on purpose, and where.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Something that goes wrong on purpose.
///
/// A fault happens when the server has checked a command and would now reply. A command that is out
/// of order, or a wrong password, gets the usual reply and uses up no fault.
///
/// ```
/// use pilotfish::testing::{self, Fault, Point};
/// use pilotfish::{Client, Fate, Message, ServerConfig};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // The message arrives, and the reply is lost.
/// let submission = testing::TestServer::builder()
///     .fault(Fault::CloseAt(Point::EndOfData))
/// #   .security(testing::Security::Cleartext)
///     .anonymous()
///     .start()
///     .await?;
/// # let server = ServerConfig::builder(submission.addr().ip())
/// #     .port(submission.addr().port())
/// #     .security(pilotfish::Security::Cleartext)
/// #     .build()?;
/// # let client = Client::new(server);
/// # let message = Message::builder().from("ada@here.example").to("bob@there.example").text("noon");
/// # let message = message.build().await?;
/// let error = client.send(message).await.unwrap_err();
/// assert_eq!(error.fate(), Fate::Unknown);
/// assert_eq!(submission.received().len(), 1);
/// # client.close().await;
/// submission.shutdown().await?;
/// # Ok(())
/// # }
/// ```
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
    /// The server sends the usual reply and closes the connection. It reads and drops what the client
    /// has sent meanwhile. At [`Point::Body`], where no reply is due, the message is cut off.
    CloseAfter(Point),
    /// The server sends the usual reply and after it this text and CRLF as an unsolicited reply. After
    /// a text that begins with 421 it ends the connection:
    /// `SayAfter(Point::EndOfData, "421 4.3.2 bye".into())` accepts a message, replies 250, and then
    /// closes with 421. At [`Point::Body`], where no reply is due, it sends the text alone.
    SayAfter(Point, String),
    /// The server neither sends nor reads any more, but keeps the connection open until it shuts
    /// down. At [`Point::EndOfData`] it has accepted the message before.
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
    /// After 354 or in chunks, when this many octets of the message have arrived, counted as they are
    /// on the wire.
    Body(u64),
    /// In answer to a chunk that is not the last (RFC 3030, section 2).
    Chunk,
    /// In answer to the end of data (RFC 5321, section 4.1.1.4), or to the last chunk. Over
    /// LMTP a reply is for all recipients, and otherwise this is before the first of them.
    EndOfData,
    /// Over LMTP, after the message, in the reply for the recipient with this number among the
    /// accepted ones, counted from 0 (RFC 2033, section 4.2). If the server sends nothing from here
    /// on, it has accepted the message for this recipient and the following ones.
    EndOfDataFor(usize),
    /// In answer to RSET (RFC 5321, section 4.1.1.5).
    Rset,
    /// In answer to QUIT (RFC 5321, section 4.1.1.10).
    Quit,
    /// In place of the 421 for a client that was idle for longer than
    /// [`TestServerBuilder::idle_timeout`](super::TestServerBuilder::idle_timeout) allows. The connection
    /// ends here, whatever the fault is.
    Idle,
}

/// A way in which the server always falls short of what it offers.
///
/// Unlike a [`Fault`] a quirk has no point at which it happens once. A client that
/// meets it does nothing wrong, so the server records no violation.
///
/// ```
/// use pilotfish::testing::{Quirk, TestServer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// // It offers CHUNKING and does not know BDAT.
/// let server = TestServer::builder().quirk(Quirk::NoBdat).start().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quirk {
    /// The server drops what has arrived after the end of data or after the last chunk when it has
    /// read that far, and never replies to it, though it may be the begin of the next group (RFC
    /// 2920, section 3.1).
    LosesBehindMessage,
    /// The server replies 503 to every command that has arrived after the end of data or after the
    /// last chunk when it has read that far. The commands have no effect.
    RefusesBehindMessage,
    /// The server closes the connection without a reply as soon as one read brings a command and more
    /// after it. This includes what follows a message: the server then does not accept the message.
    /// A chunk belongs to its BDAT.
    ClosesOnGroups,
    /// The server replies 502 to BDAT though it offers CHUNKING, and 500 to each line of the chunk, as
    /// if it were a command.
    NoBdat,
    /// The server replies 503 to BDAT though it offers CHUNKING, after it has read and dropped the
    /// chunk. The transaction goes on with DATA, or with RSET.
    RefusesBdat,
}

impl Fault {
    /// Whether it follows the usual reply.
    pub(super) fn follows_reply(&self) -> bool {
        matches!(self, Self::CloseAfter(_) | Self::SayAfter(..))
    }

    fn point(&self) -> Point {
        match self {
            Self::CloseAt(point)
            | Self::ReplyAt(point, _)
            | Self::CloseAfter(point)
            | Self::SayAfter(point, _)
            | Self::SilentAt(point) => *point,
        }
    }
}

/// How often a fault happens.
#[derive(Debug)]
pub(super) enum Frequency {
    Once,
    Always,
    /// Every this many times that its point is reached.
    Every {
        nth: u64,
        /// Whether each connection counts by itself.
        in_connection: bool,
        /// How often the point was reached: by each connection, or by all under the number 0.
        reached: HashMap<u64, u64>,
    },
}

impl Frequency {
    pub(super) fn every(nth: u64, in_connection: bool) -> Self {
        Self::Every {
            nth,
            in_connection,
            reached: HashMap::new(),
        }
    }

    /// Whether the fault is due, now that this connection has reached its point once more.
    fn is_due(&mut self, connection: u64) -> bool {
        let Self::Every {
            nth,
            in_connection,
            reached,
        } = self
        else {
            return true;
        };
        let number = if *in_connection { connection } else { 0 };
        let reached = reached.entry(number).or_default();
        *reached += 1;
        reached.is_multiple_of(*nth)
    }

    /// Whether it can be due at all.
    pub(super) fn is_possible(&self) -> bool {
        !matches!(self, Self::Every { nth: 0, .. })
    }
}

/// The faults that are still to happen, in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<Vec<(Fault, Frequency)>>);

impl Faults {
    pub(super) fn new(faults: Vec<(Fault, Frequency)>) -> Self {
        Self(Mutex::new(faults))
    }

    /// The fault for this point, which this connection has reached; one that happens once is used
    /// up.
    pub(super) fn take(&self, point: Point, connection: u64) -> Option<Fault> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = None;
        for (index, (fault, frequency)) in faults.iter_mut().enumerate() {
            // Every frequency counts, also after a fault was found.
            if fault.point() == point && frequency.is_due(connection) && found.is_none() {
                found = Some(index);
            }
        }
        match faults.get(found?)? {
            (_, Frequency::Once) => Some(faults.remove(found?).0),
            (fault, _) => Some(fault.clone()),
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
            (Fault::CloseAt(Point::Mail), Frequency::Once),
            (Fault::SilentAt(Point::Mail), Frequency::Always),
        ]);
        assert_eq!(faults.take(Point::Rcpt, 1), None);
        assert_eq!(
            faults.take(Point::Mail, 1),
            Some(Fault::CloseAt(Point::Mail))
        );
        for _ in 0..2 {
            assert_eq!(
                faults.take(Point::Mail, 1),
                Some(Fault::SilentAt(Point::Mail))
            );
        }
    }

    #[test]
    fn every_third_time_for_all_or_for_each_connection() {
        let (every, in_connection) = (Frequency::every(3, false), Frequency::every(3, true));
        // Connections in turn, and at which of their visits the fault is due.
        for (frequency, due) in [(every, [3, 6]), (in_connection, [5, 6])] {
            let faults = Faults::new(vec![(Fault::CloseAt(Point::Mail), frequency)]);
            let visits = (1..=6).filter(|visit| {
                let connection = u64::from(visit % 2 == 0);
                faults.take(Point::Mail, connection).is_some()
            });
            assert_eq!(visits.collect::<Vec<_>>(), due);
        }
    }

    #[test]
    fn the_earliest_fault_in_a_body_comes_first() {
        let faults = Faults::new(vec![
            (Fault::CloseAt(Point::Body(20)), Frequency::Once),
            (Fault::SilentAt(Point::Body(10)), Frequency::Once),
        ]);
        assert_eq!(faults.next_in_body(0), Some(10));
        assert_eq!(faults.next_in_body(11), Some(20));
        assert_eq!(faults.next_in_body(21), None);
    }
}
