//! One session: the dialogue with a server, from login to QUIT.

/// Logging in: PLAIN, LOGIN, and servers that deviate from RFC 4954.
pub(crate) mod auth;
/// Binary messages in chunks.
pub(crate) mod chunking;
/// The caller's last word before the end of a message leaves.
pub(crate) mod departure;
/// Dialogues of known services: replayed whole, in pieces, octet by octet.
pub(crate) mod dialogue;
/// What an envelope requests of the server, and which servers support it.
pub(crate) mod extensions;
/// Commands between two mails.
pub(crate) mod inquiry;
/// LMTP: a reply for each recipient.
pub(crate) mod lmtp;
/// Every AUTH mechanism.
pub(crate) mod mechanisms;
/// The parameters of MAIL, and mails that fail before it.
pub(crate) mod parameters;
/// The pipeline against a model of a server.
pub(crate) mod pipeline_model;
/// Commands in groups, and the assignment of replies.
pub(crate) mod pipelining;
/// More recipients than a server accepts at a time.
pub(crate) mod portions;
/// Round trips, as the server counts them.
pub(crate) mod round_trips;
/// EHLO after a login.
pub(crate) mod second_ehlo;
/// Several mails over one session, in close succession.
pub(crate) mod send_each;
/// Faults between mails of one session, and among their chunks.
pub(crate) mod send_each_faults;
/// One mail after the other in a session.
pub(crate) mod several_mails;
/// The times of a mail's parts.
pub(crate) mod timing;
/// The message itself, and faults during its transfer.
pub(crate) mod transfer;
