//! What of TLS is verified, and why.
//!
//! * **Always.** A handshake that fails ends the connection: nothing is sent in clear text in its
//!   place (RFC 8314 section 4.1, RFC 3207 section 4.1). No authority, name or date is skipped
//!   unless [`danger_accept_invalid_certificates`] says so, which warns at each connection.
//! * **The name is the user's** (RFC 9525 section 6.1): that of the
//!   [`Host`](crate::transport::Host), never one that DNS or the server came up with. Names stand
//!   in `subjectAltName` alone. A wildcard is a whole label, the leftmost; an address is looked for
//!   among addresses. [`server_name`] puts another name in place of the host's.
//! * **A pin is enough, and the only thing** (as `tls_fingerprint` of msmtp): with a
//!   [`fingerprint`], authorities, names and dates count no more, since who pins a certificate has
//!   seen it. So a certificate that is its own authority can be a server's, which no chain would
//!   allow: the bridge of Proton Mail has one. Several pins are the old certificate and the next; a
//!   certificate that is none of them is refused however good its chain is.
//! * **The key is always proved.** The signature of the handshake is verified, pinned or not, and
//!   an RSA key of less than 2048 bits or a signature with SHA-1 proves nothing.
//! * **A resumed session is as good as the first**: it has its secrets, and the certificate was
//!   verified then, under the same name and by the same
//!   [`TlsConfig`](crate::transport::TlsConfig). The store of sessions goes with the client and its
//!   clones, and with nothing else.
//! * **No revocation.** Lists and OCSP are not asked: what most authorities have now is
//!   certificates that live shortly.
//! * **The key exchange** is X25519MLKEM768 where the server knows it and the cryptography is
//!   `aws-lc-rs`: what is recorded today stays secret when there are quantum computers. The share of
//!   X25519 is sent with it, so that other servers cost no round trip.
//! * **SNI, and no ALPN.** The name is announced, but not an address (RFC 6066 section 3). No
//!   protocol name is registered for submission, so there is none that a server could check
//!   against another protocol's (the attack named ALPACA); certificate and port are what is left.
//! * **The end.** An end that TLS does not announce (`close_notify`) is an error within a reply and
//!   before one; after QUIT it does not matter any more.
//!
//! [`danger_accept_invalid_certificates`]: crate::transport::TlsConfigBuilder::danger_accept_invalid_certificates
//! [`server_name`]: crate::transport::TlsConfigBuilder::server_name
//! [`fingerprint`]: crate::transport::TlsConfigBuilder::fingerprint
