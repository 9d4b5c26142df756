//! Many rows.

use super::{FileStore, accepted, claim, news};
use crate::spool::{JobKind, NewJob, NewMail};

/// Adds rows of 200 octets, and returns the size of the file.
async fn fill(store: &FileStore, rows: u64) -> i64 {
    let spool = store.worker().await;
    let new = NewJob::new(news(), JobKind::Batch, "work");
    spool.create(new).await.unwrap();
    for part in 0..rows / 10_000 {
        let numbers = part * 10_000..(part + 1) * 10_000;
        let mails =
            numbers.map(|row| NewMail::new(format!("user{row}@example.org"), vec![b'd'; 200]));
        spool.add(&news(), mails.collect()).await.unwrap();
    }
    spool.start(&news()).await.unwrap();
    drop(spool);
    let sql = store.sql();
    sql.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    sql.query_row(
        "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
        [],
        |row| row.get(0),
    )
    .unwrap()
}

/// The pages that a claim with its records writes do not depend on the number of rows.
#[tokio::test]
async fn claims_write_little() {
    let store = FileStore::new();
    let size = fill(&store, 20_000).await;
    assert!(size < 20_000 * 300, "{size}");
    let spool = store.worker().await;
    let log = || {
        let mut log = store.path().into_os_string();
        log.push("-wal");
        std::fs::metadata(log).map_or(0, |log| log.len())
    };
    for _ in 0..3 {
        let before = log();
        let mut claimed = claim(&spool).await;
        let rows: Vec<_> = claimed.mails.iter().map(|mail| mail.row).collect();
        spool.record(&mut claimed.token, &rows, &[]).await.unwrap();
        let settled: Vec<_> = rows.iter().map(|row| (*row, accepted())).collect();
        spool.release(claimed.token, &settled).await.unwrap();
        let pages = (log() - before) / 4_096;
        assert!(pages < 30, "{pages}");
    }
}
