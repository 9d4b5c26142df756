//! A run against a server in this process, with the store in memory.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;

use super::*;
use crate::client::Client;
use crate::message::Message;
use crate::protocol::Credentials;
use crate::session::Mail;
use crate::spool::{
    ClaimedMail, Clock, HoldReason, JobId, JobKind, MailState, MemorySpool, NewJob, NewMail, Query,
    Resolution, Scope, Spool, Want,
};
use crate::testing::{Fault, Point, TestServer, TestServerBuilder};

/// The data of a row is its recipients.
#[derive(Debug)]
struct ToRecipients;

impl MailMaker for ToRecipients {
    fn make<'a>(&'a self, _: &'a JobId, mail: &'a ClaimedMail) -> Making<'a> {
        Box::pin(async move {
            let recipients = String::from_utf8_lossy(&mail.data).into_owned();
            let mut builder = Message::builder()
                .from("me@example.org")
                .subject(&*mail.key);
            for recipient in recipients.split(' ') {
                builder = builder.to(recipient);
            }
            let message = builder.text("Hi.\n").build().await;
            let message = message.map_err(|error| MakeError::permanent(error.to_string()))?;
            Ok(Mail::from(message).into())
        })
    }
}

struct Bed {
    server: TestServer,
    clock: Clock,
    spool: MemorySpool,
    job: JobId,
}

impl Bed {
    async fn open(server: TestServerBuilder, rows: &[&str]) -> Self {
        let server = server.anonymous().start().await.unwrap();
        let clock = Clock::default();
        let spool = MemorySpool::with_clock(clock.clone());
        let job: JobId = "news".parse().unwrap();
        let new = NewJob::new(job.clone(), JobKind::Batch, "work");
        spool.create(new).await.unwrap();
        let mails = rows.iter().zip(1..);
        let mails = mails.map(|(to, row)| NewMail::new(format!("k{row}"), (*to).to_owned()));
        spool.add(&job, mails.collect()).await.unwrap();
        spool.start(&job).await.unwrap();
        Self {
            server,
            clock,
            spool,
            job,
        }
    }

    /// A client with this many connections.
    fn client(&self, connections: usize) -> Client {
        let server = self.server.server_config_builder().unwrap();
        let client = Client::builder(server.build().unwrap());
        client.max_connections(connections).build().unwrap()
    }

    fn runner(&self) -> Runner {
        self.runner_by(self.client(3))
    }

    fn runner_by(&self, client: Client) -> Runner {
        let spool = Arc::new(self.spool.worker("runner"));
        Runner::new(spool, client, Arc::new(ToRecipients), "work").rows(10)
    }

    /// The states of the rows, with the text of the answer.
    async fn rows(&self) -> Vec<(u64, MailState, String)> {
        let records = self
            .spool
            .mails(&Query::new(self.job.clone()))
            .await
            .unwrap();
        let rows = records.into_iter().map(|record| {
            let text = record.answer.map(|answer| answer.text);
            (record.row, record.state, text.unwrap_or_default())
        });
        rows.collect()
    }

    async fn count(&self, state: MailState) -> u64 {
        let job = self.spool.job(&self.job).await.unwrap().unwrap();
        job.counts.get(state)
    }

    /// How often each recipient has a mail.
    fn arrived(&self) -> BTreeMap<String, usize> {
        let mut arrived = BTreeMap::new();
        for mail in self.server.received() {
            for path in mail.forward_paths {
                *arrived.entry(path).or_default() += 1;
            }
        }
        arrived
    }
}

#[tokio::test]
async fn each_mail_arrives_once() {
    let rows: Vec<_> = (1..=100).map(|row| format!("r{row}@example.org")).collect();
    let rows: Vec<_> = rows.iter().map(String::as_str).collect();
    let bed = Bed::open(TestServer::builder(), &rows).await;
    let seen = Arc::new(Mutex::new(0));
    let settled = Arc::clone(&seen);
    let runner = bed.runner().on_event(move |event| {
        if let RunEvent::Settled { outcome, .. } = event {
            assert_eq!(outcome.state(), MailState::Accepted);
            *settled.lock().unwrap() += 1;
        }
    });
    assert_eq!(runner.run(pending()).await.unwrap(), RunEnd::Finished);
    assert_eq!(bed.count(MailState::Accepted).await, 100);
    assert_eq!(*seen.lock().unwrap(), 100);
    let arrived = bed.arrived();
    assert_eq!(arrived.len(), 100);
    assert!(arrived.values().all(|times| *times == 1), "{arrived:?}");
    let job = bed.spool.job(&bed.job).await.unwrap().unwrap();
    assert!(job.is_finished() && job.workers.is_empty(), "{job:?}");
}

