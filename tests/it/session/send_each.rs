//! Several mails over one session, in close succession: `Session::send_each`.

mod servers;

use std::time::Duration;

use futures_util::{Stream, StreamExt as _, stream};
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::session::{Mail, Session, UnsentMail};
use pilotfish::transport::Timeouts;
use tokio::time::sleep;

use crate::session::transfer::BLOCK;
use crate::support::client::{ACCOUNT, in_clear, play, play_through, summary};
use crate::support::lines::{
    GREETING_AND_EHLO, MAIL_RCPT_DATA, OK_OK_354, QUIT_AND_221, letter_lines,
};

pub(crate) const GREETING_AND_EHLO_WITH_CHUNKING: &str = "
    S: 220 server.example ESMTP
    C: EHLO client.example
    S: 250-server.example
    S: 250-PIPELINING
    S: 250 CHUNKING
";

pub(crate) fn strategy(pipelining: Pipelining, chunking: Chunking) -> Strategy {
    let mut strategy = Strategy::default();
    strategy.pipelining = pipelining;
    strategy.chunking = chunking;
    strategy
}

fn eager() -> Strategy {
    strategy(Pipelining::Eager, Chunking::Never)
}

pub(crate) fn letters(count: usize) -> impl Iterator<Item = Mail> {
    (0..count).map(|_| Mail::from(ACCOUNT.letter(&["a@example.org"])))
}

/// The outcome of each mail, in the order of the reports, and the returned mails.
pub(crate) async fn send_each<S: crate::support::peer::Stream>(
    session: &mut Session<S>,
    mails: impl Stream<Item = Mail>,
) -> (Vec<String>, Vec<UnsentMail>) {
    let mut outcomes = Vec::new();
    let returned = session
        .send_each(mails, |index, result| {
            outcomes.push(format!("{index} {}", summary(&result)));
        })
        .await;
    (outcomes, returned)
}

/// Sends this many mails by this strategy. Returns the outcomes, with the indices of the returned
/// mails in brackets, the strategy that remains, and the number of round trips.
pub(crate) async fn send_batch(
    strategy: Strategy,
    count: usize,
    transcript: &str,
) -> (Vec<String>, Strategy, usize) {
    let ((outcomes, left), played) = play(transcript, async |stream| {
        let mut session = in_clear(stream).await.unwrap().with_strategy(strategy);
        let (mut outcomes, returned) = send_each(&mut session, stream::iter(letters(count))).await;
        outcomes.extend(
            returned
                .iter()
                .map(|returned| format!("[{}]", returned.index)),
        );
        let left = session.strategy();
        session.quit().await;
        (outcomes, left)
    })
    .await;
    (outcomes, left, played.round_trips)
}

pub(crate) fn accepted(count: usize) -> Vec<String> {
    let queued = |index| format!("{index} <a@example.org>: 250 queued");
    (0..count).map(queued).collect()
}

/// The only chunk of a mail, which has no end of data after it.
pub(crate) fn chunk() -> String {
    chunk_of(&letter_lines("a@example.org"))
}

fn chunk_of(letter: &str) -> String {
    let letter = letter.replace("    C: .\n", "");
    let octets: usize = letter
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("C:"))
        .map(|line| line.trim_start().len() + 2)
        .sum();
    format!("C: BDAT {octets} LAST\n{letter}")
}

pub(crate) const MAIL: &str = "
    C: MAIL FROM:<tim@client.example>
    C: RCPT TO:<a@example.org>
";

/// A mail by BDAT that the server understands, and this many after it in one flight.
pub(crate) fn together(count: usize) -> String {
    let chunk = chunk();
    let later = format!("C: RSET\n{MAIL}{chunk}").repeat(count - 1);
    format!(
        "{GREETING_AND_EHLO_WITH_CHUNKING}{MAIL}{chunk}
        S: 250 ok
        S: 250 ok
        S: 250 queued
        {MAIL}{chunk}{later}"
    )
}

