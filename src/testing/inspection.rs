//! What a test can learn about the clients of a server.

use std::time::Duration;

use tokio::time::timeout;

use super::received::Received;
use super::server::TestServer;
use super::shared::{Entries, TestServerError};

impl TestServer {
    /// The messages accepted so far, the earliest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.log.entries().received.clone()
    }

    /// Waits for the next message, and returns each accepted message once, in order.
    ///
    /// # Errors
    ///
    /// [`TestServerError`] if there is no message to return and a client has broken the rules, or
    /// the server has panicked: the message may then never arrive.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no message.
    pub async fn next_received(&self) -> Result<Received, TestServerError> {
        let next = |entries: &mut Entries| {
            let received = entries.received.get(entries.returned).cloned()?;
            entries.returned += 1;
            Some(received)
        };
        self.shared.log.wait(next).await
    }

    /// Waits until the server keeps this many messages, the earlier ones included, at most for this
    /// time. Returns all of them as [`received`](Self::received) does.
    ///
    /// ```
    /// use std::time::Duration;
    /// use pilotfish::testing::TestServer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let server = TestServer::builder().start().await?;
    /// let timed_out = server.wait_for(2, Duration::from_millis(1)).await.unwrap_err();
    /// assert_eq!(timed_out.to_string(), "waited 1ms for 2 messages, and 0 came");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`TestServerError`] if the time is over, or a client has broken the rules, or the server has
    /// panicked, before there were as many.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no message.
    pub async fn wait_for(
        &self,
        count: usize,
        limit: Duration,
    ) -> Result<Vec<Received>, TestServerError> {
        let all = |entries: &mut Entries| {
            (entries.received.len() >= count).then(|| entries.received.clone())
        };
        if let Ok(waited) = timeout(limit, self.shared.log.wait(all)).await {
            return waited;
        }
        let came = self.shared.log.entries().received.len();
        Err(TestServerError {
            timed_out: Some(format!(
                "waited {limit:?} for {count} messages, and {came} came"
            )),
            ..TestServerError::default()
        })
    }

    /// The messages accepted so far, the earliest first, which the server no longer keeps: for tests
    /// with more messages than fit into memory. [`received_by_connection`](Self::received_by_connection) goes
    /// on counting.
    #[must_use]
    pub fn take_received(&self) -> Vec<Received> {
        let mut entries = self.shared.log.entries();
        entries.returned = 0;
        let taken = std::mem::take(&mut entries.received);
        let octets = taken.iter().map(|received| received.octets.len() as u64);
        self.shared.budget.give_back(octets.sum());
        taken
    }

    /// How many messages each connection has brought, in the order in which these came, those that
    /// [`take_received`](Self::take_received) has returned included.
    #[must_use]
    pub fn received_by_connection(&self) -> Vec<u64> {
        self.shared.log.entries().by_connection.clone()
    }

    /// How many connections are open: neither the server nor the client has closed them. On Linux the
    /// server notices at once that a client has closed its end, even if it has not read what the client
    /// sent before; on other systems it notices when it has read to the end.
    ///
    /// After 421 or 221 the server waits for the client to close the connection, and counts it until
    /// then.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.shared.connections.count()
    }

    /// How many connections have been [open](Self::open_connections) at once at most, counted
    /// whenever one came, and those that were too many for
    /// [`max_connections`](super::TestServerBuilder::max_connections) included.
    #[must_use]
    pub fn most_open_connections(&self) -> usize {
        self.shared.connections.most()
    }

    /// How many round trips each connection has taken so far, in the order in which they came;
    /// over a network this is what they cost in time.
    ///
    /// Counted are: 1 for the TCP handshake, and none where a Unix socket is connected; 1 for
    /// a TLS handshake, or 2 with TLS 1.2 in full or with a second hello (RFC 8446, section
    /// 2.1); and 1 for each time that the server sends what it has to say, because it has
    /// nothing left to read and the client may be waiting: the greeting, a reply, or the
    /// replies to a whole group. So a mail of its own over port 587, with STARTTLS and a login
    /// in one step, takes 9 until it has been answered, and over port 465 it takes 7. The
    /// answer to QUIT adds one.
    ///
    /// A client that goes on sending while replies are on their way is not waiting, and the
    /// server cannot know: the figure is then an upper bound.
    #[must_use]
    pub fn round_trips(&self) -> Vec<u64> {
        self.shared.log.entries().round_trips.clone()
    }

    /// What clients have sent against the rules so far, one sentence each with the section
    /// that forbids it.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.shared.log.entries().violations.clone()
    }
}
