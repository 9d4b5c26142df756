//! What a server dislikes about a token (RFC 7628 section 3.2.2).

use std::fmt;

/// How many characters of a value are kept.
const KEPT: usize = 120;

/// The reason that a server gives for a refused token: values of a JSON object, which it sends
/// ahead of its reply. Shortened, and escaped where they are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuthRefusal {
    /// `status`: what is wrong, such as `invalid_token` or `401`.
    pub status: Option<String>,
    /// `scope`: what the token should be good for.
    pub scope: Option<String>,
    /// `schemes`: the kinds of token that the server takes.
    pub schemes: Option<String>,
}

impl OAuthRefusal {
    /// Reads a challenge; what is not as it should be is left out.
    pub(super) fn read(challenge: &[u8]) -> Self {
        let text = String::from_utf8_lossy(challenge);
        let mut refusal = Self::default();
        let mut reader = Reader(&text);
        if reader.take('{').is_none() {
            return refusal;
        }
        while let Some((name, value)) = reader.member() {
            match name.as_str() {
                "status" => refusal.status = Some(value),
                "scope" => refusal.scope = Some(value),
                "schemes" => refusal.schemes = Some(value),
                _ => {}
            }
            if reader.take(',').is_none() {
                break;
            }
        }
        refusal
    }
}

impl fmt::Display for OAuthRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = [
            ("status", &self.status),
            ("scope", &self.scope),
            ("schemes", &self.schemes),
        ];
        let mut separator = "";
        for (name, value) in members {
            if let Some(value) = value {
                write!(f, "{separator}{name} {}", value.escape_debug())?;
                separator = ", ";
            }
        }
        Ok(())
    }
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

    /// A number, or another value that is no string.
    fn word(&mut self) -> String {
        let text = self.0.trim_start();
        let end = text.find([',', '}']).unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        self.0 = rest;
        word.trim().chars().take(KEPT).collect()
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
            if kept < KEPT {
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
            assert_eq!(
                OAuthRefusal::read(json.as_bytes()).to_string(),
                shown,
                "{json}"
            );
        }
    }

    #[test]
    fn values_are_shortened() {
        let json = format!(r#"{{"status":"{}","scope":"b"}}"#, "a".repeat(9_000));
        let refusal = OAuthRefusal::read(json.as_bytes());
        assert_eq!(refusal.status.map(|text| text.len()), Some(KEPT));
        assert_eq!(refusal.scope.as_deref(), Some("b"));
    }
}
