//! What real servers do wrong with groups of commands, and with chunks.

/// A way in which the server always falls short of what it offers.
///
/// Unlike a [`Fault`](super::Fault) a quirk has no point at which it happens once. A client that
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
