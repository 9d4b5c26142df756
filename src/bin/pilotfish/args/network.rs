//! How the server is reached.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use pilotfish::address::Domain;
use pilotfish::config::{ConfigError, Network};
use pilotfish::transport::{Family, Proxy};

/// How the server is reached.
#[derive(Args, Default, PartialEq)]
pub(crate) struct NetworkArguments {
    /// Connect by way of a proxy: socks5h://[USER@]HOST:PORT or http://[USER@]HOST:PORT.
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

    /// How long to wait: 30s for each step, total=2m for all together, connect=10s,... by step.
    ///
    /// A step is connect, proxy, handshake, greeting, hello, starttls, auth, mail, rcpt, data,
    /// block, end-of-data, pipelined, reset, inquiry, quit or all; a time ends in ms, s, m or h.
    /// The total begins with the command and covers all that it waits for, standard input too.
    /// When the total is over and the whole mail has been sent, its reply is awaited for up to
    /// 10 s more.
    #[arg(long, value_name = "TIME|STEP=TIME,...", value_parser = timeout)]
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
