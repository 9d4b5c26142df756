//! LMTP: a reply to the message for each recipient, and a cut after each octet.

use pilotfish::address::ForwardPath;
use pilotfish::protocol::{Chunking, Pipelining, Reply};
use pilotfish::session::Receipt;
use pilotfish::{Fate, Result};
use tokio::io::duplex;

use super::cuts;
use super::judge::{Tally, counted};
use crate::company::strategy;
use crate::lmtp::in_lmtp;
use crate::support::client::{ACCOUNT, TOO_LONG, send, told};
use crate::support::cutter::{Cut, Cutter, Side};
use crate::support::knowing::{Arrived, Knowing, Store, Words};
use crate::support::peer::Stream;

const RECIPIENTS: [&str; 4] = [
    "a@example.org",
    "full@example.org",
    "nobody@example.org",
    "b@example.org",
];

/// One case, and all that is known of it.
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

async fn play(words: &Words, chunking: Chunking, cut: Option<Cut>) -> Case {
    let (here, there) = duplex(1024 * 1024);
    let (stream, passed) = Cutter::new(here, cut);
    let store = Store::default();
    let server = Knowing::new(there, words.clone(), &store);
    let both = async { tokio::join!(submit(stream, chunking), server.serve()) };
    let Ok((outcome, ())) = tokio::time::timeout(TOO_LONG, both).await else {
        panic!("{words:?}: {cut:?}: it hangs");
    };
    Case {
        outcome,
        arrived: store.all(),
        from_client: passed.from(Side::Client),
        from_server: passed.from(Side::Server),
    }
}

/// What is told of one recipient.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Accepted,
    Refused(u16),
    NotAccepted,
    Unknown,
}

fn of_recipient(outcome: &Result<Receipt>, recipient: &str) -> Told {
    let (accepted, refused, fate) = match outcome {
        Ok(receipt) => (&receipt.accepted[..], &receipt.rejected[..], None),
        Err(error) => (error.accepted(), error.refused(), Some(error.fate())),
    };
    let is_it = |path: &ForwardPath| path.to_string() == format!("<{recipient}>");
    let refused: Vec<&(ForwardPath, Reply)> =
        refused.iter().filter(|(path, _)| is_it(path)).collect();
    match (&refused[..], accepted.iter().any(is_it), fate) {
        ([], true, _) => Told::Accepted,
        ([(_, reply)], false, _) => Told::Refused(reply.code().number()),
        ([], false, Some(Fate::Unknown)) => Told::Unknown,
        ([], false, Some(_)) => Told::NotAccepted,
        _ => panic!("{recipient}: {}", told(outcome)),
    }
}

/// The table of the module, for one recipient.
fn judge(case: &Case, whole: &Case, recipient: &str, context: &str) -> Told {
    let outcome = of_recipient(&case.outcome, recipient);
    let context = format!(
        "{context}: {recipient}: {outcome:?}: {}",
        told(&case.outcome)
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
            _ => assert_eq!(outcome, Told::Unknown, "{context}"),
        },
        (None, Some(whole)) if case.from_client >= whole.end => {
            let open = [Told::NotAccepted, Told::Unknown];
            assert!(open.contains(&outcome), "{context}");
        }
        (None, Some(_)) => assert_eq!(outcome, Told::NotAccepted, "{context}"),
        // Refused before the message.
        (None, None) => assert_ne!(outcome, Told::Accepted, "{context}"),
    }
    outcome
}

#[tokio::test(start_paused = true)]
async fn each_recipient_has_a_fate_of_his_own() {
    for (words, chunking) in [
        (Words::Offering(&["8BITMIME"]), Chunking::Never),
        (Words::Offering(&["PIPELINING"]), Chunking::Never),
        (
            Words::Offering(&["PIPELINING", "CHUNKING"]),
            Chunking::Always,
        ),
    ] {
        let whole = play(&words, chunking, None).await;
        assert_eq!(whole.arrived.len(), 3);
        let (mut tally, mut cases, mut divided) = (Tally::default(), 0, 0);
        for cut in cuts(whole.from_client, whole.from_server, 1, 0) {
            let case = play(&words, chunking, Some(cut)).await;
            let context = format!("{words:?}: {cut:?}");
            let outcomes = RECIPIENTS.map(|recipient| judge(&case, &whole, recipient, &context));
            let of = |told: &Told| outcomes.iter().filter(|outcome| *outcome == told).count();
            divided += usize::from(of(&Told::Accepted) == 1 && of(&Told::Unknown) > 0);
            tally.accepted += of(&Told::Accepted);
            tally.unknown += of(&Told::Unknown);
            tally.not_accepted += RECIPIENTS.len() - of(&Told::Accepted) - of(&Told::Unknown);
            cases += 1;
        }
        counted("LMTP", &tally, cases);
        assert!(cases > 1_500 && tally.unknown > 100, "{tally:?}");
        // One has it, and of another nobody knows.
        assert!(divided > 100, "{divided}");
    }
}
