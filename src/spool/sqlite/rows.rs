//! The states of rows, and what changes them.

use rusqlite::params;

use super::super::job::Counts;
use super::super::mail::MailState;
use super::super::outcome::{Answer, Outcome};
use super::failure::Done;
use super::store::{Store, milliseconds};

/// The number of `cancelled` in `job.phase`.
pub(super) const CANCELLED: i64 = 2;

/// A job whose rows change. What was counted is written by [`Store::count`].
#[derive(Debug)]
pub(super) struct OpenJob {
    pub(super) id: i64,
    pub(super) phase: i64,
    pub(super) next_row: i64,
    pub(super) has_content: bool,
    shifts: [i64; MailState::ALL.len()],
    /// Whether a row was settled.
    settled: bool,
}

impl OpenJob {
    /// A row is in another state now.
    pub(super) fn shift(&mut self, from: MailState, to: MailState) {
        self.add(from, -1);
        self.add(to, 1);
    }

    /// So many rows more are in this state.
    pub(super) fn add(&mut self, state: MailState, rows: i64) {
        if let Some(shift) = self.shifts.get_mut(usize::from(state.number())) {
            *shift += rows;
        }
    }
}

/// A row with what the file has of its fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) id: i64,
    pub(super) state: MailState,
    pub(super) claim: Option<i64>,
    pub(super) due: Option<i64>,
    pub(super) attempts: u32,
    /// Whether there is a fate.
    pub(super) is_old: bool,
}

/// The state with this number in the file.
pub(super) fn state_of(number: i64) -> rusqlite::Result<MailState> {
    let state = u8::try_from(number).ok().and_then(MailState::of_number);
    state.ok_or(rusqlite::Error::IntegralValueOutOfRange(0, number))
}

impl Store {
    pub(super) fn open_job(&self, id: i64) -> Done<Option<OpenJob>> {
        let sql = "SELECT phase, next_row, has_content FROM job WHERE id = ?";
        self.first(sql, [id], |row| {
            Ok(OpenJob {
                id,
                phase: row.get(0)?,
                next_row: row.get(1)?,
                has_content: row.get(2)?,
                shifts: Default::default(),
                settled: false,
            })
        })
    }

    /// Writes what was counted.
    pub(super) fn count(&self, job: &OpenJob) -> Done<()> {
        let [
            ready,
            waiting,
            claimed,
            in_flight,
            accepted,
            rejected,
            unknown,
            failed,
            cancelled,
        ] = job.shifts;
        let settled = job.settled.then(|| self.now());
        let sql = "UPDATE job SET next_row = ?2, ready = ready + ?3, waiting = waiting + ?4,
            claimed = claimed + ?5, in_flight = in_flight + ?6, accepted = accepted + ?7,
            rejected = rejected + ?8, unknown = unknown + ?9, failed = failed + ?10,
            cancelled = cancelled + ?11, settled = coalesce(?12, settled) WHERE id = ?1";
        let counts = params![
            job.id,
            job.next_row,
            ready,
            waiting,
            claimed,
            in_flight,
            accepted,
            rejected,
            unknown,
            failed,
            cancelled,
            settled
        ];
        self.execute(sql, counts)?;
        Ok(())
    }

    /// What is known of a row; `None` if there is no such row.
    pub(super) fn known(&self, job: &OpenJob, id: i64) -> Done<Option<Known>> {
        if let Some(known) = self.fate(id)? {
            return Ok(Some(known));
        }
        let is_there = self.first("SELECT 1 FROM mail WHERE id = ?", [id], |_| Ok(()))?;
        Ok(is_there.map(|()| fateless(job, id)))
    }

    /// The fate of a row, if it has one.
    pub(super) fn fate(&self, id: i64) -> Done<Option<Known>> {
        let sql = "SELECT state, claim, due, attempts FROM fate WHERE id = ?";
        self.first(sql, [id], |row| {
            Ok(Known {
                id,
                state: state_of(row.get(0)?)?,
                claim: row.get(1)?,
                due: row.get(2)?,
                attempts: row.get(3)?,
                is_old: true,
            })
        })
    }

