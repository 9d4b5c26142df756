//! Many mails over one session, each begun before the replies to the previous ones.

use std::collections::{HashSet, VecDeque};
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::task::Poll;

use futures_util::stream::Fuse;
use futures_util::{Stream, StreamExt as _, poll};
use tokio::io::{AsyncRead, AsyncWrite};
use tracing::Instrument as _;

use super::dialogue::{Blame, Concluded, DialogueStatus};
use super::mail::{Mail, withdrawn};
use super::plan::Prepared;
use super::portions::{Portion, PortionResults};
use super::receipt::Receipt;
use super::session::Session;
use crate::error::{Error, ErrorKind, Result};
use crate::protocol::Pipeline;

/// A mail that a session returns: the server has not accepted it, for a reason that is not the mail's
/// own, and another session can send it. If it goes in portions, some of these may have been accepted.
#[derive(Debug)]
#[non_exhaustive]
pub struct UnsentMail {
    /// Its place in the stream, from 0.
    pub index: usize,
    /// The mail, for the recipients that are left. Another session that sends it reports a result for all
    /// recipients, and a [`Client`](crate::Client) one for the recipients that are left.
    pub mail: Mail,
    /// Why the server did not accept it, and the recipients whose portions it accepted
    /// ([`Error::accepted`]).
    pub error: Error,
    /// Whether a portion of the mail has a result from this session.
    pub(crate) advanced: bool,
    /// Whether the session ended at this mail. If not, the mail waited for another.
    pub(crate) hit: bool,
}

/// The largest message, in octets, after which the session takes another mail to wait.
const MAX_BATCHED_OCTETS: u64 = 1024 * 1024;

/// The mails that have been taken from the stream and wait.
#[derive(Debug, Default)]
struct WaitingMails {
    /// The next, which the server can take as far as is known.
    next: Option<(usize, Prepared)>,
    /// Those after it.
    later: VecDeque<(usize, Mail)>,
    taken: usize,
    /// Mails that have had a portion answered in this session.
    advanced: HashSet<usize>,
    /// Mails that are sent for the second time.
    again: HashSet<usize>,
    /// The next waits until all mails on their way are answered, and the server can be asked what it
    /// offers.
    must_ask_first: bool,
    /// Why no other mail is begun, though the server would take some.
    closed: Option<Error>,
}

impl WaitingMails {
    /// Whether the pipeline can use another mail from the stream: one to send, and one that waits after
    /// it. Another session may send the rest sooner.
    fn wants_mail<T>(&self, pipeline: &Pipeline<T>) -> bool {
        self.later.is_empty()
            && match &self.next {
                None => pipeline.may_be_followed(),
                Some((_, next)) => {
                    next.size <= MAX_BATCHED_OCTETS && pipeline.benefits_from_batching()
                }
            }
    }

    /// Whether a mail waits to be begun.
    fn has_mails(&self) -> bool {
        self.next.is_some() || !self.later.is_empty()
    }

    /// A mail that is returned, to be sent to the recipients of its envelope.
    fn unsent(&self, index: usize, mail: Mail, error: Error, hit: bool) -> UnsentMail {
        UnsentMail {
            index,
            error: cut_short(&mail, error),
            advanced: self.advanced.contains(&index),
            hit,
            mail,
        }
    }

