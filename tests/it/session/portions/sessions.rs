//! A client sends what one session does not accept over another session, and detects only once how
//! many recipients a server accepts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use futures_util::{StreamExt as _, stream};
use pilotfish::address::{Envelope, ForwardPath};
use pilotfish::session::{Mail, RecipientOutcome, recipient_outcomes};
use pilotfish::{Client, Receipt, Result, Security, ServerConfig};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::support::client::ACCOUNT;
use crate::support::mini_server::{MiniServer, Replies, Store};

/// A server that counts recipients, and rejects RCPT after this many recipients of a mail.
struct Counting {
    client: Client,
    store: Store,
    /// The numbers of RCPT commands and of sessions.
    rcpt: Arc<AtomicUsize>,
    sessions: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

/// Changes the replies of one session: RCPT gets this reply after this many recipients.
fn reject_after(
    most: usize,
    reply: &'static str,
    rcpt: Arc<AtomicUsize>,
) -> impl FnMut(&mut Vec<u8>) -> bool + Send + 'static {
    let mut taken = 0;
    move |said| {
        if said.starts_with(b"250 2.1.0") {
            taken = 0;
        } else if said.starts_with(b"250 2.1.5") {
            rcpt.fetch_add(1, Relaxed);
            if taken == most {
                *said = format!("{reply}\r\n").into_bytes();
            } else {
                taken += 1;
            }
        }
        false
    }
}

impl Counting {
    async fn start(keywords: &'static [&'static str], most: usize, reply: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = ServerConfig::builder("127.0.0.1")
            .port(listener.local_addr().unwrap().port())
            .security(Security::Cleartext)
            .build()
            .unwrap();
        let (store, rcpt) = (Store::default(), Arc::new(AtomicUsize::new(0)));
        let sessions = Arc::new(AtomicUsize::new(0));
        let (kept, counted, opened) = (store.clone(), Arc::clone(&rcpt), Arc::clone(&sessions));
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                opened.fetch_add(1, Relaxed);
                let mini_server = MiniServer::new(stream, Replies::Offering(keywords), &kept);
                let fate = reject_after(most, reply, Arc::clone(&counted));
                connections.spawn(mini_server.fate(fate).serve());
            }
        });
        Self {
            client: Client::builder(server).max_connections(2).build().unwrap(),
            store,
            rcpt,
            sessions,
            serving,
        }
    }

    /// Checks that each of these recipients has the mail once, and that the client reports it.
    fn verify(&self, recipients: &[ForwardPath], result: &Result<Receipt>) {
        let outcomes = recipient_outcomes(recipients, result.as_ref());
        let accepted = |outcome: &&RecipientOutcome| **outcome == RecipientOutcome::Accepted;
        let outcomes: Vec<_> = outcomes.iter().map(|recipient| recipient.outcome).collect();
        let count = outcomes.iter().filter(accepted).count();
        let error = result.as_ref().err();
        assert_eq!(count, recipients.len(), "{error:?}");
        let arrived = self.store.all();
        let mut there: Vec<_> = arrived.iter().flat_map(|one| one.paths.clone()).collect();
        let mut expected: Vec<_> = recipients
            .iter()
            .map(|path| path.addr_spec().to_string())
            .collect();
        there.sort_unstable();
        expected.sort_unstable();
        assert!(
            there == expected,
            "{} there of {}",
            there.len(),
            expected.len()
        );
    }

    async fn end(self) {
        self.client.close().await;
        self.serving.abort();
    }
}

/// This many recipients, in this domain or in several in turn.
fn recipients(first: usize, count: usize, domains: usize) -> Vec<ForwardPath> {
    let path = |number: usize| {
        format!("r{number}@d{}.test", number % domains)
            .parse()
            .unwrap()
    };
    (first..first + count).map(path).collect()
}

fn mail(recipients: &[ForwardPath]) -> Mail {
    let from = ACCOUNT.user;
    let envelope = Envelope::new(from, recipients.iter().cloned()).unwrap();
    Mail::new(envelope, ACCOUNT.letter(&["a@example.org"]))
}

