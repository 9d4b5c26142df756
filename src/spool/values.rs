//! Limits of values that callers give, which all stores check alike, and errors that they share.

use super::error::{SpoolError, SpoolErrorKind};
use super::job::{JobId, NewJob};
use super::mail::NewMail;

/// The most mails of one call, and the most octets of their data.
const MAX_MAILS: usize = 10_000;
const MAX_DATA: usize = 64 * 1024 * 1024;

/// The most octets of the name of an account.
const MAX_ACCOUNT: usize = 255;

/// The most octets of the reason of a hold.
const MAX_REASON: usize = 2_048;

/// The most octets of the name of an event, and of its detail.
const MAX_EVENT: usize = 64;
const MAX_EVENT_DETAIL: usize = 4_096;

fn invalid(message: String) -> SpoolError {
    SpoolError::new(SpoolErrorKind::Invalid, message)
}

pub(super) fn check_job(job: &NewJob) -> Result<(), SpoolError> {
    if job.account.is_empty() || job.account.len() > MAX_ACCOUNT {
        return Err(invalid(format!(
            "the account of a job has 1 to {MAX_ACCOUNT} octets"
        )));
    }
    if job.spec.len() > NewJob::MAX_SPEC {
        return Err(invalid(format!(
            "the specification of a job has at most {} octets, and this one {}",
            NewJob::MAX_SPEC,
            job.spec.len()
        )));
    }
    Ok(())
}

pub(super) fn check_mails(mails: &[NewMail]) -> Result<(), SpoolError> {
    let octets: usize = mails.iter().map(|mail| mail.data.len()).sum();
    if mails.len() > MAX_MAILS || octets > MAX_DATA {
        return Err(invalid(format!(
            "one call adds at most {MAX_MAILS} mails with {MAX_DATA} octets: add them in parts"
        )));
    }
    for mail in mails {
        if mail.key.is_empty() || mail.key.len() > NewMail::MAX_KEY {
            return Err(invalid(format!(
                "the key of a mail has 1 to {} octets, and this one {}",
                NewMail::MAX_KEY,
                mail.key.len()
            )));
        }
        if mail.data.len() > NewMail::MAX_DATA {
            return Err(invalid(format!(
                "the data of a mail has at most {} octets, and that of {} has {}: store it as content",
                NewMail::MAX_DATA,
                mail.key.escape_debug(),
                mail.data.len()
            )));
        }
    }
    Ok(())
}

pub(super) fn check_hold(text: &str) -> Result<(), SpoolError> {
    if text.len() > MAX_REASON {
        let octets = text.len();
        return Err(invalid(format!(
            "the reason of a hold has at most {MAX_REASON} octets, and this one {octets}"
        )));
    }
    Ok(())
}

pub(super) fn check_event(name: &str, detail: &[u8]) -> Result<(), SpoolError> {
    if name.len() > MAX_EVENT || detail.len() > MAX_EVENT_DETAIL {
        return Err(invalid(format!(
            "an event has a name of at most {MAX_EVENT} octets, and {MAX_EVENT_DETAIL} octets of detail"
        )));
    }
    Ok(())
}

pub(super) fn no_job(job: &JobId) -> SpoolError {
    let message = format!("there is no job {job} in the spool");
    SpoolError::new(SpoolErrorKind::NotFound, message)
}

pub(super) fn another_job(job: &JobId) -> SpoolError {
    let message = format!("there is another job {job} already: choose another name");
    SpoolError::new(SpoolErrorKind::Conflict, message)
}

pub(super) fn is_closed(job: &JobId) -> SpoolError {
    let message =
        format!("no mail can be added to the job {job}: it was started, or was cancelled");
    SpoolError::new(SpoolErrorKind::Conflict, message)
}
