//! Where URLs are in the places of an HTML text that can have them.

use std::ops::Range;

use memchr::memchr;

/// The URL that is all of an attribute's value, but for the white space around it.
pub(super) fn whole(value: &str) -> Range<usize> {
    trimmed(value, 0..value.len())
}

/// The same range without the white space at its ends.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let url = text.get(range.clone()).unwrap_or_default();
    let start = range.start + (url.len() - url.trim_ascii_start().len());
    start..start + url.trim_ascii().len()
}

/// The URLs in an attribute `srcset`: each ends at white space or a comma, and may have a
/// descriptor behind it.
pub(super) fn in_srcset(text: &str) -> Vec<Range<usize>> {
    let mut at = 0;
    let candidates = text.split(',').map(|candidate| {
        let spaces = candidate.len() - candidate.trim_ascii_start().len();
        let url = candidate.split_ascii_whitespace().next();
        let start = at + spaces;
        at += candidate.len() + 1;
        start..start + url.unwrap_or_default().len()
    });
    candidates.collect()
}

/// The URLs in a style sheet.
pub(super) fn in_style_sheet(css: &str) -> Vec<Range<usize>> {
    in_css(css, &["\"", "'"])
}

/// The URLs in an attribute with CSS, whose quotes may be character references.
pub(super) fn in_style_attribute(css: &str) -> Vec<Range<usize>> {
    in_css(css, &["\"", "'", "&quot;", "&#34;", "&apos;", "&#39;"])
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
        // Without its end it is no URL, and there can be no other behind it.
        let Some(end) = end else { break };
        found.push(trimmed(css, at..at + end));
        at += end;
    }
    found
}
