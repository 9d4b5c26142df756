//! Many mails, one close behind the other.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::pin;
use std::task::Poll;

use futures_util::{Stream, StreamExt as _, stream};

use super::Client;
use crate::error::Result;
#[cfg(doc)]
use crate::error::{Error, Kind};
#[cfg(doc)]
use crate::session::Session;
use crate::session::{Mail, Receipt, outcome};

impl Client {
    /// Sends the mails of a stream over one session, as close behind each other as the server
    /// allows, and calls `told` with what became of each and its place in the stream, from 0. See
    /// [`Session::send_each`].
    ///
    /// Where the session ends before its time, another is opened. Mails that had not left by
    /// then, or that a server has lost or refused for want of a capability that it offers, are sent
    /// again, once.
    ///
    /// ```no_run
    /// use futures_util::stream;
    /// use pilotfish::{Client, Mail};
    ///
    /// # async fn example(client: Client, mails: Vec<Mail>) -> pilotfish::Result<()> {
    /// let told = |index, result: pilotfish::Result<_>| match result {
    ///     Ok(_) => println!("mail {index} was accepted"),
    ///     Err(error) => println!("mail {index}: {error}"),
    /// };
    /// client.send_each(stream::iter(mails), told).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// No session could be opened: [`Kind::Connect`], [`Kind::Auth`] and the others of
    /// [`Server::connect`](crate::Server::connect). It is not tried again for each mail, so a
    /// wrong password is sent once. Mails that have not been told of have not been accepted.
    ///
    /// Each mail has its own errors, as [`Session::send`]; look at [`Error::fate`] before sending it
    /// again.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection. What has not been told of mails that were taken
    /// from the stream is unknown.
    pub async fn send_each(
        &self,
        mails: impl Stream<Item = Mail>,
        mut told: impl FnMut(usize, Result<Receipt>),
    ) -> Result<()> {
        let mut told = |index, result| {
            self.meter.told(outcome(&result));
            told(index, result);
        };
        let mut mails = pin!(mails.enumerate().fuse());
        let mut again = VecDeque::new();
        loop {
            // Without a mail there is no need for a session.
            if again.is_empty() {
                match mails.next().await {
                    Some((index, mail)) => again.push_back((index, mail, Attempt::First)),
                    None => return Ok(()),
                }
            }
            let session = self.server.connect().await?;
            let session = session.with_strategy(self.learned.strategy());
            let mut session = session.observed_by(self.on_progress.clone());
            // What the session knows by its place is known here by its place in the stream.
            let places = RefCell::new(Vec::new());
            let repeated = stream::poll_fn(|_| Poll::Ready(again.pop_front()));
            let new = mails.as_mut();
            let new = new.map(|(index, mail)| (index, mail, Attempt::First));
            let taken = repeated.chain(new).map(|(index, mail, attempt)| {
                places.borrow_mut().push((index, attempt));
                mail
            });
            let place = |index: usize| places.borrow().get(index).copied();
            let told_in_place = |index, result| {
                if let Some((index, _)) = place(index) {
                    told(index, result);
                }
            };
            let returned = session.send_each(taken, told_in_place).await;
            self.learned.learn(session.strategy());
            session.quit().await;
            for mail in returned {
                match place(mail.index) {
                    Some((index, attempt)) if !mail.begun => {
                        again.push_back((index, mail.mail, attempt));
                    }
                    Some((index, Attempt::First)) => {
                        again.push_back((index, mail.mail, Attempt::Second));
                    }
                    Some((index, Attempt::Second)) => told(index, Err(mail.error)),
                    None => {}
                }
            }
        }
    }
}

/// How often a mail has been taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    First,
    Second,
}
