//! The caller's last word before the end of a message leaves.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;

use crate::error::{Error, ErrorKind, Problem, Result, Stage};

/// What [`Departure::depart`] returns.
pub type Departing<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

/// Decides whether mails may leave, and can record before that they are about to.
///
/// Once the end of a message has left, only the reply of the server says what became of the mail
/// ([`manual::fate`](crate::manual::fate)). A program that stops in between does not know it. A durable
/// queue therefore records which mails are about to leave. Mails that are sent together are recorded
/// together, so one write to disk is enough for all of them.
///
/// [`Mail::with_departure`](super::Mail::with_departure) has an example.
pub trait Departure: fmt::Debug + Send + Sync {
    /// Called before the session hands any octet of a *flight* to the network, if messages end in it. A
    /// flight is what leaves together: many short mails by BDAT, or the last block of one message by
    /// DATA. `mails` are the numbers of all mails with this departure whose messages end in the flight,
    /// in the order of the flight.
    ///
    /// The session calls it once for each flight and each departure: mails have the same departure if
    /// they share one [`Arc`]. Calls for one connection never overlap, and those for different
    /// connections may.
    ///
    /// # What it decides
    ///
    /// After `true` the mails may leave. They need not: another departure may refuse the same flight, or
    /// the connection may have ended. The result of each mail says what happened.
    ///
    /// After `false` none of these messages ends. The mails fail with [`Problem::NotDeparted`] and
    /// [`Fate::NotAccepted`](crate::Fate::NotAccepted), and are not sent again. The same happens if it
    /// panics, or takes longer than [`Timeouts::block`](crate::transport::Timeouts::block). The session
    /// receives the replies to the mails that left before, and ends. The other mails of the flight go over
    /// another session: [`Session::send_each`](super::Session::send_each) returns them, and a
    /// [`Client`](crate::Client) sends them itself.
    ///
    /// # More than once for a mail
    ///
    /// It is called for each attempt at a mail: when the mail is sent again after a failure, over another
    /// session or in another way, and for each portion of a mail that goes in
    /// [portions](crate::manual::dialogue#portions). Each call needs its own answer.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped at any await if the caller stops waiting for its mails, if the client is
    /// aborted, or when the time is over. Nothing of the flight has left then, and nothing does. The
    /// record may have been made all the same.
    fn depart<'a>(&'a self, mails: &'a [u64]) -> Departing<'a>;
}

/// A mail's departure, and the number that it knows the mail by.
#[derive(Debug, Clone)]
pub(super) struct MailDeparture {
    pub(super) departure: Arc<dyn Departure>,
    pub(super) number: u64,
}

/// Asks whether these mails may leave.
pub(super) async fn ask(departure: &dyn Departure, mails: &[u64]) -> Result<()> {
    let asking = AssertUnwindSafe(async { departure.depart(mails).await });
    match asking.catch_unwind().await {
        Ok(true) => Ok(()),
        Ok(false) => Err(not_departed(
            ErrorKind::Closed,
            "the departure of the mail was refused (`Departure::depart`): the end of the message was not sent",
        )),
        Err(_) => Err(not_departed(
            ErrorKind::Closed,
            "the departure of the mail panicked (`Departure::depart`), and the end of the message was not sent: see the message \
             of the panic",
        )),
    }
}

/// The error of a mail whose departure took longer than this.
pub(super) fn too_slow(limit: Duration) -> Error {
    let message = format!(
        "the departure of the mail took over {limit:?} (`Departure::depart`): the end of the message was not sent"
    );
    not_departed(ErrorKind::Timeout, message)
}

/// Only the caller knows whether the mail may be sent again.
fn not_departed(kind: ErrorKind, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(kind, message)
        .with_stage(Stage::Transfer)
        .with_problem(Problem::NotDeparted)
        .with_transient(false)
}