/// The replies of `OpenSMTPD` and Courier, with their numbers.
#[tokio::test]
async fn recipients_too_many_follow_and_the_number_is_remembered() {
    for keywords in [&["PIPELINING"][..], &["PIPELINING", "CHUNKING"], &[]] {
        for (most, reply) in [
            (1_000, "451 4.5.3 Too many recipients"),
            (100, "431 Too many recipients."),
        ] {
            let server = Counting::start(keywords, most, reply).await;
            let all = recipients(0, 1_500, 1);
            let result = server.client.send(mail(&all)).await;
            server.verify(&all, &result);
            // The commands that leave together may be rejected once.
            let first = server.rcpt.load(Relaxed);
            assert!(first <= 1_500 + 500, "{first} RCPT, {most}");
            let others = recipients(1_500, 1_500, 1);
            let result = server.client.send(mail(&others)).await;
            assert_eq!(result.unwrap().accepted, others);
            assert_eq!(server.rcpt.load(Relaxed) - first, 1_500, "{most}");
            server.end().await;
        }
    }
}

#[tokio::test]
async fn many_recipients_take_a_command_each_and_few_more() {
    let server = Counting::start(&["PIPELINING"], 100, "452 4.5.3 Too many recipients").await;
    let all = recipients(0, 20_000, 1);
    let result = server.client.send(mail(&all)).await;
    server.verify(&all, &result);
    let rcpt = server.rcpt.load(Relaxed);
    assert!(rcpt <= 20_000 + 500, "{rcpt} RCPT");
    assert_eq!(server.store.all().len(), 200);
    server.end().await;
}

/// RFC 9422: the client knows the limits in advance, so it omits no recipient, and nothing fails.
#[tokio::test]
async fn portions_beyond_a_session_limit_go_over_another() {
    for (keywords, domains, count, sessions) in [
        (&["LIMITS RCPTDOMAINMAX=1"][..], 2, 2, 2),
        (&["LIMITS RCPTDOMAINMAX=1", "PIPELINING"], 7, 21, 7),
        (&["LIMITS RCPTDOMAINMAX=2", "PIPELINING"], 5, 10, 3),
        (&["LIMITS MAILMAX=1 RCPTMAX=2", "PIPELINING"], 1, 10, 5),
        (
            &["LIMITS MAILMAX=2 RCPTMAX=1", "PIPELINING", "CHUNKING"],
            3,
            9,
            5,
        ),
    ] {
        // One domain after the other: the client keeps the recipients of a domain together.
        let mut all = recipients(0, count, domains);
        all.sort_by_key(|path| path.addr_spec().domain().to_string());
        let server = Counting::start(keywords, usize::MAX, "").await;
        let result = server.client.send(mail(&all)).await;
        server.verify(&all, &result);
        assert_eq!(server.sessions.load(Relaxed), sessions, "{keywords:?}");
        server.end().await;
    }
}

/// The same mail among other mails.
#[tokio::test]
async fn mails_in_several_domains_among_others() {
    for keywords in [
        &["LIMITS RCPTDOMAINMAX=1", "PIPELINING"][..],
        &["LIMITS RCPTDOMAINMAX=1", "PIPELINING", "CHUNKING"],
        &["LIMITS RCPTDOMAINMAX=1 MAILMAX=3", "PIPELINING", "CHUNKING"],
    ] {
        let server = Counting::start(keywords, usize::MAX, "").await;
        let sizes = [2, 1, 3, 1, 1, 4, 2, 1];
        let envelopes = sizes.iter().enumerate();
        let envelopes: Vec<_> = envelopes
            .map(|(n, size)| recipients(10 * n, *size, 3))
            .collect();
        let mails = envelopes.iter().map(|recipients| mail(recipients));
        let mut outcomes = server
            .client
            .send_all(stream::iter(mails.collect::<Vec<_>>()).enumerate());
        let mut reported = 0;
        while let Some((index, result)) = outcomes.next().await {
            let outcomes = recipient_outcomes(&envelopes[index], result.as_ref());
            let is_accepted =
                |of: &pilotfish::session::Recipient<'_>| of.outcome == RecipientOutcome::Accepted;
            assert!(outcomes.iter().all(is_accepted), "{index}: {result:?}");
            reported += 1;
        }
        drop(outcomes);
        assert_eq!(reported, sizes.len());
        let there = server
            .store
            .all()
            .iter()
            .map(|one| one.paths.len())
            .sum::<usize>();
        assert_eq!(there, sizes.iter().sum::<usize>());
        server.end().await;
    }
}
