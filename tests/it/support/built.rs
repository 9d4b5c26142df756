//! Messages that are built without waiting.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use pilotfish::Message;
use pilotfish::message::{MessageBuilder, MessageError};

/// Builds a message that opens no file.
pub(crate) fn built(builder: MessageBuilder) -> Message {
    try_built(builder).unwrap()
}

/// The same as [`built`], for a message that may be invalid.
pub(crate) fn try_built(builder: MessageBuilder) -> Result<Message, MessageError> {
    let building = pin!(builder.build());
    match building.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("a file has to be opened"),
    }
}
