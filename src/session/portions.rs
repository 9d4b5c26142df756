//! A mail with more recipients than a server takes at a time: it goes in portions, each a transaction
//! of its own (RFC 9422, RFC 5321 section 4.5.3.1.10).

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::ops::ControlFlow;

use super::receipt::{Division, Receipt};
use crate::address::envelope::Partial;
use crate::address::{Domain, Envelope, ForwardPath};
use crate::error::{Error, ErrorKind, Fate, Result, Stage};
use crate::protocol::{Dialect, Limits, Reply, ReplyMeaning};

/// How many recipients a session takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecipientLimits<'a> {
    /// What the server has announced.
    pub(super) announced: Limits,
    /// What the user of the session allows.
    pub(super) configured: Option<NonZeroU32>,
    /// How many the server accepted before it refused one more, here or in an earlier session.
    pub(super) learned: Option<NonZeroU32>,
    /// The domains of earlier recipients, where the server limits their number in a session.
    pub(super) domains: &'a HashSet<Domain>,
}

/// A portion of a mail.
#[derive(Debug)]
pub(super) struct Portion {
    /// The recipients that the portion was taken from.
    pub(super) whole: Envelope,
    /// The recipients of the portion.
    pub(super) first: Envelope,
    /// The recipients of later portions; `None` if the portion is the whole.
    pub(super) left: Option<Envelope>,
}

/// Cuts the first portion that the server takes off a mail with this envelope. A message that cannot be
/// sent twice cannot go in portions.
pub(super) fn cut(
    whole: &Envelope,
    is_repeatable: bool,
    limits: RecipientLimits<'_>,
) -> Result<Portion> {
    let most = |limit: Option<u32>| {
        let most = limit.and_then(|limit| usize::try_from(limit).ok());
        most.unwrap_or(usize::MAX)
    };
    let configured = most(limits.configured.map(u32::from));
    let learned = most(limits.learned.map(u32::from));
    let obstacle = if whole.partial() == Partial::AllOrNothing {
        Some("it is to go to all or none: allow less, or send it to fewer")
    } else if !is_repeatable {
        Some("its body can be read only once: give it as a file, or send it to fewer")
    } else {
        None
    };
    let recipients = most(limits.announced.recipients).min(configured);
    // The number that was learned is only advice: the server may take more by now.
    let recipients = match obstacle {
        Some(_) => recipients,
        None => recipients.min(learned),
    };
    let (first, left) = whole.split(recipients, most(limits.announced.domains));
    require_domains(&first, limits)?;
    match obstacle.filter(|_| left.is_some()) {
        Some(obstacle) => {
            let message = format!(
                "the server takes fewer than {} recipients at a time, and the mail cannot go in \
                 portions since {obstacle}",
                whole.forward_paths().len()
            );
            Err(Error::new(ErrorKind::InvalidInput, message).with_stage(Stage::Mail))
        }
        None => Ok(Portion {
            whole: whole.clone(),
            first,
            left,
        }),
    }
}

/// Requires that the server takes recipients in these domains too: it may limit their number in a
/// session (RFC 9422 section 4.3).
fn require_domains(envelope: &Envelope, limits: RecipientLimits<'_>) -> Result<()> {
    let Some(most) = limits.announced.domains else {
        return Ok(());
    };
    let new = domains(envelope).filter(|domain| !limits.domains.contains(domain));
    let new: HashSet<_> = new.collect();
    let count = limits.domains.len() + new.len();
    if u32::try_from(count).is_ok_and(|count| count <= most) {
        return Ok(());
    }
    let message = format!(
        "the server takes recipients in no more than {most} domains in a session: open another"
    );
    Err(Error::new(ErrorKind::Closed, message).with_stage(Stage::Mail))
}

/// The domains of the recipients.
pub(super) fn domains(envelope: &Envelope) -> impl Iterator<Item = &Domain> {
    let paths = envelope.forward_paths().iter();
    paths.map(|path| path.addr_spec().domain())
}

impl Portion {
    /// A mail that goes to all of its recipients at once.
    pub(super) fn whole(envelope: &Envelope) -> Self {
        Self {
            whole: envelope.clone(),
            first: envelope.clone(),
            left: None,
        }
    }

