//! What the fields of a template say, where that is no address.

use std::path::{Component, Path, PathBuf};

use super::marked::{Marked, Piece};
use crate::address::escaped;
use crate::message::ListUnsubscribe;

/// The path of a file, relative to the directory of the template; none if the field is empty.
///
/// A value that is the whole path may lead anywhere. A value within a path names a file or directories below
/// the place where it stands.
pub(super) fn path(marked: &Marked, directory: &Path) -> Result<Option<PathBuf>, &'static str> {
    let line = marked.line();
    if line.is_empty() {
        return Ok(None);
    }
    if line.contains(char::is_control) {
        return Err("the path has a control character: remove it");
    }
    let pieces = marked.pieces();
    let is_value_alone = matches!(pieces.as_slice(), [Piece::Value(_)]);
    let leads_up = |piece: &Piece<'_>| match piece {
        Piece::Value(value) => Path::new(value)
            .components()
            .any(|c| c == Component::ParentDir),
        Piece::Fixed(_) => false,
    };
    let begins_at_root =
        matches!(pieces.first(), Some(Piece::Value(value)) if value.starts_with(['/', '\\']));
    if !is_value_alone && (begins_at_root || pieces.iter().any(leads_up)) {
        return Err(
            "a value leads to another directory: use one without \"..\" and a leading slash",
        );
    }
    Ok(Some(directory.join(line)))
}

/// How a recipient leaves the list: the URL of one click, or an address.
pub(super) fn unsubscribe(marked: &Marked) -> String {
    let pieces = marked.pieces();
    if pieces.len() < 2 {
        return marked.line();
    }
    let mut line = String::new();
    for piece in pieces {
        match piece {
            Piece::Fixed(text) => line.push_str(text),
            // `%` is of a value that is encoded already.
            Piece::Value(value) => {
                let is_kept =
                    |octet: u8| octet.is_ascii_alphanumeric() || b"-._~%@".contains(&octet);
                line.push_str(&escaped(value, '%', is_kept));
            }
        }
    }
    line.split_whitespace().collect()
}

/// Both ways together; the URL comes first.
pub(super) fn list_unsubscribe(ways: &[String]) -> Result<Option<ListUnsubscribe>, String> {
    let mut list = None;
    let is_url = |way: &&String| way.starts_with("http:") || way.starts_with("https:");
    let (urls, addresses): (Vec<_>, Vec<_>) =
        ways.iter().filter(|way| !way.is_empty()).partition(is_url);
    if urls.len() > 1 {
        return Err("there are two URLs: keep one".to_owned());
    }
    if let Some(url) = urls.first() {
        list = Some(ListUnsubscribe::one_click(url).map_err(|error| error.to_string())?);
    }
    for way in addresses {
        let address = way.strip_prefix("mailto:").unwrap_or(way);
        let added = match list {
            Some(list) => list.or_mail_to(address),
            None => ListUnsubscribe::mail_to(address),
        };
        list = Some(added.map_err(|error| error.to_string())?);
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::super::marked::mark;
    use super::*;

    fn marked(template: &str, value: &str) -> Marked {
        Marked::new(template.replace("{}", &mark(value)))
    }

    #[test]
    fn a_value_within_a_path_stays_below() {
        for (template, value, expected) in [
            ("t/{}.pdf", "00123", Some("dir/t/00123.pdf")),
            ("t/{}.pdf", "a/b", Some("dir/t/a/b.pdf")),
            ("t/{}.pdf", "../../etc/x", None),
            ("{}.pdf", "/etc/x", None),
            ("{}.pdf", "..", None),
            ("{}", "/etc/x", Some("/etc/x")),
            ("{}", "../x.pdf", Some("dir/../x.pdf")),
            ("../{}", "x.pdf", Some("dir/../x.pdf")),
            ("t/{}.pdf", "a\nb", None),
        ] {
            let found = path(&marked(template, value), Path::new("dir"))
                .ok()
                .flatten();
            assert_eq!(
                found.as_deref(),
                expected.map(Path::new),
                "{template} {value}"
            );
        }
        assert_eq!(path(&marked("{}", ""), Path::new("dir")), Ok(None));
    }

    #[test]
    fn a_value_in_a_url_is_encoded() {
        for (template, value, expected) in [
            (
                "https://example.org/?a={}",
                "ann+x@example.org&b",
                "https://example.org/?a=ann%2Bx@example.org%26b",
            ),
            (
                "https://example.org/?a={}",
                "ann%40x",
                "https://example.org/?a=ann%40x",
            ),
            (
                "{}",
                "https://example.org/?a=1&b=2",
                "https://example.org/?a=1&b=2",
            ),
        ] {
            assert_eq!(unsubscribe(&marked(template, value)), expected);
        }
        let ways = |ways: &[&str]| {
            let ways: Vec<_> = ways.iter().map(|way| (*way).to_owned()).collect();
            list_unsubscribe(&ways).map(|list| list.is_some())
        };
        assert_eq!(
            ways(&["mailto:a@example.org", "https://example.org/a"]),
            Ok(true)
        );
        assert_eq!(ways(&["", ""]), Ok(false));
        assert!(ways(&["http://example.org/a"]).is_err());
        assert!(ways(&["https://example.org/a", "https://example.org/b"]).is_err());
        assert!(ways(&["example.org"]).is_err());
    }
}
