//! Messages that are built without waiting.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use pilotfish::Message;
use pilotfish::message::{MessageBuilder, MessageError};

/// How many blocks of texts a message may have.
const MAX_BLOCKS: usize = 10_000;

/// Builds a message that opens no file.
pub(crate) fn built(builder: MessageBuilder) -> Message {
    try_built(builder).unwrap()
}

/// The same as [`built`], for a message that may be invalid.
pub(crate) fn try_built(builder: MessageBuilder) -> Result<Message, MessageError> {
    let mut building = pin!(builder.build());
    // A long text lets others run after each block.
    for _ in 0..MAX_BLOCKS {
        let building = building.as_mut();
        if let Poll::Ready(result) = building.poll(&mut Context::from_waker(Waker::noop())) {
            return result;
        }
    }
    panic!("a file has to be opened")
}
