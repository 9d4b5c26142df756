//! Random calls by three workers, beside a model of what has to become of the rows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::super::claim::Claim;
use super::super::error::SpoolErrorKind::Lost;
use super::super::job::JobId;
use super::super::mail::MailState as S;
use super::super::outcome::{Outcome, Resolution};
use super::super::store::Spool;
use super::bed::{
    Broken, Case, Expected as _, LEASE, accepted, all, batch, deferred, job, rejected, same,
    unknown, want,
};
use super::{Invariant as I, StoreUnderTest};

const ROWS: u64 = 12;
const SEEDS: u64 = 4;
const STEPS: usize = 120;

/// A claim with the states of its rows.
type Claimed = (Claim, BTreeMap<u64, S>);

/// A worker, and its claims.
struct Worker {
    name: String,
    spool: Arc<dyn Spool>,
    claims: Vec<Claimed>,
}

struct Walk<'a> {
    store: &'a dyn StoreUnderTest,
    job: JobId,
    rng: Rng,
    workers: Vec<Worker>,
    model: BTreeMap<u64, S>,
    /// How many times each row has left, and how often that was allowed.
    left: BTreeMap<u64, (u32, u32)>,
}

pub(super) async fn random_calls(store: &dyn StoreUnderTest) -> Case {
    for seed in 1..=SEEDS {
        let name = format!("walk-{seed}");
        let spool = store.open("first").await?;
        let job = batch(&spool, &name, ROWS).await?;
        let mut walk = Walk {
            store,
            job,
            rng: Rng::with_seed(seed),
            workers: Vec::new(),
            model: (1..=ROWS).map(|row| (row, S::Ready)).collect(),
            left: (1..=ROWS).map(|row| (row, (0, 1))).collect(),
        };
        for name in ["a", "b", "c"] {
            let spool = store.open(name).await?;
            walk.workers.push(Worker {
                name: name.to_owned(),
                spool,
                claims: Vec::new(),
            });
        }
        for step in 0..STEPS {
            let done = walk.step().await;
            let checked = match done {
                Ok(()) => walk.check(&spool).await,
                failed => failed,
            };
            checked.map_err(|Broken { invariant, message }| {
                Broken::new(invariant, format!("seed {seed}, step {step}: {message}"))
            })?;
        }
        for worker in walk.workers {
            drop(worker.claims);
            store.kill(worker.spool).await?;
        }
        store.clock().advance(2 * LEASE);
        spool.jobs().await?;
        spool.remove(&walk.job).await?;
    }
    Ok(())
}

