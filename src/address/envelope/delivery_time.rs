//! When a mail is delivered: by when (RFC 2852), not before when (RFC 4865), and before which other
//! mails (RFC 6710).

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use jiff::Timestamp;

use super::error::EnvelopeError;
use crate::address::error::excerpt;

const MAX_SECONDS: i32 = 999_999_999;

/// The time by which a mail is to be delivered, and what happens if it is not: RFC 2852 section 4.
///
/// Its `Display` is what is sent.
///
/// ```
/// use pilotfish::address::envelope::DeliverBy;
///
/// assert_eq!(DeliverBy::or_return(3600)?.to_string(), "3600;R");
/// assert_eq!(DeliverBy::or_notify(3600)?.with_trace().to_string(), "3600;NT");
/// # Ok::<(), pilotfish::address::envelope::EnvelopeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeliverBy {
    seconds: i32,
    /// Whether a late mail is returned. Otherwise the sender is notified, and delivery goes on.
    returns: bool,
    traces: bool,
}

impl DeliverBy {
    /// Delivery within this many seconds, -999999999 to 999999999, or else a notification. A time that
    /// is not positive has passed already.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError::DeliverBy`] if it is another number.
    pub fn or_notify(seconds: i32) -> Result<Self, EnvelopeError> {
        Self::new(seconds, -MAX_SECONDS, false)
    }

    /// Delivery within this many seconds, 1 to 999999999, or not at all.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError::DeliverBy`] if it is another number.
    pub fn or_return(seconds: i32) -> Result<Self, EnvelopeError> {
        Self::new(seconds, 1, true)
    }

    fn new(seconds: i32, least: i32, returns: bool) -> Result<Self, EnvelopeError> {
        if !(least..=MAX_SECONDS).contains(&seconds) {
            let seconds = seconds.into();
            return Err(EnvelopeError::DeliverBy { seconds });
        }
        Ok(Self {
            seconds,
            returns,
            traces: false,
        })
    }

    /// Asks for a notification from each server that relays the mail to one without DELIVERBY, too
    /// (RFC 2852 section 4).
    #[must_use]
    pub fn with_trace(mut self) -> Self {
        self.traces = true;
        self
    }

    /// The time left, in seconds.
    #[must_use]
    pub fn seconds(self) -> i32 {
        self.seconds
    }

    /// Whether a late mail is returned rather than delivered late.
    #[must_use]
    pub fn returns(self) -> bool {
        self.returns
    }
}

impl fmt::Display for DeliverBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.returns { "R" } else { "N" };
        let trace = if self.traces { "T" } else { "" };
        write!(f, "{};{mode}{trace}", self.seconds)
    }
}

/// How long the server keeps a mail before it sends it on: RFC 4865.
///
/// ```
/// use pilotfish::address::envelope::{Hold, HoldSeconds};
///
/// let hold = Hold::For(HoldSeconds::new(7200)?);
/// let until = Hold::Until("2030-01-31T09:00:00+01:00".parse()?);
/// # Ok::<(), pilotfish::address::envelope::EnvelopeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hold {
    /// For this time after its submission.
    For(HoldSeconds),
    /// Until this date.
    Until(DateTime),
}

/// Seconds, 1 to 999999999 (RFC 4865).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldSeconds(u32);

impl HoldSeconds {
    /// This number of seconds.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError::HoldSeconds`] if it is not 1 to 999999999.
    pub fn new(seconds: i64) -> Result<Self, EnvelopeError> {
        match u32::try_from(seconds) {
            Ok(seconds @ 1..=999_999_999) => Ok(Self(seconds)),
            _ => Err(EnvelopeError::HoldSeconds { seconds }),
        }
    }

    /// The number of seconds.
    #[must_use]
    pub fn seconds(self) -> u32 {
        self.0
    }
}

impl fmt::Display for HoldSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A date with the time of day, exact to the second: RFC 3339 section 5.6. It is of the years
/// 1970 to 9999, and displayed in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(Timestamp);

impl DateTime {
    fn new(timestamp: Timestamp) -> Option<Self> {
        let second = Timestamp::from_second(timestamp.as_second()).ok()?;
        (second >= Timestamp::UNIX_EPOCH).then_some(Self(second))
    }
}

