//! The positions of an HTML text where a URL can be: the values of attributes, and style sheets.

use memchr::memchr;
use memchr::memmem;

/// A place where a URL can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UrlPosition<'a> {
    /// The name of the element.
    pub(super) tag: &'a str,
    /// The name of the attribute; `None` for the content of an element `style`.
    pub(super) attribute: Option<&'a str>,
    /// Where in the HTML text it begins.
    pub(super) start: usize,
    /// The value of the attribute without quotes around it, or the style sheet.
    pub(super) text: &'a str,
}

/// Finds the places of an HTML text in their order, in one pass and without allocating.
///
/// It knows tags, quotes, comments and the elements that hold no markup, by the rules of HTML
/// section 13.2.5 as far as they matter for that. Comments are passed over, but for the
/// conditional ones, as what is in those is shown by the one reader that knows them.
#[derive(Debug)]
pub(super) struct UrlPositions<'a> {
    html: &'a str,
    /// Everything before is done.
    at: usize,
    /// The name of the start tag that `at` is in, if it is in one.
    tag: Option<&'a str>,
}

/// The elements whose content is text even where it looks like markup.
const RAW: &[&str] = &["style", "script", "title", "textarea", "xmp"];

impl<'a> UrlPositions<'a> {
    pub(super) fn new(html: &'a str) -> Self {
        Self {
            html,
            at: 0,
            tag: None,
        }
    }

    fn rest(&self) -> &'a str {
        self.html.get(self.at..).unwrap_or_default()
    }

    /// Takes everything before the first octet for which `is_end` returns `true`, which is an ASCII
    /// character, or else the whole rest.
    fn take_until(&mut self, is_end: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.bytes().position(is_end).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// Takes this octet if it comes next.
    fn take(&mut self, octet: u8) -> bool {
        let comes = self.rest().as_bytes().first() == Some(&octet);
        self.at += usize::from(comes);
        comes
    }

    /// Enters the next start tag; `false` if there is none left.
    fn enter_tag(&mut self) -> bool {
        while let Some(before) = memchr(b'<', self.rest().as_bytes()) {
            self.at += before;
            let rest = self.rest();
            if rest.starts_with("<!--") && !rest.starts_with("<!--[if") {
                // `<!-->` is a whole comment.
                let end = memmem::find(rest.as_bytes(), b"-->").map(|end| end + "-->".len());
                self.at += end.unwrap_or(rest.len());
                continue;
            }
            self.at += 1;
            if self.rest().starts_with(|c: char| c.is_ascii_alphabetic()) {
                self.tag = Some(self.take_until(|b| is_space(b) || matches!(b, b'/' | b'>')));
                return true;
            }
        }
        false
    }

    /// The next attribute with a value, in a start tag.
    fn attribute(&mut self, tag: &'a str) -> Option<UrlPosition<'a>> {
        loop {
            self.take_until(|b| !is_space(b) && b != b'/');
            if matches!(self.rest().as_bytes().first(), None | Some(b'>')) {
                return None;
            }
            let from = self.at;
            // A name may begin with an equals sign.
            self.take(b'=');
            self.take_until(|b| is_space(b) || matches!(b, b'/' | b'>' | b'='));
            let name = self.html.get(from..self.at).unwrap_or_default();
            self.take_until(|b| !is_space(b));
            if !self.take(b'=') {
                continue;
            }
            self.take_until(|b| !is_space(b));
            let quote = [b'"', b'\''].into_iter().find(|quote| self.take(*quote));
            let start = self.at;
            let text = match quote {
                Some(quote) => self.take_until(|b| b == quote),
                None => self.take_until(|b| is_space(b) || b == b'>'),
            };
            if let Some(quote) = quote {
                self.take(quote);
            }
            return Some(UrlPosition {
                tag,
                attribute: Some(name),
                start,
                text,
            });
        }
    }

    /// Leaves a start tag, and with it the content of an element that holds no markup.
    fn leave_tag(&mut self, name: &'a str) -> Option<UrlPosition<'a>> {
        self.take(b'>');
        let raw = RAW.iter().find(|raw| raw.eq_ignore_ascii_case(name))?;
        let start = self.at;
        let text = self.rest();
        let mut ends = memmem::find_iter(text.as_bytes(), b"</");
        let end = ends.find(|end| {
            let name = text.get(end + 2..end + 2 + raw.len());
            name.is_some_and(|name| name.eq_ignore_ascii_case(raw))
        });
        let end = end.unwrap_or(text.len());
        self.at += end;
        (*raw == "style").then_some(UrlPosition {
            tag: name,
            attribute: None,
            start,
            text: text.get(..end).unwrap_or_default(),
        })
    }
}

impl<'a> Iterator for UrlPositions<'a> {
    type Item = UrlPosition<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(tag) = self.tag else {
                if self.enter_tag() {
                    continue;
                }
                return None;
            };
            if let Some(place) = self.attribute(tag) {
                return Some(place);
            }
            self.tag = None;
            if let Some(place) = self.leave_tag(tag) {
                return Some(place);
            }
        }
    }
}

fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `name=value` for attributes and `{sheet}` for style sheets, with bars between them.
    fn places(html: &str) -> String {
        let shown = UrlPositions::new(html).map(|place| {
            assert_eq!(&html[place.start..][..place.text.len()], place.text);
            match place.attribute {
                Some(name) => format!("{name}={}", place.text),
                None => format!("{{{}}}", place.text),
            }
        });
        shown.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn attributes_and_style_sheets() {
        for (html, found) in [
            ("", ""),
            ("a=b < c=d", ""),
            ("<p>a=b</p c=d>", ""),
            ("<p a=b c = 'd \"e' f=\"g>h\">i=j", "a=b|c=d \"e|f=g>h"),
            ("<p a b=c d>", "b=c"),
            ("<p a=b/>", "a=b/"),
            ("<p a='b'c=d>", "a=b|c=d"),
            ("<p\na\t=\r\n'b'/ c='d'/>", "a=b|c=d"),
            ("<p ==b a=''>", "==b|a="),
            ("<p a=>b=c", "a="),
            ("<p a=é日>", "a=é日"),
            ("<P A=B>", "A=B"),
            ("<!-- <p a=b> --><p c=d>", "c=d"),
            ("<!--><p a=b>", "a=b"),
            ("<!---><p a=b>", "a=b"),
            ("<!-- <p a=b>", ""),
            (
                "<!--[if mso]><v:fill src='a'><![endif]--><p b=c>",
                "src=a|b=c",
            ),
            (
                "<!--[if !mso]><!--><p a=b><!--<![endif]--><p c=d>",
                "a=b|c=d",
            ),
            (
                "<style type=x>a{b:c}</STYLE ><p d=e>",
                "type=x|{a{b:c}}|d=e",
            ),
            ("<style>a</styl></b", "{a</styl></b}"),
            ("<Script>'<p a=b>'</script><p c=d>", "c=d"),
            ("<title><p a=b></title><p c=d>", "c=d"),
            ("<p a='b", "a=b"),
            ("<p a=", "a="),
            ("<", ""),
            ("<p", ""),
        ] {
            assert_eq!(places(html), found, "{html}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(html in "(<|<p |<style>|</style|<!--|-->|[a=\"' >é日/])*") {
            let _ = places(&html);
        }
    }
}
