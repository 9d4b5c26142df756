//! Addresses without a domain, as local programs write them: `root`, or `root (Cron Daemon)`.

use std::borrow::Cow;

use super::domain::Domain;
use super::parser::{Cursor, is_atext};

/// The list with this domain at each address that is a local part alone. All else stays as it is,
/// whether it can be read or not.
pub(crate) fn with_domain<'a>(list: &'a str, domain: &Domain) -> Cow<'a, str> {
    let ends = ends_of_local_names(list);
    if ends.is_empty() {
        return list.into();
    }
    let domain = format!("@{domain}");
    let mut completed = String::with_capacity(list.len() + ends.len() * domain.len());
    let mut rest = list;
    let mut begin = 0;
    for end in ends {
        let (before, after) = rest.split_at_checked(end - begin).unwrap_or((rest, ""));
        completed.push_str(before);
        completed.push_str(&domain);
        (rest, begin) = (after, end);
    }
    completed.push_str(rest);
    completed.into()
}

/// An element of the list, as far as it has been read.
#[derive(Default)]
struct Element {
    words: usize,
    /// Where its last word ends.
    end: usize,
    /// Whether there is anything in it that an address without a domain does not have.
    is_other: bool,
}

impl Element {
    fn end_of_local_name(&self) -> Option<usize> {
        (self.words == 1 && !self.is_other).then_some(self.end)
    }
}

/// Where each address ends that has no domain. What cannot be read ends the search.
fn ends_of_local_names(list: &str) -> Vec<usize> {
    let mut cursor = Cursor::new(list);
    let mut ends = Vec::new();
    let mut element = Element::default();
    while cursor.cfws().is_ok() {
        match cursor.peek() {
            None => {
                ends.extend(element.end_of_local_name());
                break;
            }
            Some(',' | ';') => {
                ends.extend(std::mem::take(&mut element).end_of_local_name());
                cursor.next();
            }
            // What comes before it is the name of a group.
            Some(':') => {
                element = Element::default();
                cursor.next();
            }
            Some('<') => {
                element.is_other = true;
                cursor.next();
                let mut inside = Element::default();
                if !word(&mut cursor, &mut inside) && cursor.peek() != Some('@') {
                    break;
                }
                if cursor.peek() == Some('>') {
                    ends.extend(inside.end_of_local_name());
                }
                cursor.take_while(|c| c != '>');
                cursor.next();
            }
            Some('@') => {
                element.is_other = true;
                cursor.next();
            }
            Some(_) if word(&mut cursor, &mut element) => {}
            Some(_) => break,
        }
    }
    ends
}

/// Reads a word, and says whether there is one.
fn word(cursor: &mut Cursor<'_>, element: &mut Element) -> bool {
    let is_word = match cursor.peek() {
        Some('"') => cursor.quoted_string().is_ok(),
        _ => !cursor.take_while(|c| c == '.' || is_atext(c)).is_empty(),
    };
    element.words += 1;
    element.end = cursor.position();
    is_word
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_local_names_get_the_domain() {
        let domain: Domain = "x.test".parse().unwrap();
        for (list, expected) in [
            ("", ""),
            ("root", "root@x.test"),
            (" root ", " root@x.test "),
            ("root (Cron Daemon)", "root@x.test (Cron Daemon)"),
            ("(Cron) root", "(Cron) root@x.test"),
            (
                "\"(Cron Daemon)\" <root>",
                "\"(Cron Daemon)\" <root@x.test>",
            ),
            ("<root>", "<root@x.test>"),
            ("\"a b\"", "\"a b\"@x.test"),
            ("a, b@c, d", "a@x.test, b@c, d@x.test"),
            ("crew: a, b; c", "crew: a@x.test, b@x.test; c@x.test"),
            ("Ann Lee <ann>, bo", "Ann Lee <ann@x.test>, bo@x.test"),
            ("a@b", "a@b"),
            ("a @b", "a @b"),
            ("Ann Lee", "Ann Lee"),
            ("undisclosed-recipients:;", "undisclosed-recipients:;"),
            ("Ann <a@b>", "Ann <a@b>"),
            ("<@x:a@b>, c", "<@x:a@b>, c@x.test"),
            ("<>", "<>"),
            ("\"a", "\"a"),
            ("a, [b], c", "a@x.test, [b], c"),
            ("jörg", "jörg@x.test"),
        ] {
            assert_eq!(with_domain(list, &domain), expected, "{list:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_taken_away(list in "[a-c@<>,:;\" ()\\\\ä.\n]{0,20}") {
            let domain: Domain = "x.test".parse().unwrap();
            let completed = with_domain(&list, &domain);
            prop_assert_eq!(completed.replace("@x.test", ""), list);
        }
    }
}
