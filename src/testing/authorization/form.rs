//! The media type `application/x-www-form-urlencoded` (RFC 6749, appendix B), and percent-encoding
//! (RFC 3986, section 2.1).

/// The names and values of a form or a query, in their order.
#[derive(Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn parse(text: &str) -> Self {
        let fields = text.split('&').filter(|field| !field.is_empty());
        let fields = fields.map(|field| {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            (decode(name), decode(value))
        });
        Self(fields.collect())
    }

    /// The first value of this name. An empty one counts as omitted (RFC 6749, section 3.1).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut fields = self.0.iter();
        let found = fields.find(|(own, _)| own == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// The value of this name, or nothing.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// The first name that is there twice.
    pub(super) fn repeated(&self) -> Option<&str> {
        let names = self.0.iter().enumerate();
        names
            .filter(|(index, (name, _))| {
                let mut before = self.0.iter().take(*index);
                before.any(|(earlier, _)| earlier == name)
            })
            .map(|(_, (name, _))| name.as_str())
            .next()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Decodes `+` and percent-encoded octets. What is not UTF-8 is replaced.
pub(super) fn decode(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        let encoded = behind
            .split_at_checked(2)
            .filter(|(digits, _)| *first == b'%' && digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|(digits, behind)| {
                let digits = std::str::from_utf8(digits).ok()?;
                Some((u8::from_str_radix(digits, 16).ok()?, behind))
            });
        match (encoded, first) {
            (Some((octet, behind)), _) => {
                octets.push(octet);
                rest = behind;
            }
            (None, b'+') => octets.push(b' '),
            (None, octet) => octets.push(*octet),
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// Encodes all but the unreserved characters.
pub(super) fn encode(text: &str) -> String {
    use std::fmt::Write as _;

    let mut encoded = String::with_capacity(text.len());
    for octet in text.bytes() {
        match octet {
            b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(octet)),
            octet if octet.is_ascii_alphanumeric() => encoded.push(char::from(octet)),
            // Writing to a string cannot fail.
            octet => _ = write!(encoded, "%{octet:02X}"),
        }
    }
    encoded
}

/// An address with these names and values in its query.
pub(super) fn with_query(address: &str, fields: &[(&str, &str)]) -> String {
    let mut result = address.to_owned();
    for (name, value) in fields {
        result.push(if result.contains('?') { '&' } else { '?' });
        result.push_str(name);
        result.push('=');
        result.push_str(&encode(value));
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_decoded() {
        let form = Form::parse("a=1+2&b=%C3%A9%3D&&c&a=3&d=%zz%4");
        for (name, value) in [("a", "1 2"), ("b", "é="), ("c", ""), ("d", "%zz%4")] {
            assert_eq!(form.text(name), value, "{name}");
        }
        assert_eq!(form.get("c"), None);
        assert_eq!(form.repeated(), Some("a"));
    }

    #[test]
    fn queries_are_encoded() {
        assert_eq!(
            with_query("http://a/?x=1", &[("b", "é ="), ("c", "-._~")]),
            "http://a/?x=1&b=%C3%A9%20%3D&c=-._~"
        );
    }
}
