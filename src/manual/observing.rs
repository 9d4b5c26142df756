//! Spans, metrics, the times of each mail, and progress.
//!
//! None of them contains an octet of a message or a secret. If nothing is subscribed they cost almost
//! nothing: the client reads the clock four times for each mail.
//!
//! # Spans and events
//!
//! Spans and events come through `tracing`, at DEBUG with the target `pilotfish` unless the table says
//! otherwise. Times are in milliseconds, with fractions. Fields marked with * are recorded after the
//! span has begun.
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
//! | `the connection is encrypted` | `tls` | `version`, `key_exchange`; `certificate`: its first name; `not_after`: until when it is valid, in seconds since 1970 |
//! | `the login is accepted` | `auth` | `user`, `mechanism` |
//! | `the session is set up` | `session` | |
//! | `the transaction has ended` | `transaction` | |
//! | a command or a reply (target `pilotfish::wire`) | `session`, or the span within it | `from`: client, server, tls, or network for a connection; `tls` |
//! | a block or chunk (target `pilotfish::wire`, at TRACE) | the same | `from`, `tls`, `octets` |
//!
//! Commands and replies are events of the session, not of a transaction: the commands of several mails
//! leave together, and the reply to one mail may arrive while another is sent. For a mail that was
//! [queued](crate::session::Mail::queued), the transaction is a child of the span in which the caller
//! sent the mail, and "follows from" links it to the session. For other mails the transaction is a child
//! of the session.
//!
//! Other events have their module as the target, such as `pilotfish::client::job`. The client polls the
//! stream of [`Session::send_each`](crate::session::Session::send_each) and reports its outcomes within
//! the session's span.
//!
//! The times are those of [`Timing`](crate::session::Timing) and [`SetUp`](crate::session::SetUp). Their
//! documentation defines each time for several mails in flight.
//!
//! # Metrics
//!
//! The feature `metrics` reports to the recorder that the program has installed for the `metrics`
//! facade. Install the recorder before you create the [`Client`](crate::Client). Sessions that were not
//! opened by a [`ServerConfig`](crate::ServerConfig) are not counted.
//!
//! | name | kind | counts or measures | labels |
//! |---|---|---|---|
//! | `pilotfish_mails_total` | counter | mails whose outcome a client has reported | `server`, `outcome` |
//! | `pilotfish_transactions_total` | counter | finished transactions: each attempt, and each portion | `server`, `outcome` |
//! | `pilotfish_message_octets_total` | counter | octets of messages that were sent completely | `server` |
//! | `pilotfish_connections` | gauge | open connections | `server` |
//! | `pilotfish_connects_total` | counter | attempts to set up a session | `server`, `outcome`: `open` on success; on failure the cause: `connect`, `tls`, `auth`, `timeout`, `rejected`, `closed` or `other` |
//! | `pilotfish_set_up_seconds` | histogram | the parts of setting up a session | `server`, `part`: `connect`, `tls`, `greeting` or `auth` |
//! | `pilotfish_queued_mails` | gauge | mails that wait for a session | `server` |
//! | `pilotfish_queue_wait_seconds` | histogram | [`Timing::queue`](crate::session::Timing::queue) of queued mails | `server` |
//! | `pilotfish_envelope_seconds` | histogram | [`Timing::envelope`](crate::session::Timing::envelope) of messages that were sent completely | `server` |
//! | `pilotfish_transfer_seconds` | histogram | [`Timing::transfer`](crate::session::Timing::transfer) of the same messages | `server` |
//! | `pilotfish_reply_seconds` | histogram | [`Timing::reply`](crate::session::Timing::reply) of the same messages | `server` |
//! | `pilotfish_retries_total` | counter | mails scheduled for a later attempt | `server` |
//! | `pilotfish_throttles_total` | counter | replies after which the client throttles the server | `server` |
//!
//! The `outcome` of a mail or a transaction is a value of
//! [`MailOutcome`](crate::session::MailOutcome): `accepted`, `partial`, `rejected`, `deferred`,
//! `unknown` or `failed`.
//!
//! # Times of one mail
//!
//! [`Receipt::timing`](crate::Receipt::timing) holds the times of one mail.
//!
//! # Progress
//!
//! [`ClientBuilder::on_progress`](crate::client::ClientBuilder::on_progress) and
//! [`Session::with_progress`](crate::session::Session::with_progress) set an observer. The client calls
//! the observer for each block of a message, with the message's identifier.
