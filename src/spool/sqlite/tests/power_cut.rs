//! A power cut: the machine has another boot id, and the end of the log is missing.

use std::path::Path;
use std::process::Command;

use super::{FileStore, MailState as S, accepted, batch, claim, states, want};

const HEADER: u64 = 32;
const FRAME: u64 = 4_096 + 24;

/// Copies a file without opening it in this process, which would lose the locks of SQLite.
fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").args([from, to]).status().unwrap();
    assert!(copied.success());
}

fn log_of(path: &Path) -> std::path::PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

#[tokio::test]
async fn claimed_rows_are_unknown() {
    let mut store = FileStore::new();
    store.surroundings.boot = Some("yesterday".to_owned());
    let spool = store.worker().await;
    batch(&spool, 5).await;
    let mut claimed = spool.claim(&want().most(4)).await.unwrap().unwrap();
    spool
        .record(&mut claimed.token, &[1, 2], &[])
        .await
        .unwrap();
    spool
        .record(&mut claimed.token, &[], &[(1, accepted())])
        .await
        .unwrap();
    store.surroundings.boot = Some("today".to_owned());
    let other = store.worker().await;
    let rows: Vec<_> = claim(&other)
        .await
        .mails
        .iter()
        .map(|mail| mail.row)
        .collect();
    assert_eq!(rows, [5]);
    let expected = [S::Accepted, S::Unknown, S::Unknown, S::Unknown, S::Claimed];
    assert_eq!(states(&other).await, expected);
}

/// Wherever the log is cut after the claim, no mail that has left is sent again.
#[tokio::test]
async fn the_log_is_cut_at_every_frame() {
    let mut store = FileStore::new();
    store.surroundings.boot = Some("yesterday".to_owned());
    let spool = store.worker().await;
    batch(&spool, 40).await;
    let log = log_of(&store.path());
    let mut left = Vec::new();
    let mut cuts = 0;
    for round in 0..3 {
        let mut claimed = claim(&spool).await;
        // The claim is on the disk, and what comes after it may not be.
        let synced = log.metadata().unwrap().len();
        let rows: Vec<_> = claimed.mails.iter().map(|mail| mail.row).collect();
        let (leaving, later) = rows.split_at(6);
        spool
            .record(&mut claimed.token, leaving, &[])
            .await
            .unwrap();
        let settled: Vec<_> = leaving
            .iter()
            .skip(1)
            .map(|row| (*row, accepted()))
            .collect();
        spool
            .record(&mut claimed.token, &later[..2], &settled)
            .await
            .unwrap();
        left.extend_from_slice(leaving);
        left.extend_from_slice(&later[..2]);
        let token = claimed.token;
        if round < 2 {
            spool
                .release(token, &[(later[0], accepted())])
                .await
                .unwrap();
        }
        let end = log.metadata().unwrap().len();
        let saved = store.directory.path().join("saved");
        copy(&store.path(), &saved);
        copy(&log, &log_of(&saved));
        let first = (synced - HEADER).div_ceil(FRAME);
        for frames in first..=(end - HEADER) / FRAME {
            cut(&store, &saved, HEADER + frames * FRAME, &left).await;
            cuts += 1;
        }
    }
    assert!(cuts > 10, "{cuts}");
}

/// Opens a copy whose log ends early, and checks the rows that have left.
async fn cut(store: &FileStore, saved: &Path, octets: u64, left: &[u64]) {
    let mut after = FileStore::new();
    after.surroundings = store.surroundings.clone();
    after.surroundings.boot = Some("today".to_owned());
    std::fs::create_dir(after.path().parent().unwrap()).unwrap();
    std::fs::copy(saved, after.path()).unwrap();
    std::fs::copy(log_of(saved), log_of(&after.path())).unwrap();
    let log = std::fs::OpenOptions::new()
        .write(true)
        .open(log_of(&after.path()));
    log.unwrap().set_len(octets).unwrap();
    let spool = after.worker().await;
    while let Some(claimed) = spool.claim(&want()).await.unwrap() {
        for mail in &claimed.mails {
            assert!(
                !left.contains(&mail.row),
                "row {} is sent again ({octets})",
                mail.row
            );
        }
    }
    for (row, state) in (1..).zip(states(&spool).await) {
        let is_safe = matches!(state, S::Accepted | S::Unknown);
        assert!(
            is_safe || !left.contains(&row),
            "row {row} is {state} ({octets})"
        );
    }
}
