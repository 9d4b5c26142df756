//! The pictures that an HTML document shows.

use std::borrow::Cow;

use super::url::HtmlUrl;
use crate::message::header::is_one_of;

/// The elements whose attribute `src` is not a picture.
const OTHERS: &str = "audio frame iframe script track video";

impl HtmlUrl<'_> {
    /// The URL with its character references decoded, if it is one of a picture in a local file: a
    /// relative reference with a path (RFC 3986 section 4.2), a path with the letter of a drive, or a URL
    /// of the scheme `file`.
    ///
    /// Pictures are those of attributes `src`, `srcset`, `background` and `poster`, those of `object` and
    /// of SVG, and `url(..)` in CSS. Conditional comments are included, as VML has its pictures there.
    /// Frames, audio, video and scripts are not.
    pub(crate) fn local_picture(&self) -> Option<Cow<'_, str>> {
        if self.raw.is_empty() || !self.is_picture() {
            return None;
        }
        let url = self.decoded(self.raw);
        is_local(&url).then_some(url)
    }

    fn is_picture(&self) -> bool {
        let Some(name) = self.attribute else {
            return true;
        };
        if !self.is_whole {
            return is_one_of("style srcset", name);
        }
        let in_element =
            |element: &str, names| self.tag.eq_ignore_ascii_case(element) && is_one_of(names, name);
        is_one_of("background poster", name)
            || (name.eq_ignore_ascii_case("src") && !is_one_of(OTHERS, self.tag))
            || in_element("object", "data")
            || in_element("image", "href xlink:href")
    }
}

fn is_local(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    match scheme(path) {
        Some(scheme) => is_file(scheme),
        None => !path.is_empty() && !path.starts_with("//"),
    }
}

/// Whether a scheme is that of a file, or the letter of a drive.
pub(super) fn is_file(scheme: &str) -> bool {
    scheme.len() == 1 || scheme.eq_ignore_ascii_case("file")
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
    use crate::message::html::urls::tests::all;

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
            let urls = all(html, |url| url.local_picture().map(Cow::into_owned));
            assert_eq!(urls.join("|"), found, "{html}");
        }
    }
}
