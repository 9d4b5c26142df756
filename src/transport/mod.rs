//! Sockets, TLS and the reply codec: moves commands, replies and octets, and does not know what
//! a mail is.

mod channel_binding;
mod chunk;
mod codec;
mod connect;
mod host;
mod maybe_tls;
mod probe;
mod socket;
mod timeouts;
mod tls;
mod wire;
mod write;

pub use connect::connect;
pub use host::{Host, HostError};
pub use maybe_tls::MaybeTls;
pub(crate) use probe::begins_with_tls;
pub use socket::Socket;
pub use timeouts::Timeouts;
pub use tls::{TlsClient, TlsClientBuilder, TlsParameters};
pub use wire::Wire;
