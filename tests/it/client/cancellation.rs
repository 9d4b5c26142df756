//! At each stage a server that is well, slow, silent or wrong; callers that cancel at each moment,
//! one by one or all at once.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use pilotfish::address::{Envelope, ForwardPath};
use pilotfish::client::{ClientBuilder, Retry};
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::testing::Point;
use pilotfish::{Client, Mail};
use tokio::time::{sleep, timeout};

use super::case::{Reported, Tally};
use super::server_behaviour::{BEHAVIOURS, FAULTS, ServerBehaviour, SessionSetup, server};
use super::{client_of, letter, number_of, paused, tasks};
use crate::session::send_each::strategy;
use crate::support::dice::Dice;
use crate::support::open_server::open_server;

/// In the middle of a long message.
const LATE: Point = Point::Body(90_000);

const STAGES: [Point; 10] = [
    Point::Greeting,
    Point::Ehlo,
    Point::Mail,
    Point::Rcpt,
    Point::Data,
    Point::Body(1_000),
    LATE,
    Point::EndOfData,
    Point::Rset,
    Point::Quit,
];

fn milliseconds(dice: &mut Dice, most: u64) -> Duration {
    Duration::from_millis(dice.below(most))
}

fn limits(client: ClientBuilder, dice: &mut Dice) -> (ClientBuilder, usize) {
    let most = usize::try_from(1 + dice.below(3)).unwrap();
    let client = client
        .max_connections(most)
        .queue(usize::try_from(1 + dice.below(5)).unwrap())
        .queue_timeout(Duration::from_secs(1) + milliseconds(dice, 20_000))
        .idle_timeout(milliseconds(dice, 3_000));
    let client = match dice.below(4) {
        0 => client.mails_per_connection(2),
        1 => client.max_age(milliseconds(dice, 5_000)),
        2 => client.retry(Retry::new().first_wait(milliseconds(dice, 4_000))),
        _ => client,
    };
    (client, most)
}

/// When a caller cancels.
#[derive(Debug, Clone, Copy)]
enum CancelAt {
    Endless,
    Polls(u64),
    For(Duration),
}

fn cancel_at(dice: &mut Dice) -> CancelAt {
    match dice.below(5) {
        0 | 1 => CancelAt::Endless,
        2 => CancelAt::Polls(dice.below(6)),
        3 => CancelAt::For(milliseconds(dice, 500)),
        _ => CancelAt::For(milliseconds(dice, 9_000)),
    }
}

/// The result of a future that is dropped then.
async fn within<T>(cancel_at: CancelAt, future: impl Future<Output = T>) -> Option<T> {
    match cancel_at {
        CancelAt::Endless => Some(future.await),
        CancelAt::For(limit) => timeout(limit, future).await.ok(),
        CancelAt::Polls(mut left) => {
            let mut future = pin!(future);
            poll_fn(|context| {
                if left == 0 {
                    return Poll::Ready(None);
                }
                left -= 1;
                future.as_mut().poll(context).map(Some)
            })
            .await
        }
    }
}

/// One to three recipients in two domains, so that some servers take them in portions.
fn recipients(number: usize) -> Vec<ForwardPath> {
    let all = ["a@example.org", "b@example.net", "c@example.org"];
    let count = if number < OTHERS { 1 + number % 3 } else { 1 };
    all.iter()
        .take(count)
        .map(|path| path.parse().unwrap())
        .collect()
}

/// From this number on, mails go to one recipient.
const OTHERS: usize = 100;

fn mail(number: usize, longest: usize, dice: &mut Dice) -> Mail {
    let mail = letter(number, dice.one_of(&[10, 10, 10, 3_000, longest]));
    let from = mail.envelope.reverse_path().clone();
    let envelope = Envelope::new(from, recipients(number)).unwrap();
    Mail::new(envelope, mail.message)
}

async fn one_by_one(
    client: Client,
    number: usize,
    longest: usize,
    mut dice: Dice,
) -> Vec<(usize, Reported)> {
    sleep(milliseconds(&mut dice, 2_000)).await;
    let mail = mail(number, longest, &mut dice);
    let reported = match within(cancel_at(&mut dice), client.send(mail)).await {
        Some(result) => Reported::Of(Box::new(result)),
        None => Reported::Nothing,
    };
    vec![(number, reported)]
}

