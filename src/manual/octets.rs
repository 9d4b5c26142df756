//! From a file to the socket in constant memory.
//!
//! What is sent is a list of segments: octets that are there (header fields, boundaries, text)
//! and bodies that are read, and mostly encoded, on their way. The list is what is added up for
//! `SIZE=`, and what is walked when the message is sent, so the two cannot differ.
//!
//! A body has a length from the beginning. A file that turns out shorter, longer or changed is an
//! error before the last block, and then there is no end of data: a server never takes a damaged
//! mail for a whole one.
//!
//! # Seven bits, eight, or all
//!
//! What a server can carry is known when it has answered EHLO, long after the message was built.
//! So a [`Message`](crate::Message) is fixed in all but one thing, and a session asks for the
//! [`Rendition`](crate::message::Rendition) that suits its server:
//!
//! | the server offers | at most | MAIL says | text beyond ASCII | attachments |
//! |---|---|---|---|---|
//! | neither of these | [`SevenBit`](crate::message::BodyType::SevenBit) | | quoted-printable, base64 | base64 |
//! | 8BITMIME, or SMTPUTF8 | [`EightBit`](crate::message::BodyType::EightBit) | `BODY=8BITMIME` | as it is | base64 |
//! | CHUNKING and BINARYMIME too | [`Binary`](crate::message::BodyType::Binary) | `BODY=BINARYMIME` | as it is | as they are |
//!
//! Only the fields Content-Transfer-Encoding and the contents differ. Date, Message-ID,
//! boundaries and what is decoded in the end do not, so a second attempt, even at another server,
//! sends the same mail. MAIL says what is in the message, not what could be: ASCII goes without
//! `BODY=`.
//!
//! [`MessageBuilder::data`](crate::message::MessageBuilder::data) is a ceiling, and 8 bits unless
//! it is said. Nearly every server offers 8BITMIME and passes such mail on as it is; it is
//! shorter, and can be read and searched where it lies. A server on the way that meets one
//! without 8BITMIME has to recode the text or to return the mail (RFC 6152 section 3). A text that
//! something might change on the way, as with a space at the end of a line, is encoded even so.
//!
//! Binary saves a quarter of the octets of an attachment, and has to be asked for: few servers
//! take it, and one that has taken it may find that the next does not, and has to recode all of it
//! (RFC 3030 section 3). Some servers that take it rewrite a lone LF as CRLF, and so damage
//! attachments without an error. Send a file through a server and compare what arrives before you
//! ask for Binary there.
//!
//! With 7 bits nobody on the way has a reason to recode anything. That is what a signature needs,
//! so `Message::sign` fixes that rendition (RFC 6376 section 5.3). A
//! finished message ([`Message::raw`](crate::Message::raw)) is fixed as it came, as what is in it
//! may be signed: if its body has octets beyond ASCII and the server lacks 8BITMIME, it is refused
//! before MAIL. Its header fields are the exception. A field such as To that must not be empty, and
//! is, is left out, unless there is a DKIM-Signature. Names and text beyond ASCII are in encoded
//! words (RFC 2047), as servers further on may lack SMTPUTF8 though this one offers it. With a
//! DKIM-Signature, they are so only where this server lacks SMTPUTF8, as the signature does not
//! hold afterwards. What no server has to take, such as a line of over 998 octets, is encoded where [`RawBuilder::repair`](crate::message::RawBuilder::repair)
//! asks for it, or `--repair`, and each change is a warning.
//!
//! `--dry-run` knows of no server, and writes the rendition of 7 bits.
//!
//! # Transparency
//!
//! The transport doubles leading dots, and makes every lone CR
//! and LF a CRLF. A rendition that goes by DATA has none, but the stage that guards the wire does
//! not rely on it. A block in which nothing is to be done is not even moved.
