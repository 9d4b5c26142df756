//! The recipients that the server deferred, while it accepted the mail for others.

use std::time::Duration;

use pilotfish::address::{Envelope, ForwardPath};
use pilotfish::protocol::Reply;
use pilotfish::session::{MailOutcome, Receipt};
use pilotfish::{Client, Mail};
use tokio::time::{Instant, sleep};

use super::delivery::finish_or_stop;
use crate::failure::{Failure, Interrupted};
use crate::output::logging::Watch;
use crate::output::progress::ProgressWatcher;
use crate::output::report;
use crate::output::waiting::WaitingLine;
use crate::stop::Stops;
use crate::terminal::quantity::{Span, counted};
use crate::terminal::style::{DIM, painted};

/// How long the first wait is, unless the server names a time. Each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_mins(1);

/// The longest of these waits.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// Sends a mail again to the recipients that the server deferred, and to no other. The client sends no mail
/// again that some recipients have.
pub(super) struct Deferred<'a> {
    /// A client that makes one attempt.
    pub(super) client: &'a Client,
    pub(super) mail: Mail,
    /// When `--retry` ends.
    pub(super) end: Instant,
    pub(super) watch: &'a Watch,
    pub(super) is_quiet: bool,
}

/// Whether the server may accept the mail later for one of the recipients.
pub(super) fn has_deferred(receipt: &Receipt) -> bool {
    deferred(receipt).next().is_some()
}

fn deferred(receipt: &Receipt) -> impl Iterator<Item = &(ForwardPath, Reply)> {
    receipt
        .rejected
        .iter()
        .filter(|(_, reply)| reply.is_transient())
}

impl Deferred<'_> {
    /// Sends until no recipient is deferred, or the time is over, and returns what became of all of them.
    ///
    /// If the fate of an attempt is unknown, the failure has the receipt of the others.
    pub(super) async fn send(
        &self,
        mut receipt: Receipt,
        transfer: &ProgressWatcher,
        line: Option<&WaitingLine>,
        stops: &mut Stops,
    ) -> Result<Receipt, Failure> {
        let mut pause = FIRST_WAIT;
        while has_deferred(&receipt) {
            let asked = deferred(&receipt)
                .filter_map(|(_, reply)| reply.retry_after())
                .max();
            let wait = asked.unwrap_or(pause);
            pause = (2 * pause).min(LONGEST_WAIT);
            if Instant::now() + wait > self.end {
                break;
            }
            self.announce(wait, &receipt, line);
            let waited = async {
                sleep(wait).await;
                Ok(())
            };
            // Who has the mail, has it.
            if stops
                .unless(Interrupted::NotSent(None), waited)
                .await
                .is_err()
            {
                break;
            }
            self.watch.retried.count();
            let paths: Vec<_> = deferred(&receipt).map(|(path, _)| path.clone()).collect();
            let Some(mail) = self.to(&paths) else { break };
            let sending = self.client.send(mail);
            let (result, stop) = finish_or_stop(self.client, sending, transfer, line, stops).await;
            match result {
                Ok(next) => {
                    receipt.rejected.retain(|(path, _)| !paths.contains(path));
                    receipt.accepted.extend(next.accepted);
                    receipt.rejected.extend(next.rejected);
                }
                Err(mut failure) if failure.outcome == MailOutcome::Unknown => {
                    failure.earlier = Some(Box::new(receipt));
                    return Err(failure);
                }
                Err(failure) => {
                    learn(&mut receipt, &paths, &failure);
                }
            }
            if stop.is_some() {
                break;
            }
        }
        Ok(receipt)
    }

    fn announce(&self, wait: Duration, receipt: &Receipt, line: Option<&WaitingLine>) {
        if let (Some(waiting), Some(_)) = (&self.watch.waiting, line) {
            waiting.wait_for_next_attempt(wait);
        } else if !self.is_quiet {
            let count = counted(deferred(receipt).count(), "recipient", "recipients");
            let again = format!("Pilotfish tries again in {} for {count}", Span(wait));
            report::notice(&painted(DIM, again));
        }
    }

    /// The mail to these recipients alone, with the options that they had.
    fn to(&self, paths: &[ForwardPath]) -> Option<Mail> {
        let whole = &self.mail.envelope;
        let envelope = Envelope::new(whole.reverse_path().clone(), paths.iter().cloned()).ok()?;
        let envelope = envelope.with_options(whole.options().clone());
        Some(Mail::new(envelope, self.mail.message.clone()))
    }
}

/// Takes the replies of an attempt that failed as a whole.
fn learn(receipt: &mut Receipt, paths: &[ForwardPath], failure: &Failure) {
    let Some(error) = &failure.error else { return };
    let whole = error.reply().filter(|_| error.rejected().is_empty());
    for (path, reply) in &mut receipt.rejected {
        if !paths.contains(path) {
            continue;
        }
        let own = error
            .rejected()
            .iter()
            .find(|(rejected, _)| rejected == path);
        // A reply to the login is not one to the recipient.
        let of_mail = whole.filter(|_| error.kind() == pilotfish::ErrorKind::Rejected);
        if let Some(new) = own.map(|(_, reply)| reply).or(of_mail) {
            *reply = new.clone();
        }
    }
}
