//! The scripted peer, which compares and sends octets and knows nothing of SMTP.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::sync::Barrier;

use super::delivery::{Clock, Delivery};
use super::script::{Portion, Script, Step};
use super::tls::{Flaw, acceptor};
use super::wiretap::{Tap, Wiretap};

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// What the peer received from the client.
#[derive(Debug)]
pub(crate) struct Played {
    /// What the client sent, decrypted if it used TLS.
    pub(crate) heard: Vec<u8>,
    /// What the client sent over the wire.
    pub(crate) wire: Vec<u8>,
    /// How often the client waited for the peer.
    pub(crate) round_trips: usize,
}

/// A rendezvous: the peer of a test waits here for the test, and the test for the peer.
#[derive(Debug, Clone)]
pub(crate) struct Meeting(Arc<Barrier>);

impl Default for Meeting {
    fn default() -> Self {
        Self(Arc::new(Barrier::new(2)))
    }
}

impl Meeting {
    /// Waits for the other side. Each `-- meet --` takes two calls: after the first, the peer has
    /// reached the line; after the second, it continues.
    pub(crate) async fn meet(&self) {
        self.0.wait().await;
    }
}

pub(crate) struct Peer {
    stream: Box<dyn Stream>,
    tap: Tap,
    delivery: Delivery,
    clock: Clock,
    meeting: Meeting,
    /// Octets that have arrived and were not compared yet.
    input: Vec<u8>,
    closed: bool,
    heard: Vec<u8>,
    round_trips: usize,
    ahead: bool,
    drip: Option<Duration>,
    sip: Option<(usize, Duration)>,
}

impl Peer {
    pub(crate) fn new(stream: impl Stream + 'static, delivery: Delivery, clock: Clock) -> Self {
        let (stream, tap) = Wiretap::new(stream);
        Self {
            stream: Box::new(stream),
            tap,
            delivery,
            clock,
            meeting: Meeting::default(),
            input: Vec::new(),
            closed: false,
            heard: Vec::new(),
            round_trips: 0,
            ahead: false,
            drip: None,
            sip: None,
        }
    }

    pub(crate) fn meeting_at(mut self, meeting: &Meeting) -> Self {
        self.meeting = meeting.clone();
        self
    }

    /// Plays the script, then waits for the client to close. Returns the first difference as an
    /// error.
    pub(crate) async fn play(mut self, script: &Script) -> Result<Played, String> {
        for (line, step) in &script.steps {
            let step = self.step(step).await;
            step.map_err(|difference| format!("{}, line {line}: {difference}", script.name))?;
        }
        while self.read().await {}
        if self.input.is_empty() {
            Ok(Played {
                heard: self.heard,
                wire: self.tap.read(),
                round_trips: self.round_trips,
            })
        } else {
            Err(format!(
                "beyond the end of {}, the client sent {}",
                script.name,
                shown(&self.input)
            ))
        }
    }

    async fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Expect(octets) => self.expect(octets).await?,
            Step::Send(octets) => self.send(octets).await?,
            Step::Tls(name, flaw) => self.handshake(name, *flaw).await?,
            Step::Swallow(portion) => self.swallow(*portion).await,
            Step::Ahead => self.ahead = true,
            Step::Drip(pause) => self.drip = Some(*pause),
            Step::Sip(octets, pause) => self.sip = Some((*octets, *pause)),
            Step::Meet => {
                self.meeting.meet().await;
                self.meeting.meet().await;
            }
            Step::Close => {
                // A client that has closed the connection is not a difference.
                let _ = self.stream.shutdown().await;
            }
            Step::Cut => {
                self.clock.settle().await;
                self.stream = Box::new(tokio::io::empty());
            }
        }
        Ok(())
    }

    async fn expect(&mut self, expected: &[u8]) -> Result<(), String> {
        while expected.len() > self.input.len() && expected.starts_with(&self.input) {
            if !self.read().await {
                break;
            }
        }
        if self.input.starts_with(expected) {
            self.heard.extend(self.input.drain(..expected.len()));
            return Ok(());
        }
        let line = self.input.split_inclusive(|octet| *octet == b'\n').next();
        let closed = if self.closed { " and closed" } else { "" };
        Err(format!(
            "\n  expected {}\n  received {}{closed}",
            shown(expected),
            shown(line.unwrap_or_default()),
        ))
    }

    /// Sends octets as soon as the client waits for them.
    async fn send(&mut self, octets: &[u8]) -> Result<(), String> {
        if !self.ahead {
            self.clock.settle().await;
            self.read_available().await;
            if !self.input.is_empty() {
                return Err(format!("the client did not wait: {}", shown(&self.input)));
            }
        }
        self.round_trips += 1;
        for piece in self.delivery.pieces(octets, self.drip.is_some()) {
            let sent = async {
                self.stream.write_all(piece).await?;
                self.stream.flush().await
            };
            if let Err(error) = sent.await {
                if self.drip.is_some() {
                    break;
                }
                return Err(format!("cannot send {}: {error}", shown(piece)));
            }
            match self.drip {
                Some(pause) => tokio::time::sleep(pause).await,
                None => self.clock.settle().await,
            }
        }
        Ok(())
    }

    async fn handshake(&mut self, name: &str, flaw: Flaw) -> Result<(), String> {
        let stream = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        match acceptor(name, flaw).accept(stream).into_fallible().await {
            Ok(stream) => self.stream = Box::new(stream),
            Err((_, mut stream)) => {
                // The wiretap has the other octets.
                let _ = stream.read_to_end(&mut Vec::new()).await;
                self.closed = true;
            }
        }
        Ok(())
    }

    async fn swallow(&mut self, portion: Portion) {
        loop {
            match portion {
                Portion::UntilQuiet => {
                    self.clock.settle().await;
                    self.read_available().await;
                    if self.input.is_empty() {
                        break;
                    }
                }
                Portion::Octets(count) if self.input.len() >= count => break,
                Portion::Exactly(count) if self.input.len() >= count => {
                    self.heard.extend(self.input.drain(..count));
                    return;
                }
                Portion::Octets(_) | Portion::Exactly(_) | Portion::UntilClosed => {
                    if !self.read().await {
                        break;
                    }
                }
            }
            if !matches!(portion, Portion::Octets(_) | Portion::Exactly(_)) {
                self.heard.append(&mut self.input);
            }
        }
        self.heard.append(&mut self.input);
    }

    /// Waits for more octets. Returns `false` if the client has closed the connection.
    async fn read(&mut self) -> bool {
        if let Some((_, pause)) = self.sip {
            tokio::time::sleep(pause).await;
        }
        if !self.closed {
            let mut buffer = vec![0; self.sip.map_or(64 * 1024, |(octets, _)| octets)];
            let count = self.stream.read(&mut buffer).await.unwrap_or_default();
            self.input.extend_from_slice(&buffer[..count]);
            self.closed = count == 0;
        }
        !self.closed
    }

    async fn read_available(&mut self) {
        let mut buffer = vec![0; 64 * 1024];
        poll_fn(|context| {
            loop {
                let mut buffer = ReadBuf::new(&mut buffer);
                match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                    Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                        self.input.extend_from_slice(buffer.filled());
                    }
                    Poll::Ready(_) | Poll::Pending => return Poll::Ready(()),
                }
            }
        })
        .await;
    }
}

/// The octets of a test's message as text, which is easier to compare than numbers.
fn shown(octets: &[u8]) -> String {
    let more = if octets.len() > 400 { " ..." } else { "" };
    let octets = &octets[..octets.len().min(400)];
    format!("\"{}\"{more}", octets.escape_ascii())
}
