//! What the driver of a pipeline does next.

use super::super::command::Command;
use super::super::reply::Reply;
use super::Way;
#[cfg(doc)]
use super::{Grouping, Pipeline};

/// The command that a reply is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expected {
    /// RSET.
    Reset,
    /// MAIL.
    Mail,
    /// RCPT, with the recipient's place in the envelope.
    Rcpt(usize),
    /// DATA.
    Data,
    /// A chunk that is not the last.
    Chunk,
    /// The end of the message, by DATA or BDAT; by LMTP one for each accepted recipient.
    Message,
    /// An end of data with nothing before it.
    LoneEndOfData,
}

/// What the driver does next.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Next {
    /// Send these commands together. What is sent next may join them.
    Send(Vec<Command>),
    /// Send what has been put together, then receive the reply to this.
    Receive(Expected),
    /// Transfer the message of the newest mail: the server takes it now, and some recipient was
    /// accepted; or the mail goes `Grouping::Whole`. Ends with [`Pipeline::message_sent`] or
    /// [`Pipeline::abandon_message`].
    Transfer(Way),
    /// Send an end of data on its own: the server waits for a message that nobody would get
    /// (RFC 2920 section 3.1).
    AbandonData,
    /// Close the connection: the server waits for a message that it would deliver though the mail
    /// has failed, and any end of data would make one.
    HangUp,
    /// All is sent. Another mail may be begun if [`Pipeline::may_begin`] says so; else send what
    /// has been put together, and receive the reply to this.
    Await(Expected),
    /// No mail is on its way.
    Idle,
}

/// A reply that cannot be one to the command it came for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnexpectedReply(pub Reply);
