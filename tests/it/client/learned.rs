//! What a client detects about a server: it detects each fact once for all of its sessions, at a
//! low cost. The tests count sessions and commands.

mod passing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use pilotfish::address::Envelope;
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::session::Mail;
use pilotfish::transport::Timeouts;
use pilotfish::{Client, Fate, Message, Security, ServerConfig};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::session::send_each::strategy;
use crate::support::client::ACCOUNT;
use crate::support::mini_server::{GroupHandling, MiniServer, Replies, Store};

const PIPELINING: &[&str] = &["PIPELINING"];
const CHUNKING: &[&str] = &["PIPELINING", "CHUNKING"];

/// What a server replies to the MAIL after this many mails of a session.
#[derive(Debug, Clone, Copy)]
enum Full {
    Never,
    Replies(usize, &'static str),
    Closes(usize),
}

/// A server, and what it received.
#[derive(Debug, Clone, Copy)]
struct ServerBehaviour {
    keywords: &'static [&'static str],
    full: Full,
    group_handling: GroupHandling,
}

#[derive(Debug, Clone, Default)]
struct Counted {
    sessions: Arc<AtomicUsize>,
    /// MAIL commands that the server answered, or at which a session ended.
    mails: Arc<AtomicUsize>,
    store: Store,
}

impl ServerBehaviour {
    fn new(keywords: &'static [&'static str]) -> Self {
        Self {
            keywords,
            full: Full::Never,
            group_handling: GroupHandling::Answers,
        }
    }

    async fn serve(self, listener: TcpListener, counted: Counted) {
        let mut served = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            counted.sessions.fetch_add(1, Ordering::Relaxed);
            let (mut in_session, mails) = (0, Arc::clone(&counted.mails));
            let fate = move |reply: &mut Vec<u8>| {
                if !reply.starts_with(b"250 2.1.0") {
                    return false;
                }
                mails.fetch_add(1, Ordering::Relaxed);
                in_session += 1;
                match self.full {
                    Full::Replies(after, words) if in_session > after => {
                        *reply = format!("{words}\r\n").into_bytes();
                        false
                    }
                    Full::Closes(after) => in_session > after,
                    _ => false,
                }
            };
            let mini_server =
                MiniServer::new(stream, Replies::Offering(self.keywords), &counted.store);
            served.spawn(
                mini_server
                    .group_handling(self.group_handling)
                    .fate(fate)
                    .serve(),
            );
        }
    }
}

/// The outcomes of some mails.
#[derive(Debug, PartialEq, Eq)]
struct Outcomes {
    accepted: usize,
    unknown: usize,
    sessions: usize,
    mails: usize,
}

/// Sends this many mails by one client. Checks that none arrives twice and that the reports are true.
async fn send(
    behaviour: ServerBehaviour,
    strategy: Strategy,
    connections: Option<usize>,
    mails: usize,
) -> Outcomes {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let counted = Counted::default();
    let serving = tokio::spawn(behaviour.serve(listener, counted.clone()));
    let mut timeouts = Timeouts::default();
    timeouts.pipelined = Duration::from_millis(300);
    let server = ServerConfig::builder("127.0.0.1")
        .port(port)
        .security(Security::Cleartext)
        .timeouts(timeouts)
        .strategy(strategy);
    let builder = Client::builder(server.build().unwrap());
    let client = match connections {
        Some(most) => builder.max_connections(most).build().unwrap(),
        None => builder.build().unwrap(),
    };
    let message = ACCOUNT.letter(&["a@a.test"]);
    let numbered = (0..mails).map(|number| mail(number, &message));
    let sending = async {
        let outcomes: Vec<_> = client
            .send_all(stream::iter(numbered).enumerate())
            .collect()
            .await;
        client.close().await;
        outcomes
    };
    let outcomes = timeout(Duration::from_mins(1), sending).await.unwrap();
    serving.abort();
    let mut copies = BTreeMap::new();
    for arrived in counted.store.all() {
        *copies.entry(arrived.paths[0].clone()).or_insert(0) += usize::from(arrived.taken);
    }
    let (mut accepted, mut unknown) = (0, 0);
    assert_eq!(outcomes.len(), mails, "{behaviour:?}");
    for (number, result) in outcomes {
        let copies = copies
            .get(&format!("{number}@a.test"))
            .copied()
            .unwrap_or(0);
        match result {
            Ok(_) => {
                accepted += 1;
                assert_eq!(copies, 1, "{number}, {behaviour:?}");
            }
            Err(error) if error.fate() == Fate::Unknown => {
                unknown += 1;
                assert!(copies <= 1, "{number}, {behaviour:?}");
            }
            Err(error) => panic!("{number}, {behaviour:?}: {error:?}"),
        }
    }
    Outcomes {
        accepted,
        unknown,
        sessions: counted.sessions.load(Ordering::Relaxed),
        mails: counted.mails.load(Ordering::Relaxed),
    }
}

