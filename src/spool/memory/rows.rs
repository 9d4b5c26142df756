//! The rows of a job, and the states that they pass.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::SystemTime;

use super::super::content::ContentId;
use super::super::job::{Job, JobPhase};
use super::super::mail::{MailState, NewMail};
use super::super::outcome::{Answer, Outcome};
use super::super::query::MailRecord;
use super::contents::Contents;

/// A job with its rows.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) job: Job,
    pub(super) by_number: BTreeMap<u64, Row>,
    last_row: u64,
    pub(super) by_key: HashMap<String, u64>,
    pub(super) ready: BTreeSet<u64>,
    pub(super) waiting: BTreeSet<(SystemTime, u64)>,
    /// When rows of it were claimed last, as a number that counts up.
    pub(super) turn: u64,
    /// The order of its creation.
    pub(super) number: u64,
    /// The content of the whole job.
    pub(super) contents: Vec<ContentId>,
}

#[derive(Debug)]
pub(super) struct Row {
    pub(super) record: MailRecord,
    /// The claim that has it.
    pub(super) claim: Option<u64>,
}

impl Rows {
    pub(super) fn new(job: Job) -> Self {
        Self {
            job,
            by_number: BTreeMap::new(),
            last_row: 0,
            by_key: HashMap::new(),
            ready: BTreeSet::new(),
            waiting: BTreeSet::new(),
            turn: 0,
            number: 0,
            contents: Vec::new(),
        }
    }

    pub(super) fn row(&self, row: u64) -> Option<&Row> {
        self.by_number.get(&row)
    }

    pub(super) fn row_mut(&mut self, row: u64) -> Option<&mut Row> {
        self.by_number.get_mut(&row)
    }

    /// Adds a mail, which is ready.
    pub(super) fn push(&mut self, mail: NewMail, now: SystemTime) -> u64 {
        self.last_row += 1;
        let row = self.last_row;
        self.by_key.insert(mail.key.clone(), row);
        let mut record = MailRecord::new(row, mail.key, mail.data, now);
        record.content = mail.content;
        self.by_number.insert(
            row,
            Row {
                record,
                claim: None,
            },
        );
        let ready = self.job.counts.get(MailState::Ready);
        self.job.counts.set(MailState::Ready, ready + 1);
        self.ready.insert(row);
        row
    }

    /// Removes a settled row.
    pub(super) fn forget(&mut self, row: u64, contents: &mut Contents) {
        let Some(removed) = self.by_number.remove(&row) else {
            return;
        };
        let MailRecord {
            key,
            content,
            state,
            ..
        } = removed.record;
        self.by_key.remove(&key);
        let count = self.job.counts.get(state);
        self.job.counts.set(state, count.saturating_sub(1));
        if let Some(id) = content {
            contents.end_use(id);
        }
    }

    /// Moves a row to another state. `due` is for one that waits.
    pub(super) fn move_to(
        &mut self,
        row: u64,
        to: MailState,
        due: Option<SystemTime>,
        contents: &mut Contents,
    ) {
        let Some(found) = self.row_mut(row) else {
            return;
        };
        let from = found.record.state;
        let old_due = found.record.due;
        found.record.state = to;
        found.record.due = due;
        if !matches!(to, MailState::Claimed | MailState::InFlight) {
            found.claim = None;
        }
        // An unknown row may be sent again.
        if to.is_settled()
            && to != MailState::Unknown
            && let Some(id) = found.record.content.take()
        {
            contents.end_use(id);
        }
        match (from, old_due) {
            (MailState::Ready, _) => drop(self.ready.remove(&row)),
            (MailState::Waiting, Some(due)) => drop(self.waiting.remove(&(due, row))),
            _ => {}
        }
        match (to, due) {
            (MailState::Ready, _) => drop(self.ready.insert(row)),
            (MailState::Waiting, Some(due)) => drop(self.waiting.insert((due, row))),
            _ => {}
        }
        self.job.counts.shift(from, to);
    }

    /// Records what became of a row.
    pub(super) fn settle(
        &mut self,
        row: u64,
        outcome: &Outcome,
        now: SystemTime,
        contents: &mut Contents,
    ) {
        let state = outcome.state();
        let due = match outcome {
            Outcome::Deferred { after, .. } => now.checked_add(*after),
            _ => None,
        };
        if let Some(answer) = outcome.answer() {
            let is_attempt = state != MailState::Failed;
            self.answered(row, answer.clone(), is_attempt, now);
        }
        if state.is_settled() {
            self.job.settled = Some(now);
            self.move_to(row, state, None, contents);
        } else {
            self.put_back(row, state, due, contents);
        }
    }

    /// Makes a row that has not left one that can be claimed, unless the job was cancelled.
    pub(super) fn put_back(
        &mut self,
        row: u64,
        state: MailState,
        due: Option<SystemTime>,
        contents: &mut Contents,
    ) {
        if self.job.phase == JobPhase::Cancelled {
            self.move_to(row, MailState::Cancelled, None, contents);
        } else {
            self.move_to(row, state, due, contents);
        }
    }

    fn answered(&mut self, row: u64, answer: Answer, is_attempt: bool, now: SystemTime) {
        if let Some(row) = self.row_mut(row) {
            row.record.attempts += u32::from(is_attempt);
            row.record.answer = Some(answer);
            row.record.at = Some(now);
        }
    }

    /// Ends the claim of a row: it is ready again if it has not left, and unknown otherwise.
    pub(super) fn let_go(&mut self, row: u64, why: &str, now: SystemTime, contents: &mut Contents) {
        match self.row(row).map(|row| row.record.state) {
            Some(MailState::Claimed) => self.put_back(row, MailState::Ready, None, contents),
            Some(MailState::InFlight) => {
                let unknown = Outcome::Unknown(Answer::new(why));
                self.settle(row, &unknown, now, contents);
            }
            _ => {}
        }
    }
}
