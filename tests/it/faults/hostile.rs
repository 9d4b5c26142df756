//! Hostile servers, at every point of a dialogue: memory and waiting times of the client stay
//! bounded, and the reported outcome of each mail is true.

use std::time::Duration;

use pilotfish::session::{Receipt, Session};
use pilotfish::{Error, ErrorKind, Fate, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::net::{TcpListener, TcpStream};

use crate::session::transfer::letter_of;
use crate::support::client::{ACCOUNT, TOO_LONG, error_summary, in_clear, summary};
use crate::support::cutter::{Cutter, Passed, Side};
use crate::support::mini_server::{Arrived, MiniServer, Replies, Store};
use crate::support::peer::Stream;

/// More octets than a client reads of any reply, including its buffers.
const BOUND: usize = 128 * 1024;

const OFFERS: [Replies; 2] = [
    Replies::Offering(&["8BITMIME"]),
    Replies::Offering(&["PIPELINING", "8BITMIME"]),
];

/// The replies of a session with one mail: to the connection, EHLO, MAIL, RCPT, DATA, the end of
/// data and QUIT.
const REPLIES: usize = 7;

/// A change of a reply.
type ReplyChange = fn(&mut Vec<u8>);

/// The outcome of a session with two mails.
struct Outcome {
    reported: Vec<Result<Receipt>>,
    arrived: Vec<Arrived>,
    passed: std::sync::Arc<Passed>,
}

/// Sends two mails to a server with changed replies.
async fn two_mails(
    words: Replies,
    mut mischief: impl FnMut(usize, &mut Vec<u8>) + Send + 'static,
) -> Outcome {
    let (here, there) = duplex(1024 * 1024);
    let (stream, passed) = Cutter::new(here, None);
    let store = Store::default();
    let mut replies = 0..;
    let server = MiniServer::new(there, words, &store).fate(move |reply| {
        mischief(replies.next().unwrap(), reply);
        false
    });
    let both = async { tokio::join!(submit(stream), server.serve()) };
    let (reported, ()) = tokio::time::timeout(TOO_LONG, both)
        .await
        .expect("it hangs");
    let arrived = store.all();
    Outcome {
        reported,
        arrived,
        passed,
    }
}

async fn submit<S: Stream>(stream: S) -> Vec<Result<Receipt>> {
    let mut session = match in_clear(stream).await {
        Ok(session) => session,
        Err(error) => return vec![Err(error)],
    };
    let mut reported = Vec::new();
    for _ in 0..2 {
        reported.push(one_mail(&mut session).await);
    }
    session.quit().await;
    reported
}

async fn one_mail<S: Stream>(session: &mut Session<S>) -> Result<Receipt> {
    session.send(ACCOUNT.letter(&["a@example.org"])).await
}

impl Outcome {
    /// A mail that is reported as accepted was accepted. Any other mail was not accepted, or its
    /// fate is reported as unknown.
    fn check(&self, context: &str) {
        let reported: Vec<_> = self.reported.iter().map(summary).collect();
        let accepted = self
            .reported
            .iter()
            .filter(|reported| reported.is_ok())
            .count();
        let unknown = |reported: &&Result<Receipt>| {
            reported
                .as_ref()
                .is_err_and(|error| error.fate() == Fate::Unknown)
        };
        let unknown = self.reported.iter().filter(unknown).count();
        let taken = self.arrived.iter().filter(|arrived| arrived.taken).count();
        assert!(
            (accepted..=accepted + unknown).contains(&taken),
            "{context}: {taken} taken, {reported:?}"
        );
        let read = self.passed.from(Side::Server);
        assert!(read < BOUND, "{context}: read {read} octets");
    }
}

/// Applies this change to every reply in turn, and to those of the second mail.
async fn at_every_reply(name: &str, mischief: ReplyChange) -> Vec<(usize, Outcome)> {
    let mut outcomes = Vec::new();
    for words in OFFERS {
        for place in 0..REPLIES + 4 {
            let outcome = two_mails(words.clone(), move |at, reply| {
                if at == place {
                    mischief(reply);
                }
            })
            .await;
            outcome.check(&format!("{name} at reply {place} of {words:?}"));
            outcomes.push((place, outcome));
        }
    }
    outcomes
}

/// Replies that are too long or malformed end the session at once. They confirm nothing, and the
/// client reads hardly more of them.
#[tokio::test(start_paused = true)]
async fn malformed_replies_end_the_session_at_every_point() {
    let mischief: [(&str, ReplyChange); 5] = [
        ("endless line", |reply| {
            *reply = [b"250 ".to_vec(), vec![b'x'; 4 << 20]].concat();
        }),
        ("endless line without a code", |reply| {
            *reply = vec![b'7'; 4 << 20];
        }),
        ("a million lines", |reply| {
            *reply = b"250-x\r\n".repeat(1_000_000);
        }),
        ("8 KiB of garbage", |reply| {
            *reply = b"\0\xff\x1b[2J".repeat(1_366);
        }),
        ("a reply of two codes", |reply| {
            reply.splice(0..0, *b"299-x\r\n").for_each(drop);
        }),
    ];
    for (name, mischief) in mischief {
        for (place, outcome) in at_every_reply(name, mischief).await {
            let first = &outcome.reported[0];
            if place > 5 {
                assert!(first.is_ok(), "{name} at {place}: {}", summary(first));
                continue;
            }
            let error = first.as_ref().unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::Protocol,
                "{name} at {place}: {error}"
            );
            let unknown = error.fate() == Fate::Unknown;
            assert_eq!(unknown, place == 5, "{name} at {place}: {error}");
        }
    }
}

