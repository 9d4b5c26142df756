//! Whole messages: their shape, their octets, and what independent parsers make of them.

mod blocks;
mod conversions;
mod faults;
mod finished;
mod left_out;
mod long_texts;
mod parsers;
mod repaired;
mod repaired_text;
mod shape;
#[cfg(feature = "dkim")]
mod signed;
mod structure;

use std::str::FromStr;

use super::error::{BodyError, MessageError};
use crate::address::Mailbox;
use crate::message::Message;
use crate::message::builder::MessageBuilder;
use crate::message::header::FieldName;
use crate::message::part::Attachment;
use crate::message::render::MessageReader;
use crate::message::source::Body;

/// A builder with what a message cannot be without.
fn builder() -> MessageBuilder {
    Message::builder().from("from@x.test").to("to@x.test")
}

fn mailbox(name: &str, address: &str) -> Mailbox {
    Mailbox::new(parsed(address)).with_name(parsed(name))
}

fn attachment(name: &str, octets: &[u8]) -> Attachment {
    Attachment::new(Body::bytes(octets.to_vec()), name)
}

fn field(name: &str) -> FieldName {
    parsed(name)
}

fn parsed<T: FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

/// Runs a future that needs the pool of blocking threads.
fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// Builds a message where nothing else is awaited.
trait BuildNow {
    fn build_now(self) -> Result<Message, MessageError>;
}

impl BuildNow for MessageBuilder {
    fn build_now(self) -> Result<Message, MessageError> {
        run(self.build())
    }
}

/// All blocks of a message, one by one.
async fn blocks(octets: &mut MessageReader) -> Result<Vec<Vec<u8>>, BodyError> {
    let mut blocks = Vec::new();
    loop {
        let mut block = Vec::new();
        let more = octets.next_block(&mut block).await?;
        assert!(block.len() <= MessageReader::MAX_BLOCK);
        blocks.push(block);
        if !more {
            return Ok(blocks);
        }
    }
}

/// All octets of a message, after the checks that every message has to pass.
fn octets(message: Message) -> Vec<u8> {
    let size = message.exact_size();
    let seven_bit = !message.needs_smtputf8();
    let octets = run(blocks(&mut message.into_octets())).unwrap().concat();
    assert_eq!(octets.len() as u64, size);
    assert!(octets.ends_with(b"\r\n"));
    assert!(!seven_bit || octets.is_ascii());
    assert!(!octets.contains(&0));
    for line in octets.split_inclusive(|b| *b == b'\n') {
        let line = line
            .strip_suffix(b"\r\n")
            .expect("every line ends with CRLF");
        assert!(!line.contains(&b'\r'), "no other CR");
        assert!(line.len() <= 998);
    }
    octets
}

fn text(message: Message) -> String {
    String::from_utf8(octets(message)).unwrap()
}
