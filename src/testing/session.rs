//! The state of a session, and what all its commands share.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::time::{sleep, timeout};

use super::client::TlsVersion;
use super::extensions::Keyword;
use super::fault::{Fault, Point, Quirk};
use super::input::{HANDSHAKE, InputBuffer, Line};
use super::listeners::ByteStream;
use super::received::TransactionState;
use super::settings::AuthMechanism;
use super::shared::Shared;

/// A session with one client, in clear text or inside TLS.
pub(super) struct ServerSession {
    pub(super) stream: Box<dyn ByteStream>,
    pub(super) input: InputBuffer,
    /// Replies that the server sends when it has nothing more to read (RFC 2920, section 3.2).
    output: Vec<u8>,
    /// The number of the connection, counted from 1.
    pub(super) number: u64,
    pub(super) shared: Arc<Shared>,
    pub(super) tls: Option<TlsVersion>,
    /// The channel binding for a login (RFC 9266).
    pub(super) channel_binding: Option<Vec<u8>>,
    /// The client's name for itself, after EHLO, HELO or LHLO.
    pub(super) hello: Option<String>,
    /// What the reply to the last EHLO offered; empty before it, and after HELO.
    pub(super) offered: Vec<Keyword>,
    /// The AUTH mechanisms that the reply to the last EHLO offered.
    pub(super) mechanisms: Vec<AuthMechanism>,
    pub(super) authenticated_as: Option<String>,
    /// How many mails the client has begun.
    pub(super) mails: u32,
    /// The domains of all accepted recipients, in lower case.
    pub(super) domains: HashSet<String>,
    pub(super) transaction: TransactionState,
    /// How many octets the server still reads as lines to be refused, and the reply to each line.
    pub(super) unwanted: Option<(u64, &'static str)>,
    /// Draws the delays of the replies.
    rng: fastrand::Rng,
}

/// Why a command had no effect, or why the session ends.
#[derive(Debug)]
pub(super) enum SessionStop {
    /// The command was refused. The session goes on.
    Refused,
    /// The client has closed the connection.
    ClientClosed,
    /// The server closes the connection at once.
    CloseNow,
    /// The server closes the connection after its last reply.
    CloseAfterReply,
    /// TLS begins.
    StartTls,
    Io(io::Error),
}

impl From<io::Error> for SessionStop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

pub(super) type Flow<T> = Result<T, SessionStop>;

impl ServerSession {
    pub(super) fn new(stream: Box<dyn ByteStream>, number: u64, shared: Arc<Shared>) -> Self {
        let seed = shared.settings.delay.as_ref().map_or(0, |delay| delay.seed);
        Self {
            // Each connection has its own, so that other connections do not change its delays.
            rng: fastrand::Rng::with_seed(seed.wrapping_add(number)),
            stream,
            input: InputBuffer::default(),
            output: Vec::new(),
            number,
            shared,
            tls: None,
            channel_binding: None,
            hello: None,
            offered: Vec::new(),
            mechanisms: Vec::new(),
            authenticated_as: None,
            mails: 0,
            domains: HashSet::new(),
            transaction: TransactionState::None,
            unwanted: None,
        }
    }

    pub(super) fn has(&self, quirk: Quirk) -> bool {
        self.shared.settings.quirks.contains(&quirk)
    }

    pub(super) fn offers(&self, keyword: Keyword) -> bool {
        self.offered.contains(&keyword)
    }

    /// The next line, without its CRLF.
    pub(super) async fn line(&mut self) -> Flow<Vec<u8>> {
        loop {
            // A client that has not sent EHLO may try whether the port begins with TLS.
            if self.tls.is_none()
                && self.hello.is_none()
                && self.input.octets().first() == Some(&HANDSHAKE)
            {
                return Err(SessionStop::CloseNow);
            }
            match self.input.take_line() {
                Some(Line::Whole(line)) => return Ok(line),
                Some(Line::Bare(octet)) => {
                    self.reject(
                        &format!("bare {octet} in a command (RFC 5321, section 2.3.8)"),
                        "500 5.5.2 A line ends in CRLF and has no other CR or LF",
                    );
                }
                Some(Line::TooLong) => {
                    return Err(self.disconnect(
                        "line of more than 12288 octets (RFC 4954, section 4)",
                        "Line too long",
                    ));
                }
                None => self.fill().await?,
            }
        }
    }

    /// Sends the replies and waits for more to read.
    pub(super) async fn fill(&mut self) -> Flow<()> {
        self.flush().await?;
        let filled = self.input.fill(&mut self.stream);
        let filled = match self.shared.settings.idle_timeout {
            Some(limit) => timeout(limit, filled).await,
            None => Ok(filled.await),
        };
        match filled {
            Ok(Ok(0)) => Err(SessionStop::ClientClosed),
            Ok(filled) => Ok(filled.map(|_| ())?),
            // RFC 5321, section 4.5.3.2.7.
            Err(_) => {
                let reply = self.reply("421 4.4.2 Idle for too long");
                self.say_at(Point::Idle, reply).await?;
                Err(SessionStop::CloseAfterReply)
            }
        }
    }

    pub(super) async fn flush(&mut self) -> Flow<()> {
        if !self.output.is_empty() {
            if let Some(delay) = self.shared.settings.delay.as_ref() {
                sleep(delay.draw(&mut self.rng)).await;
            }
            // Counted before the client can see it.
            self.shared.log.add_round_trips(self.number, 1);
        }
        self.stream.write_all(&self.output).await?;
        self.stream.flush().await?;
        self.output.clear();
        Ok(())
    }

