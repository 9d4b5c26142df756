//! A small submission server that follows its instructions, and stores what arrived completely even
//! if the connection breaks.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use super::peer::Stream;
pub(crate) use super::replies::{GroupHandling, Replies};
use super::wiretap::{Tap, Wiretap};

/// A message that arrived completely, with the end of data or the last chunk. By LMTP there is one
/// for each of its recipients.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub(crate) octets: Vec<u8>,
    /// The recipient by LMTP. Empty if one reply is for all recipients.
    pub(crate) to: String,
    /// All recipients of the message.
    pub(crate) paths: Vec<String>,
    /// Whether the reply is positive: then the client is no longer responsible for the message.
    pub(crate) taken: bool,
    /// How many octets the server had sent over the wire, including the whole reply to this
    /// message.
    pub(crate) answered: Option<usize>,
    /// How many octets the client had sent, including the end of this message. Inside TLS they are
    /// counted after decryption.
    pub(crate) end: usize,
}

/// The messages that arrived, over all connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store(Arc<Mutex<Vec<Arrived>>>);

impl Store {
    pub(crate) fn all(&self) -> Vec<Arrived> {
        self.with(|all| all.clone())
    }

    fn with<T>(&self, with: impl FnOnce(&mut Vec<Arrived>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A change of a reply before it is sent.
type ReplyFault = Box<dyn FnMut(&mut Vec<u8>) -> bool + Send>;

/// The connection has ended. The cause does not matter.
struct ConnectionEnded;

impl From<std::io::Error> for ConnectionEnded {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

type Flow<T> = Result<T, ConnectionEnded>;

/// Whether a 421 ends the connection (RFC 5321 section 3.8).
#[derive(PartialEq, Eq)]
enum After421 {
    End,
    DoNotEnd,
}

/// One connection.
pub(crate) struct MiniServer {
    stream: Box<dyn Stream>,
    tap: Tap,
    replies: Replies,
    acceptor: Option<TlsAcceptor>,
    store: Store,
    /// The fault at each reply: `true` ends the connection there.
    fate: ReplyFault,
    group_handling: GroupHandling,
    after_421: After421,
    secured: bool,
    input: BytesMut,
    /// How many octets have arrived.
    read: usize,
    lmtp: bool,
    /// MAIL was rejected.
    refused: bool,
    recipients: Vec<String>,
    chunks: Vec<u8>,
}

impl MiniServer {
    pub(crate) fn new(stream: impl Stream + 'static, replies: Replies, store: &Store) -> Self {
        let (stream, tap) = Wiretap::new(stream);
        Self {
            stream: Box::new(stream),
            tap,
            replies,
            acceptor: None,
            store: store.clone(),
            fate: Box::new(|_| false),
            group_handling: GroupHandling::Answers,
            after_421: After421::End,
            secured: false,
            input: BytesMut::new(),
            read: 0,
            lmtp: false,
            refused: false,
            recipients: Vec::new(),
            chunks: Vec::new(),
        }
    }

    /// Offers TLS.
    pub(crate) fn acceptor(mut self, acceptor: TlsAcceptor) -> Self {
        self.acceptor = Some(acceptor);
        self
    }

    /// Changes replies, or ends the connection instead of sending one.
    pub(crate) fn fate(mut self, fate: impl FnMut(&mut Vec<u8>) -> bool + Send + 'static) -> Self {
        self.fate = Box::new(fate);
        self
    }

    /// Handles commands that arrive together in this way.
    pub(crate) fn group_handling(mut self, group_handling: GroupHandling) -> Self {
        self.group_handling = group_handling;
        self
    }

    /// Continues after a 421, against RFC 5321 section 3.8.
    pub(crate) fn continue_after_421(mut self) -> Self {
        self.after_421 = After421::DoNotEnd;
        self
    }

    /// Starts with TLS.
    pub(crate) async fn serve_in_tls(mut self) {
        if self.handshake().await.is_ok() {
            self.serve().await;
        }
    }

    pub(crate) async fn serve(mut self) {
        let _ = self.converse().await;
        let _ = self.stream.shutdown().await;
        // Closing a socket with unread octets could discard the last reply before the client reads
        // it.
        while self.fill().await.is_ok() {
            self.input.clear();
        }
    }

    async fn converse(&mut self) -> Flow<()> {
        self.answer("220 server.example ESMTP").await?;
        loop {
            let line = self.command().await?;
            let replies: Vec<_> = line.split(' ').collect();
            match replies[0].to_ascii_uppercase().as_str() {
                "EHLO" | "LHLO" => {
                    self.lmtp = replies[0] == "LHLO";
                    self.recipients.clear();
                    self.answer(&self.extensions()).await?;
                }
                "STARTTLS" => {
                    if self.answer("220 go").await? == b'2' {
                        self.handshake().await?;
                    }
                }
                "AUTH" => self.auth(&replies).await?,
                "RCPT" => {
                    let reply = if self.refused {
                        "503 5.5.1 MAIL first"
                    } else if line.contains("nobody") {
                        "550 5.1.1 nobody there"
                    } else {
                        "250 2.1.5 ok"
                    };
                    if self.answer(reply).await? == b'2' {
                        let path = line.split(['<', '>']).nth(1).unwrap_or_default();
                        self.recipients.push(path.to_owned());
                    }
                }
                "DATA" => {
                    let loses = self.group_handling != GroupHandling::Answers;
                    let reply = if self.recipients.is_empty() && loses {
                        "503 5.5.1 bad sequence of commands"
                    } else if self.recipients.is_empty() {
                        "554 5.5.1 nobody to send it to"
                    } else {
                        "354 go"
                    };
                    if self.answer(reply).await? == b'3' {
                        let octets = self.data().await?;
                        let closes = self.group_handling == GroupHandling::ClosesAfterMessage;
                        let closes = closes && !self.input.is_empty();
                        self.arrived(octets).await?;
                        if closes {
                            return Err(ConnectionEnded);
                        }
                    }
                }
                "BDAT" if self.group_handling != GroupHandling::ReadsChunks => {
                    let octets = self.take(replies[1].parse().unwrap()).await?;
                    self.chunks.extend(octets);
                    if replies.get(2).is_some() {
                        let octets = std::mem::take(&mut self.chunks);
                        self.arrived(octets).await?;
                    } else {
                        self.answer("250 more").await?;
                    }
                }
                "QUIT" => {
                    self.answer("221 bye").await?;
                    return Ok(());
                }
                "MAIL" => {
                    self.recipients.clear();
                    self.refused = self.answer("250 2.1.0 ok").await? != b'2';
                }
                command
                    if self.group_handling == GroupHandling::ReadsChunks && command != "RSET" =>
                {
                    self.answer("500 5.5.1 what?").await?;
                }
                command => {
                    if matches!(command, "RSET" | "HELO") {
                        self.recipients.clear();
                    }
                    self.answer("250 2.0.0 ok").await?;
                }
            }
        }
    }

    /// The next command that the server sees.
    async fn command(&mut self) -> Flow<String> {
        let mut line = self.line().await?;
        match self.group_handling {
            GroupHandling::LosesOthers => self.input.clear(),
            GroupHandling::LosesEarlier => {
                while !self.input.is_empty() {
                    line = self.line().await?;
                }
            }
            GroupHandling::RefusesOthers | GroupHandling::RefusesOthersAndCloses => {
                let mut others = 0;
                while !self.input.is_empty() {
                    self.line().await?;
                    others += 1;
                }
                if others > 0 {
                    self.recipients.clear();
                    self.answer("250 2.1.0 ok").await?;
                    for _ in 1..others {
                        self.answer("503 5.5.1 bad sequence of commands").await?;
                    }
                    if self.group_handling == GroupHandling::RefusesOthersAndCloses {
                        return Err(ConnectionEnded);
                    }
                    line = "DATA".to_owned();
                }
            }
            GroupHandling::Answers
            | GroupHandling::ClosesAfterMessage
            | GroupHandling::ReadsChunks => {}
        }
        Ok(line)
    }

    fn extensions(&self) -> String {
        let Replies::Offering(keywords) = &self.replies else {
            return String::new();
        };
        let mut lines = vec!["server.example"];
        lines.extend(keywords.iter().filter(|keyword| match **keyword {
            "STARTTLS" => !self.secured,
            keyword if keyword.starts_with("AUTH") => self.secured || self.acceptor.is_none(),
            _ => true,
        }));
        let last = lines.pop().unwrap();
        let before: Vec<_> = lines
            .iter()
            .flat_map(|line| ["250-", line, "\r\n"])
            .collect();
        format!("{}250 {last}", before.concat())
    }

    async fn auth(&mut self, replies: &[&str]) -> Flow<()> {
        let mut due = match replies {
            [_, "LOGIN"] => 2,
            [_, _] => 1,
            _ => 0,
        };
        loop {
            let reply = if due > 0 { "334 " } else { "235 2.7.0 ok" };
            if self.answer(reply).await? != b'3' {
                return Ok(());
            }
            due -= 1;
            self.line().await?;
        }
    }

    /// Stores a message, and replies once, or once for each recipient.
    async fn arrived(&mut self, octets: Vec<u8>) -> Flow<()> {
        let mut recipients = std::mem::take(&mut self.recipients);
        let paths = recipients.clone();
        if recipients.is_empty() {
            self.answer("554 5.5.1 nobody to send it to").await?;
            return Ok(());
        }
        if !self.lmtp {
            recipients = vec![String::new()];
        }
        let mut due = Vec::new();
        for to in recipients {
            let usual = if to.contains("full") {
                "452 4.2.2 full"
            } else {
                "250 2.0.0 queued"
            };
            let reply = self.reply(usual);
            let taken = reply.as_ref().is_some_and(|reply| reply.starts_with(b"2"));
            due.push((self.keep(&octets, to, &paths, taken), reply));
        }
        for (index, reply) in due {
            let reply = reply.ok_or(ConnectionEnded)?;
            self.say(&reply).await?;
            let answered = self.tap.written();
            self.store.with(|all| all[index].answered = Some(answered));
            self.after(&reply)?;
        }
        Ok(())
    }

    fn keep(&self, octets: &[u8], to: String, paths: &[String], taken: bool) -> usize {
        let end = self.read - self.input.len();
        self.store.with(|all| {
            all.push(Arrived {
                octets: octets.to_vec(),
                to,
                paths: paths.to_vec(),
                taken,
                answered: None,
                end,
            });
            all.len() - 1
        })
    }

    /// Sends this reply, or the changed one. Returns the first digit of the reply sent.
    async fn answer(&mut self, usual: &str) -> Flow<u8> {
        let reply = self.reply(usual).ok_or(ConnectionEnded)?;
        self.say(&reply).await?;
        self.after(&reply)?;
        Ok(reply.first().copied().unwrap_or_default())
    }

    fn after(&self, reply: &[u8]) -> Flow<()> {
        if self.after_421 == After421::End && reply.starts_with(b"421") {
            return Err(ConnectionEnded);
        }
        Ok(())
    }

    fn reply(&mut self, usual: &str) -> Option<Vec<u8>> {
        let mut reply = match &mut self.replies {
            Replies::InOrder(replies) => replies.pop_front()?,
            Replies::Offering(_) => format!("{usual}\r\n").into_bytes(),
        };
        (!(self.fate)(&mut reply)).then_some(reply)
    }

    async fn say(&mut self, reply: &[u8]) -> Flow<()> {
        self.stream.write_all(reply).await?;
        Ok(self.stream.flush().await?)
    }

    async fn handshake(&mut self) -> Flow<()> {
        let stream = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        let acceptor = self.acceptor.as_ref().unwrap();
        self.stream = Box::new(acceptor.accept(stream).await?);
        self.secured = true;
        Ok(())
    }

    async fn fill(&mut self) -> Flow<()> {
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err(ConnectionEnded),
            count => {
                self.read += count;
                Ok(())
            }
        }
    }

    async fn take(&mut self, count: usize) -> Flow<BytesMut> {
        while self.input.len() < count {
            self.fill().await?;
        }
        Ok(self.input.split_to(count))
    }

    /// Reads up to CRLF, and returns the line without it.
    async fn octets_of_line(&mut self) -> Flow<BytesMut> {
        let mut scanned = 0;
        loop {
            for end in memchr::memchr_iter(b'\n', &self.input[scanned..]) {
                let end = scanned + end;
                if self.input[..end].ends_with(b"\r") {
                    let mut line = self.take(end + 1).await?;
                    line.truncate(end - 1);
                    return Ok(line);
                }
            }
            scanned = self.input.len();
            self.fill().await?;
        }
    }

    async fn line(&mut self) -> Flow<String> {
        let line = self.octets_of_line().await?;
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    /// The message, without dot-stuffing.
    async fn data(&mut self) -> Flow<Vec<u8>> {
        let mut octets = Vec::new();
        loop {
            let line = self.octets_of_line().await?;
            if *line == *b"." {
                return Ok(octets);
            }
            octets.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            octets.extend_from_slice(b"\r\n");
        }
    }
}
