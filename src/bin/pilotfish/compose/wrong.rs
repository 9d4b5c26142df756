//! What is wrong, in the words of the command line.

use pilotfish::message::{BodyError, MessageError};

use crate::exit;
use crate::failure::Failure;

pub(super) fn no_author() -> Failure {
    Failure::new(exit::USAGE, "there is no sender: add --from")
}

/// What is wrong, in the words of the command line where the library speaks of its own methods.
pub(super) fn cannot_make(error: &MessageError) -> Failure {
    match error {
        MessageError::Body(error) => unreadable(error),
        MessageError::NoFrom => no_author(),
        MessageError::NoSender { authors } => Failure::bad_mail(format!(
            "in --from: there are {authors} authors: say by --sender who of them sends the mail"
        )),
        MessageError::NoRecipient => {
            Failure::bad_mail("there is no recipient: name one by --to, --cc or --bcc")
        }
        MessageError::Reserved { field, hint } => Failure::bad_mail(format!(
            "the field {field} cannot be added by --header: {}",
            instead(field).unwrap_or(hint)
        )),
        _ => Failure::of(exit::DATA, error),
    }
}

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
    let mut failure = Failure::of(exit::NO_INPUT, error);
    if matches!(error, BodyError::Name { .. }) {
        failure.message.push_str(" by ;name=");
    }
    failure
}
