//! A mail with more recipients than a server takes at a time: it goes in portions (RFC 9422, RFC
//! 5321 section 4.5.3.1.10).

use std::collections::{HashSet, VecDeque};
use std::num::NonZeroU32;

use tokio::io::{AsyncRead, AsyncWrite};

use super::flow::{Concluded, Standing};
use super::mail::Mail;
use super::receipt::Receipt;
use super::transaction::Session;
use crate::address::{Domain, Envelope, ForwardPath, Partial};
use crate::error::{Error, Fate, Kind, Result, Stage};
use crate::message::Message;
use crate::protocol::{Dialect, Reply};

/// What is left of a mail whose first portion is under way.
#[derive(Debug)]
pub(super) struct Rest {
    /// The envelope that was cut into portions.
    pub(super) whole: Envelope,
    pub(super) first: Envelope,
    others: VecDeque<Envelope>,
    /// To be sent to the others, and to those who were too many; `None` if that cannot be.
    message: Option<Message>,
}

impl Rest {
    /// Nothing is left, unless recipients were too many.
    pub(super) fn of(mail: &Mail) -> Self {
        Self {
            whole: mail.envelope.clone(),
            first: mail.envelope.clone(),
            others: VecDeque::new(),
            message: repeatable(mail),
        }
    }

    /// Whether it is known from the start that there are others.
    pub(super) fn has_others(&self) -> bool {
        !self.others.is_empty()
    }
}

/// The message of a mail, if it can be sent to others too.
fn repeatable(mail: &Mail) -> Option<Message> {
    (mail.message.is_repeatable()).then(|| mail.message.clone())
}

/// What has become of the portions so far.
#[derive(Debug, Default)]
struct Gathered {
    /// Of the first portion that was accepted.
    receipt: Option<Receipt>,
    accepted: Vec<ForwardPath>,
    rejected: Vec<(ForwardPath, Reply)>,
    /// Of the first portion that was not.
    error: Option<Error>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Whether the server takes recipients in these domains too: the limit is one of the session
    /// (RFC 9422 section 4.3).
    fn require_domains(&self, envelope: &Envelope) -> Result<()> {
        let Some(most) = self.extensions().limits().domains else {
            return Ok(());
        };
        let new = domains(envelope).filter(|domain| !self.domains.contains(domain));
        let new: HashSet<_> = new.collect();
        if u32::try_from(self.domains.len() + new.len()).is_ok_and(|count| count <= most.get()) {
            return Ok(());
        }
        let message = format!(
            "the server takes recipients in no more than {most} domains in a session: open another"
        );
        Err(Error::new(Kind::Closed, message).at(Stage::Rcpt))
    }

    /// Cuts a mail into portions that the server takes.
    pub(super) fn portions(&self, mail: &Mail) -> Result<Rest> {
        let limits = self.extensions().limits();
        let most = |limit: Option<NonZeroU32>| {
            limit.map_or(usize::MAX, |limit| {
                usize::try_from(limit.get()).unwrap_or(usize::MAX)
            })
        };
        let recipients = limits.recipients.or(self.most_recipients);
        let (recipients, domains) = (most(recipients), most(limits.domains));
        let mut others = VecDeque::from(mail.envelope.portions(recipients, domains));
        let first = others.pop_front().unwrap_or_else(|| mail.envelope.clone());
        self.require_domains(&first)?;
        let message = repeatable(mail);
        let obstacle = if others.is_empty() {
            None
        } else if mail.envelope.partial() == Partial::AllOrNothing {
            Some("it is to go to all or none: allow less, or send it to fewer")
        } else if message.is_none() {
            Some("its body can be read only once: give it as a file, or send it to fewer")
        } else {
            None
        };
        match obstacle {
            Some(obstacle) => {
                let message = format!(
                    "the server takes fewer than {} recipients at a time, and the mail cannot go \
                     in portions since {obstacle}",
                    mail.envelope.forward_paths().len()
                );
                Err(Error::new(Kind::InvalidInput, message).at(Stage::Mail))
            }
            None => Ok(Rest {
                whole: mail.envelope.clone(),
                first,
                others,
                message,
            }),
        }
    }

