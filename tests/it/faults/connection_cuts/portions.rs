//! A mail in portions, cut after each octet: the outcome of each recipient agrees with what the
//! server has.

use pilotfish::address::{Envelope, ForwardPath};
use pilotfish::protocol::{Chunking, Pipelining};
use pilotfish::session::Receipt;
use pilotfish::{Mail, Message, Result};
use tokio::io::duplex;

use super::cuts;
use super::verify::{Tally, counted, each_recipient};
use crate::session::lmtp::in_lmtp;
use crate::session::send_each::strategy;
use crate::support::client::{ACCOUNT, TOO_LONG, in_clear, send};
use crate::support::cutter::{Cut, Cutter, Side};
use crate::support::mini_server::{Arrived, MiniServer, Replies, Store};
use crate::support::peer::Stream;

/// One of the recipients is rejected. By LMTP, the message for one of them is rejected.
const TO: [&str; 5] = [
    "a@one.test",
    "nobody@one.test",
    "b@one.test",
    "full@two.test",
    "c@two.test",
];

/// A mail that goes in portions.
struct Portioned {
    replies: Replies,
    lmtp: bool,
    chunking: Chunking,
    message: Message,
    recipients: Vec<ForwardPath>,
}

/// One case: the cut, the outcome, and what the server has.
struct Case {
    outcome: Result<Receipt>,
    arrived: Vec<Arrived>,
    from_client: usize,
    from_server: usize,
}

impl Portioned {
    fn new(keywords: &'static [&'static str], lmtp: bool) -> Self {
        let chunking = if keywords.contains(&"CHUNKING") {
            Chunking::Always
        } else {
            Chunking::Never
        };
        Self {
            replies: Replies::Offering(keywords),
            lmtp,
            chunking,
            message: ACCOUNT.letter_with(&["a@one.test"], "Hi.\n"),
            recipients: TO.map(|to| to.parse().unwrap()).into(),
        }
    }

    async fn submit<S: Stream>(&self, stream: S) -> Result<Receipt> {
        let session = if self.lmtp {
            in_lmtp(stream).await?
        } else {
            in_clear(stream).await?
        };
        let session = session.with_strategy(strategy(Pipelining::Auto, self.chunking));
        let from = ACCOUNT.user;
        let envelope = Envelope::new(from, self.recipients.clone()).unwrap();
        send(session, Mail::new(envelope, self.message.clone())).await
    }

    async fn play(&self, cut: Option<Cut>) -> Case {
        let (here, there) = duplex(1024 * 1024);
        let (stream, passed) = Cutter::new(here, cut);
        let store = Store::default();
        let server = MiniServer::new(there, self.replies.clone(), &store);
        let both = async { tokio::join!(self.submit(stream), server.serve()) };
        let Ok((outcome, ())) = tokio::time::timeout(TOO_LONG, both).await else {
            panic!("{:?}: {cut:?}: it hangs", self.replies);
        };
        Case {
            outcome,
            arrived: store.all(),
            from_client: passed.from(Side::Client),
            from_server: passed.from(Side::Server),
        }
    }

    /// Counts the recipients by outcome.
    async fn verify(&self) -> Tally {
        let whole = self.play(None).await;
        let (mut tally, mut cases) = (Tally::default(), 0);
        for cut in cuts(whole.from_client, whole.from_server, STRIDE, 0) {
            let case = self.play(Some(cut)).await;
            let context = format!("{:?}, LMTP {}: {cut:?}", self.replies, self.lmtp);
            let (outcome, recipients) = (&case.outcome, &self.recipients[..]);
            let seen = (&case.arrived[..], case.from_server);
            tally.add(&each_recipient(outcome, recipients, seen, &context));
            cases += 1;
        }
        counted("portions", &tally, cases);
        tally
    }
}

/// The number of octets between two cuts. Each kind of cut starts at a different octet.
const STRIDE: usize = 3;

#[tokio::test(start_paused = true)]
async fn each_recipient_of_each_portion_has_an_outcome_of_its_own() {
    for (keywords, lmtp) in [
        (&["LIMITS RCPTMAX=2"][..], false),
        (&["LIMITS RCPTMAX=2", "PIPELINING"], false),
        (&["LIMITS RCPTMAX=2", "PIPELINING", "CHUNKING"], false),
        (&["LIMITS RCPTDOMAINMAX=1", "PIPELINING"], false),
        (&["LIMITS MAILMAX=1 RCPTMAX=3", "PIPELINING"], false),
        (&["LIMITS RCPTMAX=2", "PIPELINING"], true),
        (&["LIMITS RCPTMAX=4", "PIPELINING", "CHUNKING"], true),
    ] {
        let tally = Portioned::new(keywords, lmtp).verify().await;
        let context = format!("{keywords:?}, LMTP {lmtp}: {tally:?}");
        assert!(tally.accepted > 30 && tally.unknown > 20, "{context}");
        // Some recipients have the mail; the others are untried or unknown.
        assert!(tally.divided > 10, "{context}");
    }
}
