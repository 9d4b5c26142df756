//! What the cases share.

use std::fmt::{Debug, Display};
use std::sync::Arc;
use std::time::Duration;

use super::super::claim::{Claim, Want};
use super::super::error::{SpoolError, SpoolErrorKind};
use super::super::job::{Counts, Job, JobId, JobKind, NewJob};
use super::super::mail::{MailState, NewMail};
use super::super::outcome::{Answer, Outcome};
use super::super::query::{MailRecord, Query};
use super::super::store::Spool;
use super::Invariant;

/// What does not hold.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) invariant: Invariant,
    pub(super) message: String,
}

impl Broken {
    pub(super) fn new(invariant: Invariant, message: impl Into<String>) -> Self {
        Self {
            invariant,
            message: message.into(),
        }
    }
}

/// An error that no case expects.
impl From<SpoolError> for Broken {
    fn from(error: SpoolError) -> Self {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        let kind = error.kind();
        let message = format!("{kind:?}: {error}{}", cause.unwrap_or_default());
        Self::new(Invariant::Documented, message)
    }
}

/// What a case found: the first invariant that does not hold.
pub(super) type Case = Found<()>;

pub(super) type Found<T> = Result<T, Broken>;

/// The lease of claims.
pub(super) const LEASE: Duration = Duration::from_mins(1);

/// A call that has to fail.
pub(super) trait Expected {
    /// Fails unless it is an error of this kind.
    fn is(self, kind: SpoolErrorKind, invariant: Invariant) -> Case;
}

impl<T: Debug> Expected for Result<T, SpoolError> {
    fn is(self, kind: SpoolErrorKind, invariant: Invariant) -> Case {
        match self {
            Err(error) if error.kind() == kind => Ok(()),
            other => {
                let message = format!("expected {kind:?}, found {other:?}");
                Err(Broken::new(invariant, message))
            }
        }
    }
}

/// Fails unless both are the same.
#[expect(
    clippy::needless_pass_by_value,
    reason = "values made for the comparison"
)]
pub(super) fn same<T: PartialEq + Debug>(
    found: T,
    expected: T,
    invariant: Invariant,
    what: impl Display,
) -> Case {
    if found == expected {
        return Ok(());
    }
    let message = format!("{what}: expected {expected:?}, found {found:?}");
    Err(Broken::new(invariant, message))
}

pub(super) fn id(name: &str) -> Found<JobId> {
    Ok(name.parse()?)
}

pub(super) fn want() -> Want {
    Want::new("work").most(10).lease(LEASE)
}

pub(super) fn accepted() -> Outcome {
    Outcome::Accepted(Answer::new("250 2.0.0 OK"))
}

pub(super) fn rejected() -> Outcome {
    Outcome::Rejected(Answer::new("550 5.1.1 no"))
}

pub(super) fn unknown() -> Outcome {
    Outcome::Unknown(Answer::new("no reply"))
}

pub(super) fn deferred(after: Duration) -> Outcome {
    Outcome::Deferred {
        answer: Answer::new("451 4.7.1 later"),
        after,
    }
}

pub(super) fn mails(count: u64) -> Vec<NewMail> {
    let numbers = 1..=count;
    numbers
        .map(|row| NewMail::new(format!("k{row}"), format!("d{row}")))
        .collect()
}

/// A batch of the account `work` that has been started, with this many rows.
pub(super) async fn batch(spool: &Arc<dyn Spool>, name: &str, rows: u64) -> Found<JobId> {
    let job = id(name)?;
    spool
        .create(NewJob::new(job.clone(), JobKind::Batch, "work"))
        .await?;
    spool.add(&job, mails(rows)).await?;
    spool.start(&job).await?;
    Ok(job)
}

/// A claim of up to ten rows, which there are.
pub(super) async fn claim(spool: &Arc<dyn Spool>) -> Found<Claim> {
    claim_of(spool, &want()).await
}

pub(super) async fn claim_of(spool: &Arc<dyn Spool>, want: &Want) -> Found<Claim> {
    let claimed = spool.claim(want).await?;
    let none = || {
        let message = "there are rows, and none was claimed";
        Broken::new(Invariant::Documented, message)
    };
    claimed.ok_or_else(none)
}

/// The numbers of the rows of a claim.
pub(super) fn rows_of(claim: &Claim) -> Vec<u64> {
    claim.mails.iter().map(|mail| mail.row).collect()
}

/// Fails if something can be claimed.
pub(super) async fn nothing_to_claim(
    spool: &Arc<dyn Spool>,
    invariant: Invariant,
    what: &str,
) -> Case {
    match spool.claim(&want()).await? {
        None => Ok(()),
        Some(claim) => {
            let (rows, job) = (rows_of(&claim), &claim.job);
            let message = format!("{what}: rows {rows:?} of {job} were claimed");
            Err(Broken::new(invariant, message))
        }
    }
}

pub(super) async fn job(spool: &Arc<dyn Spool>, id: &JobId) -> Found<Job> {
    let job = spool.job(id).await?;
    job.ok_or_else(|| {
        let message = format!("the job {id} is not there");
        Broken::new(Invariant::Documented, message)
    })
}

/// Fails unless the job has these many rows in these states, and none in others.
pub(super) async fn counts(
    spool: &Arc<dyn Spool>,
    id: &JobId,
    expected: &[(MailState, u64)],
    invariant: Invariant,
) -> Case {
    let mut wanted = Counts::default();
    for (state, rows) in expected {
        wanted.set(*state, *rows);
    }
    let counts = job(spool, id).await?.counts;
    let by_state = all(spool, id).await?;
    for state in MailState::ALL {
        let rows = by_state
            .iter()
            .filter(|record| record.state == state)
            .count() as u64;
        let what = format!("rows of {id} that are {state}");
        same(rows, wanted.get(state), invariant, &what)?;
        same(
            counts.get(state),
            rows,
            Invariant::I7,
            format!("the count of {what}"),
        )?;
    }
    Ok(())
}

/// All rows of a job.
pub(super) async fn all(spool: &Arc<dyn Spool>, id: &JobId) -> Found<Vec<MailRecord>> {
    let mut rows = Vec::new();
    let mut query = Query::new(id.clone());
    loop {
        let page = spool.mails(&query).await?;
        let Some(last) = page.last().map(|record| record.row) else {
            return Ok(rows);
        };
        rows.extend(page);
        query = query.after(last);
    }
}

/// Settles all rows of a claim that has left.
pub(super) fn all_are(claim: &Claim, outcome: &Outcome) -> Vec<(u64, Outcome)> {
    let rows = claim.mails.iter();
    rows.map(|mail| (mail.row, outcome.clone())).collect()
}
