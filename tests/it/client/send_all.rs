//! `Client::send_all`: many mails over one session, and over another one after the first has ended.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::testing::{Fault, Offer, Point, Quirk, TestServerBuilder};
use pilotfish::transport::Timeouts;
use pilotfish::{Client, Credentials, ErrorKind, Mail, ServerConfig, testing};

use crate::session::send_each::strategy;
use crate::support::built::built;
use crate::support::client::{ACCOUNT, summary};
use crate::support::open_server::open_server;

fn client(server: &testing::TestServer, strategy: Strategy) -> Client {
    let mut timeouts = Timeouts::default();
    timeouts.pipelined = Duration::from_millis(50);
    let builder = ServerConfig::builder("127.0.0.1")
        .port(server.addr().port())
        .security(pilotfish::Security::Cleartext)
        .timeouts(timeouts)
        .strategy(strategy);
    Client::builder(builder.build().unwrap())
        .max_connections(1)
        .build()
        .unwrap()
}

pub(crate) fn letters(count: usize) -> impl Iterator<Item = Mail> {
    (0..count).map(|number| {
        let letter = ACCOUNT.letter_of_text(&["a@example.org"], "Here it comes.\n");
        let id = format!("<{number}@client.example>");
        Mail::from(built(letter.message_id(id)))
    })
}

/// Sends this many mails. Returns the outcome of each, and how often each arrived.
async fn sent(
    server: TestServerBuilder,
    strategy: Strategy,
    count: usize,
) -> (Vec<(usize, String)>, usize, usize) {
    let server = server.start().await.unwrap();
    let client = client(&server, strategy);
    let outcomes = client.send_all(stream::iter(letters(count)).enumerate());
    let outcomes = outcomes.map(|(index, result)| (index, summary(&result)));
    let mut outcomes: Vec<_> = outcomes.collect().await;
    client.close().await;
    outcomes.sort();
    let received = server.received();
    let different: BTreeSet<_> = received.iter().map(|mail| mail.octets.to_vec()).collect();
    server.shutdown().await.unwrap();
    (outcomes, received.len(), different.len())
}

#[tokio::test]
async fn each_mail_arrives_once_whatever_the_server_lacks() {
    let eager = strategy(Pipelining::Eager, Chunking::Never);
    let default = Strategy::default();
    for (server, strategy) in [
        (open_server(), default),
        (open_server().quirk(Quirk::LosesBehindMessage), eager),
        (open_server().quirk(Quirk::RefusesBehindMessage), eager),
        (open_server().quirk(Quirk::NoBdat), default),
        (open_server().quirk(Quirk::RefusesBdat), default),
        (open_server().offer(Offer::Mails(3)), default),
        (open_server().offer(Offer::Mails(1)), eager),
    ] {
        let (outcomes, received, different) = sent(server, strategy, 10).await;
        assert_eq!((outcomes.len(), received, different), (10, 10, 10));
        for (place, (index, reported)) in outcomes.iter().enumerate() {
            assert_eq!(place, *index);
            assert!(reported.starts_with("<a@example.org>: 250"), "{reported}");
        }
    }
}

/// A rejected mail gets its error, and the session continues. The mail at which a session ended
/// gets its error, and another session continues.
#[tokio::test]
async fn an_error_belongs_to_its_own_mail() {
    let reply = |point, text: &str| Fault::ReplyAt(point, text.to_owned());
    let server = open_server()
        .fault(reply(Point::EndOfData, "250 2.0.0 Ok"))
        .fault(reply(Point::EndOfData, "554 5.6.0 no"))
        .fault(reply(Point::EndOfData, "421 4.3.2 shutting down"));
    let grouped = strategy(Pipelining::Auto, Chunking::Never);
    let (outcomes, received, _) = sent(server, grouped, 5).await;
    let reported: Vec<_> = outcomes
        .iter()
        .map(|(_, reported)| reported.as_str())
        .collect();
    assert_eq!(
        reported[1..3],
        [
            "Rejected at EndOfData, NotAccepted, permanent: 554 5.6.0 no",
            "Closed at EndOfData, NotAccepted, transient: 421 4.3.2 shutting down",
        ]
    );
    assert_eq!(received, 3);
}

/// The client sends a wrong password once, and not for each mail.
#[tokio::test]
async fn a_rejected_login_fails_all_mails() {
    let server = testing::TestServer::builder()
        .user("tim", "right")
        .start()
        .await
        .unwrap();
    let tls = pilotfish::transport::TlsConfig::builder().ca_pem(server.ca_pem());
    let builder = ServerConfig::builder("localhost")
        .port(server.addr().port())
        .tls(tls.build().unwrap())
        .credentials(Credentials::new("tim", "wrong").unwrap());
    let client = Client::new(builder.build().unwrap());
    let outcomes = client.send_all(stream::iter(letters(500)).enumerate());
    let kinds: Vec<_> = (outcomes.map(|(_, result)| result.unwrap_err().kind()))
        .collect()
        .await;
    assert_eq!(kinds, [ErrorKind::Auth; 500]);
    client.close().await;
    assert_eq!(server.round_trips().len(), 1);
    server.shutdown().await.unwrap();
}
