//! One mail after the other (RFC 5321 section 3.3).

use tokio::io::{AsyncRead, AsyncWrite};
use tracing::{Instrument as _, debug_span};

use super::hello::{quit, refused};
use super::receipt::{Progress, Receipt};
use crate::address::{Envelope, ForwardPath};
use crate::error::{Error, Kind, Result, Stage};
use crate::message::{Data, Message, Rendition};
use crate::protocol::{
    Command, Expected, Extension, Extensions, Grouping, Next, Pipeline, Refusal, Reply, Way,
};
#[cfg(doc)]
use crate::transport::Timeouts;
use crate::transport::{TlsParameters, Wire};

/// A session that is set up, and sends mails.
#[derive(Debug)]
pub struct Session<S> {
    pub(super) wire: Wire<S>,
    extensions: Extensions,
    pub(super) state: State,
}

/// Where the dialogue stands between two calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// No transaction is open.
    Idle,
    /// A transaction was refused half way: RSET is due before the next (RFC 5321 section
    /// 4.1.4).
    Refused,
    /// The dialogue stopped at a place that nobody knows: an error, or a future that was
    /// dropped. Nothing can be sent any more.
    Lost,
}

/// A mail that has left whole, and whose reply is due.
#[derive(Debug)]
pub(crate) struct Transferred {
    accepted: Vec<ForwardPath>,
    rejected: Vec<(ForwardPath, Reply)>,
    size: u64,
    way: Way,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(super) fn new(wire: Wire<S>, extensions: Extensions) -> Self {
        Self {
            wire,
            extensions,
            state: State::Idle,
        }
    }

    /// How many commands, or chunks, go out before a reply is waited for.
    pub(super) fn grouping(&self) -> Grouping {
        if self.extensions.offers(Extension::Pipelining) {
            Grouping::Grouped
        } else {
            Grouping::OneAtATime
        }
    }

    /// What the server offers.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// What TLS agreed on; `None` in clear text.
    #[must_use]
    pub fn tls(&self) -> Option<TlsParameters> {
        self.wire.tls()
    }

    /// Sends a message to the recipients of `envelope`, mostly the message's
    /// [own](Message::envelope).
    ///
    /// MAIL, all RCPT and DATA leave in one flight where the server offers PIPELINING, and the
    /// end of data leaves with the last block. A binary message goes by BDAT, in chunks (RFC
    /// 3030). `progress` is called after each block or chunk.
    ///
    /// A recipient who is refused is no error as long as another is accepted: see
    /// [`Receipt::rejected`].
    ///
    /// # Errors
    ///
    /// Before anything is sent: [`Kind::InvalidInput`] if the message is larger than the server
    /// takes, [`Kind::Unsupported`] if an address needs SMTPUTF8 and the server lacks it, or if
    /// the message must not be recoded, has octets beyond ASCII, and the server lacks 8BITMIME.
    /// Then [`Kind::Rejected`] at [`Stage::Mail`], [`Stage::Rcpt`], [`Stage::Data`],
    /// [`Stage::Transfer`] or [`Stage::EndOfData`], after which the session can send another
    /// mail, unless it was within a block. [`Kind::Body`] if the message's source fails:
    /// no end of data is sent then, and the server discards what it has. [`Kind::Closed`],
    /// [`Kind::Timeout`], [`Kind::Io`] and [`Kind::Protocol`] end the session.
    ///
    /// Look at [`Error::fate`] before sending the mail again.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the session. As long as it is not ready, the mail's fate is
    /// unknown; [`Client`](crate::Client) does better.
    pub async fn send(
        &mut self,
        envelope: &Envelope,
        message: Message,
        progress: impl FnMut(Progress),
    ) -> Result<Receipt> {
        let transferred = self.transfer(envelope, message, progress).await?;
        self.conclude(transferred).await
    }

    /// Does all of [`send`](Self::send) up to the last octet of the end of data. Dropping the
    /// future before it is ready means that the end of data has not left whole.
    pub(crate) async fn transfer(
        &mut self,
        envelope: &Envelope,
        message: Message,
        progress: impl FnMut(Progress),
    ) -> Result<Transferred> {
        let rendition = message.rendition(self.most());
        let span = debug_span!(
            "transaction",
            message_id = %message.message_id(),
            size = rendition.exact_size(),
            recipients = envelope.forward_paths().len(),
        );
        async {
            let parameters = self.parameters(envelope, &message, &rendition)?;
            self.settle().await?;
            self.state = State::Lost;
            let pipeline = Pipeline::new(self.grouping(), way(&rendition), envelope, parameters);
            self.dialogue(pipeline, envelope, rendition, progress).await
        }
        .instrument(span)
        .await
    }

    /// Receives the reply to a mail that has left.
    pub(crate) async fn conclude(&mut self, transferred: Transferred) -> Result<Receipt> {
        let Transferred {
            accepted,
            rejected,
            size,
            way,
        } = transferred;
        let reply = match self.accepted_message(way).await {
            Ok(reply) => reply,
            Err(error) => return Err(error.after_refusing(rejected)),
        };
        Ok(Receipt {
            accepted,
            rejected,
            reply,
            size,
            tls: self.wire.tls(),
        })
    }

