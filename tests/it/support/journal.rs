//! A departure that notes what it is asked, and answers as the test wants.

use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use pilotfish::Mail;
use pilotfish::session::{Departing, Departure};
use tokio::sync::{Semaphore, watch};
use tokio::time::sleep;

/// What the departure does when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    /// `true` after this time.
    After(Duration),
    /// `true` once the test has [opened](Journal::open) the gate for it.
    AtGate,
    Never,
    Panic,
}

type Decide = dyn Fn(&[u64]) -> Answer + Send + Sync;

/// All that the departure was asked.
pub(crate) struct Journal {
    calls: watch::Sender<Vec<Vec<u64>>>,
    gate: Semaphore,
    answer: Box<Decide>,
}

impl Journal {
    pub(crate) fn new(answer: impl Fn(&[u64]) -> Answer + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            calls: watch::Sender::default(),
            gate: Semaphore::new(0),
            answer: Box::new(answer),
        })
    }

    /// The numbers of the mails in each call so far.
    pub(crate) fn calls(&self) -> Vec<Vec<u64>> {
        self.calls.borrow().clone()
    }

    /// Waits for this many calls.
    pub(crate) async fn asked(&self, count: usize) {
        let mut calls = self.calls.subscribe();
        calls.wait_for(|calls| calls.len() >= count).await.unwrap();
    }

    /// Lets one call pass.
    pub(crate) fn open(&self) {
        self.gate.add_permits(1);
    }

    /// The mail with this departure and this number.
    pub(crate) fn mail(self: &Arc<Self>, mail: Mail, number: u64) -> Mail {
        let departure: Arc<dyn Departure> = self.clone();
        mail.with_departure(departure, number)
    }

    /// The mails with this departure, numbered from 0.
    pub(crate) fn mails(
        self: &Arc<Self>,
        mails: impl IntoIterator<Item = Mail>,
    ) -> impl Iterator<Item = Mail> {
        let journal = Arc::clone(self);
        (0..)
            .zip(mails)
            .map(move |(number, mail)| journal.mail(mail, number))
    }
}

impl Departure for Journal {
    fn depart<'a>(&'a self, mails: &'a [u64]) -> Departing<'a> {
        self.calls.send_modify(|calls| calls.push(mails.to_vec()));
        let answer = (self.answer)(mails);
        Box::pin(async move {
            match answer {
                Answer::Yes => {}
                Answer::No => return false,
                Answer::After(time) => sleep(time).await,
                Answer::AtGate => self.gate.acquire().await.unwrap().forget(),
                Answer::Never => pending().await,
                Answer::Panic => panic!("the departure panics"),
            }
            true
        })
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("calls", &self.calls())
            .finish_non_exhaustive()
    }
}
