//! Local pictures of an HTML document that are sent with it.

use std::collections::HashSet;

use super::decode::percent_decoded;
use super::pictures::{is_file, scheme};
use super::url::HtmlUrl;
use crate::message::error::{MessageError, shown};

/// The local pictures of an HTML document: their paths, in the order in which the document first refers
/// to them.
///
/// A picture is one if it is a relative reference (RFC 3986 section 4.2) whose path has the
/// extension of a picture: `a.png`, `img/a%20b.png`, `./a.png?v=2`, without the query and
/// the fragment. What has a scheme (`https:`, `data:`, `cid:`), begins with `//` or does
/// not have that extension is left alone.
#[derive(Debug)]
pub(crate) struct LocalImages {
    paths: Vec<String>,
    known: HashSet<String>,
    most: usize,
    error: Option<MessageError>,
}

impl LocalImages {
    /// After this many pictures, no more are kept.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            paths: Vec::new(),
            known: HashSet::new(),
            most,
            error: None,
        }
    }

    pub(crate) fn add(&mut self, url: &HtmlUrl<'_>) {
        match picture_path(url) {
            Ok(Some(path)) if self.paths.len() < self.most && !self.known.contains(&path) => {
                self.known.insert(path.clone());
                self.paths.push(path);
            }
            Ok(_) => {}
            Err(error) => {
                self.error.get_or_insert(error);
            }
        }
    }

    /// The paths, relative to the directory of the document: names with `/` between them, none of
    /// which is `..`. Whether one of them is a symbolic link is not known.
    ///
    /// # Errors
    ///
    /// If the path of a picture is absolute, as all with the scheme `file:` are, or has `..` or a
    /// control character in it: no reader would find it there.
    pub(crate) fn into_paths(self) -> Result<Vec<String>, MessageError> {
        self.error.map_or(Ok(self.paths), Err)
    }
}

/// The path of a local picture.
pub(crate) fn picture_path(url: &HtmlUrl<'_>) -> Result<Option<String>, MessageError> {
    let Some(picture) = url.local_picture() else {
        return Ok(None);
    };
    local_path(&picture).map_err(|hint| MessageError::LocalImage {
        src: shown(url.raw),
        hint,
    })
}

