//! What can happen to a mail, and when it is safe to send it again.
//!
//! A server takes responsibility for a mail with its reply to the end of data, or to the last chunk
//! (RFC 3030 section 2), and with nothing else (RFC 5321 section 4.2.5). The client can observe three
//! outcomes:
//!
//! | what happened | outcome | send it again? |
//! |---|---|---|
//! | 2yz to the end of data | [`Receipt`](crate::Receipt) | no |
//! | a rejection, or any failure before the last octet of the end of data | [`Error`](crate::Error) with [`Fate::NotAccepted`](crate::Fate::NotAccepted) | if [`is_transient`](crate::Error::is_transient) is true |
//! | the last octet has left, and no reply came | [`Error`](crate::Error) with [`Fate::Unknown`](crate::Fate::Unknown) | only if two copies are better than none |
//!
//! No client can avoid the third outcome (RFC 1047). Pilotfish makes it rare, by waiting ten minutes for
//! the reply, and reports it. Most clients report it as a failure, and callers that retry after such a
//! failure send the mail twice.
//!
//! An octet has left when the stream has accepted it. With TLS, the last octets may still be in a buffer
//! of the process when the connection breaks. A mail that is reported as unknown may therefore not have
//! left. For a long message the buffered octets are at most three, which are given to TLS only after all
//! others have left; for a short message they are at most one TLS record. The opposite error cannot
//! occur: a mail that is reported as not accepted has not left completely.
//!
//! # Replies are counted
//!
//! A reply does not name its command: the client assigns replies to commands in order (RFC 2920 section
//! 3.1). A reply that arrives before the client has sent any command that it could answer ends the
//! session, and confirms nothing. An extra reply among those to MAIL, RCPT and DATA does the same,
//! because only the reply to DATA can be 354.
//!
//! If mails go by BDAT in one flight, all replies are 250, and the client cannot distinguish an extra
//! reply from the expected one: it may take the reply to a mail's RCPT as the acceptance of that mail.
//! Callers that do not trust a server to count replies can limit the client to one mail in flight, by
//! DATA: [`Chunking::Never`](crate::protocol::Chunking::Never).
//!
//! # Partial success is a success
//!
//! If a server accepts two recipients and rejects a third, the client sends the mail to the two.
//! [`Receipt::rejected`](crate::Receipt::rejected) holds the third with the server's reply. The result is
//! not an error, because the mail must not be sent to the two again.
//!
//! A mail that goes in portions, or by LMTP, may fail for some recipients after others were accepted.
//! The result is an error, and [`Error::accepted`](crate::Error::accepted) holds the accepted recipients.
//! This error is never [transient](crate::Error::is_transient), and no [`Retry`](crate::client::Retry)
//! sends the mail again. [`recipient_outcomes`](crate::session::recipient_outcomes) returns one of
//! [five outcomes](crate::session::RecipientOutcome) for each recipient.
//!
//! If the server rejects some recipients permanently and defers all others, the error is
//! [transient](crate::Error::is_transient): a later attempt may succeed for the deferred ones. A mail
//! for [all recipients or none](crate::address::envelope::Partial::AllOrNothing) fails permanently as soon as the
//! server rejects one recipient permanently. The recipients that the server had accepted by then are
//! [untried](crate::Error::untried).
//!
//! # A session that ends in the middle
//!
//! When a client is [aborted](crate::Client::abort), or its runtime shuts down, the result of each mail
//! in progress includes the replies that had arrived by then. If they decide about the mail, the result
//! is the same as without the interruption. If they do not,
//! [`Error::rejected`](crate::Error::rejected) holds the rejected recipients, and
//! [`Error::accepted`](crate::Error::accepted) holds the recipients of accepted portions. The fate of
//! the others is unknown if the whole message had left.
//!
//! # Dropping a future
//!
//! [`Client::send`](crate::Client::send) passes the mail to a [worker](super::client). If the caller
//! drops the future before the worker begins the mail, the mail is not sent. If the caller drops it
//! before the end of data has left, the worker closes the connection, and the server discards what it
//! has received. Later the mail can no longer be cancelled: the worker waits for the reply and logs it.
