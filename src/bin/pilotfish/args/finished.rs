//! A message that was made elsewhere.

use clap::Args;

use crate::input::Input;

/// A message that was made elsewhere.
#[derive(Args)]
#[command(next_help_heading = "Finished message")]
pub(crate) struct FinishedArguments {
    /// Send this finished message (RFC 5322) as it is, in place of one that is put together.
    ///
    /// Date, From and Message-ID are added if they are missing; Bcc is taken out. The recipients
    /// are those of --to, --cc and --bcc, which stand in no field then, and with -t those that
    /// the fields name.
    #[arg(long, value_name = "FILE|-", value_parser = Input::parser(),
          conflicts_with_all = ["ContentArguments", "FieldArguments"])]
    pub(crate) raw: Option<Input>,

    /// Take recipients from To, Cc and Bcc of the finished message.
    #[arg(short = 't', long, requires = "raw")]
    pub(crate) read_recipients: bool,
}
