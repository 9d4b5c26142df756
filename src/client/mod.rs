//! Sending mails without looking after sessions.

mod account_verdict;
mod builder;
mod job;
mod learned;
mod limits;
mod pool;
mod queue;
mod retry;
mod send_all;
#[cfg(feature = "tower")]
mod service;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

pub use self::builder::ClientBuilder;
pub use self::job::CloseReport;
use self::job::OutcomeSender;
pub use self::limits::{Period, Rates};
use self::pool::Pool;
pub use self::retry::Retry;
pub use self::send_all::SendAll;
#[cfg(feature = "tower")]
pub use self::service::ClientService;
use crate::error::{Error, ErrorKind, Result};
#[cfg(doc)]
use crate::protocol::Strategy;
#[cfg(doc)]
use crate::session::Session;
use crate::session::{Mail, MailOutcome, Receipt, ServerConfig, Withdrawal};

/// How long the tasks may take to end after an abort before mails that came meanwhile are aborted, too.
const ABORTED: Duration = Duration::from_millis(100);

/// How often, at most, the caller checks whether a mail still waits for a server that cannot be
/// reached.
const OUTAGE: Duration = Duration::from_secs(1);

/// Sends mails to one server, over as many connections as it needs and may have.
///
/// Each connection is owned by a task, which takes mails from a queue that all share, and sends
/// them as closely after each other as the [strategy](Strategy) and the server allow. Connections
/// are opened when mails wait, kept for those to come, and closed when there are none for a while.
/// Cloning is cheap; clones share all of it. [`manual::client`](crate::manual::client) says how that
/// goes, and why.
///
/// The caller only waits for the outcome, so the future of [`send`](Self::send) can be dropped at
/// any moment:
///
/// * before the end of the message has left, that withdraws the mail: one that has not been begun
///   is never sent; a message on its way is not completed, and the server discards it;
/// * after that, the reply is still received, and logged.
///
/// When the last clone is dropped, that [aborts](Self::abort) what is under way.
///
/// ```no_run
/// use pilotfish::{Client, Credentials, Message, ServerConfig};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let password = std::fs::read_to_string("password")?;
/// let server = ServerConfig::builder("smtp.gmail.com")
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
/// for (recipient, reply) in &receipt.rejected {
///     println!("not to {recipient}: {reply}");
/// }
/// client.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Handle>);

