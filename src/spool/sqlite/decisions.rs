//! What people decide: holds, and what becomes of rows.

use std::time::Duration;

use rusqlite::{Row, params};

use super::super::holds::{Hold, HoldReason, Scope};
use super::super::job::JobId;
use super::super::mail::MailState;
use super::super::outcome::Resolution;
use super::super::values;
use super::failure::Done;
use super::rows::{CANCELLED, Known, OpenJob};
use super::store::{Store, mail_id, milliseconds, to_count, to_milliseconds, to_time};

const REASONS: [HoldReason; 5] = [
    HoldReason::Person,
    HoldReason::Login,
    HoldReason::Limit,
    HoldReason::Server,
    HoldReason::Errors,
];

/// The key of a scope.
fn key(scope: &Scope) -> (i64, &str, i64) {
    match scope {
        Scope::Account(account) => (0, account, 0),
        Scope::Job(job) => (1, job.as_str(), 0),
        Scope::Mail(job, row) => (2, job.as_str(), i64::try_from(*row).unwrap_or(i64::MAX)),
    }
}

fn hold_from(row: &Row<'_>, first: usize) -> rusqlite::Result<Hold> {
    let reason: u8 = row.get(first)?;
    let reason = REASONS.get(usize::from(reason)).copied();
    let reason = reason.unwrap_or(HoldReason::Person);
    let text: String = row.get(first + 1)?;
    let mut hold = Hold::new(reason, text, to_time(row.get(first + 2)?), None);
    let until: Option<i64> = row.get(first + 3)?;
    hold.until = until.map(to_time);
    Ok(hold)
}

impl Store {
    pub(super) fn hold(
        &self,
        scope: &Scope,
        reason: HoldReason,
        text: &str,
        lasts: Option<Duration>,
    ) -> Done<()> {
        values::check_hold(text)?;
        let (kind, name, row) = key(scope);
        let now = self.now();
        let until = lasts.map(|lasts| now.saturating_add(milliseconds(lasts)));
        let mut numbers = (0_u8..).zip(REASONS);
        let reason = numbers.find(|(_, known)| *known == reason);
        let reason = reason.map(|(number, _)| number).unwrap_or_default();
        let sql = "INSERT OR REPLACE INTO hold (kind, name, row, reason, text, since, until)
            VALUES (?, ?, ?, ?, ?, ?, ?)";
        self.execute(sql, params![kind, name, row, reason, text, now, until])?;
        Ok(())
    }

    pub(super) fn unhold(&self, scope: &Scope) -> Done<bool> {
        let sql =
            "DELETE FROM hold WHERE kind = ? AND name = ? AND row = ? AND coalesce(until > ?, 1)";
        let (kind, name, row) = key(scope);
        Ok(self.execute(sql, params![kind, name, row, self.now()])? > 0)
    }

    pub(super) fn hold_of(&self, scope: &Scope) -> Done<Option<Hold>> {
        let sql = "SELECT reason, text, since, until FROM hold
            WHERE kind = ? AND name = ? AND row = ? AND coalesce(until > ?, 1)";
        let (kind, name, row) = key(scope);
        self.first(sql, params![kind, name, row, self.now()], |row| {
            hold_from(row, 0)
        })
    }

