//! Errors of messages in the words of the command line.

use pilotfish::message::{BodyError, MessageError};

use crate::exit;
use crate::failure::Failure;

pub(super) fn no_author() -> Failure {
    Failure::usage("there is no sender")
        .with_help("add --from")
        .with_help("an account has a sender: pilotfish account add me@example.org")
}

/// Names the flags where the library names its methods.
pub(crate) fn cannot_make(error: &MessageError) -> Failure {
    match error {
        MessageError::Body(error) => unreadable(error),
        MessageError::NoFrom => no_author(),
        MessageError::NoSender { authors } => Failure::bad_mail(format!(
            "in --from: there are {authors} authors: name the one who sends the mail by --sender"
        )),
        MessageError::NoRecipient => {
            Failure::usage("there is no recipient").with_help("name one by --to, --cc or --bcc")
        }
        MessageError::Reserved { field, hint } => Failure::bad_mail(format!(
            "the field {field} cannot be added by --header: {}",
            instead(field).unwrap_or(hint)
        )),
        MessageError::Unsendable {
            what, line, found, ..
        } => Failure::bad_mail(format!(
            "line {line} of {what} has {found}, which no server has to take"
        ))
        .with_help(REPAIR),
        MessageError::UnsendableField { field, found } => {
            let message = format!("the field {field} {found}, which no server has to take");
            Failure::bad_mail(message).with_help(REPAIR)
        }
        MessageError::Addresses { .. } => Failure::of(exit::DATA, error)
            .with_help("name the envelope by --envelope-from and --to, and leave -t out"),
        MessageError::NoCalendar => Failure::of(exit::DATA, error)
            .with_help("attach a file that is not a calendar by --attach"),
        _ => Failure::of(exit::DATA, error),
    }
}

const REPAIR: &str = "add --repair to have it encoded, with a warning for each change";

/// The flags for fields that `--header` cannot add.
const FLAGS: &[(&str, &str)] = &[
    ("From", "use --from"),
    ("Sender", "use --sender"),
    ("Reply-To", "use --reply-to"),
    ("To", "use --to"),
    ("Cc", "use --cc"),
    ("Bcc", "use --bcc"),
    ("Subject", "use --subject"),
    ("Date", "use --date"),
    ("Message-ID", "use --message-id"),
    ("In-Reply-To", "use --in-reply-to"),
    ("References", "use --references"),
    ("Auto-Submitted", "use --auto-submitted"),
    (
        "List-Unsubscribe",
        "use --list-unsubscribe or --list-unsubscribe-mailto",
    ),
    ("List-Unsubscribe-Post", "use --list-unsubscribe"),
    ("MIME-Version", "each mail has it"),
    ("Content-Language", "use --language"),
];

fn instead(field: &str) -> Option<&'static str> {
    let mut rows = FLAGS.iter();
    let row = rows.find(|(name, _)| name.eq_ignore_ascii_case(field));
    let content = field
        .get(..8)
        .filter(|begin| begin.eq_ignore_ascii_case("content-"));
    let other = content.map(|_| "it follows from the text and --attach");
    row.map(|(_, instead)| *instead).or(other)
}

fn unreadable(error: &BodyError) -> Failure {
    let failure = Failure::of(exit::NO_INPUT, error);
    match error {
        BodyError::Name { .. } => failure.with_help("give the attachment another name by ;name="),
        _ => failure,
    }
}
