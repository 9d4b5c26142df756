//! How a mail goes out, and what the driver of a pipeline does next.

use super::super::reply::Reply;
use super::Dialect;
#[cfg(doc)]
use super::Pipeline;

/// How many commands go out before the client waits for a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Grouping {
    /// Each command waits for its reply: for servers without PIPELINING.
    OneAtATime,
    /// MAIL, all RCPT and DATA leave together (RFC 2920 section 3.1). By BDAT, the message waits
    /// until the server has accepted a recipient.
    Grouped,
    /// MAIL, all RCPT and the message by BDAT leave together (RFC 3030 section 2).
    WithMessage,
}

/// The command that transfers a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransferCommand {
    /// DATA (RFC 5321 section 4.1.1.4).
    Data,
    /// BDAT, in chunks (RFC 3030 section 2).
    Bdat,
}

/// How one mail goes out, as [`Pipeline::plan`] has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SendPlan {
    /// Which commands wait for replies.
    pub grouping: Grouping,
    /// The command that transfers the message.
    pub command: TransferCommand,
    /// The message's size in octets.
    pub size: u64,
    /// How the server replies to the message.
    pub dialect: Dialect,
}

/// The command that a reply is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpectedReply {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Send the commands of [`Pipeline::group`] together. What is sent next may join them.
    Send,
    /// Send what has been put together, then receive the reply to this.
    Receive(ExpectedReply),
    /// Transfer the message of the newest mail: the server takes it now, and some recipient was
    /// accepted; or the mail goes `Grouping::WithMessage`. Ends with [`Pipeline::message_sent`] or
    /// [`Pipeline::abandon_message`].
    Transfer(TransferCommand),
    /// Send an end of data on its own: the server waits for a message, and has accepted no recipient
    /// for it (RFC 2920 section 3.1).
    AbandonData,
    /// Close the connection: the mail has failed, and the server waits for a message. It would deliver
    /// whatever an end of data completes.
    HangUp,
    /// All commands are sent. Begin another mail if [`Pipeline::may_begin`] allows it; otherwise send
    /// what has been put together, and receive the reply to this.
    Await(ExpectedReply),
    /// No mail is on its way.
    Idle,
}

/// A reply that cannot be one to the command it came for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnexpectedReply(pub Reply);
