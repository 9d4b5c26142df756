//! A mail with more recipients than a server takes at a time: it goes in portions (RFC 9422, RFC
//! 5321 section 4.5.3.1.10).

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::ops::ControlFlow;

use tokio::io::{AsyncRead, AsyncWrite};

use super::flow::Concluded;
use super::mail::Mail;
use super::receipt::Receipt;
use super::settled::Settled;
use super::transaction::Session;
use crate::address::{Domain, Envelope, ForwardPath, Partial};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::protocol::{Dialect, Outcome, Reply, ReplyMeaning};

/// A mail that has a portion under way.
#[derive(Debug)]
pub(super) struct Portion {
    /// The recipients that the portion was taken from.
    pub(super) whole: Envelope,
    /// The recipients of the portion.
    pub(super) first: Envelope,
    /// Those that are left; `None` if the portion is the whole.
    pub(super) left: Option<Envelope>,
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
        Err(Error::new(ErrorKind::Closed, message).at(Stage::Mail))
    }

    /// Takes from a mail the first portion that the server takes.
    pub(super) fn portion(&self, mail: &Mail) -> Result<Portion> {
        let limits = self.extensions().limits();
        let most = |limit: Option<NonZeroU32>| {
            limit.map_or(usize::MAX, |limit| {
                usize::try_from(limit.get()).unwrap_or(usize::MAX)
            })
        };
        let recipients = most(limits.recipients).min(most(self.most_recipients));
        let whole = mail.envelope.clone();
        let obstacle = if whole.partial() == Partial::AllOrNothing {
            Some("it is to go to all or none: allow less, or send it to fewer")
        } else if !mail.message.is_repeatable() {
            Some("its body can be read only once: give it as a file, or send it to fewer")
        } else {
            None
        };
        // The number that was learnt is no more than advice: the server may take more by now.
        let recipients = match obstacle {
            Some(_) => recipients,
            None => recipients.min(most(self.learned_recipients)),
        };
        let (first, left) = whole.split(recipients, most(limits.domains));
        self.require_domains(&first)?;
        match obstacle.filter(|_| left.is_some()) {
            Some(obstacle) => {
                let message = format!(
                    "the server takes fewer than {} recipients at a time, and the mail cannot go \
                     in portions since {obstacle}",
                    whole.forward_paths().len()
                );
                Err(Error::new(ErrorKind::InvalidInput, message).at(Stage::Mail))
            }
            None => Ok(Portion { whole, first, left }),
        }
    }

    /// Sends a mail, in as many portions as the server wants.
    pub(super) async fn send_in_portions(&mut self, mut mail: Mail) -> Result<Receipt> {
        let mut settled = Settled::default();
        loop {
            let (concluded, left) = match self.send_portion(&mail).await {
                Ok(sent) => sent,
                Err(error) if settled.is_empty() => return Err(error),
                Err(error) => return Err(settled.cut_short(error, Some(&mail.envelope))),
            };
            match settled.add(concluded.result, &concluded.mail.envelope, left) {
                ControlFlow::Continue(rest) => mail.envelope = rest,
                ControlFlow::Break(result) => return result,
            }
        }
    }

    /// What a portion has come to, and the recipients that are left.
    async fn send_portion(&mut self, mail: &Mail) -> Result<(Concluded, Option<Envelope>)> {
        self.require_open()?;
        let portion = self.portion(mail)?;
        let mut mail = mail.clone();
        mail.envelope = portion.first.clone();
        let mut concluded = self.send_one(mail).await?;
        // A session that has ended takes no other portion.
        let left = if self.is_open() {
            portion.left(&mut concluded, self.hello.dialect)
        } else {
            portion.left
        };
        Ok((concluded, left))
    }

    /// Learns how many recipients the server takes in a transaction, where it took some and then
    /// said that it has enough.
    pub(super) fn learn_most_recipients(&mut self, outcome: &Outcome) {
        let replies = &outcome.recipients;
        let count = replies
            .iter()
            .position(|reply| reply.means(ReplyMeaning::TooManyRecipients));
        let mut before = replies.iter().take(count.unwrap_or_default());
        if !before.any(Reply::is_positive_completion) {
            return;
        }
        let learnt = count.and_then(|count| NonZeroU32::new(u32::try_from(count).ok()?));
        let known = self.learned_recipients.into_iter();
        self.learned_recipients = known.chain(learnt).min();
    }
}

/// The domains of the recipients.
pub(super) fn domains(envelope: &Envelope) -> impl Iterator<Item = &Domain> {
    let paths = envelope.forward_paths().iter();
    paths.map(|path| path.addr_spec().domain())
}

impl Portion {
    /// A mail that goes to all of its recipients at once.
    pub(super) fn whole(mail: &Mail) -> Self {
        Self {
            whole: mail.envelope.clone(),
            first: mail.envelope.clone(),
            left: None,
        }
    }

    /// The recipients that are left, with those of the portion who were one too many: another
    /// transaction may accept them (RFC 5321 section 4.5.3.1.10).
    pub(super) fn left(self, concluded: &mut Concluded, dialect: Dialect) -> Option<Envelope> {
        let Ok(receipt) = &mut concluded.result else {
            return self.left;
        };
        // By LMTP, a code alone may be about the message, and another transaction gains nothing.
        let is_too_many = |reply: &Reply| {
            reply.means(ReplyMeaning::TooManyRecipients)
                || dialect == Dialect::Smtp && reply.means(ReplyMeaning::StorageExceeded)
        };
        let overflow = if concluded.mail.message.is_repeatable() {
            take_overflow(receipt, is_too_many)
        } else {
            Vec::new()
        };
        if overflow.is_empty() {
            return self.left;
        }
        let left = self.left.iter().flat_map(Envelope::forward_paths);
        let paths: Vec<_> = overflow.into_iter().chain(left.cloned()).collect();
        self.whole.restricted_to(&paths)
    }
}

/// Takes the recipients out of a receipt who were one too many.
fn take_overflow(receipt: &mut Receipt, is_too_many: impl Fn(&Reply) -> bool) -> Vec<ForwardPath> {
    if receipt.accepted.is_empty() {
        return Vec::new();
    }
    let is_overflow = |(_, reply): &mut (ForwardPath, Reply)| is_too_many(reply);
    let overflow = receipt.rejected.extract_if(.., is_overflow);
    overflow.map(|(path, _)| path).collect()
}