/// Too few replies, too many, or replies in advance: whatever the server replies to a group of
/// commands, no mail is confirmed by the reply to another command.
#[tokio::test(start_paused = true)]
async fn a_wrong_number_of_replies_confirms_nothing() {
    let mischief: [(&str, ReplyChange); 6] = [
        ("no reply", Vec::clear),
        ("twice", |reply| reply.extend_from_within(..)),
        ("thrice", |reply| *reply = reply.repeat(3)),
        ("one in advance", |reply| reply.extend(b"250 ok\r\n")),
        ("354 in advance", |reply| reply.extend(b"354 go\r\n")),
        ("a refusal in advance", |reply| {
            reply.splice(0..0, *b"550 no\r\n").for_each(drop);
        }),
    ];
    for (name, mischief) in mischief {
        at_every_reply(name, mischief).await;
    }
}

/// An open session has to notice the unsolicited reply.
#[tokio::test(start_paused = true)]
async fn a_stale_reply_never_confirms_a_later_mail() {
    for words in OFFERS {
        let outcome = two_mails(words, |at, reply| match at {
            // The first mail's reply, and the second's.
            5 => reply.extend(b"250 2.0.0 queued\r\n".repeat(5)),
            9 => *reply = b"554 5.7.1 spam\r\n".to_vec(),
            _ => {}
        })
        .await;
        assert!(outcome.reported[0].is_ok());
        let second = outcome.reported[1].as_ref().unwrap_err();
        assert_eq!(second.kind(), ErrorKind::Protocol, "{second}");
        outcome.check("stale");
    }
}

/// RFC 5321 section 3.8.
#[tokio::test(start_paused = true)]
async fn a_421_at_every_point_ends_the_session() {
    let outcomes = at_every_reply("421", |reply| *reply = b"421 4.3.2 busy\r\n".to_vec()).await;
    for (place, outcome) in outcomes {
        // The second mail begins after the reply to the first.
        let nth = usize::from(place > 5);
        let reported = summary(&outcome.reported[nth]);
        let stages = ["Greeting", "Hello", "Mail", "Rcpt", "Data", "EndOfData"];
        let stage = stages.get(place - 4 * nth).copied().unwrap_or("QUIT");
        if place < 10 {
            let expected = format!("Closed at {stage}, NotAccepted, transient: 421 4.3.2 busy");
            assert_eq!(reported, expected, "{place}");
        } else {
            assert!(
                outcome.reported.iter().all(Result::is_ok),
                "QUIT: {reported}"
            );
        }
    }
}

