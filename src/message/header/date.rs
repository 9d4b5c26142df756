//! The date of a message.

use std::str::FromStr;
use std::sync::LazyLock;
use std::time::SystemTime;

use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

use super::field_name::is_one_of;
use crate::address::try_from_text;
use crate::message::error::{MessageError, shown};

/// A date with the time of day and the distance from UTC (RFC 5322 section 3.3).
///
/// It is exact to the second and to the minute of distance, and belongs to the years 1900 to
/// 9999, which are the only ones that the format allows.
///
/// ```
/// # use pilotfish::message::Date;
/// let date: Date = "Tue, 1 Jul 2003 10:52:37 +0200".parse()?;
/// assert_eq!(date.to_string(), "Tue, 1 Jul 2003 10:52:37 +0200");
/// # Ok::<(), pilotfish::message::MessageError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Date(String);

static ZONE: LazyLock<TimeZone> = LazyLock::new(zone);

/// Reads a date whose day of the week may be wrong.
const ANY_WEEKDAY: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new().relaxed_weekday(true);

/// The names of zones that have one meaning: those of RFC 5322 section 4.3, and two for UTC that
/// are in use.
const ZONES: &str = "UT GMT UTC Z EST EDT CST CDT MST MDT PST PDT";

/// The part of a date before the zone, and the name of the zone, if that is not in [`ZONES`]. The zone is
/// the last word before any comment.
fn unknown_zone(text: &str) -> Option<(&str, &str)> {
    let date = text.split('(').next().unwrap_or_default();
    let (before, zone) = date.trim_end().rsplit_once(char::is_whitespace)?;
    let is_name = zone.starts_with(|first: char| first.is_ascii_alphabetic());
    (is_name && !is_one_of(ZONES, zone)).then_some((before, zone))
}

/// The time zone of this machine. On Unix it is mostly a file, which is read as it is: to look its
/// name up, all the zones that the machine knows would be listed first.
fn zone() -> TimeZone {
    if cfg!(unix)
        && std::env::var_os("TZ").is_none()
        && let Ok(file) = std::fs::read("/etc/localtime")
        && let Ok(zone) = TimeZone::tzif("localtime", &file)
    {
        return zone;
    }
    TimeZone::system()
}

impl Date {
    /// The present moment, in the time zone that this machine had when the process first asked.
    ///
    /// Without a configured zone it is in UTC. If the clock is outside the years of the format, it is
    /// the beginning of 1970.
    #[must_use]
    pub fn now() -> Self {
        let now = Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH);
        Self::new(&now.to_zoned_datetime(ZONE.clone()))
            .unwrap_or_else(|| Self("Thu, 1 Jan 1970 00:00:00 +0000".to_owned()))
    }

    /// The date in its wire form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn new(moment: &ZonedDateTime) -> Option<Self> {
        if moment.year() < 1900 {
            return None;
        }
        rfc2822::to_string(moment).ok().map(Self)
    }
}

fn wrong(text: &str) -> MessageError {
    let hint = "use the form Mon, 02 Jan 2006 15:04:05 -0700";
    MessageError::invalid(text, "is not a date of the years 1900 to 9999", hint)
}

/// The moment in UTC, written `+0000`.
impl TryFrom<SystemTime> for Date {
    type Error = MessageError;

    fn try_from(moment: SystemTime) -> Result<Self, Self::Error> {
        Timestamp::try_from(moment)
            .ok()
            .and_then(|moment| Self::new(&moment.to_zoned_datetime(TimeZone::UTC)))
            .ok_or_else(|| wrong(&format!("{moment:?}")))
    }
}

/// Reads a date in the form that mails have.
///
/// The obsolete forms of RFC 5322 section 4.3 (names of zones, years of two digits, comments)
/// are accepted and converted to the present form. The day of the week may be absent, but not
/// wrong. A leap second becomes the second before it. The zone `-0000`, which says that
/// the local time is unknown, stays. A name of a zone that RFC 5322 does not define, such as CET
/// or IST, is an error: several zones have the same name, and a reader would take it for UTC.
impl FromStr for Date {
    type Err = MessageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The parser takes some names for UTC, and refuses others.
        if let Some((before, zone)) = unknown_zone(text)
            && ANY_WEEKDAY
                .parse_zoned_datetime(format!("{before} +0000"))
                .is_ok()
        {
            return Err(MessageError::Zone { found: shown(zone) });
        }
        let moment = ANY_WEEKDAY
            .parse_zoned_datetime(text)
            .map_err(|_| wrong(text))?;
        let mut date = Self::new(&moment).ok_or_else(|| wrong(text))?;
        if rfc2822::parse(text).is_err() {
            return Err(MessageError::Weekday {
                found: shown(text),
                weekday: format!("{:?}", moment.weekday()),
            });
        }
        if text.contains("-0000") && date.0.ends_with("+0000") {
            date.0.truncate(date.0.len() - 5);
            date.0.push_str("-0000");
        }
        Ok(date)
    }
}

