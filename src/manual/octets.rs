//! How a message goes from a file to the socket in constant memory.
//!
//! A message is sent from a list of segments: octets in memory (header fields, boundaries), and texts and
//! bodies that are read, and usually encoded, while they are sent. `SIZE=` is the sum over this list, and
//! the transfer walks the same list, so the two cannot differ.
//!
//! A text is read once when the message is built, as its encoding and its length depend on all of it. Its
//! octets stay in memory or in the file as they are. A text in memory lets other tasks run after every
//! 64 KiB.
//!
//! A document in HTML is searched for references in the same pass. If it shows parts of the message, it is
//! written anew with their Content-IDs before that: into memory if it has less than a mebibyte, and
//! otherwise into a temporary file without a name. A limit would be simpler, but would refuse reports that
//! can be sent. A URL of more than 64 KiB is passed over, as no Content-ID or path is that long.
//!
//! Text in the format "flowed" is in memory as a whole, as a paragraph may be one line of any length. It may
//! have at most 8 MiB.
//!
//! Building a message opens all of its files at once, and reads those of at most 64 KiB, up to 4 MiB in a
//! message. These are sent as they were then. Larger files are closed again, and opened when they are sent.
//!
//! The length of a body is known from the start. If such a file turns out to be shorter, longer or changed,
//! the transfer fails before the last block and sends no end of data: a server never accepts a damaged
//! mail as a whole one.
//!
//! # 7-bit, 8-bit or binary
//!
//! The reply to EHLO tells which octets the server accepts, long after the message was built. A
//! [`Message`](crate::Message) is therefore fixed in everything except the encoding of its parts, and a
//! session requests the [`Rendition`](crate::message::Rendition) that suits its server:
//!
//! | the server offers | body type | MAIL says | text beyond ASCII | attachments |
//! |---|---|---|---|---|
//! | neither 8BITMIME nor SMTPUTF8 | [`SevenBit`](crate::message::BodyType::SevenBit) | | quoted-printable, base64 | base64 |
//! | 8BITMIME, or SMTPUTF8 | up to [`EightBit`](crate::message::BodyType::EightBit) | `BODY=8BITMIME` | unencoded | base64 |
//! | also CHUNKING and BINARYMIME | up to [`Binary`](crate::message::BodyType::Binary) | `BODY=BINARYMIME` | unencoded | unencoded |
//!
//! Renditions differ only in the field Content-Transfer-Encoding and in the encoded contents. Date,
//! Message-ID, boundaries and the decoded contents are the same, so a second attempt, even at another
//! server, sends the same mail. `BODY=` states what the message contains, not what it could contain: an
//! ASCII message goes without `BODY=`.
//!
//! [`MessageBuilder::max_body_type`](crate::message::MessageBuilder::max_body_type) sets the upper limit,
//! by default `EightBit`. Nearly every server offers 8BITMIME and passes such mail on unchanged. Unencoded
//! text is shorter, and can be read and searched in storage. If a server further on meets one without
//! 8BITMIME, it has to recode the text or return the mail (RFC 6152 section 3). A text that could be
//! changed in transit, such as one with a space at the end of a line, is always encoded.
//!
//! `Binary` saves a quarter of the octets of an attachment. It has to be enabled explicitly: few servers
//! offer it, and if the next server does not, the first one has to recode the whole message (RFC 3030
//! section 3). Some servers that offer it rewrite a lone LF as CRLF, and so damage attachments without
//! an error. Before you enable `Binary` for a server, send a file through it and compare what arrives.
//!
//! With `SevenBit`, no server in transit has a reason to recode anything. A signature requires that, so
//! `Message::sign` fixes this rendition (RFC 6376 section 5.3).
//!
//! A finished message ([`Message::raw`](crate::Message::raw)) keeps its octets, because parts of it may
//! be signed. If its body has octets beyond ASCII and the server lacks 8BITMIME, sending fails before
//! MAIL. Only header fields are changed:
//!
//! * A field such as To that must not be empty, but is empty, is omitted, unless the message has a
//!   DKIM-Signature.
//! * Names and text beyond ASCII are written as encoded words (RFC 2047), because servers further on may
//!   lack SMTPUTF8 even if this one offers it. In a message with a DKIM-Signature they are encoded only
//!   if this server lacks SMTPUTF8, because the encoding breaks the signature.
//!
//! [`RawBuilder::repair`](crate::message::RawBuilder::repair) and `--repair` also encode what no server
//! is required to accept, such as a line of over 998 octets. Each change causes a warning.
//!
//! `--dry-run` does not know the server, and writes the rendition for `SevenBit`.
//!
//! # Transparency
//!
//! The transport doubles leading dots, and replaces every lone CR and LF by CRLF. A rendition for DATA
//! contains no lone CR or LF, but the transport does not rely on that. Blocks that need no change are not
//! copied.
