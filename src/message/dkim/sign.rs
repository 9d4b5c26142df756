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
    /// From then on, the message is the same octets for every server, of 7 bit as far as that
    /// depends on its encoding, so that nobody on the way has a reason to recode it (RFC 6376
    /// section 5.3). However long it is, a few blocks of it are in memory at a time.
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
        shared.script = HeaderCharset::Ascii;
        let mut octets = self.rendition(BodyType::SevenBit).into_octets();
        let mut message = Hashed::Header(Vec::new());
        let mut block = Vec::new();
        loop {
            block.clear();
            let more = octets.next_block(&mut block).await?;
            message.push(&block, signer);
            if !more {
                break;
            }
            // What is in memory is always ready, and others want to run, too.
            tokio::task::yield_now().await;
        }
        let (header, hash) = match message {
            Hashed::Header(header) => (header, signer.body_hash()),
            Hashed::Body(header, hash) => (header, *hash),
        };
        let field = signer.sign(&header, hash, SystemTime::now())?;
        let signatures = Bytes::from([field.as_bytes(), &self.0.signatures].concat());
        Arc::make_mut(&mut self.0).signatures = signatures;
        Ok(self)
    }
}

/// A message as far as it has been seen.
enum Hashed {
    /// The beginning of the header section.
    Header(Vec<u8>),
    /// All of the header section, and the hash of the beginning of the body.
    Body(Vec<u8>, Box<BodyHash>),
}

impl Hashed {
    fn push(&mut self, block: &[u8], signer: &Signer) {
        match self {
            Self::Body(_, hash) => hash.push(block),
            Self::Header(header) => {
                // What ends the header may have begun in the block before.
                let from = header.len().saturating_sub(BLANK_LINE.len());
                header.extend_from_slice(block);
                let found = memmem::find(header.get(from..).unwrap_or_default(), BLANK_LINE);
                let Some(at) = found else { return };
                let body = header.split_off(from + at + BLANK_LINE.len());
                // The blank line is no part of it.
                header.truncate(from + at + 2);
                let mut hash = signer.body_hash();
                hash.push(&body);
                *self = Self::Body(std::mem::take(header), Box::new(hash));
            }
        }
    }
}
