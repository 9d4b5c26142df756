//! Messages that nothing has to be waited for.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use pilotfish::Message;
use pilotfish::message::{MessageBuilder, MessageError};

/// Builds a message that no file has to be opened for.
pub(crate) fn built(builder: MessageBuilder) -> Message {
    try_built(builder).unwrap()
}

/// The same, where it may fail.
pub(crate) fn try_built(builder: MessageBuilder) -> Result<Message, MessageError> {
    let building = pin!(builder.build());
    match building.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("a file has to be opened"),
    }
}
