//! What Pilotfish verifies in TLS, and why.
//!
//! * **Always.** If a handshake fails, the connection ends: Pilotfish never continues in clear text (RFC
//!   8314 section 4.1, RFC 3207 section 4.1). It always verifies the authority, the name and the dates,
//!   unless [`danger_accept_invalid_certificates`] is set, which logs a warning for each connection.
//! * **The user's name** (RFC 9525 section 6.1). The certificate must be valid for the name in
//!   [`Host`](crate::transport::Host), never for a name that DNS or the server provided. Only names in
//!   `subjectAltName` count. A wildcard matches exactly one label, the leftmost. An IP address must be
//!   among the addresses of the certificate. [`server_name`] sets another name than that of the host.
//! * **A pin replaces everything else** (like `tls_fingerprint` of msmtp). With a [`fingerprint`], the
//!   authority, the names and the dates are not checked, because the user has verified the pinned
//!   certificate. A server may then use a certificate that is its own authority, which no chain would
//!   allow; Proton Mail Bridge does. Several pins allow for the old certificate and the next one. A
//!   certificate that matches no pin is rejected, however good its chain is.
//! * **Proof of the key.** The signature of the handshake is verified, with and without a pin. An RSA key
//!   of less than 2048 bits and a signature with SHA-1 are rejected.
//! * **Session resumption.** A resumed session is as secure as the first one: it uses the secrets of the
//!   first session, whose certificate was verified under the same name and by the same
//!   [`TlsConfig`](crate::transport::TlsConfig). Only a `TlsConfig` and its
//!   clones share a session store, which is dropped with them.
//! * **No revocation checks.** Pilotfish fetches no revocation lists and sends no OCSP requests. Most
//!   authorities now issue certificates with short lifetimes instead.
//! * **Key exchange.** Pilotfish uses X25519MLKEM768 if the server supports it: traffic that is
//!   recorded today then stays secret from quantum computers. The X25519 share is sent along, so other
//!   servers cost no additional round trip. The library needs the feature `post-quantum` or `aws-lc-rs` for
//!   it. With `ring`, ML-KEM comes from the package `ml-kem`, and X25519 from `ring`: the secret of the
//!   session is made of both.
//! * **Cryptography.** The default is `ring`. `aws-lc-rs` measures the jitter of the CPU when a process first
//!   uses it, which takes some 40 ms of CPU time. Whoever builds a program with `aws-lc-rs` can prevent this
//!   by setting `AWS_LC_SYS_NO_JITTER_ENTROPY=1` during the build; a library cannot.
//! * **SNI, but no ALPN.** Pilotfish announces a host name, but not an address (RFC 6066 section 3). No
//!   ALPN protocol name is registered for submission, so no server could check one to detect a
//!   cross-protocol attack (ALPACA). The certificate and the port remain as protection.
//! * **The end of the connection.** An end without `close_notify` is an error within a reply or before
//!   one. After QUIT it is ignored.
//!
//! [`danger_accept_invalid_certificates`]: crate::transport::TlsConfigBuilder::danger_accept_invalid_certificates
//! [`server_name`]: crate::transport::TlsConfigBuilder::server_name
//! [`fingerprint`]: crate::transport::TlsConfigBuilder::fingerprint