/// A server that sends challenges without end during a login.
#[tokio::test(start_paused = true)]
async fn endless_challenges_are_bounded() {
    let words = Replies::Offering(&["AUTH PLAIN LOGIN"]);
    let (here, there) = duplex(1024 * 1024);
    let (stream, passed) = Cutter::new(here, None);
    let server = MiniServer::new(there, words, &Store::default()).fate(|reply| {
        if reply.starts_with(b"235") || reply.starts_with(b"334") {
            *reply = b"334 TW9yZQ==\r\n".to_vec();
        }
        false
    });
    let client = async {
        use pilotfish::session::Greeted;
        let name = crate::support::client::name();
        let greeted = Greeted::greet(stream, name, pilotfish::transport::Timeouts::default());
        let credentials = ACCOUNT.credentials();
        let session = greeted.await?.danger_cleartext_auth(&credentials).await;
        session.map(drop)
    };
    let both = async { tokio::join!(client, server.serve()) };
    let (result, ()) = tokio::time::timeout(TOO_LONG, both)
        .await
        .expect("it hangs");
    let error: Error = result.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Protocol | ErrorKind::Auth),
        "{}",
        error_summary(&error)
    );
    assert!(passed.from(Side::Server) < 1_000);
}

/// Replies are printed, but their control characters have no effect on the terminal.
#[tokio::test(start_paused = true)]
async fn replies_cannot_control_the_terminal() {
    let hostile = "554 \u{1b}[2J\u{1b}]0;pwned\u{7} \r \u{9b}31m \u{202e}gnp.exe\r\n";
    for (_, outcome) in at_every_reply("escapes", |_| ()).await {
        assert!(outcome.reported.iter().all(Result::is_ok));
    }
    for place in 0..6 {
        let outcome = two_mails(OFFERS[1].clone(), move |at, reply| {
            if at == place {
                *reply = hostile.as_bytes().to_vec();
            }
        })
        .await;
        let error = outcome.reported[0].as_ref().unwrap_err();
        for shown in [error.to_string(), format!("{error:?}")] {
            let controls = |c: char| c.is_control() || c == '\u{202e}';
            assert!(!shown.contains(controls), "{place}: {shown:?}");
            assert!(shown.contains("gnp.exe"), "{place}: {shown:?}");
        }
    }
}

/// Real connections: if the server's reply arrives before the reset, it becomes the error.
#[tokio::test]
async fn an_early_rejection_survives_a_reset() {
    for linger in [None, Some(Duration::ZERO)] {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            for reply in [
                "220 hi\r\n",
                "250-hi\r\n250 PIPELINING\r\n",
                "250 ok\r\n250 ok\r\n354 go\r\n",
            ] {
                stream.write_all(reply.as_bytes()).await.unwrap();
                stream.read_buf(&mut Vec::new()).await.unwrap();
            }
            stream.write_all(b"552 5.3.4 too big\r\n").await.unwrap();
            if linger.is_some() {
                stream.set_zero_linger().unwrap();
            }
        };
        let client = async {
            let stream = TcpStream::connect(address).await.unwrap();
            let mut session = in_clear(stream).await.unwrap();
            session.send(letter_of(4_000_000)).await
        };
        let (result, ()) = tokio::join!(client, server);
        // The network may have accepted everything before.
        let expected = "NotAccepted, permanent: 552 5.3.4 too big";
        let reported = summary(&result);
        assert!(
            reported.starts_with("Rejected at ") && reported.ends_with(expected),
            "{reported}"
        );
    }
}
