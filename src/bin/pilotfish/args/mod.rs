//! The command line.

mod account;
mod check;
mod content;
mod delivery;
mod fields;
mod global;
pub(crate) mod help;
mod network;
mod sending;
mod server;
mod several;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand};

pub(crate) use account::{
    AccountAddArguments, AccountArguments, AccountCommands, AuthArguments, AuthCommands,
    AuthSetArguments, ConfigArguments, ConfigCommands, NamedAccount,
};
pub(crate) use check::{CheckArguments, Target};
pub(crate) use content::{ContentArguments, RawArguments};
pub(crate) use delivery::DeliveryArguments;
pub(crate) use fields::{AddressArguments, DkimArguments, FieldArguments};
pub(crate) use global::GlobalArguments;
pub(crate) use sending::{Confirm, SendingArguments};
pub(crate) use server::ServerArguments;
pub(crate) use several::with_each_file;

/// Send mail: text and attachments of any size, over TLS, with an exact result for every recipient.
#[derive(Parser)]
#[command(
    name = "pilotfish",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
#[command(disable_version_flag = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Subcommands,

    #[command(flatten)]
    pub(crate) global: GlobalArguments,

    /// Print the version.
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}

#[derive(Subcommand)]
pub(crate) enum Subcommands {
    /// Send one mail.
    Send(Box<SendArguments>),
    /// Add, list, test and remove accounts.
    Account(AccountArguments),
    /// Store a password.
    Auth(AuthArguments),
    /// Show and check settings.
    Config(ConfigArguments),
    /// Test DNS, ports, TLS, certificate and login; send nothing.
    Check(Box<CheckArguments>),
    /// Take mail from cron, git, mutt or PHP, as sendmail(1) does.
    Sendmail(SendmailArguments),
    /// Say what a server's reply means.
    Explain(ExplainArguments),
    /// Send a mail to a server inside this process; show the dialogue.
    ///
    /// With --server or --account, the same mail goes to that server.
    Demo(Box<DemoArguments>),
}

/// Send one mail.
#[derive(Args)]
#[command(after_long_help = SEND_LONG_HELP)]
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
    pub(crate) sending: SendingArguments,
    #[command(flatten)]
    pub(crate) dry_run: DryRunArguments,

    /// Print the JSON Schema of what --json prints, and send nothing.
    #[arg(long, hide_short_help = true, help_heading = "Output")]
    pub(crate) schema: bool,
}

/// What to send.
#[derive(Args, Clone)]
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

/// Say what a server's reply means.
#[derive(Args)]
#[command(
    after_help = "Example:\n  pilotfish explain '535-5.7.8 Username and Password not accepted'"
)]
pub(crate) struct ExplainArguments {
    /// The reply, with its code.
    #[arg(value_name = "REPLY", required = true)]
    pub(crate) reply: Vec<String>,
}

/// Send a mail to a server inside this process; show the dialogue.
#[derive(Args)]
pub(crate) struct DemoArguments {
    #[command(flatten)]
    pub(crate) server: ServerArguments,

    /// The sender [default: the account's, or the user if it is an address].
    #[arg(long, value_name = "MAILBOX", help_heading = "Mail")]
    pub(crate) from: Option<String>,

    /// Recipients [default: the sender].
    #[arg(long, value_name = "LIST", help_heading = "Mail")]
    pub(crate) to: Option<String>,
}

/// Take mail from cron, git, mutt or PHP, as sendmail(1) does.
#[derive(Args)]
#[command(override_help = crate::sendmail::HELP)]
pub(crate) struct SendmailArguments {
    /// The flags of sendmail(1), which differ from all others, and recipients.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<OsString>,
}

/// Writing the message instead of sending it.
#[derive(Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct DryRunArguments {
    /// Write the octets that would be sent, and send nothing.
    ///
    /// They are those for a server that takes 7 bits alone, unless --body-type says otherwise.
    #[arg(short = 'n', long, conflicts_with = "json")]
    pub(crate) dry_run: bool,

    /// Where --dry-run writes to, - for standard output.
    ///
    /// A file gets this name when all of it is written, and an old one is replaced then.
    #[arg(
        short,
        long,
        value_name = "FILE|-",
        default_value = "-",
        requires = "dry_run"
    )]
    pub(crate) output: PathBuf,
}

const SEND_LONG_HELP: &str = "\
Examples:
  pilotfish send ann@example.org -s 'A shark' -a shark.png < letter.txt
  pilotfish send ann@example.org bob@example.net -s News --markdown news.md
  df -h | pilotfish send me@example.org -s 'Disks of web1'
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

/// The words of a flag, each with its value and with what `--help` says of it.
type Words<T> = &'static [(&'static str, T, &'static str)];

/// The words of a flag, one in each row.
macro_rules! rows {
    ($($word:literal = $value:expr => $help:literal;)*) => { &[$(($word, $value, $help)),*] };
}
use rows;

/// Reads one of these words.
fn words<T: Copy + Send + Sync>(words: Words<T>) -> impl TypedValueParser<Value = T> {
    let possible = words
        .iter()
        .map(|(word, _, help)| PossibleValue::new(word).help(help));
    PossibleValuesParser::new(possible).try_map(move |typed| {
        let mut rows = words.iter();
        let row = rows.find(|(word, ..)| word.eq_ignore_ascii_case(&typed));
        row.map(|(_, value, _)| *value).ok_or("an unknown word")
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }
}
