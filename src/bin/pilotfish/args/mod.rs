//! The command line.

mod content;
mod delivery;
mod demo;
mod dkim;
mod fields;
mod network;
mod output;
mod raw;
mod server;
mod tls;
mod words;

use clap::{ArgAction, ArgGroup, Args, Parser, Subcommand};

pub(crate) use content::ContentArguments;
pub(crate) use delivery::DeliveryArguments;
pub(crate) use demo::DemoArguments;
pub(crate) use dkim::DkimArguments;
pub(crate) use fields::{AddressArguments, FieldArguments};
pub(crate) use network::NetworkArguments;
pub(crate) use output::{DryRunArguments, OutputArguments};
pub(crate) use raw::RawArguments;
pub(crate) use server::ServerArguments;
pub(crate) use tls::TlsArguments;

/// Send mail: text and attachments of any size, over TLS, with an exact result for every recipient.
#[derive(Parser)]
#[command(
    name = "pilotfish",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
#[command(disable_version_flag = true, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Print the version.
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}

const EXAMPLES: &str = "\
Examples:
  pilotfish demo
  pilotfish send --server smtp.gmail.com --user me@gmail.com --password-file ~/.gmail.password \\
      --from me@gmail.com --to ann@example.org -s 'A shark' --text 'Look:' -a shark.png";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Send one mail.
    Send(Box<SendArguments>),
    /// Send a mail with a picture to a server inside this process, and show how it went.
    ///
    /// With --server or --account, the same mail goes to that server.
    Demo(Box<DemoArguments>),
}

/// Send one mail.
#[derive(Args)]
#[command(after_help = SEND_EXAMPLES, after_long_help = SEND_LONG_HELP)]
#[command(group = ArgGroup::new("destination")
    .args(["server", "account", "config", "dry_run"])
    .required(true)
    .multiple(true))]
pub(crate) struct SendArguments {
    #[command(flatten)]
    pub(crate) server: ServerArguments,
    #[command(flatten)]
    pub(crate) mail: MailArguments,
    #[command(flatten)]
    pub(crate) delivery: DeliveryArguments,
    #[command(flatten)]
    pub(crate) dkim: DkimArguments,
    #[command(flatten)]
    pub(crate) dry_run: DryRunArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// What to send.
#[derive(Args)]
pub(crate) struct MailArguments {
    #[command(flatten)]
    pub(crate) addresses: AddressArguments,
    #[command(flatten)]
    pub(crate) content: ContentArguments,
    #[command(flatten)]
    pub(crate) fields: FieldArguments,
    #[command(flatten)]
    pub(crate) raw: RawArguments,
}

const SEND_EXAMPLES: &str = "\
Examples:
  pilotfish send --server smtp.gmail.com --user me@gmail.com --password-file ~/.gmail.password \\
      --from me@gmail.com --to ann@example.org -s 'A shark' --text 'Look:' -a shark.png
  pilotfish send -C mail.toml -A work --to ann@example.org -s News --markdown news.md --inline auto
  pilotfish send -C mail.toml -A work -t --raw finished.eml
  pilotfish send --from me@example.org --to ann@example.org --text @letter.txt --dry-run

--help has all flags and the exit status.";

const SEND_LONG_HELP: &str = "\
Examples:
  pilotfish send --server smtp.gmail.com --user me@gmail.com --password-file ~/.gmail.password \\
      --from me@gmail.com --to ann@example.org -s 'A shark' --text 'Look:' -a shark.png
  pilotfish send -C mail.toml -A work --to ann@example.org -s News --markdown news.md --inline auto
  pilotfish send -C mail.toml -A work --to ann@example.org -s Look --text 'A shark was here.' \\
      --html '<p>Look: <img src=cid:shark>' --inline shark=shark.png
  dmesg | pilotfish send -C mail.toml -A work --to ann@example.org -s Log -a '-;name=dmesg.txt'
  pilotfish send -C mail.toml -A work -t --raw finished.eml
  pilotfish send --from me@example.org --to ann@example.org --text @letter.txt --dry-run

Exit status:
   0  every recipient was accepted
  64  the command line is wrong
  65  rejected for good: the mail, the sender or all recipients; or the mail is too large, or
      cannot be made: an address, a header field, a calendar or a finished message is wrong
  66  an attachment, the text or another file of the mail cannot be read
  68  the host name does not exist
  69  the server lacks something that is needed
  70  a bug
  71  the operating system failed
  73  the output or a temporary file cannot be written
  75  not sent, but may succeed later for at least one recipient
  76  TLS or the protocol failed: the mail was not sent
  77  the login was rejected
  78  the configuration, the DKIM key, or the source of it or of the password, is at fault
  80  partly sent: accepted for some recipients, and rejected, deferred or not tried for others
  81  unknown, for some recipients at least: the mail left whole and no answer came; do not send
      it again blindly
 130  interrupted, not sent; 143 if terminated, 129 if the terminal was closed. The signal itself
      ends the process, so a loop of a shell ends too";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }
}
