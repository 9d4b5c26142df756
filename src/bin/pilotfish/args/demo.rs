//! A demonstration, in this process or at a server.

use clap::{ArgGroup, Args};

use super::ServerArguments;

/// Send a mail with a picture to a server inside this process, and show how it went.
#[derive(Args)]
#[command(group = ArgGroup::new("real_server").args(["server", "account"]).multiple(true))]
pub(crate) struct DemoArguments {
    #[command(flatten)]
    pub(crate) server: ServerArguments,

    /// The sender [default: the account's, or the user if it is an address].
    #[arg(
        long,
        value_name = "MAILBOX",
        requires = "real_server",
        help_heading = "Mail"
    )]
    pub(crate) from: Option<String>,

    /// Recipients [default: the sender].
    #[arg(
        long,
        value_name = "LIST",
        requires = "real_server",
        help_heading = "Mail"
    )]
    pub(crate) to: Option<String>,

    /// Print the outcome as one JSON object.
    #[arg(long, requires = "real_server", help_heading = "Output")]
    pub(crate) json: bool,
}