/// Reads a date with its offset from UTC, and ignores a fraction of a second.
impl FromStr for DateTime {
    type Err = EnvelopeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || EnvelopeError::DateTime {
            found: excerpt(text, 0),
        };
        // jiff accepts more forms than RFC 3339 has.
        let fits = |c: char| c.is_ascii_digit() || "-+:.TZtz".contains(c);
        if text.len() < 20 || !text.chars().all(fits) {
            return Err(wrong());
        }
        text.parse().ok().and_then(Self::new).ok_or_else(wrong)
    }
}

impl TryFrom<SystemTime> for DateTime {
    type Error = EnvelopeError;

    fn try_from(moment: SystemTime) -> Result<Self, Self::Error> {
        let timestamp = Timestamp::try_from(moment).ok();
        timestamp
            .and_then(Self::new)
            .ok_or_else(|| EnvelopeError::DateTime {
                found: excerpt(&format!("{moment:?}"), 0),
            })
    }
}

try_from_text!(DateTime);

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A mail's priority, -9 to 9, where 0 is normal: RFC 6710 section 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Priority(i8);

impl Priority {
    /// The priority with this number.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError::Priority`] if it is not -9 to 9.
    pub fn new(number: i8) -> Result<Self, EnvelopeError> {
        if (-9..=9).contains(&number) {
            return Ok(Self(number));
        }
        let found = number.into();
        Err(EnvelopeError::Priority { found })
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> i8 {
        self.0
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_and_modes() {
        for (by, sent) in [
            (DeliverBy::or_notify(0), Some("0;N")),
            (DeliverBy::or_notify(-999_999_999), Some("-999999999;N")),
            (DeliverBy::or_notify(-1_000_000_000), None),
            (DeliverBy::or_notify(999_999_999), Some("999999999;N")),
            (DeliverBy::or_notify(i32::MAX), None),
            (DeliverBy::or_return(1), Some("1;R")),
            (DeliverBy::or_return(0), None),
            (DeliverBy::or_return(-1), None),
            (DeliverBy::or_return(999_999_999), Some("999999999;R")),
            (DeliverBy::or_return(1_000_000_000), None),
            (
                DeliverBy::or_return(60).map(DeliverBy::with_trace),
                Some("60;RT"),
            ),
        ] {
            assert_eq!(by.ok().map(|by| by.to_string()).as_deref(), sent);
        }
    }

    #[test]
    fn intervals() {
        for (seconds, fits) in [
            (0, false),
            (1, true),
            (999_999_999, true),
            (1_000_000_000, false),
            (i64::MAX, false),
            (-1, false),
        ] {
            assert_eq!(HoldSeconds::new(seconds).is_ok(), fits, "{seconds}");
        }
    }

    #[test]
    fn moments_are_sent_in_utc() {
        for (text, sent) in [
            ("2030-01-31T08:00:00Z", Some("2030-01-31T08:00:00Z")),
            ("2030-01-31t08:00:00z", Some("2030-01-31T08:00:00Z")),
            ("2030-01-31T09:30:00+01:30", Some("2030-01-31T08:00:00Z")),
            ("2030-01-31T08:00:00.999Z", Some("2030-01-31T08:00:00Z")),
            ("1970-01-01T00:00:00Z", Some("1970-01-01T00:00:00Z")),
            ("1969-12-31T23:59:59Z", None),
            ("2030-02-30T08:00:00Z", None),
            ("2030-01-31T08:00:00", None),
            ("2030-01-31 08:00:00Z", None),
            ("2030-01-31", None),
            ("tomorrow", None),
            ("", None),
            ("2030-01-31T08:00:00Z\r\nDATA", None),
            ("2030-01-31T08:00:00Z\u{2028}", None),
            ("2030-01-31T08:00:00Z[Europe/Berlin]", None),
        ] {
            let moment = text.parse().ok().map(|moment: DateTime| moment.to_string());
            assert_eq!(moment.as_deref(), sent, "{text:?}");
        }
    }

    #[test]
    fn moments_of_the_system() {
        let moment = SystemTime::UNIX_EPOCH + Duration::from_millis(1_999);
        let moment = DateTime::try_from(moment).unwrap();
        assert_eq!(moment.to_string(), "1970-01-01T00:00:01Z");
        let early = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        assert!(DateTime::try_from(early).is_err());
    }

    #[test]
    fn there_are_nineteen() {
        let fits = |number: &i8| Priority::new(*number).is_ok();
        let numbers: Vec<i8> = (i8::MIN..=i8::MAX).filter(fits).collect();
        assert_eq!(numbers, (-9..=9).collect::<Vec<_>>());
        assert_eq!(Priority::new(-9).unwrap().to_string(), "-9");
    }
}
