//! What can be typed.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use pilotfish::config::{ServerAddress, Tls};
use pilotfish::message::FieldName;

use crate::attach_spec::AttachSpec;
use crate::text_source::TextSource;

/// Send mail: text and attachments of any size, over TLS, with the truth for every recipient.
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
    Demo,
}

/// Send one mail.
#[derive(Args)]
#[command(after_help = SEND_EXAMPLES, after_long_help = SEND_LONG_HELP)]
pub(crate) struct SendArguments {
    #[command(flatten)]
    pub(crate) server: ServerArguments,
    #[command(flatten)]
    pub(crate) mail: MailArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

const SEND_EXAMPLES: &str = "\
Examples:
  pilotfish send --server smtp.gmail.com --user me@gmail.com --password-file ~/.gmail.password \\
      --from me@gmail.com --to ann@example.org -s 'A shark' --text 'Look:' -a shark.png
  pilotfish send --from me@example.org --to ann@example.org --text @letter.txt --dry-run";

const SEND_LONG_HELP: &str = "\
Examples:
  pilotfish send --server smtp.gmail.com --user me@gmail.com --password-file ~/.gmail.password \\
      --from me@gmail.com --to ann@example.org -s 'A shark' --text 'Look:' -a shark.png
  pilotfish send --from me@example.org --to ann@example.org --text @letter.txt --dry-run

Exit status:
   0  every recipient was accepted
  64  the command line is wrong
  65  refused for good: the mail, the sender or all recipients; or the mail is too large, or
      cannot be made: an address or a header field is wrong
  66  an attachment or the text cannot be read
  68  the host name does not exist
  69  the server lacks something that is needed
  70  a bug
  71  the operating system failed
  73  the output cannot be written
  75  not sent, but may succeed later
  76  TLS or the protocol failed: the mail was not sent
  77  the login was refused
  78  the configuration, or the source of the password, is at fault
  80  partly sent: some recipients were accepted and some refused
  81  unknown: the mail left whole and no answer came; do not send it again blindly
 130  interrupted, not sent (143 if terminated)";

/// Where to send it, and who does.
#[derive(Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct ServerArguments {
    /// Read accounts from a TOML file.
    #[arg(short = 'C', long, value_name = "FILE", requires = "account")]
    pub(crate) config: Option<PathBuf>,

    /// Take server, user and sender from this account of the file.
    #[arg(short = 'A', long, value_name = "NAME", requires = "config")]
    pub(crate) account: Option<String>,

    /// The submission server; the port is 587, or 465 with implicit TLS, unless given.
    #[arg(long, value_name = "HOST[:PORT]", required_unless_present_any = ["account", "dry_run"])]
    pub(crate) server: Option<ServerAddress>,

    /// How the session is protected [default: implicit on port 465, else starttls].
    #[arg(long, value_enum, value_name = "MODE")]
    pub(crate) tls: Option<TlsMode>,

    /// Trust the certificate authorities in this PEM file too.
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_ca: Option<PathBuf>,

    /// Log in as this user.
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,

    /// Read the password from the first line of a file that only you can read.
    #[arg(long, value_name = "FILE", group = "password")]
    pub(crate) password_file: Option<PathBuf>,

    /// Read the password from the first line of an open file descriptor.
    #[arg(long, value_name = "N", group = "password")]
    pub(crate) password_fd: Option<u32>,

    /// Take the password from what this command prints.
    #[arg(long, value_name = "CMD", group = "password")]
    pub(crate) password_command: Option<String>,

    /// Send the password even without TLS, for everybody on the way to read.
    #[arg(long)]
    pub(crate) danger_cleartext_auth: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum TlsMode {
    /// TLS from the first octet.
    Implicit,
    /// Upgrade by STARTTLS; without it nothing is sent.
    Starttls,
    /// No TLS, and no password.
    None,
}

impl From<TlsMode> for Tls {
    fn from(mode: TlsMode) -> Self {
        match mode {
            TlsMode::Implicit => Self::Implicit,
            TlsMode::Starttls => Self::StartTls,
            TlsMode::None => Self::None,
        }
    }
}

/// What to send.
#[derive(Args)]
#[command(next_help_heading = "Mail")]
pub(crate) struct MailArguments {
    /// The mailbox it is from [default: the account's, or the user if it is an address].
    #[arg(long, value_name = "MAILBOX")]
    pub(crate) from: Option<String>,

    /// Recipients: `ann@example.org`, `Ann <ann@example.org>`, or a list of them. Repeatable.
    #[arg(long, value_name = "LIST",
          required_unless_present_any = ["cc", "bcc"])]
    pub(crate) to: Vec<String>,

    /// Recipients of a copy. Repeatable.
    #[arg(long, value_name = "LIST")]
    pub(crate) cc: Vec<String>,

    /// Recipients whom the others do not see. Repeatable.
    #[arg(long, value_name = "LIST")]
    pub(crate) bcc: Vec<String>,

    /// Where answers go to, if not to the sender. Repeatable.
    #[arg(long, value_name = "LIST")]
    pub(crate) reply_to: Vec<String>,

    /// The subject.
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) subject: Option<String>,

    /// The text, or @FILE, or - for standard input. A text that begins with @ gets another @.
    #[arg(long, value_name = "STR|@FILE|-", allow_hyphen_values = true)]
    pub(crate) text: Option<TextSource>,

    /// Attach a file. Repeatable. `;name=` gives it another name, `;type=` a media type; a value
    /// may stand in double quotes.
    #[arg(short, long, value_name = "FILE[;name=..][;type=..]",
          value_parser = OsStringValueParser::new().try_map(|typed| AttachSpec::parse(&typed)))]
    pub(crate) attach: Vec<AttachSpec>,

    /// Add a header field. Repeatable.
    #[arg(short = 'H', long, value_name = "'NAME: VALUE'", value_parser = header)]
    pub(crate) header: Vec<(FieldName, String)>,
}

/// What to show.
#[derive(Args)]
#[command(next_help_heading = "Output")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(crate) struct OutputArguments {
    /// Write the octets that would be sent, and send nothing.
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,

    /// Where --dry-run writes to, - for standard output.
    #[arg(
        short,
        long,
        value_name = "FILE|-",
        default_value = "-",
        requires = "dry_run"
    )]
    pub(crate) output: PathBuf,

    /// Show the dialogue on standard error, without secrets.
    #[arg(long)]
    pub(crate) transcript: bool,

    /// Print the outcome as one JSON object.
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) json: bool,

    /// Show what is done; twice for more.
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Print nothing but errors.
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

fn header(field: &str) -> Result<(FieldName, String), String> {
    let (name, value) = field
        .split_once(':')
        .ok_or_else(|| "a header field is written as 'Name: value'".to_owned())?;
    let name = name
        .parse::<FieldName>()
        .map_err(|error| error.to_string())?;
    Ok((name, value.trim_start_matches(' ').to_owned()))
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
