//! Integration tests.

/// The mail is written instead of sent.
mod dry_run;
/// Interrupted by a signal.
mod interrupt;
/// Real servers: Postfix and Dovecot.
mod live;
/// Replies that come while something is still written.
mod review;
