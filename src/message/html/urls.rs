//! The URLs of an HTML document, which comes in blocks.

use memchr::memchr;

use super::comment::Comment;
use super::url::{HtmlUrl, Name};
use super::url_values::{FoundUrl, UrlValues, ValueKind, is_space};

/// Finds the URLs of an HTML document: the values of attributes, and the URLs in CSS, both in
/// attributes and in style sheets. The octets come in blocks that may be split anywhere.
///
/// It knows tags, quotes, comments and the elements that contain no markup, by the rules of HTML
/// section 13.2.5 as far as they matter for that. Comments are passed over, except for conditional
/// ones, whose content one reader shows.
///
/// It holds at most one URL of each kind, and passes over longer ones than it knows a use for.
#[derive(Debug)]
pub(crate) struct HtmlUrls {
    /// The position of the next octet in the document.
    at: u64,
    position: Position,
    tag: Name,
    attribute: Name,
    values: UrlValues,
    has_base: bool,
}

/// Where in the document the next octet is.
#[derive(Debug, Clone, Copy)]
enum Position {
    Text,
    /// After `<` and this many octets of [`COMMENT`].
    Opened(usize),
    Comment(Comment),
    TagName,
    /// In a start tag after its name.
    Tag(TagPosition),
    /// In an element that contains no markup, after so many octets of its end tag.
    Raw(&'static str, usize),
}

#[derive(Debug, Clone, Copy)]
enum TagPosition {
    Attributes,
    AttributeName,
    AfterAttributeName,
    /// After the equals sign.
    BeforeValue,
    /// In a value, with this quote at its end.
    Value(Option<u8>),
}

const COMMENT: &[u8] = b"!--";

/// The elements whose content is text even where it looks like markup.
const RAW: &[&str] = &["style", "script", "title", "textarea", "xmp"];

impl HtmlUrls {
    pub(crate) fn new() -> Self {
        Self {
            at: 0,
            position: Position::Text,
            tag: Name::default(),
            attribute: Name::default(),
            values: UrlValues::new(),
            has_base: false,
        }
    }

