//! Many mails through many connections, to a server that breaks them, defers mails, and is slow.

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use pilotfish::Fate;
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::testing::{Fault, Point, TestServer};

use super::{client_of, letter, number_of};
use crate::session::send_each::strategy;
use crate::support::open_server::open_server;

const CONNECTIONS: usize = 16;

/// The reported outcome of a mail, and how often it arrived.
#[derive(Debug, Clone, Copy, Default)]
struct Mail {
    reported: Option<Reported>,
    times: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reported {
    Accepted,
    NotAccepted,
    Unknown,
}

/// Counts the mails that have arrived, and removes them from the server's memory.
fn count_received(server: &TestServer, mails: &mut [Mail]) {
    for received in server.take_received() {
        mails[number_of(&received.octets)].times += 1;
    }
}

/// The line `VmRSS` of proc(5), in KiB.
fn resident_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap()
        .trim()
        .strip_suffix(" kB")
        .unwrap()
        .parse()
        .unwrap()
}

/// Sends this many mails. Returns the growth of memory after the first tenth, in KiB.
async fn send_many(strategy: Strategy, size: usize) -> u64 {
    let reply_at = |point, reply: &str| Fault::ReplyAt(point, reply.to_owned());
    let server = open_server()
        .delay(Duration::ZERO..=Duration::from_micros(500), 1)
        .fault_every_in_connection(500, Fault::CloseAfter(Point::EndOfData))
        .fault_every(2_003, Fault::CloseAt(Point::EndOfData))
        .fault_every(1_499, reply_at(Point::EndOfData, "421 4.3.2 shutting down"))
        .fault_every(997, reply_at(Point::Mail, "421 4.3.2 busy"))
        .fault_every(1_009, reply_at(Point::EndOfData, "451 4.3.0 later"))
        .fault_every(19, reply_at(Point::Greeting, "421 4.7.0 too many"))
        .start()
        .await
        .unwrap();
    let client = client_of(&server, |server| server.strategy(strategy))
        .max_connections(CONNECTIONS)
        .build()
        .unwrap();
    let begun = Instant::now();
    let mut mails = vec![Mail::default(); size];
    let (mut reported, mut early, mut most) = (0, 0, 0);
    let mut outcomes =
        client.send_all(stream::iter((0..size).map(|number| letter(number, 2_000))).enumerate());
    while let Some((number, result)) = outcomes.next().await {
        let fate = match result {
            Ok(_) => Reported::Accepted,
            Err(error) if error.fate() == Fate::Unknown => Reported::Unknown,
            Err(_) => Reported::NotAccepted,
        };
        assert_eq!(
            mails[number].reported.replace(fate),
            None,
            "{number} is reported twice"
        );
        reported += 1;
        if reported % 500 == 0 {
            count_received(&server, &mut mails);
            most = most.max(resident_memory());
            if reported <= size / 10 {
                early = most;
            }
        }
    }
    drop(outcomes);
    client.close().await;
    assert_eq!((reported, server.open_connections()), (size, 0));
    count_received(&server, &mut mails);
    let of = |fate, times: u8| {
        let is = |mail: &&Mail| mail.reported == Some(fate) && mail.times == times;
        mails.iter().filter(is).count()
    };
    let (accepted, lost) = (of(Reported::Accepted, 1), of(Reported::Accepted, 0));
    let (refused, wrong) = (of(Reported::NotAccepted, 0), of(Reported::NotAccepted, 1));
    let unknown = [of(Reported::Unknown, 0), of(Reported::Unknown, 1)];
    println!(
        "{strategy:?}: {size} mails in {:?} over {} connections, {} at once at most: {accepted} \
         accepted, {refused} not, {unknown:?} unknown and not there or there; memory {early} KiB \
         after a tenth, {most} KiB at most",
        begun.elapsed(),
        server.round_trips().len(),
        server.most_open_connections(),
    );
    assert_eq!((lost, wrong), (0, 0), "reported what is not true");
    let known = accepted + refused + unknown[0] + unknown[1];
    assert_eq!(known, size, "some arrived more than once");
    assert!(server.most_open_connections() <= CONNECTIONS);
    // Some mails get an error from each fault. A broken connection fails the mails that were in
    // flight.
    assert!(accepted >= size * 9 / 10, "{accepted}");
    server.shutdown().await.unwrap();
    most - early
}

fn grouped() -> Strategy {
    strategy(Pipelining::Auto, Chunking::Never)
}

fn chunked() -> Strategy {
    strategy(Pipelining::Auto, Chunking::Always)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_grouped() {
    send_many(grouped(), 5_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_chunked() {
    send_many(chunked(), 5_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes: tests/run runs it"]
async fn all_of_them() {
    for strategy in [grouped(), chunked()] {
        let grown = send_many(strategy, 100_000).await;
        // Other tests of this process use memory too.
        assert!(grown < 64 * 1024, "{grown} KiB");
    }
}