/// What the clones of a client hold, and its tasks do not.
struct Handle(Arc<Pool>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("server", &self.pool().server)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client for this server with the default settings. It opens no connection yet.
    #[must_use]
    pub fn new(server: ServerConfig) -> Self {
        Self::builder(server).build_unchecked()
    }

    /// A builder for a client of this server. All settings have defaults.
    pub fn builder(server: ServerConfig) -> ClientBuilder {
        ClientBuilder::new(server)
    }

    fn pool(&self) -> &Arc<Pool> {
        &self.0.0
    }

    /// Where the mails go.
    #[must_use]
    pub fn server(&self) -> &ServerConfig {
        &self.pool().server
    }

    /// Sends a mail: a [`Message`](crate::Message) to its own recipients, or to those of another
    /// envelope by [`Mail::new`]. It returns when the server has answered.
    ///
    /// A failure that is not the mail's own is retried over another connection: the server ended a
    /// session between two mails, takes no more mails or domains in it, or mishandles an extension that
    /// it offers. The mail fails after three such sessions. Every other failure is returned at once,
    /// unless [`ClientBuilder::retry`] allows another attempt.
    ///
    /// # Errors
    ///
    /// As [`ServerConfig::connect`] and [`Session::send`]. If no connection can be opened, that is
    /// the error of all mails that wait at the time, so a wrong password is not sent for each; but
    /// of the first alone, if the server said that it takes none just now. Where [`Retry`] allows
    /// other attempts, the mails wait until a connection can be opened.
    /// [`ErrorKind::Timeout`] if no session took the mail in time
    /// ([`queue_timeout`](ClientBuilder::queue_timeout)), [`ErrorKind::Closed`] after
    /// [`abort`](Self::abort). [`ErrorKind::InvalidInput`] if the mail has more recipients than the
    /// [rates](ClientBuilder::rates) ever allow, and [`ErrorKind::Rejected`] while the account has used up its
    /// quota. Look at [`Error::fate`] before sending the mail again.
    ///
    /// # Panics
    ///
    /// If it is polled outside of a Tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: see [`Client`].
    pub async fn send(&self, mail: impl Into<Mail>) -> Result<Receipt> {
        self.send_in(None, mail.into()).await
    }

    /// Sends a mail for which there may be space already.
    async fn send_in(&self, space: Option<OwnedSemaphorePermit>, mail: Mail) -> Result<Receipt> {
        let mail = mail.queued();
        let pool = self.pool();
        let limit = pool.settings.queue_timeout;
        let waited_long = || {
            let message = format!(
                "no session took the mail within {limit:?}: allow more connections or higher rates, or send slower"
            );
            Error::new(ErrorKind::Timeout, message)
        };
        let deadline = worker::later(Instant::now(), limit);
        let space = if let Some(space) = space {
            space
        } else {
            let space = Arc::clone(&pool.space).acquire_owned();
            let Ok(Ok(space)) = timeout_at(deadline, space).await else {
                pool.tally.meter.count_mail(MailOutcome::Deferred);
                return Err(waited_long());
            };
            space
        };
        let (outcome, mut answer) = oneshot::channel();
        let withdrawal = Withdrawal::new(None);
        let mut withdrawing = Withdrawing {
            pool,
            withdrawal: Some(withdrawal.clone()),
        };
        let sender = OutcomeSender::One(outcome);
        pool.push(mail, withdrawal.clone(), sender, space);
        let mut deadline = deadline;
        let result = loop {
            tokio::select! {
                biased;
                result = &mut answer => break result,
                () = sleep_until(deadline) => {}
            }
            if !pool.expire(&withdrawal, waited_long()) {
                break answer.await;
            }
            // It waits for a server that cannot be reached: `Retry` says for how long.
            deadline = worker::later(Instant::now(), limit.max(OUTAGE));
        };
        withdrawing.withdrawal = None;
        result.unwrap_or_else(|_| Err(Error::new(ErrorKind::Closed, "the client was aborted")))
    }

    /// Sends the mails of a stream, and returns a stream of their outcomes.
    ///
    /// Each item is a tag and a mail. The tag comes back with the outcome: a number, a row of a
    /// database, or anything else that identifies the mail. The mail is a [`Message`](crate::Message), a [`Mail`], or a
    /// `Result` of building one. An item whose message could not be built has that error as its
    /// outcome, and the others are sent. Outcomes come in the order in which they become known.
    ///
    /// `send_all` takes a mail from the stream when the queue has room for it, and none while the
    /// caller does not take outcomes. So a stream of any length needs no more memory than a few
    /// hundred mails do.
    ///
    /// ```no_run
    /// use futures_util::{StreamExt as _, stream};
    /// use pilotfish::{Client, Message};
    ///
    /// # async fn example(client: Client, subscribers: Vec<String>) {
    /// let mails = stream::iter(subscribers).then(|subscriber| async {
    ///     let message = Message::builder()
    ///         .from("Reef News <news@example.org>")
    ///         .to(subscriber.as_str())
    ///         .subject("The reef in June")
    ///         .text("Look who moved in.\n")
    ///         .build()
    ///         .await;
    ///     (subscriber, message)
    /// });
    /// let mut outcomes = client.send_all(mails);
    /// while let Some((subscriber, result)) = outcomes.next().await {
    ///     match result {
    ///         Ok(receipt) => {
    ///             println!("{subscriber}: {}", receipt.reply);
    ///             for (recipient, reply) in &receipt.rejected {
    ///                 println!("not to {recipient}: {reply}");
    ///             }
    ///         }
    ///         Err(error) => println!("{subscriber}: {error}"),
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Each outcome has its own error, as from [`send`](Self::send).
    ///
    /// # Panics
    ///
    /// If it is polled outside of a Tokio runtime. If the stream panics, the mails that it gave
    /// before are sent, and the panic goes on to the caller after their outcomes.
    ///
    /// # Cancel safety
    ///
    /// Dropping the returned stream withdraws all mails whose end has not left. The outcomes of
    /// the others are logged.
    pub fn send_all<S, T, M>(&self, mails: S) -> SendAll<S, T>
    where
        S: Stream<Item = (T, M)>,
        M: TryInto<Mail>,
        M::Error: Into<Error>,
    {
        SendAll::new(self.clone(), mails)
    }

    /// Sends what waits and is under way, of all clones, and then closes all connections. It is
    /// ready when none is open any more. Mails that wait for [another attempt](Retry) fail with the
    /// error of the last one. So do mails that wait until a connection can be opened, unless another
    /// connection was open when that attempt failed: these wait for the next attempt, up to five
    /// minutes. Mails can be sent afterwards. What is sent meanwhile is waited for too, and so are
    /// mails that [rates](Rates) hold back, for as long as that takes.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: connections stay open for mails to come, if the future is dropped.
    pub async fn close(&self) {
        self.pool().close().await;
    }

    /// Closes as [`close`](Self::close) does, but for `limit` at most. Then it [aborts](Self::abort)
    /// what is left, and so the mails of callers that send meanwhile. Returns what became of the mails
    /// since it was called.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// # async fn example(client: pilotfish::Client) {
    /// let report = client.close_within(Duration::from_secs(10)).await;
    /// if report.withdrawn + report.unknown > 0 {
    ///     println!("{} not sent, {} unknown", report.withdrawn, report.unknown);
    /// }
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before the limit, connections stay open for mails to
    /// come.
    pub async fn close_within(&self, limit: Duration) -> CloseReport {
        let pool = self.pool();
        let before = pool.tally.since(CloseReport::default());
        let deadline = worker::later(Instant::now(), limit);
        let mut closed = timeout_at(deadline, pool.close()).await;
        while closed.is_err() {
            pool.abort();
            closed = timeout(ABORTED, pool.close()).await;
        }
        pool.tally.since(before)
    }

    /// Closes all connections at once, of all clones. What waits fails with [`ErrorKind::Closed`], or
    /// with the error of its last attempt. The [`Fate`](crate::Fate) of mails on their way is unknown
    /// if their end had left and the server has not replied to it. Mails can be sent afterwards.
    pub fn abort(&self) {
        self.pool().abort();
    }
}

/// Withdraws a mail when the caller waits for it no more.
struct Withdrawing<'a> {
    pool: &'a Arc<Pool>,
    withdrawal: Option<Withdrawal>,
}

impl Drop for Withdrawing<'_> {
    fn drop(&mut self) {
        if let Some(withdrawal) = self.withdrawal.take() {
            withdrawal.withdraw();
            self.pool.drop_withdrawn();
        }
    }
}
