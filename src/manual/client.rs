//! Which mail goes over which connection, and when: what a [`Client`](crate::Client) does, and why.
//!
//! # Workers
//!
//! A connection belongs to one task, a worker, for as long as it is open. Nobody else writes to it or
//! reads from it, so a caller that stops waiting leaves no reply half read. A worker takes mails from
//! a queue that all share, and sends them as close behind each other as the
//! [strategy](super::dialogue) and the server allow. When its session has ended and mails still wait,
//! it opens the next one; otherwise it ends. Clones of a client share workers and queue.
//!
//! A mail that comes is for the worker that has been idle for the shortest time, so that with few
//! mails the other connections stay idle and are closed. If none is idle, another worker
//! begins; if there may be no other, the mail waits for whoever can take it first. A worker takes
//! a mail when it can begin it soon, and leaves the others to the rest.
//!
//! # When connections open and close
//!
//! | what happens | what follows |
//! |---|---|
//! | the first mails wait | one connection is opened. When that has worked, as many more are opened at the same time as are open, so a wrong password is sent once |
//! | a connection breaks while it is set up, before the login | another one is opened at once, and what becomes of that counts |
//! | no connection can be opened, and [`Retry`](crate::client::Retry) lets mails wait | they stay in the queue, and use up no attempt. One worker tries again after a second, then two and so on, up to ten, each shortened by up to half by chance. All mails go when a session is open |
//! | no connection can be opened otherwise | all mails that wait fail with it; if the server said that it takes none just now, the first one alone does, and the next attempt follows after the same pauses |
//! | a login is refused for good, or the connection ends at it | one worker tries again after a second, then two and so on, up to five minutes, even if other sessions are open. Mails are left to those; without any, they fail at once after a refusal. A warning of a refusal is logged, once |
//! | a connection is refused while others are open | the mails are left to those, and one worker tries again every second |
//! | no mail for [`idle_timeout`](crate::client::ClientBuilder::idle_timeout) | QUIT |
//! | it is as old as [`max_age`](crate::client::ClientBuilder::max_age), or has had [as many mails](crate::client::ClientBuilder::mails_per_connection) as it may, by LIMITS (RFC 9422) or by what has been [learnt](super::dialogue#what-is-learnt-of-a-server) too | what has been begun is finished, then QUIT |
//! | the next mail goes to a domain that the server takes in another session only (RCPTDOMAINMAX) | what has been begun is finished, then QUIT; the mail goes back to the front of the queue |
//! | the server says 421 or ends it | mails that had not been begun go back to the front of the queue |
//! | the server wants less | connections in excess end when their mails are finished |
//!
//! An idle connection is read from and not written to, so a server's goodbye is noticed when it comes
//! and no NOOP is needed. Goodbye and the next mail may still cross. A mail that was begun then, and
//! to which the server has said nothing, is sent once more over another session. So that this can
//! be known, no message leaves whole with its envelope (BDAT) on a connection that was idle for over a
//! second.
//!
//! # The queue, and waiting
//!
//! [`send`](crate::Client::send) waits for a place in the queue, then for a worker;
//! [`queue_timeout`](crate::client::ClientBuilder::queue_timeout) limits both together.
//! [`send_all`](crate::Client::send_all) takes a mail from its stream when there is a place, and none
//! while some hundreds of its outcomes wait to be taken: a slow reader slows the source, and nothing
//! grows. Places are given in the order in which they were asked for, so a mail by itself comes behind those
//! that wait, and not behind the whole of somebody's stream. Mails are begun in the order of the queue,
//! and may overtake each other on several connections.
//!
//! # Withdrawal
//!
//! A mail and its caller share two marks: *withdrawn*, which the caller sets by dropping the future,
//! and *departed*, which the session sets before it hands over the octets that complete the message.
//! One that is withdrawn first is not completed: if it waits it is dropped, if it is on its way the
//! connection is closed within it. One that has departed is out of reach, and the reply to it is
//! received and logged. [`manual::fate`](super::fate) has what a caller can conclude.
//!
//! # Sending again
//!
//! There are two reasons to send a mail again, and they are kept apart:
//!
//! * the mail is not to blame: its session ended, or the server cannot do what it offers. It goes
//!   over another session, until three have ended at this mail or without having begun any. A session
//!   that ended at an earlier mail does not count. This is always so;
//! * it failed, and that [passes](crate::Error::is_transient). It waits outside the queue, and comes
//!   back behind all others, as [`Retry`](crate::client::Retry) says. By default it does not: a
//!   caller who waits wants to know. While the client [closes](crate::Client::close), such mails are
//!   told their last error.
//!
//! In neither case can the server have accepted it, unless
//! [`danger_even_if_unknown`](crate::client::Retry::danger_even_if_unknown) was called: then its fate
//! stays unknown, whatever later attempts fail with, until the server accepts it. It is the same
//! message each time, with the same Message-ID.
//!
//! # Throttling
//!
//! What a server says about the account is told apart from what it says about one mail:
//!
//! | the server says | for example | what follows for all mails |
//! |---|---|---|
//! | too much at once | 421, 450 to 452 of the system, 454 4.7.0 | half of the connections, and at one connection half of the rate: a second between two mails, then two, up to 64. If it names a time, nothing is begun before, for an hour at most |
//! | the quota is used up | 550 5.4.5 | mails are told so at once for an hour, or the time that it names; then one is sent to find out |
//! | greylisted, or about a recipient | 451 4.7.1 | nothing: it is about that mail |
//!
//! Accepted mails give it back step by step: first the rate, then one connection for each round of
//! them. Only mails that were begun after a cut count for or against, so a burst of refusals
//! cuts once. [`Rates`](crate::client::Rates) hold beside that, in any stretch of time, and so do the
//! limits that some providers publish. A mail that may not be begun stays at the front of the queue.
//!
//! # Invariants
//!
//! * A worker has one connection at most, and there are no more workers than
//!   [`max_connections`](crate::client::ClientBuilder::max_connections): a connection on which QUIT waits
//!   for its reply counts.
//! * Each mail that was taken is told of exactly once, unless it was withdrawn before it had departed:
//!   also when a worker is aborted or panics, or its runtime shuts down.
//! * A panic in what the caller gives costs its own mail at most: a reader fails its message, a
//!   provider the attempt to connect; a panic of an observer or a recorder costs nothing, and one of
//!   a stream of mails goes on to the caller after the outcomes of the mails before it. A provider
//!   that hangs is given three minutes, and a reader the
//!   [limit of a block](crate::transport::Timeouts::block). What is called and not awaited (an
//!   observer, a recorder) holds its connection and its thread for as long as it takes.
//! * The files of a mail are open while they are read, and not while it waits: the number of open
//!   files is bounded by the connections.
//! * No task waits without a mail, a connection or a caller in `close`: an idle client whose
//!   connections are closed has no task and no timer.
//! * Workers do not keep a client alive. When the last clone is dropped, all of it
//!   [ends](crate::Client::abort).
//! * Decisions are values without a clock and without I/O: whether to send again, how much at once, how
//!   much in a time. Time and chance are given to them.
