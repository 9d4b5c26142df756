//! Connections: greeting, TLS, proxies, and logs.

/// The first replies of a server, and ports of other protocols.
pub(crate) mod greeting;
/// SOCKS and HTTP proxies.
pub(crate) mod proxy;
/// STARTTLS, and attacks against it.
pub(crate) mod starttls;
/// TLS: certificates, faults of the connection, resumption.
pub(crate) mod tls;
/// Logs: each line of a dialogue once, and no secret.
pub(crate) mod tracing;
