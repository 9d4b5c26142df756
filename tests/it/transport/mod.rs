//! Connections: greeting, TLS, proxies, and what is logged.

/// Who answers behind a port, and how.
pub(crate) mod greeting;
/// SOCKS and HTTP proxies.
pub(crate) mod proxy;
/// STARTTLS, and who tries to go round it.
pub(crate) mod starttls;
/// TLS: certificates good and bad, faults of the connection, sessions.
pub(crate) mod tls;
/// What is logged: each line of a dialogue once, and no secret.
pub(crate) mod tracing;
