//! Pictures beside an HTML text that are to go with it.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use lol_html::html_content::Attribute;
use lol_html::{HtmlRewriter, MemorySettings, Settings, element};

use super::cid::references;
use super::decode::{character_references_decoded, percent_decoded};
use crate::message::MessageError;
use crate::message::error::shown;

/// The memory that the parser may take beyond the text: what it notes down of elements that are
/// open. Only some hundred thousand elements within each other need that much.
const PARSER_MEMORY: usize = 64 << 20;

/// An HTML text whose local pictures are references to parts.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::message) struct LocalImages {
    /// The text with its new references.
    pub(in crate::message) html: String,
    /// The pictures, in the order in which they are first referred to, each once.
    pub(in crate::message) images: Vec<LocalImage>,
}

/// A picture that an HTML text refers to by its path.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::message) struct LocalImage {
    /// Its path, relative to the directory of the text: names with `/` between them, none of
    /// which is `..`. Whether one of them is a symbolic link is not known.
    pub(in crate::message) path: String,
    /// What stands behind `cid:` in the text now.
    pub(in crate::message) label: String,
}

/// Finds the local pictures of an HTML text, and makes them references to parts: `<img
/// src="a.png">` becomes `<img src="cid:local-image-1">`, unless that label is `taken` or referred
/// to already. All other octets stay as they are.
///
/// Looked at is the attribute `src` of the elements `img` alone: no readers agree on any other
/// way to show a picture. It names a local file if it is a relative reference (RFC 3986
/// section 4.2) with a path: `a.png`, `img/a%20b.png`, `./a.png?v=2`, of which the query and the
/// fragment are cut off. What has a scheme (`https:`, `data:`, `cid:`), begins with `//` or has
/// no path is none and is left alone.
///
/// # Errors
///
/// If a path is absolute, has `..` or a control character in it, or names no file, as it could
/// never be found by those who get the mail; and if so many elements are within each other that
/// the parser would need more than 64 MiB.
pub(in crate::message) fn local_images<'a>(
    html: &str,
    taken: impl IntoIterator<Item = &'a str>,
) -> Result<LocalImages, MessageError> {
    let mut labels = Labels::besides(references(html).chain(taken.into_iter().map(str::to_owned)));
    let mut out = String::with_capacity(html.len());
    let mut done = 0;
    for range in sources(html)? {
        let src = html.get(range.clone()).unwrap_or_default();
        let path = local_path(src).map_err(|hint| MessageError::LocalImage {
            src: shown(src),
            hint,
        })?;
        let Some(path) = path else { continue };
        out.push_str(html.get(done..range.start).unwrap_or_default());
        out.push_str("cid:");
        out.push_str(labels.label(path));
        done = range.end;
    }
    out.push_str(html.get(done..).unwrap_or_default());
    Ok(LocalImages {
        html: out,
        images: labels.images,
    })
}

/// Where the values of the attributes `src` of the elements `img` are, in their order.
fn sources(html: &str) -> Result<Vec<Range<usize>>, MessageError> {
    let found = RefCell::new(Vec::new());
    let handler = element!("img[src]", |img| {
        let src = img.attributes().iter().find(|one| one.name() == "src");
        let place = src.and_then(Attribute::value_source_location);
        found.borrow_mut().extend(place.map(|place| place.bytes()));
        Ok(())
    });
    let memory = MemorySettings::new().with_max_allowed_memory_usage(PARSER_MEMORY);
    let settings = Settings::new()
        .append_element_content_handler(handler)
        .with_memory_settings(memory)
        .with_strict(false);
    let mut parser = HtmlRewriter::new(settings, |_: &[u8]| {});
    let parsed = parser.write(html.as_bytes());
    parsed
        .and_then(|()| parser.end())
        .map_err(|error| MessageError::Html {
            cause: error.to_string(),
        })?;
    Ok(found.into_inner())
}

/// The path of a local file, if it is one; or what to do instead.
fn local_path(src: &str) -> Result<Option<String>, &'static str> {
    let src = character_references_decoded(src);
    let src = src.trim_ascii();
    let path = src.split(['?', '#']).next().unwrap_or_default();
    if path.is_empty() || path.starts_with("//") {
        return Ok(None);
    }
    match scheme(path) {
        // `C:` is a drive.
        Some(scheme) if scheme.len() > 1 => return Ok(None),
        Some(_) => return Err(RELATIVE),
        None if path.starts_with(['/', '\\']) => return Err(RELATIVE),
        None => {}
    }
    let path = percent_decoded(path);
    if path.contains(char::is_control) {
        return Err("remove the control characters from its path");
    }
    if path.starts_with(['/', '\\']) || path.split(['/', '\\']).any(|name| name == "..") {
        return Err(RELATIVE);
    }
    let names = path.split('/').filter(|name| !matches!(*name, "" | "."));
    match names.collect::<Vec<_>>().join("/") {
        path if path.is_empty() => Err("name a file and not a directory"),
        // A drive that was hidden by `%3A` or `./`.
        path if scheme(&path).is_some_and(|scheme| scheme.len() == 1) => Err(RELATIVE),
        path => Ok(Some(path)),
    }
}

const RELATIVE: &str = "use a path that is relative to its directory and stays in it";

/// The scheme of a URL (RFC 3986 section 3.1).
fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let mut octets = scheme.bytes();
    let is_scheme = octets.next()?.is_ascii_alphabetic()
        && octets.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    is_scheme.then_some(scheme)
}

/// The labels of the pictures.
struct Labels {
    images: Vec<LocalImage>,
    /// Where each path is in the list.
    places: HashMap<String, usize>,
    /// What cannot be a label any more.
    taken: HashSet<String>,
    last: usize,
}