#[tokio::test(start_paused = true)]
async fn grouped_takes_two_round_trips_each() {
    let letter = letter_lines("a@example.org");
    let mail = format!("{MAIL_RCPT_DATA}{OK_OK_354}{letter}S: 250 queued\n");
    let transcript = format!("{GREETING_AND_EHLO}{}{QUIT_AND_221}", mail.repeat(3));
    let (reported, _, round_trips) = send_batch(Strategy::default(), 3, &transcript).await;
    assert_eq!(reported, accepted(3));
    // The greeting, EHLO and QUIT.
    assert_eq!(round_trips, 3 + 3 * 2);
}

#[tokio::test(start_paused = true)]
async fn eager_takes_one_more_for_each_further_mail() {
    let letter = letter_lines("a@example.org");
    let further = format!("{letter}{MAIL_RCPT_DATA}S: 250 queued\n{OK_OK_354}");
    let transcript = format!(
        "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{OK_OK_354}{}{letter}S: 250 queued\n{QUIT_AND_221}",
        further.repeat(3)
    );
    let (reported, left, round_trips) = send_batch(eager(), 4, &transcript).await;
    assert_eq!((reported, left), (accepted(4), eager()));
    assert_eq!(round_trips, 3 + 2 + 3);
}

/// A mail that comes while a reply is due leaves before the reply has arrived.
#[tokio::test(start_paused = true)]
async fn a_late_mail_does_not_wait_for_the_reply_to_another() {
    let letter = letter_lines("a@example.org");
    let transcript = format!(
        "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{OK_OK_354}{letter}{MAIL_RCPT_DATA}S: 250 queued\n{OK_OK_354}{letter}S: 250 queued\n{QUIT_AND_221}"
    );
    let (reported, _) = play(&transcript, async |stream| {
        let mut session = in_clear(stream).await.unwrap().with_strategy(eager());
        let mails = stream::iter(letters(2)).then(|mail| async {
            sleep(Duration::from_secs(1)).await;
            mail
        });
        let (outcomes, _) = send_each(&mut session, mails).await;
        session.quit().await;
        outcomes
    })
    .await;
    assert_eq!(reported, accepted(2));
}

#[tokio::test(start_paused = true)]
async fn chunked_mails_leave_together_once_the_first_is_understood() {
    let replies = "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 250 queued\n".repeat(7);
    let transcript = format!(
        "{}
        S: 250 ok
        S: 250 ok
        S: 250 queued
        {replies}{QUIT_AND_221}",
        together(8)
    );
    let (reported, _, round_trips) = send_batch(Strategy::default(), 9, &transcript).await;
    assert_eq!(reported, accepted(9));
    assert_eq!(round_trips, 3 + 1 + 1);
}

/// A message of up to a mebibyte waits until it is known whether another mail follows.
#[tokio::test(start_paused = true)]
async fn a_longer_message_is_grouped_too() {
    let text = "Here it comes.\n".repeat(300);
    let line = "    C: Here it comes.\n";
    let letter = letter_lines("a@example.org").replace(line, &line.repeat(300));
    let transcript = format!(
        "{GREETING_AND_EHLO_WITH_CHUNKING}{MAIL}{}
        S: 250 ok
        S: 250 ok
        S: 250 queued
        {MAIL_RCPT_DATA}{OK_OK_354}{letter}
        S: 250 queued
        {QUIT_AND_221}",
        chunk_of(&letter)
    );
    let (reported, _) = play(&transcript, async |stream| {
        let mut session = in_clear(stream).await.unwrap();
        let mails = (0..2).map(|_| Mail::from(ACCOUNT.letter_with(&["a@example.org"], &text)));
        let (outcomes, _) = send_each(&mut session, stream::iter(mails)).await;
        session.quit().await;
        outcomes
    })
    .await;
    assert_eq!(reported, accepted(2));
}

