//! What was meant by a name with a typing error.

/// How many letters may be wrong.
const MAX_DISTANCE: usize = 2;

/// The name that differs least from the word: by at most two letters, and by fewer than a third of the
/// word. Capital letters count as small ones.
pub(super) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let distances = names
        .into_iter()
        .map(|name| (strsim::osa_distance(&word, &name.to_lowercase()), name));
    let (distance, name) = distances.min_by_key(|(distance, _)| *distance)?;
    let is_near = distance <= MAX_DISTANCE && distance * 3 < word.chars().count().max(4);
    is_near.then_some(name)
}

/// `did you mean "ticket"?`, or else the names that there are.
pub(super) fn did_you_mean<'a>(
    word: &str,
    what: &str,
    names: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    if let Some(name) = nearest(word, names.clone()) {
        return format!("did you mean {}?", super::error::quoted(name));
    }
    let known: Vec<_> = names.into_iter().collect();
    let shown: Vec<_> = known.iter().take(MAX_LISTED).copied().collect();
    let more = if known.len() > MAX_LISTED {
        ", …"
    } else {
        ""
    };
    let list = super::error::printable(&shown.join(", "));
    format!("the {what} are {list}{more}")
}

/// How many names a help lists.
const MAX_LISTED: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_typing_error_has_a_suggestion() {
        let names = ["email", "Ticket", "id"];
        for (word, expected) in [
            ("tickt", "did you mean \"Ticket\"?"),
            ("e-mail", "did you mean \"email\"?"),
            ("ID", "did you mean \"id\"?"),
            ("street", "the columns are email, Ticket, id"),
        ] {
            assert_eq!(did_you_mean(word, "columns", names), expected);
        }
    }
}
