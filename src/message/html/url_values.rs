//! URLs in the values of attributes, and in style sheets, octet by octet.

use std::ops::Range;

/// The longest URL that is found, in octets. A Content-ID or the path of a file is far shorter, however
/// its characters are encoded; a picture in a `data:` URL may have any length.
const MAX_URL: usize = 64 * 1024;

/// How many of the last octets of a longer URL are kept, to find its end.
const KEPT: usize = 8;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueKind {
    /// The value of an attribute: a URL as a whole, or CSS.
    Attribute,
    /// The value of an attribute `srcset`.
    Srcset,
    /// The content of an element `style`.
    StyleSheet,
}

/// A URL in a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FoundUrl<'a> {
    /// Whether it is the whole value of an attribute, except for white space around it.
    pub(super) is_whole: bool,
    /// Its position in the document.
    pub(super) range: Range<u64>,
    /// The URL as it is written.
    pub(super) raw: &'a str,
}

/// Finds the URLs of one value after the other.
#[derive(Debug)]
pub(super) struct UrlValues {
    kind: ValueKind,
    whole: Candidate,
    css: CssUrls,
    srcset: SrcsetUrls,
}

impl UrlValues {
    pub(super) fn new() -> Self {
        Self {
            kind: ValueKind::Attribute,
            whole: Candidate::default(),
            css: CssUrls::default(),
            srcset: SrcsetUrls::default(),
        }
    }

    /// Begins a value, whose first octet is at this position of the document.
    pub(super) fn begin(&mut self, kind: ValueKind, start: u64) {
        self.kind = kind;
        self.whole.begin(start);
        self.css.begin(match kind {
            ValueKind::StyleSheet => &SHEET_QUOTES,
            ValueKind::Attribute | ValueKind::Srcset => &ATTRIBUTE_QUOTES,
        });
        self.srcset.position = SrcsetPosition::Between;
    }

    /// Takes the next octet of the value, and returns the URL that it ends.
    pub(super) fn push(&mut self, octet: u8, at: u64) -> Option<FoundUrl<'_>> {
        match self.kind {
            ValueKind::Srcset => self.srcset.push(octet, at),
            ValueKind::StyleSheet => self.css.push(octet, at),
            ValueKind::Attribute => {
                self.whole.push(octet);
                // CSS within such a URL is a part of the URL.
                let is_cid = !self.whole.is_too_long && is_cid(&self.whole.octets);
                self.css.push(octet, at).filter(|_| !is_cid)
            }
        }
    }

    /// Ends the value, and returns the URL that ends with it.
    pub(super) fn end(&self) -> Option<FoundUrl<'_>> {
        match self.kind {
            ValueKind::Srcset if self.srcset.position == SrcsetPosition::Url => self.srcset.found(),
            ValueKind::Attribute => self.whole.found(self.whole.octets.len(), true),
            ValueKind::Srcset | ValueKind::StyleSheet => None,
        }
    }

    /// How many octets of memory it holds.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        let urls = [&self.whole, &self.css.url, &self.srcset.url];
        urls.map(|url| url.octets.capacity()).iter().sum()
    }

    /// Where the first URL begins that has not ended.
    pub(super) fn open_since(&self) -> Option<u64> {
        let css = || self.css.is_inside.then(|| self.css.url.start()).flatten();
        match self.kind {
            ValueKind::Srcset if self.srcset.position == SrcsetPosition::Url => {
                self.srcset.url.start()
            }
            ValueKind::Srcset => None,
            ValueKind::StyleSheet => css(),
            ValueKind::Attribute => self.whole.start().or_else(css),
        }
    }
}

/// What may be a URL.
#[derive(Debug, Default)]
struct Candidate {
    start: u64,
    octets: Vec<u8>,
    /// Whether it cannot be one that is looked for. Only its last octets are kept.
    is_too_long: bool,
}

impl Candidate {
    fn begin(&mut self, start: u64) {
        self.start = start;
        self.octets.clear();
        self.is_too_long = false;
    }

    fn push(&mut self, octet: u8) {
        if self.octets.len() == MAX_URL {
            self.octets.drain(..MAX_URL - KEPT);
            self.is_too_long = true;
        }
        self.octets.push(octet);
    }

    fn start(&self) -> Option<u64> {
        (!self.is_too_long).then_some(self.start)
    }

