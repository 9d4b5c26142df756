//! Departures: the caller's last word before the end of a message leaves.

mod ways;

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::session::{Greeted, Mail};
use pilotfish::transport::Timeouts;
use pilotfish::{Error, ErrorKind, Fate, Problem};
use tokio::time::{Instant, timeout};

use crate::session::send_each::{
    GREETING_AND_EHLO_WITH_CHUNKING, MAIL, accepted, chunk, letters, send_each, strategy, together,
};
use crate::session::transfer::{BLOCK, letter_of};
use crate::support::client::{ACCOUNT, in_clear, name, play};
use crate::support::journal::{Answer, Journal};
use crate::support::lines::{
    GREETING_AND_EHLO, MAIL_RCPT_DATA, OK_OK_354, QUIT_AND_221, letter_lines,
};
use crate::support::peer::Stream;
use crate::support::wiretap::{Tap, Wiretap};

const OKS: &str = "S: 250 ok\nS: 250 ok\nS: 250 queued\n";
const FLUSHED_AND_OKS: &str = "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 250 queued\n";

const REFUSED: &str = "Closed at Transfer, NotAccepted, permanent: no reply";
const TOO_SLOW: &str = "Timeout at Transfer, NotAccepted, permanent: no reply";

/// A mail by BDAT that the server understands. More may follow in one flight.
fn first_by_bdat() -> String {
    format!("{GREETING_AND_EHLO_WITH_CHUNKING}{MAIL}{}{OKS}", chunk())
}

/// Sends these mails. Returns the outcomes, with the indices of the returned mails in brackets.
async fn outcomes(strategy: Strategy, mails: Vec<Mail>, transcript: &str) -> Vec<String> {
    let (outcomes, _) = play(transcript, async |stream| {
        let mut session = in_clear(stream).await.unwrap().with_strategy(strategy);
        let (mut outcomes, returned) = send_each(&mut session, stream::iter(mails)).await;
        let indices = returned.iter().map(|unsent| format!("[{}]", unsent.index));
        outcomes.extend(indices);
        assert_eq!(
            session.is_open(),
            transcript.contains("QUIT"),
            "{outcomes:?}"
        );
        session.quit().await;
        outcomes
    })
    .await;
    outcomes
}

/// How much had been written at each call.
#[derive(Debug, Clone, Default)]
struct WrittenAtCalls(Arc<std::sync::Mutex<(Tap, Vec<usize>)>>);

impl WrittenAtCalls {
    fn observe<S: Stream>(&self, stream: S) -> Wiretap<S> {
        let (stream, tap) = Wiretap::new(stream);
        self.0.lock().unwrap().0 = tap;
        stream
    }

    fn note(&self) {
        let (tap, calls) = &mut *self.0.lock().unwrap();
        calls.push(tap.writes().len());
    }

