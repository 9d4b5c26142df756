//! Events, and what accounts have spent.

use std::collections::BTreeMap;

use bytes::Bytes;
use rusqlite::params;

use super::super::events::Event;
use super::super::job::JobId;
use super::super::spending::Spending;
use super::super::store::{Allowance, Spent};
use super::super::values;
use super::failure::Done;
use super::store::{Store, to_count, to_time};

/// The most events of an answer.
const MAX_EVENTS: i64 = 1_000;

#[expect(clippy::cast_possible_wrap, reason = "it is small")]
const KEPT: i64 = Event::KEPT as i64;

/// How many events more than are kept there may be before the oldest are dropped.
const SLACK: i64 = 1_000;

impl Store {
    pub(super) fn note(&self, job: &JobId, name: &str, detail: &[u8]) -> Done<()> {
        values::check_event(name, detail)?;
        let sql = "UPDATE job SET events = events + 1 WHERE name = ? RETURNING id, events";
        let found = self.first(sql, [job.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let Some((id, events)): Option<(i64, i64)> = found else {
            return Ok(());
        };
        let sql = "INSERT INTO event (job, at, name, detail) VALUES (?, ?, ?, ?)";
        self.execute(sql, params![id, self.now(), name, detail])?;
        if events > KEPT + SLACK {
            let sql = "DELETE FROM event WHERE job = ?1 AND number <= (SELECT number FROM event
                WHERE job = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)";
            self.execute(sql, [id, KEPT])?;
            let sql = "UPDATE job SET events = ?2 WHERE id = ?1";
            self.execute(sql, [id, KEPT])?;
        }
        Ok(())
    }

    pub(super) fn events(&self, job: &JobId, after: u64) -> Done<Vec<Event>> {
        let sql = "SELECT event.number, event.at, event.name, event.detail FROM event
            JOIN job ON job.id = event.job
            WHERE job.name = ? AND event.number > ? ORDER BY event.number LIMIT ?";
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        self.rows(sql, params![job.as_str(), after, MAX_EVENTS], |row| {
            let detail: Vec<u8> = row.get(3)?;
            let (number, at) = (to_count(row.get(0)?), to_time(row.get(1)?));
            Ok(Event::new(
                number,
                at,
                job.clone(),
                row.get(2)?,
                Bytes::from(detail),
            ))
        })
    }

    pub(super) fn spend(&self, account: &str, allowance: Allowance, wanted: u32) -> Done<Spent> {
        let sql = "SELECT begun, count FROM spent WHERE account = ? ORDER BY begun";
        let before: Vec<(i64, u32)> =
            self.rows(sql, [account], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let parts = before
            .iter()
            .map(|(begun, count)| (to_count(*begun), *count));
        let mut spending = Spending(parts.collect());
        let spent = spending.spend(allowance, wanted, self.clock.now());
        // After the clock was set back, several parts begin at the same time.
        let mut after: BTreeMap<i64, u32> = BTreeMap::new();
        for (begun, count) in spending.0 {
            let sum = after
                .entry(i64::try_from(begun).unwrap_or(i64::MAX))
                .or_default();
            *sum = sum.saturating_add(count);
        }
        for (begun, _) in before
            .iter()
            .filter(|(begun, _)| !after.contains_key(begun))
        {
            let sql = "DELETE FROM spent WHERE account = ? AND begun = ?";
            self.execute(sql, params![account, begun])?;
        }
        let before: BTreeMap<i64, u32> = before.into_iter().collect();
        for (begun, count) in after
            .iter()
            .filter(|(begun, count)| before.get(begun) != Some(count))
        {
            let sql = "INSERT OR REPLACE INTO spent (account, begun, count) VALUES (?, ?, ?)";
            self.execute(sql, params![account, begun, count])?;
        }
        Ok(spent)
    }
}
