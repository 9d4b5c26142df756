//! What a client derives from an accident expires, and blocks no mail in the meantime.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use pilotfish::address::envelope::{Options, Partial};
use pilotfish::address::{Envelope, ForwardPath};
use pilotfish::message::{Attachment, Body};
use pilotfish::session::Mail;
use pilotfish::{Client, Message};
use tokio::time::{Instant, sleep};

use crate::client::{client_to, letter, paused};
use crate::support::built::built;
use crate::support::client::ACCOUNT;
use crate::support::mini_server::Store;
use crate::support::port::{Count, Port, ReplyFault};

const MAIL: &[u8] = b"250 2.1.0";

/// What a server has received.
#[derive(Debug, Clone, Default)]
struct Received {
    sessions: Count,
    mails: Count,
    rcpt: Count,
    data: Count,
}

/// A change of a reply, by the numbers of the connection, of the mail in all, and of the mail in
/// the session, all from 0.
type ServerBehaviour = fn(&mut Vec<u8>, usize, usize, usize) -> bool;

async fn serve(
    port: Port,
    keywords: &'static [&'static str],
    received: Received,
    behaviour: ServerBehaviour,
) {
    let fate = |connection| {
        received.sessions.add();
        let (received, mut in_session) = (received.clone(), 0);
        Box::new(move |said: &mut Vec<u8>| {
            if said.starts_with(b"250 2.1.5") {
                received.rcpt.add();
            } else if said.starts_with(b"354") {
                received.data.add();
            } else if said.starts_with(MAIL) {
                received.mails.add();
                in_session += 1;
            }
            behaviour(said, connection, received.rcpt.all(), in_session)
        }) as ReplyFault
    };
    port.serve(keywords, Store::default(), fate).await;
}

/// Runs a test with a client of one connection and such a server.
fn against<T>(
    keywords: &'static [&'static str],
    behaviour: ServerBehaviour,
    test: impl AsyncFnOnce(Client, Received) -> T,
) -> T {
    paused(async {
        let (port, received) = (Port::new(), Received::default());
        let client = client_to(port.number(), |server| server);
        let client = client.max_connections(1);
        let client = client.idle_timeout(Duration::from_secs(5)).build().unwrap();
        tokio::select! {
            outcome = test(client, received.clone()) => outcome,
            () = serve(port, keywords, received, behaviour) => unreachable!(),
        }
    })
}

/// How many of this many mails are accepted.
async fn send(client: &Client, mails: usize) -> usize {
    let letters = stream::iter((0..mails).map(|number| letter(number, 10)));
    let outcomes: Vec<_> = client.send_all(letters.enumerate()).collect().await;
    outcomes.iter().filter(|(_, result)| result.is_ok()).count()
}

fn to(recipients: &[&str], partial: Partial, message: Message) -> Mail {
    let paths: Vec<ForwardPath> = recipients
        .iter()
        .map(|path| path.parse().unwrap())
        .collect();
    let mut options = Options::default();
    options.partial = partial;
    let envelope = Envelope::new(ACCOUNT.user, paths).unwrap();
    Mail::new(envelope.with_options(options), message)
}

/// The server closes the connection at the second mail of the first session: for some minutes each
/// session has one mail.
#[test]
fn the_number_of_mails_from_a_close() {
    let behaviour: ServerBehaviour = |said, connection, _, in_session| {
        connection == 0 && said.starts_with(MAIL) && in_session == 2
    };
    against(&["PIPELINING"], behaviour, async |client, received| {
        assert_eq!(send(&client, 10).await, 10);
        assert!(received.sessions.all() <= 10, "{received:?}");
        sleep(Duration::from_mins(6)).await;
        let before = received.sessions.all();
        assert_eq!(send(&client, 10).await, 10);
        assert_eq!(received.sessions.all() - before, 1, "{received:?}");
    });
}

/// The first session with several mails in flight breaks: for an hour messages go by DATA.
#[test]
fn a_close_with_several_mails_in_flight() {
    let behaviour: ServerBehaviour = |said, connection, _, in_session| {
        connection == 0 && said.starts_with(MAIL) && in_session == 2
    };
    against(
        &["PIPELINING", "CHUNKING"],
        behaviour,
        async |client, received| {
            // The mails that had left completely are unknown.
            let accepted = send(&client, 40).await;
            assert!((32..40).contains(&accepted), "{accepted}");
            assert!(received.data.all() > 30, "{received:?}");
            for (minutes, by_data) in [(50, true), (11, false)] {
                sleep(Duration::from_mins(minutes)).await;
                let before = received.data.all();
                assert_eq!(send(&client, 20).await, 20);
                let data = received.data.all() - before;
                assert_eq!(data > 10, by_data, "{data} by DATA, {received:?}");
            }
        },
    );
}

/// A server that limits recipients only once: for an hour, mails go in portions if they can, and
/// otherwise as they are.
#[test]
fn a_number_of_recipients_is_advice() {
    const THREE: [&str; 3] = ["a@x.test", "b@x.test", "c@x.test"];
    let behaviour: ServerBehaviour = |said, _, rcpt, _| {
        if said.starts_with(b"250 2.1.5") && rcpt == 2 {
            *said = b"452 4.5.3 Too many recipients, slow down\r\n".to_vec();
        }
        false
    };
    against(&["PIPELINING"], behaviour, async |client, received| {
        let text = || letter(0, 10).message;
        let once = || {
            let letter = ACCOUNT.letter_of_text(&THREE, "Read once.");
            let body = Body::reader(&b"once"[..], 4);
            built(letter.attach(Attachment::new(body, "once.txt")))
        };
        for (minutes, partial, message, mails) in [
            // The third mail leaves together with the second, which is rejected.
            (0, Partial::AsManyAsPossible, text(), 2),
            (0, Partial::AllOrNothing, text(), 1),
            (0, Partial::AsManyAsPossible, once(), 1),
            (0, Partial::AsManyAsPossible, text(), 3),
            (50, Partial::AsManyAsPossible, text(), 3),
            (11, Partial::AsManyAsPossible, text(), 1),
        ] {
            sleep(Duration::from_mins(minutes)).await;
            let before = received.mails.all();
            let context = format!("{minutes}, {partial:?}");
            let receipt = client.send(to(&THREE, partial, message)).await;
            assert_eq!(receipt.expect(&context).accepted.len(), 3, "{context}");
            assert_eq!(received.mails.all() - before, mails, "{context}");
        }
    });
}

/// A 421 after fewer mails than another session has had is not about their number.
#[test]
fn a_421_about_something_else_throttles() {
    let behaviour: ServerBehaviour = |said, connection, _, in_session| {
        let is_over = match connection {
            0 => in_session == 6,
            1 => in_session == 3,
            _ => false,
        };
        if is_over && said.starts_with(MAIL) {
            *said = b"421 4.7.0 Try again later, closing connection\r\n".to_vec();
        }
        false
    };
    against(&["PIPELINING"], behaviour, async |client, received| {
        assert_eq!(send(&client, 7).await, 7);
        assert_eq!(received.sessions.all(), 2);
        let begun = Instant::now();
        assert_eq!(send(&client, 3).await, 3);
        assert_eq!(received.sessions.all(), 3);
        assert!(
            begun.elapsed() >= Duration::from_secs(1),
            "{:?}",
            begun.elapsed()
        );
    });
}
