//! Why a server refuses a token (RFC 7628 section 3.2.2).

use std::collections::HashMap;

/// How many characters of a value are kept.
const MAX_KEPT_CHARS: usize = 120;

/// The members of the JSON object that are shown: what is wrong, such as `invalid_token` or `401`, the
/// scope that the token should have, and the kinds of token that the server takes.
const MEMBERS: [&str; 3] = ["status", "scope", "schemes"];

/// Reads a challenge in which a server gives its reason: a JSON object that it sends before its reply.
/// The values are truncated and escaped. What is malformed is left out.
pub(super) fn oauth_refusal(challenge: &[u8]) -> String {
    let text = String::from_utf8_lossy(challenge);
    let mut reader = Reader(&text);
    let mut members = HashMap::new();
    let mut separator = reader.take('{');
    while separator.is_some()
        && let Some((name, value)) = reader.member()
    {
        members.insert(name, value);
        separator = reader.take(',');
    }
    let shown = MEMBERS.iter().filter_map(|name| {
        let value = members.get(*name)?;
        Some(format!("{name} {}", value.escape_debug()))
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// The members of a flat JSON object (RFC 8259), as all known servers send it.
struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn take(&mut self, mark: char) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(mark)?;
        Some(())
    }

    fn member(&mut self) -> Option<(String, String)> {
        let name = self.string()?;
        self.take(':')?;
        let value = if self.0.trim_start().starts_with('"') {
            self.string()?
        } else {
            self.word()
        };
        Some((name, value))
    }

    /// A number, or another value that is not a string.
    fn word(&mut self) -> String {
        let text = self.0.trim_start();
        let end = text.find([',', '}']).unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        self.0 = rest;
        word.trim().chars().take(MAX_KEPT_CHARS).collect()
    }

    fn string(&mut self) -> Option<String> {
        self.take('"')?;
        let mut value = String::new();
        let mut kept = 0;
        let mut characters = self.0.chars();
        loop {
            let character = match characters.next()? {
                '"' => break,
                '\\' => match characters.next()? {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'u' => {
                        let digits: String = characters.by_ref().take(4).collect();
                        let number = u32::from_str_radix(&digits, 16).ok()?;
                        char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER)
                    }
                    other => other,
                },
                other => other,
            };
            if kept < MAX_KEPT_CHARS {
                value.push(character);
                kept += 1;
            }
        }
        self.0 = characters.as_str();
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_services() {
        for (json, shown) in [
            // Google's, and RFC 7628 section 4.3.
            (
                r#"{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}"#,
                "status 400, scope https://mail.google.com/, schemes Bearer",
            ),
            (
                r#"{"status":"invalid_token","scope":"example_scope","openid-configuration":"https://example.com/.well-known/openid-configuration"}"#,
                "status invalid_token, scope example_scope",
            ),
            (r#" { "status" : 401 , "x" : null } "#, "status 401"),
            (
                r#"{"status":"a\"b\u000a\u001b[31m"}"#,
                r#"status a\"b\n\u{1b}[31m"#,
            ),
            ("", ""),
            ("no", ""),
            (r#"{"status":"cut"#, ""),
            (r#"{"status":"ok","scope":"cut"#, "status ok"),
            (r#"{"status":"\u12"}"#, ""),
        ] {
            assert_eq!(oauth_refusal(json.as_bytes()), shown, "{json}");
        }
    }

    #[test]
    fn values_are_truncated() {
        let json = format!(r#"{{"status":"{}","scope":"b"}}"#, "a".repeat(9_000));
        let status = "a".repeat(MAX_KEPT_CHARS);
        let expected = format!("status {status}, scope b");
        assert_eq!(oauth_refusal(json.as_bytes()), expected);
    }
}
