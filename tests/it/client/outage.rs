//! Servers that are down for a while, and clients that wait for them.
//!
//! `PILOTFISH_OUTAGE=10` stops the server for ten seconds of real time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use pilotfish::ErrorKind;
use pilotfish::client::Retry;
use tokio::time::{Instant, sleep, timeout};

use super::{client_to, letter, number_of, paused};
use crate::support::mini_server::Store;
use crate::support::port::{Count, Port};

const MAILS: usize = 5_000;

/// A server that starts after this time, and counts its connections.
async fn server(port: Port, down: Duration, store: Store, connections: Count) {
    sleep(down).await;
    let fate = |_| {
        connections.add();
        Box::new(|_: &mut Vec<u8>| false) as Box<_>
    };
    port.serve(&["PIPELINING", "CHUNKING"], store, fate).await;
}

/// Sends this many mails by a stream while the server is down for this time. All of them arrive once,
/// the last one soon after the server has started.
async fn send_during_outage(mails: usize, down: Duration) {
    let (port, store, connections) = (Port::new(), Store::default(), Count::default());
    let client = client_to(port.number(), |server| server).retry(Retry::new());
    let client = client.build().unwrap();
    let begun = Instant::now();
    let server = server(port, down, store.clone(), connections.clone());
    let sending = async {
        let letters = stream::iter((0..mails).map(|number| letter(number, 10)));
        let mut outcomes = client.send_all(letters.enumerate());
        while let Some((number, result)) = outcomes.next().await {
            assert!(result.is_ok(), "{number}: {result:?}");
        }
        let after = begun.elapsed().saturating_sub(down);
        client.close().await;
        after
    };
    let after = tokio::select! {
        after = timeout(down + Duration::from_mins(5), sending) => after.expect("it hangs"),
        () = server => unreachable!("it serves for ever"),
    };
    println!("{mails} mails, down for {down:?}: the last one {after:?} after its return");
    assert!(after <= Duration::from_secs(15), "{after:?}");
    let arrived = store.all();
    let numbers: BTreeSet<_> = arrived.iter().map(|mail| number_of(&mail.octets)).collect();
    assert_eq!((arrived.len(), numbers.len()), (mails, mails));
    assert!(connections.all() <= 8, "{}", connections.all());
}

#[test]
fn an_outage_uses_up_no_attempt_and_all_mails_leave_at_its_end() {
    if let Ok(seconds) = std::env::var("PILOTFISH_OUTAGE") {
        let down = Duration::from_secs(seconds.parse().unwrap());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(send_during_outage(MAILS, down));
    }
    for (mails, seconds) in [(MAILS, 10), (500, 60), (MAILS, 600)] {
        paused(send_during_outage(mails, Duration::from_secs(seconds)));
    }
}

/// A client that waits for a server that never starts.
fn waiting(budget: Duration) -> (Port, pilotfish::Client) {
    let port = Port::new();
    let retry = Retry::new().budget(budget);
    let client = client_to(port.number(), |server| server).retry(retry);
    let client = client.queue_timeout(Duration::from_secs(20));
    (port, client.max_connections(2).build().unwrap())
}

/// Neither the number of attempts nor the time limit of the queue ends the wait.
#[test]
fn only_the_budget_limits_the_wait() {
    paused(async {
        for seconds in [0, 30, 1_200] {
            let budget = Duration::from_secs(seconds);
            let (_port, client) = waiting(budget);
            let begun = Instant::now();
            let error = client.send(letter(0, 10)).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.is_transient()),
                (ErrorKind::Connect, true)
            );
            let waited = begun.elapsed();
            // The next attempt would be due after the budget.
            let least = budget.saturating_sub(Duration::from_secs(11));
            assert!(
                least <= waited && waited <= budget + Duration::from_secs(1),
                "{waited:?}"
            );
        }
    });
}

/// A server that replies on each connection, and opens no session.
#[test]
fn all_budgets_end_at_once() {
    const BUSY: usize = 50;
    paused(async {
        let port = Port::new();
        let budget = Duration::from_mins(2);
        let client = client_to(port.number(), |server| server);
        let client = client.retry(Retry::new().budget(budget)).build().unwrap();
        let busy = port.serve(&[], Store::default(), |_| {
            Box::new(|said: &mut Vec<u8>| {
                *said = b"421 4.3.2 too busy\r\n".to_vec();
                false
            })
        });
        let begun = Instant::now();
        let sending = async {
            let letters = stream::iter((0..BUSY).map(|number| letter(number, 10)));
            let outcomes: Vec<_> = client.send_all(letters.enumerate()).collect().await;
            assert_eq!(outcomes.len(), BUSY);
            let replied = |result: &pilotfish::Result<_>| {
                result.as_ref().is_err_and(|error| error.reply().is_some())
            };
            assert!(outcomes.iter().all(|(_, result)| replied(result)));
        };
        tokio::select! {
            () = sending => {}
            () = busy => unreachable!("it serves for ever"),
        }
        let waited = begun.elapsed();
        assert!(waited <= budget + Duration::from_secs(1), "{waited:?}");
    });
}

