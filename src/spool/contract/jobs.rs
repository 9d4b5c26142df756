//! Jobs, and reading them.

use std::sync::Arc;

use bytes::Bytes;

use super::super::error::SpoolErrorKind::{Busy, Conflict, NotFound};
use super::super::holds::{HoldReason, Scope};
use super::super::job::{JobKind, JobPhase, NewJob};
use super::super::mail::{Added, MailState as S, NewMail};
use super::super::outcome::Outcome;
use super::super::query::Query;
use super::super::store::Spool;
use super::bed::{
    Case, Expected as _, Found, LEASE, accepted, all, all_are, batch, claim, claim_of, counts, id,
    job, mails, nothing_to_claim, rows_of, same, unknown, want,
};
use super::{Invariant as I, StoreUnderTest};

pub(super) async fn adding_twice_is_once(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let job = id("news")?;
    spool
        .create(NewJob::new(job.clone(), JobKind::Batch, "work"))
        .await?;
    let first = spool.add(&job, mails(3)).await?;
    same(first, Added::new(3, 0), I::I6, "the first time")?;
    // Another process goes on with the whole list.
    let other = store.open("b").await?;
    let second = other.add(&job, mails(5)).await?;
    same(second, Added::new(2, 3), I::I6, "the second time")?;
    let changed = vec![NewMail::new("k1", "changed"), NewMail::new("k1", "twice")];
    let third = other.add(&job, changed).await?;
    same(third, Added::new(0, 2), I::I6, "the third time")?;
    counts(&spool, &job, &[(S::Ready, 5)], I::I6).await?;
    let rows = all(&spool, &job).await?;
    let first = rows.first().map(|row| row.data.clone());
    same(
        first,
        Some(Bytes::from("d1")),
        I::I6,
        "the data of the first",
    )?;
    spool.start(&job).await?;
    spool
        .add(&job, mails(1))
        .await
        .is(Conflict, I::Documented)?;
    // In a queue, also after a mail was sent.
    let queue = id("queue")?;
    spool
        .create(NewJob::new(queue.clone(), JobKind::Queue, "work"))
        .await?;
    spool.add(&queue, mails(1)).await?;
    let mut claim = claim_of(&spool, &want().of_job(queue.clone())).await?;
    spool.record(&mut claim.token, &[1], &[]).await?;
    let settled = all_are(&claim, &accepted());
    spool.release(claim.token, &settled).await?;
    let again = spool.add(&queue, mails(1)).await?;
    same(again, Added::new(0, 1), I::I6, "after it was sent")?;
    counts(&spool, &queue, &[(S::Accepted, 1)], I::I6).await
}

pub(super) async fn jobs_that_differ(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let name = id("news")?;
    let new = || NewJob::new(name.clone(), JobKind::Batch, "work").with_spec("one");
    same(spool.create(new()).await?, true, I::Documented, "a new job")?;
    same(
        spool.create(new()).await?,
        false,
        I::Documented,
        "the same job",
    )?;
    let other = new().with_spec("two");
    spool.create(other).await.is(Conflict, I::Documented)?;
    let found = job(&spool, &name).await?;
    let parts = (found.kind, found.account, found.spec, found.phase);
    let expected = (
        JobKind::Batch,
        "work".to_owned(),
        Bytes::from("one"),
        JobPhase::Adding,
    );
    same(parts, expected, I::Documented, "the job")?;
    let second = id("a-second")?;
    spool
        .create(NewJob::new(second.clone(), JobKind::Queue, "work"))
        .await?;
    let jobs = spool.jobs().await?;
    let names: Vec<_> = jobs.into_iter().map(|job| job.id).collect();
    same(
        names,
        vec![name, second],
        I::Documented,
        "jobs in their order",
    )?;
    let none = id("none")?;
    same(
        spool.job(&none).await?,
        None,
        I::Documented,
        "a job that is not there",
    )?;
    spool
        .add(&none, mails(1))
        .await
        .is(NotFound, I::Documented)?;
    spool.start(&none).await.is(NotFound, I::Documented)?;
    spool
        .cancel(&none, None)
        .await
        .is(NotFound, I::Documented)?;
    spool
        .mails(&Query::new(none))
        .await
        .is(NotFound, I::Documented)
}

pub(super) async fn cancelled_rows(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let id = batch(&spool, "news", 6).await?;
    let one = spool.cancel(&id, Some(&[6, 99])).await?;
    same(one, 1, I::Documented, "rows that were cancelled")?;
    let mut claim = claim_of(&spool, &want().most(4)).await?;
    same(rows_of(&claim), vec![1, 2, 3, 4], I::Documented, "rows")?;
    spool.record(&mut claim.token, &[1, 2], &[]).await?;
    same(
        spool.cancel(&id, None).await?,
        1,
        I::Documented,
        "rows that were ready",
    )?;
    // What is in flight has its outcome, and what has not left is cancelled.
    let settled = [(1, accepted()), (3, Outcome::NotSent)];
    spool.release(claim.token, &settled).await?;
    let end = [(S::Accepted, 1), (S::Unknown, 1), (S::Cancelled, 4)];
    counts(&spool, &id, &end, I::I3).await?;
    let found = job(&spool, &id).await?;
    let expected = (JobPhase::Cancelled, true);
    same(
        (found.phase, found.is_finished()),
        expected,
        I::Documented,
        "the job",
    )?;
    spool.start(&id).await.is(Conflict, I::Documented)?;
    nothing_to_claim(&spool, I::I3, "the job is cancelled").await
}

