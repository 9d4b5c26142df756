//! The pictures that an HTML text shows.

use std::borrow::Cow;
use std::ops::Range;

use super::decode::character_references_decoded;
use super::url_positions::{UrlContext, UrlPosition, UrlPositions};
use super::urls::{in_srcset, in_style_attribute, in_style_sheet, whole};

/// A URL of a picture.
#[derive(Debug)]
pub(crate) struct Picture<'a> {
    /// Where it is in the text.
    #[cfg_attr(
        not(feature = "html"),
        expect(dead_code, reason = "only inline pictures are replaced in the text")
    )]
    pub(super) range: Range<usize>,
    /// It as it is written there.
    pub(crate) raw: &'a str,
    /// It without character references.
    pub(super) url: Cow<'a, str>,
}

impl Picture<'_> {
    /// Whether it leads to a file beside the text, or on the machine that the text is from: it
    /// is a relative reference with a path (RFC 3986 section 4.2), a path with the letter of a
    /// drive, or has the scheme `file`.
    pub(crate) fn is_local(&self) -> bool {
        let path = self.url.split(['?', '#']).next().unwrap_or_default();
        match scheme(path) {
            Some(scheme) => scheme.len() == 1 || scheme.eq_ignore_ascii_case("file"),
            None => !path.is_empty() && !path.starts_with("//"),
        }
    }
}

/// The pictures of an HTML text, in their order: attributes `src`, `srcset`, `background` and
/// `poster`, those of `object` and of SVG, and `url(..)` in CSS. In conditional comments, too, where VML has its pictures; but
/// not what is shown in frames, played or run.
pub(crate) fn pictures(html: &str) -> impl Iterator<Item = Picture<'_>> {
    UrlPositions::new(html).flat_map(|place| {
        let urls = urls(&place);
        urls.into_iter().filter_map(move |range| {
            let raw = place
                .text
                .get(range.clone())
                .filter(|raw| !raw.is_empty())?;
            let url = match place.kind {
                UrlContext::Attribute(_) => character_references_decoded(raw),
                UrlContext::StyleSheet => raw.into(),
            };
            let range = place.start + range.start..place.start + range.end;
            Some(Picture { range, raw, url })
        })
    })
}

/// The elements with an attribute `src` that shows no picture.
const OTHERS: &[&str] = &["audio", "frame", "iframe", "script", "track", "video"];

/// The attributes that show a picture in one element alone.
const OF_ONE_ELEMENT: &[(&str, &str)] = &[
    ("object", "data"),
    ("image", "href"),
    ("image", "xlink:href"),
];

fn urls(place: &UrlPosition<'_>) -> Vec<Range<usize>> {
    let UrlPosition {
        kind, text, tag, ..
    } = *place;
    let UrlContext::Attribute(name) = kind else {
        return in_style_sheet(text);
    };
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    let is_other = || OTHERS.iter().any(|other| other.eq_ignore_ascii_case(tag));
    let is_of_one = || {
        let mut of_one = OF_ONE_ELEMENT.iter();
        of_one.any(|(element, attribute)| tag.eq_ignore_ascii_case(element) && is(attribute))
    };
    if is("style") {
        in_style_attribute(text)
    } else if is("srcset") {
        in_srcset(text)
    } else if is("background") || is("poster") || (is("src") && !is_other()) || is_of_one() {
        vec![whole(text)]
    } else {
        Vec::new()
    }
}

/// Whether the relative references of a text are to an address on the web, as an element `base`
/// says.
pub(crate) fn has_base(html: &str) -> bool {
    UrlPositions::new(html).any(|place| {
        let is_href =
            matches!(place.kind, UrlContext::Attribute(name) if name.eq_ignore_ascii_case("href"));
        place.tag.eq_ignore_ascii_case("base") && is_href
    })
}

/// The scheme of a URL (RFC 3986 section 3.1).
pub(super) fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let mut octets = scheme.bytes();
    let is_scheme = octets.next()?.is_ascii_alphabetic()
        && octets.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    is_scheme.then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_pictures_are_found_wherever_they_are_shown() {
        for (html, found) in [
            ("<img src=a.png>", "a.png"),
            ("<img src='file:///srv/a.png'>", "file:///srv/a.png"),
            (
                "<img src='FILE:a.png'><img src='C:\\a.png'>",
                "FILE:a.png|C:\\a.png",
            ),
            (
                "<img srcset='a.png 1x, https://x/b.png 2x, c.png'>",
                "a.png|c.png",
            ),
            (
                "<img srcset='https://x/w_200,c_fill/a.png 1x, b,c.png, d.png (1,2x), ,e.png,'>",
                "b,c.png|d.png|e.png",
            ),
            (
                "<img srcset='data:image/jpeg;base64,/9j/AA== 1x,a.png 2x,b.png'>",
                "a.png|b.png",
            ),
            ("<img srcset=' , '><img srcset=''>", ""),
            (
                "<td background=a.png><body BACKGROUND='b.png'>",
                "a.png|b.png",
            ),
            ("<p style='background:url(a.png)'>", "a.png"),
            (
                "<p style=\"background:url(&quot;a b.png&quot;)\">",
                "a b.png",
            ),
            ("<style>p{background:url('a.png')}</style>", "a.png"),
            (
                "<!--[if mso]><v:imagedata src=\"a.png\"/><![endif]-->",
                "a.png",
            ),
            (
                "<input type=image src=a.png><video poster=b.png src=c.mp4>",
                "a.png|b.png",
            ),
            ("<img src='&uuml;.png'>", "ü.png"),
            (
                "<object data=a.png></object><OBJECT DATA=b.png><embed src=c.png><p data=d.png>",
                "a.png|b.png|c.png",
            ),
            (
                "<svg><image href=a.png /><image xlink:href='b.png'/><use href=c.png></svg>",
                "a.png|b.png",
            ),
            (
                "<img src='https://x/a.png'><img src='//x/a.png'><img src='cid:a'>",
                "",
            ),
            (
                "<img src='data:image/png;base64,AA'><img src='#a'><img src=''>",
                "",
            ),
            (
                "<a href=a.png><script src=a.js></script><iframe src=a.html>",
                "",
            ),
            ("<!-- <img src=a.png> --><title><img src=b.png></title>", ""),
        ] {
            let local = pictures(html).filter(Picture::is_local);
            let urls: Vec<_> = local.map(|picture| picture.url.into_owned()).collect();
            assert_eq!(urls.join("|"), found, "{html}");
        }
    }

    #[test]
    fn a_base_is_found() {
        assert!(has_base("<head><BASE target=x href='https://x.test/'>"));
        assert!(!has_base("<base target=x><a href='b'>"));
    }
}
