//! Several mails over one session with a testing server: connections and round trips.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::session::Mail;
use pilotfish::testing::Quirk;
use pilotfish::transport::Timeouts;
use tokio::net::TcpStream;

use super::{eager, strategy};
use crate::support::client::in_clear_within;
use crate::support::open_server::open_server;

/// Sends mails to a server with this quirk, over as many connections as it takes. Each session
/// passes on the strategy that remains. Returns the number of connections, and the round trips of
/// the last one including QUIT.
async fn real(quirk: Option<Quirk>, strategy: Strategy, count: usize) -> (usize, u64) {
    let server = open_server();
    let server = match quirk {
        Some(quirk) => server.quirk(quirk),
        None => server,
    };
    let server = server.start().await.unwrap();
    let (mut left, mut connections, mut reported_ok) = (strategy, 0, 0);
    let mut mails: Vec<Mail> = crate::client::send_all::letters(count).collect();
    while !mails.is_empty() {
        connections += 1;
        assert!(connections < 4, "{quirk:?}");
        let stream = TcpStream::connect(server.addr()).await.unwrap();
        let mut timeouts = Timeouts::default();
        timeouts.pipelined = Duration::from_millis(50);
        let session = in_clear_within(stream, timeouts).await.unwrap();
        let mut session = session.with_strategy(left);
        let mut source = stream::iter(mails);
        let returned = session
            .send_each(&mut source, |_, result| {
                assert!(!result.unwrap().is_partial());
                reported_ok += 1;
            })
            .await;
        mails = returned.into_iter().map(|returned| returned.mail).collect();
        mails.extend(source.collect::<Vec<_>>().await);
        left = session.strategy();
        if session.is_open() {
            session.quit().await;
        }
    }
    let received = server.received();
    let different: BTreeSet<_> = received.iter().map(|mail| mail.octets.to_vec()).collect();
    assert_eq!(
        (reported_ok, received.len(), different.len()),
        (count, count, count)
    );
    let round_trips = *server.round_trips().last().unwrap();
    server.shutdown().await.unwrap();
    (connections, round_trips)
}

/// The numbers that the manual promises.
#[tokio::test]
async fn round_trips_of_further_mails() {
    // TCP, the greeting, EHLO and QUIT.
    let setup = 4;
    let grouped = strategy(Pipelining::Auto, Chunking::Never);
    assert_eq!(real(None, grouped, 100).await, (1, setup + 200));
    assert_eq!(real(None, eager(), 100).await, (1, setup + 101));
}

#[tokio::test]
async fn chunked_mails_take_less_than_a_fifth_of_a_round_trip() {
    let (connections, round_trips) = real(None, Strategy::default(), 500).await;
    assert_eq!(connections, 1);
    assert!(round_trips < 100, "{round_trips}");
}

#[tokio::test]
async fn with_quirks_each_mail_arrives_once() {
    let default = Strategy::default();
    for (quirk, strategy, connections) in [
        (Quirk::LosesBehindMessage, eager(), 2),
        (Quirk::RefusesBehindMessage, eager(), 1),
        (Quirk::NoBdat, default, 2),
        (Quirk::RefusesBdat, default, 2),
    ] {
        let (took, _) = real(Some(quirk), strategy, 10).await;
        assert_eq!(took, connections, "{quirk:?}");
    }
}
