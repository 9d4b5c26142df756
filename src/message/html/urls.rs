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

/// The URLs in an attribute `srcset` (HTML section 4.8.4.2.1): each ends at white space, and
/// commas at its end are not part of it. Without one there, a descriptor follows up to a comma.
pub(super) fn in_srcset(text: &str) -> Vec<Range<usize>> {
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
        // Without its end it is no URL, and there can be no other after it.
        let Some(end) = end else { break };
        found.push(trimmed(css, at..at + end));
        at += end;
    }
    found
}
