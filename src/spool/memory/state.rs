//! What a store in memory has.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::super::error::{SpoolError, SpoolErrorKind};
use super::super::events::Event;
use super::super::holds::{Hold, Scope};
use super::super::job::{Job, JobId, JobKind, JobPhase, NewJob};
use super::super::mail::{Added, MailState, NewMail};
use super::super::outcome::Resolution;
use super::super::query::{MailRecord, Query};
use super::super::spending::Spending;
use super::super::values;
use super::claims::ClaimedRows;
use super::contents::Contents;
use super::rows::Rows;

/// The most events of an answer.
const MAX_EVENTS: usize = 1_000;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) jobs: BTreeMap<JobId, Rows>,
    pub(super) claims: BTreeMap<u64, ClaimedRows>,
    pub(super) holds: BTreeMap<Scope, Hold>,
    pub(super) contents: Contents,
    pub(super) spending: BTreeMap<String, Spending>,
    events: BTreeMap<JobId, VecDeque<Event>>,
    last_number: u64,
}

impl State {
    pub(super) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn rows(&mut self, job: &JobId) -> Result<&mut Rows, SpoolError> {
        self.jobs.get_mut(job).ok_or_else(|| values::no_job(job))
    }

    pub(super) fn create(&mut self, new: NewJob, now: SystemTime) -> Result<bool, SpoolError> {
        values::check_job(&new)?;
        if let Some(rows) = self.jobs.get(&new.id) {
            let job = &rows.job;
            let is_same =
                (job.kind, &job.account, &job.spec) == (new.kind, &new.account, &new.spec);
            return if is_same {
                Ok(false)
            } else {
                Err(values::another_job(&new.id))
            };
        }
        for id in &new.content {
            self.contents.get(*id)?;
        }
        for id in &new.content {
            self.contents.add_use(*id);
        }
        let contents = new.content.clone();
        let mut rows = Rows::new(Job::new(new, now));
        rows.contents = contents;
        rows.number = self.next_number();
        self.jobs.insert(rows.job.id.clone(), rows);
        Ok(true)
    }

    pub(super) fn add(
        &mut self,
        job: &JobId,
        mails: Vec<NewMail>,
        now: SystemTime,
    ) -> Result<Added, SpoolError> {
        values::check_mails(&mails)?;
        for mail in &mails {
            mail.content
                .map_or(Ok(()), |id| self.contents.get(id).map(drop))?;
        }
        let rows = self.jobs.get_mut(job).ok_or_else(|| values::no_job(job))?;
        let is_open = match rows.job.kind {
            JobKind::Batch => rows.job.phase == JobPhase::Adding,
            JobKind::Queue => rows.job.phase == JobPhase::Started,
        };
        if !is_open {
            return Err(values::is_closed(job));
        }
        let mut added = Added::default();
        for mail in mails {
            if rows.by_key.contains_key(&mail.key) {
                added.duplicates += 1;
                continue;
            }
            added.new += 1;
            let (content, delay) = (mail.content, mail.delay);
            let row = rows.push(mail, now);
            if let Some(id) = content {
                self.contents.add_use(id);
            }
            if delay > Duration::ZERO {
                let due = now.checked_add(delay);
                rows.move_to(row, MailState::Waiting, due, &mut self.contents);
            }
        }
        Ok(added)
    }

    pub(super) fn start(&mut self, job: &JobId, now: SystemTime) -> Result<(), SpoolError> {
        let rows = self.rows(job)?;
        match rows.job.phase {
            JobPhase::Cancelled => return Err(values::is_closed(job)),
            JobPhase::Adding => {
                rows.job.phase = JobPhase::Started;
                rows.job.started = Some(now);
            }
            JobPhase::Started => {}
        }
        Ok(())
    }

