//! Progress: how much of each message has been sent, as an observer receives it.

use std::sync::{Arc, Mutex};

use futures_util::stream;
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::testing::{Fault, Point};
use pilotfish::{Client, Mail, Message, ServerConfig, testing};

use crate::client::send_all::letters;
use crate::session::send_each::strategy;
use crate::support::built::built;
use crate::support::client::ACCOUNT;
use crate::support::open_server::open_server;

/// What an observer received: the message, how many octets were sent, and of how many.
type Reported = Arc<Mutex<Vec<(String, u64, u64)>>>;

fn server(there: &testing::TestServer) -> ServerConfig {
    let builder = ServerConfig::builder("127.0.0.1")
        .port(there.addr().port())
        .security(pilotfish::Security::Cleartext);
    builder.build().unwrap()
}

/// Sends mails over one session. Returns what the observer received.
async fn observed(
    strategy: Strategy,
    mails: impl Iterator<Item = Mail>,
) -> Vec<(String, u64, u64)> {
    let there = open_server().start().await.unwrap();
    let reported = Reported::default();
    let observer = Arc::clone(&reported);
    let session = server(&there).connect().await.unwrap();
    let mut session = session
        .with_strategy(strategy)
        .with_progress(move |progress| {
            let of = progress.message_id.to_string();
            (observer.lock().unwrap()).push((of, progress.sent, progress.total));
        });
    let accepted = |_, result: pilotfish::Result<_>| assert!(result.is_ok());
    session.send_each(stream::iter(mails), accepted).await;
    session.quit().await;
    there.shutdown().await.unwrap();
    std::mem::take(&mut *reported.lock().unwrap())
}

fn ways() -> [Strategy; 2] {
    [
        strategy(Pipelining::Auto, Chunking::Never),
        strategy(Pipelining::Auto, Chunking::Always),
    ]
}

#[tokio::test]
async fn each_small_mail_is_reported_at_its_beginning_and_end() {
    for strategy in ways() {
        let mut reported = observed(strategy, letters(5)).await;
        // Several messages are in flight at once.
        reported.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        let expected: Vec<_> = letters(5)
            .flat_map(|mail| {
                let size = mail.message.exact_size();
                let id = mail.message.message_id().to_string();
                [(id.clone(), 0, size), (id, size, size)]
            })
            .collect();
        assert_eq!(reported, expected, "{strategy:?}");
    }
}

#[tokio::test]
async fn a_large_mail_is_reported_with_each_block() {
    for strategy in ways() {
        let large =
            built(ACCOUNT.letter_of_text(&["a@example.org"], &"Here it comes.\n".repeat(200_000)));
        let total = large.exact_size();
        let reported = observed(strategy, [Mail::from(large)].into_iter()).await;
        assert!(reported.len() > 10, "{}", reported.len());
        assert!(reported.iter().all(|(_, _, of)| *of == total));
        assert!(reported.is_sorted_by(|(_, one, _), (_, next, _)| one < next));
        assert_eq!(reported.last().unwrap().1, total);
    }
}

/// An incomplete message is never reported as complete.
#[tokio::test]
async fn completion_is_reported_only_after_the_end_has_left() {
    let there = open_server().fault_always(Fault::CloseAt(Point::Body(100_000)));
    let there = there.start().await.unwrap();
    let reported = Reported::default();
    let observer = Arc::clone(&reported);
    let client = Client::builder(server(&there))
        .on_progress(move |progress| {
            let of = progress.message_id.to_string();
            (observer.lock().unwrap()).push((of, progress.sent, progress.total));
        })
        .build()
        .unwrap();
    let large = Message::builder()
        .from("tim@client.example")
        .to("a@example.org")
        .text("Here it comes.\n".repeat(1_000_000));
    client.send(built(large)).await.unwrap_err();
    client.close().await;
    there.shutdown().await.unwrap();
    let reported = reported.lock().unwrap();
    assert!(!reported.is_empty());
    assert!(reported.iter().all(|(_, sent, total)| sent < total));
}
