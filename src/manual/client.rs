//! How a [`Client`](crate::Client) assigns mails to connections, and why.
//!
//! # Workers
//!
//! One task, a worker, owns each connection while it is open. No other task writes to the connection
//! or reads from it, so a caller that stops waiting leaves no reply half read. All workers take mails
//! from one shared queue. A worker sends its mails in as close succession as the
//! [strategy](super::dialogue) and the server allow. When the session of a worker ends and mails still
//! wait, the worker opens the next session; otherwise the worker ends. Clones of a client share the
//! workers and the queue.
//!
//! The client gives a new mail to the worker that has been idle for the shortest time. With few mails,
//! the other connections therefore stay idle, and the client closes them. If no worker is idle, the
//! client starts another one. If the client has reached its limit of workers, the mail waits for the
//! first worker that can take it. A worker takes only mails that it can begin soon, and leaves the
//! others to the other workers.
//!
//! # When connections open and close
//!
//! | what happens | what follows |
//! |---|---|
//! | the first mails wait | The client opens one connection. After that has succeeded, it opens as many at the same time as are open already, so a wrong password is sent only once. |
//! | a connection breaks during its setup, before the login | The worker opens another one at once, and the result of the second attempt counts. |
//! | no connection can be opened, and [`Retry`](crate::client::Retry) lets mails wait | The mails stay in the queue and use up no attempt. One worker tries again after one second, then two and so on, up to ten; each delay is shortened at random by up to half. All mails leave once a session is open. |
//! | no connection can be opened, and mails may not wait | All waiting mails fail with the error. If the server replied that it accepts no connection at the moment, only the first mail fails, and the next attempt follows after the same delays. |
//! | the server rejects a login permanently, or the connection ends during the login | The client does not log in for one second, then two and so on, up to five minutes, even if other sessions are open. After the pause one worker logs in for the next mail. In the meantime the open sessions send the mails; if there are none, the mails fail at once after a rejection, with the reply to the last login. The client logs one warning about the rejection. |
//! | the server refuses a connection while others are open | The other connections send the mails, and one worker tries again every second. |
//! | no mail for [`idle_timeout`](crate::client::ClientBuilder::idle_timeout) | The worker sends QUIT. |
//! | the connection reaches [`max_age`](crate::client::ClientBuilder::max_age) or its [number of mails](crate::client::ClientBuilder::mails_per_connection); the number can also come from LIMITS (RFC 9422) or from what the client has [detected](super::dialogue#what-a-client-detects-about-a-server) | The worker finishes the mails that it has begun, then sends QUIT. |
//! | the next mail goes to a domain that the server accepts only in another session (RCPTDOMAINMAX) | The worker finishes the mails that it has begun, then sends QUIT. The mail returns to the front of the queue. |
//! | the server replies 421 or closes the connection | Mails that were not begun return to the front of the queue. |
//! | the server asks for fewer connections | Excess connections end when their mails are finished. |
//!
//! The client reads from an idle connection but does not write to it. It therefore notices at once when
//! the server closes the connection, and needs no NOOP. The server may still close the connection while
//! the client sends the next mail. If the server has replied nothing to such a mail, the client sends
//! it once more over another session. To be able to tell these cases apart, the client never sends a
//! whole message together with its envelope (BDAT) on a connection that was idle for over a second.
//!
//! # The queue
//!
//! [`send`](crate::Client::send) waits for a place in the queue, then for a worker.
//! [`queue_timeout`](crate::client::ClientBuilder::queue_timeout) limits both waits together.
//! [`send_all`](crate::Client::send_all) takes a mail from its stream when the queue has a place. It
//! takes none while some hundreds of its outcomes wait to be read: a slow reader slows down the source,
//! and memory does not grow. The client gives places in the order of the requests, so a single mail
//! waits only for the requests before it, and not for the whole stream of another caller. Workers begin
//! mails in the order of the queue. On several connections, mails may overtake each other.
//!
//! # Cancellation
//!
//! A mail and its caller share two flags. The caller sets *withdrawn* by dropping the future. The
//! session sets *committed* before it hands over the octets that complete the message. If the caller
//! withdraws a mail first, the session never completes it: a waiting mail leaves the queue, and the
//! connection of a mail in transfer is closed within the message. A committed mail can no longer be
//! withdrawn: the worker receives the reply and logs it. [`manual::fate`](super::fate) says what a
//! caller can conclude.
//!
//! # Departures
//!
//! A caller that keeps mails on disk records which of them may have left. The
//! [`Departure`](crate::session::Departure) of its mails is asked for this before each flight in which
//! messages end, once for all of them: up to 8 mails by BDAT need one write to disk. A mail is committed
//! when the departure has let it leave, and can be withdrawn until then. On a connection the calls follow
//! each other; several connections call at the same time.
//!
//! A mail that may not depart fails with
//! [`Problem::NotDeparted`](crate::Problem::NotDeparted). The client neither sends it again nor lets
//! [`Retry`](crate::client::Retry) do so, because only the caller knows whether another process has the
//! mail by now. The connection is closed, and the other mails of the flight return to the front of the
//! queue. Each attempt, each portion and each further session asks the departure again. The client keeps
//! no record itself.
//!
//! # Sending again
//!
//! A client sends a mail again for two separate reasons:
//!
//! * The failure is not the mail's own: the session ended, or the server mishandles an extension that
//!   it advertises. The mail goes over another session. The client gives up after three sessions that
//!   ended at this mail or ended before they began any mail. A session that ended at an earlier mail
//!   does not count. This retry is always enabled.
//! * The failure is [transient](crate::Error::is_transient). The mail waits outside the queue, and
//!   returns to the end of the queue, as [`Retry`](crate::client::Retry) specifies. This retry is
//!   disabled by default, because a waiting caller wants the result. When the client
//!   [closes](crate::Client::close), such mails return their last error.
//!
//! In both cases the server cannot have accepted the mail, unless
//! [`danger_even_if_unknown`](crate::client::Retry::danger_even_if_unknown) is enabled. With that
//! option, the fate of a mail stays unknown, whatever error later attempts end with, until the server
//! accepts the mail. Every attempt sends the same message with the same Message-ID.
//!
//! # Throttling
//!
//! The client distinguishes replies about the account from replies about one mail:
//!
//! | reply | example | effect on all mails |
//! |---|---|---|
//! | overload, or too many mails | 421, 450 to 452 about the system, 454 4.7.0 | The client halves the number of connections. At one connection it halves the rate: one second between two mails, then two, up to 64. If the reply names a time, the client begins no mail before that time, for an hour at most. |
//! | the quota is used up | 550 5.4.5 | For an hour, or for the time that the reply names, mails fail at once with this reply. Then the client sends one mail to find out whether the quota is free again. |
//! | greylisting, or a reply about a recipient | 451 4.7.1 | None: the reply is about that mail. |
//!
//! As the server accepts mails, the client undoes the throttling step by step: first the rate, then one
//! connection for each round of accepted mails. Only mails that were begun after a reduction count for
//! or against the server, so a burst of rejections causes only one reduction. In addition,
//! [`Rates`](crate::client::Rates) and the limits that some providers publish apply to every interval
//! of their length. A mail that may not begin yet stays at the front of the queue.
//!
//! # Invariants
//!
//! * A worker has one connection at most, and the number of workers never exceeds
//!   [`max_connections`](crate::client::ClientBuilder::max_connections). A connection on which QUIT
//!   waits for its reply counts.
//! * The client reports exactly one outcome for each mail that it has taken, also when a worker is
//!   aborted or panics or when its runtime shuts down. The only exception is a mail that was withdrawn
//!   before it was committed.
//! * A panic in a value of the caller affects only the caller's own mail: a panic in a reader fails its
//!   message, and a panic in a credentials provider fails the attempt to connect. A panic in an
//!   observer or a recorder has no effect. A panic in a departure fails the mails that it was asked
//!   about. A panic in a stream of mails reaches the caller after the
//!   outcomes of the mails before it. A provider that hangs is stopped after three minutes, and a
//!   reader or a departure after the [time limit of a block](crate::transport::Timeouts::block). The
//!   client calls observers and recorders without `await`: they block their connection and their thread
//!   until they return.
//! * While a mail waits, its files are closed: small files are in memory, at most 4 MiB for a mail, and
//!   the client opens the others when it sends them. The number of connections therefore limits the
//!   number of open files.
//! * No task waits without a mail, a connection or a caller in `close`: an idle client without open
//!   connections has no task and no timer.
//! * Workers do not keep a client alive. When the last clone is dropped, all workers
//!   [end](crate::Client::abort).
//! * The code that decides whether to retry, how many mails to send at once and how many in an interval
//!   has no clock and does no I/O. It receives the time and random numbers as arguments.
