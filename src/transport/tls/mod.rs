//! TLS with verification, always (RFC 8314, RFC 9525).
//!
//! What is verified and why is in [`manual::tls`](crate::manual::tls).

mod certificate;
mod config;
mod der;
mod failure;
mod fingerprint;
mod parameters;
mod pem;
#[cfg(all(feature = "post-quantum", any(test, not(feature = "aws-lc-rs"))))]
mod post_quantum;
mod roots;
mod verifier;

#[cfg(feature = "aws-lc-rs")]
use tokio_rustls::rustls::crypto::aws_lc_rs as cryptography;
#[cfg(not(feature = "aws-lc-rs"))]
use tokio_rustls::rustls::crypto::ring as cryptography;

pub use certificate::Certificate;
pub use config::{TlsConfig, TlsConfigBuilder};
pub(super) use der::DerElement;
pub(super) use failure::is_refusal;
pub use fingerprint::Fingerprint;
pub use parameters::{TlsParameters, TlsVersion};
pub use roots::TlsRoots;
