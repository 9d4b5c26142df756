//! Mails that could be sent must not get stuck.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use pilotfish::client::{Period, Rates};
use pilotfish::testing::{Fault, Point};
use pilotfish::{ErrorKind, Mail};
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use crate::client::{client_of, letter, paused};
use crate::support::built::built;
use crate::support::client::ACCOUNT;
use crate::support::open_server::open_server;

const MINUTE: Duration = Duration::from_mins(1);

/// Results that the client returns without asking the server do not renew the pause for the quota.
#[test]
fn a_quota_is_restored_although_mails_arrive_in_the_meantime() {
    paused(async {
        let refusal = "550 5.4.5 Daily user sending limit exceeded.".to_owned();
        let server = open_server().fault(Fault::ReplyAt(Point::Mail, refusal));
        let server = server.start().await.unwrap();
        let client = client_of(&server, |server| server).build().unwrap();
        let mut reported = Vec::new();
        for number in 0..8 {
            reported.push(client.send(letter(number, 100)).await.is_ok());
            sleep(MINUTE * 10).await;
        }
        assert_eq!(
            reported,
            [false, false, false, false, false, false, true, true]
        );
    });
}

/// A stream of outcomes that is not polled occupies no place in the queue.
#[test]
fn a_mail_can_be_sent_between_two_outcomes() {
    paused(async {
        let server = open_server().start().await.unwrap();
        let client = client_of(&server, |server| server);
        let client = client.max_connections(1).queue(1).build().unwrap();
        let mails = stream::iter((0..10).map(|number| letter(number, 100)));
        let mut outcomes = client.send_all(mails.enumerate());
        while let Some((index, result)) = outcomes.next().await {
            drop(result.unwrap());
            drop(client.send(letter(100 + index, 100)).await.unwrap());
        }
        assert_eq!(server.received().len(), 20);
    });
}

/// The mail for which the client had paused is gone.
#[test]
fn a_cancelled_mail_that_was_held_blocks_no_other() {
    paused(async {
        let server = open_server().start().await.unwrap();
        let rates = Rates::new().recipients(2, Period::Day);
        let client = client_of(&server, |server| server)
            .rates(rates)
            .build()
            .unwrap();
        drop(client.send(letter(0, 100)).await.unwrap());
        let both = ACCOUNT.letter_of_text(&["a@example.org", "b@example.org"], "To both.");
        let both = Mail::from(built(both));
        let (both, later) = tokio::join!(client.send(both), async {
            sleep(MINUTE).await;
            client.send(letter(1, 100)).await
        });
        assert_eq!(both.unwrap_err().kind(), ErrorKind::Timeout);
        drop(later.unwrap());
    });
}

/// If the server refuses a second session, the client asks for it again, even if no other mail
/// comes.
#[test]
fn a_mail_does_not_wait_for_a_slow_one_after_a_refused_session() {
    paused(async {
        let refusal = Fault::ReplyAt(Point::Greeting, "554 5.3.2 not now".to_owned());
        let server = open_server()
            .fault(Fault::SilentAt(Point::EndOfData))
            .fault_every(2, refusal);
        let server = server.start().await.unwrap();
        let client = client_of(&server, |server| server).build().unwrap();
        let (slow, quick) = tokio::join!(client.send(letter(0, 100)), async {
            sleep(Duration::from_millis(500)).await;
            timeout(Duration::from_secs(3), client.send(letter(1, 100))).await
        });
        assert_eq!(slow.unwrap_err().kind(), ErrorKind::Timeout);
        drop(quick.unwrap().unwrap());
    });
}

/// A worker that may not connect for an hour does not keep the client from closing.
#[test]
fn close_does_not_wait_for_an_unneeded_connection() {
    paused(async {
        let delay = Duration::from_millis(500)..=Duration::from_secs(1);
        let server = open_server().delay(delay, 1).start().await.unwrap();
        let rates = Rates::new().connections(1, Period::Hour);
        let client = client_of(&server, |server| server)
            .rates(rates)
            .build()
            .unwrap();
        let closing = async {
            while server.received().is_empty() {
                sleep(Duration::from_millis(100)).await;
            }
            timeout(MINUTE, client.close()).await
        };
        let (closed, outcomes) = tokio::join!(
            closing,
            client
                .send_all(stream::iter((0..6).map(|number| letter(number, 100))).enumerate())
                .collect::<Vec<_>>()
        );
        assert!(outcomes.iter().all(|(_, result)| result.is_ok()));
        closed.unwrap();
    });
}

/// When the runtime of the workers ends, a mail of another runtime gets a result.
#[test]
fn the_end_of_a_runtime_fails_no_mail_of_another() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let (first, second) = (runtime(), runtime());
    let (server, client) = second.block_on(async {
        let silent = Fault::SilentAt(Point::Greeting);
        let server = open_server().fault(silent).start().await.unwrap();
        let client = client_of(&server, |server| server).build().unwrap();
        (server, client)
    });
    let send = |number| {
        let client = client.clone();
        async move { client.send(letter(number, 100)).await }
    };
    let mut of_the_first = Box::pin(send(0));
    // The worker of this mail is in this runtime.
    first.block_on(async { assert!(futures_util::poll!(&mut of_the_first).is_pending()) });
    second.block_on(async {
        // The worker waits for the greeting. If its runtime ended earlier, it would interrupt the
        // lookup of the address, and the server would be silent in the next session.
        while server.open_connections() == 0 {
            yield_now().await;
        }
        let mut of_the_second = Box::pin(send(1));
        assert!(futures_util::poll!(&mut of_the_second).is_pending());
        first.shutdown_background();
        let error = of_the_second.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed, "{error:?}");
        // Another worker opens the next session.
        drop(send(2).await.unwrap());
    });
    drop((server, of_the_first));
}

/// Services move futures into tasks and share clients.
#[test]
fn futures_can_be_spawned_and_clients_be_shared() {
    fn is_send<T: Send>(_: &T) {}
    fn is_shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    let server = pilotfish::ServerConfig::builder("127.0.0.1");
    let client = pilotfish::Client::new(server.build().unwrap());
    is_shared(&client);
    is_send(&client.send(letter(0, 100)));
    is_send(&client.close());
    is_send(&client.send_all(stream::iter([letter(0, 100)]).enumerate()));
    is_send(&client.clone().into_service());
}
