//! What was meant by a word with a typing error.

use strsim::osa_distance;

/// How many letters may be wrong.
const MOST: usize = 2;

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
}
