//! Departures in each way in which a mail goes out, and each time that it does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::stream;
use pilotfish::Mail;
use pilotfish::address::ForwardPath;
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::testing::{Fault, Point};
use tokio::net::TcpStream;

use super::{OKS, REFUSED, first_by_bdat, outcomes};
use crate::session::lmtp::in_lmtp;
use crate::session::send_each::{
    GREETING_AND_EHLO_WITH_CHUNKING, MAIL, accepted, chunk, letters, send_each, strategy,
};
use crate::session::transfer::{BLOCK, letter_of};
use crate::support::client::{ACCOUNT, in_clear, play, summary};
use crate::support::journal::{Answer, Journal};
use crate::support::lines::{GREETING_AND_EHLO, OK_OK_354, QUIT_AND_221, letter_lines};
use crate::support::open_server::open_server;

/// The flight is so long that it leaves between the chunks of a mail.
#[tokio::test(start_paused = true)]
async fn a_flight_that_leaves_within_a_message() {
    let journal = Journal::new(|mails| match mails {
        [2] => Answer::No,
        _ => Answer::Yes,
    });
    let long = Mail::from(letter_of(2 * BLOCK + 1000));
    let mails = letters(2).chain([long]);
    let block = format!("C: BDAT {BLOCK}\n-- take {BLOCK} --\n");
    let transcript = format!(
        "{}{MAIL}{}C: RSET\n{MAIL}{block}{block}{OKS}",
        first_by_bdat(),
        chunk()
    );
    let reported = outcomes(
        Strategy::default(),
        journal.mails(mails).collect(),
        &transcript,
    )
    .await;
    let expected = [accepted(2), vec![format!("2 {REFUSED}")]].concat();
    assert_eq!(reported, expected);
    assert_eq!(journal.calls(), [[0], [1], [2]]);
}