    /// The recipients of later portions. The recipients that were one too many for this portion are moved
    /// there: another transaction may accept them (RFC 5321 section 4.5.3.1.10).
    pub(super) fn remaining(
        self,
        result: &mut Result<Receipt>,
        is_repeatable: bool,
        dialect: Dialect,
    ) -> Option<Envelope> {
        let Ok(receipt) = result else {
            return self.left;
        };
        if !is_repeatable || receipt.accepted.is_empty() {
            return self.left;
        }
        // By LMTP, a code alone may be about the message, and another transaction gains nothing.
        let is_overflow = |(_, reply): &mut (ForwardPath, Reply)| {
            reply.means(ReplyMeaning::TooManyRecipients)
                || dialect == Dialect::Smtp && reply.means(ReplyMeaning::StorageExceeded)
        };
        let overflow = receipt.rejected.extract_if(.., is_overflow);
        let overflow: Vec<_> = overflow.map(|(path, _)| path).collect();
        if overflow.is_empty() {
            return self.left;
        }
        let left = self.left.iter().flat_map(Envelope::forward_paths);
        let paths: Vec<_> = overflow.into_iter().chain(left.cloned()).collect();
        self.whole.restricted_to(&paths)
    }
}

/// The results of the portions of a mail so far, over one session or several.
#[derive(Debug, Default)]
pub(crate) struct PortionResults {
    /// Of the first portion that was accepted.
    receipt: Option<Receipt>,
    accepted: Vec<ForwardPath>,
    rejected: Vec<(ForwardPath, Reply)>,
    /// Of the first portion that was refused as a mail, or else for all of its recipients.
    error: Option<Error>,
    /// How many portions in a row were refused since the server had enough recipients.
    refused_as_too_many: u8,
    /// The recipients that are left, if the session ended in the middle of a portion.
    untried: Vec<ForwardPath>,
    /// The result of the mail, if it was known when its session ended.
    pub(super) whole: Option<Result<Receipt>>,
}

/// After this many portions that were refused since the server had enough recipients, its reply holds
/// for all that are left.
const MAX_REFUSED_PORTIONS: u8 = 3;

impl PortionResults {
    /// Adds the result of a portion, which went to the recipients of `envelope`. Continues with the
    /// recipients that are left; breaks with the result of the mail, if this was the last portion or no
    /// other can follow it.
    pub(super) fn add(
        &mut self,
        result: Result<Receipt>,
        envelope: &Envelope,
        left: Option<Envelope>,
    ) -> ControlFlow<Result<Receipt>, Envelope> {
        if left.is_none() && self.is_empty() {
            return ControlFlow::Break(result);
        }
        match result {
            Ok(mut receipt) => {
                self.refused_as_too_many = 0;
                self.accepted.append(&mut receipt.accepted);
                self.rejected.append(&mut receipt.rejected);
                match &mut self.receipt {
                    Some(first) => first.timing.add(receipt.timing),
                    none => *none = Some(receipt),
                }
            }
            Err(error) => {
                let Some(rejected) = all_refused(&error, envelope) else {
                    return ControlFlow::Break(Err(self.cut_short(error, left.as_ref())));
                };
                // By LMTP, some of a portion may be accepted before it fails for others.
                self.accepted.extend_from_slice(error.accepted());
                let last = rejected.last().map(|(_, reply)| reply.clone());
                // A code alone may be about a mailbox, and what is permanent holds for those who
                // were asked.
                let is_too_many = |(_, reply): &(_, Reply)| {
                    reply.is_transient() && reply.means(ReplyMeaning::TooManyRecipients)
                };
                if rejected.iter().all(is_too_many) {
                    self.refused_as_too_many += 1;
                } else {
                    self.refused_as_too_many = 0;
                }
                self.rejected.extend(rejected);
                match &self.error {
                    Some(first) if first.is_about_mail() || !error.is_about_mail() => {}
                    _ => self.error = Some(error),
                }
                if self.refused_as_too_many >= MAX_REFUSED_PORTIONS
                    && let (Some(left), Some(reply)) = (&left, last)
                {
                    let paths = left.forward_paths().iter();
                    self.rejected
                        .extend(paths.map(|path| (path.clone(), reply.clone())));
                    return ControlFlow::Break(self.result());
                }
            }
        }
        match left {
            Some(left) => ControlFlow::Continue(left),
            None => ControlFlow::Break(self.result()),
        }
    }

    /// Adds what is known of a portion whose session ended before its result.
    pub(super) fn break_off(&mut self, division: Division, left: Option<&Envelope>) {
        self.accepted.extend(division.accepted);
        self.rejected.extend(division.rejected);
        let left = left.into_iter().flat_map(Envelope::forward_paths);
        self.untried.extend(left.cloned());
    }

    /// Whether no portion has a result.
    pub(super) fn is_empty(&self) -> bool {
        self.receipt.is_none() && self.error.is_none()
    }

    /// Whether a portion has been accepted for a recipient.
    pub(crate) fn has_accepted(&self) -> bool {
        !self.accepted.is_empty()
    }

