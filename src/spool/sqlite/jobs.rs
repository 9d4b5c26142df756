//! Jobs, and adding mails to them.

use std::time::Duration;

use bytes::Bytes;
use rusqlite::{Row, params};

use super::super::error::{SpoolError, SpoolErrorKind};
use super::super::holds::Scope;
use super::super::job::{Job, JobId, JobKind, JobPhase, NewJob};
use super::super::mail::{Added, MailState, NewMail};
use super::super::values;
use super::failure::Done;
use super::rows::counts;
use super::store::{Store, milliseconds, to_count, to_time};

const fn kind_number(kind: JobKind) -> i64 {
    match kind {
        JobKind::Batch => 0,
        JobKind::Queue => 1,
    }
}

/// The rows that one transaction deletes.
const SWEPT: i64 = 2_000;

impl Store {
    pub(super) fn create(&self, new: &NewJob) -> Done<bool> {
        values::check_job(new)?;
        let name = new.id.as_str();
        let sql = "SELECT kind = ?2 AND account = ?3 AND spec = ?4 FROM job WHERE name = ?1";
        let kind = kind_number(new.kind);
        let values = params![name, kind, new.account, &*new.spec];
        match self.first(sql, values, |row| row.get(0))? {
            Some(true) => return Ok(false),
            Some(false) => return Err(values::another_job(&new.id).into()),
            None => {}
        }
        // A queue is started from the first, and the number of `started` is that of `queue`.
        let sql = "INSERT INTO job (name, kind, account, phase, turn, next_row, last_row, has_content,
            ready, waiting, claimed, in_flight, accepted, rejected, unknown, failed, cancelled, events,
            created, spec) VALUES (?1, ?2, ?3, ?2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ?5, ?4)";
        self.execute(
            sql,
            params![name, kind, new.account, &*new.spec, self.now()],
        )?;
        let job = self.connection.last_insert_rowid();
        for content in &new.content {
            let content = self.add_use(*content)?;
            let sql = "INSERT INTO job_content (job, content) VALUES (?, ?)";
            self.execute(sql, [job, content])?;
        }
        Ok(true)
    }

    pub(super) fn add(&self, name: &JobId, mails: &[NewMail]) -> Done<Added> {
        values::check_mails(mails)?;
        for mail in mails {
            mail.content
                .map_or(Ok(()), |content| self.content_id(content).map(drop))?;
        }
        let sql = "SELECT id, last_row, kind = phase FROM job WHERE name = ?";
        let found = self.first(sql, [name.as_str()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        let (id, mut last_row, is_open): (i64, i64, bool) =
            found.ok_or_else(|| values::no_job(name))?;
        if !is_open {
            return Err(values::is_closed(name).into());
        }
        let mut job = self.open_job(id)?.ok_or_else(|| values::no_job(name))?;
        let mut added = Added::default();
        let now = self.now();
        for mail in mails {
            let next = (id << 32) | (last_row + 1);
            let sql = "INSERT INTO mail (id, job, key, added, data) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (job, key) DO NOTHING";
            if self.execute(sql, params![next, id, mail.key, now, &*mail.data])? == 0 {
                added.duplicates += 1;
                continue;
            }
            added.new += 1;
            last_row += 1;
            job.add(MailState::Ready, 1);
            if let Some(content) = mail.content {
                let content = self.add_use(content)?;
                self.execute("UPDATE mail SET content = ? WHERE id = ?", [content, next])?;
                job.has_content = true;
            }
            if mail.delay > Duration::ZERO {
                let known = super::rows::fateless(&job, next);
                let due = now.saturating_add(milliseconds(mail.delay));
                self.move_to(&mut job, &known, MailState::Waiting, Some(due), None)?;
            }
        }
        if last_row > i64::from(u32::MAX - 1) {
            let message = format!("the job {name} has too many mails: use another job");
            return Err(SpoolError::new(SpoolErrorKind::Invalid, message).into());
        }
        let sql = "UPDATE job SET last_row = ?2, has_content = ?3 WHERE id = ?1";
        self.execute(sql, params![id, last_row, job.has_content])?;
        self.count(&job)?;
        Ok(added)
    }

    pub(super) fn start(&self, name: &JobId) -> Done<()> {
        let job = self.job_named(name)?;
        if job.phase == super::rows::CANCELLED {
            return Err(values::is_closed(name).into());
        }
        let sql = "UPDATE job SET phase = 1, started = ? WHERE id = ? AND phase = 0";
        self.execute(sql, [self.now(), job.id])?;
        Ok(())
    }

    /// The jobs, or one of them.
    pub(super) fn jobs(&self, name: Option<&JobId>) -> Done<Vec<Job>> {
        let sql = "SELECT id, name, kind, account, phase, created, started, settled, spec,
            ready, waiting, claimed, in_flight, accepted, rejected, unknown, failed, cancelled
            FROM job WHERE phase < 3 AND (?1 IS NULL OR name = ?1) ORDER BY id";
        let one = "SELECT id, name, kind, account, phase, created, started, settled, spec,
            ready, waiting, claimed, in_flight, accepted, rejected, unknown, failed, cancelled
            FROM job WHERE name = ?1";
        let sql = if name.is_some() { one } else { sql };
        let jobs = self.rows(sql, [name.map(JobId::as_str)], |row| {
            let name: String = row.get(1)?;
            Ok((row.get(0)?, name, of_row(row)?))
        })?;
        let mut found = Vec::new();
        for (id, name, job) in jobs {
            let mut job: Job = job(name.parse()?);
            job.hold = self.hold_of(&Scope::Job(job.id.clone()))?;
            let sql =
                "SELECT DISTINCT worker.name FROM claim JOIN worker ON worker.id = claim.worker
                WHERE claim.job = ? ORDER BY worker.name";
            let id: i64 = id;
            job.workers = self.rows(sql, [id], |row| row.get(0))?;
            found.push(job);
        }
        Ok(found)
    }

    /// Removes a job with all that is known of it.
    pub(super) fn remove(&mut self, name: &JobId) -> Done<bool> {
        self.take_over()?;
        let sql = "SELECT id FROM job WHERE name = ?";
        let Some(id) = self.first(sql, [name.as_str()], |row| row.get::<_, i64>(0))? else {
            return Ok(false);
        };
        let claim = self.first("SELECT 1 FROM claim WHERE job = ?", [id], |_| Ok(()))?;
        if claim.is_some() {
            let message = format!("a worker sends mails of the job {name}: stop it first");
            return Err(SpoolError::new(SpoolErrorKind::Busy, message).into());
        }
        self.end_uses_of(id)?;
        self.execute("DELETE FROM event WHERE job = ?", [id])?;
        self.execute(
            "DELETE FROM hold WHERE kind IN (1, 2) AND name = ?",
            [name.as_str()],
        )?;
        // No job can have this name.
        let sql = "UPDATE job SET phase = 3, name = '#' || id WHERE id = ?";
        self.execute(sql, [id])?;
        self.has_removed = true;
        Ok(true)
    }

    /// Deletes some rows of a job that was removed, so that others do not wait. Returns whether there is
    /// more to delete.
    pub(super) fn sweep(&self) -> Done<bool> {
        let sql = "SELECT id FROM job WHERE phase = 3 LIMIT 1";
        let Some(id) = self.first(sql, [], |row| row.get::<_, i64>(0))? else {
            return Ok(false);
        };
        let bounds = [id << 32, (id + 1) << 32, SWEPT];
        let mut deleted = 0;
        for sql in [
            "DELETE FROM fate WHERE id IN
                (SELECT id FROM fate WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3)",
            "DELETE FROM mail WHERE id IN
                (SELECT id FROM mail WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3)",
        ] {
            deleted += self.execute(sql, bounds)?;
        }
        let sql = "DELETE FROM later WHERE (job, due, id) IN
            (SELECT job, due, id FROM later WHERE job = ? LIMIT ?)";
        deleted += self.execute(sql, [id, SWEPT])?;
        if deleted == 0 {
            self.execute("DELETE FROM job WHERE id = ?", [id])?;
        }
        Ok(true)
    }

    /// Removes what is older than this.
    pub(super) fn prune(&mut self, older: Duration) -> Done<u64> {
        let now = self.now();
        let before = now.saturating_sub(milliseconds(older));
        let sql = "SELECT name,
            accepted + rejected + failed + cancelled FROM job
            WHERE ready + waiting + claimed + in_flight + unknown = 0 AND coalesce(settled, created) <= ?
            AND (phase = 2 OR phase = 1 AND kind = 0)
            AND NOT EXISTS (SELECT 1 FROM claim WHERE claim.job = job.id)";
        let finished = self.rows(sql, [before], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut removed = 0;
        for (name, rows) in finished {
            let (name, rows): (String, i64) = (name, rows);
            self.remove(&name.parse()?)?;
            removed += to_count(rows);
        }
        self.prune_content(now)?;
        Ok(removed)
    }

    /// Removes some old settled rows of queues. Returns none if there are no more.
    pub(super) fn prune_queues(&self, older: Duration) -> Done<u64> {
        let before = self.now().saturating_sub(milliseconds(older));
        let sql =
            "SELECT id FROM job WHERE kind = 1 AND phase < 3 AND accepted + rejected + failed > 0";
        for id in self.rows(sql, [], |row| row.get(0))? {
            let removed = self.prune_queue(id, before)?;
            if removed > 0 {
                return Ok(removed);
            }
        }
        Ok(0)
    }

    /// Removes the old settled rows of a queue, but for unknown ones.
    fn prune_queue(&self, id: i64, before: i64) -> Done<u64> {
        let Some(mut job) = self.open_job(id)? else {
            return Ok(0);
        };
        let sql = "SELECT id, state FROM fate
            WHERE id >= ?1 AND id < ?2 AND state IN (4, 5, 7, 8) AND at <= ?3
            LIMIT ?4";
        let bounds = [id << 32, (id + 1) << 32, before, SWEPT];
        let old = self.rows(sql, bounds, |row| {
            Ok((row.get(0)?, super::rows::state_of(row.get(1)?)?))
        })?;
        let removed = old.len() as u64;
        for (mail, state) in old {
            let mail: i64 = mail;
            self.execute("DELETE FROM fate WHERE id = ?", [mail])?;
            self.execute("DELETE FROM mail WHERE id = ?", [mail])?;
            job.add(state, -1);
        }
        self.count(&job)?;
        Ok(removed)
    }
}

/// A job without its hold and its workers, once its name is parsed.
fn of_row(row: &Row<'_>) -> rusqlite::Result<impl FnOnce(JobId) -> Job + use<>> {
    let kind: i64 = row.get(2)?;
    let account: String = row.get(3)?;
    let phase: i64 = row.get(4)?;
    let times: (i64, Option<i64>, Option<i64>) = (row.get(5)?, row.get(6)?, row.get(7)?);
    let spec: Vec<u8> = row.get(8)?;
    let counts = counts(row, 9)?;
    Ok(move |id| {
        let kind = if kind == 0 {
            JobKind::Batch
        } else {
            JobKind::Queue
        };
        let new = NewJob::new(id, kind, account).with_spec(Bytes::from(spec));
        let mut job = Job::new(new, to_time(times.0));
        job.phase = match phase {
            0 => JobPhase::Adding,
            1 => JobPhase::Started,
            _ => JobPhase::Cancelled,
        };
        job.started = times.1.map(to_time);
        job.settled = times.2.map(to_time);
        job.counts = counts;
        job
    })
}
