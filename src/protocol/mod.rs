//! SMTP without I/O: commands, replies, and the decisions that follow from them.
//!
//! Nothing in this module waits, logs, reads a clock or draws a random number, so its tests need only
//! octets.

mod auth;
mod command;
mod extensions;
#[doc(hidden)]
pub mod fuzzing;
mod limits;
mod mask;
mod parameter;
mod pipeline;
mod reply;
mod reply_decoder;
mod reply_meaning;
mod retry_after;
mod stage;
mod transparency;
mod value_error;

pub(crate) use auth::{
    ChannelBinding, ClientNonce, Exchange, ExchangeError, ExchangeStep, Gs2Flag,
};
pub use auth::{Credentials, Mechanism};
pub(crate) use command::{Argument, Chunk, Command};
pub use extensions::{Extension, Extensions};
pub use limits::Limits;
pub(crate) use mask::Mask;
pub(crate) use parameter::{BodyValue, Parameter, Parameters, RcptParameter};
pub(crate) use pipeline::{
    Action, Defect, ExpectedReply, Grouping, Pipeline, Refusal, SendPlan, TransactionOutcome,
    TransferCommand, UnexpectedReply,
};
pub use pipeline::{Chunking, Dialect, Pipelining, Strategy};
pub(crate) use reply::visible;
pub use reply::{EnhancedStatus, Reply, ReplyClass, ReplyCode, is_printable};
pub(crate) use reply_decoder::{ReplyDecoder, ReplyError};
pub use reply_meaning::ReplyMeaning;
pub use stage::Stage;
pub(crate) use transparency::Transparency;
pub use value_error::ValueError;
pub(crate) use value_error::{named, try_from_text};
