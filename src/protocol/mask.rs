//! Masks a secret that a server repeats in its replies.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// How many octets in a row of a secret are masked.
const PART_OCTETS: usize = 8;

/// Shorter secrets are not masked: they are parts of ordinary words, so the masked text would show
/// them.
const MIN_MASKED_OCTETS: usize = 6;

/// This many octets of a secret at the end of a text are taken for its beginning.
const MIN_BEGINNING_OCTETS: usize = 3;

/// The text in place of a secret.
const REDACTED: &str = "<redacted>";

/// The forms of a secret, and every part of eight octets of each form.
#[derive(PartialEq)]
pub(crate) struct Mask {
    /// Forms of fewer than eight octets, which are masked whole.
    short: Vec<Zeroizing<Vec<u8>>>,
    /// Parts of the others, as numbers, in order.
    parts: Zeroizing<Vec<u64>>,
    /// The first octets of all forms, too few for a part.
    beginnings: Vec<Zeroizing<Vec<u8>>>,
}

impl Mask {
    /// Masks a secret of six octets or more as it is, with U+FFFD in place of octets that are not UTF-8,
    /// in percent form, and in base64 at any position of a text. A shorter one is not masked.
    pub(crate) fn new(secret: &Secret) -> Self {
        if secret.len() < MIN_MASKED_OCTETS {
            return Self::of(Vec::new());
        }
        let mut forms = encoded(secret);
        forms.push(Zeroizing::new(secret.expose().to_vec()));
        if let Cow::Owned(read) = String::from_utf8_lossy(secret.expose()) {
            forms.push(Zeroizing::new(read.into_bytes()));
        }
        forms.push(percent(secret));
        Self::of(forms)
    }

    /// Masks a response that contains a secret, in base64 alone. Its other form may contain the user's
    /// name, which need not be masked.
    pub(crate) fn of_response(response: &Secret) -> Self {
        let encoded = STANDARD_NO_PAD.encode(response.expose());
        Self::of(vec![Zeroizing::new(encoded.into_bytes())])
    }

    fn of(forms: Vec<Zeroizing<Vec<u8>>>) -> Self {
        let mut parts = Zeroizing::new(Vec::with_capacity(
            forms.iter().map(|form| form.len()).sum(),
        ));
        for form in &forms {
            parts.extend(form.array_windows().map(|part| u64::from_ne_bytes(*part)));
        }
        parts.sort_unstable();
        let beginning = |form: &Zeroizing<Vec<u8>>| {
            let octets = form.iter().take(PART_OCTETS - 1);
            Zeroizing::new(octets.copied().collect())
        };
        let long_enough = |form: &&Zeroizing<Vec<u8>>| form.len() >= MIN_MASKED_OCTETS;
        let beginnings = forms.iter().filter(long_enough).map(beginning).collect();
        let is_short =
            |form: &Zeroizing<Vec<u8>>| (MIN_MASKED_OCTETS..PART_OCTETS).contains(&form.len());
        Self {
            short: forms.into_iter().filter(is_short).collect(),
            parts,
            beginnings,
        }
    }

    /// The position near the end of truncated octets at which the secret begins.
    /// [`applied_to_octets`](Self::applied_to_octets) does not mask so few octets.
    pub(crate) fn begins_in(&self, octets: &[u8]) -> Option<usize> {
        let begins = |start: &usize| {
            let end = octets.get(*start..).unwrap_or_default();
            self.beginnings.iter().any(|form| form.starts_with(end))
        };
        let first = octets.len().saturating_sub(PART_OCTETS - 1);
        let last = octets.len().checked_sub(MIN_BEGINNING_OCTETS)?;
        (first..=last).find(begins)
    }

    /// The text with the secret masked; `None` if the secret does not occur.
    pub(crate) fn applied(&self, text: &str) -> Option<String> {
        let masked = self.applied_to_octets(text.as_bytes())?;
        Some(String::from_utf8_lossy(&masked).into_owned())
    }

