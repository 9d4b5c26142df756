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
//! SCRAM, which comes first where it is offered, takes two more, and shows the password to nobody;
//! `mechanisms([Mechanism::Plain])` of a server's builder has the one of PLAIN.
//!
//! With implicit TLS it is seven: EHLO and STARTTLS in clear text fall away. There is no EHLO
//! after AUTH, since PLAIN and LOGIN add no security layer that would make it necessary (RFC 4954
//! section 4).
//!
//! Nothing is sent behind the end of data before its reply has come, though RFC 2920 section 3.1
//! would allow it: servers exist that lose or refuse a command there.
//!
//! # Binary messages
//!
//! A message of arbitrary octets, which is [asked for](super::octets), goes by BDAT, since only
//! there CRLF and the dot mean nothing (RFC 3030 section 3): MAIL says `BODY=BINARYMIME`, and in place of DATA there are chunks, each with
//! its length before it and a reply to it.
//!
//! ```text
//! C: MAIL FROM:<ann@example.org> SIZE=180000 BODY=BINARYMIME
//! C: RCPT TO:<bob@example.org>
//! S: 250 2.1.0 Sender ok
//! S: 250 2.1.5 Recipient ok
//! C: BDAT 81920
//! C: (81920 octets)
//! C: BDAT 81920
//! C: (81920 octets)
//! C: BDAT 16160 LAST
//! C: (16160 octets)
//! S: 250 2.0.0 81920 octets received
//! S: 250 2.0.0 81920 octets received
//! S: 250 2.0.0 Ok: queued
//! ```
//!
//! There is no 354, so the first chunk could leave with MAIL. It does not: all of a message would
//! be sent before it is known whether anybody gets it. It takes two round trips, as with DATA.
//!
//! Where the server offers PIPELINING, chunks do not wait for the replies to those before them, up
//! to sixteen of them; elsewhere each does. A chunk leaves in one write with its BDAT. After one is
//! refused no other is begun, the replies to those on their way are waited for, and RSET comes
//! before the next MAIL: the session goes on. A source that fails between two chunks ends the same
//! way, where behind DATA only closing the connection is left.
//!
//! The mail's fate hangs on the last chunk as it does on the end of data. As long as that has not
//! left, no server takes the message.
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
