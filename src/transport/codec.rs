//! The framed codec: a frame is a whole reply.

use std::io;

use bytes::BytesMut;
use tokio_util::codec::Decoder;

use crate::protocol::{Reply, ReplyDecoder, ReplyError};

/// Frames replies. What a frame is, [`ReplyDecoder`] decides.
#[derive(Debug, Default)]
pub(super) struct ReplyCodec(ReplyDecoder);

/// Why no reply came from the stream.
#[derive(Debug)]
pub(super) enum ReadError {
    Io(io::Error),
    NotAReply(ReplyError),
    /// The stream ended within a reply.
    Truncated,
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl ReplyCodec {
    pub(super) fn is_between_replies(&self) -> bool {
        self.0.is_between_replies()
    }

    /// What has come of a reply that is not whole.
    pub(super) fn unfinished(&self, buffer: &[u8]) -> String {
        self.0.unfinished(buffer)
    }
}

impl Decoder for ReplyCodec {
    type Item = Reply;
    type Error = ReadError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Reply>, ReadError> {
        self.0.decode(buffer).map_err(ReadError::NotAReply)
    }

    fn decode_eof(&mut self, buffer: &mut BytesMut) -> Result<Option<Reply>, ReadError> {
        match self.decode(buffer)? {
            Some(reply) => Ok(Some(reply)),
            None if buffer.is_empty() && self.is_between_replies() => Ok(None),
            None => Err(ReadError::Truncated),
        }
    }
}
