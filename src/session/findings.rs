//! What a session finds out about its server, for later sessions with it.

use std::num::NonZeroU32;

use crate::error::{Error, Result};
use crate::protocol::{Defect, Reply, ReplyMeaning, TransactionOutcome};
use crate::session::receipt::Receipt;

/// What a session has found out about its server.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// How many mails have been begun.
    pub(super) begun: u32,
    /// How many mails the server has accepted.
    accepted: u32,
    /// Whether the server accepted the last mail that it answered.
    pub(super) last_accepted: bool,
    /// The server has refused a mail because it accepts no more in this session.
    pub(super) takes_no_more: bool,
    /// How many mails the server had accepted when it ended the session at the next, and how.
    pub(crate) ended_after: Option<(NonZeroU32, Error)>,
    /// How many recipients the server accepted in a transaction before it refused one more.
    pub(crate) max_recipients: Option<NonZeroU32>,
    /// What the server offers and does not support.
    pub(crate) defects: Vec<FoundDefect>,
}

/// Something that the server offers and does not support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FoundDefect {
    pub(crate) defect: Defect,
    /// Whether a reply shows it. A missing reply or a closed connection may have another reason.
    pub(crate) in_words: bool,
}

impl Findings {
    /// A mail has its result.
    pub(super) fn count(&mut self, result: &Result<Receipt>) {
        self.last_accepted = result.is_ok();
        self.accepted += u32::from(result.is_ok());
    }

    /// The server ended the session at the mail after those that it has accepted.
    pub(super) fn ended_by(&mut self, error: Error) {
        self.ended_after = NonZeroU32::new(self.accepted).map(|mails| (mails, error));
    }

    /// Learns how many recipients the server takes in a transaction, if it accepted some and then
    /// replied that there are too many.
    pub(super) fn learn_max_recipients(&mut self, outcome: &TransactionOutcome) {
        let replies = &outcome.recipients;
        let is_too_many = |reply: &Reply| reply.means(ReplyMeaning::TooManyRecipients);
        let Some(count) = replies.iter().position(is_too_many) else {
            return;
        };
        if !(replies.iter().take(count)).any(Reply::is_positive_completion) {
            return;
        }
        let learned = u32::try_from(count).ok().and_then(NonZeroU32::new);
        self.max_recipients = self.max_recipients.into_iter().chain(learned).min();
    }
}
