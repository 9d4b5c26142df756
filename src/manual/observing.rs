//! What can be seen from outside: spans, figures, times of each mail, and progress.
//!
//! Nothing of it has an octet of a message or a secret in it, and where nobody looks it costs next to
//! nothing: a mail takes four looks at the clock.
//!
//! # Spans and events
//!
//! By `tracing`, at DEBUG with the target `pilotfish` unless it says otherwise. Times are in
//! milliseconds, with fractions; fields marked with * are recorded later than the span begins.
//!
//! | span | lasts | fields |
//! |---|---|---|
//! | `session` | from before the connection until it is closed; opened by a [`ServerConfig`](crate::ServerConfig) | `server`, `port`; `connect_ms`*, `tls_ms`*, `greeting_ms`*, `auth_ms`* |
//! | `connect` | looking up the host and connecting | |
//! | `tls` | STARTTLS and the handshake | |
//! | `auth` | the exchanges of AUTH | |
//! | `transaction` | from a mail's first command to its last reply | `message_id`, `size` in octets, `recipients`; `queue_ms`*, `envelope_ms`*, `transfer_ms`*, `reply_ms`*, `outcome`*, `accepted` recipients*, `code` of the final reply* |
//!
//! | event | in the span | fields |
//! |---|---|---|
//! | `the session is set up` | `session` | |
//! | `the transaction has ended` | `transaction` | |
//! | a command or a reply (target `pilotfish::wire`) | `session`, or the one within it | `from`: client, server, tls, or network for a connection; `tls` |
//! | a block or chunk (target `pilotfish::wire`, at TRACE) | the same | `from`, `tls`, `octets` |
//!
//! Commands belong to the session and not to a transaction, since those of several mails leave
//! together and the reply to one comes while another is sent. The two are joined by "follows from"
//! where a mail was [queued](crate::session::Mail::queued): there, the transaction is a part of the
//! span in which the caller sent the mail. Otherwise it is a part of the session.
//!
//! Other events have the module that they are from as their target, such as `pilotfish::client::job`.
//! The stream of [`Session::send_each`](crate::session::Session::send_each) is polled within the
//! session's span, and what became of a mail is told there.
//!
//! The times are those of [`Timing`](crate::session::Timing) and
//! [`SetUp`](crate::session::SetUp), which say what each means with several mails on their way.
//!
//! # Figures
//!
//! With the feature `metrics`, by the facade of that name: whatever recorder the program has
//! installed gets them. It has to be there before the [`Client`](crate::Client) is made. Sessions
//! that no [`ServerConfig`](crate::ServerConfig) has opened are not counted.
//!
//! | name | kind | counts or measures | labels |
//! |---|---|---|---|
//! | `pilotfish_mails_total` | counter | mails that a client has told the outcome of | `server`, `outcome` |
//! | `pilotfish_transactions_total` | counter | transactions that have ended: each attempt, and each portion | `server`, `outcome` |
//! | `pilotfish_message_octets_total` | counter | octets of messages that have left whole | `server` |
//! | `pilotfish_connections` | gauge | connections that are open | `server` |
//! | `pilotfish_connects_total` | counter | sessions that were set up, or not | `server`, `outcome`: `open`; `connect`, `tls`, `auth`, `timeout`, `rejected`, `closed` or `other` for what it failed of |
//! | `pilotfish_set_up_seconds` | histogram | the parts of setting up a session | `server`, `part`: `connect`, `tls`, `greeting` or `auth` |
//! | `pilotfish_queued_mails` | gauge | mails that wait for a session | `server` |
//! | `pilotfish_queue_wait_seconds` | histogram | [`Timing::queue`](crate::session::Timing::queue) of mails that were queued | `server` |
//! | `pilotfish_envelope_seconds` | histogram | [`Timing::envelope`](crate::session::Timing::envelope) of messages that have left whole | `server` |
//! | `pilotfish_transfer_seconds` | histogram | [`Timing::transfer`](crate::session::Timing::transfer) of these | `server` |
//! | `pilotfish_reply_seconds` | histogram | [`Timing::reply`](crate::session::Timing::reply) of these | `server` |
//! | `pilotfish_retries_total` | counter | mails that are to be sent again later | `server` |
//! | `pilotfish_throttles_total` | counter | replies after which the server is given less | `server` |
//!
//! The values of `outcome` of a mail or a transaction are those of
//! [`MailOutcome`](crate::session::MailOutcome): `accepted`, `partial`, `rejected`, `deferred`,
//! `unknown` and `failed`.
//!
//! # Times of one mail
//!
//! [`Receipt::timing`](crate::Receipt::timing).
//!
//! # Progress
//!
//! [`ClientBuilder::on_progress`](crate::client::ClientBuilder::on_progress), and
//! [`Session::with_progress`](crate::session::Session::with_progress), call an observer for each
//! block of a message, with the message's identifier.
