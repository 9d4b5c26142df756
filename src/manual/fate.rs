//! What may have become of a mail, and who may send it again.
//!
//! A server takes responsibility for a mail with its reply to the end of data, or to the last chunk
//! (RFC 3030 section 2), and with nothing else (RFC 5321 section 4.2.5). Seen from the client there are three outcomes:
//!
//! | what happened | outcome | send it again? |
//! |---|---|---|
//! | 2yz to the end of data | [`Receipt`](crate::Receipt) | no |
//! | a refusal, or any failure before the last octet of the end of data | [`Error`](crate::Error) with [`Fate::NotAccepted`](crate::Fate::NotAccepted) | as [`is_transient`](crate::Error::is_transient) says |
//! | the last octet has left, and no reply came | [`Error`](crate::Error) with [`Fate::Unknown`](crate::Fate::Unknown) | only if two are better than none |
//!
//! The third cannot be avoided by any client (RFC 1047). It can be made rare, by waiting for the
//! reply for ten minutes, and it can be told: most clients report it as a failure, and whoever
//! tries again sends the mail twice.
//!
//! Where the line runs: an octet has left when the stream has taken it. With TLS the last octets
//! may still wait in the process when the connection breaks, so a mail that is said to be unknown
//! may in truth not have left; of a long message these are at most three octets, which are not
//! given to TLS before all others have left, and of a short one a TLS record. The other way round
//! there is no error.
//!
//! # Replies are counted
//!
//! A reply does not say what it answers: it is taken for the command whose turn it is (RFC 2920
//! section 3.1). One that is there before anything has left that it could answer ends the session,
//! and confirms nothing. So does one too many among those to MAIL, RCPT and DATA, since 354 comes
//! at its place alone.
//!
//! Where mails go by BDAT in one flight, all replies are 250, and one too many cannot be told from
//! the one that is due: a mail may then be taken for accepted by the reply to its RCPT. Who does not
//! trust a server to count has one mail on its way at a time, by DATA:
//! [`Chunking::Never`](crate::protocol::Chunking::Never).
//!
//! # Partial success is a success
//!
//! If a server accepts two recipients and refuses a third, the mail is sent to the two:
//! [`Receipt::rejected`](crate::Receipt::rejected) has the third with the server's words. It is
//! not an error, since the mail must not be sent to the two again.
//!
//! Where a mail goes in portions, or by LMTP, it may fail for some recipients after others have
//! accepted it. That is an error with these in [`Error::accepted`](crate::Error::accepted). It is
//! never [transient](crate::Error::is_transient), and no [`Retry`](crate::client::Retry) sends the
//! mail again. What became of it for each recipient is said by
//! [`recipient_outcomes`](crate::session::recipient_outcomes), as one of
//! [five words](crate::session::RecipientOutcome).
//!
//! If the server refuses all recipients, some for good and some for now, the error is
//! [transient](crate::Error::is_transient): sent again, the mail may be accepted for the latter. A mail
//! that is to go to [all or none](crate::address::Partial::AllOrNothing) is refused for good as soon
//! as one recipient is. The recipients that the server had said yes to are then
//! [untried](crate::Error::untried).
//!
//! # A session that ends in the middle
//!
//! When a client is [aborted](crate::Client::abort), or its runtime is shut down, the result of each
//! mail on its way says what the server had replied by then. If that decides on the mail, the result is
//! what it would have been. If not, refused recipients are in
//! [`Error::rejected`](crate::Error::rejected), those of accepted portions in
//! [`Error::accepted`](crate::Error::accepted). The fate of the others is unknown if the message had
//! left whole.
//!
//! # Dropping a future
//!
//! [`Client::send`](crate::Client::send) hands the mail to a [worker](super::client). When the caller
//! loses interest before it is begun, it is not sent; before the end of data has left, the worker
//! closes the connection, and the server discards what it has. After that there is no way back: the worker waits for the reply and logs it, so that the
//! outcome is known somewhere.
