//! TLS: trust, negotiated parameters, and faults.

/// Valid and invalid certificates, each over STARTTLS and implicit TLS.
mod certificates;
/// The flags and keys that begin with `tls-`.
mod command;
/// Handshakes that are cut off.
mod cut;
/// Malformed handshakes and records.
mod faults;
/// Authorities and certificates for these tests.
mod made;
/// Certificates that only OpenSSL can make and serve.
mod openssl;
/// Certificates that are identified by their hash.
mod pins;
/// A server that speaks TLS over a pipe.
mod server;
/// Negotiated parameters, and resumed sessions.
mod sessions;
