//! How many round trips a mail takes, and why not fewer.
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
//! | 6 | EHLO again: the reply in clear text is void (RFC 3207 section 4.2) |
//! | 7 | AUTH PLAIN with its initial response |
//! | 8 | MAIL, all RCPT and DATA in one flight (RFC 2920) |
//! | 9 | the message and the end of data |
//!
//! SCRAM, which the client prefers if the server offers it, takes two more round trips, but never sends
//! the password itself. `mechanisms([Mechanism::Plain])` of a server's builder selects PLAIN and saves
//! them.
//!
//! Implicit TLS takes seven round trips, without EHLO and STARTTLS in clear text. The client sends EHLO
//! after AUTH only if a mail needs an extension that the server has not offered so far: some servers
//! offer DSN or BINARYMIME only after a login, and others reject a second EHLO.
//!
//! After the last mail, QUIT and its reply take another round trip, which affects no mail. RFC 5321
//! section 4.1.1.10 recommends that a client waits for the reply. A [`Client`](crate::Client) does, and
//! [`without_quit_reply`](crate::session::ServerConfigBuilder::without_quit_reply) changes that. The
//! command does not wait, except where it prints the dialogue (`--transcript`, `-vv`). QUIT, the
//! `close_notify` of TLS and the end of the connection leave at once and in this order, so the server
//! reads all of them. When its reply arrives later, the system may answer it with a reset: the server has
//! read QUIT by then.
//!
//! # Strategies
//!
//! The server's extensions and the [`Strategy`](crate::protocol::Strategy) determine which commands leave
//! before a reply has come. One module decides this, `protocol::pipeline`, which does no I/O.
//!
//! | strategy | what is sent | round trips for each mail, on an open session |
//! |---|---|---|
//! | one at a time | each command waits for its reply: no PIPELINING | 3 and one for each recipient |
//! | grouped | MAIL, all RCPT and DATA in one flight, then the message | 2 |
//! | eager | the next mail's group together with the end of the message before it (RFC 2920 section 3.1) | 1 |
//! | chunked | MAIL, all RCPT and the message by BDAT in one flight, up to 8 mails in flight | below 1 |
//!
//! A single mail is sent grouped. [Consecutive mails](crate::session::Session::send_each) are sent chunked
//! if the server offers CHUNKING and PIPELINING, unless [`Chunking`](crate::protocol::Chunking) says
//! otherwise. `Chunking::Always` also sends a single message in the flight of its envelope, which saves
//! the round trip of 354. The eager strategy has to be enabled explicitly. On a session that was idle for
//! over a second, no message leaves with its envelope: if the server had closed the session in the
//! meantime, the fate of the mail would be unknown.
//!
//! A message over a mebibyte waits until the server has accepted a recipient, and at most a mebibyte of
//! messages is in flight at once. This bounds the cost of a rejection.
//!
//! # What a client detects about a server
//!
//! Some servers mishandle extensions that they offer, and some have limits that they do not announce. A
//! [`Client`](crate::Client) detects each such fact once for all its sessions, and logs it at DEBUG. A
//! [`Session`](crate::session::Session) without a client keeps what it detects to itself.
//! [`Session::strategy`](crate::session::Session::strategy) returns the strategy that remains.
//!
//! When a client detects a fact, each open connection loses at most one attempt of the mails that show the
//! fact. When the fact expires and the server shows it again, the cost is the same again.
//!
//! | fact | sign | what follows |
//! |---|---|---|
//! | The server loses eager commands. | The server rejects, with 500 to 504, a MAIL that was sent after a message and before the reply to it, and answers MAIL otherwise when the mail goes alone. Or it answers the message, and no reply to MAIL comes for [30 s](crate::transport::Timeouts::pipelined). | The client sends the mail again, on the same session after a rejection. It no longer sends a command after a message before the reply to the message. |
//! | The server closes the connection because of eager commands. | The server closes the connection without a reply when the reply to such commands is due. | The same, over another session. Mails by BDAT that are sent before the reply to an earlier one count as eager commands if no such mail was ever answered in the session: messages go by DATA then. |
//! | The server loses pipelined commands. | MAIL, RCPT and DATA were sent together; the server rejects them with 503, and answers otherwise when they are sent one at a time. Or it answers some of them, no reply to the next comes for 30 s, and no such group was answered in the session before. ([`Session::send`](crate::session::Session::send) waits for the usual time limit of the reply instead, and its error names the setting.) | The client sends the mail again, and each command waits for its reply, as with [`Pipelining::Never`](crate::protocol::Pipelining::Never). If the message left with these commands by BDAT, the client does not send it again, and the error names this setting. It does not resend a message that can be read only once either: then a rejection counts like a silence. |
//! | The server does not support BDAT. | The server does not understand the first BDAT. | The client sends the mail again over another session, and sends messages by DATA. A server that does not know BDAT reads the message as commands, so the client sends no second BDAT until the server has accepted one. |
//! | The server limits the mails in a session. | After the server has accepted some mails, it answers the next MAIL with 421 or closes the connection, or it rejects it with 452 4.5.3 or with words about the session. | The client sends the mail first over another session, and ends sessions with QUIT after that number of mails. Later, one mail at a time tests whether the limit still holds, because a server that is shut down gives the same sign. The client does not derive this limit from a close after a silence, nor from words about time, errors or overload. If another session has had more mails accepted within the last hour, the client derives the limit only from a reply that names the number, or when two consecutive sessions end after the same number. |
//! | The server limits the recipients in a transaction. | The server rejects RCPT because there are too many. | The other recipients go in further [portions](#portions), in later mails too. A mail that cannot go in portions is sent as it is. |
//!
//! How long a client keeps a fact depends on how certain the fact is:
//!
//! | sign | kept |
//! |---|---|
//! | a reply says what the server cannot do | for the life of the client |
//! | a silence or a close shows what the server cannot do | for an hour, and twice as long each time that the server soon shows it again, up to a day |
//! | a number of recipients | for an hour |
//! | a number of mails, after a reply that names their number as the reason | for an hour |
//! | a number of mails, after a close or another reply | for five minutes, and twice as long each time, up to an hour |
//!
//! In none of these cases can the server have accepted the mail that the client sends again. To
//! limit the cost of a fact to one session, only one session at a time has several mails in flight beyond
//! the number of mails that any session of the client has completed so far. In the other sessions, each
//! mail beyond that number waits for the reply to the one before it.
//!
//! After a rejected mail by BDAT, some servers leave the transaction open. The client therefore sends
//! RSET before each MAIL that follows a mail by BDAT, so the recipients of one mail can never receive the
//! message of another. RSET costs six octets and no round trip.
//!
//! When the connection breaks, all mails in flight that had left completely and were not answered are
//! [unknown](crate::manual::fate). After a 421 the client continues to read. If the connection then ends,
//! the server has not executed the commands after the 421 (RFC 5321 section 3.8), and their mails go over
//! another session. If the server continues to reply, its replies decide. Mails without a reply are
//! unknown if the server has accepted anything after its 421, or is silent for
//! [`Timeouts::quit`](crate::transport::Timeouts::quit).
//!
//! [`ServerConfigBuilder::messages_in_flight`](crate::session::ServerConfigBuilder::messages_in_flight)
//! limits how many mails can become unknown in this way. The default of 8 saves seven of eight round
//! trips. A higher number saves little more time for each mail, and makes each break affect more mails.
//! With 1, a break leaves at most one mail unknown, as with DATA.
//!
//! # Chunks
//!
//! A message of arbitrary octets, which [has to be enabled](super::octets), always goes by BDAT, because
//! only there CRLF and the dot have no meaning (RFC 3030 section 3). MAIL says `BODY=BINARYMIME`. Instead
//! of DATA the client sends chunks, each with its length before it, and the server replies to each chunk.
//!
//! ```text
//! C: MAIL FROM:<ann@example.org> SIZE=180000 BODY=BINARYMIME
//! C: RCPT TO:<bob@example.org>
//! C: BDAT 81920
//! C: (81920 octets)
//! C: BDAT 81920
//! C: (81920 octets)
//! C: BDAT 16160 LAST
//! C: (16160 octets)
//! S: 250 2.1.0 Sender ok
//! S: 250 2.1.5 Recipient ok
//! S: 250 2.0.0 81920 octets received
//! S: 250 2.0.0 81920 octets received
//! S: 250 2.0.0 Ok: queued
//! ```
//!
//! If the server offers PIPELINING, up to sixteen chunks are in flight before their replies; otherwise
//! each chunk waits for the reply to the one before it. A chunk leaves together with its BDAT command.
//! After a rejected chunk, the client begins no other one, waits for the replies to the chunks in flight,
//! and sends RSET before the next MAIL: the session continues. If a source fails between two chunks, the
//! client does the same. After DATA, it could only close the connection.
//!
//! The last chunk decides the mail's fate like the end of data does. Until it has left, no server accepts
//! the message.
//!
//! # Departures
//!
//! The commands and chunks that leave together are a *flight*: one write, or several if it is long. If the
//! message of a mail with a [`Departure`](crate::session::Departure) ends in a flight, the session asks the
//! departure before it hands over the first octet of the flight:
//!
//! ```text
//! C: MAIL 1, RCPT 1, BDAT 1 LAST, RSET, MAIL 2, RCPT 2, BDAT 2 LAST     put together
//!    depart [1, 2] is called, and returns true                         recorded on disk
//!                                                                       handed to the network
//! S: 250 MAIL 1, 250 RCPT 1, 250 message 1, ...
//! ```
//!
//! The blocks before the last one leave without a departure, because a server never accepts a message
//! without its end. While the departure waits, the session reads replies. If the departure refuses, fails
//! or takes too long, the session drops the flight, receives the replies to the mails that left before,
//! and closes the connection. A departure costs no round trip, and a flight without one takes no longer.
//!
//! # Portions
//!
//! A server may announce how many recipients, and how many domains among them, it accepts at a time (RFC
//! 9422). Or it may reject a recipient that exceeds its limit: with 452 or 552 (RFC 5321 section
//! 4.5.3.1.10), with X.5.3 (RFC 3463), or with any 4yz that says so. The client sends the mail to the other
//! recipients in further transactions, and the receipt contains all of them. At most 500 commands leave
//! together. After such a rejection, the client offers the server no further recipient in the same
//! transaction, and remembers how many the server accepted.
//!
//! If one session does not accept all portions, a [`Client`](crate::Client) sends the others over another
//! session: recipients in further domains, portions beyond the number of mails that a session allows, and
//! those that wait when a session ends. The client keeps track of the recipients that have the mail. If a
//! portion fails, [`Error::accepted`](crate::Error::accepted) holds the recipients of the portions before
//! it and [`Error::untried`](crate::Error::untried) those of the portions after it.
//! [`recipient_outcomes`](crate::session::recipient_outcomes) returns the outcome of each recipient.
//!
//! # LMTP
//!
//! [`ServerConfigBuilder::lmtp`](crate::session::ServerConfigBuilder::lmtp) selects LMTP (RFC 2033): the
//! client sends LHLO, and the server replies to the message once for each accepted recipient. The receipt
//! holds the reply for each of them. If the connection breaks between these replies,
//! [`Error::accepted`](crate::Error::accepted) and [`Error::rejected`](crate::Error::rejected) hold the
//! recipients that were answered, and only the others are unknown. The number of replies depends on the
//! replies to RCPT, so the message waits for these. If a mail is for
//! [all recipients or none](crate::address::envelope::Partial::AllOrNothing), the client does not send it when a
//! recipient is rejected at RCPT. A rejection after the message has no effect on the other recipients.
//!
//! # Extensions
//!
//! The client sends a parameter if the server offers its extension in the current state of the session.
//! If the server does not offer what an [envelope requests](crate::address::envelope::Options), or not to
//! the requested extent, the client returns an error before MAIL, because a mail without the parameter is
//! a different mail. Delivery notifications can be made [optional](crate::address::envelope::Dsn).
//!
//! No parameter value can make a command line too long: the limit of RFC 5321 section 4.5.3.1.4, plus
//! what each extension adds to it, suffices for the largest value of each parameter.
//!
//! The client reads enhanced status codes from every reply that has one, also if the server does not
//! offer them. Servers behind another server send them without offering them, and a text that merely looks like
//! an enhanced code, and agrees with the reply code in its first digit, does no harm. The reply code
//! decides in all but a few [cases](crate::protocol::Reply::is_transient).
//!
//! # No delay at the end
//!
//! A message whose end of data is a separate small write is delayed by 40 ms or more: Nagle's algorithm
//! holds the write back until the block before it is acknowledged, and the receiver delays this
//! acknowledgement. The client therefore writes the end of data as part of the last block, and sets
//! `TCP_NODELAY`.
//!
//! The same delay can occur in the other direction. A server that does not set `TCP_NODELAY` sends its
//! TLS 1.3 session tickets, and then holds back its reply to EHLO until they are acknowledged. The client
//! therefore acknowledges received data at once, if the system allows it:
//! [`Socket`](crate::transport::Socket).
//!
//! # Full duplex
//!
//! The client reads replies while it writes. A server that answers each of a thousand RCPT before it reads
//! the next one cannot block the client. If a server rejects a message half-way, the client stops the
//! transfer at once, and the error holds the server's reply.
//!
//! # STARTTLS
//!
//! If the client receives octets between the reply to STARTTLS and the handshake, it does not discard
//! them: it ends the session. Such octets are an attack, or replies that are out of step, and neither is
//! safe to continue with.
