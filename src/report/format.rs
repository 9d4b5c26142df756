//! Numbers, sizes and times as people read them.

use std::fmt;
use std::time::Duration;

/// A number with a comma between every three digits: 1,204.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count(pub(super) u64);

/// A number of octets in decimal units: 812 bytes, 1.2 kB, 26.2 MB, 310 MB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size(pub(super) u64);

/// A time that has passed: 96 ms, 1.4 s, 45 s, 12 min, 2 h 05 min, 3 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span(pub(super) Duration);

/// A part of a whole: 61 %, 0.3 %. It is 0 % or 100 % only if it is nothing or everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) part: u64,
    pub(super) whole: u64,
}

/// A number and what is counted, in the singular or the plural: 1 mail, 1,204 mails.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", Count(count), if count == 1 { one } else { many })
}

/// A time of so many milliseconds: 96 ms, 1.4 s.
pub(super) fn milliseconds(count: u64) -> String {
    Span(Duration::from_millis(count)).to_string()
}

/// How many a minute: 29/min, 0.4/min.
pub(super) fn rate(count: u64, time: Duration) -> String {
    let time = time.as_millis().max(1);
    // In tenths.
    let tenths = (u128::from(count) * 600_000 + time / 2) / time;
    if tenths < 100 && !tenths.is_multiple_of(10) {
        return format!("{}.{}/min", tenths / 10, tenths % 10);
    }
    let whole = u64::try_from((tenths + 5) / 10).unwrap_or(u64::MAX);
    format!("{}/min", Count(whole))
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
            _ => {
                let days = seconds / DAY;
                write!(f, "{days} {}", if days == 1 { "day" } else { "days" })?;
                match seconds % DAY / HOUR {
                    0 => Ok(()),
                    hours => write!(f, " {hours} h"),
                }
            }
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (part, whole) = (u128::from(self.part), u128::from(self.whole));
        if part == 0 || whole == 0 {
            return f.write_str("0 %");
        }
        if part >= whole {
            return f.write_str("100 %");
        }
        let tenths = ((part * 1_000 + whole / 2) / whole).clamp(1, 999);
        match tenths {
            10..=990 => write!(f, "{} %", (tenths + 5) / 10),
            _ => write!(f, "{}.{} %", tenths / 10, tenths % 10),
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
            (1_250, "1.3 kB"),
            (99_950, "100 kB"),
            (999_500, "1.0 MB"),
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
        for (count, expected) in [
            (0, "0 ms"),
            (96, "96 ms"),
            (1_400, "1.4 s"),
            (9_999, "9.9 s"),
            (90_000, "90 s"),
            (2_460_000, "41 min"),
            (3_600_000, "1 h"),
            (7_500_000, "2 h 05 min"),
            (86_400_000, "1 day"),
            (90_000_000, "1 day 1 h"),
            (3 * 86_400_000, "3 days"),
        ] {
            assert_eq!(milliseconds(count), expected);
        }
    }

    #[test]
    fn a_share_is_all_or_nothing_only_if_it_is() {
        for (part, whole, expected) in [
            (0, 0, "0 %"),
            (0, 5, "0 %"),
            (5, 5, "100 %"),
            (1, 1_000_000, "0.1 %"),
            (999_999, 1_000_000, "99.9 %"),
            (4, 1_201, "0.3 %"),
            (1_189, 1_201, "99 %"),
            (695, 1_201, "58 %"),
            (1, 3, "33 %"),
        ] {
            assert_eq!(Share { part, whole }.to_string(), expected);
        }
    }

    #[test]
    fn rates_are_by_the_minute() {
        for (count, seconds, expected) in [
            (0, 0, "0/min"),
            (1_201, 2_460, "29/min"),
            (1, 600, "0.1/min"),
            (3, 60, "3/min"),
            (95, 600, "9.5/min"),
            (2_140, 1, "128,400/min"),
        ] {
            assert_eq!(rate(count, Duration::from_secs(seconds)), expected);
        }
    }
}
