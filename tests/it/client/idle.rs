//! Connections without a mail: the client closes them in time, leaves nothing behind, and loses no
//! mail when the server closes them.

use std::time::Duration;

use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::testing::{Fault, Point};
use pilotfish::{Client, ServerConfig};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{client_of, letter, number_of, paused, tasks};
use crate::session::send_each::strategy;
use crate::support::open_server::open_server;

const STRATEGIES: [fn() -> Strategy; 4] = [
    || strategy(Pipelining::Auto, Chunking::Never),
    || strategy(Pipelining::Eager, Chunking::Never),
    || strategy(Pipelining::Auto, Chunking::Always),
    Strategy::default,
];

/// RFC 5321 section 4.5.3.2.7: a server waits for five minutes.
#[test]
fn a_client_without_mails_has_no_connection_and_no_task() {
    paused(async {
        let server = open_server().idle_timeout(Duration::from_mins(5));
        let server = server.start().await.unwrap();
        let before = tasks();
        let client = client_of(&server, |server| server).build().unwrap();
        for number in 0..3 {
            assert_eq!(tasks(), before);
            let _receipt = client.send(letter(number, 10)).await.unwrap();
            sleep(Duration::from_secs(59)).await;
            assert_eq!(server.open_connections(), 1);
            sleep(Duration::from_secs(2)).await;
            assert_eq!(server.open_connections(), 0);
            sleep(Duration::from_hours(1)).await;
        }
        assert_eq!(tasks(), before);
        // The client sent QUIT on each connection.
        assert_eq!(server.round_trips().len(), 3);
        server.shutdown().await.unwrap();
    });
}

/// The server ends an idle session at about the moment at which a mail comes.
#[test]
fn a_server_that_closes_an_idle_session_fails_no_mail() {
    let ends = [None, Some(Fault::CloseAt(Point::Idle))];
    for strategy in STRATEGIES {
        for end in &ends {
            paused(async {
                let limit = Duration::from_secs(10);
                let server = open_server().idle_timeout(limit);
                let server = match end {
                    Some(fault) => server.fault_always(fault.clone()),
                    None => server,
                };
                let server = server.start().await.unwrap();
                let client = client_of(&server, |server| server.strategy(strategy()))
                    .build()
                    .unwrap();
                let mut number = 0;
                for offset in (0..60).map(Duration::from_millis) {
                    let since = Instant::now();
                    let early = Duration::from_millis(30);
                    sleep_until(since + limit - early + offset).await;
                    let result = client.send(letter(number, 10)).await;
                    assert!(
                        result.is_ok(),
                        "{:?}, {end:?}, {offset:?}: {result:?}",
                        strategy()
                    );
                    number += 1;
                }
                client.close().await;
                let received = server.received();
                let numbers: Vec<_> = received
                    .iter()
                    .map(|mail| number_of(&mail.octets))
                    .collect();
                assert_eq!(numbers, (0..number).collect::<Vec<_>>());
                assert!(
                    server.round_trips().len() > 10,
                    "it never was idle for long enough"
                );
                server.shutdown().await.unwrap();
            });
        }
    }
}

/// An idle session stays open when the caller withdraws a waiting mail.
#[test]
fn a_cancelled_mail_ends_no_session() {
    paused(async {
        let server = open_server().start().await.unwrap();
        let client = client_of(&server, |server| server).build().unwrap();
        for number in 0..3 {
            let _receipt = client.send(letter(number, 10)).await.unwrap();
            let mut sending = Box::pin(client.send(letter(9, 10)));
            assert!(futures_util::poll!(&mut sending).is_pending());
            drop(sending);
            sleep(Duration::from_secs(1)).await;
        }
        client.close().await;
        assert_eq!(server.received_by_connection(), [3]);
    });
}

/// An idle session stays open when the caller drops a future of `close`.
#[test]
fn a_cancelled_close_ends_no_session() {
    paused(async {
        let second = Duration::from_secs(1);
        let server = open_server().delay(second..=second, 1);
        let server = server.start().await.unwrap();
        let client = client_of(&server, |server| server).build().unwrap();
        for number in 0..3 {
            let sending = async { client.send(letter(number, 10)).await.unwrap() };
            let closing = async {
                sleep(second / 2).await;
                let _ = timeout(second / 2, client.close()).await.unwrap_err();
            };
            let _ = tokio::join!(sending, closing);
            sleep(second).await;
        }
        client.close().await;
        assert_eq!(server.received_by_connection(), [3]);
    });
}

/// A server that does not answer QUIT delays the connection, but no mail.
#[test]
fn a_connection_after_quit_takes_no_mail() {
    paused(async {
        let server = open_server().fault_always(Fault::SilentAt(Point::Quit));
        let server = server.start().await.unwrap();
        let client = client_of(&server, |server| server)
            .max_connections(2)
            .idle_timeout(Duration::from_secs(1))
            .build()
            .unwrap();
        let _receipt = client.send(letter(0, 10)).await.unwrap();
        // The client sends QUIT after a second, and waits for the reply until the fifth.
        sleep(Duration::from_secs(2)).await;
        let begun = Instant::now();
        let _receipt = client.send(letter(1, 10)).await.unwrap();
        assert!(
            begun.elapsed() < Duration::from_secs(2),
            "{:?}",
            begun.elapsed()
        );
        client.close().await;
    });
}

/// A client has no connection and no task before the first mail, or without one.
#[test]
fn an_unused_client_does_nothing() {
    paused(async {
        let before = tasks();
        let builder = ServerConfig::builder("127.0.0.1").port(1);
        let client = Client::new(builder.build().unwrap());
        client.close().await;
        client.abort();
        assert_eq!(tasks(), before);
    });
}
