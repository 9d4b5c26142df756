//! Many mails over one session, one close behind the other.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::task::Poll;

use futures_util::stream::Fuse;
use futures_util::{Stream, StreamExt as _, poll};
use tokio::io::{AsyncRead, AsyncWrite};
use tracing::Instrument as _;

use super::flow::{Blame, Concluded, Standing};
use super::mail::{Mail, withdrawn};
use super::portions::Portion;
use super::prepare::Prepared;
use super::receipt::Receipt;
use super::settled::Settled;
use super::transaction::{Session, State};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::protocol::Pipeline;

/// A mail that a session gives back: it has not been accepted, is not to blame for that, and can
/// be sent once more, over another session. Where it goes in portions, some of these may have been
/// accepted.
#[derive(Debug)]
#[non_exhaustive]
pub struct Returned {
    /// Its place in the stream, from 0.
    pub index: usize,
    /// The mail, for the recipients that are left. Sent over another session, it comes to a result
    /// for all recipients. A [`Client`](crate::Client) that is given it reports the recipients that
    /// are left, and no others.
    pub mail: Mail,
    /// Why it was not accepted, and the recipients whose portions were
    /// ([`Error::accepted`]).
    pub error: Error,
    /// Whether a portion of the mail has come to something in this session.
    pub(crate) advanced: bool,
    /// Whether the session ended at this mail. If not, the mail waited for another.
    pub(crate) hit: bool,
}

/// The size of a message, in octets, behind which no other mail waits.
const LONG: u64 = 1024 * 1024;

/// The mails that have been taken from the stream and wait.
#[derive(Debug, Default)]
struct Queue {
    /// The next, which the server can take as far as is known.
    next: Option<(usize, Prepared)>,
    /// Those behind it.
    behind: VecDeque<(usize, Mail)>,
    taken: usize,
    /// What was cut into portions, for mails that have a portion under way.
    portions: HashMap<usize, Portion>,
    /// Mails that have had a portion answered in this session.
    advanced: HashSet<usize>,
    /// Mails that are sent for the second time.
    again: HashSet<usize>,
    /// The next waits until all mails on their way are answered, and the server can be asked what it
    /// offers.
    asks_first: bool,
    /// Why no other mail is begun, though the server would take some.
    closed: Option<Error>,
}

impl Queue {
    /// Takes a mail from the stream, if one is there and of interest to the pipeline: one to
    /// send, and one behind it to know whether it goes in company. Others may be sent by another
    /// session sooner.
    async fn fill(
        &mut self,
        pipeline: &Pipeline,
        mut mails: Pin<&mut Fuse<impl Stream<Item = Mail>>>,
    ) {
        let of_interest = match &self.next {
            None => pipeline.may_be_followed(),
            Some((_, next)) => next.size <= LONG && pipeline.likes_company(),
        };
        if of_interest
            && self.behind.is_empty()
            && let Poll::Ready(Some(mail)) = poll!(mails.next())
        {
            self.push(mail);
        }
    }

    /// Whether a mail waits to be begun.
    fn has_mails(&self) -> bool {
        self.next.is_some() || !self.behind.is_empty()
    }

    /// A mail that is given back to be sent to the recipients of its envelope.
    fn returned(&self, index: usize, mail: Mail, error: Error, hit: bool) -> Returned {
        Returned {
            index,
            error: cut_short(&mail, error),
            advanced: self.advanced.contains(&index),
            hit,
            mail,
        }
    }

