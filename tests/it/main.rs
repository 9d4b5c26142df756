//! Integration tests.

/// Real servers: Postfix and Dovecot.
mod live;
/// Replies that come while something is still written.
mod review;
