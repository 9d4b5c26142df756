//! From what a message is made of to the message.

mod content;
mod document;
mod fields;
mod message_builder;
mod parts;
mod raw_builder;

pub use message_builder::MessageBuilder;
pub use raw_builder::RawBuilder;
