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
use crate::support::port::{Count, Fate, Port};

const MAIL: &[u8] = b"250 2.1.0";

/// What a server has received.
#[derive(Debug, Clone, Default)]
struct Had {
    sessions: Count,
    mails: Count,
    rcpt: Count,
    data: Count,
}

/// A change of a reply, by the numbers of the connection, of the mail in all, and of the mail in
/// the session, all from 0.
type Conduct = fn(&mut Vec<u8>, usize, usize, usize) -> bool;

async fn serve(port: Port, keywords: &'static [&'static str], had: Had, conduct: Conduct) {
    let fate = |connection| {
        had.sessions.add();
        let (had, mut in_session) = (had.clone(), 0);
        Box::new(move |said: &mut Vec<u8>| {
            if said.starts_with(b"250 2.1.5") {
                had.rcpt.add();
            } else if said.starts_with(b"354") {
                had.data.add();
            } else if said.starts_with(MAIL) {
                had.mails.add();
                in_session += 1;
            }
            conduct(said, connection, had.rcpt.all(), in_session)
        }) as Fate
    };
    port.serve(keywords, Store::default(), fate).await;
}

/// Runs a test with a client of one connection and such a server.
fn against<T>(
    keywords: &'static [&'static str],
    conduct: Conduct,
    test: impl AsyncFnOnce(Client, Had) -> T,
) -> T {
    paused(async {
        let (port, had) = (Port::new(), Had::default());
        let client = client_to(port.number(), |server| server);
        let client = client.max_connections(1);
        let client = client.idle_timeout(Duration::from_secs(5)).build().unwrap();
        tokio::select! {
            outcome = test(client, had.clone()) => outcome,
            () = serve(port, keywords, had, conduct) => unreachable!(),
        }
    })
}

/// How many of so many mails are accepted.
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
    let conduct: Conduct = |said, connection, _, in_session| {
        connection == 0 && said.starts_with(MAIL) && in_session == 2
    };
    against(&["PIPELINING"], conduct, async |client, had| {
        assert_eq!(send(&client, 10).await, 10);
        assert!(had.sessions.all() <= 10, "{had:?}");
        sleep(Duration::from_mins(6)).await;
        let before = had.sessions.all();
        assert_eq!(send(&client, 10).await, 10);
        assert_eq!(had.sessions.all() - before, 1, "{had:?}");
    });
}

/// The first session with several mails in flight breaks: for an hour messages go by DATA.
#[test]
fn a_close_with_several_mails_in_flight() {
    let conduct: Conduct = |said, connection, _, in_session| {
        connection == 0 && said.starts_with(MAIL) && in_session == 2
    };
    against(&["PIPELINING", "CHUNKING"], conduct, async |client, had| {
        // The mails that had left completely are unknown.
        let accepted = send(&client, 40).await;
        assert!((32..40).contains(&accepted), "{accepted}");
        assert!(had.data.all() > 30, "{had:?}");
        for (minutes, by_data) in [(50, true), (11, false)] {
            sleep(Duration::from_mins(minutes)).await;
            let before = had.data.all();
            assert_eq!(send(&client, 20).await, 20);
            let data = had.data.all() - before;
            assert_eq!(data > 10, by_data, "{data} by DATA, {had:?}");
        }
    });
}

/// A server that limits recipients only once: for an hour, mails go in portions if they can, and
/// otherwise as they are.
#[test]
fn a_number_of_recipients_is_advice() {
    const THREE: [&str; 3] = ["a@x.test", "b@x.test", "c@x.test"];
    let conduct: Conduct = |said, _, rcpt, _| {
        if said.starts_with(b"250 2.1.5") && rcpt == 2 {
            *said = b"452 4.5.3 Too many recipients, slow down\r\n".to_vec();
        }
        false
    };
    against(&["PIPELINING"], conduct, async |client, had| {
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
            let before = had.mails.all();
            let context = format!("{minutes}, {partial:?}");
            let receipt = client.send(to(&THREE, partial, message)).await;
            assert_eq!(receipt.expect(&context).accepted.len(), 3, "{context}");
            assert_eq!(had.mails.all() - before, mails, "{context}");
        }
    });
}

/// A 421 after fewer mails than another session has had is not about their number.
#[test]
fn a_421_about_something_else_throttles() {
    let conduct: Conduct = |said, connection, _, in_session| {
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
    against(&["PIPELINING"], conduct, async |client, had| {
        assert_eq!(send(&client, 7).await, 7);
        assert_eq!(had.sessions.all(), 2);
        let begun = Instant::now();
        assert_eq!(send(&client, 3).await, 3);
        assert_eq!(had.sessions.all(), 3);
        assert!(
            begun.elapsed() >= Duration::from_secs(1),
            "{:?}",
            begun.elapsed()
        );
    });
}
