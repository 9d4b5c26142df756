//! What was told of mails, and whether it is so.

use std::collections::HashMap;

use pilotfish::testing::Received;
use pilotfish::{Fate, Receipt, Result};

use super::number_of;
use crate::support::client::told;

/// What the caller knows of a mail.
#[derive(Debug)]
pub(crate) enum Told {
    Of(Box<Result<Receipt>>),
    /// The future was dropped.
    Nothing,
}

/// How many mails came to what.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) cases: usize,
    pub(crate) accepted: usize,
    pub(crate) not_accepted: usize,
    pub(crate) unknown: usize,
    /// Of the unknown, those that arrived.
    pub(crate) unknown_there: usize,
    pub(crate) dropped: usize,
    /// Of the dropped, those that arrived.
    pub(crate) dropped_there: usize,
}

impl Tally {
    /// Compares what was told of each mail, by its number, with what the server has.
    pub(crate) fn judge(
        &mut self,
        outcomes: &[(usize, Told)],
        received: &[Received],
        context: &str,
    ) {
        let mut there: HashMap<usize, Vec<&Received>> = HashMap::new();
        for mail in received {
            there.entry(number_of(&mail.octets)).or_default().push(mail);
        }
        for (number, told_of_it) in outcomes {
            let there = there.remove(number).unwrap_or_default();
            let times = there.len();
            let context = || match told_of_it {
                Told::Of(result) => format!("{context}: {number}: {}, {times} there", told(result)),
                Told::Nothing => format!("{context}: {number}: dropped, {times} there"),
            };
            assert!(times <= 1, "twice: {}", context());
            match told_of_it {
                Told::Nothing => {
                    self.dropped += 1;
                    self.dropped_there += times;
                }
                Told::Of(result) => match &**result {
                    Ok(receipt) => {
                        self.accepted += 1;
                        assert_eq!(times, 1, "lost: {}", context());
                        let reply = receipt.reply.to_string();
                        assert!(
                            reply.ends_with(&there[0].queue_id),
                            "the reply to another: {}, {}",
                            context(),
                            there[0].queue_id
                        );
                    }
                    Err(error) if error.fate() == Fate::Unknown => {
                        self.unknown += 1;
                        self.unknown_there += times;
                        assert!(!error.is_transient(), "{}", context());
                    }
                    Err(_) => {
                        self.not_accepted += 1;
                        assert_eq!(times, 0, "there all the same: {}", context());
                    }
                },
            }
        }
        assert!(
            there.is_empty(),
            "{context}: nobody sent {:?}",
            there.keys()
        );
        self.cases += 1;
    }
}
