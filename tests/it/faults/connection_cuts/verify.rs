//! Compares what the client reports about a cut dialogue with what the server has.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use pilotfish::address::ForwardPath;
use pilotfish::session::{Receipt, RecipientOutcome, recipient_outcomes};
use pilotfish::{ErrorKind, Fate, Stage};

use super::{Case, Dialogue, cuts};
use crate::support::client::summary;
use crate::support::cutter::{Cut, How, Side};
use crate::support::mini_server::Arrived;

/// How many cases have run in this process, over all tests.
static CASES: AtomicUsize = AtomicUsize::new(0);

/// The cases of a dialogue, counted by outcome.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) accepted: usize,
    pub(super) not_accepted: usize,
    pub(super) unknown: usize,
    /// Mails that are reported as unknown, whose end of data was still buffered in TLS.
    pub(super) within_tls: usize,
    /// Mails that some recipients have for certain and others have not.
    pub(super) divided: usize,
}

impl Tally {
    /// Adds the recipients of a mail.
    pub(super) fn add(&mut self, recipients: &[RecipientOutcome]) {
        let count = |outcome| recipients.iter().filter(|of| **of == outcome).count();
        let (accepted, unknown) = (
            count(RecipientOutcome::Accepted),
            count(RecipientOutcome::Unknown),
        );
        let rejected = count(RecipientOutcome::Rejected);
        let not_accepted = recipients.len() - accepted - unknown;
        self.accepted += accepted;
        self.unknown += unknown;
        self.not_accepted += not_accepted;
        self.divided += usize::from(accepted > 0 && unknown + not_accepted > rejected);
    }

    pub(super) fn cases(&self) -> usize {
        self.accepted + self.not_accepted + self.unknown
    }
}

/// Plays a dialogue without a cut, and then with each `stride`-th cut.
pub(super) async fn verify(dialogue: &Dialogue, stride: usize, first: usize) -> Tally {
    let whole = dialogue.play(None).await;
    let mut tally = Tally::default();
    for cut in cuts(whole.from_client, whole.from_server, stride, first) {
        let case = dialogue.play(Some(cut)).await;
        let context = format!("{}: {cut:?}: {}", dialogue.name, summary(&case.outcome));
        if waits_in_tls(dialogue, &case, cut) {
            tally.within_tls += 1;
        } else {
            fate(&case, &whole, cut, &context);
        }
        if case.again.is_none() {
            let recipients = dialogue.message.envelope().forward_paths();
            let seen = (&case.arrived[..], case.from_server);
            each_recipient(&case.outcome, recipients, seen, &context);
        }
        plausible(&case, &whole, cut, &context);
        not_delivered_twice(&case, &context);
        match case.outcome.as_ref().map_err(pilotfish::Error::fate) {
            Ok(_) => tally.accepted += 1,
            Err(Fate::Unknown) => tally.unknown += 1,
            Err(_) => tally.not_accepted += 1,
        }
    }
    counted(dialogue.name, &tally, tally.cases());
    tally
}

/// Prints how many cases a dialogue had, and their outcomes.
pub(super) fn counted(name: &str, tally: &Tally, cases: usize) {
    let all = CASES.fetch_add(cases, Relaxed) + cases;
    println!("{name}: {tally:?} of {cases} cases, {all} so far");
}

/// Checks the outcome of each recipient of a mail. The server has stored the mail for exactly those
/// that are accepted, and perhaps for those that are unknown.
pub(super) fn each_recipient(
    outcome: &Outcome,
    recipients: &[ForwardPath],
    (arrived, from_server): (&[Arrived], usize),
    context: &str,
) -> Vec<RecipientOutcome> {
    let outcomes = recipient_outcomes(recipients, outcome.as_ref());
    assert_eq!(outcomes.len(), recipients.len());
    listed_once(outcome, context);
    for recipient in &outcomes {
        let path = recipient.path.addr_spec().to_string();
        let is_for_it = |one: &&Arrived| match one.to.as_str() {
            "" => one.paths.contains(&path),
            to => to == path,
        };
        let copies: Vec<_> = arrived.iter().filter(is_for_it).collect();
        let kept = copies.iter().filter(|one| one.taken).count();
        let is_answered = |one: &&Arrived| one.answered.is_some_and(|end| from_server >= end);
        let context = format!("{context}: {recipient:?}: {}, {copies:?}", summary(outcome));
        assert!(kept <= 1, "twice: {context}");
        match copies.as_slice() {
            [one] if !is_answered(one) => {
                assert_eq!(recipient.outcome, RecipientOutcome::Unknown, "{context}");
            }
            [one] if one.taken => {
                assert_eq!(recipient.outcome, RecipientOutcome::Accepted, "{context}");
            }
            _ => assert_ne!(recipient.outcome, RecipientOutcome::Accepted, "{context}"),
        }
    }
    outcomes.iter().map(|recipient| recipient.outcome).collect()
}