    /// As [`applied`](Self::applied), for octets that need not be text.
    pub(crate) fn applied_to_octets(&self, octets: &[u8]) -> Option<Vec<u8>> {
        let hidden = self.hidden_in(octets)?;
        Some(overwritten(octets, &hidden))
    }

    /// As [`applied`](Self::applied), for a text whose lines are separated by line feeds: the secret may
    /// continue on the next line.
    pub(crate) fn applied_to_lines(&self, lines: &str) -> Option<String> {
        let joined = Zeroizing::new(lines.replace('\n', ""));
        let hidden = self.hidden_in(joined.as_bytes())?;
        let mut hidden = hidden.as_slice();
        let masked = lines.split('\n').map(|line| {
            let (of_line, rest) = hidden.split_at_checked(line.len()).unwrap_or_default();
            hidden = rest;
            String::from_utf8_lossy(&overwritten(line.as_bytes(), of_line)).into_owned()
        });
        Some(masked.collect::<Vec<_>>().join("\n"))
    }

    /// Which octets belong to the secret; `None` if no octet does.
    fn hidden_in(&self, octets: &[u8]) -> Option<Vec<bool>> {
        let mut hidden = vec![false; octets.len()];
        for (start, part) in octets.array_windows::<PART_OCTETS>().enumerate() {
            if self.parts.binary_search(&u64::from_ne_bytes(*part)).is_ok() {
                hide(&mut hidden, start, PART_OCTETS);
            }
        }
        for form in &self.short {
            for start in memchr::memmem::find_iter(octets, form.as_slice()) {
                hide(&mut hidden, start, form.len());
            }
        }
        hidden.contains(&true).then_some(hidden)
    }
}

fn overwritten(octets: &[u8], hidden: &[bool]) -> Vec<u8> {
    let mut masked = Vec::with_capacity(octets.len());
    let mut within = false;
    for (octet, &hidden) in octets.iter().zip(hidden) {
        if !hidden {
            masked.push(*octet);
        } else if !within {
            masked.extend_from_slice(REDACTED.as_bytes());
        }
        within = hidden;
    }
    masked
}

fn hide(hidden: &mut [bool], start: usize, length: usize) {
    hidden
        .iter_mut()
        .skip(start)
        .take(length)
        .for_each(|octet| *octet = true);
}

/// The base64 digits that depend on the secret alone, when zero, one or two other octets precede it.
fn encoded(secret: &Secret) -> Vec<Zeroizing<Vec<u8>>> {
    let place = |before: usize| {
        let mut octets = Zeroizing::new(Vec::with_capacity(before + secret.len()));
        octets.resize(before, 0);
        octets.extend_from_slice(secret.expose());
        let digits = Zeroizing::new(STANDARD_NO_PAD.encode(&octets).into_bytes());
        // Six bits to a digit: the first one without a bit of the octets before, and the last whole one.
        let first = (before * 8).div_ceil(6);
        let last = octets.len() * 8 / 6;
        Zeroizing::new(digits.get(first..last).unwrap_or_default().to_vec())
    };
    (0..3).map(place).collect()
}

