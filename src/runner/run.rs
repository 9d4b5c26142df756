//! A run: sends what a spool has until nothing is left, or until it is stopped.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::time::{MissedTickBehavior, interval};

use super::claims::ActiveClaim;
use super::feed::{Feed, Shared, UnderWay};
use super::maker::MailMaker;
use super::schedule::Schedule;
use super::verdict::{Attempt, Trouble, verdict};
use crate::client::Client;
use crate::error::Result as SendResult;
use crate::session::Receipt;
use crate::spool::{HoldReason, JobId, Outcome, Scope, Spool, SpoolError, Want};

/// How often outcomes are recorded while no mail leaves.
const FLUSH: Duration = Duration::from_secs(1);

/// How long an account rests whose server cannot be reached.
const REST: Duration = Duration::from_mins(1);

/// What happens during a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunEvent {
    /// A mail was given to the client.
    Begun {
        /// Its job.
        job: JobId,
        /// Its number in the job.
        row: u64,
    },
    /// A mail has an outcome, which is recorded soon.
    Settled {
        /// Its job.
        job: JobId,
        /// Its number in the job.
        row: u64,
        /// What it is called in the job.
        key: String,
        /// What has become of it.
        outcome: Outcome,
    },
    /// The account is held, until a person acts or for a time.
    Held {
        /// Whose decision it is.
        reason: HoldReason,
        /// Why.
        text: String,
        /// For how long; `None`: until a person acts.
        lasts: Option<Duration>,
    },
}

/// How a run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunEnd {
    /// Nothing is left to send, but for what is held.
    Finished,
    /// It was stopped.
    Stopped,
    /// The account is held until a person acts.
    Held,
}

type OnEvent = Arc<dyn Fn(&RunEvent) + Send + Sync>;

/// Sends the mails of a spool by one account.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use pilotfish::Client;
/// use pilotfish::runner::{MailMaker, RunEnd, Runner};
/// use pilotfish::spool::Spool;
///
/// # async fn example(
/// #     spool: Arc<dyn Spool>,
/// #     client: Client,
/// #     maker: Arc<dyn MailMaker>,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// let runner = Runner::new(spool, client, maker, "work");
/// let end = runner.run(async { drop(tokio::signal::ctrl_c().await) }).await?;
/// assert_ne!(end, RunEnd::Held);
/// # Ok(())
/// # }
/// ```
pub struct Runner {
    pub(super) spool: Arc<dyn Spool>,
    client: Client,
    pub(super) maker: Arc<dyn MailMaker>,
    account: String,
    job: Option<JobId>,
    rows: u32,
    lease: Duration,
    pub(super) schedule: Schedule,
    pub(super) waits: bool,
    pub(super) on_event: OnEvent,
}

impl Runner {
    /// A runner for the jobs of this account. The client makes one attempt at a mail
    /// ([`Retry`](crate::client::Retry) is that of the [`Schedule`]).
    pub fn new(
        spool: Arc<dyn Spool>,
        client: Client,
        maker: Arc<dyn MailMaker>,
        account: impl Into<String>,
    ) -> Self {
        Self {
            spool,
            client,
            maker,
            account: account.into(),
            job: None,
            rows: 64,
            lease: Duration::from_mins(1),
            schedule: Schedule::default(),
            waits: false,
            on_event: Arc::new(|_| {}),
        }
    }

    /// Of this job alone.
    #[must_use]
    pub fn of_job(mut self, job: JobId) -> Self {
        self.job = Some(job);
        self
    }

    /// How many rows are claimed together: from 1 to [`Want::MAX_ROWS`], and 64 by default.
    #[must_use]
    pub fn rows(mut self, rows: u32) -> Self {
        self.rows = rows;
        self
    }

    /// How long a claim lasts if the process stands still: a minute by default.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// When deferred mails are tried again.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// Goes on when nothing is left, and waits for other mails.
    #[must_use]
    pub fn wait(mut self) -> Self {
        self.waits = true;
        self
    }

    /// Calls this for each event, on the task of the run.
    #[must_use]
    pub fn on_event(mut self, on_event: impl Fn(&RunEvent) + Send + Sync + 'static) -> Self {
        self.on_event = Arc::new(on_event);
        self
    }

    pub(super) fn want(&self) -> Want {
        let want = Want::new(self.account.as_str());
        let want = want.most(self.rows).lease(self.lease);
        match &self.job {
            Some(job) => want.of_job(job.clone()),
            None => want,
        }
    }