/// No recipient is in two lists of a receipt or an error.
pub(crate) fn listed_once(outcome: &Outcome, context: &str) {
    let (accepted, refused, untried) = match outcome {
        Ok(receipt) => (&receipt.accepted[..], &receipt.rejected[..], &[][..]),
        Err(error) => (error.accepted(), error.rejected(), error.untried()),
    };
    let refused = refused.iter().map(|(path, _)| path);
    let all: Vec<_> = accepted.iter().chain(refused).chain(untried).collect();
    let different: HashSet<_> = all.iter().collect();
    assert_eq!(all.len(), different.len(), "{context}: {outcome:?}");
}

/// Checks the table of the module for each mail.
fn fate(case: &Case, whole: &Case, cut: Cut, context: &str) {
    // A message in the flight of its commands may have left completely, but a server that can no
    // longer reply to the commands may not read it. The client cannot know.
    let has_left = |nth: usize| {
        let end = whole.arrived.get(nth).map(|arrived| arrived.end);
        cut.side == Side::Client && end.is_some_and(|end| case.from_client >= end)
    };
    let first = (&case.outcome, &whole.outcome);
    one_fate(0, case, first, has_left(0), context);
    if let (Ok(_), Some(again), Some(whole)) = (&case.outcome, &case.again, &whole.again) {
        let context = format!("{context}, then {}", summary(again));
        one_fate(1, case, (again, whole), has_left(1), &context);
    }
}

type Outcome = pilotfish::Result<Receipt>;

fn one_fate(
    nth: usize,
    case: &Case,
    (outcome, whole): (&Outcome, &Outcome),
    has_left: bool,
    context: &str,
) {
    let arrived = case.arrived.get(nth);
    let answered = arrived.and_then(|arrived| arrived.answered);
    let fate = outcome.as_ref().err().map(pilotfish::Error::fate);
    match (arrived, answered) {
        (None, _) if has_left => assert!(fate.is_some(), "{context}"),
        (None, _) => assert_eq!(fate, Some(Fate::NotAccepted), "{context}"),
        (Some(_), Some(octets)) if case.from_server >= octets => {
            assert_eq!(summary(outcome), summary(whole), "{context}");
        }
        (Some(_), _) => assert_eq!(fate, Some(Fate::Unknown), "{context}"),
    }
}

/// Whether the last octets had left the client, but were still buffered in TLS. `manual::fate` says
/// that such a mail may be reported as unknown.
fn waits_in_tls(dialogue: &Dialogue, case: &Case, cut: Cut) -> bool {
    let stage = case
        .outcome
        .as_ref()
        .err()
        .and_then(pilotfish::Error::stage);
    dialogue.tls.is_some()
        && cut.side == Side::Client
        && case.arrived.is_empty()
        && case
            .outcome
            .as_ref()
            .is_err_and(|error| error.fate() == Fate::Unknown)
        && matches!(stage, Some(Stage::Transfer | Stage::EndOfData))
}

/// The error matches the way in which the connection ended.
fn plausible(case: &Case, whole: &Case, cut: Cut, context: &str) {
    let Err(error) = &case.outcome else { return };
    assert!(error.stage().is_some(), "{context}");
    let expected: &[ErrorKind] = match cut.how {
        How::Close | How::HalfClose => &[ErrorKind::Closed, ErrorKind::Io, ErrorKind::Tls],
        How::Reset => &[ErrorKind::Io, ErrorKind::Closed, ErrorKind::Tls],
        How::Silence => &[ErrorKind::Timeout],
    };
    let of_whole = whole.outcome.as_ref().err().map(pilotfish::Error::kind);
    assert!(
        expected.contains(&error.kind()) || of_whole == Some(error.kind()),
        "{context}"
    );
    assert!(
        error.fate() == Fate::NotAccepted || !error.is_transient(),
        "{context}"
    );
}

/// The server has accepted a mail as often as the client reports, or once more if a fate was
/// reported as unknown.
fn not_delivered_twice(case: &Case, context: &str) {
    let taken = case.arrived.iter().filter(|arrived| arrived.taken).count();
    let outcomes = [Some(&case.outcome), case.again.as_ref()];
    let outcomes = || outcomes.into_iter().flatten();
    let reported = outcomes().filter(|outcome| outcome.is_ok()).count();
    let open = outcomes()
        .filter_map(|outcome| outcome.as_ref().err())
        .filter(|error| error.fate() == Fate::Unknown)
        .count();
    assert!(
        (reported..=reported + open).contains(&taken),
        "{context}: {taken}"
    );
}
