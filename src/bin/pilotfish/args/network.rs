//! How the server is reached, what to trust by TLS, and which certificate to present.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use pilotfish::address::Domain;
use pilotfish::config::{Account, ConfigError, Network};
use pilotfish::transport::{Family, Fingerprint, Host, Proxy, TlsRoots, TlsVersion};

use super::{Words, rows, words};

const ROOTS: Words<TlsRoots> = rows! {
    "public" = TlsRoots::Public => "Those that Mozilla trusts";
    "system" = TlsRoots::System => "Those that this system trusts";
    "none" = TlsRoots::None => "Only those of --tls-ca";
};

const VERSIONS: Words<TlsVersion> = rows! {
    "1.2" = TlsVersion::Tls12 => "TLS 1.2 (RFC 5246)";
    "1.3" = TlsVersion::Tls13 => "TLS 1.3 (RFC 8446)";
};

/// How the server is reached.
#[derive(Args, Clone, Default, PartialEq)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkArguments {
    /// Connect through a proxy: socks5h://[USER@]HOST:PORT or http://[USER@]HOST:PORT.
    #[arg(long, value_name = "URL")]
    proxy: Option<Proxy>,

    /// Read the password for the proxy from the first line of a file that only you can read.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    proxy_password_file: Option<PathBuf>,

    /// Connect from this address of the machine.
    #[arg(long, value_name = "IP", hide_short_help = true)]
    source_ip: Option<IpAddr>,

    /// Use IPv4 addresses only.
    #[arg(short = '4', long, conflicts_with = "ipv6", hide_short_help = true)]
    ipv4: bool,

    /// Use IPv6 addresses only.
    #[arg(short = '6', long, hide_short_help = true)]
    ipv6: bool,

    /// The name of this machine in EHLO [default: its address in brackets].
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    helo: Option<Domain>,

    /// Stop after this time in all, such as 2m; or by step, such as connect=10s,greeting=1m.
    ///
    /// A step is connect, proxy, handshake, greeting, hello, starttls, auth, mail, rcpt, data,
    /// block, end-of-data, pipelined, reset, inquiry, quit or all; a time ends in ms, s, m or h. Without
    /// it, connecting takes 30 s for each address at most, and each other step as long as RFC 5321
    /// says: 5 min for a reply, 10 min for the reply to the end of the mail. The total begins with the command and covers all that it waits for, standard input too.
    /// When the total is over and the whole mail has been sent, its reply is awaited for up to
    /// 10 s more.
    #[arg(long, value_name = "TIME|STEP=TIME,...", value_parser = timeout, help_heading = "Delivery")]
    timeout: Option<Network>,
}

impl NetworkArguments {
    /// How long the command may take in all.
    pub(crate) fn total_time(&self) -> Option<Duration> {
        self.timeout.as_ref()?.total_time()
    }
}

impl From<NetworkArguments> for Network {
    fn from(arguments: NetworkArguments) -> Self {
        let mut network = arguments.timeout.unwrap_or_default();
        network.proxy = arguments.proxy;
        network.proxy_password_file = arguments.proxy_password_file;
        network.source_ip = arguments.source_ip;
        network.family = match (arguments.ipv4, arguments.ipv6) {
            (true, _) => Some(Family::Ipv4),
            (_, true) => Some(Family::Ipv6),
            _ => None,
        };
        network.helo = arguments.helo;
        network
    }
}

/// A network whose time limits are set.
fn timeout(text: &str) -> Result<Network, ConfigError> {
    let mut network = Network::default();
    network.set_timeout(text)?;
    Ok(network)
}

/// What to trust by TLS, and which certificate to present.
#[derive(Args, Clone, Default, PartialEq)]
#[command(next_help_heading = "Server and TLS")]
#[expect(
    clippy::struct_field_names,
    reason = "clap makes the names of flags from them"
)]
pub(crate) struct TlsArguments {
    /// Trust the certificate authorities in this PEM file too.
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,

    /// Which certificate authorities to trust beside those of --tls-ca [default: public].
    #[arg(
        long,
        value_parser = words(ROOTS),
        value_name = "WHICH",
        hide_short_help = true
    )]
    tls_roots: Option<TlsRoots>,

    /// Trust the server with this certificate, or this key (spki-sha256:HEX), and no other
    /// (can be repeated).
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

    /// Accept any certificate, so that anyone on the network can read the mail and the password. For a
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
