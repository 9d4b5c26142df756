//! LMTP: one reply to the message for each recipient, and a cut after each octet.

use pilotfish::Result;
use pilotfish::protocol::{Chunking, Pipelining};
use pilotfish::session::{Receipt, RecipientOutcome, recipient_outcomes};
use tokio::io::duplex;

use super::cuts;
use super::verify::{Tally, counted, each_recipient};
use crate::session::lmtp::in_lmtp;
use crate::session::send_each::strategy;
use crate::support::client::{ACCOUNT, TOO_LONG, send, summary};
use crate::support::cutter::{Cut, Cutter, Side};
use crate::support::mini_server::{Arrived, MiniServer, Replies, Store};
use crate::support::peer::Stream;

const RECIPIENTS: [&str; 4] = [
    "a@example.org",
    "full@example.org",
    "nobody@example.org",
    "b@example.org",
];

/// One case: the cut, the outcome, and what the server has.
struct Case {
    outcome: Result<Receipt>,
    arrived: Vec<Arrived>,
    from_client: usize,
    from_server: usize,
}

async fn submit<S: Stream>(stream: S, chunking: Chunking) -> Result<Receipt> {
    let session = in_lmtp(stream).await?;
    let session = session.with_strategy(strategy(Pipelining::Auto, chunking));
    send(session, ACCOUNT.letter(&RECIPIENTS)).await
}

async fn play(replies: &Replies, chunking: Chunking, cut: Option<Cut>) -> Case {
    let (here, there) = duplex(1024 * 1024);
    let (stream, passed) = Cutter::new(here, cut);
    let store = Store::default();
    let server = MiniServer::new(there, replies.clone(), &store);
    let both = async { tokio::join!(submit(stream, chunking), server.serve()) };
    let Ok((outcome, ())) = tokio::time::timeout(TOO_LONG, both).await else {
        panic!("{replies:?}: {cut:?}: it hangs");
    };
    Case {
        outcome,
        arrived: store.all(),
        from_client: passed.from(Side::Client),
        from_server: passed.from(Side::Server),
    }
}

/// The outcome of one recipient, with the code of the server's reply.
fn of_recipient(outcome: &Result<Receipt>, recipient: &str) -> (RecipientOutcome, Option<u16>) {
    let paths = [recipient.parse().unwrap()];
    let of = recipient_outcomes(&paths, outcome.as_ref())[0];
    (of.outcome, of.reply.map(|reply| reply.code().number()))
}

/// Checks the table of the module for one recipient.
fn verify(case: &Case, whole: &Case, recipient: &str, context: &str) -> RecipientOutcome {
    let outcome = of_recipient(&case.outcome, recipient);
    let context = format!(
        "{context}: {recipient}: {outcome:?}: {}",
        summary(&case.outcome)
    );
    let find = |case: &Case| {
        let mut arrived = case.arrived.iter();
        arrived.find(|arrived| arrived.to == recipient).cloned()
    };
    match (find(case), find(whole)) {
        (Some(arrived), _) => match arrived.answered {
            Some(octets) if case.from_server >= octets => {
                let expected = of_recipient(&whole.outcome, recipient);
                assert_eq!(outcome, expected, "{context}");
            }
            _ => assert_eq!(outcome.0, RecipientOutcome::Unknown, "{context}"),
        },
        (None, Some(whole)) if case.from_client >= whole.end => {
            let has_an_answer = [RecipientOutcome::Accepted, RecipientOutcome::Rejected];
            assert!(!has_an_answer.contains(&outcome.0), "{context}");
        }
        (None, Some(_)) => {
            let open = [RecipientOutcome::Deferred, RecipientOutcome::NotTried];
            assert!(open.contains(&outcome.0), "{context}");
        }
        // Rejected before the message.
        (None, None) => assert_ne!(outcome.0, RecipientOutcome::Accepted, "{context}"),
    }
    outcome.0
}

#[tokio::test(start_paused = true)]
async fn each_recipient_has_its_own_fate() {
    for (replies, chunking) in [
        (Replies::Offering(&["8BITMIME"]), Chunking::Never),
        (Replies::Offering(&["PIPELINING"]), Chunking::Never),
        (
            Replies::Offering(&["PIPELINING", "CHUNKING"]),
            Chunking::Always,
        ),
    ] {
        let paths = RECIPIENTS.map(|recipient| recipient.parse().unwrap());
        let whole = play(&replies, chunking, None).await;
        assert_eq!(whole.arrived.len(), 3);
        let (mut tally, mut cases, mut divided) = (Tally::default(), 0, 0);
        for cut in cuts(whole.from_client, whole.from_server, 1, 0) {
            let case = play(&replies, chunking, Some(cut)).await;
            let context = format!("{replies:?}: {cut:?}");
            let outcomes = RECIPIENTS.map(|recipient| verify(&case, &whole, recipient, &context));
            let seen = (&case.arrived[..], case.from_server);
            each_recipient(&case.outcome, &paths, seen, &context);
            tally.add(&outcomes);
            // One recipient has the mail, and the fate of another is unknown.
            let has = |outcome| outcomes.contains(&outcome);
            let both = has(RecipientOutcome::Accepted) && has(RecipientOutcome::Unknown);
            divided += usize::from(both);
            cases += 1;
        }
        counted("LMTP", &tally, cases);
        assert!(cases > 1_500 && tally.unknown > 100, "{tally:?}");
        assert!(divided > 100, "{divided}");
    }
}
