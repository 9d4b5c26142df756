//! What the server has said of each recipient is kept: of mails that are sent again, and of mails
//! whose session ends in the middle.

use std::future::pending;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, poll, stream};
use pilotfish::address::{Envelope, ForwardPath};
use pilotfish::client::Retry;
use pilotfish::message::{Attachment, Body};
use pilotfish::session::{Mail, recipient_outcomes};
use pilotfish::testing::Fault::SilentAt;
use pilotfish::testing::Point::{EndOfData, EndOfDataFor};
use pilotfish::testing::{Offer, Server, ServerBuilder};
use pilotfish::{Client, Receipt, Result};
use tokio::runtime::Runtime;
use tokio::time::sleep;

use super::{client_of, client_to, count, letter, paused};
use crate::support::built::built;
use crate::support::client::ACCOUNT;
use crate::support::knowing::Store;
use crate::support::open_server::open_server;
use crate::support::port::{Count, Fate, Port};

const TO: [&str; 3] = ["a@x.test", "b@x.test", "c@x.test"];

/// A letter to the first of [`TO`].
fn mail(recipients: usize) -> (Mail, Vec<ForwardPath>) {
    let paths = TO.iter().take(recipients).map(|path| path.parse().unwrap());
    let paths: Vec<ForwardPath> = paths.collect();
    let envelope = Envelope::new(ACCOUNT.user.parse().unwrap(), paths.iter().cloned()).unwrap();
    (Mail::new(envelope, letter(1, 10).message), paths)
}

/// What became of each, in one word.
fn words(paths: &[ForwardPath], result: &Result<Receipt>) -> String {
    let outcomes = recipient_outcomes(paths, result.as_ref());
    let words = outcomes.iter().map(|recipient| recipient.outcome.name());
    words.collect::<Vec<_>>().join(" ")
}

/// One recipient is refused for good, and the other one for now: at first.
#[test]
fn one_that_is_refused_for_now_is_reason_enough_for_another_attempt() {
    for keywords in [&[][..], &["LIMITS RCPTMAX=1"]] {
        for replies in [
            ["550 5.1.1 no", "450 4.2.0 later"],
            ["450 4.2.0 later", "550 5.1.1 no"],
        ] {
            paused(async {
                let (port, rcpt) = (Port::new(), Count::default());
                let client = client_to(port.number(), |server| server).retry(Retry::new());
                let client = client.build();
                let fate = |_| {
                    let rcpt = rcpt.clone();
                    Box::new(move |said: &mut Vec<u8>| {
                        if said.starts_with(b"250 2.1.5") {
                            let number = rcpt.add();
                            let reply = replies[number % 2];
                            if number < 2 || reply.starts_with("550") {
                                *said = format!("{reply}\r\n").into_bytes();
                            }
                        }
                        false
                    }) as Fate
                };
                let (mail, paths) = mail(2);
                let result = tokio::select! {
                    result = client.send(mail) => result,
                    () = port.serve(keywords, Store::default(), fate) => unreachable!(),
                };
                let expected = replies.map(|reply| {
                    if reply.starts_with("550") {
                        "rejected"
                    } else {
                        "accepted"
                    }
                });
                assert_eq!(words(&paths, &result), expected.join(" "), "{keywords:?}");
                assert_eq!(rcpt.all(), 4);
                assert_eq!(result.unwrap().rejected.len(), 1);
            });
        }
    }
}

/// A server that takes the message and is silent from then on, how the client speaks to it, and what
/// is known by then of the recipients in [`TO`].
fn silent() -> [(ServerBuilder, bool, &'static str); 4] {
    let refuses = |path: &str| open_server().refuse_recipient(path, "550 5.1.1 no");
    [
        (
            refuses("b@x.test").fault(SilentAt(EndOfData)),
            false,
            "unknown rejected unknown",
        ),
        (
            refuses("c@x.test").lmtp().fault(SilentAt(EndOfDataFor(1))),
            true,
            "accepted unknown rejected",
        ),
        (
            open_server()
                .offer(Offer::Recipients(1))
                .fault_every(2, SilentAt(EndOfData)),
            false,
            "accepted unknown not-tried",
        ),
        (
            refuses("a@x.test")
                .offer(Offer::Recipients(2))
                .fault(SilentAt(EndOfData)),
            false,
            "rejected unknown not-tried",
        ),
    ]
}

/// A client of a server of [`silent`].
fn client_in(server: &Server, lmtp: bool) -> Client {
    let client = client_of(server, |server| if lmtp { server.lmtp() } else { server });
    client.build()
}

#[test]
fn a_client_that_is_aborted() {
    for (server, lmtp, expected) in silent() {
        paused(async {
            let server = server.start().await.unwrap();
            let client = client_in(&server, lmtp);
            let (mail, paths) = mail(3);
            let aborting = async {
                sleep(Duration::from_secs(2)).await;
                client.abort();
            };
            let (result, ()) = tokio::join!(client.send(mail), aborting);
            assert_eq!(words(&paths, &result), expected, "{result:?}");
        });
    }
}

/// The runtime of the sessions is shut down, while another one waits for the mail.
#[test]
fn a_session_that_is_dropped() {
    let of_smtp = silent().into_iter().filter(|(_, lmtp, _)| !lmtp);
    for (server, lmtp, expected) in of_smtp {
        let (ours, theirs) = (Runtime::new().unwrap(), Runtime::new().unwrap());
        let server = ours.block_on(server.start()).unwrap();
        let client = client_in(&server, lmtp);
        let (mail, paths) = mail(3);
        let mut sending = Box::pin(client.send(mail));
        theirs.block_on(async {
            assert!(poll!(&mut sending).is_pending());
            // The portions that are accepted, and the one that is not answered.
            for _ in 0..=expected.matches("accepted").count() {
                server.next_received().await.unwrap();
            }
        });
        drop(theirs);
        let result = ours.block_on(sending);
        assert_eq!(words(&paths, &result), expected, "{result:?}");
    }
}

/// The reply to a mail comes while the source of the next one gives nothing.
#[test]
fn a_reply_that_came_during_the_transfer_of_another_mail() {
    paused(async {
        let server = open_server().start().await.unwrap();
        let client = client_of(&server, |server| server);
        let client = client.max_connections(count(1)).build();
        let never = Body::stream(stream::once(pending::<io::Result<Bytes>>()).boxed(), 10);
        let attachment = Attachment::new(never, "slow.bin".parse().unwrap());
        let slow = ACCOUNT.letter_of_text(&TO, "Hi").attach(attachment);
        let mails = [letter(1, 10), Mail::from(built(slow))];
        let mut results = client.send_all(stream::iter(mails));
        let aborting = async {
            sleep(Duration::from_secs(2)).await;
            client.abort();
        };
        let telling = async {
            let mut told = Vec::new();
            while let Some(result) = results.next().await {
                told.push(result);
            }
            told
        };
        let (mut told, ()) = tokio::join!(telling, aborting);
        told.sort_by_key(|(index, _)| *index);
        let accepted: Vec<_> = told.iter().map(|(_, result)| result.is_ok()).collect();
        assert_eq!(accepted, [true, false], "{told:?}");
        assert_eq!(server.received().len(), 1);
    });
}
