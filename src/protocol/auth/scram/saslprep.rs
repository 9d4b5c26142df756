//! Names and passwords as SCRAM wants them (RFC 5802 section 2.2, RFC 4013).

use zeroize::Zeroizing;

use crate::secret::Secret;

/// `Normalize`: `SASLprep` of a stored string. None if the text has what that prohibits, or nothing
/// is left of it.
pub(in super::super) fn saslprep(octets: &[u8]) -> Option<Secret> {
    let text = str::from_utf8(octets).ok()?;
    let prepared = Zeroizing::new(stringprep::saslprep(text).ok()?.into_owned());
    (!prepared.is_empty()).then(|| Secret::from(prepared.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_rfc_4013() {
        for (text, expected) in [
            ("I\u{ad}X", Some("IX")),
            ("user", Some("user")),
            ("USER", Some("USER")),
            ("\u{aa}", Some("a")),
            ("\u{2168}", Some("IX")),
            ("\u{7}", None),
            ("\u{627}1", None),
            ("\u{ad}", None),
            ("pass word", Some("pass word")),
            ("pass\u{a0}word", Some("pass word")),
            // Not in Unicode 3.2.
            ("🦈", None),
        ] {
            let prepared = saslprep(text.as_bytes());
            let shown = prepared.as_ref().map(Secret::expose);
            assert_eq!(shown, expected.map(str::as_bytes), "{text:?}");
        }
        assert!(saslprep(b"p\xe4ss").is_none());
    }
}
