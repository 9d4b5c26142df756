//! A mail from add to its outcome.

use super::super::job::JobPhase;
use super::super::mail::MailState as S;
use super::bed::{
    Case, Expected as _, accepted, all_are, batch, claim, counts, job, nothing_to_claim, rejected,
    rows_of, same,
};
use super::{Invariant as I, StoreUnderTest};

pub(super) async fn a_mail_from_add_to_accepted(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let id = batch(&spool, "news", 3).await?;
    counts(&spool, &id, &[(S::Ready, 3)], I::I7).await?;
    let mut claim = claim(&spool).await?;
    same(
        rows_of(&claim),
        vec![1, 2, 3],
        I::Documented,
        "rows of the claim",
    )?;
    let first = claim
        .mails
        .first()
        .map(|mail| (mail.key.clone(), mail.data.clone()));
    same(
        first,
        Some(("k1".into(), "d1".into())),
        I::Documented,
        "the first mail",
    )?;
    same(claim.account.as_str(), "work", I::Documented, "account")?;
    counts(&spool, &id, &[(S::Claimed, 3)], I::I7).await?;
    spool.record(&mut claim.token, &[1, 2], &[]).await?;
    counts(&spool, &id, &[(S::Claimed, 1), (S::InFlight, 2)], I::I1).await?;
    let settled = [(1, accepted()), (2, rejected())];
    spool.record(&mut claim.token, &[3], &settled).await?;
    let now = [(S::InFlight, 1), (S::Accepted, 1), (S::Rejected, 1)];
    counts(&spool, &id, &now, I::I7).await?;
    same(
        job(&spool, &id).await?.is_finished(),
        false,
        I::Documented,
        "finished",
    )?;
    spool.release(claim.token, &[(3, accepted())]).await?;
    counts(&spool, &id, &[(S::Accepted, 2), (S::Rejected, 1)], I::I7).await?;
    let found = job(&spool, &id).await?;
    same(found.is_finished(), true, I::Documented, "finished")?;
    same(found.phase, JobPhase::Started, I::Documented, "phase")?;
    same(
        found.settled.is_some(),
        true,
        I::Documented,
        "time of the last outcome",
    )?;
    nothing_to_claim(&spool, I::I3, "all is settled").await
}

pub(super) async fn rows_that_never_left_are_ready_again(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let id = batch(&spool, "news", 5).await?;
    let mut first = claim(&spool).await?;
    spool.record(&mut first.token, &[1], &[]).await?;
    spool.release(first.token, &[(1, accepted())]).await?;
    counts(&spool, &id, &[(S::Ready, 4), (S::Accepted, 1)], I::I1).await?;
    // A worker that is killed before anything has left.
    let killed = store.open("b").await?;
    let lost = claim(&killed).await?;
    same(
        rows_of(&lost),
        vec![2, 3, 4, 5],
        I::Documented,
        "rows of the second claim",
    )?;
    drop(lost);
    store.kill(killed).await?;
    store.clock().advance(2 * super::bed::LEASE);
    let again = claim(&spool).await?;
    same(
        rows_of(&again),
        vec![2, 3, 4, 5],
        I::I1,
        "rows after the takeover",
    )?;
    let attempts: u32 = again.mails.iter().map(|mail| mail.attempts).sum();
    same(attempts, 0, I::Documented, "attempts")
}

/// As in a second attempt over another connection.
pub(super) async fn a_row_may_leave_twice(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let id = batch(&spool, "news", 1).await?;
    let mut claim = claim(&spool).await?;
    spool.record(&mut claim.token, &[1], &[]).await?;
    spool.record(&mut claim.token, &[1], &[]).await?;
    counts(&spool, &id, &[(S::InFlight, 1)], I::I1).await?;
    let settled = all_are(&claim, &accepted());
    spool.release(claim.token, &settled).await?;
    counts(&spool, &id, &[(S::Accepted, 1)], I::I7).await
}

/// All recipients may be rejected before the message is sent. Accepted and unknown need a flight.
pub(super) async fn a_mail_that_is_rejected_before_it_leaves(store: &dyn StoreUnderTest) -> Case {
    use super::super::error::SpoolErrorKind::Invalid;
    use super::bed::unknown;

    let spool = store.open("a").await?;
    let id = batch(&spool, "news", 2).await?;
    let mut claim = claim(&spool).await?;
    for outcome in [accepted(), unknown()] {
        let recorded = spool.record(&mut claim.token, &[], &[(1, outcome)]).await;
        recorded.is(Invalid, I::I1)?;
    }
    let settled = [(1, rejected())];
    spool.record(&mut claim.token, &[], &settled).await?;
    counts(&spool, &id, &[(S::Rejected, 1), (S::Claimed, 1)], I::I7).await
}

/// Some recipients accepted an earlier attempt, and the others are rejected before the next one leaves.
pub(super) async fn a_mail_that_left_in_an_earlier_attempt(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let id = batch(&spool, "news", 1).await?;
    let mut first = claim(&spool).await?;
    spool.record(&mut first.token, &[1], &[]).await?;
    let later = super::bed::deferred(super::bed::LEASE);
    spool.release(first.token, &[(1, later)]).await?;
    store.clock().advance(2 * super::bed::LEASE);
    let second = claim(&spool).await?;
    spool.release(second.token, &[(1, accepted())]).await?;
    counts(&spool, &id, &[(S::Accepted, 1)], I::I3).await
}
