//! From a file to the socket in constant memory.
//!
//! A message is a list of segments: octets that are there (header fields, boundaries, text) and
//! bodies that are encoded on their way. The list is what is added up for `SIZE=`, and what is
//! walked when the message is sent, so the two cannot differ.
//!
//! A body has a length from the beginning. A file that turns out shorter, longer or changed is an
//! error before the last block, and then there is no end of data: a server never takes a damaged
//! mail for a whole one.
//!
//! # Seven bits
//!
//! Bodies are in base64 or quoted-printable whatever the server could take. It costs a third of
//! the octets of an attachment and buys that a message is fixed when it is built: what
//! `--dry-run` writes is what is sent, a second attempt sends the same, and no server on the way
//! has a reason to recode it.
//!
//! # Transparency
//!
//! [`Transparency`](crate::protocol::Transparency) doubles leading dots, and makes every lone CR
//! and LF a CRLF. Messages built here have none, but the stage that guards the wire does not rely
//! on it. A block in which nothing is to be done is not even moved.
