//! Integration tests.

/// The mail is written instead of sent.
mod dry_run;
/// Interrupted by a signal.
mod interrupt;
/// Real servers: Postfix and Dovecot.
mod live;
/// Replies that a server should not give, or not then.
mod review;