    /// Says QUIT, waits for the reply for as long as [`Timeouts::quit`] allows, and closes the
    /// connection. After an error of the connection it is only closed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn quit(mut self) {
        if self.state != State::Lost {
            quit(&mut self.wire).await;
        }
        self.wire.close().await;
    }

    async fn settle(&mut self) -> Result<()> {
        match self.state {
            State::Idle => Ok(()),
            State::Refused => {
                self.state = State::Lost;
                let reply = self.wire.command(Stage::Reset, Command::Rset).await?;
                if !reply.is_positive_completion() {
                    return Err(refused(Stage::Reset, "the server refused RSET", reply));
                }
                self.state = State::Idle;
                Ok(())
            }
            State::Lost => Err(Error::new(
                Kind::Closed,
                "the session ended with an earlier failure: open another",
            )),
        }
    }

    async fn dialogue(
        &mut self,
        mut pipeline: Pipeline,
        envelope: &Envelope,
        rendition: Rendition,
        progress: impl FnMut(Progress),
    ) -> Result<Transferred> {
        loop {
            match pipeline.next_step() {
                Next::Send(commands) => self.wire.send(Stage::Mail, &commands).await?,
                Next::Receive(expected) => {
                    let stage = stage(expected);
                    let reply = match self.wire.receive(stage).await {
                        Ok(reply) => reply,
                        // A server that refuses and hangs up has still said why.
                        Err(_) if pipeline.refusal().is_some() => {
                            return Err(refusal(&pipeline, envelope));
                        }
                        Err(error) => {
                            let (_, rejected) = split(&pipeline, envelope);
                            return Err(error.after_refusing(rejected));
                        }
                    };
                    pipeline.accept(reply).map_err(|unexpected| {
                        let message = format!("the server's reply cannot be one to {stage}");
                        Error::new(Kind::Protocol, message)
                            .with_reply(unexpected.0)
                            .at(stage)
                    })?;
                }
                Next::Transfer => break,
                Next::AbandonData => {
                    // Nobody was accepted as a recipient: whatever the server says to it, nothing
                    // can be delivered.
                    if self.abandon_data().await.is_ok() {
                        self.state = State::Refused;
                    }
                    return Err(refusal(&pipeline, envelope));
                }
                Next::Stop => {
                    self.state = State::Refused;
                    return Err(refusal(&pipeline, envelope));
                }
                Next::HangUp => return Err(refusal(&pipeline, envelope)),
            }
        }
        let (accepted, rejected) = split(&pipeline, envelope);
        let way = way(&rendition);
        let size = rendition.exact_size();
        let octets = rendition.into_octets();
        let sent = match way {
            Way::Bdat => self.chunks(octets, size, progress).await,
            _ => self.blocks(octets, size, progress).await,
        };
        match sent {
            Ok(()) => Ok(Transferred {
                accepted,
                rejected,
                size,
                way,
            }),
            Err(error) => Err(error.after_refusing(rejected)),
        }
    }
}

/// How a rendition goes out: as binary by BDAT (RFC 3030 section 3).
fn way(rendition: &Rendition) -> Way {
    match rendition.data() {
        Data::Binary => Way::Bdat,
        _ => Way::Data,
    }
}

fn stage(expected: Expected) -> Stage {
    match expected {
        Expected::Mail => Stage::Mail,
        Expected::Rcpt(_) => Stage::Rcpt,
        _ => Stage::Data,
    }
}

fn refusal(pipeline: &Pipeline, envelope: &Envelope) -> Error {
    match pipeline.refusal() {
        Some(Refusal::Mail(reply)) => {
            let message = format!("the server refused the sender {}", envelope.reverse_path());
            refused(Stage::Mail, message, reply)
        }
        Some(Refusal::Data(reply)) => refused(Stage::Data, "the server refused DATA", reply),
        _ => {
            let (_, rejected) = split(pipeline, envelope);
            let message = match rejected.as_slice() {
                [(only, reply)] => format!("the server refused the recipient {only}: {reply}"),
                all => format!("the server refused all {} recipients", all.len()),
            };
            Error::new(Kind::Rejected, message)
                .with_refused(rejected)
                .at(Stage::Rcpt)
        }
    }
}

/// The recipients that were accepted, and those that were not.
fn split(
    pipeline: &Pipeline,
    envelope: &Envelope,
) -> (Vec<ForwardPath>, Vec<(ForwardPath, Reply)>) {
    let (mut accepted, mut rejected) = (Vec::new(), Vec::new());
    for (path, reply) in envelope.forward_paths().iter().zip(pipeline.recipients()) {
        if reply.is_positive_completion() {
            accepted.push(path.clone());
        } else {
            rejected.push((path.clone(), reply.clone()));
        }
    }
    (accepted, rejected)
}