    /// Reads the next block, and passes the URLs that end in it to `found`, in the order of their ends.
    pub(crate) fn apply(&mut self, block: &[u8], mut found: impl FnMut(&HtmlUrl<'_>)) {
        let mut rest = block;
        while let Some(octet) = rest.first() {
            let taken = self.takes(*octet, rest, &mut found);
            self.at += taken as u64;
            rest = rest.get(taken..).unwrap_or_default();
        }
    }

    /// Ends the document.
    pub(crate) fn finish(&mut self, mut found: impl FnMut(&HtmlUrl<'_>)) {
        if let Position::Tag(TagPosition::Value(_)) = self.position {
            pass_on(
                self.values.end(),
                &self.tag,
                Some(&self.attribute),
                &mut found,
            );
        }
        self.position = Position::Text;
    }

    /// Whether the relative references of the document are to an address on the web, as an element
    /// `base` says.
    pub(crate) fn has_base(&self) -> bool {
        self.has_base
    }

    /// Where the first URL begins that has not ended; the position of the next octet if there is none.
    pub(super) fn open_since(&self) -> u64 {
        let since = match self.position {
            Position::Tag(TagPosition::Value(_)) | Position::Raw(..) => self.values.open_since(),
            _ => None,
        };
        since.unwrap_or(self.at)
    }

    /// Goes on to the next position. `octet` is the first of `rest`. Returns how many octets that takes.
    fn takes(&mut self, octet: u8, rest: &[u8], found: &mut impl FnMut(&HtmlUrl<'_>)) -> usize {
        match self.position {
            Position::Text => {
                let Some(markup) = memchr(b'<', rest) else {
                    return rest.len();
                };
                self.position = Position::Opened(0);
                return markup + 1;
            }
            Position::Opened(0) if octet.is_ascii_alphabetic() => {
                self.tag.clear();
                self.position = Position::TagName;
                return 0;
            }
            Position::Opened(len) => {
                if COMMENT.get(len) != Some(&octet) {
                    self.position = Position::Text;
                    return 0;
                }
                self.position = match len + 1 {
                    3 => Position::Comment(Comment::BEGUN),
                    len => Position::Opened(len),
                };
            }
            Position::Comment(comment) => {
                let comment = comment.after(octet);
                self.position = comment.map_or(Position::Text, Position::Comment);
            }
            Position::TagName => {
                if is_space(octet) || matches!(octet, b'/' | b'>') {
                    self.position = Position::Tag(TagPosition::Attributes);
                    return 0;
                }
                self.tag.push(octet);
            }
            Position::Raw(name, len) => {
                if name == "style" {
                    pass_on(self.values.push(octet, self.at), &self.tag, None, found);
                }
                self.position = in_raw(octet, name, len);
            }
            Position::Tag(position) => {
                return usize::from(self.takes_in_tag(position, octet, found));
            }
        }
        1
    }

    /// The same after the name of a start tag. Returns whether that takes the octet.
    fn takes_in_tag(
        &mut self,
        position: TagPosition,
        octet: u8,
        found: &mut impl FnMut(&HtmlUrl<'_>),
    ) -> bool {
        match position {
            TagPosition::Attributes => match octet {
                b'>' => self.leave_tag(),
                b'/' => {}
                _ if is_space(octet) => {}
                // A name may begin with an equals sign.
                _ => {
                    self.attribute.clear();
                    self.attribute.push(octet);
                    self.position = Position::Tag(TagPosition::AttributeName);
                }
            },
            TagPosition::AttributeName => {
                if is_space(octet) || matches!(octet, b'/' | b'>' | b'=') {
                    self.position = Position::Tag(TagPosition::AfterAttributeName);
                    return false;
                }
                self.attribute.push(octet);
            }
            TagPosition::AfterAttributeName | TagPosition::BeforeValue if is_space(octet) => {}
            TagPosition::AfterAttributeName => {
                if octet != b'=' {
                    self.position = Position::Tag(TagPosition::Attributes);
                    return false;
                }
                self.has_base |= self.tag.is("base") && self.attribute.is("href");
                self.position = Position::Tag(TagPosition::BeforeValue);
            }
            TagPosition::BeforeValue => {
                let quote = Some(octet).filter(|octet| matches!(octet, b'"' | b'\''));
                let kind = if self.attribute.is("srcset") {
                    ValueKind::Srcset
                } else {
                    ValueKind::Attribute
                };
                let start = self.at + u64::from(quote.is_some());
                self.values.begin(kind, start);
                self.position = Position::Tag(TagPosition::Value(quote));
                return quote.is_some();
            }
            TagPosition::Value(quote) => {
                let is_end = match quote {
                    Some(quote) => octet == quote,
                    None => is_space(octet) || octet == b'>',
                };
                let (tag, attribute) = (&self.tag, Some(&self.attribute));
                if is_end {
                    pass_on(self.values.end(), tag, attribute, found);
                    self.position = Position::Tag(TagPosition::Attributes);
                    return quote.is_some();
                }
                pass_on(self.values.push(octet, self.at), tag, attribute, found);
            }
        }
        true
    }

    /// Leaves a start tag.
    fn leave_tag(&mut self) {
        let raw = RAW.iter().find(|raw| self.tag.is(raw));
        self.position = raw.map_or(Position::Text, |raw| Position::Raw(raw, 0));
        self.values.begin(ValueKind::StyleSheet, self.at + 1);
    }
}

/// Where this octet of an element without markup leads.
fn in_raw(octet: u8, name: &'static str, len: usize) -> Position {
    let mut end_tag = b"</".iter().chain(name.as_bytes());
    let is_next = end_tag
        .nth(len)
        .is_some_and(|next| next.eq_ignore_ascii_case(&octet));
    let is_whole = len == "</".len() + name.len();
    match is_next {
        true => Position::Raw(name, len + 1),
        // The name of an end tag ends there.
        false if is_whole && (is_space(octet) || matches!(octet, b'/' | b'>')) => Position::Text,
        false => Position::Raw(name, usize::from(octet == b'<')),
    }
}

fn pass_on(
    url: Option<FoundUrl<'_>>,
    tag: &Name,
    attribute: Option<&Name>,
    found: &mut impl FnMut(&HtmlUrl<'_>),
) {
    if let Some(url) = url {
        found(&HtmlUrl {
            tag: tag.text(),
            attribute: attribute.map(Name::text),
            is_whole: url.is_whole,
            range: url.range,
            raw: url.raw,
        });
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The results of `of` for the URLs of a document, which comes in these blocks.
    pub(in super::super) fn in_blocks<'a, T>(
        blocks: impl IntoIterator<Item = &'a [u8]>,
        mut of: impl FnMut(&HtmlUrl<'_>) -> Option<T>,
    ) -> Vec<T> {
        let mut all = Vec::new();
        let mut urls = HtmlUrls::new();
        for block in blocks {
            urls.apply(block, |url| all.extend(of(url)));
        }
        urls.finish(|url| all.extend(of(url)));
        all
    }

    /// The same of a document in one block.
    pub(in super::super) fn all<T>(
        html: &str,
        of: impl FnMut(&HtmlUrl<'_>) -> Option<T>,
    ) -> Vec<T> {
        in_blocks([html.as_bytes()], of)
    }

    /// `name=value` for values of attributes and `{url}` for URLs in style sheets, with bars between
    /// them.
    fn places(html: &str) -> String {
        let shown = all(html, |url| {
            let from = usize::try_from(url.range.start).unwrap();
            assert_eq!(&html[from..][..url.raw.len()], url.raw);
            match url.attribute {
                Some(name) if url.is_whole => Some(format!("{name}={}", url.raw)),
                Some(_) => None,
                None => Some(format!("{{{}}}", url.raw)),
            }
        });
        shown.join("|")
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
            ("<!--[i><p a=b>--><p c=d>", "c=d"),
            ("<!-- x --!><p a=b>", "a=b"),
            ("<!-- x --!-><p a=b>--><p c=d>", "c=d"),
            ("<!--!><p a=b>--><p c=d>", "c=d"),
            ("<!---!><p a=b>--><p c=d>", "c=d"),
            ("<!----><p a=b>", "a=b"),
            ("<style></stylex a=b>c{d:url(e)}</style/><p f=g>", "{e}|f=g"),
            ("<script></script\t><p a=b>", "a=b"),
            ("<!-[if]><p a=b>", "a=b"),
            ("<!-- <p a=b>", ""),
            ("<<p a=b><!<p c=d>", "a=b|c=d"),
            (
                "<!--[if mso]><v:fill src='a'><![endif]--><p b=c>",
                "src=a|b=c",
            ),
            (
                "<!--[if !mso]><!--><p a=b><!--<![endif]--><p c=d>",
                "a=b|c=d",
            ),
            (
                "<style type=x>a{b:url(c)}</STYLE ><p d=e>",
                "type=x|{c}|d=e",
            ),
            ("<style>url(a)</styl>url(b)</b", "{a}|{b}"),
            ("<style>url(a<</style><p b=c>)", "b=c"),
            ("<Script>'<p a=b>'</script><p c=d>", "c=d"),
            ("<title><p a=b></title><p c=d>", "c=d"),
            ("<p a='b", "a=b"),
            ("<p a=", ""),
            ("<", ""),
            ("<p", ""),
        ] {
            assert_eq!(places(html), found, "{html}");
        }
    }

    #[test]
    fn a_base_is_found() {
        for (html, has_base) in [
            ("<head><BASE target=x href='https://x.test/'>", true),
            ("<base target=x><a href='b'>", false),
        ] {
            let mut urls = HtmlUrls::new();
            urls.apply(html.as_bytes(), |_| {});
            assert_eq!(urls.has_base(), has_base, "{html}");
        }
    }

    #[test]
    fn memory_does_not_grow_with_the_length_of_a_value() {
        for begin in [
            "<img src='data:",
            "<p ",
            "<",
            "<img srcset='data:",
            "<style>a{b:url(data:",
            "<!--",
            "<p style='a:url(&quot;data:",
        ] {
            let mut urls = HtmlUrls::new();
            urls.apply(begin.as_bytes(), |_| {});
            for _ in 0..40 {
                urls.apply(&vec![b'A'; 64 * 1024], |_| {});
                assert!(urls.at - urls.open_since() <= 64 * 1024);
            }
            assert!(urls.values.held() <= 256 * 1024, "{}", urls.values.held());
            // What comes after it is found.
            let mut found = 0;
            let end = b"A&quot;) '\")}--></style><p a=b>";
            urls.apply(end, |url| found += usize::from(url.raw == "b"));
            assert_eq!(found, 1, "{begin}");
        }
    }

    proptest! {
        #[test]
        fn blocks_give_what_the_whole_gives(
            html in "(<|<p |<img src=|<style>|</style|<!--|-->|<!--\\[if|url\\(|cid:|srcset=|[a=\"' >(),é日/;&]|&quot;|&#39;){0,40}",
            cuts in proptest::collection::vec(0_usize..400, 0..6),
        ) {
            let octets = html.as_bytes();
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (octets.len() + 1)).collect();
            cuts.extend([0, octets.len()]);
            cuts.sort_unstable();
            let blocks = cuts.windows(2).map(|cut| &octets[cut[0]..cut[1]]);
            let shown = |url: &HtmlUrl<'_>| Some(format!("{url:?}"));
            prop_assert_eq!(in_blocks(blocks, shown), all(&html, shown));
        }
    }
}
