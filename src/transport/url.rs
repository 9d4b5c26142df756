//! The URLs of servers and proxies (RFC 3986).

use std::borrow::Cow;

/// The parts of `SCHEME://[USER@]HOST[:PORT][/]`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Url<'a> {
    /// In lower case: a scheme is case-insensitive (section 3.1).
    pub(crate) scheme: String,
    /// The text before `@`, not decoded.
    pub(crate) user: Option<&'a str>,
    /// `HOST[:PORT]`, or a path; without a final slash and without an empty port (section 6.2.3).
    pub(crate) place: &'a str,
}

impl<'a> Url<'a> {
    /// Splits a text into its parts; `None` if it is not a URL.
    ///
    /// The host ends at the first `/`, `?` or `#` (section 3.2). So an `@` after one of them is not
    /// the end of a user's name: other programs would connect to another host.
    pub(crate) fn split(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (user, place) = match rest.rsplit_once('@') {
            _ if rest.starts_with('/') => (None, rest),
            Some((user, _)) if user.contains(['/', '?', '#']) => return None,
            Some((user, place)) => (Some(user), place),
            None => (None, rest),
        };
        let place = if place.starts_with('/') {
            place
        } else {
            let place = place.strip_suffix('/').unwrap_or(place);
            place.strip_suffix(':').unwrap_or(place)
        };
        Some(Self {
            scheme: scheme.to_ascii_lowercase(),
            user,
            place,
        })
    }
}

/// Decodes percent-encoded text (section 2.1); `None` if a `%` is not followed by two hexadecimal
/// digits, or the result is not UTF-8.
pub(crate) fn decoded(text: &str) -> Option<Cow<'_, str>> {
    let mut parts = text.split('%');
    let first = parts.next()?;
    if first.len() == text.len() {
        return Some(text.into());
    }
    let mut octets = first.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        if digits.starts_with('+') {
            return None;
        }
        octets.push(u8::from_str_radix(digits, 16).ok()?);
        octets.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(octets).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts() {
        for (text, expected) in [
            ("smtp://host", Some(("smtp", None, "host"))),
            ("SMTP+TLS://host/", Some(("smtp+tls", None, "host"))),
            ("smtp://host:", Some(("smtp", None, "host"))),
            ("smtp://host:/", Some(("smtp", None, "host"))),
            ("smtp://host:25/", Some(("smtp", None, "host:25"))),
            ("smtp://[::1]:/", Some(("smtp", None, "[::1]"))),
            ("smtp://a@b@host:25", Some(("smtp", Some("a@b"), "host:25"))),
            ("smtp://a%40b@host", Some(("smtp", Some("a%40b"), "host"))),
            ("smtp://@host", Some(("smtp", Some(""), "host"))),
            ("lmtp:///run/a@b", Some(("lmtp", None, "/run/a@b"))),
            ("lmtp:///run/", Some(("lmtp", None, "/run/"))),
            ("smtp://host//", Some(("smtp", None, "host/"))),
            ("smtp://me@good.test#@evil.test", None),
            ("smtp://good.test?@evil.test", None),
            ("http://me@good.test/x@evil.test:80", None),
            ("smtp://me%2F@host", Some(("smtp", Some("me%2F"), "host"))),
            ("host:25", None),
            ("", None),
        ] {
            let url = Url::split(text);
            let url = url.as_ref();
            let parts = url.map(|url| (url.scheme.as_str(), url.user, url.place));
            assert_eq!(parts, expected, "{text}");
        }
    }

    #[test]
    fn percent_form() {
        for (text, expected) in [
            ("", Some("")),
            ("tim", Some("tim")),
            ("me%40x.test", Some("me@x.test")),
            ("%c3%A9", Some("é")),
            ("100%25", Some("100%")),
            ("%2540", Some("%40")),
            ("100%", None),
            ("%4", None),
            ("%+4", None),
            ("%é", None),
            ("%zz", None),
            ("%ff", None),
        ] {
            assert_eq!(decoded(text).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(text in ".{0,20}") {
            let encoded: Vec<_> = text.bytes().map(|octet| format!("%{octet:02X}")).collect();
            let encoded = encoded.concat();
            let decoded = decoded(&encoded);
            prop_assert_eq!(decoded.as_deref(), Some(text.as_str()));
        }
    }
}
