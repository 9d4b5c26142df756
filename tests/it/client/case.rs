//! Compares the reported outcomes of mails with what the server has.

use std::collections::{HashMap, HashSet};

use pilotfish::address::ForwardPath;
use pilotfish::session::{RecipientOutcome, recipient_outcomes};
use pilotfish::testing::Received;
use pilotfish::{Fate, Receipt, Result};

use super::number_of;
use crate::support::client::summary;

/// The outcome of a mail, as the caller knows it.
#[derive(Debug)]
pub(crate) enum Reported {
    Of(Box<Result<Receipt>>),
    /// The caller dropped the future.
    Nothing,
}

/// Mails, counted by outcome.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) cases: usize,
    pub(crate) accepted: usize,
    pub(crate) not_accepted: usize,
    pub(crate) unknown: usize,
    /// How many of the unknown mails arrived.
    pub(crate) unknown_there: usize,
    pub(crate) dropped: usize,
    /// How many of the dropped mails arrived.
    pub(crate) dropped_there: usize,
}

/// All recipients that a result mentions.
fn lists(result: &Result<Receipt>) -> Vec<ForwardPath> {
    let path = |(path, _): &(ForwardPath, _)| path.clone();
    match result {
        Ok(receipt) => {
            let rejected = receipt.rejected.iter().map(path);
            receipt.accepted.iter().cloned().chain(rejected).collect()
        }
        Err(error) => {
            let refused = error.rejected().iter().map(path);
            let said = error.accepted().iter().cloned().chain(refused);
            said.chain(error.untried().iter().cloned()).collect()
        }
    }
}

impl Tally {
    /// Compares the reported outcome of each mail, by number, with what the server has. All mails
    /// have the recipient of [`letter`](super::letter).
    pub(crate) fn verify(
        &mut self,
        outcomes: &[(usize, Reported)],
        received: &[Received],
        context: &str,
    ) {
        let recipients = |_| vec!["a@example.org".parse().unwrap()];
        self.verify_each(outcomes, received, recipients, context);
    }

    /// The same for mails to these recipients: compares the outcome of each recipient.
    pub(crate) fn verify_each(
        &mut self,
        outcomes: &[(usize, Reported)],
        received: &[Received],
        recipients: impl Fn(usize) -> Vec<ForwardPath>,
        context: &str,
    ) {
        let mut there: HashMap<usize, Vec<&Received>> = HashMap::new();
        for mail in received {
            there.entry(number_of(&mail.octets)).or_default().push(mail);
        }
        for (number, reported) in outcomes {
            let there = there.remove(number).unwrap_or_default();
            let recipients = recipients(*number);
            let paths: Vec<_> = there.iter().map(|mail| &mail.forward_paths).collect();
            let context = || match reported {
                Reported::Of(result) => {
                    format!("{context}: {number}: {}, {paths:?} there", summary(result))
                }
                Reported::Nothing => format!("{context}: {number}: dropped, {paths:?} there"),
            };
            let times = |path: &ForwardPath| {
                let path = path.addr_spec().to_string();
                paths.iter().filter(|paths| paths.contains(&path)).count()
            };
            let at_most_once = recipients.iter().all(|path| times(path) <= 1);
            assert!(at_most_once, "twice: {}", context());
            let is_there = usize::from(!there.is_empty());
            let result = match reported {
                Reported::Nothing => {
                    self.dropped += 1;
                    self.dropped_there += is_there;
                    continue;
                }
                Reported::Of(result) => &**result,
            };
            for recipient in recipient_outcomes(&recipients, result.as_ref()) {
                let times = times(recipient.path);
                match recipient.outcome {
                    RecipientOutcome::Accepted => assert_eq!(times, 1, "lost: {}", context()),
                    RecipientOutcome::Unknown => {}
                    _ => assert_eq!(times, 0, "there all the same: {}", context()),
                }
            }
            let lists = lists(result);
            let listed: HashSet<_> = lists.iter().collect();
            assert_eq!(listed.len(), lists.len(), "listed twice: {}", context());
            match result {
                Ok(receipt) => {
                    self.accepted += 1;
                    let reply = receipt.reply.to_string();
                    let is_of = |mail: &&Received| reply.ends_with(&mail.queue_id);
                    assert!(
                        there.iter().any(is_of),
                        "the reply to another: {}",
                        context()
                    );
                }
                Err(error) if error.fate() == Fate::Unknown => {
                    self.unknown += 1;
                    self.unknown_there += is_there;
                    assert!(!error.is_transient(), "{}", context());
                }
                Err(_) => self.not_accepted += 1,
            }
        }
        assert!(
            there.is_empty(),
            "{context}: arrived, but not sent: {:?}",
            there.keys()
        );
        self.cases += 1;
    }
}
