//! A client that sends a mail in portions again: each attempt has its own results, and no recipient
//! who has the mail gets it twice.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use pilotfish::address::{Envelope, ForwardPath};
use pilotfish::client::{Period, Rates, Retry};
use pilotfish::session::{Mail, RecipientOutcome, recipient_outcomes};
use pilotfish::testing::Offer;
use pilotfish::{Receipt, Result};
use tokio::time::{Instant, sleep};

use crate::client::{client_of, client_to, letter, number_of, paused};
use crate::support::client::ACCOUNT;
use crate::support::events::Capture;
use crate::support::mini_server::{Arrived, Store};
use crate::support::open_server::open_server;
use crate::support::port::{Count, Port, ReplyFault};

/// The mail with this number, to these recipients.
fn mail(number: usize, recipients: &[&str]) -> (Mail, Vec<ForwardPath>) {
    let paths: Vec<ForwardPath> = recipients
        .iter()
        .map(|path| path.parse().unwrap())
        .collect();
    let envelope = Envelope::new(ACCOUNT.user, paths.iter().cloned()).unwrap();
    (Mail::new(envelope, letter(number, 10).message), paths)
}

fn outcomes(paths: &[ForwardPath], result: &Result<Receipt>) -> Vec<RecipientOutcome> {
    let outcomes = recipient_outcomes(paths, result.as_ref());
    outcomes.iter().map(|recipient| recipient.outcome).collect()
}

/// How often this recipient has the mail with this number.
fn copies(store: &Store, number: usize, path: &ForwardPath) -> usize {
    let address = path.addr_spec().to_string();
    let arrived = store.all();
    let is_copy = |one: &&Arrived| number_of(&one.octets) == number && one.paths.contains(&address);
    arrived.iter().filter(is_copy).count()
}

/// The server defers both recipients in the first attempt. The second attempt determines the
/// result.
#[test]
fn the_results_of_an_earlier_attempt_do_not_count() {
    use RecipientOutcome::{Accepted, Rejected};
    for (second, outcome, copies) in [
        ("250 2.1.5 ok", Accepted, 2),
        ("550 5.1.1 no such user", Rejected, 0),
    ] {
        paused(async {
            let (port, store, rcpt) = (Port::new(), Store::default(), Count::default());
            let client = client_to(port.number(), |server| server).retry(Retry::new());
            let client = client.build().unwrap();
            let reply = move |number: usize| {
                Some(if number < 2 {
                    "450 4.7.1 Greylisted"
                } else {
                    second
                })
            };
            let fate = |_| rcpt.replies_to_rcpt(reply);
            let (mail, paths) = mail(1, &["a@x.test", "b@x.test"]);
            let result = tokio::select! {
                result = client.send(mail) => result,
                () = port.serve(&["LIMITS RCPTMAX=1"], store.clone(), fate) => unreachable!(),
            };
            assert_eq!(outcomes(&paths, &result), [outcome; 2], "{result:?}");
            if let Ok(receipt) = &result {
                assert_eq!((&receipt.accepted, receipt.rejected.len()), (&paths, 0));
            }
            assert_eq!((store.all().len(), rcpt.all()), (copies, 4));
        });
    }
}

/// If a server accepts no more recipients, the client does not offer it each of the others.
#[test]
fn a_server_with_enough_recipients_is_asked_a_few_times() {
    paused(async {
        let (port, store, rcpt) = (Port::new(), Store::default(), Count::default());
        let client = client_to(port.number(), |server| server).build().unwrap();
        let reply =
            |number: usize| (number > 0).then_some("452 4.5.3 too many recipients in this hour");
        let fate = |_| rcpt.replies_to_rcpt(reply);
        let all: Vec<_> = (0..100).map(|number| format!("r{number}@x.test")).collect();
        let all: Vec<_> = all.iter().map(String::as_str).collect();
        let (mail, paths) = mail(1, &all);
        let result = tokio::select! {
            result = client.send(mail) => result,
            () = port.serve(&["LIMITS RCPTMAX=1"], store.clone(), fate) => unreachable!(),
        };
        let outcomes = outcomes(&paths, &result);
        assert_eq!(outcomes[0], RecipientOutcome::Accepted);
        let is_deferred = |outcome: &RecipientOutcome| *outcome == RecipientOutcome::Deferred;
        assert!(outcomes[1..].iter().all(is_deferred), "{outcomes:?}");
        assert_eq!((store.all().len(), rcpt.all()), (1, 4));
    });
}