/// Sends several mails by a stream that is not always ready.
async fn by_stream(
    client: Client,
    first: usize,
    mails: usize,
    longest: usize,
    mut dice: Dice,
) -> Vec<(usize, Reported)> {
    let cancel_at = cancel_at(&mut dice);
    let mut others = dice.clone();
    let source = stream::iter(0..mails).then(move |place| {
        let (mail, pause) = (
            mail(first + place, longest, &mut others),
            milliseconds(&mut others, 900),
        );
        let ready = others.one_in(2);
        async move {
            if !ready {
                sleep(pause).await;
            }
            mail
        }
    });
    let mut reported: Vec<_> = (0..mails)
        .map(|place| (first + place, Reported::Nothing))
        .collect();
    let mut outcomes = client.send_all(source.enumerate());
    let taking = async {
        while let Some((place, result)) = outcomes.next().await {
            assert!(
                matches!(reported[place].1, Reported::Nothing),
                "{place} is reported twice"
            );
            reported[place].1 = Reported::Of(Box::new(result));
        }
    };
    if within(cancel_at, taking).await.is_some() {
        let all = reported
            .iter()
            .all(|(_, reported)| matches!(reported, Reported::Of(_)));
        assert!(all, "{reported:?}");
    }
    reported
}

/// Ends the whole client.
async fn end_client(client: Client, mut dice: Dice) {
    sleep(milliseconds(&mut dice, 4_000)).await;
    match dice.below(4) {
        0 => client.abort(),
        1 => client.close().await,
        2 => drop(timeout(milliseconds(&mut dice, 3_000), client.close()).await),
        _ => {}
    }
}

async fn play(
    setup: SessionSetup,
    strategy: Strategy,
    stage: Point,
    behaviour: ServerBehaviour,
    seed: u64,
    tally: &mut Tally,
) {
    let is_late = stage == LATE;
    // Octets that the server has not read keep the system from closing a connection.
    let longest = if is_late { 120_000 } else { 3_000 };
    let context = format!("{setup:?}, {strategy:?}, {stage:?}, {behaviour:?}, seed {seed}");
    let mut dice = Dice::new(seed);
    let server = server(setup, strategy, stage, behaviour, &mut dice)
        .start()
        .await
        .unwrap();
    let before = tasks();
    let client = setup.client(&server, strategy);
    let (client, most) = limits(client, &mut dice);
    let client = client.build().unwrap();

    let (single, row) = (1 + dice.below(4), 1 + dice.below(5));
    let (single, row) = (
        usize::try_from(single).unwrap(),
        usize::try_from(row).unwrap(),
    );
    let mut outcomes: Vec<_> = (0..single + row)
        .map(|number| (number, Reported::Nothing))
        .collect();
    let singles = (0..single).map(|number| {
        let (client, dice) = (client.clone(), Dice::new(dice.next()));
        one_by_one(client, number, longest, dice)
    });
    let singles = join_all(singles.collect::<Vec<_>>());
    let row = by_stream(client.clone(), single, row, longest, Dice::new(dice.next()));
    let meddling = end_client(client.clone(), Dice::new(dice.next()));
    let all = async { tokio::join!(singles, row, meddling) };
    let given_up = if dice.one_in(4) {
        CancelAt::For(milliseconds(&mut dice, 4_000))
    } else {
        CancelAt::For(Duration::from_hours(1))
    };
    let client = match within(given_up, all).await {
        Some((singles, row, ())) => {
            outcomes = singles.into_iter().flatten().chain(row).collect();
            Some(client)
        }
        // All clones are dropped but one.
        None if dice.one_in(2) => Some(client),
        None => {
            drop(client);
            None
        }
    };
    if let Some(client) = &client {
        let closed = timeout(Duration::from_hours(1), client.close()).await;
        assert!(closed.is_ok(), "{context}: it never closes");
        assert!(is_late || server.open_connections() == 0, "{context}");
        // The server is well again, or soon will be.
        let mut tried = 0;
        loop {
            let number = OTHERS + tried;
            sleep(Duration::from_secs(2)).await;
            let result = client.send(letter(number, 10)).await;
            let sent = result.is_ok();
            outcomes.push((number, Reported::Of(Box::new(result))));
            if sent {
                break;
            }
            tried += 1;
            assert!(tried <= FAULTS + 1, "{context}: {outcomes:?}");
        }
        client.close().await;
    } else {
        sleep(Duration::from_secs(1)).await;
    }
    assert!(is_late || server.open_connections() == 0, "{context}");
    let most_open = server.most_open_connections();
    assert!(
        is_late || most_open <= most,
        "{context}: {most_open} connections"
    );
    tally.verify_each(&outcomes, &server.received(), recipients, &context);
    drop(client);
    let ended = server.shutdown().await;
    // A server that replies in advance gets more octets before it has read the end of a message. A
    // server that reads chunks as commands does not know these commands.
    let in_advance = matches!(
        (stage, behaviour),
        (Point::Body(_), ServerBehaviour::Replies(_))
    );
    if !in_advance && strategy.chunking == Chunking::Never {
        assert!(ended.is_ok(), "{context}: {ended:.200?}");
    }
    assert_eq!(tasks(), before - 1, "{context}");
}

