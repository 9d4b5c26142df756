//! What real servers do wrong with groups of commands, and with chunks.

/// A way in which the server falls short of what it offers, always.
///
/// Unlike a [`Fault`](super::Fault) it has no point at which it happens once: it is what the
/// server is like. A client does nothing wrong that meets it, so it is no violation.
///
/// ```
/// use pilotfish::testing::{Quirk, TestServer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// // It offers CHUNKING, and has never heard of BDAT.
/// let server = TestServer::builder().quirk(Quirk::NoBdat).start().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quirk {
    /// Whatever has come behind the end of data, or behind the last chunk, when the server has
    /// read that far is dropped and never answered, though it may begin the next group (RFC
    /// 2920, section 3.1).
    LosesBehindMessage,
    /// Every command that has come behind the end of data, or behind the last chunk, when the
    /// server has read that far is answered with 503 and has no effect.
    RefusesBehindMessage,
    /// The connection is closed without a word as soon as one read brings a command and more
    /// behind it. What stands behind a message counts: the message is then not taken. A chunk
    /// belongs to its BDAT.
    ClosesOnGroups,
    /// BDAT is answered with 502 though CHUNKING is offered, and each line of the chunk with
    /// 500, as if it were a command.
    NoBdat,
    /// BDAT is answered with 503 though CHUNKING is offered, behind its chunk, which is dropped.
    /// The transaction goes on with DATA, or with RSET.
    RefusesBdat,
}
