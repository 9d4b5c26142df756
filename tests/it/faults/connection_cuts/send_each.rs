//! Several mails in close succession: each has its own fate, and those that were not accepted are
//! sent again over another connection.

use futures_util::stream;
use pilotfish::message::{Attachment, Body};
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::session::{Mail, Receipt};
use pilotfish::{Fate, Message, Result};
use tokio::io::duplex;

use super::cuts;
use super::verify::{Tally, counted};
use crate::session::send_each::strategy;
use crate::support::built::built;
use crate::support::client::{ACCOUNT, TOO_LONG, in_clear, summary};
use crate::support::cutter::{Cut, Cutter, Side};
use crate::support::mini_server::{Arrived, MiniServer, Replies, Store};
use crate::support::peer::Stream;

const PLAIN: Replies = Replies::Offering(&["8BITMIME"]);
const GROUPED: Replies = Replies::Offering(&["PIPELINING"]);
const CHUNKED: Replies = Replies::Offering(&["PIPELINING", "CHUNKING"]);

/// Mails that are sent together, and how.
struct Batch {
    name: &'static str,
    replies: Replies,
    strategy: Strategy,
    mails: Vec<Message>,
}

/// One case: the cut, the outcomes, and what the server has.
struct Case {
    /// The reported outcome of each mail. `None` if the mail was returned or never taken from the
    /// stream.
    reported: Vec<Option<Result<Receipt>>>,
    arrived: Vec<Arrived>,
    from_client: usize,
    from_server: usize,
}

/// A mail for each of these, distinguished by its Message-ID.
fn mails(recipients: &[&str]) -> Vec<Message> {
    let mail = |(number, recipient): (usize, &&str)| {
        let id = format!("<{number}@client.example>");
        let letter = ACCOUNT.letter_of_text(&[*recipient], ".Here it comes.\n");
        built(letter.message_id(id))
    };
    recipients.iter().enumerate().map(mail).collect()
}

/// Whether the message is the mail with this number.
fn is_mail(arrived: &Arrived, number: usize) -> bool {
    let id = format!("Message-ID: <{number}@client.example>\r\n");
    memchr::memmem::find(&arrived.octets, id.as_bytes()).is_some()
}

impl Case {
    fn arrived(&self, number: usize) -> Option<&Arrived> {
        self.arrived.iter().find(|arrived| is_mail(arrived, number))
    }
}

impl Batch {
    /// Sends the mails with these numbers. Returns the outcomes of all mails.
    async fn send<S: Stream>(&self, stream: S, numbers: &[usize]) -> Vec<Option<Result<Receipt>>> {
        let mut reported: Vec<_> = self.mails.iter().map(|_| None).collect();
        let session = match in_clear(stream).await {
            Ok(session) => session,
            Err(error) => {
                assert_eq!(error.fate(), Fate::NotAccepted);
                return reported;
            }
        };
        let mut session = session.with_strategy(self.strategy);
        let mails = numbers.iter().map(|number| &self.mails[*number]);
        let mails = mails.map(|mail| Mail::from(mail.clone()));
        let returned = session
            .send_each(stream::iter(mails), |place, result| {
                assert!(
                    reported[numbers[place]].replace(result).is_none(),
                    "reported twice"
                );
            })
            .await;
        for returned in returned {
            assert_eq!(returned.error.fate(), Fate::NotAccepted);
            assert!(
                reported[numbers[returned.index]].is_none(),
                "reported and returned"
            );
        }
        session.quit().await;
        reported
    }

    async fn play(&self, cut: Option<Cut>) -> Case {
        let all: Vec<_> = (0..self.mails.len()).collect();
        let (here, there) = duplex(1024 * 1024);
        let (stream, passed) = Cutter::new(here, cut);
        let store = Store::default();
        let server = MiniServer::new(there, self.replies.clone(), &store);
        let both = async { tokio::join!(self.send(stream, &all), server.serve()) };
        let Ok((reported, ())) = tokio::time::timeout(TOO_LONG, both).await else {
            panic!("{}: {cut:?}: it hangs", self.name);
        };
        Case {
            reported,
            arrived: store.all(),
            from_client: passed.from(Side::Client),
            from_server: passed.from(Side::Server),
        }
    }

    /// Plays the dialogue with each cut, and counts the mails by outcome.
    async fn verify(&self) -> Tally {
        let whole = self.play(None).await;
        let (mut tally, mut cases) = (Tally::default(), 0);
        for cut in cuts(whole.from_client, whole.from_server, 1, 0) {
            let case = self.play(Some(cut)).await;
            let context = format!("{}: {cut:?}", self.name);
            for number in 0..self.mails.len() {
                match Self::fate(number, &case, &whole, &context) {
                    None => tally.accepted += 1,
                    Some(Fate::NotAccepted) => tally.not_accepted += 1,
                    Some(_) => tally.unknown += 1,
                }
            }
            self.once_more(&case, &whole, &context).await;
            cases += 1;
        }
        counted(self.name, &tally, cases);
        tally
    }

