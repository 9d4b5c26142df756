//! The octets of messages, and what independent readers find in them.

/// Signatures, from the builder to the received message, and the result of an independent verifier.
pub(crate) mod dkim;
/// A mail of any size takes the same memory.
pub(crate) mod memory;
/// The same message for servers with different extensions.
pub(crate) mod rendition;
/// No message contains an end of data, for any server.
pub(crate) mod smuggling;
/// Difficult mails, read back by five independent readers.
pub(crate) mod torture;