fn mail(number: usize, message: &Message) -> Mail {
    let to = [format!("{number}@a.test")];
    let envelope = Envelope::new(ACCOUNT.user, to).unwrap();
    Mail::new(envelope, message.clone())
}

/// A server that ends each session after this many mails. Over one connection this costs one mail an
/// attempt, over four at most one mail on each.
#[tokio::test]
async fn the_number_of_mails_in_a_session() {
    let default = Strategy::default();
    let bye = "421 4.3.2 bye";
    for (keywords, after, closes) in [
        (PIPELINING, 3, false),
        (PIPELINING, 10, true),
        (PIPELINING, 20, true),
        (PIPELINING, 3, true),
        (CHUNKING, 3, false),
        (CHUNKING, 10, false),
        (CHUNKING, 20, false),
        (CHUNKING, 3, true),
        (CHUNKING, 10, true),
        (CHUNKING, 20, true),
    ] {
        for connections in [Some(1), None] {
            let mut behaviour = ServerBehaviour::new(keywords);
            behaviour.full = if closes {
                Full::Closes(after)
            } else {
                Full::Replies(after, bye)
            };
            let context = format!("{behaviour:?}, {connections:?}");
            let outcomes = send(behaviour, default, connections, 200).await;
            // The mails that had left completely in the first such session.
            let most = if closes && keywords == CHUNKING { 8 } else { 0 };
            assert!(outcomes.unknown <= most, "{outcomes:?}, {context}");
            assert_eq!(outcomes.accepted + outcomes.unknown, 200, "{context}");
            let (least, hits) = (200_usize.div_ceil(after), connections.map_or(4, |_| 1));
            let sessions = outcomes.sessions;
            assert!(sessions <= least + 2 * hits + 1, "{outcomes:?}, {context}");
            assert!(outcomes.mails <= 200 + hits, "{outcomes:?}, {context}");
        }
    }
}

/// A server that rejects a mail because the session has had enough mails, and continues.
#[tokio::test]
async fn a_rejection_about_the_session() {
    for words in [
        "452 4.5.3 Too many recipients: Too many messages sent",
        "451 4.7.1 too many messages in this session",
        "450 4.7.0 you have reached the limit of 100 mails per connection",
    ] {
        for keywords in [PIPELINING, CHUNKING] {
            let mut behaviour = ServerBehaviour::new(keywords);
            behaviour.full = Full::Replies(100, words);
            let outcomes = send(behaviour, Strategy::default(), Some(1), 300).await;
            assert_eq!((outcomes.accepted, outcomes.sessions), (300, 3), "{words}");
            // The mails that were in flight with the first rejected one.
            assert!(outcomes.mails <= 308, "{outcomes:?}, {words}");
        }
    }
    let mut behaviour = ServerBehaviour::new(CHUNKING);
    behaviour.full = Full::Replies(10, "452 4.5.3 Too many messages sent");
    let outcomes = send(behaviour, Strategy::default(), None, 300).await;
    assert_eq!(outcomes.accepted, 300);
    assert!(outcomes.sessions <= 30 + 8, "{outcomes:?}");
}

/// A server that accepts a message, and closes the connection if a command arrives together with
/// its end.
#[tokio::test]
async fn a_close_because_of_eager_commands() {
    let eager = strategy(Pipelining::Eager, Chunking::Never);
    let mut behaviour = ServerBehaviour::new(PIPELINING);
    behaviour.group_handling = GroupHandling::ClosesAfterMessage;
    let outcomes = send(behaviour, eager, Some(1), 100).await;
    let expected = Outcomes {
        accepted: 100,
        unknown: 0,
        sessions: 2,
        mails: 100,
    };
    assert_eq!(outcomes, expected);
    let outcomes = send(behaviour, eager, None, 100).await;
    assert_eq!(outcomes.accepted, 100);
    assert!(outcomes.sessions <= 4 + 1, "{outcomes:?}");
}

/// A server that loses, or rejects, commands that arrive together, or does not support BDAT.
#[tokio::test]
async fn lost_commands() {
    for (group_handling, sessions, mails) in [
        (GroupHandling::LosesOthers, 2, 21),
        (GroupHandling::LosesEarlier, 2, 20),
        (GroupHandling::RefusesOthers, 1, 21),
        (GroupHandling::RefusesOthersAndCloses, 2, 21),
        (GroupHandling::ReadsChunks, 2, 21),
    ] {
        let mut behaviour = ServerBehaviour::new(match group_handling {
            GroupHandling::ReadsChunks => CHUNKING,
            _ => PIPELINING,
        });
        behaviour.group_handling = group_handling;
        let outcomes = send(behaviour, Strategy::default(), Some(1), 20).await;
        let expected = Outcomes {
            accepted: 20,
            unknown: 0,
            sessions,
            mails,
        };
        assert_eq!(outcomes, expected, "{group_handling:?}");
    }
}
