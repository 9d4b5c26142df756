//! Whom to trust by TLS, and as whom to come.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use pilotfish::config::{ClientCertificate, TlsSettings, Verification};
use pilotfish::transport::{Fingerprint, Host, TlsRoots, TlsVersion};

/// Whom to trust by TLS, and as whom to come.
#[derive(Args, Default, PartialEq)]
#[command(next_help_heading = "Server")]
pub(crate) struct TlsArguments {
    /// Trust the certificate authorities in this PEM file too.
    #[arg(id = "tls_ca", long = "tls-ca", value_name = "FILE")]
    ca: Option<PathBuf>,

    /// Which certificate authorities to trust besides [default: public].
    #[arg(
        id = "tls_roots",
        long = "tls-roots",
        value_enum,
        value_name = "WHICH",
        hide_short_help = true
    )]
    roots: Option<Roots>,

    /// Trust the server with this certificate, or this key (spki-sha256:HEX), and no other.
    /// Repeatable.
    #[arg(
        id = "tls_fingerprint", long = "tls-fingerprint",
        value_name = "sha256:HEX",
        conflicts_with_all = ["tls_ca", "tls_roots", "tls_insecure"]
    )]
    fingerprint: Vec<Fingerprint>,

    /// Show this certificate to the server: a PEM file with its chain.
    #[arg(
        id = "tls_cert",
        long = "tls-cert",
        value_name = "FILE",
        requires = "tls_key",
        hide_short_help = true
    )]
    cert: Option<PathBuf>,

    /// The certificate's private key: a PEM file that only you can read.
    #[arg(
        id = "tls_key",
        long = "tls-key",
        value_name = "FILE",
        requires = "tls_cert",
        hide_short_help = true
    )]
    key: Option<PathBuf>,

    /// The earliest version of TLS [default: 1.2].
    #[arg(
        id = "tls_min",
        long = "tls-min",
        value_enum,
        value_name = "VERSION",
        hide_short_help = true
    )]
    min: Option<Minimum>,

    /// Expect a certificate for this name in place of the server's.
    #[arg(
        id = "tls_name",
        long = "tls-name",
        value_name = "NAME",
        hide_short_help = true
    )]
    name: Option<Host>,

    /// Take whoever answers for the server, so that anybody on the way can read the mail and the
    /// password. --tls-fingerprint is the way to a server that nobody vouches for.
    #[arg(id = "tls_insecure", long = "tls-insecure", conflicts_with_all = ["tls_ca", "tls_roots"], hide_short_help = true)]
    insecure: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Roots {
    /// Those that Mozilla trusts.
    Public,
    /// Those that this system trusts.
    System,
    /// None but those of --tls-ca.
    None,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Minimum {
    #[value(name = "1.2")]
    Tls12,
    #[value(name = "1.3")]
    Tls13,
}

impl From<TlsArguments> for TlsSettings {
    fn from(arguments: TlsArguments) -> Self {
        let mut settings = Self::default();
        settings.roots = arguments.roots.map(|roots| match roots {
            Roots::Public => TlsRoots::Public,
            Roots::System => TlsRoots::System,
            Roots::None => TlsRoots::None,
        });
        settings.ca = arguments.ca;
        settings.fingerprints = arguments.fingerprint;
        if arguments.insecure {
            settings.verification = Verification::DangerLeftOut;
        }
        settings.minimum = arguments.min.map(|minimum| match minimum {
            Minimum::Tls12 => TlsVersion::Tls12,
            Minimum::Tls13 => TlsVersion::Tls13,
        });
        settings.name = arguments.name;
        settings.client_certificate = arguments
            .cert
            .zip(arguments.key)
            .map(|(chain, key)| ClientCertificate::new(chain, key));
        settings
    }
}