    pub(super) fn jobs(&mut self, now: SystemTime) -> Vec<Job> {
        self.take_over(now);
        let mut all: Vec<_> = self.jobs.values().collect();
        all.sort_by_key(|rows| rows.number);
        let ids: Vec<_> = all.into_iter().map(|rows| rows.job.id.clone()).collect();
        ids.iter().filter_map(|id| self.job(id, now)).collect()
    }

    pub(super) fn job(&mut self, id: &JobId, now: SystemTime) -> Option<Job> {
        self.take_over(now);
        let mut job = self.jobs.get(id)?.job.clone();
        let hold = self.holds.get(&Scope::Job(id.clone()));
        job.hold = hold.filter(|hold| hold.holds_at(now)).cloned();
        let claims = self.claims.values().filter(|claim| claim.job == *id);
        let mut workers: Vec<_> = claims.map(|claim| claim.name.clone()).collect();
        workers.sort();
        workers.dedup();
        job.workers = workers;
        Some(job)
    }

    pub(super) fn mails(&mut self, query: &Query) -> Result<Vec<MailRecord>, SpoolError> {
        let most = usize::try_from(query.most.min(Query::MAX_ROWS)).unwrap_or(usize::MAX);
        let first = query.after.saturating_add(1);
        let rows = self.rows(&query.job)?.by_number.range(first..);
        let rows = rows.map(|(_, row)| &row.record);
        let is_wanted =
            |row: &&MailRecord| query.states.is_empty() || query.states.contains(&row.state);
        Ok(rows.filter(is_wanted).take(most).cloned().collect())
    }

    pub(super) fn is_held(&self, scope: &Scope, now: SystemTime) -> bool {
        self.holds.get(scope).is_some_and(|hold| hold.holds_at(now))
    }

    pub(super) fn holds(&mut self, now: SystemTime) -> Vec<(Scope, Hold)> {
        self.holds.retain(|_, hold| hold.holds_at(now));
        let holds = self.holds.iter();
        holds
            .map(|(scope, hold)| (scope.clone(), hold.clone()))
            .collect()
    }

    /// Does something with the rows that are in one of these states: with those named, or with all.
    fn with_rows(
        &mut self,
        job: &JobId,
        named: Option<&[u64]>,
        states: &[MailState],
        mut work: impl FnMut(&mut Rows, u64, &mut Contents),
    ) -> Result<u64, SpoolError> {
        let rows = self.jobs.get_mut(job).ok_or_else(|| values::no_job(job))?;
        let all = rows.by_number.keys().copied();
        let all: Vec<_> = named.map_or_else(|| all.collect(), <[u64]>::to_vec);
        let mut count = 0;
        for row in all {
            let state = rows.row(row).map(|row| row.record.state);
            if state.is_some_and(|state| states.contains(&state)) {
                work(rows, row, &mut self.contents);
                count += 1;
            }
        }
        Ok(count)
    }

    pub(super) fn resolve(
        &mut self,
        job: &JobId,
        rows: Option<&[u64]>,
        resolution: Resolution,
        now: SystemTime,
    ) -> Result<u64, SpoolError> {
        self.take_over(now);
        self.with_rows(
            job,
            rows,
            &[MailState::Unknown],
            |rows, row, contents| match resolution {
                Resolution::Send => rows.put_back(row, MailState::Ready, None, contents),
                Resolution::Accepted => rows.move_to(row, MailState::Accepted, None, contents),
                Resolution::Rejected => rows.move_to(row, MailState::Rejected, None, contents),
            },
        )
    }

    pub(super) fn hasten(&mut self, job: &JobId, rows: Option<&[u64]>) -> Result<u64, SpoolError> {
        self.with_rows(job, rows, &[MailState::Waiting], |rows, row, contents| {
            rows.move_to(row, MailState::Ready, None, contents);
        })
    }

    pub(super) fn cancel(
        &mut self,
        job: &JobId,
        named: Option<&[u64]>,
        now: SystemTime,
    ) -> Result<u64, SpoolError> {
        self.take_over(now);
        if named.is_none() {
            self.rows(job)?.job.phase = JobPhase::Cancelled;
        }
        let open = [MailState::Ready, MailState::Waiting];
        self.with_rows(job, named, &open, |rows, row, contents| {
            rows.move_to(row, MailState::Cancelled, None, contents);
        })
    }

