//! The time that a server asks to wait, in the text of a reply.

use std::time::Duration;

use super::Reply;

/// A longer wait is cut to this.
const MAX_WAIT: Duration = Duration::from_hours(24);

impl Reply {
    /// How long the server asks to wait before the same is sent again, at most a day: "try again in
    /// 300 seconds", "Greylisted for 5 minutes", "please come back in 00:04:58". `None` if the text
    /// names no time.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        wait(&self.text())
    }
}

fn wait(text: &str) -> Option<Duration> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == ':';
    let words: Vec<_> = text
        .split_ascii_whitespace()
        .map(|word| word.trim_matches(|c| !is_part(c)).to_ascii_lowercase())
        .collect();
    words.windows(3).chain(words.windows(2)).find_map(|window| {
        let (before, rest) = window.split_first()?;
        let (amount, unit) = rest.split_first()?;
        if !matches!(before.as_str(), "in" | "after" | "for" | "wait") {
            return None;
        }
        let unit = unit.first().map_or("", String::as_str);
        let seconds = clock(amount).or_else(|| counted(amount, unit))?;
        (seconds > 0).then(|| Duration::from_secs(seconds).min(MAX_WAIT))
    })
}

/// The seconds of "00:04:58".
fn clock(text: &str) -> Option<u64> {
    let mut parts = text.splitn(3, ':').map(|part| part.parse::<u32>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    Some(u64::from(hours) * 3600 + u64::from(minutes) * 60 + u64::from(seconds))
}

/// The seconds of "5 minutes" or "300s".
fn counted(amount: &str, next: &str) -> Option<u64> {
    let end = amount.find(|c: char| !c.is_ascii_digit());
    let (digits, unit) = amount.split_at(end.unwrap_or(amount.len()));
    let seconds = match if unit.is_empty() { next } else { unit } {
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3600,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(seconds)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_servers_write() {
        for (text, seconds) in [
            ("Greylisted, please try again in 300 seconds", Some(300)),
            (
                "<a@b>: Greylisted for 5 minutes (see http://x.example)",
                Some(300),
            ),
            (
                "Greylisting in action, please come back in 00:04:58",
                Some(298),
            ),
            ("Too many mails, retry after 30s.", Some(30)),
            ("Try again in 1 hour.", Some(3600)),
            ("retry in 3 days", None),
            ("wait 99999999999 hours", Some(86_400)),
            (
                "Temporary System Problem.  Try again later (10). x - gsmtp",
                None,
            ),
            ("you sent too many mails in the last 10 minutes", None),
            ("try again in 0 seconds", None),
            ("go away after 3 attempts", None),
            ("please try again in", None),
            ("", None),
        ] {
            assert_eq!(wait(text), seconds.map(Duration::from_secs), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_wait_of_a_day_at_most(text in "(in |after |for |[0-9:]{1,12} |sec|.){0,20}") {
            prop_assert!(wait(&text).is_none_or(|wait| wait <= MAX_WAIT && !wait.is_zero()));
        }
    }
}