try_from_text!(Date, displayed);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_come_out_as_they_went_in() {
        for text in [
            "Thu, 1 Jan 1970 00:00:00 +0000",
            "Mon, 1 Jan 1900 00:00:00 +0000",
            "Tue, 19 Jan 2038 03:14:08 -1200",
            "Fri, 31 Dec 9999 12:00:00 +1400",
            "Sat, 29 Feb 2020 23:59:59 +0545",
            "Sun, 5 Jul 2026 06:07:08 -0000",
        ] {
            assert_eq!(text.parse::<Date>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn obsolete_forms_come_out_in_the_present_one() {
        for (text, date) in [
            ("1 Jul 03 10:52 GMT", "Tue, 1 Jul 2003 10:52:00 +0000"),
            (
                "Tue, 1 Jul 2003 10:52:37 EST (comment)",
                "Tue, 1 Jul 2003 10:52:37 -0500",
            ),
            (
                "Sat, 31 Dec 2016 23:59:60 +0000",
                "Sat, 31 Dec 2016 23:59:59 +0000",
            ),
        ] {
            assert_eq!(text.parse::<Date>().unwrap().as_str(), date);
        }
    }

    #[test]
    fn a_zone_is_known_or_refused() {
        let long_ago = "Tue, 1 Jul 2003 10:52:00";
        for (zone, expected) in [
            ("UTC", "+0000"),
            ("gmt", "+0000"),
            ("Z", "+0000"),
            ("PDT", "-0700"),
            ("+0100 (CET)", "+0100"),
        ] {
            let date: Date = format!("{long_ago} {zone}").parse().unwrap();
            assert_eq!(date.as_str(), format!("{long_ago} {expected}"), "{zone}");
        }
        for zone in [
            "CET",
            "cest",
            "JST",
            "IST",
            "BST",
            "A",
            "Y",
            "Berlin",
            "CET (comment)",
        ] {
            let result = format!("{long_ago} {zone}").parse::<Date>();
            assert!(
                matches!(result, Err(MessageError::Zone { .. })),
                "{zone}: {result:?}"
            );
        }
    }

    #[test]
    fn a_wrong_day_of_the_week_is_corrected_in_the_error() {
        for (date, weekday) in [
            ("Mon, 1 Jul 2003 10:52:37 +0200", "Tuesday"),
            ("Sun, 29 Feb 2020 23:59:59 +0000", "Saturday"),
        ] {
            let error = date.parse::<Date>().unwrap_err();
            assert!(matches!(error, MessageError::Weekday { .. }));
            assert!(
                error.to_string().contains(&format!("is a {weekday}: ")),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "today",
            "Mon, 1 Jul 2003 10:52:37 +0200",
            "Tue, 31 Jun 2003 10:52:37 +0200",
            "Sun, 31 Dec 1899 23:59:59 +0000",
            "1 Jan 0001 00:00:00 +0000",
            "Tue, 1 Jul 2003 10:52:37",
            "Tue, 1 Jul 2003 10:52:37 +0200\r\nX: y",
            "1 Jan 10000 00:00:00 +0000",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_moment_is_written_in_utc() {
        let moment = SystemTime::UNIX_EPOCH + Duration::from_millis(1_057_049_557_999);
        assert_eq!(
            Date::try_from(moment).unwrap().as_str(),
            "Tue, 1 Jul 2003 08:52:37 +0000"
        );
        let early = SystemTime::UNIX_EPOCH - Duration::from_hours(100 * 366 * 24);
        assert!(Date::try_from(early).is_err());
    }

    #[test]
    fn the_present_can_be_read_back() {
        let now = Date::now();
        assert_eq!(now.as_str().parse::<Date>().unwrap(), now);
    }

    #[test]
    fn the_zone_is_the_systems() {
        for moment in [0, 1_057_049_557, 1_700_000_000, 1_720_000_000] {
            let moment = Timestamp::from_second(moment).unwrap();
            let known = TimeZone::system().to_offset(moment);
            assert_eq!(zone().to_offset(moment), known);
        }
    }
}