    pub(super) fn remove(&mut self, job: &JobId, now: SystemTime) -> Result<bool, SpoolError> {
        self.take_over(now);
        if self.claims.values().any(|claim| claim.job == *job) {
            let message = format!("a worker sends mails of the job {job}: stop it first");
            return Err(SpoolError::new(SpoolErrorKind::Busy, message));
        }
        let Some(rows) = self.jobs.remove(job) else {
            return Ok(false);
        };
        let of_rows = rows.by_number.values().filter_map(|row| row.record.content);
        for id in of_rows.chain(rows.contents) {
            self.contents.end_use(id);
        }
        self.events.remove(job);
        let is_other = |scope: &Scope| match scope {
            Scope::Job(id) | Scope::Mail(id, _) => id != job,
            Scope::Account(_) => true,
        };
        self.holds.retain(|scope, _| is_other(scope));
        Ok(true)
    }

    pub(super) fn prune(&mut self, older: Duration, now: SystemTime) -> u64 {
        let is_old = |at: Option<SystemTime>| {
            let age = at.and_then(|at| now.duration_since(at).ok());
            age.is_some_and(|age| age >= older)
        };
        let finished = self.jobs.values().filter(|rows| {
            let last = rows.job.settled.or(Some(rows.job.created));
            rows.job.is_finished() && rows.job.counts.get(MailState::Unknown) == 0 && is_old(last)
        });
        let finished: Vec<_> = finished.map(|rows| rows.job.id.clone()).collect();
        let mut removed = 0;
        for id in finished {
            removed += self.jobs.get(&id).map_or(0, |rows| rows.job.counts.total());
            let _ = self.remove(&id, now);
        }
        for rows in self.jobs.values_mut() {
            if rows.job.kind != JobKind::Queue {
                continue;
            }
            let old = rows.by_number.iter().filter(|(_, row)| {
                let state = row.record.state;
                state.is_settled() && state != MailState::Unknown && is_old(row.record.at)
            });
            let old: Vec<_> = old.map(|(row, _)| *row).collect();
            for row in old {
                rows.forget(row, &mut self.contents);
                removed += 1;
            }
        }
        self.contents.prune(now);
        removed
    }

    #[cfg(all(test, feature = "testing"))]
    pub(super) fn revive(&mut self, state: MailState, now: SystemTime) {
        // Those in flight of workers that have died are not unknown yet.
        if state != MailState::InFlight {
            self.take_over(now);
        }
        let live = self.claims.iter().filter(|(_, claim)| claim.is_live(now));
        let live: Vec<_> = live.map(|(number, _)| *number).collect();
        for rows in self.jobs.values_mut() {
            let found = rows.by_number.iter().filter(|(_, row)| {
                row.record.state == state && row.claim.is_none_or(|claim| !live.contains(&claim))
            });
            let found: Vec<_> = found.map(|(row, _)| *row).collect();
            for row in found {
                rows.move_to(row, MailState::Ready, None, &mut self.contents);
            }
        }
    }

    pub(super) fn note(&mut self, job: &JobId, name: &str, detail: Bytes, now: SystemTime) {
        if !self.jobs.contains_key(job) {
            return;
        }
        let number = self.next_number();
        let event = Event::new(number, now, job.clone(), name.to_owned(), detail);
        let events = self.events.entry(job.clone()).or_default();
        events.push_back(event);
        if events.len() > Event::KEPT {
            events.pop_front();
        }
    }

    pub(super) fn events(&self, job: &JobId, after: u64) -> Vec<Event> {
        let events = self.events.get(job).into_iter().flatten();
        let events = events.filter(|event| event.number > after);
        events.take(MAX_EVENTS).cloned().collect()
    }
}
