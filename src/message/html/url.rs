//! A URL of an HTML document, and the names around it.

use std::borrow::Cow;
use std::ops::Range;

use super::decode::character_references_decoded;

/// A URL in an HTML document, or any other value of an attribute.
#[derive(Debug)]
pub(crate) struct HtmlUrl<'a> {
    /// The name of the element.
    pub(super) tag: &'a str,
    /// The name of the attribute; `None` for the content of an element `style`.
    pub(super) attribute: Option<&'a str>,
    /// Whether it is the whole value of an attribute, except for white space around it.
    pub(super) is_whole: bool,
    /// Its position in the document.
    pub(super) range: Range<u64>,
    /// The URL as it is written.
    pub(crate) raw: &'a str,
}

impl HtmlUrl<'_> {
    /// A part of the URL with its character references decoded.
    pub(super) fn decoded<'a>(&self, part: &'a str) -> Cow<'a, str> {
        match self.attribute {
            Some(_) => character_references_decoded(part),
            None => part.into(),
        }
    }
}

/// The name of an element or an attribute, as far as it may be a known one.
#[derive(Debug, Default)]
pub(super) struct Name(Vec<u8>);

impl Name {
    /// Longer than all names that are known.
    const LEN: usize = 32;

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn push(&mut self, octet: u8) {
        if self.0.len() < Self::LEN {
            self.0.push(octet);
        }
    }

    pub(super) fn text(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.0.eq_ignore_ascii_case(name.as_bytes())
    }
}
