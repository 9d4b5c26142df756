//! Messages between calendars.

use std::str::FromStr;

use super::text::normalised;
use super::{Entity, MediaType, MessageError};

/// What a message between calendars is for (RFC 5546 section 1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Tells of an event, and wants no answer.
    Publish,
    /// Invites, or changes an invitation.
    Request,
    /// Answers an invitation.
    Reply,
    /// Adds days to an event.
    Add,
    /// Calls an event off.
    Cancel,
    /// Asks for the present state of an event.
    Refresh,
    /// Proposes a change.
    Counter,
    /// Declines a proposed change.
    DeclineCounter,
}

const METHODS: [(Method, &str); 8] = [
    (Method::Publish, "PUBLISH"),
    (Method::Request, "REQUEST"),
    (Method::Reply, "REPLY"),
    (Method::Add, "ADD"),
    (Method::Cancel, "CANCEL"),
    (Method::Refresh, "REFRESH"),
    (Method::Counter, "COUNTER"),
    (Method::DeclineCounter, "DECLINECOUNTER"),
];

impl Method {
    /// The method that an iCalendar object names (RFC 5545 section 3.7.2).
    ///
    /// # Errors
    ///
    /// If it names none, or one that RFC 5546 does not have.
    pub fn of(icalendar: &str) -> Result<Self, MessageError> {
        // RFC 5545 section 3.1: a line goes on where the next begins with white space.
        let unfolded = normalised(icalendar)
            .replace("\r\n ", "")
            .replace("\r\n\t", "");
        let named = unfolded.lines().find_map(|line| {
            let (name, _) = line.split_once([':', ';'])?;
            let is_method = name.eq_ignore_ascii_case("METHOD");
            is_method.then(|| value(line).trim())
        });
        named.unwrap_or_default().parse()
    }

    /// Its name, in upper case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        let found = METHODS.iter().find(|(method, _)| *method == self);
        found.map_or("PUBLISH", |(_, name)| name)
    }
}

/// What stands behind the name and the parameters, whose values may be in quotes.
fn value(line: &str) -> &str {
    let mut in_quotes = false;
    let colon = line.find(|character| {
        in_quotes ^= character == '"';
        character == ':' && !in_quotes
    });
    let value = colon.and_then(|colon| line.get(colon + 1..));
    value.unwrap_or_default()
}

/// The name in any case.
impl FromStr for Method {
    type Err = MessageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = METHODS
            .iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(text));
        found
            .map(|(method, _)| *method)
            .ok_or_else(|| MessageError::Method {
                found: super::error::shown(text),
            })
    }
}

impl Entity {
    /// An iCalendar object with its method: `text/calendar` (RFC 6047 section 2.4).
    ///
    /// # Errors
    ///
    /// If the object does not name the same method, as RFC 6047 section 2.4 wants it to.
    pub fn calendar(method: Method, icalendar: &str) -> Result<Self, MessageError> {
        let named = Method::of(icalendar)?;
        if named != method {
            return Err(MessageError::OtherMethod {
                said: method.as_str(),
                named: named.as_str(),
            });
        }
        let media_type = MediaType::fixed("text/calendar", &[("method", method.as_str())]);
        Self::text_of(media_type, icalendar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_names_the_method() {
        for (method, name) in METHODS {
            assert_eq!(method.as_str(), name);
            let object = format!("BEGIN:VCALENDAR\r\nmethod:{name}\r\nEND:VCALENDAR\r\n");
            assert_eq!(Method::of(&object).unwrap(), method);
            assert!(Entity::calendar(method, &object).is_ok());
        }
        let publish = "BEGIN:VCALENDAR\nMETHOD:PUBLISH\n";
        assert!(Entity::calendar(Method::Request, publish).is_err());
        for line in [
            "METHOD;X=y:PUBLISH",
            "Method;X=\"a:b\";Y=z: publish ",
            "MET\r\n HOD:PUB\n\tLISH",
        ] {
            for end in ["\r\n", "\n", "\r"] {
                let object = format!("BEGIN:VCALENDAR{end}{line}{end}X-METHOD:ADD{end}");
                assert_eq!(Method::of(&object).unwrap(), Method::Publish, "{object:?}");
            }
        }
        assert!(Method::of("BEGIN:VCALENDAR\n").is_err());
        assert!("INVITE".parse::<Method>().is_err());
    }
}