    fn push(&mut self, mail: Mail) {
        self.behind.push_back((self.taken, mail));
        self.taken += 1;
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Sends the mails of a stream, as close behind each other as the
    /// [strategy](Self::strategy) and the server allow, and calls `told` with what became of each
    /// and its place in the stream, from 0. It takes from the stream no more than it can send soon,
    /// and what comes late is not waited for: mails that are on their way go on.
    ///
    /// It is ready when the stream has ended and `told` has been called for every mail. It is ready
    /// earlier when a mail needs another session: since this one has ended
    /// ([`is_open`](Self::is_open)), or since the server takes no recipients in further domains
    /// (RFC 9422 section 4.3). It then returns the mails that were taken from the stream and can be
    /// sent over another session. All others are still in the stream. Each mail that was taken is
    /// either reported to `told` or returned, and never both.
    ///
    /// A mail that is refused since the server lacks a capability that it offers
    /// is sent again at once, in another way; or it is among
    /// those returned.
    ///
    /// # Errors
    ///
    /// Each mail has its own, as [`send`](Self::send). If the connection breaks, the
    /// [`Fate`](crate::Fate) of each is known by what had left: for several at once it may be
    /// unknown where messages go by BDAT, for one at most where they go by DATA.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the session. What has not been told of the mails that were taken
    /// is unknown.
    pub async fn send_each(
        &mut self,
        mails: impl Stream<Item = Mail>,
        mut told: impl FnMut(usize, Result<Receipt>),
    ) -> Vec<Returned> {
        if self.require_open().is_err() {
            return Vec::new();
        }
        let span = self.watch.span.clone();
        let mails = pin!(mails.fuse());
        self.gives_back = true;
        let sent = self.send_while_open(mails, &mut told);
        let returned = sent.instrument(span).await;
        self.gives_back = false;
        returned
    }

    async fn send_while_open(
        &mut self,
        mut mails: Pin<&mut Fuse<impl Stream<Item = Mail>>>,
        told: &mut impl FnMut(usize, Result<Receipt>),
    ) -> Vec<Returned> {
        let mut queue = Queue::default();
        let mut returned = Vec::new();
        while self.goes_on() && !(self.begins_no_more(&queue) && self.mails.is_empty()) {
            self.line_up(&mut queue, mails.as_mut(), told).await;
            // What a server says while nothing is due is its end: no mail is sent there for nothing.
            if self.mails.is_empty()
                && let Some(end) = self.wire.ended_while_idle(Stage::Mail).await
            {
                self.state = State::Lost;
                queue.closed = Some(end);
                break;
            }
            if self.begin_next(&mut queue) {
                continue;
            }
            match self.advance().await {
                Standing::Working => {}
                // What has come may make room for mails that leave with what is put together.
                Standing::Waiting if self.wire.has_reply().await => {
                    let received = self.reply().await;
                    self.take_in(received).await;
                }
                Standing::Waiting
                    if queue.has_mails()
                        || mails.is_done()
                        || self.begins_no_more(&queue)
                        || !self.pipeline.may_be_followed() =>
                {
                    self.answer().await;
                }
                Standing::Waiting => {
                    self.launch().await;
                    tokio::select! {
                        biased;
                        received = self.reply() => self.take_in(received).await,
                        Some(mail) = mails.next() => queue.push(mail),
                    }
                }
                Standing::Idle if queue.has_mails() || !self.concluded.is_empty() => {}
                Standing::Idle => tokio::select! {
                    biased;
                    () = self.wire.readable() => {}
                    mail = mails.next() => match mail {
                        Some(mail) => queue.push(mail),
                        None => break,
                    },
                },
            }
            self.tell(&mut queue, &mut returned, told);
        }
        self.tell(&mut queue, &mut returned, told);
        self.give_back(queue, &mut returned);
        returned
    }

    /// Whether no other mail is begun in this session.
    fn begins_no_more(&self, queue: &Queue) -> bool {
        self.is_spent() || queue.closed.is_some()
    }

    /// Prepares the next mail, and takes mails from the stream for it. A mail that cannot be sent
    /// makes room for the one that follows.
    async fn line_up(
        &mut self,
        queue: &mut Queue,
        mut mails: Pin<&mut Fuse<impl Stream<Item = Mail>>>,
        told: &mut impl FnMut(usize, Result<Receipt>),
    ) {
        let is_withdrawn = |(_, next): &mut (usize, Prepared)| next.mail.recall.is_withdrawn();
        if let Some((index, prepared)) = queue.next.take_if(is_withdrawn) {
            let mut mail = prepared.mail;
            if let Some(portion) = queue.portions.remove(&index) {
                mail.envelope = portion.whole;
            }
            told(index, Err(cut_short(&mail, withdrawn())));
        }
        if queue.asks_first && !self.mails.is_empty() {
            return;
        }
        while self.goes_on() && !self.begins_no_more(queue) {
            queue.fill(&self.pipeline, mails.as_mut()).await;
            if queue.next.is_some() {
                return;
            }
            let Some((index, mail)) = queue.behind.pop_front() else {
                return;
            };
            self.prepare_next(queue, index, mail, told).await;
            if queue.asks_first {
                return;
            }
        }
    }

    /// Prepares a mail. One that cannot be sent is reported; one that another session can take stays
    /// in the queue, and closes it.
    async fn prepare_next(
        &mut self,
        queue: &mut Queue,
        index: usize,
        mut mail: Mail,
        told: &mut impl FnMut(usize, Result<Receipt>),
    ) {
        if mail.recall.is_withdrawn() {
            return told(index, Err(cut_short(&mail, withdrawn())));
        }
        let portion = match self.portion(&mail) {
            Ok(portion) => portion,
            Err(error) if error.kind() == ErrorKind::Closed => {
                queue.behind.push_front((index, mail));
                queue.closed = Some(error);
                return;
            }
            Err(error) => return told(index, Err(cut_short(&mail, error))),
        };
        mail.envelope = portion.first.clone();
        let prepared = self.prepare(mail.clone()).await;
        queue.asks_first = (prepared.as_ref())
            .err()
            .is_some_and(|error| self.asks_first(error));
        match prepared {
            Ok(prepared) => {
                queue.next = Some((index, prepared));
                if portion.left.is_some() {
                    queue.portions.insert(index, portion);
                }
            }
            Err(_) if queue.asks_first => {
                mail.envelope = portion.whole;
                queue.behind.push_front((index, mail));
            }
            // The session ended, or the server takes no more mails, while it was asked what it offers.
            Err(error) if !self.goes_on() || self.is_spent() => {
                mail.envelope = portion.whole;
                queue.behind.push_front((index, mail));
                queue.closed = Some(error);
            }
            Err(error) => {
                mail.envelope = portion.whole;
                told(index, Err(cut_short(&mail, error)));
            }
        }
    }

    /// Begins the next mail, if it may be.
    fn begin_next(&mut self, queue: &mut Queue) -> bool {
        if self.begins_no_more(queue) {
            return false;
        }
        let waiting = queue.behind.len();
        let may_begin = |prepared: &Prepared| {
            let is_certain = prepared.mail.doubted.is_none() || self.mails.is_empty();
            is_certain && self.pipeline.may_begin(&self.course(prepared, waiting))
        };
        match queue.next.take_if(|(_, prepared)| may_begin(prepared)) {
            Some((index, prepared)) => {
                self.begin(index, prepared, waiting);
                if let (Some(begun), Some(portion)) =
                    (self.mails.back_mut(), queue.portions.get(&index))
                {
                    begun.left.clone_from(&portion.left);
                }
                true
            }
            None => false,
        }
    }

    /// Tells what is known, and lines up what is to be sent again.
    fn tell(
        &mut self,
        queue: &mut Queue,
        returned: &mut Vec<Returned>,
        told: &mut impl FnMut(usize, Result<Receipt>),
    ) {
        let goes_on = self.goes_on() && !self.begins_no_more(queue);
        let mut again = Vec::new();
        for mut concluded in self.concluded.drain(..) {
            let index = concluded.ticket;
            let portion = queue.portions.remove(&index);
            let portion = portion.unwrap_or_else(|| Portion::whole(&concluded.mail));
            if let Some(mut mail) = concluded.again() {
                mail.envelope = portion.whole.clone();
                match concluded.result {
                    Err(error) if !goes_on => {
                        let hit = concluded.blame == Blame::Session;
                        returned.push(queue.returned(index, mail, error, hit));
                        continue;
                    }
                    Err(_) if queue.again.insert(index) => {
                        mail.recall.return_home();
                        again.push((index, mail));
                        continue;
                    }
                    _ => {}
                }
            }
            let left = portion.left(&mut concluded, self.hello.dialect);
            let Concluded {
                mut mail, result, ..
            } = concluded;
            queue.again.remove(&index);
            if left.is_none() && !mail.recall.has_settled() {
                told(index, result);
                continue;
            }
            let envelope = mail.envelope.clone();
            let add = |settled: &mut Settled| settled.add(result, &envelope, left);
            match mail.recall.settle(add) {
                ControlFlow::Continue(rest) => {
                    mail.envelope = rest;
                    mail.recall.return_home();
                    queue.advanced.insert(index);
                    again.push((index, mail));
                }
                ControlFlow::Break(result) => {
                    queue.advanced.remove(&index);
                    told(index, result);
                }
            }
        }
        for mail in again.into_iter().rev() {
            queue.behind.push_front(mail);
        }
    }

    /// Gives back every mail that was taken and not begun.
    fn give_back(&mut self, mut queue: Queue, returned: &mut Vec<Returned>) {
        let error = (queue.closed.take()).or_else(|| self.require_open().err());
        // A mail is never dropped, whatever the reason that it is still here.
        let error = error.unwrap_or_else(|| {
            Error::new(
                ErrorKind::Closed,
                "the session ended before the mail: open another",
            )
        });
        let next = queue.next.take();
        let next = next.map(|(index, prepared)| (index, prepared.mail));
        let behind = std::mem::take(&mut queue.behind);
        for (index, mut mail) in next.into_iter().chain(behind) {
            if let Some(portion) = queue.portions.get(&index) {
                mail.envelope = portion.whole.clone();
            }
            returned.push(queue.returned(index, mail, error.clone(), false));
        }
    }
}

/// The error of a mail that is not sent to the recipients of its envelope. Earlier portions of it
/// may have been.
fn cut_short(mail: &Mail, error: Error) -> Error {
    mail.recall.cut_short(error, Some(&mail.envelope))
}