    /// Sends the rest of a mail, whose first portion has come to this.
    pub(super) async fn send_rest(
        &mut self,
        first: Result<Receipt>,
        rest: Rest,
    ) -> Result<Receipt> {
        let Rest {
            first: mut envelope,
            mut others,
            message: Some(message),
            ..
        } = rest
        else {
            return first;
        };
        let mut result = first;
        if result.is_err() && others.is_empty() {
            return result;
        }
        let mut gathered = Gathered::default();
        loop {
            // By LMTP, these codes may be about the message too, and portions gain nothing.
            if let Ok(receipt) = &mut result
                && self.hello.dialect == Dialect::Smtp
                && self.is_open()
            {
                others.extend(take_overflow(receipt, &envelope));
            }
            let goes_on = gathered.add(result, &envelope);
            let Some(next) = goes_on.and_then(|()| others.pop_front()) else {
                return gathered.finish(&others);
            };
            envelope = next;
            // Rare, and large: most mails need no room for it.
            result = Box::pin(self.send_portion(envelope.clone(), message.clone())).await;
        }
    }

    async fn send_portion(&mut self, envelope: Envelope, message: Message) -> Result<Receipt> {
        self.require_open()?;
        self.require_domains(&envelope)?;
        let prepared = self.prepare(Mail::new(envelope, message)).await?;
        self.begin(0, prepared, 0);
        self.next_concluded().await.result
    }

    /// What the oldest mail comes to.
    pub(super) async fn next_concluded(&mut self) -> Concluded {
        loop {
            match self.concluded.pop_front() {
                Some(concluded) => return concluded,
                None if self.advance().await == Standing::Waiting => self.answer().await,
                None => {}
            }
        }
    }
}

/// The domains of the recipients.
pub(super) fn domains(envelope: &Envelope) -> impl Iterator<Item = &Domain> {
    let paths = envelope.forward_paths().iter();
    paths.map(|path| path.addr_spec().domain())
}

/// Takes the recipients out of a receipt who were one too many: they are accepted in another
/// transaction (RFC 5321 section 4.5.3.1.10).
fn take_overflow(receipt: &mut Receipt, envelope: &Envelope) -> Option<Envelope> {
    if !has_overflow(receipt) {
        return None;
    }
    let too_many = |(_, reply): &mut (ForwardPath, Reply)| reply.is_too_many_recipients();
    let overflow = receipt.rejected.extract_if(.., too_many);
    let paths: Vec<_> = overflow.map(|(path, _)| path).collect();
    envelope.restricted_to(&paths)
}

/// Whether recipients were refused who are accepted in another transaction.
pub(super) fn has_overflow(receipt: &Receipt) -> bool {
    let mut replies = receipt.rejected.iter().map(|(_, reply)| reply);
    !receipt.accepted.is_empty() && replies.any(Reply::is_too_many_recipients)
}

impl Gathered {
    /// Adds a portion. `None` if the next one cannot follow it: it is not known for each recipient
    /// what the server said, since the session has ended.
    fn add(&mut self, result: Result<Receipt>, envelope: &Envelope) -> Option<()> {
        let error = match result {
            Ok(mut receipt) => {
                self.accepted.append(&mut receipt.accepted);
                self.rejected.append(&mut receipt.rejected);
                match &mut self.receipt {
                    Some(first) => first.timing.add(receipt.timing),
                    none => *none = Some(receipt),
                }
                return Some(());
            }
            Err(error) => error,
        };
        // By LMTP, some of a portion may be accepted before it fails for others.
        self.accepted.extend_from_slice(error.accepted());
        self.rejected.extend_from_slice(error.refused());
        let listed = error.accepted().iter();
        let listed: HashSet<_> = listed
            .chain(error.refused().iter().map(|(path, _)| path))
            .collect();
        let others = envelope.forward_paths().iter();
        let mut others = others
            .filter(|path| !listed.contains(path))
            .cloned()
            .peekable();
        let reply = error
            .reply()
            .filter(|_| error.fate() == Fate::NotAccepted)
            .cloned();
        let goes_on = others.peek().is_none() || reply.is_some();
        if let Some(reply) = reply {
            self.rejected
                .extend(others.map(|path| (path, reply.clone())));
        }
        drop(listed);
        if goes_on {
            self.error.get_or_insert(error);
            return Some(());
        }
        self.receipt = None;
        self.error = Some(error);
        None
    }

    /// What the mail has come to, when the turn of these has not come.
    fn finish(self, untried: &VecDeque<Envelope>) -> Result<Receipt> {
        match (self.receipt, self.error) {
            (Some(receipt), _) => Ok(Receipt {
                accepted: self.accepted,
                rejected: self.rejected,
                ..receipt
            }),
            (None, Some(error)) => {
                let untried = untried.iter().flat_map(Envelope::forward_paths);
                Err(error
                    .after_refusing(self.rejected)
                    .after_accepting(self.accepted)
                    .before_trying(untried.cloned().collect()))
            }
            (None, None) => Err(Error::new(Kind::Closed, "no portion of the mail was sent")),
        }
    }
}
