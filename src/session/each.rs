//! Many mails over one session, one close behind the other.

use std::collections::{HashMap, HashSet, VecDeque};
use std::pin::{Pin, pin};
use std::task::Poll;

use futures_util::stream::Fuse;
use futures_util::{Stream, StreamExt as _, poll};
use tokio::io::{AsyncRead, AsyncWrite};
use tracing::Instrument as _;

use super::flow::{Blame, Standing};
use super::mail::{Mail, withdrawn};
use super::portions::{Rest, has_overflow};
use super::prepare::Prepared;
use super::receipt::Receipt;
use super::transaction::{Session, State};
use crate::error::{Error, Kind, Result};
use crate::protocol::Pipeline;

/// A mail that a session gives back: it has not been accepted, is not to blame for that, and can
/// be sent once more, over another session.
#[derive(Debug)]
#[non_exhaustive]
pub struct Returned {
    /// Its place in the stream, from 0.
    pub index: usize,
    /// The mail.
    pub mail: Mail,
    /// Why it was not accepted.
    pub error: Error,
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
    /// What follows mails of which the first portion is under way.
    rests: HashMap<usize, Rest>,
    /// Mails of which the first portion has come to this.
    unfinished: VecDeque<(usize, Result<Receipt>, Rest)>,
    /// Mails that are sent for the second time.
    again: HashSet<usize>,
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
    /// ([`Defect`](crate::protocol::Defect)) is sent again at once, in another way; or it is among
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
            self.finish(&mut queue, told).await;
            self.line_up(&mut queue, mails.as_mut(), told).await;
            // What a server says while nothing is due is its end: no mail is sent there for nothing.
            if self.mails.is_empty() && self.wire.has_reply().await {
                self.state = State::Lost;
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
                    self.take_in(received);
                }
                Standing::Waiting
                    if queue.next.is_some()
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
                        received = self.reply() => self.take_in(received),
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
        self.finish(&mut queue, told).await;
        self.give_back(queue, &mut returned);
        returned
    }

    /// Sends the rest of mails, as soon as no other is on its way.
    async fn finish(&mut self, queue: &mut Queue, told: &mut impl FnMut(usize, Result<Receipt>)) {
        while self.mails.is_empty()
            && let Some((index, first, rest)) = queue.unfinished.pop_front()
        {
            told(index, self.send_rest(first, rest).await);
        }
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
        if let Some((index, _)) = queue.next.take_if(is_withdrawn) {
            queue.rests.remove(&index);
            told(index, Err(withdrawn()));
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
            return told(index, Err(withdrawn()));
        }
        let rest = match self.portions(&mail) {
            Ok(rest) => rest,
            Err(error) if error.kind() == Kind::Closed => {
                queue.behind.push_front((index, mail));
                queue.closed = Some(error);
                return;
            }
            Err(error) => return told(index, Err(error)),
        };
        mail.envelope = rest.first.clone();
        match self.prepare(mail.clone()).await {
            Ok(prepared) => {
                queue.next = Some((index, prepared));
                if rest.has_others() {
                    queue.rests.insert(index, rest);
                }
            }
            // The session ended while the server was asked what it offers.
            Err(error) if !self.goes_on() => {
                mail.envelope = rest.whole;
                queue.behind.push_front((index, mail));
                queue.closed = Some(error);
            }
            Err(error) => told(index, Err(error)),
        }
    }

    /// Begins the next mail, if it may be.
    fn begin_next(&mut self, queue: &mut Queue) -> bool {
        if self.begins_no_more(queue) || !queue.unfinished.is_empty() {
            return false;
        }
        let waiting = queue.behind.len();
        let may_begin =
            |prepared: &Prepared| self.pipeline.may_begin(&self.course(prepared, waiting));
        match queue.next.take_if(|(_, prepared)| may_begin(prepared)) {
            Some((index, prepared)) => {
                self.begin(index, prepared, waiting);
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
        for concluded in self.concluded.drain(..) {
            let (index, rest) = (concluded.ticket, queue.rests.remove(&concluded.ticket));
            if let Some(mut mail) = concluded.again() {
                if let Some(rest) = &rest {
                    mail.envelope = rest.whole.clone();
                }
                match concluded.result {
                    Err(error) if !goes_on => {
                        returned.push(Returned {
                            index,
                            mail,
                            error,
                            hit: concluded.blame == Blame::Session,
                        });
                        continue;
                    }
                    Err(_) if queue.again.insert(index) => {
                        again.push((index, mail));
                        continue;
                    }
                    _ => {}
                }
            }
            let overflows = concluded.result.as_ref().is_ok_and(has_overflow);
            match rest.or_else(|| overflows.then(|| Rest::of(&concluded.mail))) {
                Some(rest) => queue.unfinished.push_back((index, concluded.result, rest)),
                None => told(index, concluded.result),
            }
        }
        for mail in again.into_iter().rev() {
            queue.behind.push_front(mail);
        }
    }

    /// Gives back every mail that was taken and not begun.
    fn give_back(&mut self, queue: Queue, returned: &mut Vec<Returned>) {
        let error = (queue.closed).or_else(|| self.require_open().err());
        // A mail is never dropped, whatever the reason that it is still here.
        let error = error.unwrap_or_else(|| {
            Error::new(
                Kind::Closed,
                "the session ended before the mail: open another",
            )
        });
        let next = queue.next.map(|(index, prepared)| (index, prepared.mail));
        for (index, mut mail) in next.into_iter().chain(queue.behind) {
            if let Some(rest) = queue.rests.get(&index) {
                mail.envelope = rest.whole.clone();
            }
            returned.push(Returned {
                index,
                mail,
                error: error.clone(),
                hit: false,
            });
        }
    }
}
