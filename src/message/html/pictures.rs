//! The pictures that an HTML text shows.

use std::borrow::Cow;
use std::ops::Range;

use super::url_positions::{UrlPosition, UrlPositions};
use super::urls::{HtmlUrl, urls};
use crate::message::header::is_one_of;

/// A URL of a picture.
#[derive(Debug)]
pub(crate) struct Picture<'a> {
    /// Its position in the text.
    #[cfg_attr(
        not(feature = "html"),
        expect(dead_code, reason = "only inline pictures are replaced in the text")
    )]
    pub(super) range: Range<usize>,
    /// The URL as it is written.
    pub(crate) raw: &'a str,
    /// The URL with its character references decoded.
    pub(super) url: Cow<'a, str>,
}

impl Picture<'_> {
    /// Whether the URL leads to a local file: it is a relative reference with a path (RFC 3986 section
    /// 4.2), a path with the letter of a drive, or has the scheme `file`.
    pub(crate) fn is_local(&self) -> bool {
        let path = self.url.split(['?', '#']).next().unwrap_or_default();
        match scheme(path) {
            Some(scheme) => is_file(scheme),
            None => !path.is_empty() && !path.starts_with("//"),
        }
    }
}

/// Whether a scheme is that of a file, or the letter of a drive.
pub(super) fn is_file(scheme: &str) -> bool {
    scheme.len() == 1 || scheme.eq_ignore_ascii_case("file")
}

/// The pictures of an HTML text, in their order: attributes `src`, `srcset`, `background` and
/// `poster`, those of `object` and of SVG, and `url(..)` in CSS. Conditional comments are included, as
/// VML has its pictures there. Frames, audio, video and scripts are not.
pub(crate) fn pictures(html: &str) -> impl Iterator<Item = Picture<'_>> {
    let pictures = urls(html).filter(|url| !url.raw.is_empty() && is_picture(url));
    pictures.map(|url| Picture {
        url: url.decoded(url.raw),
        raw: url.raw,
        range: url.range,
    })
}

/// The elements whose attribute `src` is not a picture.
const OTHERS: &str = "audio frame iframe script track video";

fn is_picture(url: &HtmlUrl<'_>) -> bool {
    let UrlPosition { tag, attribute, .. } = url.position;
    let Some(name) = attribute else {
        return true;
    };
    if !url.is_whole {
        return is_one_of("style srcset", name);
    }
    let in_element =
        |element: &str, names| tag.eq_ignore_ascii_case(element) && is_one_of(names, name);
    is_one_of("background poster", name)
        || (name.eq_ignore_ascii_case("src") && !is_one_of(OTHERS, tag))
        || in_element("object", "data")
        || in_element("image", "href xlink:href")
}

/// Whether the relative references of a text are to an address on the web, as an element `base`
/// says.
pub(crate) fn has_base(html: &str) -> bool {
    UrlPositions::new(html).any(|position| {
        let is_href = |name: &str| name.eq_ignore_ascii_case("href");
        position.tag.eq_ignore_ascii_case("base") && position.attribute.is_some_and(is_href)
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
