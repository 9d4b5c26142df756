//! Sockets, TLS and the decoding of replies. It moves commands, replies and octets, and does not know
//! what a mail is.

mod channel_binding;
mod connect;
mod end_of_replies;
mod flight;
mod happy_eyeballs;
mod host;
mod io_timer;
#[cfg(feature = "proxy")]
mod proxy;
mod read;
mod route;
#[cfg(feature = "oauth")]
mod secure_stream;
mod socket;
#[cfg(test)]
mod tests;
mod timeouts;
mod tls;
#[cfg(feature = "proxy")]
mod tunnel;
mod url;
mod wire;
mod write;

pub(crate) use flight::Flight;
pub use host::Host;
pub(crate) use host::{parse_port, shortened};
pub(crate) use io_timer::within;
#[cfg(feature = "proxy")]
pub use proxy::Proxy;
pub use route::{Family, Route};
pub use socket::Socket;
pub use timeouts::Timeouts;
pub use tls::{
    Certificate, Fingerprint, TlsConfig, TlsConfigBuilder, TlsParameters, TlsRoots, TlsVersion,
};
pub(crate) use url::{Url, decoded};
pub(crate) use wire::Wire;
