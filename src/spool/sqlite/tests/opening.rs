//! Which files are opened, and for whom.

use std::os::unix::fs::PermissionsExt as _;

use super::super::open::APPLICATION;
use super::{FileStore, MailState as S, accepted, batch, claim, states, want};
use crate::spool::SpoolErrorKind::{Denied, Version};

#[tokio::test]
async fn the_files_are_their_owners_alone() {
    let store = FileStore::new();
    let spool = store.worker().await;
    batch(&spool, 1).await;
    let claimed = claim(&spool).await;
    let directory = store.path().parent().unwrap().to_owned();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    let mut names = Vec::new();
    for file in directory.read_dir().unwrap().flatten() {
        assert_eq!(mode(&file.path()), 0o600, "{:?}", file.path());
        let name = file.file_name().into_string().unwrap();
        names.push(name.split(".lock.").next().unwrap().to_owned());
    }
    names.sort();
    assert_eq!(
        names,
        ["spool.db", "spool.db", "spool.db-shm", "spool.db-wal"]
    );
    // Nothing is left of a worker that has ended but the file.
    drop(claimed);
    drop(spool);
    let locks = directory.read_dir().unwrap().flatten();
    let locks = locks.filter(|file| file.file_name().to_str().unwrap().contains(".lock."));
    assert_eq!(locks.count(), 0);
}

/// Workers that were killed leave a lock, which the next worker removes.
#[tokio::test]
async fn locks_of_killed_workers() {
    let store = FileStore::new();
    let spool = store.worker().await;
    batch(&spool, 1).await;
    let left = super::super::owners::lock_path(&store.path(), "0123456789abcdef");
    std::fs::write(&left, "").unwrap();
    claim(&spool).await;
    assert!(!left.exists());
}

#[tokio::test]
async fn files_that_are_no_spool() {
    let store = FileStore::new();
    std::fs::create_dir(store.path().parent().unwrap()).unwrap();
    let other = store.sql();
    other.execute_batch("CREATE TABLE t (a)").unwrap();
    drop(other);
    let error = store.refusal(store.options()).await;
    assert_eq!(error.kind(), Denied, "{error}");
    assert!(error.to_string().contains("is not a spool"), "{error}");
    std::fs::write(store.path(), "Dear Ann,\n".repeat(1_000)).unwrap();
    let error = store.refusal(store.options()).await;
    assert_eq!(
        error.kind(),
        crate::spool::SpoolErrorKind::Damaged,
        "{error}"
    );
}

#[tokio::test]
async fn other_versions() {
    let store = FileStore::new();
    // Version 0 has no tables, as after a kill while the file was made.
    std::fs::create_dir(store.path().parent().unwrap()).unwrap();
    store
        .sql()
        .pragma_update(None, "application_id", APPLICATION)
        .unwrap();
    let spool = store.worker().await;
    batch(&spool, 1).await;
    drop(spool);
    let version: i64 = store
        .sql()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 1);
    store
        .sql()
        .pragma_update(None, "user_version", version + 1)
        .unwrap();
    let error = store.refusal(store.options()).await;
    assert_eq!(error.kind(), Version, "{error}");
    assert!(
        error.to_string().contains("use the newer program"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_of_another_machine() {
    let mut store = FileStore::new();
    let machine = |store: &mut FileStore, name: &str| {
        store.surroundings.machine = Some(name.to_owned());
        store.surroundings.boot = Some(format!("{name} today"));
    };
    machine(&mut store, "one");
    let spool = store.worker().await;
    batch(&spool, 3).await;
    let mut claimed = spool.claim(&want().most(2)).await.unwrap().unwrap();
    spool.record(&mut claimed.token, &[1], &[]).await.unwrap();
    machine(&mut store, "two");
    let error = store.refusal(store.options()).await;
    assert_eq!(error.kind(), Denied, "{error}");
    assert!(error.to_string().contains("--take-over"), "{error}");
    let other = store.spool(store.options().take_over()).await.unwrap();
    let rest: Vec<_> = claim(&other)
        .await
        .mails
        .iter()
        .map(|mail| mail.row)
        .collect();
    assert_eq!(rest, [3]);
    assert_eq!(states(&other).await, [S::Unknown, S::Unknown, S::Claimed]);
    // It is of the second machine now.
    drop(other);
    store.worker().await;
    // A container has the boot id of its machine.
    store.surroundings.machine = Some(String::new());
    store.worker().await;
}

#[tokio::test]
async fn network_file_systems() {
    let mut store = FileStore::new();
    for (magic, name) in [
        (0x6969, "NFS"),
        (0xff53_4d42, "CIFS"),
        (-0x00ac_b2be, "CIFS"),
        (0x6573_5546, "FUSE"),
    ] {
        store.surroundings.file_system = Some(magic);
        let error = store.refusal(store.options()).await;
        assert_eq!(error.kind(), Denied);
        assert!(error.to_string().contains(name), "{error}");
        assert!(error.to_string().contains("local disk"), "{error}");
    }
    store.surroundings.file_system = Some(0xef53);
    store.worker().await;
}

/// As `sqlite3 spool.db 'SELECT * FROM v_problem'` shows it.
#[tokio::test]
async fn views_for_people() {
    use crate::spool::{Answer, Outcome};

    let store = FileStore::new();
    let spool = store.worker().await;
    batch(&spool, 4).await;
    let mut claimed = spool.claim(&want().most(3)).await.unwrap().unwrap();
    spool
        .record(&mut claimed.token, &[1, 2, 3], &[])
        .await
        .unwrap();
    let mut no = Answer::new("no such user");
    no.code = Some(550);
    no.enhanced = Some("5.1.1".to_owned());
    let settled = [(1, accepted()), (2, Outcome::Rejected(no))];
    spool
        .record(&mut claimed.token, &[], &settled)
        .await
        .unwrap();
    spool.release(claimed.token, &[]).await.unwrap();
    let sql = store.sql();
    let lines = |query: &str| {
        let mut statement = sql.prepare(query).unwrap();
        let lines = statement
            .query_map([], |row| row.get::<_, String>(0))
            .unwrap();
        lines.map(Result::unwrap).collect::<Vec<_>>()
    };
    let problems = lines(
        "SELECT concat_ws(' ', job, row, key, state, attempts, code, enhanced, reply) FROM v_problem",
    );
    let expected = [
        "news 2 k2 rejected 1 550 5.1.1 no such user",
        "news 3 k3 unknown 1 the worker did not learn of a reply",
    ];
    assert_eq!(problems, expected);
    assert_eq!(
        lines("SELECT state FROM v_mail ORDER BY row"),
        ["accepted", "rejected", "unknown", "ready"]
    );
    let job = lines(
        "SELECT concat_ws(' ', job, kind, phase, ready, accepted, rejected, unknown) FROM v_job",
    );
    assert_eq!(job, ["news batch started 1 1 1 1"]);
}
