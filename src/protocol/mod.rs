//! SMTP values and decisions, without I/O: what is sent, what was answered, what follows.
//!
//! Nothing in here waits, logs, reads a clock or draws a random number, so all of it is tested
//! by octets alone.

mod auth;
mod command;
mod extensions;
mod mask;
mod pipeline;
mod reply;
mod reply_decoder;
mod transparency;

pub use auth::{
    Binding, ChannelBinding, ClientNonce, Credentials, CredentialsError, Exchange, ExchangeError,
    Mechanism, OAuthRefusal, Step, UnknownMechanism,
};
pub use command::{BodyType, Chunk, Command, Parameter};
pub use extensions::{Extension, Extensions};
pub(crate) use mask::Mask;
pub use pipeline::{Expected, Grouping, Next, Pipeline, Refusal, UnexpectedReply, Way};
pub use reply::{EnhancedStatus, Reply, ReplyClass, ReplyCode};
pub use reply_decoder::{MAX_LINE, MAX_LINES, MAX_REPLY, ReplyDecoder, ReplyError};
pub use transparency::Transparency;
