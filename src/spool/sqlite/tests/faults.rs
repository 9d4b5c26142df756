//! The disk is full, read-only or damaged.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

use super::{FileStore, MailState as S, accepted, batch, claim, news, states, want};
use crate::spool::SpoolErrorKind::{Damaged, Denied, Full};
use crate::spool::{JobKind, NewJob, NewMail, Spool};

/// The counters of the jobs are those of the rows.
fn consistent(store: &FileStore) {
    let sql =
        "SELECT ready + waiting + claimed + in_flight + accepted + rejected + unknown + failed
        + cancelled = (SELECT count(*) FROM v_mail)
        AND ready = (SELECT count(*) FROM v_mail WHERE state = 'ready')
        AND claimed = (SELECT count(*) FROM v_mail WHERE state = 'claimed')
        AND in_flight = (SELECT count(*) FROM v_mail WHERE state = 'in flight')
        AND accepted = (SELECT count(*) FROM v_mail WHERE state = 'accepted') FROM job";
    let is_same: bool = store.sql().query_row(sql, [], |row| row.get(0)).unwrap();
    assert!(is_same);
}

#[tokio::test]
async fn the_disk_is_full() {
    let mut store = FileStore::new();
    let spool = store.worker().await;
    let new = NewJob::new(news(), JobKind::Queue, "work");
    spool.create(new).await.unwrap();
    let mails = (0..500).map(|row| NewMail::new(format!("k{row}"), vec![b'd'; 200]));
    spool.add(&news(), mails.collect()).await.unwrap();
    drop(spool);
    let pages: u32 = store
        .sql()
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    let mut full = 0;
    // With each page more, another call finds no room.
    for more in 0..12 {
        store.surroundings.pages = Some(pages + more);
        let spool = store.worker().await;
        let before = states(&spool).await;
        let mails = (0..20).map(|row| NewMail::new(format!("{more} {row}"), vec![b'd'; 200]));
        if let Err(error) = spool.add(&news(), mails.collect()).await {
            assert_eq!(error.kind(), Full, "{error}");
            assert_eq!(states(&spool).await, before);
            full += 1;
        }
        let before = states(&spool).await;
        match spool.claim(&want()).await {
            Ok(claimed) => full += u32::from(send(&spool, claimed.unwrap()).await),
            Err(error) => {
                assert_eq!(error.kind(), Full, "{error}");
                assert_eq!(states(&spool).await, before);
                full += 1;
            }
        }
        drop(spool);
        consistent(&store);
    }
    assert!(full > 0);
    // There is room again.
    store.surroundings.pages = None;
    let spool = store.worker().await;
    let claimed = claim(&spool).await;
    assert!(!send(&spool, claimed).await);
    consistent(&store);
}

/// Whether the disk was full before all was recorded.
async fn send(spool: &Arc<dyn Spool>, mut claimed: crate::spool::Claim) -> bool {
    let rows: Vec<_> = claimed.mails.iter().map(|mail| mail.row).collect();
    if let Err(error) = spool.record(&mut claimed.token, &rows, &[]).await {
        assert_eq!(error.kind(), Full, "{error}");
        return true;
    }
    let settled: Vec<_> = rows.iter().map(|row| (*row, accepted())).collect();
    match spool.release(claimed.token, &settled).await {
        Ok(()) => false,
        Err(error) => {
            assert_eq!(error.kind(), Full, "{error}");
            true
        }
    }
}

#[tokio::test]
async fn a_file_that_may_only_be_read() {
    let mut store = FileStore::new();
    let spool = store.worker().await;
    batch(&spool, 2).await;
    store.surroundings.read_only = true;
    let reader = store.worker().await;
    let error = reader.claim(&want()).await.unwrap_err();
    assert_eq!(error.kind(), Denied, "{error}");
    assert!(error.to_string().contains("may only be read"), "{error}");
    assert_eq!(states(&reader).await, [S::Ready; 2]);
}

/// Whichever page is overwritten, no mail that was accepted or is in flight can be claimed.
#[tokio::test]
async fn a_damaged_page() {
    let store = FileStore::new();
    let spool = store.worker().await;
    batch(&spool, 300).await;
    for _ in 0..15 {
        let claimed = claim(&spool).await;
        send(&spool, claimed).await;
    }
    drop(spool);
    // Another handle waits until the first is closed, and all is in the file.
    store
        .sql()
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    let whole = std::fs::read(store.path()).unwrap();
    let mut damaged = 0;
    for page in 1..whole.len() / 4_096 {
        let after = FileStore::new();
        std::fs::create_dir(after.path().parent().unwrap()).unwrap();
        let mut file = std::fs::File::create(after.path()).unwrap();
        file.write_all(&whole).unwrap();
        file.seek(SeekFrom::Start(page as u64 * 4_096)).unwrap();
        file.write_all(&[0xa5; 4_096]).unwrap();
        drop(file);
        damaged += u32::from(claims_nothing_twice(&after).await);
    }
    assert!(damaged > 5, "{damaged}");
}

/// Whether the damage was found. What is claimed was not sent before.
async fn claims_nothing_twice(store: &FileStore) -> bool {
    let spool = match store.spool(store.options()).await {
        Ok(spool) => spool,
        Err(error) => {
            assert_eq!(error.kind(), Damaged, "{error}");
            return true;
        }
    };
    loop {
        match spool.claim(&want()).await {
            Ok(None) => return false,
            Ok(Some(claimed)) => assert!(claimed.mails.iter().all(|mail| mail.row > 150)),
            Err(error) => {
                assert_eq!(error.kind(), Damaged, "{error}");
                return true;
            }
        }
    }
}