    /// The result of the mail, with all portions added.
    fn result(&self) -> Result<Receipt> {
        match (&self.receipt, &self.error) {
            (Some(receipt), _) => Ok(Receipt {
                accepted: self.accepted.clone(),
                rejected: self.rejected.clone(),
                ..receipt.clone()
            }),
            (None, Some(error)) => Err((error.clone())
                .with_accepted(self.accepted.clone())
                .with_rejected(self.rejected.clone())),
            (None, None) => Err(Error::new(
                ErrorKind::Closed,
                "no portion of the mail was sent",
            )),
        }
    }

    /// The error of a mail that fails after these portions. The recipients that are left have not been
    /// tried. What the error itself says of a recipient stands.
    pub(crate) fn cut_short(&self, error: Error, left: Option<&Envelope>) -> Error {
        let mut said: HashSet<_> = error.accepted().iter().cloned().collect();
        said.extend(error.rejected().iter().map(|(path, _)| path.clone()));
        let mut accepted = self.accepted.clone();
        accepted.retain(|path| !said.contains(path));
        accepted.extend_from_slice(error.accepted());
        let mut refused = self.rejected.clone();
        refused.retain(|(path, _)| !said.contains(path));
        refused.extend_from_slice(error.rejected());
        said.extend(accepted.iter().cloned());
        said.extend(refused.iter().map(|(path, _)| path.clone()));
        let left = left.into_iter().flat_map(Envelope::forward_paths);
        let mut untried = error.untried().to_vec();
        said.extend(untried.iter().cloned());
        let others = self.untried.iter().chain(left);
        untried.extend(others.filter(|path| said.insert((*path).clone())).cloned());
        error
            .with_accepted(accepted)
            .with_rejected(refused)
            .with_untried(untried)
    }
}

/// The recipients of a portion that the server refused, with its words to each. `None` if it is not
/// known of each what the server would have said, since the session ended before.
fn all_refused(error: &Error, envelope: &Envelope) -> Option<Vec<(ForwardPath, Reply)>> {
    let mut refused = error.rejected().to_vec();
    let said = error.accepted().iter().cloned();
    let said: HashSet<_> = said
        .chain(refused.iter().map(|(path, _)| path.clone()))
        .collect();
    let others = envelope.forward_paths().iter();
    let others: Vec<_> = others.filter(|path| !said.contains(path)).collect();
    match error.reply().filter(|_| error.fate() == Fate::NotAccepted) {
        Some(reply) => refused.extend(others.into_iter().map(|path| (path.clone(), reply.clone()))),
        None if others.is_empty() => {}
        None => return None,
    }
    Some(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(domains: &str) -> Envelope {
        let to = domains.split(' ').map(|domain| format!("a@{domain}.test"));
        Envelope::new("me@x.test", to).unwrap()
    }

    /// The number of recipients in the first portion, and of those that are left.
    fn sizes(portion: &Portion) -> (usize, usize) {
        let left = (portion.left.as_ref()).map_or(0, |left| left.forward_paths().len());
        (portion.first.forward_paths().len(), left)
    }

    #[test]
    fn a_mail_is_cut_at_the_lowest_limit() {
        let none = HashSet::new();
        for (announced, configured, learned, repeatable, expected) in [
            (None, None, None, true, Some((4, 0))),
            (Some(3), None, None, true, Some((3, 1))),
            (Some(3), Some(2), None, true, Some((2, 2))),
            (Some(3), Some(2), Some(1), true, Some((1, 3))),
            (Some(4), None, None, false, Some((4, 0))),
            // A number that was learned does not stop a mail that cannot go in portions.
            (None, None, Some(1), false, Some((4, 0))),
            (Some(3), None, None, false, None),
        ] {
            let mut limits = RecipientLimits {
                announced: Limits::default(),
                configured: configured.and_then(NonZeroU32::new),
                learned: learned.and_then(NonZeroU32::new),
                domains: &none,
            };
            limits.announced.recipients = announced;
            let portion = cut(&envelope("p q r s"), repeatable, limits);
            let found = portion.as_ref().ok().map(sizes);
            assert_eq!(found, expected, "{announced:?} {configured:?} {learned:?}");
        }
    }

    #[test]
    fn domains_are_counted_over_the_session() {
        for (earlier, to, expected) in [
            ("", "p q r", Some((2, 1))),
            ("p", "p q", Some((2, 0))),
            ("p q", "p q", Some((2, 0))),
            ("p q", "r", None),
        ] {
            let earlier: HashSet<_> = match earlier {
                "" => HashSet::new(),
                earlier => domains(&envelope(earlier)).cloned().collect(),
            };
            let mut limits = RecipientLimits {
                announced: Limits::default(),
                configured: None,
                learned: None,
                domains: &earlier,
            };
            limits.announced.domains = Some(2);
            let portion = cut(&envelope(to), true, limits);
            assert_eq!(portion.as_ref().ok().map(sizes), expected, "{to}");
        }
    }
}
