//! Answers in the forms in which servers write them.

use std::time::Duration;

use serde_json::{Map, Value};

/// The longest pause between two requests that is believed, in seconds: the protocol's library adds to it.
const MAX_INTERVAL: u64 = 3_600;

/// The answer as the protocol's library reads it. Some servers write a byte order mark before it, something
/// after it, or a member twice, of which the last counts; or times as strings or fractions. `None` if it is
/// not an object of JSON.
pub(super) fn canonical(body: &[u8]) -> Option<Vec<u8>> {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    let mut values = serde_json::Deserializer::from_slice(body).into_iter();
    let mut answer: Map<String, Value> = values.next()?.ok()?;
    for (name, most) in [("expires_in", u64::MAX), ("interval", MAX_INTERVAL)] {
        if let Some(value) = answer.get_mut(name)
            && let Some(seconds) = seconds(value)
        {
            *value = Value::from(seconds.min(most));
        }
    }
    serde_json::to_vec(&answer).ok()
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
    fn forms_of_answers() {
        for (answer, expected) in [
            (r#"{"expires_in":"3600"}"#, Some(r#"{"expires_in":3600}"#)),
            (r#"{"expires_in":" 60 "}"#, Some(r#"{"expires_in":60}"#)),
            (r#"{"expires_in":3599.9}"#, Some(r#"{"expires_in":3599}"#)),
            (r#"{"expires_in":"1e3"}"#, Some(r#"{"expires_in":1000}"#)),
            (r#"{"expires_in":60}"#, Some(r#"{"expires_in":60}"#)),
            (r#"{"expires_in":"soon"}"#, Some(r#"{"expires_in":"soon"}"#)),
            (r#"{"expires_in":-1}"#, Some(r#"{"expires_in":-1}"#)),
            (
                r#"{"interval":18446744073709551615}"#,
                Some(r#"{"interval":3600}"#),
            ),
            (r#"{"interval":"5"}"#, Some(r#"{"interval":5}"#)),
            ("\u{feff}{\"a\":1}", Some(r#"{"a":1}"#)),
            (r#"{"a":1}<!-- cached -->"#, Some(r#"{"a":1}"#)),
            (r#"{"a":1,"a":2}"#, Some(r#"{"a":2}"#)),
            (r#"{"a":1"#, None),
            ("a=1", None),
            ("[]", None),
        ] {
            let found = canonical(answer.as_bytes());
            let found = found.as_deref().map(|json| str::from_utf8(json).unwrap());
            assert_eq!(found, expected, "{answer}");
        }
    }
}
