//! Over the connections of a client, by `Client::send` and `Client::send_all`.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use pilotfish::session::Receipt;
use pilotfish::{Client, Result, Security, ServerConfig};
use tokio::net::TcpListener;
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;

use super::{Case, MailKind, seeds};
use crate::support::mini_server::{MiniServer, Replies, Store};

/// Longer than any of them takes on a loaded machine.
const TOO_LONG: Duration = Duration::from_mins(1);

#[tokio::test]
async fn each_is_reported_once_and_the_client_closes() {
    for seed in seeds(8_500..10_000) {
        play(Case::new(seed)).await;
    }
}

async fn serve(
    listener: TcpListener,
    keywords: &'static [&'static str],
    case: super::End,
    store: Store,
) {
    let mut served = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let mini_server = MiniServer::new(stream, Replies::Offering(keywords), &store);
        served.spawn(mini_server.fate(case.fate()).serve());
    }
}

async fn play(mut case: Case) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let store = Store::default();
    let serving = tokio::spawn(serve(listener, case.keywords, case.end, store.clone()));
    let server = ServerConfig::builder("127.0.0.1")
        .port(port)
        .security(Security::Cleartext)
        .strategy(case.strategy);
    let connections = usize::try_from(1 + case.dice.below(3)).unwrap();
    let client = Client::builder(server.build().unwrap())
        .max_connections(connections)
        .build()
        .unwrap();
    let sending = async {
        let reported = if case.dice.one_in(2) {
            send(&client, &mut case).await
        } else {
            send_all(&client, &mut case).await
        };
        client.close().await;
        reported
    };
    let Ok(reported) = timeout(TOO_LONG, sending).await else {
        panic!("it hangs: {case:?}");
    };
    serving.abort();
    case.verify(&reported, &store.all());
}

/// All at once. The caller cancels some of them soon.
async fn send(client: &Client, case: &mut Case) -> Vec<Vec<Result<Receipt>>> {
    let mails: Vec<_> = case.mails.iter().enumerate().collect();
    let sending = mails.into_iter().map(|(number, kind)| {
        let patience = case.dice.below(200);
        async move {
            let sending = client.send(kind.mail(number));
            if *kind != MailKind::Withdrawn {
                return vec![sending.await];
            }
            tokio::select! {
                biased;
                result = sending => vec![result],
                () = async {
                    for _ in 0..patience {
                        yield_now().await;
                    }
                } => Vec::new(),
            }
        }
    });
    join_all(sending.collect::<Vec<_>>()).await
}

/// From a stream, which cannot cancel a single mail.
async fn send_all(client: &Client, case: &mut Case) -> Vec<Vec<Result<Receipt>>> {
    case.mails.retain(|kind| *kind != MailKind::Withdrawn);
    let mut reported: Vec<_> = case.mails.iter().map(|_| Vec::new()).collect();
    let mails = case
        .mails
        .iter()
        .enumerate()
        .map(|(number, kind)| kind.mail(number));
    let mut outcomes = client.send_all(stream::iter(mails).enumerate());
    while let Some((index, result)) = outcomes.next().await {
        reported[index].push(result);
    }
    reported
}