impl Labels {
    fn besides(taken: impl Iterator<Item = String>) -> Self {
        Self {
            images: Vec::new(),
            places: HashMap::new(),
            taken: taken.collect(),
            last: 0,
        }
    }

    /// The label of the picture with this path, a new one if it has none yet.
    fn label(&mut self, path: String) -> &str {
        let place = *self.places.entry(path).or_insert_with_key(|path| {
            let label = loop {
                self.last += 1;
                let label = format!("local-image-{}", self.last);
                if !self.taken.contains(&label) {
                    break label;
                }
            };
            let path = path.clone();
            self.images.push(LocalImage { path, label });
            self.images.len() - 1
        });
        self.images.get(place).map_or("", |image| &image.label)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn local_images(html: &str) -> Result<LocalImages, MessageError> {
        super::local_images(html, [])
    }

    #[test]
    fn labels_of_others_are_left_to_them() {
        let taken = ["local-image-1", "a"];
        let found = super::local_images("<img src=a>", taken).unwrap();
        assert_eq!(found.html, "<img src=cid:local-image-2>");
    }

    /// The text, and the paths with bars between them.
    fn taken(html: &str) -> (String, String) {
        let LocalImages { html, images } = local_images(html).unwrap();
        let labelled = images.iter().all(|image| html.contains(&image.label));
        assert!(labelled, "{images:?}");
        let paths: Vec<_> = images.into_iter().map(|image| image.path).collect();
        (html, paths.join("|"))
    }

    #[test]
    fn local_images_become_references() {
        for (html, replaced, path) in [
            (
                "<img src=\"a.png\">",
                "<img src=\"cid:local-image-1\">",
                "a.png",
            ),
            (
                "<IMG alt=x SRC = 'a.png' >",
                "<IMG alt=x SRC = 'cid:local-image-1' >",
                "a.png",
            ),
            ("<img src=a.png>", "<img src=cid:local-image-1>", "a.png"),
            ("<img src=a.png/>", "<img src=cid:local-image-1>", "a.png"),
            (
                "<img src=a src=b>",
                "<img src=cid:local-image-1 src=b>",
                "a",
            ),
            (
                "<img src='./i/./a.png?v=1#x'>",
                "<img src='cid:local-image-1'>",
                "i/a.png",
            ),
            (
                "<img src=' H%C3%A4 i.png '>",
                "<img src='cid:local-image-1'>",
                "Hä i.png",
            ),
            (
                "<img src='a&amp;b%26amp;.png'>",
                "<img src='cid:local-image-1'>",
                "a&b&amp;.png",
            ),
            (
                "<img src='logo@2x.png'>",
                "<img src='cid:local-image-1'>",
                "logo@2x.png",
            ),
            (
                "<img src='a..b/...png'>",
                "<img src='cid:local-image-1'>",
                "a..b/...png",
            ),
            (
                "<img src='i%2Fa:b'>",
                "<img src='cid:local-image-1'>",
                "i/a:b",
            ),
            (
                "<img src=a><img src=cid:local-image-1><img src=b><img src=./a>",
                "<img src=cid:local-image-2><img src=cid:local-image-1><img src=cid:local-image-3>\
                 <img src=cid:local-image-2>",
                "a|b",
            ),
            (
                "<select><xmp><img src=a></select><table><img src=b>",
                "<select><xmp><img src=a></select><table><img src=b>",
                "",
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
            "<p>src=a.png</p><a href=a.png><td background=a.png><input type=image src=a.png>",
            "<!-- <img src=a.png> --><script>'<img src=a.png>'</script><style><img src=a></style>",
            "\u{feff}<meta charset=latin1>\r\n<p>é日🦈\u{0}\r<P  A = 'b' />&nbsp;&bogus;",
            "<meta http-equiv=Content-Type content='text/html; charset=utf-16'>é",
            "<img src='a.png",
            "<",
        ] {
            assert_eq!(taken(html), (html.to_owned(), String::new()));
        }
    }

    #[test]
    fn the_place_is_right_behind_characters_of_every_length() {
        let html = "\u{feff}<meta charset=shift_jis>é日🦈<img alt='é日🦈' src='日/🦈.png'>é";
        let replaced = html.replace("日/🦈.png", "cid:local-image-1");
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
            ("a/..", "relative"),
            ("a\\..\\b.png", "relative"),
            ("\\\\host\\a.png", "relative"),
            ("C:/a.png", "relative"),
            ("c:\\a.png", "relative"),
            ("C%3A/a.png", "relative"),
            ("./C:/a.png", "relative"),
            ("a%00.png", "control"),
            ("a\nb.png", "control"),
            (".", "file"),
            ("./", "file"),
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
        let data = format!("<img src='data:{}'><img src=a>", "A".repeat(5 << 20));
        assert_eq!(taken(&data).1, "a");
        assert_eq!(taken(&"<img src='a ".repeat(1 << 16)).1, "");
        assert_eq!(
            local_images(&"<img src=a>".repeat(1 << 16))
                .unwrap()
                .images
                .len(),
            1
        );
    }

    #[test]
    fn elements_within_each_other_are_bounded() {
        let nested = |depth| local_images(&"<p><b>".repeat(depth));
        assert!(nested(50_000).is_ok());
        let error = nested(1_000_000).unwrap_err();
        assert!(matches!(error, MessageError::Html { .. }), "{error}");
    }

    proptest! {
        #[test]
        fn any_text_is_borne(html in "(<img |src=|<p>|<!--|-->|[a./%:\"'<> é\n])*") {
            if let Ok(taken) = local_images(&html)
                && taken.images.is_empty()
            {
                prop_assert_eq!(taken.html, html);
            }
        }
    }
}
