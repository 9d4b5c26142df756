//! As many connections and waiting mails as allowed, and never one more or less.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, poll, stream};
use pilotfish::Mail;
use pilotfish::client::Retry;
use pilotfish::protocol::{Chunking, Pipelining};
use pilotfish::testing::{Fault, Point};
use tokio::task::yield_now;
use tokio::time::sleep;

use super::case::{Reported, Tally};
use super::{client_of, letter, paused, tasks};
use crate::session::send_each::strategy;
use crate::support::open_server::open_server;

/// Connections that end in every way, and are replaced by others.
#[test]
fn as_many_connections_as_allowed() {
    paused(async {
        let delay = Duration::from_millis(1)..=Duration::from_millis(80);
        let reply_at = |point, reply: &str| Fault::ReplyAt(point, reply.to_owned());
        let server = open_server()
            .delay(delay, 7)
            .fault_every_in_connection(9, Fault::CloseAfter(Point::EndOfData))
            .fault_every(31, Fault::CloseAt(Point::EndOfData))
            .fault_every(17, reply_at(Point::Mail, "421 4.3.2 busy"))
            .fault_every(7, reply_at(Point::Greeting, "421 4.3.2 too many"))
            .fault_every(5, Fault::SilentAt(Point::Quit));
        let server = server.start().await.unwrap();
        let grouped = strategy(Pipelining::Auto, Chunking::Never);
        let client = client_of(&server, |server| server.strategy(grouped))
            .max_connections(3)
            .mails_per_connection(20)
            .idle_timeout(Duration::from_millis(40))
            .retry(Retry::new().attempts(50).budget(Duration::from_hours(1)))
            .build()
            .unwrap();
        let mut outcomes = Vec::new();
        for round in 0..20 {
            let numbers = round * 20..(round + 1) * 20;
            let results = join_all(
                numbers
                    .clone()
                    .map(|number| client.send(letter(number, 10))),
            );
            let reported = results
                .await
                .into_iter()
                .map(|reported| Reported::Of(Box::new(reported)));
            outcomes.extend(numbers.zip(reported));
            sleep(Duration::from_millis(60)).await;
        }
        client.close().await;
        assert_eq!(server.open_connections(), 0);
        assert_eq!(server.most_open_connections(), 3);
        let mut tally = Tally::default();
        tally.verify(&outcomes, &server.received(), "bound");
        println!("{tally:?}, {} connections", server.round_trips().len());
        assert!(
            tally.accepted > 350 && server.round_trips().len() > 50,
            "{tally:?}"
        );
    });
}

/// A server that accepts no mail, and callers that do not wait for it.
#[test]
fn a_million_futures_that_are_dropped_leave_all_places_free() {
    paused(async {
        let server = open_server().fault_always(Fault::SilentAt(Point::Greeting));
        let server = server.start().await.unwrap();
        let before = tasks();
        let client = client_of(&server, |server| server)
            .max_connections(2)
            .queue(4)
            .build()
            .unwrap();
        let mail = letter(0, 10);
        let dropped_at_once = async |mails: usize| {
            for number in 0..mails {
                let mut sending = pin!(client.send(mail.clone()));
                assert!(poll!(&mut sending).is_pending());
                if number % 1_000 == 0 {
                    yield_now().await;
                }
            }
        };
        // The queue has a place for each.
        dropped_at_once(100_000).await;
        let waiting = (0..4).map(|_| Box::pin(client.send(mail.clone())));
        let mut waiting: Vec<_> = waiting.collect();
        for sending in &mut waiting {
            assert!(poll!(sending).is_pending());
        }
        // The queue is full.
        dropped_at_once(900_000).await;
        drop(waiting);
        assert_eq!(places(&client, &mail).await, 4);
        client.abort();
        client.close().await;
        assert_eq!(server.open_connections(), 0);
        server.shutdown().await.unwrap();
        assert_eq!(tasks(), before - 1);
    });
}

/// How many mails of a stream fit into a queue that no worker empties.
async fn places(client: &pilotfish::Client, mail: &Mail) -> usize {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let mails = stream::repeat_with(move || {
        count.fetch_add(1, Ordering::Relaxed);
        mail.clone()
    });
    let mut outcomes = client.send_all(mails.enumerate());
    let poll_once = poll_fn(|context| Poll::Ready(outcomes.poll_next_unpin(context).is_pending()));
    assert!(poll_once.await);
    taken.load(Ordering::Relaxed)
}

/// A connection that has reached its age limit begins no mail, even if mails wait.
#[test]
fn how_old_a_connection_may_be() {
    paused(async {
        let second = Duration::from_secs(1);
        let server = open_server()
            .without("PIPELINING")
            .delay(second..=second, 1);
        let server = server.start().await.unwrap();
        let client = client_of(&server, |server| server)
            .max_connections(1)
            .max_age(Duration::from_secs(20))
            .build()
            .unwrap();
        let outcomes =
            client.send_all(stream::iter((0..30).map(|number| letter(number, 10))).enumerate());
        let outcomes: Vec<_> = outcomes.collect().await;
        assert!(outcomes.iter().all(|(_, result)| result.is_ok()));
        client.close().await;
        // Each mail takes four seconds.
        let by_connection = server.received_by_connection();
        assert!(
            by_connection.iter().all(|mails| (1..=6).contains(mails)),
            "{by_connection:?}"
        );
        server.shutdown().await.unwrap();
    });
}

#[tokio::test]
async fn a_session_takes_as_many_mails_as_the_caller_says() {
    let server = open_server().start().await.unwrap();
    let client = client_of(&server, |server| server)
        .max_connections(1)
        .mails_per_connection(2)
        .build()
        .unwrap();
    let outcomes: Vec<_> = client
        .send_all(stream::iter((0..9).map(|n| letter(n, 10))).enumerate())
        .collect()
        .await;
    assert_eq!(
        outcomes.iter().filter(|(_, result)| result.is_ok()).count(),
        9
    );
    client.close().await;
    assert_eq!(server.received_by_connection(), [2, 2, 2, 2, 1]);
}
