//! Limits of accounts and of values.

use std::time::Duration;

use bytes::Bytes;

use super::super::error::SpoolErrorKind::Invalid;
use super::super::holds::{HoldReason, Scope};
use super::super::job::{JobKind, NewJob};
use super::super::mail::NewMail;
use super::super::store::Allowance;
use super::bed::{Case, Expected as _, id, same};
use super::{Invariant as I, StoreUnderTest};

/// Two workers, and one that comes after both have ended.
pub(super) async fn what_an_account_may_send(store: &dyn StoreUnderTest) -> Case {
    let day = Duration::from_hours(24);
    let allowance = Allowance::new(500, day);
    let one = store.open("a").await?;
    let two = store.open("b").await?;
    let spent = one.spend("work", allowance, 300).await?;
    same(
        (spent.granted, spent.more_at),
        (300, None),
        I::Documented,
        "the first 300",
    )?;
    let spent = two.spend("work", allowance, 300).await?;
    same(spent.granted, 200, I::Documented, "what is left of 500")?;
    let now = store.clock().now();
    let wait = spent.more_at.and_then(|more| more.duration_since(now).ok());
    let is_a_day = wait.is_some_and(|wait| day < wait + day / 24 && wait <= day + day / 24);
    same(
        is_a_day,
        true,
        I::Documented,
        format!("there is more in a day ({wait:?})"),
    )?;
    store.kill(one).await?;
    store.kill(two).await?;
    let three = store.open("c").await?;
    let spent = three.spend("work", allowance, 1).await?;
    same(spent.granted, 0, I::Documented, "nothing is left")?;
    let other = three.spend("home", allowance, 1).await?;
    same(other.granted, 1, I::Documented, "another account")?;
    store.clock().advance(day + day / 12);
    let spent = three.spend("work", allowance, 300).await?;
    same(spent.granted, 300, I::Documented, "the next day")
}

pub(super) async fn values_that_are_too_large(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let job = id("news")?;
    let new = |account: &str| NewJob::new(job.clone(), JobKind::Queue, account);
    for wrong in [
        new(""),
        new(&"a".repeat(256)),
        new("work").with_spec(vec![0; NewJob::MAX_SPEC + 1]),
    ] {
        spool.create(wrong).await.is(Invalid, I::Documented)?;
    }
    spool.create(new("work")).await?;
    let key = "k".repeat(NewMail::MAX_KEY);
    for wrong in [
        vec![NewMail::new("", "d")],
        vec![NewMail::new("k".repeat(NewMail::MAX_KEY + 1), "d")],
        vec![NewMail::new("k", vec![0; NewMail::MAX_DATA + 1])],
        vec![NewMail::new("good", "d"), NewMail::new("", "d")],
        (0..10_001)
            .map(|n| NewMail::new(n.to_string(), "d"))
            .collect(),
    ] {
        spool.add(&job, wrong).await.is(Invalid, I::Documented)?;
    }
    let added = spool.add(&job, vec![NewMail::new(key, vec![0; NewMail::MAX_DATA])]);
    same(added.await?.new, 1, I::Documented, "the largest mail")?;
    let long = "x".repeat(4_097);
    let scope = Scope::Job(job.clone());
    let held = spool.hold(&scope, HoldReason::Person, &long, None);
    held.await.is(Invalid, I::Documented)?;
    let noted = spool.note(&job, &long, Bytes::new());
    noted.await.is(Invalid, I::Documented)?;
    let noted = spool.note(&job, "paused", long.clone().into());
    noted.await.is(Invalid, I::Documented)
}
