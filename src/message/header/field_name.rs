//! Names of header fields, and which of them the caller may write.

use std::str::FromStr;

use crate::address::try_from_text;
use crate::message::error::{MessageError, shown};

/// The name of a header field: printable ASCII without space and colon (RFC 5322
/// section 3.6.8, `field-name`), at most [76 octets](FieldName::MAX_LEN).
///
/// The case is kept as given, and comparison ignores it.
///
/// ```
/// # use pilotfish::message::FieldName;
/// let name: FieldName = "X-Mailer".parse()?;
/// assert_eq!(name.as_str(), "X-Mailer");
/// assert!("No Spaces".parse::<FieldName>().is_err());
/// # Ok::<(), pilotfish::message::MessageError>(())
/// ```
#[derive(Debug, Clone)]
pub struct FieldName(String);

impl FieldName {
    /// The longest name there may be, in octets: with its colon it fits on one line.
    pub const MAX_LEN: usize = 76;

    /// The name as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a caller should do instead of adding this field as free text; `None` if that is allowed.
    pub(crate) fn reserved(&self) -> Option<&'static str> {
        let name = self.0.to_ascii_lowercase();
        let hint = match name.as_str() {
            "from" | "sender" | "to" | "cc" | "bcc" | "subject" | "date" => {
                "use the method of the builder that has its name"
            }
            "reply-to" | "message-id" | "in-reply-to" | "auto-submitted" | "list-unsubscribe" => {
                "use the method of the builder that has its name, with underscores"
            }
            "references" => "use `reference` of the builder",
            "list-unsubscribe-post" => "use `list_unsubscribe` of the builder",
            "mime-version" => "the builder writes it",
            "return-path" | "received" => "servers write it on the way (RFC 5321 section 4.4)",
            _ if name.starts_with("content-") => "the builder writes it from the body",
            _ if name.starts_with("resent-") => {
                "it belongs to a message that is sent on, not to a new one (RFC 5322 section 3.6.6)"
            }
            _ => return None,
        };
        Some(hint)
    }
}

impl FromStr for FieldName {
    type Err = MessageError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let legal = (1..=Self::MAX_LEN).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_graphic() && b != b':');
        if legal {
            return Ok(Self(name.to_owned()));
        }
        let hint = "use 1 to 76 printable ASCII characters, no space and no colon";
        Err(MessageError::invalid(name, "is not a field name", hint))
    }
}

try_from_text!(FieldName, displayed);

impl PartialEq for FieldName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for FieldName {}

/// Whether a name is one of these names, which have spaces between them. Case does not matter.
pub(crate) fn is_one_of(names: &str, name: &str) -> bool {
    names.split(' ').any(|one| one.eq_ignore_ascii_case(name))
}

/// Checks text that is to become the value of `field`.
///
/// # Errors
///
/// The first C0 control other than the tab, or DEL.
pub(crate) fn without_controls(field: &str, value: impl AsRef<[u8]>) -> Result<(), MessageError> {
    let control = |b: u8| b.is_ascii_control() && b != b'\t';
    match value.as_ref().iter().copied().find(|b| control(*b)) {
        None => Ok(()),
        Some(octet) => Err(MessageError::Control {
            field: shown(field),
            character: char::from(octet),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_grammar() {
        for legal in ["X", "List-Unsubscribe", "x!#$%&'*+", &"n".repeat(76)] {
            assert!(legal.parse::<FieldName>().is_ok(), "{legal}");
        }
        for wrong in [
            "",
            "a b",
            "a:",
            "ä",
            "a\r\nb",
            "a\0",
            "\u{7f}",
            &"n".repeat(77),
        ] {
            assert!(wrong.parse::<FieldName>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn fields_of_the_builder_and_of_servers_are_reserved() {
        for name in [
            "FROM",
            "sender",
            "Reply-To",
            "To",
            "Cc",
            "bCC",
            "Subject",
            "Date",
            "Message-ID",
            "MIME-Version",
            "Content-Type",
            "content-whatever",
            "Return-Path",
            "Received",
            "Resent-From",
            "In-Reply-To",
            "References",
            "List-Unsubscribe",
            "List-Unsubscribe-Post",
            "Auto-Submitted",
        ] {
            assert!(
                name.parse::<FieldName>().unwrap().reserved().is_some(),
                "{name}"
            );
        }
        for name in ["List-Id", "X-To", "Comments", "Contents"] {
            assert!(
                name.parse::<FieldName>().unwrap().reserved().is_none(),
                "{name}"
            );
        }
    }

    #[test]
    fn every_control_but_the_tab_is_refused() {
        for octet in (0..32).chain([127]) {
            let value = format!("a{}b", char::from(octet));
            assert_eq!(
                without_controls("Subject", &value).is_ok(),
                octet == b'\t',
                "{octet}"
            );
        }
        assert!(without_controls("Subject", "\u{85}\u{2028}\u{560d}\u{10a}").is_ok());
    }
}
