//! References to parts in an HTML text: URLs of the scheme `cid` (RFC 2392).

use std::ops::Range;

use super::decode::percent_decoded;
use super::urls::{replaced, urls};
use crate::message::header::percent_encoded;

/// What the `cid:` URLs of an HTML text refer to, in their order, each as often as it is there.
///
/// A URL is the value of an attribute, in an attribute `srcset`, or in CSS as `url(..)`, in attributes
/// and in elements `style`. The text that the reader sees has none. `cid` may be in any case. What
/// follows is decoded: first its character references, then its percent signs. It may contain spaces
/// and any other character that the quotes around it allow.
///
/// This is one pass over the text, and allocates memory only for what it finds.
pub(crate) fn references(html: &str) -> impl Iterator<Item = String> {
    labels(html).map(|(_, label)| label)
}

/// Replaces the references of an HTML text: `replacement` gets what [`references`] finds, and returns
/// the new reference, which is written percent-encoded except for its `@`. If it returns `None` or the
/// same reference, the old one stays. Everything else stays octet by octet.
pub(crate) fn replace(html: &str, mut replacement: impl FnMut(&str) -> Option<String>) -> String {
    let others = labels(html).filter_map(|(range, label)| {
        let other = replacement(&label).filter(|other| *other != label)?;
        // Not every reader decodes references, so that the usual characters are not encoded.
        let sides: Vec<_> = other.split('@').map(percent_encoded).collect();
        Some((range, sides.join("@")))
    });
    replaced(html, others)
}