    /// Applies the quirks of servers that lose or refuse what follows a message.
    pub(super) fn message_has_ended(&mut self) -> Flow<()> {
        if self.has(Quirk::ClosesOnGroups) && !self.input.is_empty() {
            return Err(SessionStop::CloseNow);
        }
        let loses = self.has(Quirk::LosesBehindMessage);
        if loses || self.has(Quirk::RefusesBehindMessage) {
            self.input.fill_from_what_is_there(&mut self.stream);
        }
        let octets = self.input.octets().len();
        if loses {
            self.input.consume(octets);
        } else if self.has(Quirk::RefusesBehindMessage) && octets > 0 {
            self.unwanted = Some((octets as u64, "503 Bad sequence of commands"));
        }
        Ok(())
    }

    /// Reads and refuses the unwanted lines.
    pub(super) async fn refuse_unwanted(&mut self) -> Flow<()> {
        while let Some((octets, reply)) = self.unwanted.take() {
            if let Some(dropped) = self.input.drop_line() {
                self.say(reply);
                let rest = octets.saturating_sub(dropped as u64);
                self.unwanted = (rest > 0).then_some((rest, reply));
            } else {
                self.fill().await?;
                self.unwanted = Some((octets, reply));
            }
        }
        Ok(())
    }

    /// A reply such as `250 2.0.0 Ok`, without its enhanced code if the server does not offer these
    /// (RFC 2034).
    pub(super) fn reply(&self, reply: &str) -> String {
        let mut words = reply.splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some(code), Some(_), Some(text)) if !self.offers(Keyword::EnhancedStatusCodes) => {
                format!("{code} {text}")
            }
            _ => reply.to_owned(),
        }
    }

    /// Queues lines as they are.
    pub(super) fn say(&mut self, lines: &str) {
        self.output.extend_from_slice(lines.as_bytes());
        self.output.extend_from_slice(b"\r\n");
    }

    /// Queues a [reply](Self::reply) to a command that has no effect.
    pub(super) fn refuse(&mut self, reply: &str) -> SessionStop {
        let reply = self.reply(reply);
        self.say(&reply);
        SessionStop::Refused
    }

    /// Replies to a valid command, unless a fault is due. Fails if the command has no effect then.
    pub(super) async fn answer(&mut self, point: Point, reply: &str) -> Flow<()> {
        let reply = self.reply(reply);
        let accepted = self.say_at(point, reply).await?;
        accepted.then_some(()).ok_or(SessionStop::Refused)
    }

    /// Queues a reply as it is, unless a fault is due. Returns whether the client may take its
    /// command as accepted.
    pub(super) async fn say_at(&mut self, point: Point, reply: String) -> Flow<bool> {
        let fault = self.shared.faults.take(point, self.number);
        self.say_unless(fault, &reply).await
    }

    /// Queues a reply as it is, unless there is a fault. Within a message the reply is empty.
    pub(super) async fn say_unless(&mut self, fault: Option<Fault>, reply: &str) -> Flow<bool> {
        let mut accepted = true;
        let texts = match &fault {
            None | Some(Fault::CloseAfter(_)) => [Some(reply), None],
            Some(Fault::ReplyAt(_, text)) => {
                accepted = is_positive(text);
                [None, Some(&text[..])]
            }
            Some(Fault::SayAfter(_, text)) => [Some(reply), Some(&text[..])],
            Some(Fault::CloseAt(_) | Fault::SilentAt(_)) => [None, None],
        };
        let [usual, text] = texts;
        let usual = usual.filter(|usual| !usual.is_empty());
        for line in usual.into_iter().chain(text) {
            self.say(line);
        }
        match fault {
            Some(Fault::CloseAt(_)) => {
                self.flush().await?;
                Err(SessionStop::CloseNow)
            }
            Some(Fault::SilentAt(_)) => {
                self.flush().await?;
                self.shared.stop.cancelled().await;
                Err(SessionStop::CloseNow)
            }
            Some(Fault::CloseAfter(_)) => Err(SessionStop::CloseAfterReply),
            _ if text.is_some_and(|text| text.starts_with("421")) => {
                Err(SessionStop::CloseAfterReply)
            }
            _ => Ok(accepted),
        }
    }

    /// Records what the client must not do.
    pub(super) fn violation(&self, text: &str) {
        let text = format!("connection {}: {text}", self.number);
        self.shared.log.add_violation(text);
    }

    /// Records a violation and refuses the command with this reply.
    pub(super) fn reject(&mut self, violation: &str, reply: &str) -> SessionStop {
        self.violation(violation);
        self.refuse(reply)
    }

    /// Records a command that breaks the grammar, and refuses it.
    pub(super) fn malformed(&mut self, violation: &str) -> SessionStop {
        self.reject(violation, "501 5.5.4 Syntax error in parameters")
    }

    /// Records a command that comes too early, too late, or twice, and refuses it.
    pub(super) fn out_of_order(&mut self, violation: &str) -> SessionStop {
        self.reject(violation, "503 5.5.1 Bad sequence of commands")
    }

    /// Records a violation and ends the session, because the server cannot tell what the next
    /// octets are.
    pub(super) fn disconnect(&mut self, violation: &str, text: &str) -> SessionStop {
        self.reject(violation, &format!("503 5.5.1 {text}"));
        SessionStop::CloseAfterReply
    }
}

/// Whether a command has an effect that is answered with this text.
pub(super) fn is_positive(reply: &str) -> bool {
    reply.starts_with(['2', '3'])
}
