//! Departures of mails that a client sends.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, poll, stream};
use pilotfish::client::Retry;
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::testing::{Fault, Point, Quirk, TestServer};
use pilotfish::{Client, Fate, Mail, Problem, Security, ServerConfig};

use super::{letter, number_of};
use crate::session::send_each::strategy;
use crate::support::client::summary;
use crate::support::journal::{Answer, Journal};
use crate::support::open_server::open_server;

/// A client with one connection, which makes up to three attempts at once.
fn client(server: &TestServer, strategy: Strategy) -> Client {
    let builder = ServerConfig::builder("127.0.0.1")
        .port(server.addr().port())
        .security(Security::Cleartext)
        .strategy(strategy);
    let retry = Retry::new().attempts(3).first_wait(Duration::ZERO);
    let client = Client::builder(builder.build().unwrap()).retry(retry);
    client.max_connections(1).build().unwrap()
}

fn chunked() -> Strategy {
    strategy(Pipelining::Auto, Chunking::Always)
}

/// The numbers of the mails that the server has accepted.
fn arrived(server: &TestServer) -> Vec<usize> {
    let received = server.received();
    let mut numbers: Vec<_> = (received.iter())
        .map(|mail| number_of(&mail.octets))
        .collect();
    numbers.sort_unstable();
    numbers
}

fn mail(journal: &Arc<Journal>, number: usize) -> Mail {
    journal.mail(letter(number, 10), number as u64)
}

/// A mail that may not depart fails, and no attempt follows. The mails that would have left with it go
/// over another connection.
#[tokio::test]
async fn a_mail_that_may_not_depart_fails_alone() {
    for answer in [Answer::No, Answer::Panic] {
        for strategy in [
            chunked(),
            Strategy::default(),
            strategy(Pipelining::Eager, Chunking::Never),
            strategy(Pipelining::Never, Chunking::Never),
        ] {
            let server = open_server().start().await.unwrap();
            let client = client(&server, strategy);
            let (yes, no) = (Journal::new(|_| Answer::Yes), Journal::new(move |_| answer));
            let mails = (0..8).map(|number| match number {
                3 => (number, mail(&no, number)),
                5 => (number, letter(number, 10)),
                _ => (number, mail(&yes, number)),
            });
            let outcomes: Vec<_> = client.send_all(stream::iter(mails)).collect().await;
            client.close().await;
            for (number, result) in &outcomes {
                let error = result.as_ref().err();
                assert_eq!(error.is_some(), *number == 3, "{result:?}");
                if let Some(error) = error {
                    assert_eq!(error.problem(), Some(Problem::NotDeparted));
                    assert_eq!(error.fate(), Fate::NotAccepted);
                    assert!(!error.is_transient());
                }
            }
            assert_eq!(arrived(&server), [0, 1, 2, 4, 5, 6, 7], "{strategy:?}");
            assert_eq!(no.calls(), [[3]]);
            assert_eq!(server.round_trips().len(), 2);
            let mut departed = yes.calls().concat();
            departed.sort_unstable();
            departed.dedup();
            assert_eq!(departed, [0, 1, 2, 4, 6, 7]);
            server.shutdown().await.unwrap();
        }
    }
}

/// Each attempt departs, whatever the reason for it is.
#[tokio::test]
async fn each_attempt_departs() {
    let busy = || Fault::ReplyAt(Point::EndOfData, "451 4.3.0 busy".to_owned());
    for (server, strategy) in [
        (open_server().fault(busy()), Strategy::default()),
        (open_server().fault(busy()), chunked()),
        // Over another session.
        (open_server().quirk(Quirk::NoBdat), chunked()),
    ] {
        let server = server.start().await.unwrap();
        let client = client(&server, strategy);
        let journal = Journal::new(|_| Answer::Yes);
        let result = client.send(mail(&journal, 7)).await;
        client.close().await;
        assert!(result.is_ok(), "{}", summary(&result));
        assert_eq!(journal.calls(), [[7], [7]]);
        assert_eq!(arrived(&server), [7]);
        server.shutdown().await.unwrap();
    }
}

/// While a departure waits, a mail can still be withdrawn: by its caller, or with the whole client.
#[tokio::test]
async fn a_mail_that_is_withdrawn_while_its_departure_waits() {
    for strategy in [chunked(), Strategy::default()] {
        for aborted in [false, true] {
            let server = open_server().start().await.unwrap();
            let client = client(&server, strategy);
            let journal = Journal::new(|_| Answer::AtGate);
            let sending = client.send(mail(&journal, 1));
            if aborted {
                let abort = async {
                    journal.asked(1).await;
                    client.abort();
                };
                let (result, ()) = tokio::join!(sending, abort);
                let error = result.unwrap_err();
                assert_eq!(error.fate(), Fate::NotAccepted, "{error}");
            } else {
                tokio::select! {
                    result = sending => panic!("{}", summary(&result)),
                    () = journal.asked(1) => {}
                }
            }
            journal.open();
            client.close().await;
            assert_eq!(arrived(&server), [0; 0], "{strategy:?}");
            assert_eq!(journal.calls(), [[1]]);
            server.shutdown().await.unwrap();
        }
    }
}

/// Two mails wait for the departure of their flight, and the caller of one stops waiting. It is not sent,
/// and the other goes over another connection.
#[tokio::test]
async fn one_mail_of_a_flight_is_withdrawn() {
    let server = open_server().start().await.unwrap();
    let client = client(&server, chunked());
    let journal = Journal::new(|_| Answer::AtGate);
    let mut first = pin!(client.send(mail(&journal, 0)));
    let mut second = Box::pin(client.send(mail(&journal, 1)));
    let mut third = pin!(client.send(mail(&journal, 2)));
    assert!(poll!(&mut first).is_pending());
    journal.asked(1).await;
    // They leave together as soon as the first has been answered.
    assert!(poll!(&mut second).is_pending() && poll!(&mut third).is_pending());
    journal.open();
    assert!(first.await.is_ok());
    journal.asked(2).await;
    drop(second);
    journal.open();
    journal.asked(3).await;
    journal.open();
    assert!(third.await.is_ok());
    client.close().await;
    assert_eq!(arrived(&server), [0, 2]);
    assert_eq!(journal.calls(), [vec![0], vec![1, 2], vec![2]]);
    server.shutdown().await.unwrap();
}
