//! Claiming rows, and recording for them.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use rusqlite::params;

use super::super::claim::{Claim, ClaimedMail, Token, Want};
use super::super::content::ContentId;
use super::super::error::{SpoolError, SpoolErrorKind};
use super::super::job::JobId;
use super::super::mail::MailState;
use super::super::outcome::Outcome;
use super::failure::Done;
use super::rows::{Known, OpenJob, fateless};
use super::store::{Store, mail_id, milliseconds, row_of, to_count};

/// A mail that is being claimed.
struct Found {
    known: Known,
    mail: ClaimedMail,
}

/// A claim of this worker.
struct Held {
    claim: i64,
    job: OpenJob,
    /// The ranges of its rows.
    portions: Vec<(i64, i64)>,
}

impl Store {
    /// Claims rows of the job whose turn is the longest ago.
    pub(super) fn claim(&mut self, want: &Want) -> Done<Option<Claim>> {
        self.take_over()?;
        for (job, name, account) in self.candidates(want)? {
            let Some(mut job) = self.open_job(job)? else {
                continue;
            };
            let found = self.take_rows(&mut job, &name, want.most)?;
            if found.is_empty() {
                self.count(&job)?;
                continue;
            }
            let id: JobId = name.parse()?;
            let (token, mails) = self.keep(&mut job, found, want.lease)?;
            return Ok(Some(Claim::new(token, id, account, mails)));
        }
        Ok(None)
    }