/// The rows, and what becomes of each at the server.
#[tokio::test]
async fn outcomes_of_recipients() {
    let server = TestServer::builder()
        .refuse_recipient("no@example.org", "550 5.1.1 User unknown")
        .refuse_recipient("later@example.org", "451 4.7.1 Greylisted");
    let rows = [
        "yes@example.org",
        "no@example.org",
        "yes@example.org no@example.org",
        "later@example.org yes@example.org",
        "not an address",
    ];
    let bed = Bed::open(server, &rows).await;
    let stop = Arc::new(Notify::new());
    let stopped = Arc::clone(&stop);
    let left = Mutex::new(rows.len());
    let runner = bed.runner().on_event(move |event| {
        if matches!(event, RunEvent::Settled { .. }) {
            let mut left = left.lock().unwrap();
            *left -= 1;
            if *left == 0 {
                stopped.notify_one();
            }
        }
    });
    let end = runner.run(stop.notified()).await.unwrap();
    assert_eq!(end, RunEnd::Stopped);
    let found = bed.rows().await;
    let states: Vec<_> = found.iter().map(|(_, state, _)| *state).collect();
    let expected = [
        MailState::Accepted,
        MailState::Rejected,
        MailState::Accepted,
        MailState::Waiting,
        MailState::Failed,
    ];
    assert_eq!(states, expected, "{found:?}");
    assert!(found[1].2.contains("User unknown"), "{found:?}");
    // The recipient who has the mail does not get it again.
    assert_eq!(bed.arrived().get("yes@example.org"), Some(&3));
    bed.clock.advance(Duration::from_hours(200));
    let end = bed.runner().run(pending()).await.unwrap();
    assert_eq!(end, RunEnd::Finished);
    assert_eq!(bed.arrived().get("yes@example.org"), Some(&3));
    let records = bed
        .spool
        .mails(&Query::new(bed.job.clone()).after(3).most(1))
        .await
        .unwrap();
    let answer = records[0].answer.as_ref().unwrap();
    let recipients = RecipientRecord::of_answer(answer);
    let shown: Vec<_> = recipients
        .iter()
        .map(|record| (record.to.as_str(), record.outcome.as_str()))
        .collect();
    let expected = [
        ("yes@example.org", "accepted"),
        ("later@example.org", "deferred"),
    ];
    assert_eq!(shown, expected);
    assert_eq!(records[0].state, MailState::Accepted);
}

/// The server closes the connection after it has the whole mail: what it has done with it is not known.
#[tokio::test]
async fn a_mail_without_a_reply_is_unknown() {
    let server = TestServer::builder().fault(Fault::CloseAt(Point::EndOfData));
    let bed = Bed::open(server, &["ann@example.org", "bob@example.org"]).await;
    let runner = bed.runner_by(bed.client(1));
    assert_eq!(runner.run(pending()).await.unwrap(), RunEnd::Finished);
    assert_eq!(
        bed.count(MailState::Unknown).await,
        1,
        "{:?}",
        bed.rows().await
    );
    assert_eq!(bed.count(MailState::Accepted).await, 1);
    // It is not sent again unasked.
    assert_eq!(bed.runner().run(pending()).await.unwrap(), RunEnd::Finished);
    assert_eq!(bed.count(MailState::Unknown).await, 1);
    bed.spool
        .resolve(&bed.job, None, Resolution::Send)
        .await
        .unwrap();
    assert_eq!(bed.runner().run(pending()).await.unwrap(), RunEnd::Finished);
    assert_eq!(bed.count(MailState::Accepted).await, 2);
}

/// A worker that stands still for longer than its lease sends nothing when it goes on.
#[tokio::test]
async fn a_claim_that_is_lost_sends_nothing() {
    let bed = Bed::open(TestServer::builder(), &["ann@example.org"]).await;
    let other = bed.spool.worker("other");
    let clock = bed.clock.clone();
    let lease = Duration::from_mins(1);
    let taken = Mutex::new(None);
    let stop = Arc::new(Notify::new());
    let stopped = Arc::clone(&stop);
    let runner = bed.runner().lease(lease).on_event(move |event| {
        if matches!(event, RunEvent::Settled { .. }) {
            stopped.notify_one();
        }
        if matches!(event, RunEvent::Begun { .. }) {
            clock.advance(2 * lease);
            let want = Want::new("work");
            let mut claim = other.claim(&want);
            let waker = std::task::Waker::noop();
            let mut context = std::task::Context::from_waker(waker);
            let std::task::Poll::Ready(claim) = claim.as_mut().poll(&mut context) else {
                panic!("the store in memory does not wait");
            };
            *taken.lock().unwrap() = claim.unwrap();
        }
    });
    assert_eq!(runner.run(stop.notified()).await.unwrap(), RunEnd::Stopped);
    assert_eq!(bed.arrived().len(), 0);
    assert_eq!(bed.count(MailState::Claimed).await, 1);
}

/// A login that is rejected holds the account, and no mail is tried again before a person acts.
#[tokio::test]
async fn a_rejected_login_holds_the_account() {
    let server = TestServer::builder().user("me", "secret");
    let bed = Bed::open(server, &["ann@example.org", "bob@example.org"]).await;
    let server = bed.server.server_config_builder().unwrap();
    let wrong = Credentials::new("me", "wrong").unwrap();
    let server = server.credentials(wrong).build().unwrap();
    let runner = bed.runner_by(Client::new(server));
    assert_eq!(runner.run(pending()).await.unwrap(), RunEnd::Held);
    assert_eq!(
        bed.count(MailState::Ready).await,
        2,
        "{:?}",
        bed.rows().await
    );
    let holds = bed.spool.holds().await.unwrap();
    let reasons: Vec<_> = holds.iter().map(|(_, hold)| hold.reason).collect();
    assert_eq!(reasons, [HoldReason::Login]);
    assert_eq!(bed.runner().run(pending()).await.unwrap(), RunEnd::Held);
    let account = Scope::Account("work".to_owned());
    bed.spool.unhold(&account).await.unwrap();
    assert_eq!(bed.runner().run(pending()).await.unwrap(), RunEnd::Finished);
    assert_eq!(bed.count(MailState::Accepted).await, 2);
}
