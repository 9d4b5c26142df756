//! Sending mails without looking after sessions.

mod each;
mod learned;

use std::fmt;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;
use tracing::{Instrument as _, debug, warn};

use self::learned::Learned;
use crate::address::Envelope;
use crate::error::{Error, Kind, Result};
use crate::message::Message;
use crate::observe::ClientMeter;
use crate::session::{Mail, Observer, Progress, Receipt, Server, Session, outcome};

/// Sends mails to one server, each over a session of its own.
///
/// A task owns the connection, and the caller waits for its outcome. So dropping the future of
/// [`send`](Self::send) is safe at any moment:
///
/// * before the end of data has left, the mail is withdrawn: the connection is closed, and the
///   server discards what it has;
/// * after that, the task still waits for the reply, and logs what became of the mail.
///
/// Cloning is cheap; clones share what is under way.
///
/// ```no_run
/// use pilotfish::{Client, Credentials, Message, Server};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let password = std::fs::read_to_string("password")?;
/// let server = Server::builder("smtp.gmail.com".parse()?)
///     .credentials(Credentials::new("me@gmail.com", password.trim())?)
///     .build()?;
/// let message = Message::builder()
///     .from("Me <me@gmail.com>")
///     .to("Ann <ann@example.org>")
///     .subject("A shark")
///     .text("Here it comes.")
///     .attach("shark.png")
///     .build()
///     .await?;
///
/// let client = Client::new(server);
/// let receipt = client.send(message).await?;
/// println!("{}", receipt.reply);
/// client.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    server: Arc<Server>,
    learned: Arc<Learned>,
    tasks: TaskTracker,
    on_progress: Option<Observer>,
    meter: Arc<ClientMeter>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client for this server. Nothing is connected yet.
    #[must_use]
    pub fn new(server: Server) -> Self {
        let meter = ClientMeter::new(&server.host().to_string());
        Self {
            meter: Arc::new(meter),
            learned: Arc::new(Learned::new(server.strategy())),
            server: Arc::new(server),
            tasks: TaskTracker::new(),
            on_progress: None,
        }
    }

    /// Calls `observer` after each block of a message that has been sent. It should return
    /// quickly, since the transfer waits for it. If it panics, the mail's connection is closed, and
    /// its [`Fate`](crate::Fate) is said to be unknown.
    #[must_use]
    pub fn on_progress(mut self, observer: impl Fn(Progress<'_>) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Observer::new(observer));
        self
    }

    /// Sends a message to its own recipients.
    ///
    /// It returns as soon as the server has answered; QUIT follows behind, see
    /// [`close`](Self::close).
    ///
    /// # Errors
    ///
    /// As [`Server::connect`] and [`Session::send`](crate::session::Session::send). Look at
    /// [`Error::fate`] before sending the mail again.
    ///
    /// # Panics
    ///
    /// If it is polled outside of a Tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: see [`Client`].
    pub async fn send(&self, message: Message) -> Result<Receipt> {
        let envelope = message.envelope().clone();
        self.send_to(envelope, message).await
    }

    /// Sends a message to the recipients of another envelope than its own.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), which also says when it panics and that it is cancel safe.
    pub async fn send_to(&self, envelope: Envelope, message: Message) -> Result<Receipt> {
        let (outcome, received) = oneshot::channel();
        let delivery = Delivery {
            server: Arc::clone(&self.server),
            learned: Arc::clone(&self.learned),
            on_progress: self.on_progress.clone(),
            meter: Arc::clone(&self.meter),
            outcome,
        };
        self.tasks
            .spawn(delivery.run(envelope, message).in_current_span());
        match received.await {
            Ok(result) => result,
            // The runtime is shutting down, or the observer panicked.
            Err(_) => Err(Error::new(
                Kind::Closed,
                "the sending task was stopped: look whether the mail arrived before sending it again",
            )
            .with_unknown_fate()),
        }
    }

    /// Waits until no session is open any more, those of other clones included. The last one's
    /// QUIT would be lost if the runtime ended first. Mails can be sent afterwards.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn close(&self) {
        // It stays closed, which hinders nothing: opened again, it would leave others waiting.
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// One mail on its way.
struct Delivery {
    server: Arc<Server>,
    learned: Arc<Learned>,
    on_progress: Option<Observer>,
    meter: Arc<ClientMeter>,
    outcome: oneshot::Sender<Result<Receipt>>,
}

/// What an attempt has come to.
struct Attempt {
    result: Result<Receipt>,
    /// The mail, if another way of sending it is worth an attempt.
    returned: Option<Mail>,
    session: Option<Session>,
}

impl Delivery {
    async fn run(mut self, envelope: Envelope, message: Message) {
        let message_id = message.message_id().clone();
        let mut attempt = self.attempt(Mail::new(envelope, message)).await;
        // In a way that the server has turned out to be capable of.
        if let Some(mail) = attempt.as_mut().and_then(|attempt| attempt.returned.take()) {
            debug!(%message_id, "the mail is sent again, in another way");
            attempt = self.attempt(mail).await;
        }
        let Some(Attempt {
            result, session, ..
        }) = attempt
        else {
            return debug!("the mail was withdrawn before its end had left");
        };
        self.meter.told(outcome(&result));
        if let Err(result) = self.outcome.send(result) {
            warn!(%message_id, ?result, "nobody waits for what became of this mail");
        }
        if let Some(session) = session {
            session.quit().await;
        }
    }

    /// Sends the mail over a session of its own. `None` if it was withdrawn.
    async fn attempt(&mut self, mail: Mail) -> Option<Attempt> {
        let connected = tokio::select! {
            connected = self.server.connect() => connected,
            () = self.outcome.closed() => return None,
        };
        let mut session = match connected {
            Ok(session) => session
                .with_strategy(self.learned.strategy())
                .observed_by(self.on_progress.clone()),
            Err(error) => {
                return Some(Attempt {
                    result: Err(error),
                    returned: None,
                    session: None,
                });
            }
        };
        // What is ready counts: a mail that has left is never withdrawn.
        let transferred = tokio::select! {
            biased;
            transferred = session.transfer(&mail.envelope, mail.message) => transferred,
            () = self.outcome.closed() => return None,
        };
        let result = match transferred {
            Ok(transferred) => session.conclude(transferred).await,
            Err(error) => Err(error),
        };
        self.learned.learn(session.strategy());
        Some(Attempt {
            returned: session.take_returned().filter(|_| result.is_err()),
            result,
            session: Some(session),
        })
    }
}
