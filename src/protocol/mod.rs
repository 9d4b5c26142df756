//! SMTP values and decisions, without I/O: what is sent, what was answered, what follows.
//!
//! Nothing in here waits, logs, reads a clock or draws a random number, so all of it is tested
//! by octets alone.

mod argument;
mod auth;
mod command;
mod extensions;
mod limits;
mod mask;
mod parameter;
mod pipeline;
mod reply;
mod reply_decoder;
mod reply_meaning;
mod transparency;

pub use argument::{Argument, ArgumentError};
pub use auth::{
    Binding, ChannelBinding, ClientNonce, Credentials, CredentialsError, Exchange, ExchangeError,
    Mechanism, OAuthRefusal, Step, UnknownMechanism,
};
pub use command::{Chunk, Command};
pub use extensions::{Extension, Extensions, FutureRelease};
pub use limits::Limits;
pub(crate) use mask::Mask;
pub use parameter::{BodyType, Parameter, Parameters, RcptParameter};
pub use pipeline::{
    Chunking, Course, Defect, Dialect, Expected, Grouping, Next, Outcome, Pipeline, Pipelining,
    Refusal, Strategy, UnexpectedReply, Way,
};
pub(crate) use reply::visible;
pub use reply::{EnhancedStatus, Reply, ReplyClass, ReplyCode, is_printable};
pub use reply_decoder::{MAX_CHALLENGE, MAX_LINE, MAX_LINES, MAX_REPLY, ReplyDecoder, ReplyError};
pub use transparency::Transparency;
