//! A mail: a message in its envelope.

use std::sync::Arc;

use tokio::time::Instant;
use tracing::Span;

use super::departure::{Departure, MailDeparture};
use super::withdrawal::Withdrawal;
use crate::address::Envelope;
use crate::error::{Error, ErrorKind};
use crate::message::Message;
use crate::protocol::Defect;

/// A message in its envelope (RFC 5321 section 2.3.1).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Mail {
    /// The recipients, and the address for delivery reports.
    pub envelope: Envelope,
    /// The message that is delivered.
    pub message: Message,
    pub(crate) withdrawal: Withdrawal,
    /// Decides whether the mail may leave.
    pub(super) departure: Option<MailDeparture>,
    /// Since when the mail waits, and in which span.
    pub(super) queued: Option<(Instant, Span)>,
    /// The defect of the server that its refusal of this mail suggests. The mail is sent again in a way
    /// that avoids the defect.
    pub(super) suspected: Option<Defect>,
}

impl Mail {
    /// Puts a message into an envelope, which need not be its own.
    #[must_use]
    pub fn new(envelope: Envelope, message: Message) -> Self {
        Self {
            envelope,
            message,
            withdrawal: Withdrawal::default(),
            departure: None,
            queued: None,
            suspected: None,
        }
    }

    /// Notes that the mail begins to wait now, in the current span: its
    /// [`Timing::queue`](super::Timing::queue) begins here, and its
    /// [transaction](crate::manual::observing) becomes a part of that span. A
    /// [`Client`](crate::Client) calls this by itself.
    #[must_use]
    pub fn queued(mut self) -> Self {
        self.queued = Some((Instant::now(), Span::current()));
        self
    }

    /// Asks `departure` each time before the end of the message leaves, by this number of the mail. The
    /// session asks once for all mails with the same departure that leave together.
    ///
    /// ```no_run
    /// use std::io;
    /// use std::sync::Arc;
    ///
    /// use futures_util::{StreamExt as _, stream};
    /// use pilotfish::session::{Departing, Departure};
    /// use pilotfish::{Client, Mail};
    /// use tokio::fs::File;
    /// use tokio::io::AsyncWriteExt as _;
    /// use tokio::sync::Mutex;
    ///
    /// /// Notes on disk which mails may have left. After a crash, these are not sent again blindly.
    /// #[derive(Debug)]
    /// struct Journal(Mutex<File>);
    ///
    /// impl Journal {
    ///     async fn append(&self, mails: &[u64]) -> io::Result<()> {
    ///         let mut file = self.0.lock().await;
    ///         for mail in mails {
    ///             file.write_all(format!("departed {mail}\n").as_bytes()).await?;
    ///         }
    ///         file.flush().await?;
    ///         file.sync_data().await
    ///     }
    /// }
    ///
    /// impl Departure for Journal {
    ///     fn depart<'a>(&'a self, mails: &'a [u64]) -> Departing<'a> {
    ///         Box::pin(async move { self.append(mails).await.is_ok() })
    ///     }
    /// }
    ///
    /// # async fn example(client: Client, file: File, queued: Vec<(u64, Mail)>) {
    /// let journal = Arc::new(Journal(Mutex::new(file)));
    /// let mails = queued.into_iter().map(|(number, mail)| {
    ///     let journal: Arc<dyn Departure> = journal.clone();
    ///     (number, mail.with_departure(journal, number))
    /// });
    /// let mut outcomes = client.send_all(stream::iter(mails));
    /// while let Some((number, result)) = outcomes.next().await {
    ///     println!("{number}: {}", if result.is_ok() { "sent" } else { "failed" });
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn with_departure(mut self, departure: Arc<dyn Departure>, number: u64) -> Self {
        self.departure = Some(MailDeparture { departure, number });
        self
    }
}

/// A message in its [own](Message::envelope) envelope.
impl From<Message> for Mail {
    fn from(message: Message) -> Self {
        Self::new(message.envelope().clone(), message)
    }
}

/// A message that was built for the mail, or the reason why it could not be: what
/// [`Client::send_all`](crate::Client::send_all) takes.
impl<M: Into<Mail>, E: Into<Error>> TryFrom<Result<M, E>> for Mail {
    type Error = Error;

    fn try_from(built: Result<M, E>) -> Result<Self, Error> {
        built.map(Into::into).map_err(Into::into)
    }
}

/// The error of a mail that has been withdrawn. No user sees it, since no caller waits for the mail.
pub(super) fn withdrawn() -> Error {
    Error::new(ErrorKind::Closed, "the mail was withdrawn")
}
