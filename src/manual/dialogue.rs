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
//! after AUTH unless a mail needs what has not been offered so far: some servers show DSN or
//! BINARYMIME only then, and others refuse a second EHLO.
//!
//! # Strategies
//!
//! What leaves before a reply has come depends on what the server offers and on the
//! [`Strategy`](crate::session::Strategy). It is decided in one place,
//! `protocol::pipeline`, which does no I/O.
//!
//! | mails | go out | round trips for each, on an open session |
//! |---|---|---|
//! | one at a time | each command waits for its reply: no PIPELINING | 3 and one for each recipient |
//! | grouped | MAIL, all RCPT and DATA in one flight, then the message | 2 |
//! | eager | the next mail's group with the end of the message before it (RFC 2920 section 3.1) | 1 |
//! | chunked | MAIL, all RCPT and the message by BDAT in one flight, up to 8 mails on their way | below 1 |
//!
//! Grouped is what a mail on its own gets. Mails that [wait](crate::session::Session::send_each)
//! behind each other are chunked where the server offers CHUNKING and PIPELINING, unless
//! [`Chunking`](crate::session::Chunking) says otherwise; `Chunking::Always` takes a mail on its
//! own along in its flight, which saves the round trip of 354. Eager has to be asked for. On a session that
//! was idle for over a second no message leaves with its envelope: if the server had ended it
//! meanwhile, nobody would know what became of the mail.
//!
//! A message over a mebibyte waits until it is known whether anybody gets it, and no more than a
//! mebibyte of messages is on its way at once: that is what a refusal costs at most.
//!
//! # What is learnt of a server
//!
//! Some servers cannot do what they offer, and some take less than they could say. Each such fact is
//! learnt once for all sessions of a [`Client`](crate::Client), which logs it at the level DEBUG; a
//! [`Session`](crate::session::Session) keeps it to itself, and
//! [`Session::strategy`](crate::session::Session::strategy) says what is left. On each
//! connection that is open when a fact shows, it costs at most one attempt of the mails that it shows
//! at. It costs that again when its time is over and the server shows it again:
//!
//! | fact | sign | what follows |
//! |---|---|---|
//! | eager commands are lost | MAIL sent after a message, before the reply to it, is refused with 500 to 504, and is answered otherwise when the mail goes alone; or the message was answered, and no reply to MAIL comes for [30 s](crate::transport::Timeouts::pipelined) | the mail is sent again, on the same session after a refusal; no command follows a message any more before its reply |
//! | the server closes for eager commands | it closes the connection without a word, and the reply to such commands is due | the same, over another session. So do mails by BDAT that are sent before the reply to an earlier one, if none such has ever been answered in the session: messages go by DATA then |
//! | PIPELINING is lost | MAIL, RCPT and DATA left together, are refused with 503, and are answered otherwise one at a time; or some are answered, and no reply to the next comes for 30 s though no such group has been answered in the session ([`Session::send`](crate::session::Session::send) waits for as long as for any reply, and its error names the setting) | the mail is sent again, and each command waits for its reply, as with [`Pipelining::Never`](crate::session::Pipelining::Never). If its message has left with them by BDAT, it is not sent again: the error names that setting. Nor is a mail sent again whose message can be read only once: its refusal counts like a silence |
//! | CHUNKING is lost | the first BDAT is not understood | the mail is sent again over another session, and messages go by DATA. A server that does not know BDAT reads the message as commands, so until one has been taken no second is on its way |
//! | mails in a session | after some mails were accepted, the next MAIL is answered by 421 or a close, or refused with 452 4.5.3 or in words about the session | the mail goes first over another session, and sessions end with QUIT after that number of mails. Later one mail at a time tries whether it still holds, since a server that was shut down looks the same. Not learnt from a close after a silence, nor from words about time, errors or too much at once. Where another session has had more mails accepted within the last hour, it is learnt from a reply that names the number, or when two sessions in a row end after the same number |
//! | recipients in a transaction | RCPT is refused since there are too many | the others go in further [portions](#portions), and so do later mails. A mail that cannot go in portions is sent as it is |
//!
//! How long a client keeps a fact depends on how sure the fact is:
//!
//! | sign | kept |
//! |---|---|
//! | a reply says what the server cannot do | for the life of the client |
//! | a silence or a close shows what the server cannot do | for an hour, and twice as long each time that it soon shows again, up to a day |
//! | a number of recipients | for an hour |
//! | a number of mails, after a reply that names their number as the reason | for an hour |
//! | a number of mails, after a close or another reply | for five minutes, and twice as long each time, up to an hour |
//!
//! In none of these cases can the server have taken the mail that is sent again. So that one session
//! alone pays for a fact, mails wait for the reply to the one before them wherever no session of the
//! client has been as far: only one session at a time goes ahead and has several in flight there.
//!
//! A mail by BDAT that is refused leaves its transaction open on some servers. So RSET stands
//! before each MAIL that follows a mail by BDAT: the recipients of one can never get the message of
//! another. It costs six octets and no round trip.
//!
//! The price of many mails on their way is paid when the connection breaks: those that had left whole
//! and were not answered are all [unknown](crate::manual::fate). After a 421 the
//! client reads on. If the connection ends, the server has not carried out what came later (RFC 5321
//! section 3.8), and those mails go over another session. If the server goes on all the same, its
//! replies decide. Mails without a reply are unknown if the server has accepted anything after its
//! 421, or is silent for [`Timeouts::quit`](crate::transport::Timeouts::quit).
//! [`ServerConfigBuilder::messages_in_flight`](crate::session::ServerConfigBuilder::messages_in_flight) limits
//! how many these can be. The default is 8: it saves seven of eight round trips, and a higher number
//! saves little more of a mail's time while each break costs more mails. With 1, a break leaves one
//! mail unknown at most, as DATA does.
//!
//! # Chunks
//!
//! A message of arbitrary octets, which is [asked for](super::octets), goes by BDAT always, since
//! only there CRLF and the dot mean nothing (RFC 3030 section 3): MAIL says `BODY=BINARYMIME`, and
//! in place of DATA there are chunks, each with its length before it and a reply to it.
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
//! Where the server offers PIPELINING, chunks do not wait for the replies to those before them, up
//! to sixteen of them; elsewhere each does. A chunk leaves together with its BDAT. After one is
//! refused no other is begun, the replies to those on their way are waited for, and RSET comes
//! before the next MAIL: the session goes on. A source that fails between two chunks ends the same
//! way, where behind DATA only closing the connection is left.
//!
//! The mail's fate hangs on the last chunk as it does on the end of data. As long as that has not
//! left, no server takes the message.
//!
//! # Portions
//!
//! A server may say how many recipients, and how many domains among them, it takes at a time (RFC
//! 9422), or refuse a recipient that is one too many: with 452 or 552 (RFC 5321 section
//! 4.5.3.1.10), with X.5.3 (RFC 3463), or with any 4yz that says so. The others get the mail in
//! further transactions, and the receipt has all of them. At most 500 commands leave together, and
//! after such a reply the server is asked for no further recipient in this transaction. The number
//! that it took is learnt.
//!
//! A [`Client`](crate::Client) sends the portions that one session does not take over another:
//! recipients in further domains, portions after as many mails as a session allows, and those that
//! wait when a session ends. Which recipients have the mail already is never forgotten on the way.
//! If a portion fails, [`Error::accepted`](crate::Error::accepted) has the recipients of the
//! portions before it and [`Error::untried`](crate::Error::untried) those of the portions after it;
//! [`recipient_outcomes`](crate::session::recipient_outcomes) says it for each.
//!
//! # LMTP
//!
//! [`ServerConfigBuilder::lmtp`](crate::session::ServerConfigBuilder::lmtp) speaks LMTP (RFC 2033): LHLO, and a
//! reply to the message for each recipient who was accepted. Each of them is told in the receipt.
//! If the connection breaks among these replies, [`Error::accepted`](crate::Error::accepted) and
//! [`Error::rejected`](crate::Error::rejected) have those who were answered, and only the others are
//! unknown. As the number of replies depends on those to RCPT, the message waits for these. A mail
//! that is to go to [all or none](crate::address::Partial::AllOrNothing) is not sent if a recipient
//! is refused by then; what the server refuses after the message has no effect on the others.
//!
//! # Extensions
//!
//! A parameter is sent where the server offers its extension in this state of the session. What an
//! [envelope asks for](crate::address::envelope::Options) and the server does not offer, or not
//! so much of it, is an error before MAIL, for a mail without it is another mail. Notifications
//! can be [left out](crate::address::envelope::Dsn) where they are not offered.
//!
//! No value of a parameter can make a command line too long: the limit of RFC 5321 section
//! 4.5.3.1.4 with what each extension adds to it has room for the largest of each.
//!
//! Enhanced status codes are read from every reply that has one, offered or not: servers behind
//! others send them without saying so, and a text that looks like one and agrees with the reply code
//! in its first digit does no harm. The decision is always by the reply code, but for the few
//! [exceptions](crate::protocol::Reply::is_transient).
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