    /// Moves a row to another state. `due` is for one that is ready or waits.
    pub(super) fn move_to(
        &self,
        job: &mut OpenJob,
        row: &Known,
        to: MailState,
        due: Option<i64>,
        claim: Option<i64>,
    ) -> Done<()> {
        let state = i64::from(to.number());
        if row.is_old {
            let sql = "UPDATE fate SET state = ?2, claim = ?3, due = ?4 WHERE id = ?1";
            self.execute(sql, params![row.id, state, claim, due])?;
        } else {
            let sql = "INSERT INTO fate (id, state, attempts, claim, due) VALUES (?, ?, 0, ?, ?)";
            self.execute(sql, params![row.id, state, claim, due])?;
        }
        self.moved(job, row, to, due)
    }

    /// What goes with a change of the state of a row.
    fn moved(&self, job: &mut OpenJob, row: &Known, to: MailState, due: Option<i64>) -> Done<()> {
        if let Some(due) = row.due {
            let sql = "DELETE FROM later WHERE job = ? AND due = ? AND id = ?";
            self.execute(sql, params![job.id, due, row.id])?;
        }
        if let Some(due) = due {
            let sql = "INSERT INTO later (job, due, id) VALUES (?, ?, ?)";
            self.execute(sql, params![job.id, due, row.id])?;
        }
        // An unknown row may be sent again.
        if job.has_content && to.is_settled() && to != MailState::Unknown {
            self.end_use_of(row.id)?;
        }
        job.shift(row.state, to);
        Ok(())
    }

    /// Records what became of a row.
    pub(super) fn settle(&self, job: &mut OpenJob, row: &Known, outcome: &Outcome) -> Done<()> {
        let now = self.now();
        let (to, due) = match outcome {
            Outcome::Deferred { after, .. } => {
                let due = now.saturating_add(milliseconds(*after));
                put_back(job, MailState::Waiting, due)
            }
            Outcome::NotSent => put_back(job, MailState::Ready, 0),
            settled => {
                job.settled = true;
                (settled.state(), None)
            }
        };
        let Some(answer) = outcome.answer() else {
            return self.move_to(job, row, to, due, None);
        };
        let attempts = i64::from(outcome.state() != MailState::Failed);
        let sql = "INSERT INTO fate
            (id, state, attempts, due, at, code, milliseconds, enhanced, reply, detail)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            ON CONFLICT (id) DO UPDATE SET state = ?2, attempts = attempts + ?3, claim = NULL, due = ?4,
            at = ?5, code = ?6, milliseconds = ?7, enhanced = ?8, reply = ?9, detail = ?10";
        let Answer {
            code,
            enhanced,
            milliseconds,
            ..
        } = answer;
        let text = answer
            .text
            .get(..answer.text.floor_char_boundary(Answer::MAX_TEXT));
        let detail = Some(&*answer.detail).filter(|detail| !detail.is_empty());
        let state = i64::from(to.number());
        self.execute(
            sql,
            params![
                row.id,
                state,
                attempts,
                due,
                now,
                code,
                milliseconds,
                enhanced,
                text,
                detail
            ],
        )?;
        self.moved(job, row, to, due)
    }

    /// Makes a row one that can be claimed at once, unless its job was cancelled.
    pub(super) fn make_ready(&self, job: &mut OpenJob, row: &Known) -> Done<()> {
        let (to, due) = put_back(job, MailState::Ready, 0);
        self.move_to(job, row, to, due, None)
    }

    /// Ends the claim of a row that is in flight.
    pub(super) fn make_unknown(&self, job: &mut OpenJob, row: &Known, why: &str) -> Done<()> {
        self.settle(job, row, &Outcome::Unknown(Answer::new(why)))
    }
}

/// The row of a job whose fate is not written.
pub(super) fn fateless(job: &OpenJob, id: i64) -> Known {
    let state = if (id & 0xffff_ffff) < job.next_row {
        MailState::Claimed
    } else if job.phase == CANCELLED {
        MailState::Cancelled
    } else {
        MailState::Ready
    };
    Known {
        id,
        state,
        claim: None,
        due: None,
        attempts: 0,
        is_old: false,
    }
}

/// The state of a row that did not leave, and its due time.
fn put_back(job: &OpenJob, state: MailState, due: i64) -> (MailState, Option<i64>) {
    if job.phase == CANCELLED {
        (MailState::Cancelled, None)
    } else {
        (state, Some(due))
    }
}

/// The counters of a job, from nine columns.
pub(super) fn counts(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Counts> {
    let mut counts = Counts::default();
    for (column, state) in (first..).zip(MailState::ALL) {
        let rows: i64 = row.get(column)?;
        counts.set(state, super::store::to_count(rows));
    }
    Ok(counts)
}