    /// The first octets without the white space around them, unless that is too long or not UTF-8.
    fn found(&self, len: usize, is_whole: bool) -> Option<FoundUrl<'_>> {
        let start = self.start()?;
        let written = self.octets.get(..len)?;
        let before = written.len() - written.trim_ascii_start().len();
        let raw = written.trim_ascii();
        let start = start + before as u64;
        Some(FoundUrl {
            is_whole,
            range: start..start + raw.len() as u64,
            raw: str::from_utf8(raw).ok()?,
        })
    }
}

/// Whether this begins like a URL of the scheme `cid`, after white space.
fn is_cid(url: &[u8]) -> bool {
    let scheme = url.trim_ascii_start().first_chunk();
    scheme.is_some_and(|scheme: &[u8; 4]| scheme.eq_ignore_ascii_case(b"cid:"))
}

const SHEET_QUOTES: [&str; 2] = ["\"", "'"];

/// In the value of an attribute, the quotes may be character references.
const ATTRIBUTE_QUOTES: [&str; 6] = ["\"", "'", "&quot;", "&#34;", "&apos;", "&#39;"];

/// Finds the URLs in CSS, in quotes or without.
#[derive(Debug, Default)]
struct CssUrls {
    quotes: &'static [&'static str],
    /// The three octets before the next.
    before: [u8; 3],
    /// Whether `url(` was the last that is not white space.
    is_before: bool,
    is_inside: bool,
    url: Candidate,
    /// What ends the URL; nothing while its first octets may become a quote.
    end: Option<&'static str>,
}

impl CssUrls {
    fn begin(&mut self, quotes: &'static [&'static str]) {
        self.quotes = quotes;
        self.before = [0; 3];
        self.is_before = false;
        self.is_inside = false;
    }

    fn push(&mut self, octet: u8, at: u64) -> Option<FoundUrl<'_>> {
        let [_, one, two] = self.before;
        let is_url = octet == b'(' && self.before.eq_ignore_ascii_case(b"url");
        self.before = [one, two, octet];
        if self.is_before && !is_space(octet) {
            self.is_before = false;
            self.is_inside = true;
            self.url.begin(at);
            self.end = None;
        }
        if !self.is_inside {
            self.is_before |= is_url;
            return None;
        }
        self.url.push(octet);
        let end = match self.end {
            Some(end) => end,
            None => self.first_octets(at)?,
        };
        let len = self.url.octets.strip_suffix(end.as_bytes())?.len();
        self.is_inside = false;
        self.url.found(len, false)
    }

    /// Finds out what ends the URL, from its first octets.
    fn first_octets(&mut self, at: u64) -> Option<&'static str> {
        let octets = self.url.octets.as_slice();
        let mut quotes = self.quotes.iter();
        let quote = quotes.find(|quote| quote.as_bytes().starts_with(octets));
        match quote {
            Some(quote) if quote.len() == octets.len() => {
                self.url.begin(at + 1);
                self.end = Some(quote);
                None
            }
            Some(_) => None,
            None => {
                self.end = Some(")");
                self.end
            }
        }
    }
}

/// Finds the URLs in an attribute `srcset` (HTML section 4.8.4.2.1): each ends at white space, and
/// commas at its end are not part of it. Without one there, a descriptor follows up to a comma.
#[derive(Debug, Default)]
struct SrcsetUrls {
    position: SrcsetPosition,
    url: Candidate,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum SrcsetPosition {
    #[default]
    Between,
    Url,
    Descriptor {
        in_parentheses: bool,
    },
}

impl SrcsetUrls {
    fn push(&mut self, octet: u8, at: u64) -> Option<FoundUrl<'_>> {
        match &mut self.position {
            SrcsetPosition::Between if is_space(octet) || octet == b',' => {}
            SrcsetPosition::Between => {
                self.url.begin(at);
                self.url.push(octet);
                self.position = SrcsetPosition::Url;
            }
            SrcsetPosition::Url if is_space(octet) => {
                self.position = if self.url.octets.ends_with(b",") {
                    SrcsetPosition::Between
                } else {
                    let in_parentheses = false;
                    SrcsetPosition::Descriptor { in_parentheses }
                };
                return self.found();
            }
            SrcsetPosition::Url => self.url.push(octet),
            SrcsetPosition::Descriptor { in_parentheses } => match octet {
                b'(' => *in_parentheses = true,
                b')' => *in_parentheses = false,
                b',' if !*in_parentheses => self.position = SrcsetPosition::Between,
                _ => {}
            },
        }
        None
    }

    fn found(&self) -> Option<FoundUrl<'_>> {
        let octets = self.url.octets.as_slice();
        let commas = octets.iter().rev().take_while(|octet| **octet == b',');
        self.url.found(octets.len() - commas.count(), false)
    }
}

pub(super) fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}
