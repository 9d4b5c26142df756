//! Replaces URLs of an HTML document, which comes in blocks.

use std::collections::VecDeque;
use std::ops::Range;

use super::cid::encoded_label;
use super::url::HtmlUrl;
use super::urls::HtmlUrls;

/// Replaces what `replacement` returns for the URLs of a document: a range in the document, within the
/// URL, and what to write in its place. All other octets stay as they are.
///
/// It holds the block and the URL that has not ended.
pub(crate) struct Rewriter<F> {
    urls: HtmlUrls,
    replacement: F,
    /// The octets of the document from `start` on that have not been written.
    pending: Vec<u8>,
    start: u64,
    /// What is replaced in them, in ascending order.
    others: VecDeque<(Range<u64>, String)>,
}

impl<F: FnMut(&HtmlUrl<'_>) -> Option<(Range<u64>, String)>> Rewriter<F> {
    pub(crate) fn new(replacement: F) -> Self {
        Self {
            urls: HtmlUrls::new(),
            replacement,
            pending: Vec::new(),
            start: 0,
            others: VecDeque::new(),
        }
    }

    /// Takes the next block, and appends what is known of the new document to `out`.
    pub(crate) fn apply(&mut self, block: &[u8], out: &mut Vec<u8>) {
        self.pending.extend_from_slice(block);
        let (urls, others) = (&mut self.urls, &mut self.others);
        urls.apply(block, |url| keep(others, (self.replacement)(url)));
        self.write(self.urls.open_since(), out);
    }

    /// Appends the rest of the new document.
    pub(crate) fn finish(mut self, out: &mut Vec<u8>) {
        let (urls, others) = (&mut self.urls, &mut self.others);
        urls.finish(|url| keep(others, (self.replacement)(url)));
        self.write(u64::MAX, out);
    }

    /// Writes all that is before the position `end`.
    fn write(&mut self, end: u64, out: &mut Vec<u8>) {
        let mut done = 0;
        let place = |at: u64| usize::try_from(at - self.start).unwrap_or(usize::MAX);
        while let Some((range, other)) = self.others.pop_front_if(|(range, _)| range.start < end) {
            out.extend_from_slice(
                self.pending
                    .get(done..place(range.start))
                    .unwrap_or_default(),
            );
            out.extend_from_slice(other.as_bytes());
            done = place(range.end);
        }
        let end = place(end).min(self.pending.len());
        out.extend_from_slice(self.pending.get(done..end).unwrap_or_default());
        self.pending.drain(..end);
        self.start += end as u64;
    }
}

/// Keeps a replacement, in place of those within its range.
fn keep(others: &mut VecDeque<(Range<u64>, String)>, new: Option<(Range<u64>, String)>) {
    if let Some((range, other)) = new {
        while others
            .pop_back_if(|(inner, _)| inner.start >= range.start)
            .is_some()
        {}
        others.push_back((range, other));
    }
}

/// What to write for a URL so that it refers to a part by this identifier; nothing if it does already.
pub(crate) fn reference(url: &HtmlUrl<'_>, id: &str) -> Option<(Range<u64>, String)> {
    match url.label() {
        Some(label) if label == id => None,
        Some(_) => Some((url.label_range(), encoded_label(id))),
        None => Some((url.range.clone(), format!("cid:{}", encoded_label(id)))),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A document after a rewriting, which must not depend on its blocks.
    pub(in super::super) fn rewritten(
        html: &str,
        mut replacement: impl FnMut(&HtmlUrl<'_>) -> Option<(Range<u64>, String)>,
    ) -> String {
        let mut in_blocks = |len| {
            let mut out = Vec::new();
            let mut rewriter = Rewriter::new(&mut replacement);
            for block in html.as_bytes().chunks(len) {
                rewriter.apply(block, &mut out);
            }
            rewriter.finish(&mut out);
            String::from_utf8(out).unwrap()
        };
        let whole = in_blocks(html.len().max(1));
        if html.len() < 10_000 {
            assert_eq!(in_blocks(7), whole);
        }
        whole
    }

    #[test]
    fn a_url_is_replaced_and_not_what_is_in_it() {
        let html = "<img src='a(url(cid:b).png'><img src='c'>";
        let replaced = rewritten(html, |url| {
            Some((url.range.clone(), url.raw.to_uppercase()))
        });
        assert_eq!(replaced, "<img src='A(URL(CID:B).PNG'><img src='C'>");
    }

    #[test]
    fn only_the_block_and_one_url_are_held() {
        let mut rewriter = Rewriter::new(|_: &HtmlUrl<'_>| None);
        let mut out = Vec::new();
        rewriter.apply(b"<p a='", &mut out);
        for _ in 0..10 {
            rewriter.apply(&vec![b'x'; 60_000], &mut out);
            assert!(rewriter.pending.len() <= 124 * 1024);
        }
        rewriter.finish(&mut out);
        assert_eq!(out.len(), 600_006);
    }
}
