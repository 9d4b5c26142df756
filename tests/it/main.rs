//! Integration tests.

/// Interrupted by a signal.
mod interrupt;
/// Real servers: Postfix and Dovecot.
mod live;
/// Replies that come while something is still written.
mod review;