    /// Whether a claim may succeed.
    pub(super) fn has_ready(&mut self, want: &Want) -> Done<bool> {
        if !self.dead_claims()?.is_empty() {
            return Ok(true);
        }
        let now = self.now();
        for (job, name, _) in self.candidates(want)? {
            let Some(job) = self.open_job(job)? else {
                continue;
            };
            let (later, fresh) = (
                self.later_rows(&job, &name, now, 1)?,
                self.fresh_rows(&job, &name, 1)?,
            );
            if !later.is_empty() || fresh.iter().any(|(_, is_held)| !is_held) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The jobs that may have rows to claim, with their names and accounts, in the order of their turns.
    fn candidates(&self, want: &Want) -> Done<Vec<(i64, String, String)>> {
        let sql = "SELECT id, name, account FROM job INDEXED BY job_open
            WHERE phase = 1 AND ready + waiting > 0
            AND NOT EXISTS (SELECT 1 FROM hold WHERE coalesce(until > ?1, 1)
                AND (kind = 0 AND hold.name = job.account OR kind = 1 AND hold.name = job.name))
            ORDER BY turn";
        let open = self.rows(sql, [self.now()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        let wanted = open
            .into_iter()
            .filter(|(_, name, account): &(i64, String, String)| {
                let is_job = want.job.as_ref().is_none_or(|job| job.as_str() == name);
                is_job && want.accounts.contains(account)
            });
        Ok(wanted.collect())
    }

    /// Rows that were put back, and whose time has come.
    fn later_rows(&self, job: &OpenJob, name: &str, now: i64, most: u32) -> Done<Vec<Found>> {
        let sql = "SELECT mail.id, mail.key, mail.data, mail.added, content.sha256, fate.state, fate.due,
            fate.attempts, fate.code, fate.milliseconds, fate.enhanced, fate.reply, fate.detail
            FROM later CROSS JOIN mail ON mail.id = later.id JOIN fate ON fate.id = later.id
            LEFT JOIN content ON content.id = mail.content
            WHERE later.job = ?1 AND later.due <= ?2 AND NOT EXISTS (SELECT 1 FROM hold WHERE kind = 2
                AND hold.name = ?3 AND hold.row = mail.id & 4294967295 AND coalesce(until > ?2, 1))
            ORDER BY later.due, later.id LIMIT ?4";
        self.rows(sql, params![job.id, now, name, most], |row| {
            let known = Known {
                id: row.get(0)?,
                state: super::rows::state_of(row.get(5)?)?,
                claim: None,
                due: row.get(6)?,
                attempts: row.get(7)?,
                is_old: true,
            };
            let mut mail = mail_of(row, now)?;
            mail.attempts = known.attempts;
            mail.previous = super::mails::answer(row, 8)?;
            Ok(Found { known, mail })
        })
    }

    /// Rows that no claim has had, and whether they are held: up to so many that are not.
    fn fresh_rows(&self, job: &OpenJob, name: &str, most: u32) -> Done<Vec<(Found, bool)>> {
        let sql = "SELECT mail.id, mail.key, mail.data, mail.added, content.sha256,
            EXISTS (SELECT 1 FROM hold WHERE kind = 2
                AND hold.name = ?3 AND hold.row = mail.id & 4294967295 AND coalesce(until > ?4, 1))
            FROM mail LEFT JOIN content ON content.id = mail.content
            WHERE mail.id >= ?1 AND mail.id < ?2
            AND NOT EXISTS (SELECT 1 FROM fate WHERE fate.id = mail.id) ORDER BY mail.id";
        let now = self.now();
        let mut statement = self.connection.prepare_cached(sql)?;
        let (first, end) = ((job.id << 32) | job.next_row, (job.id + 1) << 32);
        let mut rows = statement.query(params![first, end, name, now])?;
        let mut found = Vec::new();
        let mut free = 0;
        while free < most {
            let Some(row) = rows.next()? else {
                break;
            };
            let is_held: bool = row.get(5)?;
            let known = fateless(job, row.get(0)?);
            free += u32::from(!is_held);
            found.push((
                Found {
                    known,
                    mail: mail_of(row, now)?,
                },
                is_held,
            ));
        }
        Ok(found)
    }

    /// Takes up to so many rows out of those that can be claimed.
    fn take_rows(&self, job: &mut OpenJob, name: &str, most: u32) -> Done<Vec<Found>> {
        let mut taken = self.later_rows(job, name, self.now(), most)?;
        let left = most.saturating_sub(u32::try_from(taken.len()).unwrap_or(u32::MAX));
        let fresh = if left > 0 {
            self.fresh_rows(job, name, left)?
        } else {
            Vec::new()
        };
        if let Some((last, _)) = fresh.last() {
            job.next_row = (last.known.id & 0xffff_ffff) + 1;
        }
        for (found, is_held) in fresh {
            if is_held {
                // It is passed over, and claimed when the hold has ended.
                self.make_ready(job, &found.known)?;
            } else {
                taken.push(found);
            }
        }
        taken.sort_by_key(|found| found.known.id);
        Ok(taken)
    }

    /// Writes a claim.
    fn keep(
        &mut self,
        job: &mut OpenJob,
        found: Vec<Found>,
        lease: Duration,
    ) -> Done<(Token, Vec<ClaimedMail>)> {
        let worker = self.worker()?;
        let claim = self.next_number()?;
        let lease = milliseconds(lease.clamp(Duration::from_secs(1), Duration::from_hours(1)));
        let sql = "INSERT INTO claim (id, job, worker, lease, until) VALUES (?, ?, ?, ?, ?)";
        self.execute(
            sql,
            params![claim, job.id, worker, lease, self.steady() + lease],
        )?;
        let mut portions: Vec<(i64, i64)> = Vec::new();
        let mut mails = Vec::new();
        let mut was_fresh = None;
        for Found { known, mail } in found {
            let is_fresh = !known.is_old;
            if known.is_old {
                self.move_to(job, &known, MailState::Claimed, None, Some(claim))?;
            } else {
                job.shift(known.state, MailState::Claimed);
            }
            match portions.last_mut() {
                // Rows in between have a fate, so they are not taken for rows of this claim.
                Some((_, high))
                    if *high + 1 == known.id || (is_fresh && was_fresh == Some(true)) =>
                {
                    *high = known.id;
                }
                _ => portions.push((known.id, known.id)),
            }
            was_fresh = Some(is_fresh);
            mails.push(mail);
        }
        for (low, high) in portions {
            let sql = "INSERT INTO portion (claim, low, high) VALUES (?, ?, ?)";
            self.execute(sql, params![claim, low, high])?;
        }
        let turn = self.next_number()?;
        self.execute("UPDATE job SET turn = ? WHERE id = ?", [turn, job.id])?;
        self.count(job)?;
        Ok((Token::new(to_count(claim), to_count(claim)), mails))
    }

    /// The claim of a token, unless it was taken over.
    fn held(&self, token: u64) -> Done<Held> {
        let claim = i64::try_from(token).unwrap_or(-1);
        let sql = "SELECT job FROM claim WHERE id = ? AND worker = ?";
        let job = self.first(sql, params![claim, self.owner.id], |row| row.get(0))?;
        let job = job.map(|job| self.open_job(job)).transpose()?;
        let job = job.flatten().ok_or_else(SpoolError::lost)?;
        let portions = self.portions(claim)?;
        Ok(Held {
            claim,
            job,
            portions,
        })
    }

    pub(super) fn portions(&self, claim: i64) -> Done<Vec<(i64, i64)>> {
        let sql = "SELECT low, high FROM portion WHERE claim = ?";
        self.rows(sql, [claim], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// A row of this claim.
    fn row_of_claim(&self, held: &Held, row: u64) -> Done<Known> {
        let id = mail_id(held.job.id, row).ok_or_else(SpoolError::lost)?;
        let known = self.fate(id)?.unwrap_or_else(|| fateless(&held.job, id));
        let is_fresh = || {
            let mut portions = held.portions.iter();
            let is_in = portions.any(|(low, high)| (*low..=*high).contains(&id));
            !known.is_old && is_in && known.state == MailState::Claimed
        };
        if known.claim == Some(held.claim) || is_fresh() {
            return Ok(known);
        }
        Err(SpoolError::lost().into())
    }

    pub(super) fn record(
        &self,
        token: u64,
        leaving: &[u64],
        settled: &[(u64, Outcome)],
    ) -> Done<()> {
        let held = self.recorded(token, leaving, settled)?;
        let sql = "UPDATE claim SET until = ?2 + lease WHERE id = ?1";
        self.execute(sql, [held.claim, self.steady()])?;
        self.count(&held.job)
    }

    /// Records what leaves and what became of rows, but the counters.
    fn recorded(&self, token: u64, leaving: &[u64], settled: &[(u64, Outcome)]) -> Done<Held> {
        let mut held = self.held(token)?;
        let mut once = BTreeSet::new();
        let mut changes = Vec::new();
        let settled = settled.iter().map(|(row, outcome)| (*row, Some(outcome)));
        for (row, outcome) in settled.chain(leaving.iter().map(|row| (*row, None))) {
            let known = self.row_of_claim(&held, row)?;
            let has_left = known.state == MailState::InFlight;
            let can_be = match outcome {
                Some(Outcome::Unknown(_)) => has_left,
                // Some recipients may have accepted an earlier attempt.
                Some(Outcome::Accepted(_)) => has_left || known.attempts > 0,
                _ => true,
            };
            if !once.insert(row) || !can_be {
                let message =
                    format!("row {row} cannot have this outcome: it was not recorded as leaving");
                return Err(SpoolError::new(SpoolErrorKind::Invalid, message).into());
            }
            changes.push((known, outcome));
        }
        for (known, outcome) in changes {
            match outcome {
                Some(outcome) => self.settle(&mut held.job, &known, outcome)?,
                None if known.state == MailState::InFlight => {}
                None => {
                    let claim = Some(held.claim);
                    self.move_to(&mut held.job, &known, MailState::InFlight, None, claim)?;
                }
            }
        }
        Ok(held)
    }

    pub(super) fn release(&self, token: u64, settled: &[(u64, Outcome)]) -> Done<()> {
        let mut held = self.recorded(token, &[], settled)?;
        let why = "the worker did not learn of a reply";
        self.let_go(held.claim, &mut held.job, why, false)?;
        self.count(&held.job)
    }
}

/// A mail that was never claimed, from the first columns of a query.
fn mail_of(row: &rusqlite::Row<'_>, now: i64) -> rusqlite::Result<ClaimedMail> {
    let data: Vec<u8> = row.get(2)?;
    let mut mail = ClaimedMail::new(row_of(row.get(0)?), row.get(1)?, Bytes::from(data));
    let added: i64 = row.get(3)?;
    mail.age = Duration::from_millis(to_count(now.saturating_sub(added)));
    let content: Option<[u8; 32]> = row.get(4)?;
    mail.content = content.map(ContentId::new);
    Ok(mail)
}
