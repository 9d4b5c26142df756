//! What was meant by a word with a typing error.

use strsim::osa_distance;

/// How many letters may be wrong.
const MOST: usize = 2;

/// Domains of many users.
const WELL_KNOWN: &[&str] = &[
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "hotmail.co.uk",
    "hotmail.fr",
    "live.com",
    "yahoo.com",
    "yahoo.co.uk",
    "yahoo.fr",
    "icloud.com",
    "protonmail.com",
    "proton.me",
    "fastmail.com",
    "freenet.de",
    "t-online.de",
    "comcast.net",
];

/// Domains that look like those and are others.
const OTHERS: &[&str] = &[
    "mail.com",
    "email.com",
    "ymail.com",
    "gmx.com",
    "rocketmail.com",
    "hotmail.de",
    "hotmail.it",
    "hotmail.es",
    "yahoo.de",
    "yahoo.it",
    "yahoo.es",
    "yahoo.ca",
    "live.de",
    "live.fr",
    "outlook.de",
    "outlook.fr",
    "fastmail.fm",
];

/// The candidate that differs least from the word: by at most two letters that are missing, added,
/// wrong or exchanged, and by fewer than a third of the word. `None` if it is a candidate itself.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let distances = candidates
        .into_iter()
        .map(|candidate| (osa_distance(word, candidate), candidate));
    let (distance, candidate) = distances.min_by_key(|(distance, _)| *distance)?;
    let is_near = (1..=MOST).contains(&distance) && distance * 3 < word.chars().count().max(4);
    is_near.then_some(candidate)
}

/// The well-known domain that was meant, at a distance of one letter, or of two in a long one.
pub(crate) fn nearest_domain(typed: &str) -> Option<&'static str> {
    const SHORT: usize = 9;
    if OTHERS.contains(&typed) {
        return None;
    }
    let meant = nearest(typed, WELL_KNOWN.iter().copied())?;
    let is_near = osa_distance(typed, meant) == 1 || meant.len() > SHORT;
    (is_near && typed.len() + 1 >= SHORT).then_some(meant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_at_a_distance_of_two_at_most() {
        for (word, expected) in [
            ("sned", Some("send")),
            ("sendd", Some("send")),
            ("send", None),
            ("--colour", Some("--color")),
            ("--sever", Some("--server")),
            ("--srevre", Some("--server")),
            ("--sxxxer", None),
            ("x", None),
            ("", None),
        ] {
            let candidates = ["send", "demo", "--color", "--server"];
            assert_eq!(nearest(word, candidates), expected, "{word}");
        }
    }

    #[test]
    fn domains_with_a_typing_error() {
        for (typed, expected) in [
            ("gmial.com", Some("gmail.com")),
            ("gmal.com", Some("gmail.com")),
            ("gmail.co", Some("gmail.com")),
            ("gmail.con", Some("gmail.com")),
            ("hotmial.com", Some("hotmail.com")),
            ("hotmil.con", Some("hotmail.com")),
            ("outlok.com", Some("outlook.com")),
            ("gmail.com", None),
            ("mail.com", None),
            ("example.org", None),
            ("ail.com", None),
            ("qmaik.com", None),
        ] {
            assert_eq!(nearest_domain(typed), expected, "{typed}");
        }
    }
}
