//! A client under random faults: mails that cannot be sent, servers that end sessions and forget,
//! outages that are longer than all attempts. Each mail has one outcome, and the reported outcome
//! is true.
//!
//! Everything but the random waits of [`Retry`] follows from a seed. `PILOTFISH_SEEDS=10000` runs
//! more seeds than the default. `PILOTFISH_SEED=17` runs only seed 17.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use pilotfish::Mail;
use pilotfish::address::{Envelope, ForwardPath};
use pilotfish::client::Retry;
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::testing::{Fault, Offer, Point, TestServerBuilder};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::case::{Reported, Tally};
use super::{client_to, letter, paused};
use crate::client::simulation::variable;
use crate::session::send_each::strategy;
use crate::support::built::built;
use crate::support::client::ACCOUNT;
use crate::support::dice::Dice;
use crate::support::open_server::open_server;
use crate::support::port::Port;

const SEEDS: u64 = 100;

/// The server's limit for the size of a message.
const MAX_SIZE: u64 = 20_000;

fn server(dice: &mut Dice) -> TestServerBuilder {
    let mut server = open_server().max_size(MAX_SIZE).without("SMTPUTF8");
    server = match dice.below(5) {
        0 => server.without("CHUNKING"),
        1 => server.without("PIPELINING").without("CHUNKING"),
        2 => server.offer(Offer::Mails(dice.one_of(&[1, 2, 3, 4]))),
        3 if dice.one_in(2) => server.offer(Offer::Domains(1)),
        3 => server.offer(Offer::Recipients(1)),
        _ => server,
    };
    let reply_at = |point, reply: &str| Fault::ReplyAt(point, reply.to_owned());
    for _ in 0..dice.below(3) {
        let nth = 2 + dice.below(6);
        let fault = match dice.below(9) {
            0 => reply_at(Point::Mail, "421 4.3.2 enough"),
            1 => reply_at(Point::EndOfData, "421 4.3.2 shutting down"),
            2 => reply_at(Point::EndOfData, "451 4.3.0 later"),
            3 => reply_at(Point::Rcpt, "550 5.1.1 unknown"),
            4 => Fault::CloseAt(Point::EndOfData),
            5 => Fault::CloseAfter(Point::EndOfData),
            6 => reply_at(Point::Rcpt, "450 4.2.0 later"),
            7 => reply_at(Point::Rcpt, "452 4.5.3 too many recipients"),
            _ => Fault::CloseAt(Point::Mail),
        };
        server = if dice.one_in(2) {
            server.fault_every(nth, fault)
        } else {
            server.fault_every_in_connection(nth, fault)
        };
    }
    if dice.one_in(3) {
        server = server.fault_every(3, reply_at(Point::Greeting, "421 4.7.0 too many"));
    }
    server
}

/// Forwards connections to the server. During the outage it closes them at once.
async fn relay(listener: TcpListener, server: u16, outage: (Duration, Duration)) {
    let begun = Instant::now();
    let mut open = JoinSet::new();
    let is_down = || (outage.0..outage.0 + outage.1).contains(&begun.elapsed());
    let mut was_down = false;
    loop {
        let accepted = timeout(Duration::from_millis(500), listener.accept()).await;
        if is_down() && !was_down {
            open.abort_all();
        }
        was_down = is_down();
        if let (Ok(Ok((mut stream, _))), false) = (accepted, was_down) {
            open.spawn(async move {
                let mut on = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut on).await;
            });
        }
    }
}

/// The recipients of the mail with this number: one, or several in up to three domains.
fn recipients(number: usize) -> Vec<ForwardPath> {
    let all = [
        "a@example.org",
        "b@example.org",
        "c@example.net",
        "d@example.com",
    ];
    let count = if number.is_multiple_of(3) {
        1 + number % 4
    } else {
        1
    };
    all[..count]
        .iter()
        .map(|path| path.parse().unwrap())
        .collect()
}

/// The mail with this number, which the server accepts or not.
fn mail(number: usize, dice: &mut Dice) -> Mail {
    let mut mail = message(number, dice);
    if mail.envelope.forward_paths()[0].to_string() == "<a@example.org>" {
        let from = mail.envelope.reverse_path().clone();
        mail.envelope = Envelope::new(from, recipients(number)).unwrap();
    }
    mail
}

fn message(number: usize, dice: &mut Dice) -> Mail {
    match dice.below(8) {
        0 => letter(number, 30_000),
        1 => Mail::from(built(ACCOUNT.letter_of_text(&["ä@example.org"], "To Zoë."))),
        2 => letter(number, 10_000),
        _ => letter(number, 10),
    }
}

async fn play(seed: u64, tally: &mut Tally) {
    let mut dice = Dice::new(seed);
    let server = server(&mut dice).start().await.unwrap();
    let seconds = |dice: &mut Dice, most| Duration::from_secs(dice.below(most));
    let outage = (seconds(&mut dice, 4), dice.one_of(&[0, 0, 3, 40]));
    let outage = (outage.0, Duration::from_secs(outage.1));
    let port = Port::new();
    let client = client_to(port.number(), |server| {
        server.strategy(dice.one_of(&[
            Strategy::default(),
            strategy(Pipelining::Never, Chunking::Never),
            strategy(Pipelining::Eager, Chunking::Never),
            strategy(Pipelining::Auto, Chunking::Always),
        ]))
    });
    let retry = match dice.below(3) {
        0 => Retry::none(),
        1 => Retry::new()
            .first_wait(Duration::from_millis(100))
            .attempts(3),
        _ => Retry::new(),
    };
    let connections = usize::try_from(1 + dice.below(4)).unwrap();
    let client = client
        .retry(retry)
        .max_connections(connections)
        .build()
        .unwrap();
    let mails: Vec<_> = (0..25).map(|number| mail(number, &mut dice)).collect();
    let singles: Vec<_> = (25..30).map(|number| mail(number, &mut dice)).collect();
    let streamed = client.send_all(
        stream::iter(mails)
            .then(|mail| async {
                sleep(Duration::from_millis(200)).await;
                mail
            })
            .enumerate(),
    );
    let sending = async {
        let singles = singles.into_iter().map(|mail| client.send(mail));
        let (streamed, singles) = tokio::join!(streamed.collect::<Vec<_>>(), join_all(singles));
        client.close().await;
        let singles = (25..).zip(singles);
        streamed
            .into_iter()
            .chain(singles)
            .map(|(number, reported)| (number, Reported::Of(Box::new(reported))))
    };
    let outcomes = tokio::select! {
        outcomes = timeout(Duration::from_hours(2), sending) => outcomes,
        () = relay(port.listen(), server.addr().port(), outage) => unreachable!(),
    };
    let outcomes: Vec<_> = outcomes
        .unwrap_or_else(|_| panic!("seed {seed}: it hangs"))
        .collect();
    assert_eq!(outcomes.len(), 30, "seed {seed}");
    let received = server.received();
    tally.verify_each(&outcomes, &received, recipients, &format!("seed {seed}"));
}

#[test]
fn every_reported_outcome_is_true() {
    let seeds = match variable("PILOTFISH_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..variable("PILOTFISH_SEEDS").unwrap_or(SEEDS),
    };
    let mut tally = Tally::default();
    for seed in seeds.clone() {
        paused(play(seed, &mut tally));
    }
    println!("{seeds:?}: {tally:?}");
    if seeds.end - seeds.start >= 100 {
        assert!(tally.accepted > tally.not_accepted, "{tally:?}");
        assert!(tally.not_accepted > 0 && tally.unknown > 0, "{tally:?}");
    }
}