    fn push(&mut self, mail: Mail) {
        self.later.push_back((self.taken, mail));
        self.taken += 1;
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Sends the mails of a stream. Each mail follows the previous one as closely as the
    /// [strategy](Self::strategy) and the server allow. `on_outcome` is called with the place of each
    /// mail in the stream, from 0, and with its result. The session takes a mail from the stream only
    /// when it can send it soon, and continues with the mails on their way while the stream is pending.
    ///
    /// The future is ready when the stream has ended and every mail has its result. It is ready earlier
    /// when a mail needs another session: because this one has ended ([`is_open`](Self::is_open)), or
    /// because the server takes no recipients in further domains (RFC 9422 section 4.3). It then returns
    /// the mails that were taken from the stream and that another session can send. All others are still in
    /// the stream. Each mail that was taken is either reported to `on_outcome` or returned, never both.
    ///
    /// If the server refuses a mail because it cannot do what it offers, the mail is sent again at once, in
    /// another way; or it is among those returned.
    ///
    /// # Errors
    ///
    /// Each mail has its own, as [`send`](Self::send). If the connection breaks, the
    /// [`Fate`](crate::Fate) of each mail follows from what had left. It may be unknown for several mails
    /// at once if messages go by BDAT, and for one at most if they go by DATA. If a
    /// [`Departure`](super::Departure) does not let some mails leave, these fail, the session ends, and the
    /// mails that would have left with them are returned.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the session. The fate of each mail that was taken and not reported is
    /// unknown.
    pub async fn send_each(
        &mut self,
        mails: impl Stream<Item = Mail>,
        mut on_outcome: impl FnMut(usize, Result<Receipt>),
    ) -> Vec<UnsentMail> {
        if self.require_open().is_err() {
            return Vec::new();
        }
        let span = self.dialogue.telemetry.span.clone();
        let mails = pin!(mails.fuse());
        self.dialogue.returns_unsent = true;
        let sent = self.send_while_open(mails, &mut on_outcome);
        let returned = sent.instrument(span).await;
        self.dialogue.returns_unsent = false;
        returned
    }

    async fn send_while_open(
        &mut self,
        mut mails: Pin<&mut Fuse<impl Stream<Item = Mail>>>,
        on_outcome: &mut impl FnMut(usize, Result<Receipt>),
    ) -> Vec<UnsentMail> {
        let mut queue = WaitingMails::default();
        let mut returned = Vec::new();
        while self.dialogue.is_alive()
            && !(self.stops_taking(&queue) && self.dialogue.pipeline.is_empty())
        {
            self.fill(&mut queue, mails.as_mut(), on_outcome).await;
            // What a server says while nothing is due is its end: no mail is sent there for nothing.
            if let Some(end) = self.dialogue.ended_while_idle().await {
                queue.closed = Some(end);
                break;
            }
            if self.begin_next(&mut queue) {
                continue;
            }
            match self.dialogue.advance().await {
                DialogueStatus::Working => {}
                // What has come may make room for mails that leave with what is put together.
                DialogueStatus::Waiting if self.dialogue.wire.has_reply().await => {
                    let received = self.dialogue.reply().await;
                    self.dialogue.accept_reply(received).await;
                }
                DialogueStatus::Waiting
                    if queue.has_mails()
                        || mails.is_done()
                        || self.stops_taking(&queue)
                        || !self.dialogue.pipeline.may_be_followed() =>
                {
                    self.dialogue.answer().await;
                }
                DialogueStatus::Waiting => {
                    self.dialogue.launch().await;
                    tokio::select! {
                        biased;
                        received = self.dialogue.reply() => self.dialogue.accept_reply(received).await,
                        Some(mail) = mails.next() => queue.push(mail),
                    }
                }
                DialogueStatus::Idle
                    if queue.has_mails() || !self.dialogue.concluded.is_empty() => {}
                DialogueStatus::Idle => tokio::select! {
                    biased;
                    () = self.dialogue.wire.readable() => {}
                    mail = mails.next() => match mail {
                        Some(mail) => queue.push(mail),
                        None => break,
                    },
                },
            }
            self.report(&mut queue, &mut returned, on_outcome);
        }
        self.report(&mut queue, &mut returned, on_outcome);
        self.give_back(queue, &mut returned);
        returned
    }

    /// Whether no other mail is begun in this session.
    fn stops_taking(&self, queue: &WaitingMails) -> bool {
        self.takes_no_more() || queue.closed.is_some()
    }

    /// Prepares the next mail, and takes mails from the stream for it. A mail that cannot be sent
    /// makes room for the one that follows.
    async fn fill(
        &mut self,
        queue: &mut WaitingMails,
        mut mails: Pin<&mut Fuse<impl Stream<Item = Mail>>>,
        on_outcome: &mut impl FnMut(usize, Result<Receipt>),
    ) {
        let is_withdrawn = |(_, next): &mut (usize, Prepared)| next.mail.withdrawal.is_withdrawn();
        if let Some((index, prepared)) = queue.next.take_if(is_withdrawn) {
            let mut mail = prepared.mail;
            if let Some(portion) = prepared.portion {
                mail.envelope = portion.whole;
            }
            on_outcome(index, Err(cut_short(&mail, withdrawn())));
        }
        if queue.must_ask_first && !self.dialogue.pipeline.is_empty() {
            return;
        }
        while self.dialogue.is_alive() && !self.stops_taking(queue) {
            if queue.wants_mail(&self.dialogue.pipeline)
                && let Poll::Ready(Some(mail)) = poll!(mails.next())
            {
                queue.push(mail);
            }
            if queue.next.is_some() {
                return;
            }
            let Some((index, mail)) = queue.later.pop_front() else {
                return;
            };
            self.prepare_next(queue, index, mail, on_outcome).await;
            if queue.must_ask_first {
                return;
            }
        }
    }

    /// Prepares a mail. One that cannot be sent is reported; one that another session can take stays
    /// in the queue, and closes it.
    async fn prepare_next(
        &mut self,
        queue: &mut WaitingMails,
        index: usize,
        mut mail: Mail,
        on_outcome: &mut impl FnMut(usize, Result<Receipt>),
    ) {
        if mail.withdrawal.is_withdrawn() {
            return on_outcome(index, Err(cut_short(&mail, withdrawn())));
        }
        let portion = match self.cut(&mail) {
            Ok(portion) => portion,
            Err(error) if error.kind() == ErrorKind::Closed => {
                queue.later.push_front((index, mail));
                queue.closed = Some(error);
                return;
            }
            Err(error) => return on_outcome(index, Err(cut_short(&mail, error))),
        };
        mail.envelope = portion.first.clone();
        let error = match self.prepare(&mail).await {
            Ok(mut prepared) => {
                prepared.portion = portion.left.is_some().then_some(portion);
                queue.next = Some((index, prepared));
                queue.must_ask_first = false;
                return;
            }
            Err(error) => error,
        };
        mail.envelope = portion.whole;
        queue.must_ask_first = self.must_ask_first(&error);
        // The session may end, or the server take no more mails, while it is asked what it offers.
        let is_closed = !self.dialogue.is_alive() || self.takes_no_more();
        if !queue.must_ask_first && !is_closed {
            return on_outcome(index, Err(cut_short(&mail, error)));
        }
        queue.later.push_front((index, mail));
        if !queue.must_ask_first {
            queue.closed = Some(error);
        }
    }

    /// Begins the next mail, if it may be.
    fn begin_next(&mut self, queue: &mut WaitingMails) -> bool {
        if self.stops_taking(queue) {
            return false;
        }
        let waiting = queue.later.len();
        let may_begin = |(_, next): &mut (usize, Prepared)| self.dialogue.may_begin(next, waiting);
        let Some((index, prepared)) = queue.next.take_if(may_begin) else {
            return false;
        };
        self.begin(index, prepared, waiting);
        true
    }

    /// Reports the results, and queues the mails that are sent again.
    fn report(
        &mut self,
        queue: &mut WaitingMails,
        returned: &mut Vec<UnsentMail>,
        on_outcome: &mut impl FnMut(usize, Result<Receipt>),
    ) {
        let is_alive = self.dialogue.is_alive() && !self.stops_taking(queue);
        let mut again = Vec::new();
        while let Some(mut concluded) = self.dialogue.concluded.pop_front() {
            let index = concluded.ticket;
            let portion = concluded.portion.take();
            let portion = portion.unwrap_or_else(|| Portion::whole(&concluded.mail.envelope));
            if let Some(mut mail) = concluded.to_resend() {
                mail.envelope = portion.whole.clone();
                match concluded.result {
                    Err(error) if !is_alive => {
                        let hit = concluded.blame == Blame::Session;
                        returned.push(queue.unsent(index, mail, error, hit));
                        continue;
                    }
                    Err(_) if queue.again.insert(index) => {
                        mail.withdrawal.uncommit();
                        again.push((index, mail));
                        continue;
                    }
                    _ => {}
                }
            }
            let is_repeatable = concluded.mail.message.is_repeatable();
            let left = portion.remaining(&mut concluded.result, is_repeatable, self.hello.dialect);
            let Concluded {
                mut mail, result, ..
            } = concluded;
            queue.again.remove(&index);
            if left.is_none() && !mail.withdrawal.has_portions() {
                on_outcome(index, result);
                continue;
            }
            let envelope = mail.envelope.clone();
            let add = |results: &mut PortionResults| results.add(result, &envelope, left);
            match mail.withdrawal.add_portion(add) {
                ControlFlow::Continue(rest) => {
                    mail.envelope = rest;
                    mail.withdrawal.uncommit();
                    queue.advanced.insert(index);
                    again.push((index, mail));
                }
                ControlFlow::Break(result) => {
                    queue.advanced.remove(&index);
                    on_outcome(index, result);
                }
            }
        }
        for mail in again.into_iter().rev() {
            queue.later.push_front(mail);
        }
    }

    /// Returns every mail that was taken and not begun.
    fn give_back(&mut self, mut queue: WaitingMails, returned: &mut Vec<UnsentMail>) {
        let error = (queue.closed.take()).or_else(|| self.require_open().err());
        // A mail is never dropped, whatever the reason that it is still here.
        let error = error.unwrap_or_else(|| {
            Error::new(
                ErrorKind::Closed,
                "the session ended before the mail: open another",
            )
        });
        let next = queue.next.take().map(|(index, prepared)| {
            let Prepared {
                mut mail, portion, ..
            } = prepared;
            if let Some(portion) = portion {
                mail.envelope = portion.whole;
            }
            (index, mail)
        });
        let later = std::mem::take(&mut queue.later);
        for (index, mail) in next.into_iter().chain(later) {
            returned.push(queue.unsent(index, mail, error.clone(), false));
        }
    }
}

/// The error of a mail that is not sent to the recipients of its envelope. Earlier portions of it
/// may have been.
fn cut_short(mail: &Mail, error: Error) -> Error {
    mail.withdrawal.cut_short(error, Some(&mail.envelope))
}
