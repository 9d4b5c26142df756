//! Who has which rows.

use super::super::claim::Want;
use super::super::error::SpoolErrorKind::{Invalid, Lost};
use super::super::holds::{HoldReason, Scope};
use super::super::job::{JobKind, NewJob};
use super::super::mail::MailState as S;
use super::bed::{
    Case, Expected as _, LEASE, accepted, batch, claim, claim_of, counts, id, mails,
    nothing_to_claim, rows_of, same, want,
};
use super::{Invariant as I, StoreUnderTest};

pub(super) async fn a_claim_that_was_taken_over_records_nothing(
    store: &dyn StoreUnderTest,
) -> Case {
    let stopped = store.open("stopped").await?;
    let other = store.open("other").await?;
    let id = batch(&stopped, "news", 2).await?;
    let mut old = claim(&stopped).await?;
    // It is stopped for longer than its lease, and goes on.
    store.clock().advance(2 * LEASE);
    let mut new = claim(&other).await?;
    same(rows_of(&new), vec![1, 2], I::I2, "rows of the new claim")?;
    stopped
        .record(&mut old.token, &[1], &[])
        .await
        .is(Lost, I::I2)?;
    stopped.extend(&mut old.token).await.is(Lost, I::I2)?;
    counts(&other, &id, &[(S::Claimed, 2)], I::I2).await?;
    other.record(&mut new.token, &[1], &[]).await?;
    let settled = [(1, accepted())];
    stopped.release(old.token, &settled).await.is(Lost, I::I2)?;
    counts(&other, &id, &[(S::Claimed, 1), (S::InFlight, 1)], I::I2).await?;
    other.release(new.token, &settled).await?;
    counts(&other, &id, &[(S::Accepted, 1), (S::Ready, 1)], I::I2).await
}

pub(super) async fn a_record_is_whole_or_nothing(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let id = batch(&spool, "news", 3).await?;
    let mut claim = claim(&spool).await?;
    spool.record(&mut claim.token, &[1], &[]).await?;
    let settled = [(1, accepted())];
    // Row 4 is not of the claim.
    let wrong = spool.record(&mut claim.token, &[2, 4], &settled).await;
    wrong.is(Lost, I::I1)?;
    counts(&spool, &id, &[(S::Claimed, 2), (S::InFlight, 1)], I::I1).await?;
    // No row leaves and is settled at once.
    let both = spool.record(&mut claim.token, &[1], &settled).await;
    both.is(Invalid, I::Documented)?;
    counts(&spool, &id, &[(S::Claimed, 2), (S::InFlight, 1)], I::I1).await
}

pub(super) async fn rows_of_another_claim(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let id = batch(&spool, "news", 2).await?;
    let one = want().most(1);
    let mut first = claim_of(&spool, &one).await?;
    let mut second = claim_of(&spool, &one).await?;
    same(
        (rows_of(&first), rows_of(&second)),
        (vec![1], vec![2]),
        I::I2,
        "rows",
    )?;
    spool
        .record(&mut first.token, &[2], &[])
        .await
        .is(Lost, I::I2)?;
    spool.record(&mut second.token, &[2], &[]).await?;
    let settled = [(2, accepted())];
    spool
        .record(&mut first.token, &[], &settled)
        .await
        .is(Lost, I::I2)?;
    spool.record(&mut second.token, &[], &settled).await?;
    counts(&spool, &id, &[(S::Claimed, 1), (S::Accepted, 1)], I::I2).await
}

pub(super) async fn what_can_be_claimed(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    nothing_to_claim(&spool, I::Documented, "an empty store").await?;
    let job = id("news")?;
    spool
        .create(NewJob::new(job.clone(), JobKind::Batch, "work"))
        .await?;
    spool.add(&job, mails(5)).await?;
    nothing_to_claim(&spool, I::Documented, "a batch that was not started").await?;
    spool.start(&job).await?;
    let other = spool.claim(&Want::new("home")).await?;
    same(
        other.is_none(),
        true,
        I::Documented,
        "no row of another account",
    )?;
    let elsewhere = want().of_job(id("other")?);
    let other = spool.claim(&elsewhere).await?;
    same(
        other.is_none(),
        true,
        I::Documented,
        "no row of another job",
    )?;
    let two = claim_of(&spool, &want().most(2)).await?;
    same(rows_of(&two), vec![1, 2], I::Documented, "two rows")?;
    let rest = claim_of(&spool, &want().of_job(job.clone())).await?;
    same(rows_of(&rest), vec![3, 4, 5], I::I2, "the rest")?;
    nothing_to_claim(&spool, I::I2, "all rows are claimed").await?;
    let found = super::bed::job(&spool, &job).await?;
    same(found.workers.len(), 1, I::Documented, "workers")?;
    // Mails come into a queue at any time.
    let queue = id("queue")?;
    spool
        .create(NewJob::new(queue.clone(), JobKind::Queue, "work"))
        .await?;
    nothing_to_claim(&spool, I::Documented, "an empty queue").await?;
    spool.add(&queue, mails(1)).await?;
    let queued = claim(&spool).await?;
    same(
        (queued.job, queued.mails.len()),
        (queue, 1),
        I::Documented,
        "the queue",
    )
}

/// A small job does not wait for the end of a large one.
pub(super) async fn jobs_take_turns(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let large = batch(&spool, "large", 100).await?;
    let small = batch(&spool, "small", 10).await?;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(claim_of(&spool, &want().most(5)).await?.job);
    }
    let of_small = seen.iter().filter(|job| **job == small).count();
    let what = format!("turns of {small} beside {large}: {seen:?}");
    same(of_small, 2, I::Documented, what)
}

pub(super) async fn held_scopes(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let job = batch(&spool, "news", 2).await?;
    for scope in [Scope::Account("work".to_owned()), Scope::Job(job.clone())] {
        let held = spool.hold(&scope, HoldReason::Person, "wait", None);
        held.await?;
        store.clock().advance(100 * LEASE);
        nothing_to_claim(&spool, I::I8, "all is held").await?;
        let holds = spool.holds().await?;
        same(holds.len(), 1, I::Documented, "holds")?;
        same(
            spool.unhold(&scope).await?,
            true,
            I::Documented,
            "the hold was there",
        )?;
        same(
            spool.unhold(&scope).await?,
            false,
            I::Documented,
            "it is there no more",
        )?;
    }
    let first = Scope::Mail(job.clone(), 1);
    let held = spool.hold(&first, HoldReason::Person, "wait", None);
    held.await?;
    let second = claim(&spool).await?;
    same(rows_of(&second), vec![2], I::I8, "the row that is not held")?;
    nothing_to_claim(&spool, I::I8, "the other is held").await?;
    // A hold ends by itself, and a second one replaces the first.
    for lasts in [3 * LEASE, LEASE] {
        let held = spool.hold(&first, HoldReason::Limit, "wait", Some(lasts));
        held.await?;
    }
    nothing_to_claim(&spool, I::I8, "it is held for a minute").await?;
    store.clock().advance(LEASE + LEASE / 2);
    let rows = rows_of(&claim(&spool).await?);
    same(rows.contains(&1), true, I::Documented, "the hold has ended")?;
    same(spool.holds().await?.len(), 0, I::Documented, "holds")
}
