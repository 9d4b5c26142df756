//! The content of a store in memory.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::io::AsyncReadExt as _;

use super::super::content::{ContentId, ContentReader};
use super::super::error::{SpoolError, SpoolErrorKind};
use crate::cryptography::digest::{SHA256, digest};

/// How long content stays that nothing refers to.
const UNUSED: Duration = Duration::from_hours(24);

#[derive(Debug, Default)]
pub(super) struct Contents(BTreeMap<ContentId, Content>);

#[derive(Debug)]
struct Content {
    octets: Bytes,
    /// The jobs and unsettled mails that refer to it.
    uses: u64,
    added: SystemTime,
}

/// Reads content, and names it.
pub(super) async fn read(mut content: ContentReader<'_>) -> Result<(ContentId, Bytes), SpoolError> {
    let mut octets = Vec::new();
    content.read_to_end(&mut octets).await.map_err(|error| {
        let message = "the content that was to be stored could not be read";
        SpoolError::new(SpoolErrorKind::Invalid, message).caused_by(error)
    })?;
    let mut sha256 = [0; 32];
    for (octet, hashed) in sha256.iter_mut().zip(digest(&SHA256, &octets).as_ref()) {
        *octet = *hashed;
    }
    Ok((ContentId::new(sha256), octets.into()))
}

impl Contents {
    pub(super) fn put(&mut self, id: ContentId, octets: Bytes, now: SystemTime) {
        let content = self.0.entry(id).or_insert(Content {
            octets,
            uses: 0,
            added: now,
        });
        content.added = now;
    }

    pub(super) fn get(&self, id: ContentId) -> Result<Bytes, SpoolError> {
        let content = self.0.get(&id).ok_or_else(|| {
            let message = format!("the content {id} is not in the store: it was dropped");
            SpoolError::new(SpoolErrorKind::NotFound, message)
        })?;
        Ok(content.octets.clone())
    }

    /// Adds a use of some content, which was found before.
    pub(super) fn add_use(&mut self, id: ContentId) {
        if let Some(content) = self.0.get_mut(&id) {
            content.uses += 1;
        }
    }

    /// Ends a use. Without another one, the content is dropped.
    pub(super) fn end_use(&mut self, id: ContentId) {
        if let Some(content) = self.0.get_mut(&id) {
            content.uses = content.uses.saturating_sub(1);
            if content.uses == 0 {
                self.0.remove(&id);
            }
        }
    }

    pub(super) fn prune(&mut self, now: SystemTime) {
        self.0.retain(|_, content| {
            let age = now.duration_since(content.added).unwrap_or_default();
            content.uses > 0 || age < UNUSED
        });
    }
}
