//! A mail with more recipients than a server takes at a time: it goes in portions (RFC 9422, RFC
//! 5321 section 4.5.3.1.10).

use std::collections::{HashSet, VecDeque};
use std::num::NonZeroU32;

use tokio::io::{AsyncRead, AsyncWrite};

use super::flow::Standing;
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
    receipt: Option<Receipt>,
    /// Of portions that nobody got.
    rejected: Vec<(ForwardPath, Reply)>,
    /// The first of these portions.
    error: Option<Error>,
    count: usize,
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
        let mut gathered = Gathered::default();
        loop {
            // By LMTP, these codes may be about the message too, and portions gain nothing.
            if let Ok(receipt) = &mut result
                && self.hello.dialect == Dialect::Smtp
                && self.is_open()
            {
                others.extend(take_overflow(receipt, &envelope));
            }
            gathered.add(result, &envelope)?;
            let Some(next) = others.pop_front() else {
                return gathered.finish();
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
        self.next_result().await
    }

    /// What the oldest mail comes to.
    pub(super) async fn next_result(&mut self) -> Result<Receipt> {
        loop {
            match self.concluded.pop_front() {
                Some(concluded) => return concluded.result,
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
    /// Adds a portion; an error if it cannot be said of each recipient what the server said.
    fn add(&mut self, result: Result<Receipt>, envelope: &Envelope) -> Result<()> {
        self.count += 1;
        let error = match (result, &mut self.receipt) {
            (Ok(receipt), Some(before)) => {
                before.accepted.extend(receipt.accepted);
                before.rejected.extend(receipt.rejected);
                before.timing.add(receipt.timing);
                return Ok(());
            }
            (Ok(receipt), none) => {
                *none = Some(receipt);
                return Ok(());
            }
            (Err(error), _) => error,
        };
        let mut rejected = error.refused().to_vec();
        for path in envelope.forward_paths() {
            if rejected.iter().any(|(known, _)| known == path) {
                continue;
            }
            match error.reply() {
                Some(reply) if error.fate() == Fate::NotAccepted => {
                    rejected.push((path.clone(), reply.clone()));
                }
                _ => return Err(self.broken_off(error)),
            }
        }
        self.rejected.extend(rejected);
        self.error.get_or_insert(error);
        Ok(())
    }

    fn broken_off(&mut self, error: Error) -> Error {
        let mut refused = std::mem::take(&mut self.rejected);
        refused.extend_from_slice(error.refused());
        match self.receipt.take() {
            Some(receipt) => {
                refused.extend(receipt.rejected);
                error
                    .after_refusing(refused)
                    .after_accepting(receipt.accepted)
            }
            None => error.after_refusing(refused),
        }
    }

    fn finish(self) -> Result<Receipt> {
        match (self.receipt, self.error) {
            (Some(mut receipt), _) => {
                receipt.rejected.extend(self.rejected);
                Ok(receipt)
            }
            (None, Some(error)) if self.count == 1 => Err(error),
            (None, Some(error)) => Err(error.after_refusing(self.rejected)),
            (None, None) => Err(Error::new(Kind::Closed, "no portion of the mail was sent")),
        }
    }
}