/// RFC 3986 section 2.1: every octet that is not unreserved in percent form.
fn percent(secret: &Secret) -> Zeroizing<Vec<u8>> {
    const DIGITS: [u8; 16] = *b"0123456789ABCDEF";
    let digit = |number: u8| DIGITS.get(usize::from(number)).copied().unwrap_or_default();
    let mut form = Zeroizing::new(Vec::with_capacity(secret.len() * 3));
    for octet in secret.expose() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(octet) {
            form.push(*octet);
        } else {
            form.extend_from_slice(&[b'%', digit(octet >> 4), digit(octet & 15)]);
        }
    }
    form
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mask(<redacted>)")
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn echoes_over_several_lines() {
        for (lines, shown) in [
            ("no hunter2sec|retXYZ|bye", "no <redacted>|<redacted>|bye"),
            ("aHVudGVy|MnNlY3JldFhZWg|", "<redacted>|<redacted>g|"),
            (
                "h|u|n|t|e|r|2|s|e|c",
                "<redacted>|<redacted>|<redacted>|<redacted>|<redacted>|\
              <redacted>|<redacted>|<redacted>|<redacted>|<redacted>",
            ),
        ] {
            let lines = lines.replace('|', "\n");
            let masked = Mask::new(&"hunter2secretXYZ".into()).applied_to_lines(&lines);
            assert_eq!(masked.unwrap().replace('\n', "|"), shown);
        }
        assert_eq!(
            Mask::new(&"hunter2secretXYZ".into()).applied_to_lines("hunter is\nfine"),
            None
        );
    }

    #[test]
    fn echoes() {
        for (secret, text, shown) in [
            (
                "hunter2",
                "bad: hunter2, bad: aHVudGVyMg==",
                "bad: <redacted>, bad: <redacted>g==",
            ),
            ("hunter2", "hunter is fine", "hunter is fine"),
            ("pw", "pw", "pw"),
            // Base64 of these is masked as little as they are.
            (
                "again",
                "Try again later, YWdhaW4=",
                "Try again later, YWdhaW4=",
            ),
            ("secret", "no secrets", "no <redacted>s"),
            ("correct horse", "no: correct h...", "no: <redacted>..."),
            ("a b/cd", "at a%20b%2Fcd!", "at <redacted>!"),
            (
                "tanstaaftanstaaf",
                "535 AHRpbQB0YW5zdGFhZnRhbnN0YWFm",
                "535 AHRpbQB<redacted>",
            ),
            ("swordfish", "username and word", "username and word"),
        ] {
            let masked = Mask::new(&secret.into()).applied(text);
            assert_eq!(masked.as_deref().unwrap_or(text), shown, "{secret}");
        }
    }

    /// A server's words are read as UTF-8, with U+FFFD in place of what is not.
    #[test]
    fn octets_that_are_not_utf_8() {
        for secret in [
            &b"p\xe4ssw\xf6rd"[..],
            b"\xe4\xf6\xfc\xdf\xe4\xf6",
            b"abcde\xff",
        ] {
            let mask = Mask::new(&Secret::new(secret));
            let echo = [b"no: ", secret, b" is wrong"].concat();
            let read = String::from_utf8_lossy(&echo);
            let masked = "no: <redacted> is wrong";
            assert_eq!(mask.applied(&read).as_deref(), Some(masked));
            let octets = mask.applied_to_octets(&echo);
            assert_eq!(octets.as_deref(), Some(masked.as_bytes()));
        }
    }

    #[test]
    fn a_response_is_masked_and_the_user_is_not() {
        let mask = Mask::of_response(&"\0ann@example.org\0hunter2".into());
        assert_eq!(mask.applied("ann@example.org is unknown"), None);
        let echo = "AGFubkBleGFtcGxlLm9yZwBodW50ZXIy";
        assert_eq!(mask.applied(echo).as_deref(), Some("<redacted>"));
    }

    #[test]
    fn the_beginning_of_a_secret_at_the_end_of_a_text() {
        for (secret, text, start) in [
            ("hunter2", "bad: hunter", Some(5)),
            ("hunter2", "bad: hun", Some(5)),
            ("hunter2", "bad: hu", None),
            ("hunter2", "bad: hunters", None),
            ("hunter2", "un", None),
            ("hunter2", "bad: aHVudGV", Some(5)),
            ("correct horse", "no: correct", Some(4)),
            ("a b/cd", "no: a%20b%", Some(4)),
        ] {
            let mask = Mask::new(&secret.into());
            assert_eq!(mask.begins_in(text.as_bytes()), start, "{text}");
        }
    }

    proptest! {
        /// Wherever it stands in a text in base64, no eight digits of the secret are left.
        #[test]
        fn base64_at_any_place(before in "[ -~]{0,9}", secret in "[!-~]{12,40}", after in "[ -~]{0,9}") {
            let echo = STANDARD.encode(format!("{before}{secret}{after}"));
            let masked = Mask::new(&secret.as_str().into()).applied(&echo).unwrap();
            for form in encoded(&secret.as_str().into()) {
                for part in form.windows(PART_OCTETS) {
                    prop_assert!(memchr::memmem::find(masked.as_bytes(), part).is_none());
                }
            }
        }
    }
}
