//! Messages between calendars.

use std::str::FromStr;

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
        let named = icalendar.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("METHOD").then(|| value.trim())
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
        assert!(Method::of("BEGIN:VCALENDAR\n").is_err());
        assert!("INVITE".parse::<Method>().is_err());
    }
}
