//! How many sessions a client has, and for how long.

use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use super::limits::{Period, Rates};
use super::pool::{ClientSettings, Pool};
use super::retry::Retry;
use super::{Client, Handle};
use crate::error::{Error, ErrorKind, Result};
use crate::services::Service;
use crate::session::{Observer, Progress, ServerConfig};

/// How many connections are enough for most.
const CONNECTIONS: usize = 4;

/// The settings of a [`Client`]. Each has a default.
#[must_use]
pub struct ClientBuilder {
    server: ServerConfig,
    settings: ClientSettings,
}

impl ClientBuilder {
    pub(super) fn new(server: ServerConfig) -> Self {
        // The service itself counts the mails a day, over all programs that use the account.
        let service = Service::of_host(&server.host().to_string());
        let limit = |of: fn(&Service) -> Option<u32>| service.and_then(of);
        let number = |most: u32| usize::try_from(most).unwrap_or(usize::MAX);
        let connections = limit(|service| service.connections).map_or(CONNECTIONS, number);
        let a_minute = limit(|service| service.a_minute);
        let idle = service.and_then(|service| service.idle);
        Self {
            settings: ClientSettings {
                max_connections: connections.min(CONNECTIONS),
                queue: 256,
                queue_timeout: Duration::from_mins(5),
                idle_timeout: idle.unwrap_or(Duration::from_mins(1)),
                max_age: Duration::from_hours(1),
                mails_per_connection: limit(|service| service.mails).map_or(usize::MAX, number),
                most_recipients: limit(|service| service.recipients).and_then(NonZeroU32::new),
                retry: Retry::none(),
                rates: a_minute
                    .map_or_else(Rates::new, |most| Rates::new().mails(most, Period::Minute)),
                on_progress: None,
            },
            server,
        }
    }

    /// How many connections may be open at once, always: one that is closing counts. But
    /// where a server without implicit TLS is silent, a second one may find out whether its port
    /// begins with TLS. By default 4, or fewer where the provider is known to take fewer. They are opened as mails wait.
    pub fn max_connections(mut self, most: usize) -> Self {
        self.settings.max_connections = most;
        self
    }

    /// How many mails may wait for a connection. [`send`](Client::send) waits where there are
    /// more, and [`send_all`](Client::send_all) takes no more from its stream. By default 256.
    pub fn queue(mut self, most: usize) -> Self {
        self.settings.queue = most;
        self
    }

    /// How long [`send`](Client::send) waits at most until a session takes the mail. By default
    /// five minutes. While no connection can be opened, a mail that [`Retry`] lets wait is limited by
    /// its [budget](Retry::budget) alone. The mails of [`send_all`](Client::send_all) wait for as long as it takes.
    ///
    /// The time during which [rates](Self::rates) hold a mail back counts too. To send more mails
    /// than the rates allow in five minutes, use `send_all` or a longer limit.
    pub fn queue_timeout(mut self, limit: Duration) -> Self {
        self.settings.queue_timeout = limit;
        self
    }

    /// How long a connection stays open without a mail. By default a minute, or less where
    /// the provider is known to end it sooner; servers wait for five (RFC 5321 section 4.5.3.2.7), and
    /// some for ten seconds.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.settings.idle_timeout = limit;
        self
    }

    /// The age after which a connection takes no new mail. By default an hour.
    pub fn max_age(mut self, limit: Duration) -> Self {
        self.settings.max_age = limit;
        self
    }

    /// How many mails go over a connection. By default as many as the server says that it takes
    /// (RFC 9422 section 4.1), or the provider is known to take.
    pub fn mails_per_connection(mut self, most: usize) -> Self {
        self.settings.mails_per_connection = most;
        self
    }

    /// How often and when a mail is sent again after a transient failure. By default it is not
    /// sent again: the caller gets the error at once.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.settings.retry = retry;
        self
    }

    /// How much is sent in a time. By default what the provider is known to take a minute.
    pub fn rates(mut self, rates: Rates) -> Self {
        self.settings.rates = rates;
        self
    }

    /// Calls `observer` after each block of a message that has been sent. It has to return
    /// quickly: the transfer waits for it, and so does the thread of the runtime that it is called
    /// on. That thread may be the one on which the runtime waits for I/O and timers, so an observer
    /// that blocks can hold up all tasks. A panic in it is logged, and the mail goes on.
    pub fn on_progress(mut self, observer: impl Fn(Progress<'_>) + Send + Sync + 'static) -> Self {
        self.settings.on_progress = Some(Observer::new(move |progress| {
            let called = catch_unwind(AssertUnwindSafe(|| observer(progress)));
            if called.is_err() {
                let message_id = progress.message_id;
                warn!(%message_id, "the observer of the progress panicked");
            }
        }));
        self
    }

    /// Makes the client. It opens no connection yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`]: a number that must be at least 1 is 0. These are the connections, the
    /// length of the queue, the mails for each connection, the attempts of [`Retry`] and the limits of
    /// [`Rates`].
    pub fn build(self) -> Result<Client> {
        let ClientSettings {
            max_connections,
            queue,
            mails_per_connection,
            retry,
            rates,
            ..
        } = &self.settings;
        let zero = [
            ("ClientBuilder::max_connections", *max_connections == 0),
            ("ClientBuilder::queue", *queue == 0),
            (
                "ClientBuilder::mails_per_connection",
                *mails_per_connection == 0,
            ),
            ("Retry::attempts", retry.attempts == 0),
            ("Retry::factor", retry.factor == 0),
            ("Rates", rates.has_zero()),
        ];
        if let Some((setter, _)) = zero.iter().find(|(_, is_zero)| *is_zero) {
            let message = format!("a limit is 0 (`{setter}`): the least is 1");
            return Err(Error::new(ErrorKind::Config, message));
        }
        Ok(self.build_unchecked())
    }

    /// Makes a client without checks: no default is 0.
    pub(super) fn build_unchecked(self) -> Client {
        let pool = Pool::new(self.server, self.settings);
        Client(Arc::new(Handle(Arc::new(pool))))
    }
}

impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_the_service() {
        for (host, connections, mails, recipients, idle, a_minute) in [
            ("smtp.gmail.com", 4, None, Some(100), 60, None),
            ("smtp.office365.com", 3, None, None, 60, Some(30)),
            ("smtp.mail.yahoo.com", 4, Some(20), Some(100), 60, None),
            (
                "email-smtp.eu-west-1.amazonaws.com",
                4,
                None,
                Some(50),
                8,
                None,
            ),
            ("smtp.socketlabs.com", 4, Some(50), Some(500), 60, None),
            ("mail.example.org", 4, None, None, 60, None),
        ] {
            let server = ServerConfig::builder(host).build().unwrap();
            let settings = ClientBuilder::new(server).settings;
            let found = settings.mails_per_connection;
            assert_eq!(settings.max_connections, connections, "{host}");
            assert_eq!(found, mails.unwrap_or(usize::MAX), "{host}");
            let found = settings.most_recipients.map(NonZeroU32::get);
            assert_eq!(found, recipients, "{host}");
            assert_eq!(settings.idle_timeout.as_secs(), idle, "{host}");
            let rates = a_minute.map(|most| Rates::new().mails(most, Period::Minute));
            assert_eq!(settings.rates, rates.unwrap_or_default(), "{host}");
        }
    }
}
