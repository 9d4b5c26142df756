//! What becomes of rows, and what cannot become of them.

use std::time::Duration;

use super::super::error::SpoolErrorKind::Lost;
use super::super::mail::MailState as S;
use super::super::outcome::{Answer, Outcome, Resolution};
use super::bed::{
    Case, Expected as _, LEASE, accepted, all, batch, claim, counts, deferred, nothing_to_claim,
    rejected, rows_of, same, unknown,
};
use super::{Invariant as I, StoreUnderTest};

pub(super) async fn what_is_settled_is_final(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let id = batch(&spool, "news", 4).await?;
    let mut claim = claim(&spool).await?;
    spool.record(&mut claim.token, &[1, 2, 3], &[]).await?;
    let failed = Outcome::Failed(Answer::new("it cannot be made"));
    let settled = [
        (1, accepted()),
        (2, rejected()),
        (3, unknown()),
        (4, failed),
    ];
    spool.record(&mut claim.token, &[], &settled).await?;
    let end = [
        (S::Accepted, 1),
        (S::Rejected, 1),
        (S::Unknown, 1),
        (S::Failed, 1),
    ];
    counts(&spool, &id, &end, I::I3).await?;
    for row in 1..=4 {
        let leaving = spool.record(&mut claim.token, &[row], &[]).await;
        leaving.is(Lost, I::I3)?;
        for outcome in [accepted(), rejected(), deferred(LEASE), Outcome::NotSent] {
            let again = [(row, outcome)];
            let again = spool.record(&mut claim.token, &[], &again).await;
            again.is(Lost, I::I3)?;
        }
    }
    spool.release(claim.token, &[]).await?;
    for rows in [Some([1, 2, 4].as_slice()), Some(&[5])] {
        let resolved = spool.resolve(&id, rows, Resolution::Send).await?;
        same(resolved, 0, I::I3, "rows that are not unknown")?;
        same(
            spool.hasten(&id, rows).await?,
            0,
            I::I3,
            "rows that do not wait",
        )?;
        same(
            spool.cancel(&id, rows).await?,
            0,
            I::I3,
            "rows that are settled",
        )?;
    }
    store.clock().advance(100 * LEASE);
    nothing_to_claim(&spool, I::I3, "all is settled").await?;
    counts(&spool, &id, &end, I::I3).await
}

pub(super) async fn in_flight_becomes_unknown(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    // By a kill, by the end of the lease, and by a release without an outcome.
    for (name, way) in [("killed", 0), ("expired", 1), ("released", 2)] {
        let id = batch(&spool, name, 3).await?;
        let worker = store.open("b").await?;
        let mut claim = claim(&worker).await?;
        same(&claim.job, &id, I::Documented, "job")?;
        worker.record(&mut claim.token, &[1, 2], &[]).await?;
        let settled = [(1, accepted())];
        worker.record(&mut claim.token, &[], &settled).await?;
        match way {
            0 => {
                drop(claim);
                store.kill(worker).await?;
            }
            1 => store.clock().advance(2 * LEASE),
            _ => worker.release(claim.token, &[]).await?,
        }
        store.clock().advance(2 * LEASE);
        let next = super::bed::claim(&spool).await?;
        same(
            rows_of(&next),
            vec![3],
            I::I4,
            format!("rows after it was {name}"),
        )?;
        let now = [(S::Accepted, 1), (S::Unknown, 1), (S::Claimed, 1)];
        counts(&spool, &id, &now, I::I4).await?;
        let rows = all(&spool, &id).await?;
        let answer = rows.iter().find(|row| row.row == 2);
        let answer = answer.and_then(|row| row.answer.clone());
        same(answer.is_some(), true, I::Documented, "why it is unknown")?;
        spool.release(next.token, &[(3, rejected())]).await?;
    }
    Ok(())
}

pub(super) async fn unknown_waits_for_a_person(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let id = batch(&spool, "news", 4).await?;
    let mut first = claim(&spool).await?;
    spool.record(&mut first.token, &[1, 2, 3, 4], &[]).await?;
    let settled = [1, 2, 3, 4].map(|row| (row, unknown()));
    spool.release(first.token, &settled).await?;
    store.clock().advance(100 * LEASE);
    spool.start(&id).await?;
    spool.hasten(&id, None).await?;
    let again = store.open("b").await?;
    nothing_to_claim(&again, I::I5, "all is unknown").await?;
    let one = spool.resolve(&id, Some(&[2]), Resolution::Accepted).await?;
    let other = spool.resolve(&id, Some(&[3]), Resolution::Rejected).await?;
    let rest = spool.resolve(&id, None, Resolution::Send).await?;
    same(
        (one, other, rest),
        (1, 1, 2),
        I::I5,
        "rows that were resolved",
    )?;
    let next = claim(&spool).await?;
    same(
        rows_of(&next),
        vec![1, 4],
        I::I5,
        "rows that are sent again",
    )?;
    let attempts = next
        .mails
        .iter()
        .map(|mail| mail.attempts)
        .collect::<Vec<_>>();
    same(attempts, vec![1, 1], I::Documented, "attempts")?;
    let now = [(S::Claimed, 2), (S::Accepted, 1), (S::Rejected, 1)];
    counts(&spool, &id, &now, I::I5).await
}

pub(super) async fn deferred_mails_come_back(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let id = batch(&spool, "news", 2).await?;
    let mut first = claim(&spool).await?;
    spool.record(&mut first.token, &[1], &[]).await?;
    let hour = Duration::from_hours(1);
    let nearly = Duration::from_mins(59);
    let mut answer = Answer::new("451 4.7.1 later");
    answer.detail = "ann has it".into();
    let after = Outcome::Deferred {
        answer,
        after: hour,
    };
    // Row 2 was refused before it left.
    let settled = [(1, after), (2, deferred(2 * hour))];
    spool.release(first.token, &settled).await?;
    counts(&spool, &id, &[(S::Waiting, 2)], I::I7).await?;
    nothing_to_claim(&spool, I::Documented, "all rows wait").await?;
    store.clock().advance(nearly);
    nothing_to_claim(&spool, I::Documented, "the first waits a minute more").await?;
    store.clock().advance(2 * LEASE);
    let next = claim(&spool).await?;
    same(rows_of(&next), vec![1], I::Documented, "the first is due")?;
    let found = next.mails.first();
    let found = found.map(|mail| {
        let detail = mail.previous.as_ref().map(|answer| answer.detail.clone());
        (mail.attempts, detail, mail.age >= hour)
    });
    let expected = Some((1, Some("ann has it".into()), true));
    same(found, expected, I::Documented, "attempts, answer and age")?;
    same(
        spool.hasten(&id, None).await?,
        1,
        I::Documented,
        "rows that wait",
    )?;
    let rest = claim(&spool).await?;
    same(
        rows_of(&rest),
        vec![2],
        I::Documented,
        "the second goes at once",
    )
}

pub(super) async fn a_mail_that_did_not_leave(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let id = batch(&spool, "news", 1).await?;
    let mut first = claim(&spool).await?;
    spool.record(&mut first.token, &[1], &[]).await?;
    let settled = [(1, Outcome::NotSent)];
    spool.record(&mut first.token, &[], &settled).await?;
    counts(&spool, &id, &[(S::Ready, 1)], I::I7).await?;
    spool
        .record(&mut first.token, &[1], &[])
        .await
        .is(Lost, I::I2)?;
    let next = claim(&spool).await?;
    let attempts = next.mails.first().map(|mail| mail.attempts);
    same(attempts, Some(0), I::Documented, "attempts")
}