    pub(super) fn holds(&self) -> Done<Vec<(Scope, Hold)>> {
        let sql = "SELECT kind, name, row, reason, text, since, until FROM hold
            WHERE coalesce(until > ?, 1)";
        let holds = self.rows(sql, [self.now()], |row| {
            let key: (i64, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok((key, hold_from(row, 3)?))
        })?;
        let mut found = Vec::new();
        for ((kind, name, row), hold) in holds {
            let scope = match kind {
                0 => Scope::Account(name),
                1 => Scope::Job(name.parse()?),
                _ => Scope::Mail(name.parse()?, to_count(row)),
            };
            found.push((scope, hold));
        }
        Ok(found)
    }

    /// Forgets holds that have ended.
    pub(super) fn forget_holds(&self) -> Done<()> {
        let now = to_milliseconds(self.clock.now());
        self.execute("DELETE FROM hold WHERE until <= ?", [now])?;
        Ok(())
    }

    /// The rows of a job that a query finds by its bounds.
    fn known_by(&self, job: &OpenJob, sql: &str) -> Done<Vec<Known>> {
        let ids = self.rows(sql, [job.id << 32, (job.id + 1) << 32], |row| row.get(0))?;
        let known = ids.into_iter().map(|id| self.known(job, id));
        Ok(known
            .collect::<Done<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect())
    }

    /// Those of the named rows that are in one of these states, or those of all that the query finds.
    fn in_states(
        &self,
        job: &OpenJob,
        rows: Option<&[u64]>,
        states: &[MailState],
        all: &str,
    ) -> Done<Vec<Known>> {
        let mut known = match rows {
            None => self.known_by(job, all)?,
            Some(rows) => {
                let ids = rows.iter().filter_map(|row| mail_id(job.id, *row));
                let known = ids
                    .map(|id| self.known(job, id))
                    .collect::<Done<Vec<_>>>()?;
                known.into_iter().flatten().collect()
            }
        };
        known.sort_by_key(|known| known.id);
        known.dedup();
        known.retain(|known| states.contains(&known.state));
        Ok(known)
    }

    pub(super) fn resolve(
        &self,
        job: &JobId,
        rows: Option<&[u64]>,
        resolution: Resolution,
    ) -> Done<u64> {
        self.take_over()?;
        let mut job = self.job_named(job)?;
        let all = "SELECT id FROM fate INDEXED BY fate_problem
            WHERE state IN (5, 6, 7) AND id >= ?1 AND id < ?2";
        let unknown = self.in_states(&job, rows, &[MailState::Unknown], all)?;
        for known in &unknown {
            match resolution {
                Resolution::Send => self.make_ready(&mut job, known)?,
                Resolution::Accepted => {
                    self.move_to(&mut job, known, MailState::Accepted, None, None)?;
                }
                Resolution::Rejected => {
                    self.move_to(&mut job, known, MailState::Rejected, None, None)?;
                }
            }
        }
        self.count(&job)?;
        Ok(unknown.len() as u64)
    }

    pub(super) fn hasten(&self, job: &JobId, rows: Option<&[u64]>) -> Done<u64> {
        let mut job = self.job_named(job)?;
        let all = "SELECT id FROM later WHERE job = ?1 >> 32 AND ?2 > 0 AND due > 0";
        let waiting = self.in_states(&job, rows, &[MailState::Waiting], all)?;
        for known in &waiting {
            self.make_ready(&mut job, known)?;
        }
        self.count(&job)?;
        Ok(waiting.len() as u64)
    }

    pub(super) fn cancel(&self, job: &JobId, rows: Option<&[u64]>) -> Done<u64> {
        self.take_over()?;
        let mut job = self.job_named(job)?;
        let open = [MailState::Ready, MailState::Waiting];
        let all = "SELECT id FROM later WHERE job = ?1 >> 32 AND ?2 > 0";
        let open = self.in_states(&job, rows, &open, all)?;
        for known in &open {
            self.move_to(&mut job, known, MailState::Cancelled, None, None)?;
        }
        self.count(&job)?;
        let mut cancelled = open.len() as u64;
        if rows.is_none() && job.phase != CANCELLED {
            cancelled += self.cancel_fresh(job.id)?;
        }
        Ok(cancelled)
    }

    /// Cancels a job: its rows that no claim has had are cancelled with it.
    fn cancel_fresh(&self, job: i64) -> Done<u64> {
        let sql = "UPDATE job SET phase = 2 WHERE id = ? RETURNING ready, has_content, next_row";
        let found = self.first(sql, [job], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        let (fresh, has_content, next_row): (i64, bool, i64) = found.unwrap_or_default();
        let sql = "UPDATE job SET ready = 0, cancelled = cancelled + ready WHERE id = ?";
        self.execute(sql, [job])?;
        if has_content {
            let sql = "SELECT id FROM mail WHERE id >= ? AND id < ? AND content IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM fate WHERE fate.id = mail.id)";
            let bounds = [(job << 32) | next_row, (job + 1) << 32];
            for id in self.rows(sql, bounds, |row| row.get(0))? {
                self.end_use_of(id)?;
            }
        }
        Ok(to_count(fresh))
    }
}