    fn calls(&self) -> Vec<usize> {
        self.0.lock().unwrap().1.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn mails_that_leave_together_depart_together_before_they_leave() {
    let eager = strategy(Pipelining::Eager, Chunking::Never);
    let grouped = strategy(Pipelining::Auto, Chunking::Never);
    let letter = letter_lines("a@example.org");
    let one = format!("{MAIL_RCPT_DATA}{OK_OK_354}{letter}S: 250 queued\n");
    let further = format!("{letter}{MAIL_RCPT_DATA}S: 250 queued\n{OK_OK_354}");
    let each_alone = vec![vec![0], vec![1], vec![2]];
    // With the number of writes before each call, EHLO included.
    for (strategy, transcript, calls, writes) in [
        (
            Strategy::default(),
            format!("{}{OKS}{}", together(5), FLUSHED_AND_OKS.repeat(4)),
            vec![vec![0], vec![1, 2, 3, 4, 5]],
            vec![1, 2],
        ),
        (
            grouped,
            format!("{GREETING_AND_EHLO}{}", one.repeat(3)),
            each_alone.clone(),
            vec![2, 4, 6],
        ),
        (
            eager,
            format!(
                "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{OK_OK_354}{}{letter}S: 250 queued\n",
                further.repeat(2)
            ),
            each_alone,
            vec![2, 3, 4],
        ),
    ] {
        let written = WrittenAtCalls::default();
        let noted = written.clone();
        let journal = Journal::new(move |_| {
            noted.note();
            // The clock shows that the session waits.
            Answer::After(Duration::from_secs(50))
        });
        let count = calls.concat().len();
        let begun = Instant::now();
        let (outcomes, _) = play(&format!("{transcript}{QUIT_AND_221}"), async |stream| {
            let stream = written.observe(stream);
            let mut session = in_clear(stream).await.unwrap().with_strategy(strategy);
            let mails = stream::iter(journal.mails(letters(count)));
            let (outcomes, _) = send_each(&mut session, mails).await;
            session.quit().await;
            outcomes
        })
        .await;
        assert_eq!(outcomes, accepted(count));
        assert_eq!(journal.calls(), calls);
        assert_eq!(written.calls(), writes);
        assert!(begun.elapsed() >= Duration::from_secs(50) * u32::try_from(calls.len()).unwrap());
    }
}

/// A departure that does not say yes, whatever it does instead, keeps the ends of its mails.
#[tokio::test(start_paused = true)]
async fn what_may_not_depart_does_not_leave() {
    for (answer, outcome) in [
        (Answer::No, REFUSED),
        (Answer::Panic, REFUSED),
        (Answer::Never, TOO_SLOW),
    ] {
        // By DATA the server waits for the message. The commands of another mail would leave with its
        // end.
        let journal = Journal::new(move |_| answer);
        let transcript = format!("{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{OK_OK_354}");
        let mails = journal.mails(letters(2)).collect();
        let eager = strategy(Pipelining::Eager, Chunking::Never);
        let reported = outcomes(eager, mails, &transcript).await;
        assert_eq!(reported, [format!("0 {outcome}"), "[1]".to_owned()]);
        assert_eq!(journal.calls(), [[0]]);
        // By BDAT, two of five may leave and do not, since they would leave with the others.
        let journal = Journal::new(move |_| answer);
        let other = Journal::new(|_| Answer::Yes);
        let mut letters = letters(6);
        let mut mails: Vec<_> = letters.by_ref().take(1).collect();
        for (number, letter) in (1..).zip(letters) {
            mails.push(match number {
                1 => letter,
                3 => other.mail(letter, number),
                _ => journal.mail(letter, number),
            });
        }
        let reported = outcomes(Strategy::default(), mails, &first_by_bdat()).await;
        let failed = [2, 4, 5].map(|number| format!("{number} {outcome}"));
        let left = ["[1]", "[3]"].map(str::to_owned);
        let expected = [accepted(1), failed.to_vec(), left.to_vec()].concat();
        assert_eq!(reported, expected);
        assert_eq!(journal.calls(), [[2, 4, 5]]);
        assert_eq!(other.calls(), [[0; 0]; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_error_says_that_the_mail_was_not_sent() {
    let limit = Duration::from_secs(7);
    let mut timeouts = Timeouts::all(Duration::from_hours(1));
    timeouts.block = limit;
    for (answer, kind, text) in [
        (
            Answer::No,
            ErrorKind::Closed,
            "the departure of the mail was refused (`Departure::depart`): the end of the message was \
             not sent",
        ),
        (
            Answer::Panic,
            ErrorKind::Closed,
            "the departure of the mail panicked (`Departure::depart`), and the end of the message was not sent: see the \
             message of the panic",
        ),
        (
            Answer::Never,
            ErrorKind::Timeout,
            "the departure of the mail took over 7s (`Departure::depart`): the end of the message was not sent",
        ),
    ] {
        let journal = Journal::new(move |_| answer);
        // The blocks before the last one leave.
        let size = 2 * BLOCK + 1000;
        let transcript = format!("{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{OK_OK_354}-- swallow all --");
        let begun = Instant::now();
        let (error, played) = play(&transcript, async |stream| -> Error {
            let greeted = Greeted::greet(stream, name(), timeouts.clone()).await;
            let mut session = greeted.unwrap().in_cleartext();
            let mail = journal.mail(Mail::from(letter_of(size)), 1);
            let error = session.send(mail).await.unwrap_err();
            assert!(!session.is_open());
            session.quit().await;
            error
        })
        .await;
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
        assert_eq!(error.fate(), Fate::NotAccepted);
        assert_eq!(error.problem(), Some(Problem::NotDeparted));
        let expected = if answer == Answer::Never { 7 } else { 0 };
        assert_eq!(begun.elapsed().as_secs(), expected);
        let body = played.heard.windows(4).position(|end| end == b"\r\n\r\n");
        let body = &played.heard[body.unwrap()..];
        assert!(
            body.len() > BLOCK && body.len() < 2 * BLOCK,
            "{}",
            body.len()
        );
        assert!(!played.heard.ends_with(b".\r\n"));
    }
}

/// The replies to mails that left earlier are received, whether they come while the departure waits
/// or later.
#[tokio::test(start_paused = true)]
async fn replies_to_earlier_mails_are_not_lost() {
    let early = format!("{OKS}{}", FLUSHED_AND_OKS.repeat(3));
    let late = FLUSHED_AND_OKS.repeat(4);
    let before = || format!("{}{early}", together(8));
    let stages = [
        (5, "Reset"),
        (6, "EndOfData"),
        (7, "EndOfData"),
        (8, "EndOfData"),
    ];
    let unknown = stages
        .map(|(index, stage)| format!("{index} Closed at {stage}, Unknown, permanent: no reply"));
    let unknown = unknown.to_vec();
    let refused = |from: u64| (from..=12).map(|number| format!("{number} {REFUSED}"));
    for (rest, answer, expected) in [
        // The other four replies come when the client waits for them.
        (
            format!("-- swallow --\n{late}"),
            Answer::No,
            [accepted(9), refused(9).collect()].concat(),
        ),
        // They come while the departure waits, and the end of the session with them.
        (
            format!("-- swallow --\n{late}S: 421 bye\n-- close --"),
            Answer::After(Duration::from_mins(1)),
            [
                accepted(9),
                (9..=12).map(|index| format!("[{index}]")).collect(),
            ]
            .concat(),
        ),
        // The session ends without them.
        (
            "-- swallow --\n-- cut --".to_owned(),
            Answer::No,
            [accepted(5), unknown, refused(9).collect()].concat(),
        ),
    ] {
        let journal = Journal::new(move |mails| match mails {
            [9, ..] => answer,
            _ => Answer::Yes,
        });
        let mails = journal.mails(letters(13)).collect();
        let transcript = format!("{}{rest}", before());
        let reported = outcomes(Strategy::default(), mails, &transcript).await;
        assert_eq!(reported, expected);
        assert_eq!(journal.calls().last().unwrap(), &[9, 10, 11, 12]);
    }
}

/// The departures of a flight are asked one after the other, each once.
#[tokio::test(start_paused = true)]
async fn each_departure_of_a_flight_is_asked_once() {
    let [odd, even] = [(); 2].map(|()| Journal::new(|_| Answer::After(Duration::from_mins(1))));
    let journals = [&even, &odd].into_iter().cycle();
    let mails = journals.zip((0..).zip(letters(6)));
    let mails = mails.map(|(journal, (number, mail))| journal.mail(mail, number));
    let transcript = format!(
        "{}{OKS}{}{QUIT_AND_221}",
        together(5),
        FLUSHED_AND_OKS.repeat(4)
    );
    let begun = Instant::now();
    let reported = outcomes(Strategy::default(), mails.collect(), &transcript).await;
    assert_eq!(reported, accepted(6));
    assert_eq!(odd.calls(), [[1, 3, 5]]);
    assert_eq!(even.calls(), [vec![0], vec![2, 4]]);
    assert!(begun.elapsed() >= Duration::from_mins(3));
}

/// Nothing of the end has left if the future is dropped while the departure waits.
#[tokio::test(start_paused = true)]
async fn a_future_that_is_dropped_meanwhile_sends_nothing() {
    let journal = Journal::new(|_| Answer::AtGate);
    let transcript = format!("{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{OK_OK_354}");
    let (is_open, _) = play(&transcript, async |stream| {
        let mut session = in_clear(stream).await.unwrap();
        let letter = Mail::from(ACCOUNT.letter(&["a@example.org"]));
        let sending = session.send(journal.mail(letter, 1));
        timeout(Duration::from_mins(1), sending).await.unwrap_err();
        journal.open();
        let is_open = session.is_open();
        session.quit().await;
        is_open
    })
    .await;
    assert!(!is_open);
    assert_eq!(journal.calls(), [[1]]);
}
