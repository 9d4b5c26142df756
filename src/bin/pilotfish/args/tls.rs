//! What to trust by TLS, and which certificate to present.

use std::path::PathBuf;

use clap::Args;
use pilotfish::config::Account;
use pilotfish::transport::{Fingerprint, Host, TlsRoots, TlsVersion};

use super::words::{Words, words};

const ROOTS: Words<TlsRoots> = &[
    ("public", "Those that Mozilla trusts", TlsRoots::Public),
    ("system", "Those that this system trusts", TlsRoots::System),
    ("none", "None but those of --tls-ca", TlsRoots::None),
];

const VERSIONS: Words<TlsVersion> = &[
    ("1.2", "TLS 1.2 (RFC 5246)", TlsVersion::Tls12),
    ("1.3", "TLS 1.3 (RFC 8446)", TlsVersion::Tls13),
];

/// What to trust by TLS, and which certificate to present.
#[derive(Args, Default, PartialEq)]
#[command(next_help_heading = "Server")]
#[expect(
    clippy::struct_field_names,
    reason = "clap makes the names of flags from them"
)]
pub(crate) struct TlsArguments {
    /// Trust the certificate authorities in this PEM file too.
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,

    /// Which certificate authorities to trust besides [default: public].
    #[arg(
        long,
        value_parser = words(ROOTS),
        value_name = "WHICH",
        hide_short_help = true
    )]
    tls_roots: Option<TlsRoots>,

    /// Trust the server with this certificate, or this key (spki-sha256:HEX), and no other.
    /// Repeatable.
    #[arg(
        long,
        value_name = "sha256:HEX",
        conflicts_with_all = ["tls_ca", "tls_roots", "tls_insecure"]
    )]
    tls_fingerprint: Vec<Fingerprint>,

    /// Show this certificate to the server: a PEM file with its chain.
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_key",
        hide_short_help = true
    )]
    tls_cert: Option<PathBuf>,

    /// The certificate's private key: a PEM file that only you can read.
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_cert",
        hide_short_help = true
    )]
    tls_key: Option<PathBuf>,

    /// The earliest version of TLS [default: 1.2].
    #[arg(
        long,
        value_parser = words(VERSIONS),
        value_name = "VERSION",
        hide_short_help = true
    )]
    tls_min: Option<TlsVersion>,

    /// Expect a certificate for this name in place of the server's.
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    tls_name: Option<Host>,

    /// Accept any certificate, so that anybody on the way can read the mail and the password. For a
    /// server whose certificate no authority has signed, --tls-fingerprint is safe.
    #[arg(long, conflicts_with_all = ["tls_ca", "tls_roots"], hide_short_help = true)]
    tls_insecure: bool,
}

impl TlsArguments {
    /// Sets the keys of an account that these flags name.
    pub(super) fn set(self, account: &mut Account) {
        account.tls_ca = self.tls_ca;
        account.tls_roots = self.tls_roots;
        account.tls_fingerprint = self.tls_fingerprint;
        account.tls_cert = self.tls_cert;
        account.tls_key = self.tls_key;
        account.tls_min = self.tls_min;
        account.tls_name = self.tls_name;
        account.tls_insecure = self.tls_insecure;
    }
}
