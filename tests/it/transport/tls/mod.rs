//! TLS: whom the client trusts, what it agrees on, and what it makes of faults.

/// Certificates, good and bad, each over STARTTLS and implicit TLS.
mod certificates;
/// The flags and keys that begin with `tls-`.
mod command;
/// Handshakes that are cut off.
mod cut;
/// Handshakes and records that are not as they should be.
mod faults;
/// Authorities and certificates for these tests.
mod made;
/// Certificates that OpenSSL has to make and show.
mod openssl;
/// Certificates that are known by their hash.
mod pins;
/// A server that speaks TLS over a pipe.
mod server;
/// What a handshake agrees on, and sessions that are resumed.
mod sessions;
