//! How few round trips a mail takes, and why not fewer.
//!
//! From the TCP handshake to the server's 250, with STARTTLS, AUTH PLAIN, PIPELINING and TLS 1.3:
//!
//! | round trip | |
//! |---|---|
//! | 1 | TCP handshake |
//! | 2 | greeting |
//! | 3 | EHLO |
//! | 4 | STARTTLS |
//! | 5 | TLS handshake |
//! | 6 | EHLO again: what was learnt in clear text is void (RFC 3207 section 4.2) |
//! | 7 | AUTH PLAIN with its initial response |
//! | 8 | MAIL, all RCPT and DATA in one flight (RFC 2920) |
//! | 9 | the message and the end of data |
//!
//! With implicit TLS it is seven: EHLO and STARTTLS in clear text fall away. There is no EHLO
//! after AUTH, since PLAIN and LOGIN add no security layer that would make it necessary (RFC 4954
//! section 4).
//!
//! Nothing is sent behind the end of data before its reply has come, though RFC 2920 section 3.1
//! would allow it: servers exist that lose or refuse a command there.
//!
//! # No delay at the end
//!
//! A message whose end of data is a small write of its own stands still for 40 ms or more: Nagle's
//! algorithm holds it back until the block before it is acknowledged, and the receiver delays
//! that. So the end of data is a part of the last block, and `TCP_NODELAY` is set.
//!
//! The same happens the other way round. A server that does not set `TCP_NODELAY` sends its TLS
//! 1.3 session tickets, then holds its reply to EHLO back until they are acknowledged. So what
//! comes is acknowledged at once where the system allows it:
//! [`Socket`](crate::transport::Socket).
//!
//! # Full duplex
//!
//! While anything is written, replies are read. A server that answers each of a thousand RCPT
//! before it reads the next cannot block the client; one that refuses a message half way ends the
//! transfer at once, and the error has its reason.
//!
//! # STARTTLS
//!
//! What comes behind the reply to STARTTLS and before the handshake is not discarded but refused:
//! it is either an attack or a server that has lost its step, and no good comes from going on.
