//! Messages between calendars.

use std::str::FromStr;

use super::entity::Entity;
use super::media_type::MediaType;
use super::text::normalised;
use crate::address::try_from_text;
use crate::message::error::MessageError;

/// What a message between calendars is for (RFC 5546 section 1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Announces an event, without a request for an answer.
    Publish,
    /// Invites, or changes an invitation.
    Request,
    /// Answers an invitation.
    Reply,
    /// Adds days to an event.
    Add,
    /// Cancels an event.
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

/// The first line of an iCalendar object (RFC 5545 section 3.4).
const BEGIN: &str = "BEGIN:VCALENDAR";

impl Method {
    /// The method that an iCalendar object names (RFC 5545 section 3.7.2). One that names none, as
    /// files of events mostly do, is [published](Self::Publish).
    ///
    /// # Errors
    ///
    /// If it names one that RFC 5546 does not have.
    pub fn of(icalendar: &str) -> Result<Self, MessageError> {
        Ok(Self::named(icalendar)?.unwrap_or(Self::Publish))
    }

    /// The method that an iCalendar object names, if it names one.
    fn named(icalendar: &str) -> Result<Option<Self>, MessageError> {
        // RFC 5545 section 3.1: a line goes on where the next begins with white space.
        let unfolded = normalised(icalendar)
            .replace("\r\n ", "")
            .replace("\r\n\t", "");
        let named = unfolded.lines().find_map(|line| {
            let (name, _) = line.split_once([':', ';'])?;
            let is_method = name.eq_ignore_ascii_case("METHOD");
            is_method.then(|| value(line).trim())
        });
        named.map(str::parse).transpose()
    }

    /// Its name, in upper case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        let found = METHODS.iter().find(|(method, _)| *method == self);
        found.map_or("PUBLISH", |(_, name)| name)
    }
}

/// The value after the name and the parameters, whose values may be in quotes.
fn value(line: &str) -> &str {
    let mut in_quotes = false;
    let colon = line.find(|character| {
        in_quotes ^= character == '"';
        character == ':' && !in_quotes
    });
    let value = colon.and_then(|colon| line.get(colon + 1..));
    value.unwrap_or_default()
}

try_from_text!(Method);

/// The name in any case.
impl FromStr for Method {
    type Err = MessageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut methods = METHODS.iter();
        let found = methods.find(|(_, name)| name.eq_ignore_ascii_case(text));
        found.map(|(method, _)| *method).ok_or_else(|| {
            let problem = "is not a method of a calendar";
            MessageError::invalid(text, problem, "use one such as REQUEST")
        })
    }
}

impl Entity {
    /// An iCalendar object with its method: `text/calendar` (RFC 6047 section 2.4). If the object
    /// names no method, the line that names it is added, as readers go by both.
    ///
    /// It is an error if the object names another method (RFC 6047 section 2.4), or names none and
    /// does not begin with the line `BEGIN:VCALENDAR`.
    pub fn calendar(
        method: impl TryInto<Method, Error: Into<MessageError>>,
        icalendar: &str,
    ) -> Self {
        let method = method.try_into().map_err(Into::into);
        let calendar = method.and_then(|method| Self::calendar_of(method, icalendar));
        calendar.unwrap_or_else(|error| {
            let mut calendar = Self::text("");
            calendar.error.keep(error);
            calendar
        })
    }

    fn calendar_of(method: Method, icalendar: &str) -> Result<Self, MessageError> {
        let media_type = MediaType::fixed("text/calendar", &[("method", method.as_str())]);
        match Method::named(icalendar)? {
            Some(named) if named == method => Ok(Self::text_of(media_type, icalendar)),
            Some(named) => Err(MessageError::OtherMethod {
                said: method.as_str(),
                named: named.as_str(),
            }),
            None => {
                let object = normalised(icalendar.trim_start_matches('\u{feff}').trim_start());
                match object.split_once("\r\n") {
                    Some((begin, rest)) if begin.trim().eq_ignore_ascii_case(BEGIN) => {
                        let method = method.as_str();
                        let object = format!("{begin}\r\nMETHOD:{method}\r\n{rest}");
                        Ok(Self::text_of(media_type, object))
                    }
                    _ => Err(MessageError::NoCalendar),
                }
            }
        }
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
            assert!(Entity::calendar(method, &object).error.result().is_ok());
        }
        let publish = "BEGIN:VCALENDAR\nMETHOD:PUBLISH\n";
        assert!(
            Entity::calendar(Method::Request, publish)
                .error
                .result()
                .is_err()
        );
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
        assert!(Method::of("METHOD:INVITE\n").is_err());
        assert!("INVITE".parse::<Method>().is_err());
    }

    #[test]
    fn an_object_without_a_method_gets_it() {
        let text = |entity: Entity| match entity.kind {
            crate::message::part::entity::EntityKind::Text(_, text) => {
                let octets = text.body.blocking_read(usize::MAX).unwrap();
                String::from_utf8(octets.to_vec()).unwrap()
            }
            _ => String::new(),
        };
        for object in [
            "BEGIN:VCALENDAR\nVERSION:2.0\n",
            "\u{feff}begin:vcalendar \r\nVERSION:2.0",
        ] {
            assert_eq!(Method::of(object).unwrap(), Method::Publish);
            for method in [Method::Publish, Method::Request] {
                let sent = text(Entity::calendar(method, object));
                let (begin, rest) = sent.split_once("\r\n").unwrap();
                assert!(begin.trim().eq_ignore_ascii_case(BEGIN), "{sent}");
                let named = method.as_str();
                assert_eq!(rest, format!("METHOD:{named}\r\nVERSION:2.0\r\n"));
                assert_eq!(Method::of(&sent).unwrap(), method);
            }
        }
        for text in ["", "BEGIN:VEVENT\n", "<p>"] {
            let error = Entity::calendar(Method::Publish, text)
                .error
                .result()
                .unwrap_err();
            assert!(matches!(error, MessageError::NoCalendar), "{text:?}");
        }
    }
}
