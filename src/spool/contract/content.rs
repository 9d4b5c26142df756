//! Content, and how long it stays.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;

use super::super::content::ContentId;
use super::super::error::SpoolErrorKind::NotFound;
use super::super::job::{JobKind, NewJob};
use super::super::mail::NewMail;
use super::super::outcome::Resolution;
use super::super::store::Spool;
use super::bed::{Broken, Case, Expected as _, Found, accepted, claim, id, same, unknown};
use super::{Invariant as I, StoreUnderTest};

async fn put(spool: &Arc<dyn Spool>, octets: &[u8]) -> Found<ContentId> {
    Ok(spool.add_content(Box::pin(octets)).await?)
}

/// The octets of some content; `None` if it is not there.
async fn get(spool: &Arc<dyn Spool>, id: ContentId) -> Found<Option<Vec<u8>>> {
    let mut reader = match spool.content(id).await {
        Err(error) if error.kind() == NotFound => return Ok(None),
        reader => reader?,
    };
    let mut octets = Vec::new();
    let read = reader.read_to_end(&mut octets).await;
    read.map_err(|error| Broken::new(I::Documented, format!("content cannot be read: {error}")))?;
    Ok(Some(octets))
}

pub(super) async fn content_is_found_by_its_hash(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    // Of no octet, as FIPS 180-4 has it.
    let empty = put(&spool, b"").await?;
    let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    same(
        empty.to_string().as_str(),
        expected,
        I::Documented,
        "the name of nothing",
    )?;
    // Larger than a block of any store.
    let large: Vec<u8> = (0..1_500_000_u32)
        .map(|n| n.to_be_bytes()[3] ^ n.to_be_bytes()[1])
        .collect();
    let one = put(&spool, &large).await?;
    let two = put(&spool, &large).await?;
    same(one, two, I::Documented, "names of the same content")?;
    let other = store.open("b").await?;
    let found = get(&other, one).await?;
    same(
        found.as_deref() == Some(large.as_slice()),
        true,
        I::Documented,
        "the same octets",
    )?;
    same(
        get(&other, empty).await?,
        Some(Vec::new()),
        I::Documented,
        "no octets",
    )?;
    let none = ContentId::new([7; 32]);
    same(
        get(&spool, none).await?,
        None,
        I::Documented,
        "content that is not there",
    )?;
    let job = id("news")?;
    let with_none = NewJob::new(job.clone(), JobKind::Queue, "work").with_content(none);
    spool.create(with_none).await.is(NotFound, I::Documented)?;
    spool
        .create(NewJob::new(job.clone(), JobKind::Queue, "work"))
        .await?;
    let mail = NewMail::new("k", "d").with_content(none);
    spool
        .add(&job, vec![mail])
        .await
        .is(NotFound, I::Documented)
}

pub(super) async fn content_stays_as_long_as_it_is_needed(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let job = id("news")?;
    let template = put(&spool, b"template").await?;
    let shared = put(&spool, b"shared").await?;
    let own = put(&spool, b"own").await?;
    let unused = put(&spool, b"unused").await?;
    let new = NewJob::new(job.clone(), JobKind::Queue, "work").with_content(template);
    spool.create(new).await?;
    let mail = |key: &str, content| NewMail::new(key, "d").with_content(content);
    let mails = vec![mail("a", shared), mail("b", shared), mail("c", own)];
    spool.add(&job, mails).await?;
    let day = Duration::from_hours(24);
    store.clock().advance(2 * day);
    spool.prune(100 * day).await?;
    let there = async |id: ContentId| Found::Ok(get(&spool, id).await?.is_some());
    same(
        there(unused).await?,
        false,
        I::Documented,
        "unused content is dropped",
    )?;
    for (what, id) in [("the job's", template), ("shared", shared), ("own", own)] {
        same(
            there(id).await?,
            true,
            I::Documented,
            format!("{what} content stays"),
        )?;
    }
    let mut claimed = claim(&spool).await?;
    spool.record(&mut claimed.token, &[1, 3], &[]).await?;
    let settled = [(1, accepted()), (3, unknown())];
    spool.release(claimed.token, &settled).await?;
    same(
        there(shared).await?,
        true,
        I::Documented,
        "another mail needs it",
    )?;
    same(
        there(own).await?,
        true,
        I::Documented,
        "an unknown mail may be sent again",
    )?;
    spool
        .resolve(&job, Some(&[3]), Resolution::Accepted)
        .await?;
    same(
        there(own).await?,
        false,
        I::Documented,
        "content of a settled mail is dropped",
    )?;
    spool.cancel(&job, Some(&[2])).await?;
    same(
        there(shared).await?,
        false,
        I::Documented,
        "no mail needs it",
    )?;
    same(
        there(template).await?,
        true,
        I::Documented,
        "the job needs it",
    )?;
    spool.remove(&job).await?;
    same(
        there(template).await?,
        false,
        I::Documented,
        "the job is gone",
    )
}
