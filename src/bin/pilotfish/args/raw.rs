//! A message that was made elsewhere.

use clap::Args;

use crate::input::Input;

/// A message that was made elsewhere.
#[derive(Args)]
#[command(next_help_heading = "Finished message")]
pub(crate) struct RawArguments {
    /// Send this finished message (RFC 5322) as it is, in place of a new one.
    ///
    /// Date, From and Message-ID are added if they are missing; Bcc is taken out; a field such as Cc
    /// that is empty is left out, unless there is a DKIM signature; text beyond ASCII in header
    /// fields is encoded, unless there is a DKIM signature and the server offers SMTPUTF8.
    /// The recipients are those of --to, --cc and --bcc, which are not added to the fields, and with -t
    /// those of the fields.
    #[arg(long, value_name = "FILE|-", value_parser = Input::parser(),
          conflicts_with_all = ["ContentArguments", "FieldArguments"])]
    pub(crate) raw: Option<Input>,

    /// Encode the parts of a finished or forwarded mail that servers may reject, and list each change.
    ///
    /// That is header fields that are not UTF-8, and parts with a line of over 998 octets or a
    /// NUL. Empty fields are left out even if there is a DKIM signature. A DKIM signature of the mail does not hold afterwards; a part that is signed by
    /// S/MIME or PGP is refused.
    #[arg(long, hide_short_help = true)]
    pub(crate) repair: bool,

    /// Take recipients from To, Cc and Bcc of the finished message.
    #[arg(short = 't', long, requires = "raw")]
    pub(crate) read_recipients: bool,
}
