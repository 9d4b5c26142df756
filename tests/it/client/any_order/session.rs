//! Over one session after another, by `Session::send_each`.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use pilotfish::session::{Mail, Receipt};
use pilotfish::{Fate, Result};
use tokio::time::timeout;

use super::{Case, MailKind, seeds};
use crate::support::client::in_clear;
use crate::support::mini_server::{Arrived, MiniServer, Replies, Store};

/// Longer than all time limits of a session together. The clock is paused.
const TOO_LONG: Duration = Duration::from_hours(24);

#[tokio::test(start_paused = true)]
async fn each_is_reported_once_or_returned() {
    for seed in seeds(0..8_500) {
        let mut case = Case::new(seed);
        // Mails of a session cannot be cancelled.
        case.mails.retain(|kind| *kind != MailKind::Withdrawn);
        play(&case).await;
    }
}

async fn play(case: &Case) {
    let mut reported: Vec<Vec<Result<Receipt>>> = case.mails.iter().map(|_| Vec::new()).collect();
    let mut arrived = Vec::new();
    let mut strategy = case.strategy;
    let numbered = case.mails.iter().enumerate();
    let mut left: Vec<(usize, Mail)> = numbered.map(|(n, kind)| (n, kind.mail(n))).collect();
    for sessions in 0.. {
        if left.is_empty() {
            break;
        }
        assert!(sessions < 30, "no end: {left:?}, {case:?}");
        let store = Store::default();
        let (here, there) = tokio::io::duplex(4_096);
        let mini_server = MiniServer::new(there, Replies::Offering(case.keywords), &store);
        let numbers: Vec<_> = left.iter().map(|(number, _)| *number).collect();
        let client = async {
            let Ok(session) = in_clear(here).await else {
                panic!("no session: {case:?}");
            };
            let mut session = session.with_strategy(strategy);
            let mut mails = stream::iter(left.into_iter().map(|(_, mail)| mail));
            let returned = session
                .send_each(&mut mails, |place, result| {
                    reported[numbers[place]].push(result);
                })
                .await;
            strategy = session.strategy();
            let mut again: Vec<_> = (returned.into_iter())
                .map(|returned| {
                    assert_eq!(returned.error.fate(), Fate::NotAccepted, "{case:?}");
                    (numbers[returned.index], returned.mail)
                })
                .collect();
            let rest: Vec<_> = mails.collect().await;
            again.extend(
                numbers[numbers.len() - rest.len()..]
                    .iter()
                    .copied()
                    .zip(rest),
            );
            session.quit().await;
            again
        };
        let both = async { tokio::join!(client, mini_server.fate(case.end.fate()).serve()).0 };
        left = timeout(TOO_LONG, Box::pin(both))
            .await
            .unwrap_or_else(|_| panic!("it hangs: {case:?}"));
        keeps_limits(case, &store.all());
        arrived.extend(store.all());
    }
    case.verify(&reported, &arrived);
}

/// What a session sent is within the limits of the server.
fn keeps_limits(case: &Case, arrived: &[Arrived]) {
    let domain = |path: &String| path.rsplit('@').next().unwrap().to_owned();
    let domains: BTreeSet<_> = arrived
        .iter()
        .flat_map(|one| &one.paths)
        .map(domain)
        .collect();
    for (limit, count) in [
        ("RCPTDOMAINMAX=", domains.len()),
        ("MAILMAX=", arrived.len()),
    ] {
        if let Some((_, most)) = case.limits.split_once(limit) {
            let most: usize = most[..1].parse().unwrap();
            assert!(count <= most, "{count} in a session: {case:?}");
        }
    }
}
