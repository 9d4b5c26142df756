//! Workers in processes of their own, which are killed.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use super::{FileStore, MailState as S, accepted, batch, claim, states, want};
use crate::spool::{Spool as _, SqliteOptions, SqliteSpool};

const SPOOL: &str = "PILOTFISH_TEST_SPOOL";

/// What a child runs: it sends rows, each as a line. Without the variable it does nothing.
#[tokio::test]
async fn child() {
    let Ok(path) = std::env::var(SPOOL) else {
        return;
    };
    let spool = SqliteSpool::open(path, SqliteOptions::new()).await.unwrap();
    while let Some(mut claim) = spool.claim(&want().most(3)).await.unwrap() {
        for mail in &claim.mails {
            spool
                .record(&mut claim.token, &[mail.row], &[])
                .await
                .unwrap();
            let mut server = std::io::stdout().lock();
            writeln!(server, "row {}", mail.row).unwrap();
            server.flush().unwrap();
            let settled = [(mail.row, accepted())];
            spool.record(&mut claim.token, &[], &settled).await.unwrap();
        }
        spool.release(claim.token, &[]).await.unwrap();
    }
}

fn spawn(store: &FileStore) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "--nocapture",
        "spool::sqlite::tests::processes::child",
    ]);
    command
        .env(SPOOL, store.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Three times, two processes send side by side until both are killed.
#[tokio::test]
async fn killed_workers() {
    let store = FileStore::new();
    let spool = store.worker().await;
    batch(&spool, 100).await;
    let mut sent: BTreeMap<u64, u32> = BTreeMap::new();
    for _ in 0..3 {
        let mut children = [spawn(&store), spawn(&store)];
        for child in &mut children {
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let mut seen = 0;
            while let Some(Ok(line)) = lines.next() {
                let Some((_, row)) = line.split_once("row ") else {
                    continue;
                };
                *sent.entry(row.parse().unwrap()).or_default() += 1;
                seen += 1;
                if seen == 8 {
                    child.kill().unwrap();
                }
            }
            child.wait().unwrap();
        }
    }
    // Each was killed after eight mails.
    assert!(sent.len() >= 48, "{sent:?}");
    // What was claimed and did not leave is ready at once.
    while let Some(mut claimed) = spool.claim(&want()).await.unwrap() {
        let rows: Vec<_> = claimed.mails.iter().map(|mail| mail.row).collect();
        spool.record(&mut claimed.token, &rows, &[]).await.unwrap();
        for row in &rows {
            *sent.entry(*row).or_default() += 1;
        }
        let settled: Vec<_> = rows.iter().map(|row| (*row, accepted())).collect();
        spool.release(claimed.token, &settled).await.unwrap();
    }
    let twice: Vec<_> = sent.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    let states = states(&spool).await;
    let mut unknown = 0;
    for (row, state) in (1..).zip(&states) {
        match state {
            S::Accepted => assert!(sent.contains_key(&row), "{row}"),
            S::Unknown => unknown += 1,
            _ => panic!("row {row} is {state}"),
        }
    }
    assert!(unknown <= 6, "{unknown}");
}

/// A worker that is stopped for longer than its lease, while it has its lock.
#[tokio::test]
async fn a_stopped_worker() {
    let store = FileStore::new();
    let (stopped, other) = (store.worker().await, store.worker().await);
    batch(&stopped, 2).await;
    let mut old = claim(&stopped).await;
    stopped.record(&mut old.token, &[1], &[]).await.unwrap();
    assert!(other.claim(&want()).await.unwrap().is_none());
    store.clock.advance(std::time::Duration::from_mins(2));
    let new = claim(&other).await;
    assert_eq!(new.mails.len(), 1);
    let lost = stopped.record(&mut old.token, &[2], &[]).await.unwrap_err();
    assert_eq!(lost.kind(), crate::spool::SpoolErrorKind::Lost);
    assert_eq!(states(&other).await, [S::Unknown, S::Claimed]);
}
