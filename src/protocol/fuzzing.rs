//! The parts that fuzz targets and benchmarks reach. This module is not part of the interface.

pub use super::auth::{ClientNonce, Exchange, ExchangeStep, Gs2Flag};
pub use super::command::{Chunk, Command};
pub use super::parameter::Parameters;
pub use super::pipeline::{
    Action, Defect, ExpectedReply, Pipeline, SendPlan, TransactionOutcome, TransferCommand,
    UnexpectedReply,
};
pub use super::reply_decoder::{MAX_LINE, MAX_LINES, MAX_REPLY, ReplyDecoder, ReplyError};
pub use super::transparency::Transparency;
