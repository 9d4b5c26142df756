//! Workers side by side.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;

use super::super::mail::MailState as S;
use super::super::store::Spool;
use super::bed::{Case, Found, accepted, all_are, batch, counts, rows_of, same, want};
use super::{Invariant as I, StoreUnderTest};

const ROWS: u64 = 200;

/// Four workers send all rows of a job. No row leaves twice.
pub(super) async fn workers_side_by_side(store: &dyn StoreUnderTest) -> Case {
    let spool = store.open("a").await?;
    let id = batch(&spool, "news", ROWS).await?;
    let mut workers = Vec::new();
    for name in ["b", "c", "d", "e"] {
        workers.push(store.open(name).await?);
    }
    let sent = join_all(workers.iter().map(send_all)).await;
    let mut left: BTreeMap<u64, usize> = BTreeMap::new();
    for rows in sent {
        for row in rows? {
            *left.entry(row).or_default() += 1;
        }
    }
    let twice: Vec<_> = left.iter().filter(|(_, times)| **times > 1).collect();
    same(
        twice.len(),
        0,
        I::I2,
        format!("rows that left twice: {twice:?}"),
    )?;
    same(left.len() as u64, ROWS, I::Documented, "rows that left")?;
    counts(&spool, &id, &[(S::Accepted, ROWS)], I::I7).await
}

/// Claims and sends until nothing is left, and returns the rows that have left.
async fn send_all(worker: &Arc<dyn Spool>) -> Found<Vec<u64>> {
    let mut left = Vec::new();
    while let Some(mut claim) = worker.claim(&want().most(7)).await? {
        let rows = rows_of(&claim);
        worker.record(&mut claim.token, &rows, &[]).await?;
        left.extend(&rows);
        let most = 2 * usize::try_from(ROWS).unwrap_or(usize::MAX);
        let what = "a worker is given rows without end";
        same(left.len() <= most, true, I::I2, what)?;
        let settled = all_are(&claim, &accepted());
        worker.release(claim.token, &settled).await?;
        tokio::task::yield_now().await;
    }
    Ok(left)
}
