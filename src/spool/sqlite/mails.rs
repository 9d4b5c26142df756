//! Reading rows.

use bytes::Bytes;
use rusqlite::{Row, params};

use super::super::content::ContentId;
use super::super::job::JobId;
use super::super::mail::MailState;
use super::super::outcome::Answer;
use super::super::query::{MailRecord, Query};
use super::super::values;
use super::failure::Done;
use super::rows::{OpenJob, fateless, state_of};
use super::store::{Store, row_of, to_time};

/// The columns of a row.
macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT mail.id, mail.key, mail.data, mail.added, content.sha256, fate.state, fate.due, ",
            "fate.attempts, fate.code, fate.milliseconds, fate.enhanced, fate.reply, fate.detail, fate.at ",
            $rest
        )
    };
}

/// The states that `fate_problem` finds.
const PROBLEMS: [MailState; 3] = [MailState::Rejected, MailState::Unknown, MailState::Failed];

impl Store {
    /// The number of a job.
    pub(super) fn job_id(&self, job: &JobId) -> Done<i64> {
        let found = self.first("SELECT id FROM job WHERE name = ?", [job.as_str()], |row| {
            row.get(0)
        })?;
        Ok(found.ok_or_else(|| values::no_job(job))?)
    }

    /// A job whose rows change.
    pub(super) fn job_named(&self, job: &JobId) -> Done<OpenJob> {
        let open = self.open_job(self.job_id(job)?)?;
        Ok(open.ok_or_else(|| values::no_job(job))?)
    }

    pub(super) fn mails(&self, query: &Query) -> Done<Vec<MailRecord>> {
        let job = self.job_named(&query.job)?;
        let are_problems =
            |states: &[MailState]| states.iter().all(|state| PROBLEMS.contains(state));
        let sql = if !query.states.is_empty() && are_problems(&query.states) {
            columns!(
                "FROM fate INDEXED BY fate_problem CROSS JOIN mail ON mail.id = fate.id
                LEFT JOIN content ON content.id = mail.content
                WHERE fate.state IN (5, 6, 7) AND fate.id >= ?1 AND fate.id < ?2 ORDER BY fate.id"
            )
        } else {
            columns!(
                "FROM mail LEFT JOIN fate ON fate.id = mail.id
                LEFT JOIN content ON content.id = mail.content
                WHERE mail.id >= ?1 AND mail.id < ?2 ORDER BY mail.id"
            )
        };
        let after = i64::from(u32::try_from(query.after).unwrap_or(u32::MAX));
        let most = usize::try_from(query.most.min(Query::MAX_ROWS)).unwrap_or(usize::MAX);
        let mut statement = self.connection.prepare_cached(sql)?;
        let bounds = params![(job.id << 32) + after + 1, (job.id + 1) << 32];
        let mut rows = statement.query(bounds)?;
        let mut found = Vec::new();
        while found.len() < most
            && let Some(row) = rows.next()?
        {
            let state = state(&job, row)?;
            if query.states.is_empty() || query.states.contains(&state) {
                found.push(record(row, state)?);
            }
        }
        Ok(found)
    }
}

fn state(job: &OpenJob, row: &Row<'_>) -> rusqlite::Result<MailState> {
    let state: Option<i64> = row.get(5)?;
    match state {
        Some(state) => state_of(state),
        None => Ok(fateless(job, row.get(0)?).state),
    }
}

fn record(row: &Row<'_>, state: MailState) -> rusqlite::Result<MailRecord> {
    let data: Vec<u8> = row.get(2)?;
    let added = to_time(row.get(3)?);
    let mut record = MailRecord::new(row_of(row.get(0)?), row.get(1)?, Bytes::from(data), added);
    record.state = state;
    let is_dropped = state.is_settled() && state != MailState::Unknown;
    let content: Option<[u8; 32]> = row.get(4)?;
    record.content = content.filter(|_| !is_dropped).map(ContentId::new);
    let due: Option<i64> = row.get(6)?;
    record.due = due.filter(|_| state == MailState::Waiting).map(to_time);
    let attempts: Option<u32> = row.get(7)?;
    record.attempts = attempts.unwrap_or_default();
    record.answer = answer(row, 8)?;
    let at: Option<i64> = row.get(13)?;
    record.at = at.map(to_time);
    Ok(record)
}

/// An answer, from five columns.
pub(super) fn answer(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Answer>> {
    let text: Option<String> = row.get(first + 3)?;
    let Some(text) = text else {
        return Ok(None);
    };
    let mut answer = Answer::new(text);
    answer.code = row.get(first)?;
    answer.milliseconds = row.get(first + 1)?;
    answer.enhanced = row.get(first + 2)?;
    let detail: Option<Vec<u8>> = row.get(first + 4)?;
    answer.detail = detail.map(Bytes::from).unwrap_or_default();
    Ok(Some(answer))
}