/// Each portion of a mail departs on its own, and one that may not is the last.
#[tokio::test(start_paused = true)]
async fn each_portion_departs() {
    let to = ["a@example.org", "b@example.org", "c@example.net"];
    let letter = letter_lines(&to.join(", "));
    let portion = |recipient: &str| {
        format!(
            "C: MAIL FROM:<tim@client.example>
             C: RCPT TO:<{recipient}>
             C: DATA
             {OK_OK_354}"
        )
    };
    let greeting = GREETING_AND_EHLO.replace("250 P", "250-P");
    let transcript = format!(
        "{greeting}S: 250 LIMITS RCPTMAX=1\n{}{letter}S: 250 queued\n{}",
        portion(to[0]),
        portion(to[1])
    );
    for by_stream in [false, true] {
        let asked = AtomicUsize::new(0);
        let journal = Journal::new(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
            0 => Answer::Yes,
            _ => Answer::No,
        });
        let mail = journal.mail(Mail::from(ACCOUNT.letter(&to)), 7);
        let (result, _) = play(&transcript, async |stream| {
            let mut session = in_clear(stream).await.unwrap();
            let mut result = None;
            if by_stream {
                let mails = stream::iter([mail]);
                session.send_each(mails, |_, it| result = Some(it)).await;
            } else {
                result = Some(session.send(mail).await);
            }
            session.quit().await;
            result.unwrap()
        })
        .await;
        assert_eq!(summary(&result), REFUSED, "{by_stream}");
        let error = result.unwrap_err();
        let paths = |paths: &[ForwardPath]| {
            let paths = paths.iter().map(ToString::to_string);
            paths.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(paths(error.accepted()), "<a@example.org>");
        assert_eq!(paths(error.untried()), "<c@example.net>");
        assert_eq!(journal.calls(), [[7], [7]]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_mail_by_lmtp_departs_once() {
    let to = ["a@example.org", "b@example.org"];
    let begin = "
        S: 220 server.example LMTP
        C: LHLO client.example
        S: 250-server.example
        S: 250 PIPELINING
        C: MAIL FROM:<tim@client.example>
        C: RCPT TO:<a@example.org>
        C: RCPT TO:<b@example.org>
        C: DATA
        S: 250 ok
        S: 250 ok
        S: 250 ok
        S: 354 go
    ";
    let letter = letter_lines(&to.join(", "));
    let end = format!("{letter}S: 250 a has it\nS: 250 b has it\n{QUIT_AND_221}");
    let both = "<a@example.org> <b@example.org>: 250 a has it";
    for (answer, end, outcome) in [(Answer::Yes, end.as_str(), both), (Answer::No, "", REFUSED)] {
        let journal = Journal::new(move |_| answer);
        let mail = journal.mail(Mail::from(ACCOUNT.letter(&to)), 7);
        let (reported, _) = play(&format!("{begin}{end}"), async |stream| {
            let mut session = in_lmtp(stream).await.unwrap();
            let result = session.send(mail).await;
            session.quit().await;
            summary(&result)
        })
        .await;
        assert_eq!(reported, outcome);
        assert_eq!(journal.calls(), [[7]]);
    }
}

/// The server refuses commands that leave together, and the session sends them one at a time.
#[tokio::test(start_paused = true)]
async fn a_mail_that_is_sent_again_departs_again() {
    let transcript = format!(
        "{GREETING_AND_EHLO_WITH_CHUNKING}{MAIL}{}
        S: 503 5.5.1 out of order
        S: 503 5.5.1 out of order
        S: 503 5.5.1 out of order
        C: RSET
        S: 250 ok
        C: MAIL FROM:<tim@client.example>
        S: 250 ok
        C: RCPT TO:<a@example.org>
        S: 250 ok
        {}
        S: 250 queued
        {QUIT_AND_221}",
        chunk(),
        chunk()
    );
    let journal = Journal::new(|_| Answer::Yes);
    let mails = journal.mails(letters(1)).collect();
    let always = strategy(Pipelining::Auto, Chunking::Always);
    let reported = outcomes(always, mails, &transcript).await;
    assert_eq!(reported, accepted(1));
    assert_eq!(journal.calls(), [[0], [0]]);
}

/// The server has none of the mails when their departure is asked, and all of them later.
#[tokio::test]
async fn the_server_has_nothing_when_mails_depart() {
    let server = Arc::new(open_server().start().await.unwrap());
    let stream = TcpStream::connect(server.addr()).await.unwrap();
    let there = Arc::clone(&server);
    let arrived = Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = Arc::clone(&arrived);
    let journal = Journal::new(move |_| {
        noted.lock().unwrap().push(there.received().len());
        Answer::After(Duration::from_millis(20))
    });
    let mut session = in_clear(stream).await.unwrap();
    let mails = stream::iter(journal.mails(letters(6)));
    let (outcomes, _) = send_each(&mut session, mails).await;
    session.quit().await;
    assert_eq!(outcomes.len(), 6);
    assert_eq!(journal.calls(), [vec![0], vec![1, 2, 3, 4, 5]]);
    assert_eq!(*arrived.lock().unwrap(), [0, 1]);
    assert_eq!(server.received().len(), 6);
}

/// A rejection of the mail is no refusal of the departure.
#[tokio::test]
async fn a_mail_that_the_server_rejects_has_departed() {
    let spam = Fault::ReplyAt(Point::EndOfData, "554 5.7.1 spam".to_owned());
    let server = open_server().fault(spam).start().await.unwrap();
    let stream = TcpStream::connect(server.addr()).await.unwrap();
    let journal = Journal::new(|_| Answer::Yes);
    let mut session = in_clear(stream).await.unwrap();
    let mails = stream::iter(journal.mails(letters(1)));
    let (outcomes, _) = send_each(&mut session, mails).await;
    session.quit().await;
    let rejected = "0 Rejected at EndOfData, NotAccepted, permanent: 554 5.7.1 spam";
    assert_eq!(outcomes, [rejected]);
    assert_eq!(journal.calls(), [[0]]);
    server.shutdown().await.unwrap();
}
