//! The command line.

mod account;
mod auth;
mod check;
mod content;
mod delivery;
pub(crate) mod endings;
mod fields;
mod global;
pub(crate) mod help;
mod network;
pub(crate) mod page;
mod sending;
mod server;
mod several;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, Styles, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use account::{
    AccountAddArguments, AccountArguments, AccountCommands, ConfigArguments, ConfigCommands,
    ImportArguments, ImportFrom, NamedAccount,
};
pub(crate) use auth::{
    AuthArguments, AuthCommands, AuthLoginArguments, AuthSetArguments, OAuthArguments,
};
pub(crate) use check::{CheckArguments, Target};
pub(crate) use content::{ContentArguments, RawArguments};
pub(crate) use delivery::DeliveryArguments;
pub(crate) use fields::{AddressArguments, DkimArguments, FieldArguments};
pub(crate) use global::GlobalArguments;
pub(crate) use sending::{Confirm, SendingArguments};
pub(crate) use server::ServerArguments;
pub(crate) use several::with_each_file;

use crate::output::json;

use crate::terminal::style::{BOLD, CYAN};

/// Send mail: text and attachments of any size, over TLS, with an exact result for every recipient.
#[derive(Parser)]
#[command(
    name = "pilotfish",
    version,
    styles = STYLES,
    arg_required_else_help = true
)]
#[command(disable_help_flag = true, disable_version_flag = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Subcommands,

    #[command(flatten)]
    pub(crate) global: GlobalArguments,

    /// Print the version, and what it was built with.
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,

    /// Print help: -h the most important flags, --help all of them.
    #[arg(short, long, action = ArgAction::Help, global = true, hide_short_help = true,
          help_heading = "Output")]
    help: Option<bool>,
}

/// Headings are bold, and what can be typed is cyan, as everywhere.
const STYLES: Styles = Styles::plain().header(BOLD).usage(BOLD).literal(CYAN);

#[derive(Subcommand)]
pub(crate) enum Subcommands {
    /// Send one mail.
    Send(Box<SendArguments>),
    /// Add, list, test and remove accounts.
    Account(AccountArguments),
    /// Log in with OAuth 2.0; store a password.
    Auth(AuthArguments),
    /// Show and check settings.
    Config(ConfigArguments),
    /// Test DNS, ports, TLS, certificate and login; send nothing.
    Check(Box<CheckArguments>),
    /// Take mail from cron, git, mutt or PHP, as sendmail(1) does.
    Sendmail(SendmailArguments),
    /// Say what a server's reply or an exit status means.
    Explain(ExplainArguments),
    /// Send a mail to a server inside this process; show the dialogue.
    ///
    /// With --server or --account, the same mail goes to that server.
    Demo(Box<DemoArguments>),
    /// Print the completions for a shell.
    Completions(CompletionsArguments),
    /// Print a manual page, or write all of them.
    Man(ManArguments),
}

/// Send one mail.
#[derive(Args)]
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

    /// Print the JSON Schema of what --json prints, and send nothing; with =error, that of the errors of
    /// other commands.
    #[arg(long, value_name = "OF", value_parser = words(SCHEMAS), num_args = 0..=1,
          require_equals = true, default_missing_value = "send", hide_short_help = true,
          help_heading = "Output")]
    pub(crate) schema: Option<&'static str>,
}

const SCHEMAS: Words<&'static str> = rows! {
    "send" = json::SCHEMA => "The outcome of a mail";
    "error" = json::ERROR_SCHEMA => "The error of another command";
};

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
pub(crate) struct ExplainArguments {
    /// The reply, with its code, or an exit status of this command.
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

const SHELLS: Words<Shell> = rows! {
    "bash" = Shell::Bash => "With the package bash-completion";
    "zsh" = Shell::Zsh => "In a folder of fpath, as _pilotfish";
    "fish" = Shell::Fish => "In its folder completions";
};

/// Print the completions for a shell.
#[derive(Args)]
pub(crate) struct CompletionsArguments {
    /// The shell.
    #[arg(value_name = "SHELL", value_parser = words(SHELLS))]
    pub(crate) shell: Shell,
}

/// Print a manual page, or write all of them.
#[derive(Args)]
pub(crate) struct ManArguments {
    /// The command [default: the program].
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Vec<String>,

    /// Write the pages of all commands into this folder.
    #[arg(short, long, value_name = "DIR", conflicts_with = "command")]
    pub(crate) output: Option<PathBuf>,
}

/// Take mail from cron, git, mutt or PHP, as sendmail(1) does.
#[derive(Args)]
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
    /// The octets are those for a server that accepts 7 bits only, unless --body-type says otherwise.
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
