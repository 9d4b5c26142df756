//! The state of a session, and what all its commands share.

use std::collections::HashSet;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::sleep;

use super::builder::Protocol;
use super::commands::Transaction;
use super::fault::{Fault, Point};
use super::input::{Input, Line};
use super::keyword::Keyword;
use super::limits::{Delay, within};
use super::open_connections::Room;
use super::quirk::Quirk;
use super::received::TlsVersion;
use super::server::Shared;

/// A session with one client, in clear text or inside TLS.
pub(super) struct Dialogue<S> {
    stream: S,
    pub(super) input: Input,
    /// Replies that wait until there is nothing more to read (RFC 2920, section 3.2).
    output: Vec<u8>,
    pub(super) number: u64,
    pub(super) shared: Arc<Shared>,
    pub(super) tls: Option<TlsVersion>,
    /// What a login can be bound to (RFC 9266).
    pub(super) binding: Option<Vec<u8>>,
    /// What the client called itself, if it has said so.
    pub(super) hello: Option<String>,
    /// What the last EHLO was told; nothing before it, and after HELO.
    pub(super) offered: Vec<Keyword>,
    pub(super) authenticated_as: Option<String>,
    /// How many mails were begun.
    pub(super) mails: u32,
    /// The domains of all recipients that were accepted, in lower case.
    pub(super) domains: HashSet<String>,
    pub(super) transaction: Transaction,
    /// Octets that still are to be taken for lines and refused, and how.
    pub(super) unwanted: Option<(u64, &'static str)>,
    /// How long the client waits for replies.
    dice: fastrand::Rng,
}

/// Why a session does not go on.
#[derive(Debug)]
pub(super) enum End {
    /// The client is gone.
    Closed,
    /// The connection is to be dropped as it is.
    Abrupt,
    /// The last reply has been sent.
    Over,
    /// TLS is to begin.
    StartTls,
    Io(io::Error),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

pub(super) type Flow<T> = Result<T, End>;

/// Whether a command does what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Happens,
    Fails,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    pub(super) fn new(
        stream: S,
        tls: Option<TlsVersion>,
        number: u64,
        shared: Arc<Shared>,
    ) -> Self {
        let seed = shared.settings.delay.as_ref().map_or(0, Delay::seed);
        Self {
            // Each connection has its own, so that others do not change it.
            dice: fastrand::Rng::with_seed(seed.wrapping_add(number)),
            stream,
            input: Input::default(),
            output: Vec::new(),
            number,
            shared,
            tls,
            binding: None,
            hello: None,
            offered: Vec::new(),
            authenticated_as: None,
            mails: 0,
            domains: HashSet::new(),
            transaction: Transaction::None,
            unwanted: None,
        }
    }

    pub(super) fn speaks_lmtp(&self) -> bool {
        self.shared.settings.protocol == Protocol::Lmtp
    }

    pub(super) fn has(&self, quirk: Quirk) -> bool {
        self.shared.settings.quirks.contains(&quirk)
    }

    /// Lets a login be bound to the TLS connection.
    pub(super) fn bound_to(mut self, binding: Option<Vec<u8>>) -> Self {
        self.binding = binding;
        self
    }

    /// Greets the client and obeys it to the end, unless there are too many of them.
    pub(super) async fn greet_and_run(mut self, room: Room) -> (S, End) {
        if room == Room::Full {
            self.refuse("421", "4.7.0", "Too many connections");
            return self.end(End::Over).await;
        }
        let protocol = if self.speaks_lmtp() { "LMTP" } else { "ESMTP" };
        let host_name = self.shared.settings.host_name();
        let greeting = format!("220 {host_name} {protocol} Pilotfish");
        match self.answer(Point::Greeting, greeting).await {
            Ok(_) => self.run().await,
            Err(end) => self.end(end).await,
        }
    }

    /// Obeys the client to the end.
    pub(super) async fn run(mut self) -> (S, End) {
        let Err(end) = self.obey().await;
        self.end(end).await
    }

    async fn obey(&mut self) -> Flow<Infallible> {
        loop {
            self.command().await?;
        }
    }

    async fn end(mut self, end: End) -> (S, End) {
        let end = match end {
            End::Over | End::StartTls => self.flush().await.err().unwrap_or(end),
            end => end,
        };
        (self.stream, end)
    }

    /// The next line, without its CRLF.
    pub(super) async fn line(&mut self) -> Flow<Vec<u8>> {
        loop {
            match self.input.take_line() {
                Some(Line::Whole(line)) => return Ok(line),
                Some(Line::Bare(octet)) => {
                    self.violation(&format!(
                        "bare {octet} in a command (RFC 5321, section 2.3.8)"
                    ));
                    self.refuse(
                        "500",
                        "5.5.2",
                        "A line ends in CRLF and has no other CR or LF",
                    );
                }
                Some(Line::TooLong) => {
                    return Err(self.send_away(
                        "line of more than 12288 octets (RFC 4954, section 4)",
                        "Line too long",
                    ));
                }
                None => self.fill().await?,
            }
        }
    }

