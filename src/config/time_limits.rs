//! Time limits as text: `connect=10s,greeting=1m`.

use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::transport::{Timeouts, shortened};

/// The longest time that can be asked for.
const MAX_TIME: Duration = Duration::from_hours(24);

/// How long to wait at some steps, as [`Network::set_timeout`](super::Network::set_timeout) reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TimeLimits(Vec<(&'static str, Duration)>);

/// What one limit is for.
type Step = fn(&mut Timeouts, Duration);

/// The name for each step.
const ALL: &str = "all";

/// The name for everything together.
const TOTAL: &str = "total";

/// Each step by its name.
const STEPS: [(&str, Step); 17] = [
    (ALL, |timeouts, time| *timeouts = Timeouts::all(time)),
    ("connect", |timeouts, time| timeouts.connect = time),
    ("proxy", |timeouts, time| timeouts.proxy = time),
    ("handshake", |timeouts, time| timeouts.handshake = time),
    ("greeting", |timeouts, time| timeouts.greeting = time),
    ("hello", |timeouts, time| timeouts.hello = time),
    ("starttls", |timeouts, time| timeouts.starttls = time),
    ("auth", |timeouts, time| timeouts.auth = time),
    ("mail", |timeouts, time| timeouts.mail = time),
    ("rcpt", |timeouts, time| timeouts.rcpt = time),
    ("data", |timeouts, time| timeouts.data = time),
    ("block", |timeouts, time| timeouts.block = time),
    ("end-of-data", |timeouts, time| timeouts.end_of_data = time),
    ("pipelined", |timeouts, time| timeouts.pipelined = time),
    ("reset", |timeouts, time| timeouts.reset = time),
    ("inquiry", |timeouts, time| timeouts.inquiry = time),
    ("quit", |timeouts, time| timeouts.quit = time),
];

impl TimeLimits {
    /// The time for everything together, if `total` is named.
    pub(super) fn total(&self) -> Option<Duration> {
        let mut totals = self.0.iter().rev().filter(|(name, _)| *name == TOTAL);
        totals.next().map(|(_, time)| *time)
    }

    /// Sets the steps that are named.
    pub(super) fn apply(&self, timeouts: &mut Timeouts) {
        for (name, time) in &self.0 {
            if let Some((_, set)) = STEPS.iter().find(|(step, _)| step == name) {
                set(timeouts, *time);
            }
        }
    }
}

impl FromStr for TimeLimits {
    type Err = TimeLimitError;

    fn from_str(text: &str) -> Result<Self, TimeLimitError> {
        let limit = |text: &str| {
            let text = text.trim();
            let Some((name, time)) = text.split_once('=') else {
                let no_limit = || TimeLimitError::Form(shortened(text));
                return Ok((TOTAL, duration(text).ok_or_else(no_limit)?));
            };
            let mut names = STEPS.iter().map(|(step, _)| *step).chain([TOTAL]);
            let known = names.find(|known| *known == name);
            let name = known.ok_or_else(|| TimeLimitError::Step(shortened(name)))?;
            let time = duration(time).ok_or_else(|| TimeLimitError::Time(shortened(time)))?;
            Ok((name, time))
        };
        text.split(',')
            .map(limit)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// A time from 1 ms to 24 h, as in `30m`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(unit)?;
    let number: u64 = number.parse().ok()?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let time = Duration::from_millis(number.checked_mul(milliseconds)?);
    (!time.is_zero() && time <= MAX_TIME).then_some(time)
}

/// Text that is not a list of time limits.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum TimeLimitError {
    /// It is not of the form `STEP=TIME`.
    #[error("\"{}\" is not a time limit: write 2m for all together, connect=10s,greeting=1m for some steps, or all=30s for each step", .0.escape_debug())]
    Form(String),
    /// There is no such step.
    #[error("there is no step \"{}\": there are {}", .0.escape_debug(), names())]
    Step(String),
    /// It is not a time from 1 ms to 24 h.
    #[error("\"{}\" is not a time from 1ms to 24h: write it like 500ms, 10s, 5m or 1h", .0.escape_debug())]
    Time(String),
}

fn names() -> String {
    format!("{} and {TOTAL}", STEPS.map(|(name, _)| name).join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_a_limit_of_its_own() {
        let steps = &STEPS[1..];
        for (name, _) in steps {
            let mut timeouts = Timeouts::all(Duration::from_secs(1));
            let limits: TimeLimits = format!("{name}=2s").parse().unwrap();
            limits.apply(&mut timeouts);
            let field = name.replace('-', "_");
            let shown = format!("{timeouts:?}");
            assert!(shown.contains(&format!("{field}: 2s")), "{shown}");
            assert_eq!(shown.matches("2s").count(), 1, "{shown}");
        }
        // There is a name for every field.
        let all = format!("{:?}", Timeouts::default()).matches(": ").count();
        assert_eq!(steps.len(), all);
    }

    #[test]
    fn a_total_is_not_a_step() {
        for (text, seconds) in [
            ("total=2m", Some(120)),
            ("5s", Some(5)),
            ("connect=5s", None),
            ("2m, connect=10s", Some(120)),
            ("total=2m,all=1s,total=1m", Some(60)),
        ] {
            let limits: TimeLimits = text.parse().unwrap();
            assert_eq!(
                limits.total().map(|total| total.as_secs()),
                seconds,
                "{text}"
            );
        }
    }

    #[test]
    fn limits() {
        for (text, expected) in [
            ("all=1m,greeting=500ms", "1m 500ms"),
            ("greeting=500ms,all=1m", "1m 1m"),
            (" all=1m , greeting=500ms", "1m 500ms"),
            ("greeting=24h", "default 24h"),
            ("1m", "default default"),
            ("1m,greeting=500ms", "default 500ms"),
            ("total=1m", "default default"),
            ("5", "Form(\"5\")"),
            ("total", "Form(\"total\")"),
            ("total=0s", "Time(\"0s\")"),
            ("", "Form(\"\")"),
            ("greeting", "Form(\"greeting\")"),
            ("greeting=1s,", "Form(\"\")"),
            ("gretting=1s", "Step(\"gretting\")"),
            ("greeting=1", "Time(\"1\")"),
            ("greeting=0s", "Time(\"0s\")"),
            ("greeting=25h", "Time(\"25h\")"),
            ("greeting=-1s", "Time(\"-1s\")"),
            ("greeting=1 s", "Time(\"1 s\")"),
            (
                "greeting=99999999999999999999s",
                "Time(\"99999999999999999999s\")",
            ),
            (
                "greeting=18446744073709551615h",
                "Time(\"18446744073709551615h\")",
            ),
        ] {
            let found = match text.parse::<TimeLimits>() {
                Ok(limits) => {
                    let mut timeouts = Timeouts::default();
                    limits.apply(&mut timeouts);
                    let shown = |time: Duration, default: Duration| match time.as_millis() {
                        _ if time == default => "default",
                        60_000 => "1m",
                        500 => "500ms",
                        86_400_000 => "24h",
                        other => panic!("{other}"),
                    };
                    let default = Timeouts::default();
                    let mail = shown(timeouts.mail, default.mail);
                    format!("{mail} {}", shown(timeouts.greeting, default.greeting))
                }
                Err(error) => format!("{error:?}"),
            };
            assert_eq!(found, expected, "{text}");
        }
    }
}
