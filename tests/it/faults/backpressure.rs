//! More recipients than the network buffers hold (RFC 2920 section 3.1).

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::stream;
use pilotfish::address::Envelope;
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::session::Mail;
use tokio::io::duplex;
use tokio::time::Instant;

use crate::session::send_each::strategy;
use crate::support::client::{ACCOUNT, in_clear, play_through, send, summary};
use crate::support::lines::{GREETING_AND_EHLO, QUIT_AND_221, letter_lines};
use crate::support::mini_server::{MiniServer, Replies, Store};

const MAIL: &str = "C: MAIL FROM:<tim@client.example>\n";

/// How many octets the network holds in each direction.
const BUFFER: usize = 64;

fn thousand() -> (Envelope, Vec<String>) {
    let addresses: Vec<_> = (0..1000)
        .map(|number| format!("r{number}@example.org"))
        .collect();
    let paths = addresses.iter();
    let envelope = Envelope::new("tim@client.example", paths).unwrap();
    (envelope, addresses)
}

/// RFC 2920 section 3.1: a client must not wait for its send window while the server waits for its
/// own. This server reads a command only after the client has read the reply to the last one.
#[tokio::test(start_paused = true)]
async fn a_thousand_recipients_cause_no_deadlock() {
    let (envelope, addresses) = thousand();
    let mut transcript = format!("{GREETING_AND_EHLO}-- ahead --\n{MAIL}S: 250 ok\n");
    for (index, address) in addresses.iter().enumerate() {
        let reply = if index % 2 == 0 {
            "250 ok"
        } else {
            "550 no such user here"
        };
        write!(transcript, "C: RCPT TO:<{address}>\nS: {reply}\n").unwrap();
    }
    let letter = letter_lines("a@example.org");
    write!(
        transcript,
        "C: DATA\nS: 354 go\n{letter}S: 250 queued\n{QUIT_AND_221}"
    )
    .unwrap();

    let receipt = play_through(BUFFER, &transcript, async |stream| {
        let session = in_clear(stream).await?;
        let message = ACCOUNT.letter(&["a@example.org"]);
        send(session, Mail::new(envelope.clone(), message)).await
    })
    .await
    .unwrap();
    let (even, odd): (Vec<_>, Vec<_>) = envelope
        .forward_paths()
        .iter()
        .enumerate()
        .partition(|(index, _)| index % 2 == 0);
    let paths = |places: Vec<(usize, &pilotfish::address::ForwardPath)>| -> Vec<_> {
        places.into_iter().map(|(_, path)| path.clone()).collect()
    };
    assert_eq!(receipt.accepted, paths(even));
    let rejected = receipt.rejected.into_iter();
    let rejected: Vec<_> = rejected.map(|(path, _)| path).collect();
    assert_eq!(rejected, paths(odd));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_and_closes_within_the_group_is_heard() {
    for (reply, outcome) in [
        (
            "421 4.7.0 too fast",
            "Closed at Mail, NotAccepted, transient: 421 4.7.0 too fast",
        ),
        (
            "550 go away",
            "Rejected at Mail, NotAccepted, permanent: 550 go away",
        ),
    ] {
        for ending in ["-- swallow 200 --\n-- cut --", "-- swallow all --"] {
            let transcript =
                format!("{GREETING_AND_EHLO}-- ahead --\n{MAIL}S: {reply}\n-- close --\n{ending}");
            let (envelope, _) = thousand();
            let result = play_through(BUFFER, &transcript, async |stream| {
                let session = in_clear(stream).await?;
                let message = ACCOUNT.letter(&["a@example.org"]);
                send(session, Mail::new(envelope.clone(), message)).await
            })
            .await;
            assert_eq!(summary(&result), outcome, "{ending}");
        }
    }
}

/// Groups after messages, and whole mails in one flight. The server answers each command before it
/// reads the next, and the network holds almost nothing in either direction.
#[tokio::test(start_paused = true)]
async fn mails_in_close_succession_cause_no_deadlock() {
    const GROUPED: &[&str] = &["PIPELINING"];
    const CHUNKED: &[&str] = &["PIPELINING", "CHUNKING"];
    let (envelope, _) = thousand();
    for (offered, strategy) in [
        (GROUPED, strategy(Pipelining::Eager, Chunking::Never)),
        (CHUNKED, Strategy::default()),
        (CHUNKED, strategy(Pipelining::Auto, Chunking::Always)),
    ] {
        for octets in [BUFFER, 4096] {
            let (here, there) = duplex(octets);
            let store = Store::default();
            let server = MiniServer::new(there, Replies::Offering(offered), &store);
            let begun = Instant::now();
            let client = async {
                let session = in_clear(here).await.unwrap();
                let mut session = session.with_strategy(strategy);
                let letter = || ACCOUNT.letter(&["a@example.org"]);
                let mails = (0..3).map(|_| Mail::new(envelope.clone(), letter()));
                let mut accepted = Vec::new();
                let mails = session.send_each(stream::iter(mails), |_, result| {
                    accepted.push(result.unwrap().accepted.len());
                });
                assert!(mails.await.is_empty());
                session.quit().await;
                accepted
            };
            let (accepted, ()) = tokio::join!(client, server.serve());
            assert_eq!(accepted, [1000; 3], "{strategy:?}, {octets} octets");
            assert_eq!(store.all().len(), 3);
            // No time limit was needed to end a wait.
            assert_eq!(begun.elapsed(), Duration::ZERO);
        }
    }
}