/// Each stage and behaviour, with this many seeds.
fn matrix(setup: SessionSetup, strategy: Strategy, stages: &[Point], seeds: u64) {
    let mut tally = Tally::default();
    let mut seed = 0;
    for stage in stages {
        for behaviour in BEHAVIOURS {
            for _ in 0..seeds {
                seed += 1;
                paused(play(setup, strategy, *stage, behaviour, seed, &mut tally));
            }
        }
    }
    println!("{strategy:?}: {tally:?}");
    assert!(tally.accepted > tally.cases, "{tally:?}");
    assert!(
        tally.dropped_there > 0 && tally.dropped > tally.dropped_there,
        "{tally:?}"
    );
    assert!(tally.not_accepted > 0 && tally.unknown > 0, "{tally:?}");
}

/// A mail that waits after others is withdrawn permanently.
#[test]
fn a_waiting_mail_that_is_cancelled_never_arrives() {
    paused(async {
        let server = open_server().delay(Duration::from_secs(1)..=Duration::from_secs(1), 1);
        let server = server.start().await.unwrap();
        let grouped = strategy(Pipelining::Auto, Chunking::Never);
        let client = client_of(&server, |server| server.strategy(grouped));
        let client = client.max_connections(1).build().unwrap();
        let first = join_all((0..10).map(|number| client.send(letter(number, 10))));
        let later = join_all((10..30).map(|number| client.send(letter(number, 10))));
        let at_once =
            client.send_all(stream::iter((30..60).map(|number| letter(number, 10))).enumerate());
        let later = async { tokio::join!(later, at_once.collect::<Vec<_>>()) };
        let later = timeout(Duration::from_secs(5), later);
        let (reported, given_up) = tokio::join!(first, later);
        assert!(given_up.is_err() && reported.iter().all(Result::is_ok));
        client.close().await;
        let received = server.received();
        let mut numbers: Vec<_> = received
            .iter()
            .map(|mail| number_of(&mail.octets))
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..10).collect::<Vec<_>>());
        server.shutdown().await.unwrap();
    });
}

#[test]
fn one_at_a_time() {
    matrix(
        SessionSetup::Clear,
        strategy(Pipelining::Never, Chunking::Never),
        &STAGES,
        5,
    );
}

#[test]
fn grouped() {
    matrix(
        SessionSetup::Clear,
        strategy(Pipelining::Auto, Chunking::Never),
        &STAGES,
        5,
    );
}

#[test]
fn eager() {
    matrix(
        SessionSetup::Clear,
        strategy(Pipelining::Eager, Chunking::Never),
        &STAGES,
        5,
    );
}

#[test]
fn chunked() {
    matrix(
        SessionSetup::Clear,
        strategy(Pipelining::Auto, Chunking::Always),
        &STAGES,
        5,
    );
}

#[test]
fn as_it_comes() {
    matrix(SessionSetup::Clear, Strategy::default(), &STAGES, 5);
}

#[test]
fn with_tls_and_a_login() {
    let stages = [
        Point::StartTls,
        Point::Auth,
        Point::Rcpt,
        Point::EndOfData,
        Point::Quit,
    ];
    matrix(SessionSetup::LogIn, Strategy::default(), &stages, 2);
}
