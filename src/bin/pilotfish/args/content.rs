//! The content of the mail, or a message that was made elsewhere.

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use pilotfish::message::{BodyType, Language};

use super::{Words, rows, words};
use crate::input::{AttachSpec, InlineSpec, Input, TextSource};

/// By the names that the parameter BODY of MAIL has (RFC 6152, RFC 3030).
const BODY_TYPES: Words<BodyType> = rows! {
    "7bit" = BodyType::SevenBit => "The same octets for every server";
    "8bitmime" = BodyType::EightBit => "Text as it is";
    "binarymime" = BodyType::Binary
        => "Attachments as they are, too: a quarter less. Some servers rewrite line ends in them and so \
            damage them: compare what arrives before you use it";
};

/// The content of the mail.
#[derive(Args, Clone)]
#[command(next_help_heading = "Content")]
pub(crate) struct ContentArguments {
    /// The text, or @FILE, or - for standard input. A text that begins with @ gets another @.
    ///
    /// Without --text, --edit, --html, --markdown and --raw, standard input is the text. Beside an
    /// attachment, that is a file from its beginning, as after <, and a pipe from which no other program
    /// reads, as in `cat letter.txt | pilotfish send ..`. A pipe that ends without data is no text. If
    /// a pipe gives nothing for 3 s, or if another program may read from it too, such as the calling
    /// script, timeout or sudo, nothing is sent: --text - says that standard input is the text, and
    /// < /dev/null that it is not.
    #[arg(
        short = 'm',
        long,
        value_name = "TEXT|@FILE|-",
        allow_hyphen_values = true
    )]
    pub(crate) text: Option<TextSource>,

    /// The mail in HTML, which most readers show in place of the text.
    #[arg(long, value_name = "HTML|@FILE|-", allow_hyphen_values = true)]
    pub(crate) html: Option<TextSource>,

    /// A text in Markdown, which becomes the text and the HTML.
    ///
    /// Metadata at its beginning, such as a title between lines `---`, is left out with a warning.
    #[arg(long, value_name = "FILE|-", value_parser = Input::parser(),
          conflicts_with_all = ["text", "html"])]
    pub(crate) markdown: Option<Input>,

    /// Write the text in an editor: that of VISUAL or EDITOR, or else vi. It begins with the text of
    /// --text, if there is one.
    #[arg(short, long, conflicts_with_all = ["markdown", "raw"])]
    pub(crate) edit: bool,

    /// Let readers fit the long lines of --text to their screen (format=flowed).
    #[arg(long, hide_short_help = true)]
    pub(crate) flowed: bool,

    /// A picture that the HTML shows by <img src="cid:LABEL">, or auto (can be repeated).
    ///
    /// It may have a ;name= and a ;type= as in --attach. With auto, it is the pictures that the
    /// HTML shows from files, in src, srcset, background or CSS; they are looked for beside the
    /// file with the HTML or Markdown, or else in the working directory.
    #[arg(long, value_name = "LABEL=FILE|auto",
          value_parser = OsStringValueParser::new().try_map(|typed| InlineSpec::parse(&typed)))]
    pub(crate) inline: Vec<InlineSpec>,

    /// Attach files, or - for standard input. An argument after them with an @ that names no file is a
    /// recipient. `;name=` gives it another name, `;type=`
    /// a media type; a value may stand in double quotes.
    #[arg(short, long, value_name = "FILE[;name=..][;type=..]", allow_hyphen_values = true,
          value_parser = OsStringValueParser::new().try_map(|typed| AttachSpec::parse(&typed)))]
    pub(crate) attach: Vec<AttachSpec>,

    /// Attach another mail, whole: a file with its octets, or - (can be repeated).
    #[arg(long, value_name = "FILE|-", value_parser = Input::parser(), hide_short_help = true)]
    pub(crate) forward: Vec<Input>,

    /// An invitation, or another message between calendars: a file in iCalendar, or -. One that
    /// names no METHOD is published.
    #[arg(long, value_name = "FILE|-", value_parser = Input::parser(), hide_short_help = true)]
    pub(crate) calendar: Option<Input>,

    /// The language of the text, such as de or en-GB.
    #[arg(long, value_name = "TAG", hide_short_help = true)]
    pub(crate) language: Option<Language>,

    /// The richest body type to use if the server supports it [default: 8bitmime].
    #[arg(
        long,
        alias = "body",
        value_parser = words(BODY_TYPES),
        value_name = "TYPE",
        ignore_case = true,
        hide_short_help = true
    )]
    pub(crate) body_type: Option<BodyType>,
}

/// A message that was made elsewhere.
#[derive(Args, Clone)]
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