/// A reply about a mailbox, or a permanent one, applies only to that recipient: the client tries each of
/// the others.
#[test]
fn an_untried_recipient_is_not_rejected() {
    use RecipientOutcome::{Accepted, Deferred, Rejected};
    for (reply, refused) in [
        ("552 exceeded storage allocation", Rejected),
        ("452 mailbox full", Deferred),
        ("550 5.5.3 no more recipients", Rejected),
    ] {
        paused(async {
            let (port, store, rcpt) = (Port::new(), Store::default(), Count::default());
            let client = client_to(port.number(), |server| server).build().unwrap();
            let fate = |_| rcpt.replies_to_rcpt(move |number| (number < 3).then_some(reply));
            let (mail, paths) = mail(
                1,
                &["a@x.test", "b@x.test", "c@x.test", "d@x.test", "e@x.test"],
            );
            let result = tokio::select! {
                result = client.send(mail) => result,
                () = port.serve(&["LIMITS RCPTMAX=1"], store.clone(), fate) => unreachable!(),
            };
            let expected = [refused, refused, refused, Accepted, Accepted];
            assert_eq!(outcomes(&paths, &result), expected, "{reply}: {result:?}");
            assert_eq!((store.all().len(), rcpt.all()), (2, 5), "{reply}");
        });
    }
}

/// A mail that goes over several sessions counts once.
#[test]
fn a_mail_counts_once_over_several_sessions() {
    paused(async {
        let (port, store) = (Port::new(), Store::default());
        let rates = Rates::new().recipients(3, Period::Hour);
        let client = client_to(port.number(), |server| server).rates(rates);
        let client = client.build().unwrap();
        let begun = Instant::now();
        let keywords = &["LIMITS RCPTDOMAINMAX=1"];
        let fate = |_| Box::new(|_: &mut Vec<u8>| false) as ReplyFault;
        let (mail, paths) = mail(1, &["a@x.test", "b@y.test", "c@z.test"]);
        let result = tokio::select! {
            result = client.send(mail) => result,
            () = port.serve(keywords, store.clone(), fate) => unreachable!(),
        };
        assert_eq!(outcomes(&paths, &result), [RecipientOutcome::Accepted; 3]);
        let took = begun.elapsed();
        assert!(took < Duration::from_mins(1), "{took:?}");
    });
}

/// The quota of the account is used up after the server has accepted the first portion.
#[test]
fn a_portion_that_was_accepted_is_not_sent_again_after_a_quota() {
    const QUOTA: &[u8] = b"450 4.7.1 Daily message quota exceeded, try again in 60 seconds\r\n";
    paused(async {
        let (port, store, mails) = (Port::new(), Store::default(), Count::default());
        let client = client_to(port.number(), |server| server);
        let client = client
            .retry(Retry::new())
            .max_connections(1)
            .build()
            .unwrap();
        let fate = |_| {
            let mails = mails.clone();
            Box::new(move |said: &mut Vec<u8>| {
                if said.starts_with(b"250 2.1.0") && mails.add() == 2 {
                    *said = QUOTA.to_vec();
                }
                false
            }) as ReplyFault
        };
        let keywords = &["LIMITS RCPTDOMAINMAX=1", "PIPELINING", "CHUNKING"];
        let sent = [
            mail(0, &["a@x.test"]),
            mail(1, &["a@x.test", "b@y.test"]),
            mail(2, &["a@x.test"]),
        ];
        let paths = sent.each_ref().map(|(_, paths)| paths.clone());
        let sending = async {
            let mut results = client.send_all(stream::iter(sent.map(|(mail, _)| mail)).enumerate());
            while let Some((number, result)) = results.next().await {
                for (path, outcome) in paths[number].iter().zip(outcomes(&paths[number], &result)) {
                    let accepted = outcome == RecipientOutcome::Accepted;
                    let copies = copies(&store, number, path);
                    assert_eq!(copies, usize::from(accepted), "{number} {path} {result:?}");
                }
            }
        };
        tokio::select! {
            () = sending => {}
            () = port.serve(keywords, store.clone(), fate) => unreachable!(),
        }
        assert_eq!(copies(&store, 1, &paths[1][0]), 1);
        assert!(mails.all() > 2, "the quota was never used up");
    });
}

/// The server has accepted the first portion, and the log must say so.
#[test]
fn a_mail_cancelled_between_two_portions() {
    paused(async {
        let second = Duration::from_secs(1);
        let server = open_server().offer(Offer::Recipients(1));
        let server = server.delay(second..=second, 1).start().await.unwrap();
        let client = client_of(&server, |server| server).build().unwrap();
        let capture = Capture::begin();
        let accepted = async {
            while server.received().is_empty() {
                sleep(second / 10).await;
            }
        };
        tokio::select! {
            _ = client.send(mail(1, &["a@x.test", "b@x.test"]).0) => unreachable!(),
            () = accepted => {}
        }
        client.close().await;
        let said = capture.all();
        let said: Vec<_> = said.iter().map(|event| event.message.as_str()).collect();
        let is_said = |words| said.contains(&words);
        assert!(
            is_said("no caller waits for the outcome of this mail"),
            "{said:?}"
        );
        assert!(
            !is_said("the mail was withdrawn before its end had left"),
            "{said:?}"
        );
    });
}
