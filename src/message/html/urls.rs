//! The URLs of an HTML text.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;

use super::decode::character_references_decoded;
use super::url_positions::{UrlPosition, UrlPositions};

/// A URL in an HTML text, or any other value of an attribute.
#[derive(Debug)]
pub(super) struct HtmlUrl<'a> {
    pub(super) position: UrlPosition<'a>,
    /// Whether it is the whole value of an attribute, except for white space around it.
    pub(super) is_whole: bool,
    /// Its position in the HTML text.
    pub(super) range: Range<usize>,
    /// The URL as it is written.
    pub(super) raw: &'a str,
}

impl HtmlUrl<'_> {
    /// A part of the URL with its character references decoded.
    pub(super) fn decoded<'a>(&self, part: &'a str) -> Cow<'a, str> {
        match self.position.attribute {
            Some(_) => character_references_decoded(part),
            None => part.into(),
        }
    }
}

/// The URLs of an HTML text: the values of attributes, and the URLs in CSS, both in attributes and in
/// style sheets.
pub(super) fn urls(html: &str) -> impl Iterator<Item = HtmlUrl<'_>> {
    UrlPositions::new(html).flat_map(|position| {
        let text = position.text;
        let is_srcset = |name: &str| name.eq_ignore_ascii_case("srcset");
        let (whole, parts) = match position.attribute {
            None => (None, in_css(text, &["\"", "'"])),
            Some(name) if is_srcset(name) => (None, in_srcset(text)),
            // The quotes may be character references.
            Some(_) => (
                Some(trimmed(text, 0..text.len())),
                in_css(text, &["\"", "'", "&quot;", "&#34;", "&apos;", "&#39;"]),
            ),
        };
        let whole = whole.map(|range| (true, range));
        let parts = parts.into_iter().map(|range| (false, range));
        whole
            .into_iter()
            .chain(parts)
            .map(move |(is_whole, range)| HtmlUrl {
                position,
                is_whole,
                raw: text.get(range.clone()).unwrap_or_default(),
                range: position.start + range.start..position.start + range.end,
            })
    })
}

/// Replaces the ranges of an HTML text, which are in ascending order.
pub(super) fn replaced(
    html: &str,
    others: impl IntoIterator<Item = (Range<usize>, String)>,
) -> String {
    let mut out = String::with_capacity(html.len());
    let mut done = 0;
    for (range, other) in others {
        out.push_str(html.get(done..range.start).unwrap_or_default());
        out.push_str(&other);
        done = range.end;
    }
    out.push_str(html.get(done..).unwrap_or_default());
    out
}

/// The same range without the white space at its ends.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let url = text.get(range.clone()).unwrap_or_default();
    let start = range.start + (url.len() - url.trim_ascii_start().len());
    start..start + url.trim_ascii().len()
}

/// The URLs in an attribute `srcset` (HTML section 4.8.4.2.1): each ends at white space, and
/// commas at its end are not part of it. Without one there, a descriptor follows up to a comma.
fn in_srcset(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        let start = text.len() - rest.len();
        let Some(word) = rest.split_ascii_whitespace().next() else {
            return found;
        };
        let url = word.trim_end_matches(',');
        found.push(start..start + url.len());
        rest = rest.get(word.len()..).unwrap_or_default();
        if url == word {
            rest = rest.get(descriptor_len(rest)..).unwrap_or_default();
        }
    }
}

/// How many octets the descriptor of a URL has: up to a comma that is not in parentheses.
fn descriptor_len(text: &str) -> usize {
    let mut in_parentheses = false;
    let end = text.find(|c| {
        match c {
            '(' => in_parentheses = true,
            ')' => in_parentheses = false,
            _ => {}
        }
        c == ',' && !in_parentheses
    });
    end.unwrap_or(text.len())
}

/// The URLs in CSS, in quotes or without.
fn in_css(css: &str, quotes: &[&str]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(parenthesis) = memchr(b'(', css.as_bytes().get(at..).unwrap_or_default()) {
        let before = at + parenthesis;
        at = before + 1;
        let function = before.checked_sub(3).and_then(|from| css.get(from..before));
        if !function.is_some_and(|name| name.eq_ignore_ascii_case("url")) {
            continue;
        }
        let argument = css.get(at..).unwrap_or_default();
        at += argument.len() - argument.trim_ascii_start().len();
        let argument = argument.trim_ascii_start();
        let quote = quotes.iter().find(|quote| argument.starts_with(**quote));
        at += quote.map_or(0, |quote| quote.len());
        let end = css
            .get(at..)
            .and_then(|url| url.find(quote.unwrap_or(&")")));
        // Without its end it is not a URL, and no other can follow.
        let Some(end) = end else { break };
        found.push(trimmed(css, at..at + end));
        at += end;
    }
    found
}