    /// Sends until nothing is left, or until `stop` is ready. Then nothing more leaves, replies that are due
    /// are waited for, and what has not left is ready for the next run.
    ///
    /// # Errors
    ///
    /// The store failed for longer than it was asked again. What is known of mails that have left is
    /// recorded if that is possible; otherwise they become unknown.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, mails that have left become unknown.
    pub async fn run(&self, stop: impl Future<Output = ()>) -> Result<RunEnd, SpoolError> {
        let shared = Shared::default();
        let feed = Feed {
            runner: self,
            shared: &shared,
            current: None,
        };
        let mails = stream::unfold(feed, async |mut feed| {
            let next = feed.next().await?;
            Some((next, feed))
        });
        let mut outcomes = pin!(self.client.send_all(mails));
        let mut tick = interval(FLUSH);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stop = pin!(stop);
        let mut end = RunEnd::Finished;
        let mut failure = None;
        loop {
            tokio::select! {
                next = outcomes.next() => {
                    let Some((mail, result)) = next else { break };
                    match self.ended(mail, &result).await {
                        Ok(false) => {}
                        Ok(true) => {
                            end = RunEnd::Held;
                            shared.stop();
                        }
                        Err(error) => failure = failure.or(Some(error)),
                    }
                    failure = failure.or(self.release(shared.take_over()).await.err());
                }
                _ = tick.tick() => {
                    for claim in shared.claims() {
                        failure = failure.or(claim.flush().await.err());
                    }
                }
                () = &mut stop, if end == RunEnd::Finished => {
                    end = RunEnd::Stopped;
                    shared.stop();
                }
            }
            // Nothing more leaves if the store cannot be used.
            if failure.as_ref().is_some_and(|error| !error.is_transient()) {
                shared.stop();
            }
        }
        failure = failure.or(self.release(shared.claims()).await.err());
        let of_feed = shared.failure.lock();
        let of_feed = of_feed.unwrap_or_else(PoisonError::into_inner).take();
        match of_feed.or(failure.filter(|error| !error.is_transient())) {
            Some(error) => Err(error),
            None if end == RunEnd::Finished && self.is_held().await? => Ok(RunEnd::Held),
            None => Ok(end),
        }
    }

    /// Whether the account is held until a person acts.
    pub(super) async fn is_held(&self) -> Result<bool, SpoolError> {
        let own = Scope::Account(self.account.clone());
        let holds = self.spool.holds().await?;
        let mut holds = holds.iter();
        Ok(holds.any(|(scope, hold)| *scope == own && hold.until.is_none()))
    }

    async fn release(&self, claims: Vec<ActiveClaim>) -> Result<(), SpoolError> {
        for claim in claims {
            claim.release().await?;
        }
        Ok(())
    }

    /// Notes the outcome of a mail. Returns whether the account is held until a person acts.
    async fn ended(
        &self,
        mail: UnderWay,
        result: &SendResult<Receipt>,
    ) -> Result<bool, SpoolError> {
        let attempt = Attempt {
            paths: mail.paths,
            done: mail.done,
            number: mail.attempt,
            age: mail.age,
            took: mail.begun.elapsed(),
        };
        let (outcome, trouble) = verdict(&attempt, result, &self.schedule);
        self.settled(&mail.claim, mail.row, &mail.key, outcome);
        match trouble {
            Some(trouble) => self.hold(trouble).await,
            None => Ok(false),
        }
    }

    pub(super) fn settled(&self, claim: &ActiveClaim, row: u64, key: &str, outcome: Outcome) {
        (self.on_event)(&RunEvent::Settled {
            job: claim.job().clone(),
            row,
            key: key.to_owned(),
            outcome: outcome.clone(),
        });
        claim.settle(row, outcome);
    }

    async fn hold(&self, trouble: Trouble) -> Result<bool, SpoolError> {
        let (reason, text, lasts) = match trouble {
            Trouble::Login(text) => (HoldReason::Login, text, None),
            Trouble::Settings(text) => (HoldReason::Server, text, None),
            Trouble::Server(text) => (HoldReason::Server, text, Some(REST)),
        };
        let scope = Scope::Account(self.account.clone());
        let is_new = !self
            .spool
            .holds()
            .await?
            .iter()
            .any(|(held, _)| *held == scope);
        if is_new {
            self.spool.hold(&scope, reason, &text, lasts).await?;
            (self.on_event)(&RunEvent::Held {
                reason,
                text,
                lasts,
            });
        }
        Ok(lasts.is_none())
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner")
            .field("spool", &self.spool)
            .field("account", &self.account)
            .field("job", &self.job)
            .finish_non_exhaustive()
    }
}
