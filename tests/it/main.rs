//! Integration tests.

/// Real servers: Postfix and Dovecot.
mod live;
