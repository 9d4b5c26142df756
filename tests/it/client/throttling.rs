//! Servers that want less: the client sends less, and all mails arrive in the end.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use pilotfish::client::Retry;
use pilotfish::protocol::{Chunking, Pipelining};
use pilotfish::testing::{Fault, Point, TestServerBuilder};
use tokio::time::{sleep, timeout};

use super::case::{Reported, Tally};
use super::{client_of, letter, paused};
use crate::session::send_each::strategy;
use crate::support::open_server::open_server;

const MAILS: usize = 400;

/// The outcomes of the mails, and the number of connections in each second.
async fn send(server: TestServerBuilder, retry: Retry) -> (Tally, Vec<usize>, u64) {
    let delay = Duration::from_millis(300)..=Duration::from_millis(600);
    let server = server.delay(delay, 5).start().await.unwrap();
    let grouped = strategy(Pipelining::Auto, Chunking::Never);
    let client = client_of(&server, |server| server.strategy(grouped))
        .max_connections(8)
        .retry(retry)
        .build()
        .unwrap();
    let outcomes =
        client.send_all(stream::iter((0..MAILS).map(|number| letter(number, 10))).enumerate());
    let outcomes = outcomes.map(|(number, reported)| (number, Reported::Of(Box::new(reported))));
    let mut seconds = Vec::new();
    let watching = async {
        loop {
            sleep(Duration::from_secs(1)).await;
            seconds.push(server.open_connections());
        }
    };
    let outcomes = tokio::select! {
        outcomes = timeout(Duration::from_hours(2), outcomes.collect::<Vec<_>>()) => outcomes,
        () = watching => unreachable!("it watches for ever"),
    };
    let mut tally = Tally::default();
    tally.verify(
        &outcomes.expect("it hangs"),
        &server.received(),
        "throttled",
    );
    client.close().await;
    let round_trips = server.round_trips().iter().sum();
    (tally, seconds, round_trips)
}

fn persistent() -> Retry {
    Retry::new().attempts(50).budget(Duration::from_hours(1))
}

/// The server refuses the fifth connection and all later ones.
#[test]
fn a_server_that_accepts_four_connections_gets_four() {
    paused(async {
        let (tally, seconds, _) = send(open_server().max_connections(4), persistent()).await;
        println!("{tally:?}, {seconds:?}");
        assert_eq!(tally.accepted, MAILS, "{tally:?}");
        assert!(seconds.contains(&4), "{seconds:?}");
    });
}

/// The server rejects the first mails. The client sends few mails for a while, and then uses all
/// connections again.
#[test]
fn after_throttling_all_connections_return() {
    paused(async {
        let busy = || Fault::ReplyAt(Point::Mail, "451 4.3.2 too busy".to_owned());
        let server = (0..8).fold(open_server(), |server, _| server.fault(busy()));
        let (tally, seconds, _) = send(server, persistent()).await;
        println!("{tally:?}, {seconds:?}");
        assert_eq!(tally.accepted, MAILS, "{tally:?}");
        let few = seconds.iter().take_while(|open| **open <= 2).count();
        assert!(few >= 10, "{seconds:?}");
        assert!(seconds[few..].iter().any(|open| *open > 4), "{seconds:?}");
    });
}

/// The quota of the account is used up: the client does not ask the server for each mail.
#[test]
fn a_quota_stops_the_account() {
    paused(async {
        let quota = "550 5.4.5 Daily user sending quota exceeded";
        let server = open_server().fault_always(Fault::ReplyAt(Point::Mail, quota.to_owned()));
        let (tally, _, round_trips) = send(server, Retry::none()).await;
        println!("{tally:?}, {round_trips} round trips");
        assert_eq!(tally.not_accepted, MAILS, "{tally:?}");
        assert!(round_trips < 100, "{round_trips}");
    });
}
