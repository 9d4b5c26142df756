//! What a message is made of, and what its readers make of it.

/// Signatures, from the builder to what arrives, and what an independent verifier says of them.
pub(crate) mod dkim;
/// A mail of any size takes the same memory.
pub(crate) mod memory;
/// The same message for servers that can carry more, or less.
pub(crate) mod rendition;
/// Messages with an end of data within them, for whoever reads them.
pub(crate) mod smuggling;
/// Mails that have been trouble to somebody, read back by five independent readers.
pub(crate) mod torture;
