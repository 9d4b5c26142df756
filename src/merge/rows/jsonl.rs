//! Tables in JSON lines: an object for each person.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use super::csv::{MAX_COLUMNS, MAX_ROW};
use super::text_reader::TextReader;
use crate::merge::error::{MergeError, MergeErrorKind, quoted};

/// How deep values may be nested.
const MAX_DEPTH: usize = 32;

/// Splits a text into lines, and reads an object from each.
pub(super) struct JsonlReader {
    text: TextReader,
    line: u64,
}

/// The names and the values of an object, in their order.
pub(super) type Fields = (Vec<String>, Vec<Value>);

impl JsonlReader {
    pub(super) fn new(text: TextReader) -> Self {
        Self { text, line: 0 }
    }

    /// The next object, and its line.
    pub(super) fn next_object(&mut self) -> Result<Option<(u64, Fields)>, MergeError> {
        while let Some(line) = self.next_line()? {
            if !line.trim().is_empty() {
                let fields = object(&line).map_err(|error| error.at_line(self.line))?;
                return Ok(Some((self.line, fields)));
            }
        }
        Ok(None)
    }

    fn next_line(&mut self) -> Result<Option<String>, MergeError> {
        let mut seen = 0;
        loop {
            let text = self.text.text();
            let rest = text.as_bytes().get(seen..).unwrap_or_default();
            if let Some(end) = memchr::memchr(b'\n', rest) {
                let line = text.get(..seen + end).unwrap_or_default().to_owned();
                self.text.take(seen + end + 1);
                self.line += 1;
                return Ok(Some(line));
            }
            seen = text.len();
            let column = text.chars().count() as u64 + 1;
            if seen > MAX_ROW {
                let error = MergeError::new(MergeErrorKind::Limit, "the line has over 1 MiB");
                return Err(error.at_line(self.line + 1));
            }
            let place = |error: MergeError| error.at_line(self.line + 1).at_column(column);
            if !self.text.more().map_err(place)? {
                let line = self.text.text().to_owned();
                self.text.take(line.len());
                self.line += 1;
                return Ok((!line.is_empty()).then_some(line));
            }
        }
    }
}

/// Reads the object of a line.
fn object(line: &str) -> Result<Fields, MergeError> {
    let not_json = |error: &serde_json::Error| {
        let text = error.to_string();
        // The line is that of the file.
        let cause = text.split(" at line ").next().unwrap_or(&text);
        let message = match line.trim_start().chars().next() {
            Some('{') => format!("this is not JSON: {cause}"),
            _ => "the line is not an object".to_owned(),
        };
        let help = "each line is an object such as {\"email\": \"ann@example.org\"}";
        let error_here = MergeError::new(MergeErrorKind::Format, message).with_help(help);
        match error.column() as u64 {
            0 => error_here,
            column => error_here.at_column(column),
        }
    };
    let Object(pairs) = serde_json::from_str(line).map_err(|error| not_json(&error))?;
    if pairs.len() > MAX_COLUMNS {
        let message = format!("the object has over {MAX_COLUMNS} fields");
        return Err(MergeError::new(MergeErrorKind::Limit, message));
    }
    let mut fields = Fields::default();
    for (name, raw) in pairs {
        if fields.0.contains(&name) {
            let message = format!("the object has two fields {}", quoted(&name));
            return Err(MergeError::new(MergeErrorKind::Format, message));
        }
        let value = value(raw.get(), MAX_DEPTH).map_err(|error| not_json(&error))?;
        fields.0.push(name);
        fields.1.push(value);
    }
    Ok(fields)
}

/// The value of this JSON. A number that would not be written like this again is a text: `1.10`.
fn value(raw: &str, depth: usize) -> Result<Value, serde_json::Error> {
    if depth == 0 {
        return Err(serde_json::Error::custom("it is nested too deep"));
    }
    match raw.as_bytes().first() {
        Some(b'[') => {
            let items: Vec<Box<RawValue>> = serde_json::from_str(raw)?;
            let items = items.iter().map(|item| value(item.get(), depth - 1));
            items.collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        Some(b'{') => {
            let Object(pairs) = serde_json::from_str(raw)?;
            let mut object = Map::new();
            for (name, raw) in pairs {
                object.insert(name, value(raw.get(), depth - 1)?);
            }
            Ok(Value::Object(object))
        }
        Some(b'-' | b'0'..=b'9') => {
            let number: Option<Number> = serde_json::from_str(raw).ok();
            let same = number.filter(|number| number.to_string() == raw);
            Ok(same.map_or_else(|| Value::String(raw.to_owned()), Value::Number))
        }
        _ => serde_json::from_str(raw),
    }
}

/// The fields of an object, unread.
struct Object(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Object(pairs))
    }
}