/// The reply to a mail arrives between two chunks of the next one. It is reported at once, and the
/// chunk that was read by then is sent.
#[tokio::test(start_paused = true)]
async fn a_reply_between_the_chunks_of_another_mail() {
    let text = "Here it comes.\n".repeat(4 * BLOCK / "Here it comes.\r\n".len());
    let long = || Mail::from(ACCOUNT.letter_with(&["a@example.org"], &text));
    let rest = long().message.exact_size() - 4 * BLOCK as u64;
    let block = format!("C: BDAT {BLOCK}\n-- take {BLOCK} --\n");
    let (chunk, ok) = (chunk(), "S: 250 ok\n");
    let queued = format!("{ok}{ok}S: 250 queued\n");
    let transcript = format!(
        "{GREETING_AND_EHLO_WITH_CHUNKING}{MAIL}{chunk}{queued}
        -- ahead --
        {MAIL}{chunk}
        C: RSET
        {MAIL}{block}
        {queued}
        {}
        C: BDAT {rest} LAST
        -- take {rest} --
        {ok}{}{queued}{QUIT_AND_221}",
        block.repeat(3),
        ok.repeat(4)
    );
    // The client has written the first chunk when the server has read it.
    let reported = play_through(16 * 1024, &transcript, async |stream| {
        let mut session = in_clear(stream).await.unwrap();
        let mails = letters(2).chain([long()]);
        let (outcomes, _) = send_each(&mut session, stream::iter(mails)).await;
        session.quit().await;
        outcomes
    })
    .await;
    assert_eq!(reported, accepted(3));
}