/// The path of a local picture, if the file has the extension of a picture; or what to do instead.
fn local_path(url: &str) -> Result<Option<String>, &'static str> {
    let path = percent_decoded(url.split(['?', '#']).next().unwrap_or_default());
    let kind = mime_guess::from_path(&*path).first_raw();
    // Whatever else a file is, no reader shows it as a picture, and it may be nothing to be sent.
    if !kind.is_some_and(|kind| kind.starts_with("image/")) {
        return Ok(None);
    }
    if path.contains(char::is_control) {
        return Err("remove the control characters from its path");
    }
    let names = path.split('/').filter(|name| !matches!(*name, "" | "."));
    let relative = names.collect::<Vec<_>>().join("/");
    let is_outside = path.starts_with(['/', '\\'])
        || path.split(['/', '\\']).any(|name| name == "..")
        // A drive may be hidden by `%3A` or `./`.
        || scheme(&relative).is_some_and(is_file);
    if is_outside {
        return Err("use a path that is relative to its directory and stays in it");
    }
    Ok(Some(relative))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::html::rewrite::tests::rewritten;
    use crate::message::html::urls::HtmlUrls;

    /// The document with its pictures replaced by references, and their paths.
    fn local_images(html: &str) -> Result<(String, Vec<String>), MessageError> {
        let mut images = LocalImages::new(1_000);
        let mut urls = HtmlUrls::new();
        urls.apply(html.as_bytes(), |url| images.add(url));
        urls.finish(|url| images.add(url));
        let paths = if urls.has_base() {
            Vec::new()
        } else {
            images.into_paths()?
        };
        let replaced = rewritten(html, |url| {
            let path = picture_path(url).ok()??;
            let number = 1 + paths.iter().position(|known| *known == path)?;
            Some((url.range.clone(), format!("cid:image-{number}")))
        });
        Ok((replaced, paths))
    }

    /// The document, and the paths with bars between them.
    fn taken(html: &str) -> (String, String) {
        let (html, paths) = local_images(html).unwrap();
        (html, paths.join("|"))
    }

    #[test]
    fn local_images_become_references() {
        for (html, replaced, path) in [
            ("<img src=\"a.png\">", "<img src=\"cid:image-1\">", "a.png"),
            (
                "<IMG alt=x SRC = 'a.png' >",
                "<IMG alt=x SRC = 'cid:image-1' >",
                "a.png",
            ),
            ("<img src=a.png>", "<img src=cid:image-1>", "a.png"),
            ("<img src=a.png />", "<img src=cid:image-1 />", "a.png"),
            (
                "<td background=a.png><p style='a:url(b.png)'><img srcset='a.png, c.png 2x'>",
                "<td background=cid:image-1><p style='a:url(cid:image-2)'>\
                 <img srcset='cid:image-1, cid:image-3 2x'>",
                "a.png|b.png|c.png",
            ),
            (
                "<!--[if mso]><v:fill src='&uuml;.png'/><![endif]-->",
                "<!--[if mso]><v:fill src='cid:image-1'/><![endif]-->",
                "ü.png",
            ),
            (
                "<img src='./i/./a.png?v=1#x'>",
                "<img src='cid:image-1'>",
                "i/a.png",
            ),
            (
                "<img src=' H%C3%A4 i.png '>",
                "<img src=' cid:image-1 '>",
                "Hä i.png",
            ),
            (
                "<img src='a&amp;b%26amp;.png'>",
                "<img src='cid:image-1'>",
                "a&b&amp;.png",
            ),
            (
                "<img src='logo@2x.png'>",
                "<img src='cid:image-1'>",
                "logo@2x.png",
            ),
            (
                "<img src='a..b/...png'>",
                "<img src='cid:image-1'>",
                "a..b/...png",
            ),
            (
                "<img src='i%2Fa:b.png'>",
                "<img src='cid:image-1'>",
                "i/a:b.png",
            ),
            (
                "<img src=a.png><img src=cid:image-7><img src=b.png><img src=./a.png>",
                "<img src=cid:image-1><img src=cid:image-7><img src=cid:image-2>\
                 <img src=cid:image-1>",
                "a.png|b.png",
            ),
        ] {
            assert_eq!(taken(html), (replaced.to_owned(), path.to_owned()));
        }
    }

    #[test]
    fn all_else_stays_to_the_octet() {
        for html in [
            "",
            "<img><img alt=x><img src><img src=''><img src='#a'><img src='?a'>",
            "<img src='https://x.test/a.png'><img src=HTTP:a><img src='//x.test/a.png'>",
            "<img src='data:image/png;base64,AAAA'><img src='cid:a'><img src='x-y+z.1:a'>",
            "<p>src=a.png</p><a href=a.png><img src='.env'><img src=a><img src=a.txt>",
            "<!-- <img src=a.png> --><script>'<img src=a.png>'</script><style><img src=a></style>",
            "\u{feff}<meta charset=latin1>\r\n<p>é日🦈\u{0}\r<P  A = 'b' />&nbsp;&bogus;",
            "<meta http-equiv=Content-Type content='text/html; charset=utf-16'>é",
            "<base href='https://x.test/'><img src=a.png>",
            "<img src='file:///srv/a'><img src='.'><img src='a/..'><img src='data:a,/a.png'>",
            "<style>@import url(/a.css);@font-face{src:url(../f/a.woff2)}</style>",
            "<img srcset='https://x.test/w_200,c_fill/a.png 1x, data:image/png;base64,/9j/A.png'>",
            "<",
        ] {
            assert_eq!(taken(html), (html.to_owned(), String::new()));
        }
    }

    #[test]
    fn the_place_is_right_behind_characters_of_every_length() {
        let html = "\u{feff}<meta charset=shift_jis>é日🦈<img alt='é日🦈' src='日/🦈.png'>é";
        let replaced = html.replace("日/🦈.png", "cid:image-1");
        assert_eq!(taken(html), (replaced, "日/🦈.png".to_owned()));
    }

    #[test]
    fn paths_that_lead_elsewhere_are_errors() {
        for (src, hint) in [
            ("/a.png", "relative"),
            ("%2Fa.png", "relative"),
            ("../a.png", "relative"),
            ("a/../b.png", "relative"),
            ("%2e%2E/a.png", "relative"),
            ("a\\..\\b.png", "relative"),
            ("\\\\host\\a.png", "relative"),
            ("C:/a.png", "relative"),
            ("c:\\a.png", "relative"),
            ("C%3A/a.png", "relative"),
            ("./C:/a.png", "relative"),
            ("a%00.png", "control"),
            ("a\nb.png", "control"),
            ("file:///srv/a.png", "relative"),
            ("FILE:a.png", "relative"),
        ] {
            let error = local_images(&format!("<img src=\"{src}\">")).unwrap_err();
            let text = error.to_string();
            assert!(
                text.contains(hint) && text.contains(&format!("{src:?}")),
                "{text}"
            );
        }
    }

    #[test]
    fn a_long_text_takes_no_longer_for_its_length() {
        let line = "<p>é <img src=\"data:image/png;base64,AAAA\"> ".repeat((5 << 20) / 44);
        assert_eq!(taken(&line), (line.clone(), String::new()));
        let data = format!("<img src='data:{}'><img src=a.png>", "A".repeat(5 << 20));
        assert_eq!(taken(&data).1, "a.png");
        assert_eq!(taken(&"<img src='a ".repeat(1 << 16)).1, "");
        assert_eq!(
            local_images(&"<img src=a.png>".repeat(1 << 16))
                .unwrap()
                .1
                .len(),
            1
        );
    }

    proptest! {
        #[test]
        fn any_text_is_borne(html in "(<img |src=|<p>|<!--|-->|[a./%:\"'<> é\n])*") {
            if let Ok(taken) = local_images(&html)
                && taken.1.is_empty()
            {
                prop_assert_eq!(taken.0, html);
            }
        }
    }
}