pub(super) async fn a_job_is_removed(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let id = batch(&spool, "news", 2).await?;
    let claimed = claim(&spool).await?;
    let other = store.open("b").await?;
    other.remove(&id).await.is(Busy, I::Documented)?;
    spool.release(claimed.token, &[]).await?;
    let scope = Scope::Job(id.clone());
    spool.hold(&scope, HoldReason::Person, "wait", None).await?;
    same(
        other.remove(&id).await?,
        true,
        I::Documented,
        "it was there",
    )?;
    same(other.remove(&id).await?, false, I::Documented, "it is gone")?;
    same(spool.jobs().await?.len(), 0, I::Documented, "jobs")?;
    nothing_to_claim(&spool, I::Documented, "the job is gone").await?;
    // Another one by this name has nothing of it.
    batch(&spool, "news", 1).await?;
    let rows = rows_of(&claim(&spool).await?);
    same(
        rows,
        vec![1],
        I::Documented,
        "rows of a new job by this name",
    )
}

pub(super) async fn rows_are_read_in_pages(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let id = batch(&spool, "news", 25).await?;
    let mut claim = claim(&spool).await?;
    spool.record(&mut claim.token, &[2, 4], &[]).await?;
    let settled = [(2, unknown()), (4, accepted())];
    spool.release(claim.token, &settled).await?;
    let rows = async |query: Query| {
        let found = spool.mails(&query).await?;
        Found::Ok(found.iter().map(|record| record.row).collect::<Vec<_>>())
    };
    let all = Query::new(id);
    let first = rows(all.clone().most(3)).await?;
    same(first, vec![1, 2, 3], I::Documented, "the first page")?;
    let next = rows(all.clone().after(23)).await?;
    same(next, vec![24, 25], I::Documented, "the last page")?;
    let states = all.clone().in_state(S::Accepted).in_state(S::Unknown);
    same(
        rows(states.clone()).await?,
        vec![2, 4],
        I::Documented,
        "rows in two states",
    )?;
    same(
        rows(states.after(2)).await?,
        vec![4],
        I::Documented,
        "those after a row",
    )?;
    let last = spool.mails(&all.after(24)).await?;
    let last = last
        .first()
        .map(|row| (row.key.clone(), row.data.clone(), row.state));
    let expected = Some(("k25".to_owned(), Bytes::from("d25"), S::Ready));
    same(last, expected, I::Documented, "the last row")
}

pub(super) async fn events_of_a_job(store: &dyn StoreUnderTest) -> Case {
    let spool: Arc<dyn Spool> = store.open("a").await?;
    let one = batch(&spool, "one", 1).await?;
    let two = batch(&spool, "two", 1).await?;
    for (job, name) in [(&one, "started"), (&two, "started"), (&one, "paused")] {
        spool.note(job, name, "why".into()).await?;
    }
    spool.note(&id("none")?, "started", Bytes::new()).await?;
    let events = spool.events(&one, 0).await?;
    let names: Vec<_> = events.iter().map(|event| event.name.as_str()).collect();
    same(names, vec!["started", "paused"], I::Documented, "events")?;
    let first = events.first().map_or(0, |event| event.number);
    let later = spool.events(&one, first).await?;
    let details: Vec<_> = later.iter().map(|event| event.detail.clone()).collect();
    same(
        details,
        vec![Bytes::from("why")],
        I::Documented,
        "later events",
    )
}

pub(super) async fn what_is_old_is_pruned(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let done = batch(&spool, "done", 1).await?;
    let queue = id("queue")?;
    spool
        .create(NewJob::new(queue.clone(), JobKind::Queue, "work"))
        .await?;
    spool.add(&queue, mails(3)).await?;
    let doubtful = batch(&spool, "doubtful", 1).await?;
    for (job, rows, outcome) in [
        (&done, vec![1], accepted()),
        (&queue, vec![1, 2], accepted()),
        (&doubtful, vec![1], unknown()),
    ] {
        let only = want().of_job(job.clone());
        let mut claim = claim_of(&spool, &only).await?;
        spool.record(&mut claim.token, &rows, &[]).await?;
        let mut settled: Vec<_> = rows.iter().map(|row| (*row, outcome.clone())).collect();
        if *job == queue {
            settled.pop();
            settled.push((2, unknown()));
        }
        spool.release(claim.token, &settled).await?;
    }
    let open = batch(&spool, "open", 1).await?;
    let age = 10 * LEASE;
    same(spool.prune(age).await?, 0, I::Documented, "nothing is old")?;
    store.clock().advance(2 * age);
    same(
        spool.prune(age).await?,
        2,
        I::Documented,
        "rows that were pruned",
    )?;
    same(
        spool.job(&done).await?,
        None,
        I::Documented,
        "the finished job",
    )?;
    let left = [(S::Unknown, 1), (S::Ready, 1)];
    counts(&spool, &queue, &left, I::I7).await?;
    counts(&spool, &doubtful, &[(S::Unknown, 1)], I::I7).await?;
    counts(&spool, &open, &[(S::Ready, 1)], I::I7).await
}