/// A break leaves at most as many mails unknown as may be in flight.
#[tokio::test(start_paused = true)]
async fn as_many_messages_in_flight_as_allowed() {
    let (chunk, first) = (chunk(), "S: 250 ok\nS: 250 ok\nS: 250 queued\n");
    for most in [1, 2, 3_u32] {
        let mut strategy = Strategy::default();
        strategy.messages_in_flight = most;
        let further = format!("C: RSET\n{MAIL}{chunk}").repeat(most as usize - 1);
        let further = format!("{MAIL}{chunk}{further}");
        let transcript =
            format!("{GREETING_AND_EHLO_WITH_CHUNKING}{MAIL}{chunk}{first}{further}-- cut --");
        let (reported, _, _) = send_batch(strategy, 6, &transcript).await;
        let count = reported
            .iter()
            .filter(|reported| reported.contains("Unknown"))
            .count();
        assert_eq!(count, most as usize, "{reported:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rejection_belongs_to_its_mail() {
    let transcript = format!(
        "{}
        S: 250 ok
        S: 550 5.1.1 no a
        S: 554 5.5.1 no valid recipients
        S: 250 flushed
        S: 250 ok
        S: 250 ok
        S: 250 queued
        S: 250 flushed
        S: 452 4.3.1 full
        S: 503 no
        S: 503 no
        {QUIT_AND_221}",
        together(3)
    );
    let (reported, left, _) = send_batch(Strategy::default(), 4, &transcript).await;
    let expected = [
        "0 <a@example.org>: 250 queued",
        "1 Rejected at Rcpt, NotAccepted, permanent: no reply",
        "2 <a@example.org>: 250 queued",
        "3 Rejected at Mail, NotAccepted, transient: 452 4.3.1 full",
    ];
    assert_eq!(reported, expected);
    assert_eq!(left, Strategy::default());
}

/// RFC 2920 section 3.1 allows it, but some servers reject it: the client sends the mail again on
/// its own, and sends no other mail in this way.
#[tokio::test(start_paused = true)]
async fn a_server_that_rejects_commands_after_a_message() {
    let letter = letter_lines("a@example.org");
    let transcript = format!(
        "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{OK_OK_354}{letter}{MAIL_RCPT_DATA}
        S: 250 queued
        S: 503 5.5.1 out of order
        S: 503 5.5.1 out of order
        S: 503 5.5.1 out of order
        C: RSET
        {MAIL_RCPT_DATA}
        S: 250 flushed
        {OK_OK_354}{letter}
        S: 250 queued
        {MAIL_RCPT_DATA}{OK_OK_354}{letter}
        S: 250 queued
        {QUIT_AND_221}"
    );
    let (mut reported, left, _) = send_batch(eager(), 3, &transcript).await;
    reported.sort();
    assert_eq!(reported, accepted(3));
    assert_eq!(left, strategy(Pipelining::Auto, Chunking::Never));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_loses_commands_after_a_message() {
    let letter = letter_lines("a@example.org");
    let transcript = format!(
        "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{OK_OK_354}{letter}{MAIL_RCPT_DATA}S: 250 queued\n-- silence --"
    );
    let begun = tokio::time::Instant::now();
    let (reported, left, _) = send_batch(eager(), 4, &transcript).await;
    // The session returned it together with the mail that the client had already taken from the
    // stream. Both go over another connection.
    assert_eq!(reported, ["0 <a@example.org>: 250 queued", "[1]", "[2]"]);
    assert_eq!(left, strategy(Pipelining::Auto, Chunking::Never));
    assert_eq!(
        begun.elapsed().as_secs(),
        Timeouts::default().pipelined.as_secs()
    );
}

#[tokio::test(start_paused = true)]
async fn mails_after_a_421_were_not_accepted() {
    let begin = together(3);
    for (reply, expected) in [
        (
            "S: 421 4.3.2 shutting down\n-- close --",
            [
                "0 <a@example.org>: 250 queued",
                "1 Closed at EndOfData, NotAccepted, transient: 421 4.3.2 shutting down",
                "[2]",
                "[3]",
            ],
        ),
        (
            "-- cut --",
            [
                "0 <a@example.org>: 250 queued",
                "1 Closed at EndOfData, Unknown, permanent: no reply",
                "2 Closed at EndOfData, Unknown, permanent: no reply",
                "3 Closed at EndOfData, Unknown, permanent: no reply",
            ],
        ),
    ] {
        let transcript = format!("{begin}S: 250 ok\nS: 250 ok\n{reply}");
        let (reported, _, _) = send_batch(Strategy::default(), 4, &transcript).await;
        assert_eq!(reported, expected);
    }
}

/// A reply that arrives before a flight is written answers nothing in it.
#[tokio::test(start_paused = true)]
async fn a_reply_before_a_flight_confirms_none_of_it() {
    let begin = format!(
        "{GREETING_AND_EHLO_WITH_CHUNKING}{MAIL}{}S: 250 ok\nS: 250 ok\n",
        chunk()
    );
    for surplus in [1, 2, 12] {
        let replies = "S: 250 queued\n".repeat(1 + surplus);
        let transcript = format!("{begin}{replies}-- swallow all --");
        let (reported, _, _) = send_batch(Strategy::default(), 4, &transcript).await;
        let expected = ["0 <a@example.org>: 250 queued", "[1]", "[2]"];
        assert_eq!(reported, expected, "{surplus}");
    }
    // Here the server asks for a message, and may read any octets as one.
    let early =
        format!("{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{OK_OK_354}S: 250 queued\n-- swallow all --");
    let (reported, _, _) = send_batch(eager(), 2, &early).await;
    let expected = [
        "0 Protocol at Transfer, Unknown, permanent: 250 queued",
        "[1]",
    ];
    assert_eq!(reported, expected);
}

/// The first message by BDAT goes on its own: a server that does not support BDAT reads the message
/// as commands.
#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_know_bdat() {
    let transcript = format!(
        "{GREETING_AND_EHLO_WITH_CHUNKING}{MAIL}{}
        S: 250 ok
        S: 250 ok
        S: 502 5.5.1 what
        S: 500 what
        -- swallow all --",
        chunk()
    );
    let (reported, left, _) = send_batch(Strategy::default(), 3, &transcript).await;
    assert_eq!(reported, ["[0]", "[1]"]);
    assert_eq!(left, strategy(Pipelining::Auto, Chunking::Never));
}
