//! Points in time, for programs and for people.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use serde::Serializer;

/// A point in time as programs read it: UTC with milliseconds, as in RFC 3339.
pub(super) fn rfc3339(time: SystemTime) -> String {
    timestamp(time)
        .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}

pub(super) fn serialize<S: Serializer>(
    time: &SystemTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*time))
}

#[expect(
    clippy::ref_option,
    reason = "serde calls this with a reference to the field"
)]
pub(super) fn serialize_optional<S: Serializer>(
    time: &Option<SystemTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serialize(time, serializer),
        None => serializer.serialize_none(),
    }
}

/// The whole seconds since 1970.
pub(super) fn seconds(time: SystemTime) -> i64 {
    timestamp(time).as_second()
}

/// The time from one point to another. Nothing, if that is before.
pub(super) fn between(from: SystemTime, to: SystemTime) -> Duration {
    to.duration_since(from).unwrap_or_default()
}

/// The nearest point that the years up to 9999 have.
fn timestamp(time: SystemTime) -> Timestamp {
    let outside = if time > UNIX_EPOCH {
        Timestamp::MAX
    } else {
        Timestamp::MIN
    };
    Timestamp::try_from(time).unwrap_or(outside)
}

/// The clock on the wall of the reader.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    zone: TimeZone,
}

impl Clock {
    /// The clock of the zone. The system's, if there is none of this name.
    pub(super) fn new(name: Option<&str>) -> Self {
        let zone = match name {
            Some("UTC") => TimeZone::UTC,
            Some(name) => TimeZone::get(name).unwrap_or_else(|_| TimeZone::system()),
            None => TimeZone::system(),
        };
        Self { zone }
    }

    /// The zone at this time: `Europe/Berlin, UTC+01:00`.
    pub(super) fn zone(&self, time: SystemTime) -> String {
        let zoned = self.zoned(time);
        let offset = zoned.strftime("UTC%:z");
        match self.zone.iana_name() {
            Some("UTC" | "Etc/UTC") => "UTC".to_owned(),
            Some(name) => format!("{name}, {offset}"),
            None => offset.to_string(),
        }
    }

    /// `2026-12-02 09:12`.
    pub(super) fn day_and_minute(&self, time: SystemTime) -> String {
        self.zoned(time).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// `14:31`, or with its day if that is another than of the reference.
    pub(super) fn minute(&self, time: SystemTime, reference: SystemTime) -> String {
        let zoned = self.zoned(time);
        if zoned.date() == self.zoned(reference).date() {
            zoned.strftime("%H:%M").to_string()
        } else {
            self.day_and_minute(time)
        }
    }

    /// What stands at a second of a time axis whose marks are so far apart: `14:31:10`, `14:31`, or the
    /// day at midnight.
    pub(super) fn mark(&self, second: i64, step: i64) -> String {
        let zoned = self.at(second);
        let is_midnight = zoned.hour() == 0 && zoned.minute() == 0;
        let form = match step {
            ..60 => "%H:%M:%S",
            _ if is_midnight && step >= 3_600 => "%-d %b",
            _ => "%H:%M",
        };
        zoned.strftime(form).to_string()
    }

    /// How far this clock is ahead of UTC, in seconds.
    pub(super) fn offset(&self, second: i64) -> i64 {
        i64::from(self.at(second).offset().seconds())
    }

    fn at(&self, second: i64) -> ZonedDateTime {
        let time = Timestamp::from_second(second).unwrap_or_default();
        time.to_zoned_datetime(self.zone.clone())
    }

    fn zoned(&self, time: SystemTime) -> ZonedDateTime {
        timestamp(time).to_zoned_datetime(self.zone.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-29 14:31:02.345 UTC.
    fn november() -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(1_795_962_662_345)
    }

    #[test]
    fn programs_read_utc_with_milliseconds() {
        assert_eq!(rfc3339(november()), "2026-11-29T14:31:02.345Z");
        assert_eq!(rfc3339(UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
        let far = UNIX_EPOCH + Duration::from_secs(1 << 50);
        assert!(rfc3339(far).starts_with("9999-12-"), "{}", rfc3339(far));
    }

    #[test]
    fn people_read_their_own_clock() {
        let clock = Clock::new(Some("UTC"));
        let next_day = november() + Duration::from_hours(10);
        assert_eq!(clock.minute(november(), november()), "14:31");
        assert_eq!(clock.minute(next_day, november()), "2026-11-30 00:31");
        assert_eq!(clock.zone(november()), "UTC");
        let second = seconds(november());
        for (step, expected) in [(10, "14:31:02"), (60, "14:31"), (86_400, "14:31")] {
            assert_eq!(clock.mark(second, step), expected);
        }
        assert_eq!(clock.mark(1_795_996_800, 21_600), "30 Nov");
    }
}
