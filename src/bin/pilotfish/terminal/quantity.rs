//! Numbers, sizes and times as people read them.

use std::fmt;
use std::time::{Duration, SystemTime};

/// A number of octets in decimal units: 812 bytes, 1.2 kB, 26.2 MB, 310 MB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

/// A number with a comma between every three digits: 1,204.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) usize);

/// A time that has passed or may pass: 96 ms, 1.4 s, 45 s, 12 min, 2 h 05 min, 3 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// A number and what is counted, in the singular or the plural: 1 recipient, 1,204 recipients.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{} {}", Count(count), if count == 1 { one } else { many })
}

/// A day as `2027-01-19`.
pub(crate) fn day(time: SystemTime) -> Option<String> {
    let time = jiff::Timestamp::try_from(time).ok()?;
    Some(time.strftime("%Y-%m-%d").to_string())
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = u128::from(self.0);
        let rounded = |unit: u128| (bytes + unit / 2) / unit;
        match bytes {
            1 => return f.write_str("1 byte"),
            ..1_000 => return write!(f, "{bytes} bytes"),
            _ => {}
        }
        let mut unit = 1_000;
        for name in ["kB", "MB", "GB", "TB", "PB"] {
            let (whole, tenths) = (rounded(unit), rounded(unit / 10));
            if tenths < 1_000 {
                return write!(f, "{}.{} {name}", tenths / 10, tenths % 10);
            }
            if whole < 1_000 {
                return write!(f, "{whole} {name}");
            }
            unit *= 1_000;
        }
        write!(f, "{} EB", rounded(unit))
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        const DAY: u64 = 24 * HOUR;
        let (seconds, tenths) = (self.0.as_secs(), self.0.subsec_millis() / 100);
        match seconds {
            0 => write!(f, "{} ms", self.0.as_millis()),
            1..10 if tenths > 0 => write!(f, "{seconds}.{tenths} s"),
            1..120 => write!(f, "{seconds} s"),
            120..HOUR => write!(f, "{} min", seconds / MINUTE),
            HOUR..DAY if seconds % HOUR / MINUTE == 0 => write!(f, "{} h", seconds / HOUR),
            HOUR..DAY => write!(f, "{} h {:02} min", seconds / HOUR, seconds % HOUR / MINUTE),
            _ if seconds / DAY == 1 => f.write_str("1 day"),
            _ => write!(f, "{} days", seconds / DAY),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_decimal_units() {
        for (bytes, expected) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (812, "812 bytes"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (1_249, "1.2 kB"),
            (1_250, "1.3 kB"),
            (99_949, "99.9 kB"),
            (99_950, "100 kB"),
            (212_400, "212 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (26_200_000, "26.2 MB"),
            (35_882_577, "35.9 MB"),
            (310_000_000, "310 MB"),
            (u64::MAX, "18 EB"),
        ] {
            assert_eq!(Size(bytes).to_string(), expected);
        }
    }

    #[test]
    fn thousands_are_divided() {
        for (count, expected) in [
            (0, "0 mails"),
            (1, "1 mail"),
            (999, "999 mails"),
            (1_204, "1,204 mails"),
            (1_000_000, "1,000,000 mails"),
        ] {
            assert_eq!(counted(count, "mail", "mails"), expected);
        }
    }

    #[test]
    fn times_have_the_unit_that_matters() {
        for (milliseconds, expected) in [
            (0, "0 ms"),
            (96, "96 ms"),
            (999, "999 ms"),
            (1_000, "1 s"),
            (1_400, "1.4 s"),
            (9_999, "9.9 s"),
            (14_500, "14 s"),
            (90_000, "90 s"),
            (120_000, "2 min"),
            (3_599_000, "59 min"),
            (3_600_000, "1 h"),
            (7_500_000, "2 h 05 min"),
            (86_400_000, "1 day"),
            (3 * 86_400_000, "3 days"),
        ] {
            let span = Span(Duration::from_millis(milliseconds));
            assert_eq!(span.to_string(), expected);
        }
    }
}
