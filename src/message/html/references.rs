//! What an HTML document refers to, as far as warnings need it.

use std::collections::{BTreeSet, HashSet};
use std::mem;
use std::sync::Arc;

use super::url::HtmlUrl;
use super::urls::HtmlUrls;
use crate::message::error::shown;
use crate::message::warning::Warning;

/// What documents refer to. A document of any size has few of them.
#[derive(Debug, Default)]
pub(crate) struct References {
    /// The identifiers of parts that are referred to.
    pub(crate) parts: HashSet<String>,
    /// The identifiers that no part has, shortened. Only the first are kept, in their order.
    pub(crate) missing: BTreeSet<String>,
    /// The pictures in files, as they are written, shortened. Only the first are kept, in their order.
    pub(crate) local: BTreeSet<String>,
}

impl References {
    pub(crate) fn extend(&mut self, others: &Self) {
        self.parts.extend(others.parts.iter().cloned());
        for id in &others.missing {
            keep(&mut self.missing, id);
        }
        for src in &others.local {
            keep(&mut self.local, src);
        }
    }

    fn add(&mut self, url: &HtmlUrl<'_>, ids: &HashSet<String>) {
        match url.label() {
            Some(id) if ids.contains(&id) => {
                self.parts.insert(id);
            }
            Some(id) => keep(&mut self.missing, &id),
            None if url.local_picture().is_some() => keep(&mut self.local, url.raw),
            None => {}
        }
    }
}

/// Keeps a text, shortened, if it is among the first.
fn keep(texts: &mut BTreeSet<String>, text: &str) {
    texts.insert(shown(text));
    if texts.len() > Warning::MAX {
        texts.pop_last();
    }
}

/// Finds the references of one document, which comes in blocks.
#[derive(Debug)]
pub(crate) struct ReferenceScan {
    urls: HtmlUrls,
    /// The identifiers of all parts.
    ids: Arc<HashSet<String>>,
    found: References,
}

impl ReferenceScan {
    pub(crate) fn new(ids: Arc<HashSet<String>>) -> Self {
        Self {
            urls: HtmlUrls::new(),
            ids,
            found: References::default(),
        }
    }

    pub(crate) fn apply(&mut self, block: &[u8]) {
        let (found, ids) = (&mut self.found, &self.ids);
        self.urls.apply(block, |url| found.add(url, ids));
    }

    /// What the document refers to.
    pub(crate) fn finish(mut self) -> References {
        let (found, ids) = (&mut self.found, &self.ids);
        self.urls.finish(|url| found.add(url, ids));
        if self.urls.has_base() {
            self.found.local.clear();
        }
        mem::take(&mut self.found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references(html: &str) -> References {
        let ids = ["a", "b"].map(str::to_owned);
        let mut scan = ReferenceScan::new(Arc::new(ids.into_iter().collect()));
        scan.apply(html.as_bytes());
        scan.finish()
    }

    #[test]
    fn few_references_are_kept_of_any_document() {
        let many = |reference: &str| -> String {
            let numbers = (0..10_000).rev();
            let images = numbers.map(|number| format!("<img src='{reference}{number:04}.png'>"));
            images.collect::<Vec<_>>().concat()
        };
        let html = format!("<img src=cid:a>{}{}", many("cid:"), many(""));
        let found = references(&html);
        assert_eq!(found.parts, HashSet::from(["a".to_owned()]));
        assert_eq!(
            (found.missing.len(), found.local.len()),
            (Warning::MAX, Warning::MAX)
        );
        assert!(found.missing.contains("0000.png") && found.local.contains("0099.png"));
    }

    #[test]
    fn a_document_with_a_base_has_no_local_pictures() {
        let html = "<img src=a.png><base href='https://x.test/'><img src=cid:c>";
        let found = references(html);
        assert_eq!((found.missing.len(), found.local.len()), (1, 0));
    }
}
