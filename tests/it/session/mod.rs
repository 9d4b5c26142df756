//! One session: the dialogue with a server, from login to QUIT.

/// Logging in: PLAIN, LOGIN, and servers that do as they like.
pub(crate) mod auth;
/// A binary message goes in chunks.
pub(crate) mod chunking;
/// Dialogues of known services: replayed whole, in pieces, octet by octet.
pub(crate) mod dialogue;
/// What an envelope asks for beside delivery, and who takes that.
pub(crate) mod extensions;
/// Questions between two mails.
pub(crate) mod inquiry;
/// A reply for each recipient.
pub(crate) mod lmtp;
/// Every AUTH mechanism.
pub(crate) mod mechanisms;
/// What MAIL says of the message, and what is refused before it.
pub(crate) mod parameters;
/// The pipeline against a model of a server.
pub(crate) mod pipeline_model;
/// Commands in groups, and which reply is whose.
pub(crate) mod pipelining;
/// More recipients than a server takes at a time.
pub(crate) mod portions;
/// Round trips, counted at the other end.
pub(crate) mod round_trips;
/// EHLO after a login.
pub(crate) mod second_ehlo;
/// Several mails over one session, close behind each other.
pub(crate) mod send_each;
/// Faults between mails of one session, and among their chunks.
pub(crate) mod send_each_faults;
/// One mail after the other in a session.
pub(crate) mod several_mails;
/// How long the parts of a mail took.
pub(crate) mod timing;
/// The message itself, and what may happen while it is on its way.
pub(crate) mod transfer;
