//! When a mail is to be released (RFC 4865).

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use jiff::Timestamp;

use super::error::{EnvelopeError, shown};

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
    /// For this time, from its submission on.
    For(HoldSeconds),
    /// Until this date.
    Until(DateTime),
}

/// Seconds, 1 to 999999999 (RFC 4865).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldSeconds(u32);

impl HoldSeconds {
    /// So many seconds.
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
/// 1970 to 9999, and shown in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(Timestamp);

impl DateTime {
    fn new(timestamp: Timestamp) -> Option<Self> {
        let second = Timestamp::from_second(timestamp.as_second()).ok()?;
        (second >= Timestamp::UNIX_EPOCH).then_some(Self(second))
    }
}

/// Reads a date with its distance from UTC. A fraction of a second is left out.
impl FromStr for DateTime {
    type Err = EnvelopeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || EnvelopeError::DateTime { found: shown(text) };
        // jiff takes more forms than RFC 3339 has.
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
                found: shown(&format!("{moment:?}")),
            })
    }
}

try_from_text!(DateTime);

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

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
}