    /// Checks the table of the module for one mail. Returns its fate if it was not accepted.
    fn fate(number: usize, case: &Case, whole: &Case, context: &str) -> Option<Fate> {
        let outcome = case.reported[number].as_ref();
        let shown = outcome.map_or("returned".to_owned(), summary);
        let context = format!("{context}: mail {number}: {shown}");
        let fate = match outcome {
            Some(Ok(_)) => None,
            Some(Err(error)) => Some(error.fate()),
            None => Some(Fate::NotAccepted),
        };
        match (case.arrived(number), whole.arrived(number)) {
            (Some(arrived), _) => match arrived.answered {
                Some(octets) if case.from_server >= octets => {
                    let whole = whole.reported[number].as_ref().map(summary);
                    assert_eq!(Some(shown), whole, "{context}");
                }
                _ => assert_eq!(fate, Some(Fate::Unknown), "{context}"),
            },
            // The fate of a message that left completely is unknown, even if no server has read it.
            (None, Some(whole)) if case.from_client >= whole.end => {
                assert!(fate.is_some(), "{context}");
            }
            (None, Some(_)) => assert_eq!(fate, Some(Fate::NotAccepted), "{context}"),
            (None, None) => assert!(fate.is_some(), "{context}"),
        }
        fate
    }

    /// The client sends again what was not accepted or was returned. No mail arrives twice.
    async fn once_more(&self, case: &Case, whole: &Case, context: &str) {
        let open = |number: &usize| match &case.reported[*number] {
            Some(Ok(_)) => false,
            Some(Err(error)) => error.fate() == Fate::NotAccepted,
            None => true,
        };
        let numbers: Vec<_> = (0..self.mails.len()).filter(open).collect();
        let (here, there) = duplex(1024 * 1024);
        let store = Store::default();
        let server = MiniServer::new(there, self.replies.clone(), &store);
        let (again, ()) = tokio::join!(self.send(here, &numbers), server.serve());
        let arrived = [&case.arrived[..], &store.all()].concat();
        for (number, expected) in whole.reported.iter().enumerate() {
            let copies = arrived.iter().filter(|arrived| arrived.taken);
            let copies = copies.filter(|arrived| is_mail(arrived, number)).count();
            let expected = expected.as_ref().unwrap();
            let once = usize::from(expected.is_ok());
            if numbers.contains(&number) {
                let again = again[number].as_ref().unwrap();
                assert_eq!(summary(again), summary(expected), "{context}: again");
                assert_eq!(copies, once, "{context}: mail {number}");
            } else {
                assert!(copies <= once, "{context}: mail {number}, {copies} times");
            }
        }
    }
}

/// Tests of one line: the extensions, the strategy, the recipients of the mails, and the least
/// number of mails with an unknown fate.
macro_rules! cut {
    ($($name:ident($replies:expr, $pipelining:ident, $chunking:ident, $to:expr): $unknown:literal)*) => {$(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            let batch = Batch {
                name: stringify!($name),
                replies: $replies,
                strategy: strategy(Pipelining::$pipelining, Chunking::$chunking),
                mails: mails($to),
            };
            let tally = batch.verify().await;
            assert!(tally.accepted > 0 && tally.not_accepted > 0, "{tally:?}");
            assert!(tally.unknown >= $unknown, "{tally:?}");
        }
    )*};
}

const A: &str = "a@example.org";
const NOBODY: &str = "nobody@example.org";

cut! {
    one_at_a_time(PLAIN, Auto, Auto, &[A, A]): 100
    grouped(GROUPED, Auto, Auto, &[A, A]): 100
    eager(GROUPED, Eager, Never, &[A, A]): 100
    eager_with_one_without_recipients(GROUPED, Eager, Never, &[A, NOBODY, A]): 100
    chunked(CHUNKED, Auto, Auto, &[A, A, A, A]): 1_000
    chunked_with_one_without_recipients(CHUNKED, Auto, Auto, &[A, A, NOBODY, A]): 1_000
    a_flight_of_one(CHUNKED, Auto, Always, &[A]): 100
    chunked_one_command_at_a_time(CHUNKED, Never, Always, &[A, A]): 100
}

/// Several mails of several chunks each. The last chunk of each decides about the mail.
#[tokio::test(start_paused = true)]
async fn a_long_message_among_short_ones() {
    let mut mails = mails(&[A, A, A]);
    let octets = Body::bytes(vec![b'x'; 600]);
    let long = ACCOUNT
        .letter_of_text(&[A], "Long.\n")
        .message_id("<1@client.example>")
        .attach(Attachment::new(octets, "x.bin"));
    mails[1] = built(long);
    let batch = Batch {
        name: "a long message among short ones",
        replies: CHUNKED,
        strategy: Strategy::default(),
        mails,
    };
    let tally = batch.verify().await;
    assert!(tally.unknown > 500, "{tally:?}");
}