/// The positions of the labels after `cid:` in the text, and the decoded labels.
fn labels(html: &str) -> impl Iterator<Item = (Range<usize>, String)> {
    let mut done = 0;
    urls(html).filter_map(move |url| {
        let (scheme, label) = url.raw.split_at_checked("cid:".len())?;
        // CSS within such a URL is a part of the URL.
        if url.range.start < done || !scheme.eq_ignore_ascii_case("cid:") {
            return None;
        }
        done = url.range.end;
        let label = percent_decoded(&url.decoded(label)).into_owned();
        Some((url.range.start + scheme.len()..url.range.end, label))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn references_are_found_where_urls_are() {
        for (html, found) in [
            ("<img src=\"cid:shark\">", "shark"),
            ("<img src='cid:shark'>", "shark"),
            ("<img src=cid:shark>", "shark"),
            ("<img src = CID:shark alt=x>", "shark"),
            ("<img src=\" cid:shark\n\">", "shark"),
            ("<td background=cid:a><a href='Cid:b'>", "a|b"),
            ("<img src='cid:a@b.test'>", "a@b.test"),
            ("<img src='cid:my shark'>", "my shark"),
            ("<img src='cid:my%20shark'>", "my shark"),
            ("<img src='cid:Häi%F0%9F%A6%88'>", "Häi🦈"),
            ("<img src='cid:a&amp;b&#39;c'>", "a&b'c"),
            ("<img src='cid:a%26amp;b'>", "a&amp;b"),
            ("<img src='cid:'>", ""),
            ("<p style='background:url(cid:a)'>", "a"),
            ("<p style='background: URL( \"cid:a b\" )'>", "a b"),
            ("<p style=\"background:url(&quot;cid:a&quot;)\">", "a"),
            ("<p style=\"a:url(&#39;cid:a&#39;),url( cid:b )\">", "a|b"),
            (
                "<style>p{a:url(cid:a)}b{c:url('cid:d&amp;)')}</style>",
                "a|d&amp;)",
            ),
            (
                "<img srcset='cid:a 1x, cid:b 2x,x.png,y.png, cid:c'>",
                "a|b|c",
            ),
            ("<!--[if mso]><v:fill src=\"cid:a\"><![endif]-->", "a"),
        ] {
            let labels: Vec<_> = references(html).collect();
            assert_eq!(labels.join("|"), found, "{html}");
            assert!(!labels.is_empty(), "{html}");
        }
    }

    #[test]
    fn nothing_else_is_a_reference() {
        for html in [
            "",
            "cid:a \"cid:a\" (cid:a) url(cid:a)",
            "<p>src=\"cid:a\"</p>",
            "<img src=placid:a>",
            "<img src='placid:a'>",
            "<img src='x cid:a'>",
            "<img alt='see cid:a'>",
            "<img cid:a>",
            "<img src='ci'>",
            "<img src='cid'>",
            "<img src='cid%3Aa'>",
            "<!-- <img src='cid:a'> -->",
            "<script>x = '<img src=\"cid:a\">'</script>",
            "<style>/* cid:a */ p { content: 'cid:a' }</style>",
            "<p style='a:url(x cid:a)'>",
            "<p style='a:attr(cid:a)'>",
            "<p style='a:url(cid:a'>",
            "<img srcset='x cid:a, y.png'>",
            "<img src='日cid:a' alt='é(cid:a)'>",
        ] {
            assert_eq!(references(html).next(), None, "{html}");
        }
    }

    #[test]
    fn references_are_replaced_and_nothing_else() {
        let replacement = |label: &str| match label {
            "shark" => Some("1.2@x.test".to_owned()),
            "odd" => Some("<a b>\"'&".to_owned()),
            "a@b" => None,
            _ => Some(label.to_owned()),
        };
        for (html, replaced) in [
            ("cid:shark", "cid:shark"),
            ("<img src=cid:shark>", "<img src=cid:1.2@x.test>"),
            (
                "<IMG  src=' CID:sh%61rk '>",
                "<IMG  src=' CID:1.2@x.test '>",
            ),
            (
                "<a href='cid:shark'>cid:shark</a>",
                "<a href='cid:1.2@x.test'>cid:shark</a>",
            ),
            ("<img src=cid:odd>", "<img src=cid:%3Ca%20b%3E%22%27%26>"),
            ("<img src='cid:a@b'>", "<img src='cid:a@b'>"),
            ("<img src='cid:%6Fther one'>", "<img src='cid:%6Fther one'>"),
            (
                "<p style='a:url(cid:shark),url(cid:x)'>",
                "<p style='a:url(cid:1.2@x.test),url(cid:x)'>",
            ),
        ] {
            assert_eq!(replace(html, replacement), replaced);
        }
    }

    #[test]
    fn a_long_text_takes_no_longer_for_its_length() {
        for piece in [
            "<img src=\"cid:",
            "<p style='a:url(cid:",
            "<style>a{b:url(cid:",
            "<!--",
            "<p ",
        ] {
            let html = piece.repeat((1 << 20) / piece.len());
            assert!(references(&html).count() < html.len());
        }
        let html = "<p style='".to_owned() + &"url(cid:".repeat(1 << 17) + ")'>";
        assert_eq!(references(&html).count(), 1);
    }

    /// Pieces of which many texts consist that are nearly HTML.
    const PIECES: &str = "(<img src=|<p style='|url\\(|<style>|</style>|cid:|&quot;|&amp;|%41|srcset=|[\"'(), >a@é日\n])*";

    proptest! {
        #[test]
        fn what_is_not_replaced_stays(html in PIECES) {
            prop_assert_eq!(&replace(&html, |_| None), &html);
            prop_assert_eq!(replace(&html, |label| Some(label.to_owned())), html);
        }

        #[test]
        fn replacements_are_found_again(html in PIECES, label in "[a-z0-9é '\"<&)@,]{1,9}") {
            let replaced = replace(&html, |_| Some(label.clone()));
            let count = references(&html).count();
            prop_assert_eq!(references(&replaced).collect::<Vec<_>>(), vec![label; count]);
        }

        #[test]
        fn any_text_is_borne(html: String) {
            prop_assert_eq!(replace(&html, |_| None), html);
        }
    }
}
