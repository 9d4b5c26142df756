//! The outcome for each recipient, as the detail of an answer has it.

use serde::{Deserialize, Serialize};

use crate::address::ForwardPath;
use crate::protocol::Reply;
use crate::session::{Recipient, RecipientOutcome};
use crate::spool::Answer;

/// The outcome of a mail for one recipient, as a spool keeps it: [`Answer::detail`] is a list of these in
/// JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecipientRecord {
    /// The address.
    pub to: String,
    /// One word, as [`RecipientOutcome::name`] has it.
    pub outcome: String,
    /// The reply of the server to this recipient, if it has refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
}

impl RecipientRecord {
    /// The records of an answer; none if it has none, or others.
    #[must_use]
    pub fn of_answer(answer: &Answer) -> Vec<Self> {
        serde_json::from_slice(&answer.detail).unwrap_or_default()
    }

    pub(super) fn of(recipient: &Recipient<'_>) -> Self {
        Self {
            to: recipient.path.addr_spec().to_string(),
            outcome: recipient.outcome.name().to_owned(),
            reply: recipient.reply.map(Reply::text),
        }
    }

    /// Whether the mail need not be sent to this recipient again. An unknown one is sent to again only after
    /// a person has decided that.
    fn is_final(&self) -> bool {
        let closed = [RecipientOutcome::Accepted, RecipientOutcome::Rejected];
        closed.iter().any(|closed| closed.name() == self.outcome)
    }
}

/// The recipients that are left after an attempt, and the records of the others.
pub(super) fn left(
    paths: &[ForwardPath],
    previous: Option<&Answer>,
) -> (Vec<ForwardPath>, Vec<RecipientRecord>) {
    let mut done = previous.map(RecipientRecord::of_answer).unwrap_or_default();
    done.retain(RecipientRecord::is_final);
    let is_done = |path: &ForwardPath| {
        let address = path.addr_spec().to_string();
        done.iter().any(|record| record.to == address)
    };
    let left = paths.iter().filter(|path| !is_done(path)).cloned();
    (left.collect(), done)
}
