//! Claiming rows, and recording for them.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use super::super::claim::{Claim, ClaimedMail, Token, Want};
use super::super::error::{SpoolError, SpoolErrorKind};
use super::super::holds::Scope;
use super::super::job::{JobId, JobPhase};
use super::super::mail::MailState;
use super::super::outcome::Outcome;
use super::rows::Rows;
use super::state::State;

/// Rows that a worker has.
#[derive(Debug)]
pub(super) struct ClaimedRows {
    pub(super) job: JobId,
    pub(super) worker: Weak<String>,
    pub(super) name: String,
    rows: BTreeSet<u64>,
    lease: Duration,
    until: SystemTime,
}

impl ClaimedRows {
    pub(super) fn is_live(&self, now: SystemTime) -> bool {
        self.worker.strong_count() > 0 && now < self.until
    }
}

impl State {
    /// Ends the claims of workers that have died.
    pub(super) fn take_over(&mut self, now: SystemTime) {
        let dead = self.claims.iter().filter(|(_, claim)| !claim.is_live(now));
        let dead: Vec<_> = dead.map(|(number, _)| *number).collect();
        for number in dead {
            let Some(claim) = self.claims.remove(&number) else {
                continue;
            };
            let why = format!("worker {} ended before the reply came", claim.name);
            self.let_go(&claim, &why, now);
        }
    }

    fn let_go(&mut self, claim: &ClaimedRows, why: &str, now: SystemTime) {
        if let Some(rows) = self.jobs.get_mut(&claim.job) {
            for row in &claim.rows {
                rows.let_go(*row, why, now, &mut self.contents);
            }
        }
    }

    pub(super) fn claim(
        &mut self,
        want: &Want,
        worker: &Arc<String>,
        now: SystemTime,
    ) -> Option<Claim> {
        self.take_over(now);
        let (job, found) = self.claimable(want, now)?;
        let number = self.next_number();
        let turn = self.next_number();
        let rows = self.jobs.get_mut(&job)?;
        rows.turn = turn;
        let account = rows.job.account.clone();
        let mut mails = Vec::new();
        for row in &found {
            rows.move_to(*row, MailState::Claimed, None, &mut self.contents);
            if let Some(found) = rows.row_mut(*row) {
                found.claim = Some(number);
                let record = &found.record;
                let data = record.data.clone();
                let mut mail = ClaimedMail::new(*row, record.key.clone(), data);
                mail.content = record.content;
                mail.attempts = record.attempts;
                mail.age = now.duration_since(record.added).unwrap_or_default();
                mail.previous.clone_from(&record.answer);
                mails.push(mail);
            }
        }
        let claimed = ClaimedRows {
            job: job.clone(),
            worker: Arc::downgrade(worker),
            name: worker.to_string(),
            rows: found,
            lease: want.lease,
            until: now + want.lease,
        };
        self.claims.insert(number, claimed);
        Some(Claim::new(Token::new(number, number), job, account, mails))
    }

    /// The rows that a claim would have now. The job whose turn is the longest ago comes first.
    fn claimable(&self, want: &Want, now: SystemTime) -> Option<(JobId, BTreeSet<u64>)> {
        let is_held = |scope: Scope| self.is_held(&scope, now);
        let jobs = self.jobs.values().filter(|rows| {
            let job = &rows.job;
            job.phase == JobPhase::Started
                && want.accounts.contains(&job.account)
                && want.job.as_ref().is_none_or(|wanted| *wanted == job.id)
                && !is_held(Scope::Account(job.account.clone()))
                && !is_held(Scope::Job(job.id.clone()))
        });
        let most = usize::try_from(want.most).unwrap_or(usize::MAX);
        let found = |rows: &Rows| {
            let due = rows.waiting.iter().take_while(|(due, _)| *due <= now);
            let due = due.map(|(_, row)| *row);
            let free = due.chain(rows.ready.iter().copied());
            let free = free.filter(|row| !is_held(Scope::Mail(rows.job.id.clone(), *row)));
            free.take(most).collect::<BTreeSet<_>>()
        };
        let jobs = jobs.map(|rows| (rows.turn, rows.job.id.clone(), found(rows)));
        let jobs = jobs.filter(|(.., found)| !found.is_empty());
        let next = jobs.min_by_key(|(turn, ..)| *turn);
        next.map(|(_, job, found)| (job, found))
    }

    pub(super) fn has_ready(&self, want: &Want, now: SystemTime) -> bool {
        self.claims.values().any(|claim| !claim.is_live(now)) || self.claimable(want, now).is_some()
    }

    pub(super) fn record(
        &mut self,
        token: &Token,
        leaving: &[u64],
        settled: &[(u64, Outcome)],
        now: SystemTime,
    ) -> Result<(), SpoolError> {
        let claim = self.claims.get_mut(&token.claim());
        let claim = claim.ok_or_else(SpoolError::lost)?;
        let rows = self.jobs.get_mut(&claim.job).ok_or_else(SpoolError::lost)?;
        check(rows, token.claim(), leaving, settled)?;
        for (row, outcome) in settled {
            rows.settle(*row, outcome, now, &mut self.contents);
            claim.rows.remove(row);
        }
        for row in leaving {
            rows.move_to(*row, MailState::InFlight, None, &mut self.contents);
        }
        claim.until = now + claim.lease;
        Ok(())
    }

    pub(super) fn release(
        &mut self,
        token: &Token,
        settled: &[(u64, Outcome)],
        now: SystemTime,
    ) -> Result<(), SpoolError> {
        self.record(token, &[], settled, now)?;
        if let Some(claim) = self.claims.remove(&token.claim()) {
            self.let_go(&claim, "the worker did not learn of a reply", now);
        }
        Ok(())
    }
}

/// Fails unless all rows are of this claim, and each outcome can be that of its row.
fn check(
    rows: &Rows,
    claim: u64,
    leaving: &[u64],
    settled: &[(u64, Outcome)],
) -> Result<(), SpoolError> {
    let mut once = BTreeSet::new();
    let settled = settled.iter().map(|(row, outcome)| (*row, Some(outcome)));
    for (row, outcome) in settled.chain(leaving.iter().map(|row| (*row, None))) {
        let found = rows.row(row).filter(|found| found.claim == Some(claim));
        let found = found.ok_or_else(SpoolError::lost)?;
        let has_left = found.record.state == MailState::InFlight;
        let can_be = match outcome {
            Some(Outcome::Unknown(_)) => has_left,
            // Some recipients may have accepted an earlier attempt.
            Some(Outcome::Accepted(_)) => has_left || found.record.attempts > 0,
            _ => true,
        };
        if !once.insert(row) || !can_be {
            let message =
                format!("row {row} cannot have this outcome: it was not recorded as leaving");
            return Err(SpoolError::new(SpoolErrorKind::Invalid, message));
        }
    }
    Ok(())
}