    /// Sends what is due and waits for more to read.
    pub(super) async fn fill(&mut self) -> Flow<()> {
        self.flush().await?;
        let limit = self.shared.settings.idle_timeout;
        match within(limit, self.input.fill(&mut self.stream)).await {
            Some(filled) => match filled? {
                0 => Err(End::Closed),
                _ => Ok(()),
            },
            None => Err(self.was_idle().await),
        }
    }

    /// Takes leave of a client that has sent nothing for too long (RFC 5321, section 4.5.3.2.7).
    async fn was_idle(&mut self) -> End {
        let reply = self.reply("421", "4.4.2", "Idle for too long");
        let answered = self.answer(Point::Idle, reply).await;
        answered.err().unwrap_or(End::Over)
    }

    async fn flush(&mut self) -> Flow<()> {
        if !self.output.is_empty() {
            if let Some(delay) = self.shared.settings.delay.as_ref() {
                sleep(delay.draw(&mut self.dice)).await;
            }
            // Counted before the client can see it.
            self.shared.log.add_round_trips(self.number, 1);
        }
        self.stream.write_all(&self.output).await?;
        self.stream.flush().await?;
        self.output.clear();
        Ok(())
    }

    /// What has come behind a message is lost or refused by servers that are like that.
    pub(super) fn message_has_ended(&mut self) -> Flow<()> {
        if self.has(Quirk::ClosesOnGroups) && !self.input.is_empty() {
            return Err(End::Abrupt);
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

    /// Refuses the lines that are not wanted.
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

    pub(super) fn offers(&self, keyword: Keyword) -> bool {
        self.offered.contains(&keyword)
    }

    pub(super) fn offers_auth(&self) -> bool {
        let mut offered = self.offered.iter();
        offered.any(|keyword| matches!(keyword, Keyword::Auth(_)))
    }

    /// A reply of one line, with its enhanced code where these are offered (RFC 2034).
    pub(super) fn reply(&self, code: &str, status: &str, text: &str) -> String {
        if self.offers(Keyword::EnhancedStatusCodes) {
            format!("{code} {status} {text}")
        } else {
            format!("{code} {text}")
        }
    }

    /// Queues lines as they are.
    pub(super) fn say(&mut self, lines: &str) {
        self.output.extend_from_slice(lines.as_bytes());
        self.output.extend_from_slice(b"\r\n");
    }

    /// Queues the usual answer; within a message there is none.
    fn say_if_any(&mut self, normal: &str) {
        if !normal.is_empty() {
            self.say(normal);
        }
    }

    /// Answers a command that was not in order, or not wanted.
    pub(super) fn refuse(&mut self, code: &str, status: &str, text: &str) {
        let reply = self.reply(code, status, text);
        self.say(&reply);
    }

    /// Answers a command that was in order, unless a fault is due.
    pub(super) async fn answer(&mut self, point: Point, normal: String) -> Flow<Effect> {
        let fault = self.shared.faults.take(point, self.number);
        self.answer_with(fault, normal).await
    }

    pub(super) async fn answer_with(
        &mut self,
        fault: Option<Fault>,
        normal: String,
    ) -> Flow<Effect> {
        match fault {
            None => {
                self.say(&normal);
                Ok(Effect::Happens)
            }
            Some(Fault::ReplyAt(_, text)) => {
                self.say(&text);
                if text.starts_with("421") {
                    return Err(End::Over);
                }
                Ok(effect_of(&text))
            }
            Some(Fault::CloseAt(_)) => {
                self.flush().await?;
                Err(End::Abrupt)
            }
            Some(Fault::CloseAfter(_)) => {
                self.say_if_any(&normal);
                Err(End::Over)
            }
            Some(Fault::SayAfter(_, text)) => {
                self.say_if_any(&normal);
                self.say(&text);
                if text.starts_with("421") {
                    return Err(End::Over);
                }
                Ok(Effect::Happens)
            }
            Some(Fault::SilentAt(_)) => {
                self.flush().await?;
                self.shared.stop.cancelled().await;
                Err(End::Abrupt)
            }
        }
    }

    /// Writes down what the client may not do.
    pub(super) fn violation(&self, text: &str) {
        let text = format!("connection {}: {text}", self.number);
        self.shared.log.add_violation(text);
    }

    /// Writes down what the client may not do, and ends the session: what comes next could
    /// not be told apart.
    #[must_use]
    pub(super) fn send_away(&mut self, violation: &str, text: &str) -> End {
        self.violation(violation);
        self.refuse("503", "5.5.1", text);
        End::Over
    }
}

/// What a command does that is answered with this text.
pub(super) fn effect_of(text: &str) -> Effect {
    if text.starts_with(['2', '3']) {
        Effect::Happens
    } else {
        Effect::Fails
    }
}
