//! Errors of messages in the words of the command line.

use pilotfish::message::{BodyError, MessageError};

use crate::exit;
use crate::failure::Failure;

pub(super) fn no_author() -> Failure {
    Failure::usage("there is no sender: add --from")
}

/// What is wrong, in the words of the command line where the library speaks of its own methods.
pub(super) fn cannot_make(error: &MessageError) -> Failure {
    match error {
        MessageError::Body(error) => unreadable(error),
        MessageError::NoFrom => no_author(),
        MessageError::NoSender { authors } => Failure::bad_mail(format!(
            "in --from: there are {authors} authors: say by --sender who of them sends the mail"
        )),
        MessageError::NoRecipient => Failure::new(
            exit::USAGE,
            "there is no recipient: name one by --to, --cc or --bcc",
        ),
        MessageError::Reserved { field, hint } => Failure::bad_mail(format!(
            "the field {field} cannot be added by --header: {}",
            instead(field).unwrap_or(hint)
        )),
        MessageError::Unsendable {
            what, line, found, ..
        } => Failure {
            help: Some(REPAIR.to_owned()),
            ..Failure::bad_mail(format!(
                "line {line} of {what} has {found}, which no server has to take"
            ))
        },
        MessageError::UnsendableField { field, found } => Failure {
            help: Some(REPAIR.to_owned()),
            ..Failure::bad_mail(format!(
                "the field {field} {found}, which no server has to take"
            ))
        },
        MessageError::Addresses { .. } => Failure {
            help: Some(
                "name the envelope by --envelope-from and --to, and leave -t out".to_owned(),
            ),
            ..Failure::of(exit::DATA, error)
        },
        MessageError::NoCalendar => Failure {
            help: Some("attach a file that is not a calendar by --attach".to_owned()),
            ..Failure::of(exit::DATA, error)
        },
        _ => Failure::of(exit::DATA, error),
    }
}

const REPAIR: &str = "add --repair to have it encoded, with a warning for each change";

fn instead(field: &str) -> Option<&'static str> {
    match field.to_ascii_lowercase().as_str() {
        "from" => Some("use --from"),
        "sender" => Some("use --sender"),
        "reply-to" => Some("use --reply-to"),
        "to" => Some("use --to"),
        "cc" => Some("use --cc"),
        "bcc" => Some("use --bcc"),
        "subject" => Some("use --subject"),
        "date" => Some("use --date"),
        "message-id" => Some("use --message-id"),
        "in-reply-to" => Some("use --in-reply-to"),
        "references" => Some("use --references"),
        "auto-submitted" => Some("use --auto-submitted"),
        "list-unsubscribe" => Some("use --list-unsubscribe or --list-unsubscribe-mailto"),
        "list-unsubscribe-post" => Some("use --list-unsubscribe"),
        "mime-version" => Some("each mail has it"),
        "content-language" => Some("use --language"),
        name if name.starts_with("content-") => Some("it follows from the text and --attach"),
        _ => None,
    }
}

fn unreadable(error: &BodyError) -> Failure {
    let failure = Failure::of(exit::NO_INPUT, error);
    match error {
        BodyError::Name { .. } => failure.with_help("give the attachment another name by ;name="),
        _ => failure,
    }
}
