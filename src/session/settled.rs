//! What the portions of a mail have come to so far.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::outcome::Division;
use super::receipt::Receipt;
use crate::address::{Envelope, ForwardPath};
use crate::error::{Error, ErrorKind, Fate, Result};
use crate::protocol::{Reply, ReplyMeaning};

/// What the portions of a mail have come to so far, over one session or several.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// Of the first portion that was accepted.
    receipt: Option<Receipt>,
    accepted: Vec<ForwardPath>,
    rejected: Vec<(ForwardPath, Reply)>,
    /// Of the first portion that was refused as a mail, or else for all of its recipients.
    error: Option<Error>,
    /// How many portions in a row were refused since the server had enough recipients.
    refused_as_too_many: u8,
    /// Those who are left, if the session ended in the middle of a portion.
    untried: Vec<ForwardPath>,
    /// What the mail has come to, if that was known when its session ended.
    pub(super) whole: Option<Result<Receipt>>,
}

/// After so many portions that were refused since the server had enough recipients, its reply holds
/// for all that are left.
const MOST_TOO_MANY: u8 = 3;

impl Settled {
    /// Adds what a portion has come to, which went to the recipients of `envelope`. Continues with
    /// the recipients that are left; breaks with what the mail has come to, if it was the last
    /// portion or no other can follow it.
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
                if self.refused_as_too_many >= MOST_TOO_MANY
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

    /// Adds what is known of a portion in the middle of which the session ended.
    pub(super) fn break_off(&mut self, division: Division, left: Option<&Envelope>) {
        self.accepted.extend(division.accepted);
        self.rejected.extend(division.rejected);
        let left = left.into_iter().flat_map(Envelope::forward_paths);
        self.untried.extend(left.cloned());
    }

    /// Whether no portion has come to anything.
    pub(super) fn is_empty(&self) -> bool {
        self.receipt.is_none() && self.error.is_none()
    }

    /// Whether a portion has been accepted for a recipient.
    pub(crate) fn has_accepted(&self) -> bool {
        !self.accepted.is_empty()
    }

    /// What the mail has come to, with all portions added.
    fn result(&self) -> Result<Receipt> {
        match (&self.receipt, &self.error) {
            (Some(receipt), _) => Ok(Receipt {
                accepted: self.accepted.clone(),
                rejected: self.rejected.clone(),
                ..receipt.clone()
            }),
            (None, Some(error)) => Err((error.clone())
                .after_accepting(self.accepted.clone())
                .after_refusing(self.rejected.clone())),
            (None, None) => Err(Error::new(
                ErrorKind::Closed,
                "no portion of the mail was sent",
            )),
        }
    }

    /// The error of a mail that fails with its portions settled so far. The turn of those who are
    /// left has not come. What the error says of a recipient itself stands.
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
            .after_accepting(accepted)
            .after_refusing(refused)
            .before_trying(untried)
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
    let reply = error.reply().filter(|_| error.fate() == Fate::NotAccepted);
    match reply {
        None if !others.is_empty() => None,
        None => Some(refused),
        Some(reply) => {
            refused.extend(others.into_iter().map(|path| (path.clone(), reply.clone())));
            Some(refused)
        }
    }
}
