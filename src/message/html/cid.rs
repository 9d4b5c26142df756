//! References to parts in an HTML document: URLs of the scheme `cid` (RFC 2392).

use std::ops::Range;

use super::decode::percent_decoded;
use super::url::HtmlUrl;
use crate::message::header::percent_encoded;

const SCHEME: &str = "cid:";

impl HtmlUrl<'_> {
    /// What the URL refers to, if its scheme is `cid`: what follows that, decoded.
    ///
    /// A reference is the value of an attribute, in an attribute `srcset`, or in CSS as `url(..)`, in
    /// attributes and in elements `style`. The text that the reader sees has none. `cid` may be in any
    /// case. What follows is decoded: first its character references, then its percent signs. It may
    /// contain spaces and any other character that the quotes around it allow.
    pub(crate) fn label(&self) -> Option<String> {
        let (scheme, label) = self.raw.split_at_checked(SCHEME.len())?;
        let is_cid = scheme.eq_ignore_ascii_case(SCHEME);
        is_cid.then(|| percent_decoded(&self.decoded(label)).into_owned())
    }

    /// The position of the label in the document.
    pub(super) fn label_range(&self) -> Range<u64> {
        self.range.start + SCHEME.len() as u64..self.range.end
    }
}

/// An identifier as a reference to it is written: percent-encoded except for its `@`. Not every reader
/// decodes references, so that the usual characters are not encoded.
pub(super) fn encoded_label(id: &str) -> String {
    let sides: Vec<_> = id.split('@').map(percent_encoded).collect();
    sides.join("@")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::html::rewrite::{reference, tests::rewritten};
    use crate::message::html::urls::tests::all;

    fn references(html: &str) -> Vec<String> {
        all(html, |url: &HtmlUrl<'_>| url.label())
    }

    /// Replaces references, unless they stay the same.
    fn replace(html: &str, mut replacement: impl FnMut(&str) -> Option<String>) -> String {
        rewritten(html, |url| {
            let other = replacement(&url.label()?)?;
            reference(url, &other)
        })
    }

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
            let labels = references(html);
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
            assert_eq!(references(html), [""; 0], "{html}");
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
            assert!(references(&html).len() < html.len());
        }
        let one = |len| "<p style='".to_owned() + &"url(cid:".repeat(len) + ")'>";
        assert_eq!(references(&one(1 << 12)).len(), 1);
        // No part has an identifier that long.
        assert_eq!(references(&one(1 << 17)).len(), 0);
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
            let count = references(&html).len();
            prop_assert_eq!(references(&replaced), vec![label; count]);
        }

        #[test]
        fn any_text_is_borne(html: String) {
            prop_assert_eq!(replace(&html, |_| None), html);
        }
    }
}