#[test]
fn close_and_abort_do_not_wait_for_the_server() {
    paused(async {
        for closes in [true, false] {
            let (_port, client) = waiting(Duration::from_hours(1));
            let begun = Instant::now();
            let ending = async {
                sleep(Duration::from_secs(100)).await;
                if closes {
                    client.close().await;
                } else {
                    client.abort();
                }
            };
            let (reported, ()) = tokio::join!(client.send(letter(0, 10)), ending);
            assert_eq!(reported.unwrap_err().kind(), ErrorKind::Connect);
            assert!(
                begun.elapsed() < Duration::from_secs(101),
                "{:?}",
                begun.elapsed()
            );
        }
    });
}

/// The server accepts one connection at a time, and the client closes each after a few mails.
#[test]
fn close_sends_waiting_mails_even_if_another_connection_was_refused() {
    paused(async {
        // Each open connection has a clone.
        let refused = Arc::new(AtomicUsize::new(0));
        let (port, store) = (Port::new(), Store::default());
        let client = client_to(port.number(), |server| server);
        let client = client.mails_per_connection(5).build().unwrap();
        let serving = port.serve(&[], store.clone(), |_| {
            let refused = Arc::clone(&refused);
            let is_second = Arc::strong_count(&refused) > 2;
            Box::new(move |said: &mut Vec<u8>| {
                if is_second {
                    refused.fetch_add(1, Ordering::Relaxed);
                    *said = b"421 4.7.0 too many connections\r\n".to_vec();
                }
                false
            })
        });
        let sending = join_all((0..40).map(|number| client.send(letter(number, 10))));
        let closing = async {
            sleep(Duration::from_millis(100)).await;
            client.close().await;
        };
        let (results, ()) = tokio::select! {
            both = async { tokio::join!(sending, closing) } => both,
            () = serving => unreachable!("it serves for ever"),
        };
        for (number, result) in results.iter().enumerate() {
            assert!(result.is_ok(), "{number}: {result:?}");
        }
        assert_eq!(store.all().len(), 40);
        assert!(refused.load(Ordering::Relaxed) > 0);
    });
}

/// The server asks for a pause of twenty minutes. How the wait for it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Served,
    Closed,
    Aborted,
}

/// Mails that are given during the pause wait like those before them.
#[test]
fn mails_given_during_a_pause_share_it() {
    const ASKED: Duration = Duration::from_mins(20);
    for (retry, end) in [
        (Retry::new(), End::Served),
        (Retry::new(), End::Closed),
        (Retry::new(), End::Aborted),
        (Retry::none(), End::Closed),
    ] {
        paused(async {
            let port = Port::new();
            let client = client_to(port.number(), |server| server).retry(retry.clone());
            let client = client
                .queue_timeout(Duration::from_secs(20))
                .build()
                .unwrap();
            let serving = port.serve(&[], Store::default(), |connection| {
                Box::new(move |said: &mut Vec<u8>| {
                    if connection == 0 {
                        *said = b"421 4.3.2 try again in 1200 seconds\r\n".to_vec();
                    }
                    false
                })
            });
            let begun = Instant::now();
            let send = async |number: usize, after: u64| {
                sleep(Duration::from_millis(after)).await;
                (client.send(letter(number, 10)).await, begun.elapsed())
            };
            let ending = async {
                sleep(Duration::from_millis(400)).await;
                match end {
                    End::Served => {}
                    End::Closed => client.close().await,
                    End::Aborted => client.abort(),
                }
                begun.elapsed()
            };
            let (first, second, third, ended) = tokio::select! {
                all = async { tokio::join!(send(0, 0), send(1, 100), send(2, 200), ending) } => all,
                () = serving => unreachable!("it serves for ever"),
            };
            assert!(ended < Duration::from_secs(1), "{ended:?}, {end:?}");
            for (result, after) in [first, second, third] {
                let context = format!("{result:?} after {after:?}, {end:?}, {retry:?}");
                if end == End::Served {
                    assert!(result.is_ok(), "{context}");
                    assert!(after >= ASKED && after < ASKED * 11 / 10, "{context}");
                } else {
                    let error = result.unwrap_err();
                    assert!(error.reply().is_some(), "{context}");
                    assert!(after < Duration::from_secs(1), "{context}");
                }
            }
        });
    }
}
