//! Messages that are signed.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use memchr::memmem;

use super::{BodyHash, DkimError, Signer};
use crate::message::Message;
use crate::message::encoding::BodyType;
use crate::message::header::HeaderCharset;

/// Ends the header section.
const BLANK_LINE: &[u8] = b"\r\n\r\n";

impl Message {
    /// Signs the message by DKIM (RFC 6376): reads it once, and puts the field DKIM-Signature in
    /// front. Signed by several, it has a field of each.
    ///
    /// From then on, every server gets the same octets, in 7bit as far as that depends on the encoding,
    /// so that no server on the way has a reason to encode the message again (RFC 6376 section 5.3).
    /// Only a few blocks of the message are in memory at a time.
    ///
    /// # Errors
    ///
    /// If a body is a [reader](crate::message::Body::reader), which can be read only once, or cannot be
    /// read, or if the header cannot be signed: see [`Signer::sign`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the message.
    pub async fn sign(mut self, signer: &Signer) -> Result<Self, DkimError> {
        if !self.is_repeatable() {
            return Err(DkimError::ReadOnce);
        }
        let shared = Arc::make_mut(&mut self.0);
        shared.most = BodyType::SevenBit;
        shared.charset = HeaderCharset::Ascii;
        let mut octets = self.rendition(BodyType::SevenBit).into_octets();
        let mut header = Vec::new();
        let mut hash = None;
        let mut block = Vec::new();
        loop {
            block.clear();
            let more = octets.next_block(&mut block).await?;
            match &mut hash {
                None => hash = hash_of_body(signer, &mut header, &block),
                Some(hash) => hash.push(&block),
            }
            if !more {
                break;
            }
            // What is in memory is always ready, and others want to run, too.
            tokio::task::yield_now().await;
        }
        let hash = hash.unwrap_or_else(|| signer.body_hash());
        let field = signer.sign(&header, hash, SystemTime::now())?;
        let signatures = Bytes::from([field.as_bytes(), &self.0.signatures].concat());
        Arc::make_mut(&mut self.0).signatures = signatures;
        Ok(self)
    }
}

/// Adds a block to the header section. If the section ends in it, returns the hash of the body as far
/// as it is in this block.
fn hash_of_body(signer: &Signer, header: &mut Vec<u8>, block: &[u8]) -> Option<BodyHash> {
    // What ends the header may have begun in the block before.
    let from = header.len().saturating_sub(BLANK_LINE.len());
    header.extend_from_slice(block);
    let end = from + memmem::find(header.get(from..)?, BLANK_LINE)?;
    let mut hash = signer.body_hash();
    hash.push(header.get(end + BLANK_LINE.len()..)?);
    // The header does not include the blank line.
    header.truncate(end + 2);
    Some(hash)
}
