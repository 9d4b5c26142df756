//! The beginning of a template: the fields of the message.

use crate::merge::error::{MergeError, MergeErrorKind, quoted};
use crate::merge::suggestion::did_you_mean;

/// The fields that there are.
pub(super) const FIELDS: [&str; 11] = [
    "attach",
    "bcc",
    "cc",
    "envelope-from",
    "from",
    "header",
    "inline",
    "list-unsubscribe",
    "reply-to",
    "subject",
    "to",
];

/// Those that can be given once.
const ONCE: [&str; 3] = ["envelope-from", "from", "subject"];

/// A text of a template, and where it stands in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) text: String,
    /// The line of its beginning.
    pub(super) line: u64,
    /// How many characters of that line are before it.
    pub(super) indent: u64,
}

impl Part {
    /// The line and the character of the octet at `offset`.
    pub(super) fn place(&self, offset: usize) -> (u64, u64) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let lines = before.matches('\n').count() as u64;
        let last = before.rsplit('\n').next().unwrap_or_default();
        let indent = if lines == 0 { self.indent } else { 0 };
        (self.line + lines, indent + last.chars().count() as u64 + 1)
    }

    /// What follows the first `len` octets, without blanks before it.
    pub(super) fn skip(&self, len: usize) -> Self {
        let rest = self.text.get(len..).unwrap_or_default();
        let text = rest.trim_start_matches([' ', '\t']);
        let skipped = self
            .text
            .get(..self.text.len() - text.len())
            .unwrap_or_default();
        Self {
            text: text.to_owned(),
            line: self.line,
            indent: self.indent + skipped.chars().count() as u64,
        }
    }
}

/// A field and its value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RawField {
    pub(super) name: &'static str,
    pub(super) value: Part,
}

/// Splits a template into its fields and its text.
pub(super) fn split(source: &str) -> Result<(Vec<RawField>, Part), MergeError> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let bad = |line: u64, message: String| {
        MergeError::new(MergeErrorKind::Template, message).at_line(line)
    };
    let mut lines = source.split_inclusive('\n').zip(1_u64..);
    let is_rule = |line: &str| line.trim_end() == "---";
    let Some((first, _)) = lines.next().filter(|(line, _)| is_rule(line)) else {
        let message = "the template does not begin with its fields".to_owned();
        let help = "begin it with a line ---, lines such as \"to: {{ email }}\", and a line ---";
        return Err(bad(1, message).with_help(help));
    };
    let mut len = first.len();
    let mut fields: Vec<RawField> = Vec::new();
    for (line, number) in lines {
        len += line.len();
        let text = line.trim_end_matches(['\r', '\n']);
        if is_rule(text) {
            for field in &mut fields {
                field.value.text.truncate(field.value.text.trim_end().len());
            }
            let body = Part {
                text: source.get(len..).unwrap_or_default().to_owned(),
                line: number + 1,
                indent: 0,
            };
            return Ok((fields, body));
        }
        let is_continued = text.starts_with([' ', '\t']) && !text.trim().is_empty();
        if !text.starts_with('#') && !text.trim().is_empty() && !is_continued {
            let field = field(text, number)?;
            if ONCE.contains(&field.name) && fields.iter().any(|other| other.name == field.name) {
                let message = format!("there are two fields {}", field.name);
                return Err(bad(number, message).with_help("remove one of them"));
            }
            fields.push(field);
            continue;
        }
        match fields.last_mut() {
            // Lines are counted in values, so comments leave an empty one.
            Some(field) => {
                field.value.text.push('\n');
                field
                    .value
                    .text
                    .push_str(if is_continued { text } else { "" });
            }
            None if is_continued => {
                let message = "the first field begins with a blank".to_owned();
                return Err(bad(number, message).with_help("remove the blank"));
            }
            None => {}
        }
    }
    let message = "the fields of the template do not end".to_owned();
    Err(bad(1, message).with_help("put a line --- between the fields and the text"))
}

/// Reads `name: value`.
fn field(line: &str, number: u64) -> Result<RawField, MergeError> {
    let bad = |message: String| MergeError::new(MergeErrorKind::Template, message).at_line(number);
    let Some((name, value)) = line.split_once(':') else {
        let message = format!("{} is not a field", quoted(line));
        let help =
            "write a field as \"name: value\", and begin a line that continues one with a blank";
        return Err(bad(message).with_help(help));
    };
    let lower = name.trim().to_ascii_lowercase();
    let Some(name) = FIELDS.into_iter().find(|known| *known == lower) else {
        let message = format!("there is no field {}", quoted(name.trim()));
        let help = did_you_mean(&lower, "fields", FIELDS);
        return Err(bad(message).with_help(help + "; \"header: Name: value\" adds another"));
    };
    let whole = Part {
        text: line.to_owned(),
        line: number,
        indent: 0,
    };
    Ok(RawField {
        name,
        value: whole.skip(line.len() - value.len()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_text() {
        let source = "---\r\n# people\r\nto: {{ a }}\r\n\r\nSubject: b\r\n# c\r\n  d {{ e }}\r\n---\r\n\r\ntext\r\n";
        let (fields, body) = split(source).unwrap();
        let found: Vec<_> = fields
            .iter()
            .map(|field| (field.name, field.value.text.as_str(), field.value.line))
            .collect();
        assert_eq!(
            found,
            [("to", "{{ a }}", 3), ("subject", "b\n\n  d {{ e }}", 5)]
        );
        assert_eq!((body.text.as_str(), body.line), ("\r\ntext\r\n", 9));
        let subject = &fields[1].value;
        assert_eq!(subject.place(0), (5, 10));
        assert_eq!(subject.place(subject.text.find('e').unwrap()), (7, 8));
        assert_eq!(fields[0].value.place(3), (3, 8));
    }

    #[test]
    fn what_fields_must_not_be() {
        for (source, expected, help) in [
            (
                "to: a\n",
                ":1: the template does not begin with its fields",
                "begin it",
            ),
            (
                "---\nto: a\n",
                ":1: the fields of the template do not end",
                "put a line",
            ),
            (
                "---\nto\n---\n",
                ":2: \"to\" is not a field",
                "write a field",
            ),
            (
                "---\nsubjet: a\n---\n",
                ":2: there is no field \"subjet\"",
                "did you mean \"subject\"?",
            ),
            (
                "---\nX-Tag: a\n---\n",
                ":2: there is no field \"X-Tag\"",
                "the fields are attach",
            ),
            (
                "---\nfrom: a\nFrom: b\n---\n",
                ":3: there are two fields from",
                "remove one",
            ),
            (
                "---\n from: a\n---\n",
                ":2: the first field begins with a blank",
                "remove",
            ),
        ] {
            let error = split(source).unwrap_err().in_file("");
            assert_eq!(error.to_string(), expected, "{source:?}");
            assert!(error.help().unwrap().starts_with(help), "{error:?}");
        }
    }
}
