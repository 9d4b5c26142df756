//! Numbers of answers, in the forms in which servers write them.

use std::time::Duration;

use serde_json::{Map, Value};

/// The longest pause between two requests that is believed, in seconds: the protocol's library adds to it.
const MAX_INTERVAL: u64 = 3_600;

/// The answer with its times in whole seconds, which are what the protocol's library reads: some servers write
/// them as strings or as fractions. `None` if there is nothing to change.
pub(super) fn with_whole_seconds(body: &[u8]) -> Option<Vec<u8>> {
    let mut answer: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let mut is_changed = false;
    for (name, most) in [("expires_in", u64::MAX), ("interval", MAX_INTERVAL)] {
        let Some(value) = answer.get_mut(name) else {
            continue;
        };
        let Some(seconds) = seconds(value) else {
            continue;
        };
        let whole = Value::from(seconds.min(most));
        is_changed |= *value != whole;
        *value = whole;
    }
    is_changed.then(|| serde_json::to_vec(&answer).ok())?
}

fn seconds(value: &Value) -> Option<u64> {
    let fraction = match value {
        Value::Number(number) => match number.as_u64() {
            Some(seconds) => return Some(seconds),
            None => number.as_f64()?,
        },
        Value::String(text) => match text.trim().parse() {
            Ok(seconds) => return Some(seconds),
            Err(_) => text.trim().parse().ok()?,
        },
        _ => return None,
    };
    let duration = Duration::try_from_secs_f64(fraction).ok()?;
    Some(duration.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_servers() {
        for (answer, expected) in [
            (r#"{"expires_in":"3600"}"#, Some(r#"{"expires_in":3600}"#)),
            (r#"{"expires_in":" 60 "}"#, Some(r#"{"expires_in":60}"#)),
            (r#"{"expires_in":3599.9}"#, Some(r#"{"expires_in":3599}"#)),
            (r#"{"expires_in":"1e3"}"#, Some(r#"{"expires_in":1000}"#)),
            (
                r#"{"interval":18446744073709551615}"#,
                Some(r#"{"interval":3600}"#),
            ),
            (r#"{"interval":"5"}"#, Some(r#"{"interval":5}"#)),
            (r#"{"expires_in":3600,"interval":5}"#, None),
            (r#"{"expires_in":-1}"#, None),
            (r#"{"expires_in":"soon"}"#, None),
            (r#"{"expires_in":"NaN"}"#, None),
            (r#"{"expires_in":null}"#, None),
            ("[]", None),
            ("", None),
        ] {
            let whole = with_whole_seconds(answer.as_bytes());
            let whole = whole.map(|whole| String::from_utf8(whole).unwrap());
            assert_eq!(whole.as_deref(), expected, "{answer}");
        }
    }
}