impl Walk<'_> {
    async fn step(&mut self) -> Case {
        let worker = self.rng.usize(..self.workers.len());
        match self.rng.u8(..20) {
            0..6 => self.claim(worker).await,
            6..12 => self.record(worker).await,
            12..15 => self.release(worker).await,
            15 => self.kill(worker).await,
            16 => self.wait().await,
            17 => self.resolve(worker).await,
            18 => self.extend(worker).await,
            _ => {
                self.store.clock().advance(Duration::from_secs(1));
                Ok(())
            }
        }
    }

    fn allow(&mut self, row: u64) {
        if let Some((_, allowed)) = self.left.get_mut(&row) {
            *allowed += 1;
        }
    }

    async fn claim(&mut self, worker: usize) -> Case {
        let most = self.rng.u32(1..5);
        let Some(worker) = self.workers.get_mut(worker) else {
            return Ok(());
        };
        let want = want().most(most).of_job(self.job.clone());
        let claimed = worker.spool.claim(&want).await?;
        let ready = self
            .model
            .values()
            .filter(|state| **state == S::Ready)
            .count();
        let Some(claim) = claimed else {
            let what = "rows that are ready, and were not claimed";
            return same(ready, 0, I::Documented, what);
        };
        let mut rows = BTreeMap::new();
        for mail in &claim.mails {
            let state = self.model.get(&mail.row).copied();
            let is_free = matches!(state, Some(S::Ready | S::Waiting));
            same(
                is_free,
                true,
                I::I2,
                format!("row {} is free ({state:?})", mail.row),
            )?;
            self.model.insert(mail.row, S::Claimed);
            rows.insert(mail.row, S::Claimed);
        }
        worker.claims.push((claim, rows));
        Ok(())
    }

    /// Some rows leave, and others have their outcomes.
    async fn record(&mut self, worker: usize) -> Case {
        let Some((spool, (mut claim, mut rows))) = self.take_claim(worker) else {
            return Ok(());
        };
        let mut leaving = Vec::new();
        let mut settled = Vec::new();
        for (row, state) in &rows {
            match (state, self.rng.u8(..4)) {
                (S::Claimed | S::InFlight, 0) => leaving.push(*row),
                (S::Claimed, 1) => settled.push((*row, refusal(&mut self.rng))),
                (S::InFlight, 1 | 2) => settled.push((*row, outcome(&mut self.rng))),
                _ => {}
            }
        }
        spool.record(&mut claim.token, &leaving, &settled).await?;
        for row in leaving {
            rows.insert(row, S::InFlight);
            self.model.insert(row, S::InFlight);
            let has_left = self.left.entry(row).or_default();
            has_left.0 += 1;
            // In a second attempt of the same claim, the client knows that the first did not arrive.
            has_left.1 = has_left.1.max(has_left.0);
        }
        for (row, outcome) in settled {
            rows.remove(&row);
            self.end(row, &outcome);
        }
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.claims.push((claim, rows));
        }
        Ok(())
    }

    fn end(&mut self, row: u64, outcome: &Outcome) {
        self.model.insert(row, outcome.state());
        if !outcome.state().is_settled() {
            self.allow(row);
        }
    }

    async fn release(&mut self, worker: usize) -> Case {
        let Some((spool, (claim, rows))) = self.take_claim(worker) else {
            return Ok(());
        };
        let mut settled = Vec::new();
        for (row, state) in &rows {
            if *state == S::InFlight && self.rng.bool() {
                settled.push((*row, outcome(&mut self.rng)));
            }
        }
        spool.release(claim.token, &settled).await?;
        let known: BTreeMap<_, _> = settled.into_iter().collect();
        for (row, state) in rows {
            match known.get(&row) {
                Some(outcome) => self.end(row, outcome),
                None => self.lost(row, state),
            }
        }
        Ok(())
    }

    /// The claim of a row has ended without an outcome.
    fn lost(&mut self, row: u64, state: S) {
        let now = if state == S::InFlight {
            S::Unknown
        } else {
            S::Ready
        };
        self.model.insert(row, now);
    }

    /// A worker is killed, and another one by its name comes.
    async fn kill(&mut self, number: usize) -> Case {
        if number >= self.workers.len() {
            return Ok(());
        }
        let Worker {
            name,
            spool,
            claims,
        } = self.workers.swap_remove(number);
        for (claim, rows) in claims {
            drop(claim);
            for (row, state) in rows {
                self.lost(row, state);
            }
        }
        self.store.kill(spool).await?;
        let spool = self.store.open(&name).await?;
        // Where time decides, its claims end now. Those of the others go on.
        self.keep_others().await?;
        self.take_over().await?;
        self.workers.push(Worker {
            name,
            spool,
            claims: Vec::new(),
        });
        Ok(())
    }

    /// The claims of workers that have died end with the next claim of any.
    async fn take_over(&self) -> Case {
        let taker = self.store.open("taker").await?;
        let none = want().of_job(super::bed::id("none")?);
        taker.claim(&none).await?;
        self.store.kill(taker).await?;
        Ok(())
    }

    async fn keep_others(&mut self) -> Case {
        for _ in 0..3 {
            self.store.clock().advance(LEASE / 2);
            for worker in &mut self.workers {
                for (claim, _) in &mut worker.claims {
                    worker.spool.extend(&mut claim.token).await?;
                }
            }
        }
        Ok(())
    }

    /// All workers are stopped for longer than their leases, and another one takes over.
    async fn wait(&mut self) -> Case {
        self.store.clock().advance(2 * LEASE);
        self.take_over().await?;
        let mut ended = Vec::new();
        for worker in &mut self.workers {
            for (mut claim, rows) in worker.claims.drain(..) {
                let recorded = worker.spool.record(&mut claim.token, &[], &[]).await;
                recorded.is(Lost, I::I2)?;
                ended.extend(rows);
            }
        }
        for (row, state) in ended {
            self.lost(row, state);
        }
        Ok(())
    }

    async fn resolve(&mut self, worker: usize) -> Case {
        let Some(worker) = self.workers.get(worker) else {
            return Ok(());
        };
        let resolution = match self.rng.u8(..3) {
            0 => Resolution::Accepted,
            _ => Resolution::Send,
        };
        let resolved = worker.spool.resolve(&self.job, None, resolution).await?;
        let unknown = self.model.iter().filter(|(_, state)| **state == S::Unknown);
        let unknown: Vec<_> = unknown.map(|(row, _)| *row).collect();
        same(resolved, unknown.len() as u64, I::I5, "unknown rows")?;
        for row in unknown {
            if resolution == Resolution::Send {
                self.model.insert(row, S::Ready);
                self.allow(row);
            } else {
                self.model.insert(row, S::Accepted);
            }
        }
        Ok(())
    }

    async fn extend(&mut self, worker: usize) -> Case {
        let Some(worker) = self.workers.get_mut(worker) else {
            return Ok(());
        };
        for (claim, _) in &mut worker.claims {
            worker.spool.extend(&mut claim.token).await?;
        }
        Ok(())
    }

    /// Takes a claim from this worker.
    fn take_claim(&mut self, worker: usize) -> Option<(Arc<dyn Spool>, Claimed)> {
        let worker = self.workers.get_mut(worker)?;
        if worker.claims.is_empty() {
            return None;
        }
        let number = self.rng.usize(..worker.claims.len());
        let claim = worker.claims.swap_remove(number);
        Some((Arc::clone(&worker.spool), claim))
    }

    /// The states of the store are those of the model, and no row has left more often than allowed.
    async fn check(&mut self, spool: &Arc<dyn Spool>) -> Case {
        let rows = all(spool, &self.job).await?;
        for record in &rows {
            let expected = self.model.get(&record.row).copied();
            let invariant = match (expected, record.state) {
                (Some(S::Unknown), _) => I::I4,
                (Some(state), _) if state.is_settled() => I::I3,
                _ => I::Documented,
            };
            same(
                Some(record.state),
                expected,
                invariant,
                format!("row {}", record.row),
            )?;
        }
        let total = job(spool, &self.job).await?.counts.total();
        same((rows.len() as u64, total), (ROWS, ROWS), I::I7, "rows")?;
        for (row, (times, allowed)) in &self.left {
            same(
                times <= allowed,
                true,
                I::I1,
                format!("row {row} left {times} of {allowed} times"),
            )?;
        }
        Ok(())
    }
}

fn outcome(rng: &mut Rng) -> Outcome {
    match rng.u8(..6) {
        0 => rejected(),
        1 => unknown(),
        2 => deferred(Duration::from_secs(u64::from(rng.u8(..30)))),
        3 => Outcome::NotSent,
        _ => accepted(),
    }
}

/// The outcome of a row that has not left.
fn refusal(rng: &mut Rng) -> Outcome {
    match rng.u8(..3) {
        0 => rejected(),
        1 => Outcome::NotSent,
        _ => deferred(LEASE),
    }
}
