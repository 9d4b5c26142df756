//! Faults between mails of one session, and among their chunks.

use std::cell::RefCell;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use pilotfish::address::envelope::{Options, Partial};
use pilotfish::message::{Attachment, Body, BodyType};
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::session::Mail;
use pilotfish::{Client, Message, Security, ServerConfig, testing};
use tokio::time::timeout;

use crate::session::send_each::{send_batch, strategy, together};
use crate::session::transfer::BLOCK;
use crate::support::built::built;
use crate::support::client::{ACCOUNT, in_clear, play, send, summary, with_options};
use crate::support::lines::{
    GREETING_AND_EHLO, GREETING_TO_BINARY_RCPT, MAIL_RCPT_DATA, OK_OK_354, QUIT_AND_221,
    letter_lines,
};
use crate::support::open_server::open_server;

fn binary(body: Body) -> Message {
    let builder = Message::builder()
        .from("tim@client.example")
        .to("a@example.org")
        .max_body_type(BodyType::Binary)
        .attach(Attachment::new(body, "shark.png"));
    built(builder)
}

/// The reply to a chunk and the end of the session arrive together.
#[tokio::test(start_paused = true)]
async fn an_end_together_with_the_reply_to_a_chunk() {
    for end in ["S: 421 4.3.2 bye\n-- close --", "-- cut --"] {
        let transcript = format!(
            "{GREETING_TO_BINARY_RCPT}C: BDAT {BLOCK}\n-- take {BLOCK} --\nS: 250 ok\n{end}"
        );
        let (result, _) = play(&transcript, async |stream| {
            let text = format!("{} \n", "x".repeat(3 * BLOCK));
            let letter = ACCOUNT.letter_of_text(&["a@example.org"], &text);
            send(
                in_clear(stream).await?,
                built(letter.max_body_type(BodyType::Binary)),
            )
            .await
        })
        .await;
        let reported = summary(&result);
        assert!(
            reported.starts_with("Closed at Transfer, NotAccepted"),
            "{reported}"
        );
    }
}

/// The server ends the session while the source of the message yields nothing.
#[tokio::test(start_paused = true)]
async fn an_end_while_the_source_is_slow() {
    let (waiting, _other_end) = tokio::io::duplex(1);
    let message = binary(Body::reader(waiting, 100));
    let transcript = format!("{GREETING_TO_BINARY_RCPT}S: 421 4.3.2 bye\n-- close --");
    let (outcome, _) = play(&transcript, async |stream| {
        let mut session = in_clear(stream).await.unwrap();
        let result = session.send(message).await;
        (summary(&result), session.is_open())
    })
    .await;
    let expected = "Closed at Transfer, NotAccepted, transient: 421 4.3.2 bye";
    assert_eq!(outcome, (expected.to_owned(), false));
}

/// A message that leaves with its commands would be delivered to the accepted recipients.
#[tokio::test(start_paused = true)]
async fn all_or_nothing_waits_for_the_replies_by_bdat_too() {
    let transcript = format!(
        "S: 220 server.example ESMTP
        C: EHLO client.example
        S: 250-server.example
        S: 250-PIPELINING
        S: 250 CHUNKING
        C: MAIL FROM:<tim@client.example>
        C: RCPT TO:<a@example.org>
        C: RCPT TO:<b@example.org>
        S: 250 ok
        S: 250 ok
        S: 550 no
        {QUIT_AND_221}"
    );
    let (result, _) = play(&transcript, async |stream| {
        let always = strategy(Pipelining::Auto, Chunking::Always);
        let session = in_clear(stream).await?.with_strategy(always);
        let message = ACCOUNT.letter(&["a@example.org", "b@example.org"]);
        let mut options = Options::default();
        options.partial = Partial::AllOrNothing;
        send(session, with_options(message, options)).await
    })
    .await;
    let expected = "Rejected at Rcpt, NotAccepted, permanent: no reply";
    assert_eq!(summary(&result), expected);
}

fn letter() -> Mail {
    Mail::from(ACCOUNT.letter(&["a@example.org"]))
}

/// A caller that waits for the outcome of a mail before it gives the next one does not wait without
/// end.
#[tokio::test(start_paused = true)]
async fn a_rejection_is_reported_before_the_next_mail_comes() {
    let transcript = format!(
        "{GREETING_AND_EHLO}
        C: MAIL FROM:<tim@client.example>
        C: RCPT TO:<a@example.org>
        C: DATA
        S: 550 no
        S: 503 no
        S: 503 no
        -- silence --"
    );
    let (outcomes, _) = play(&transcript, async |stream| {
        let mut session = in_clear(stream).await.unwrap();
        let outcomes = RefCell::new(Vec::new());
        let mails = stream::iter([letter()]).chain(stream::pending());
        let sending = session.send_each(mails, |_, result| {
            outcomes.borrow_mut().push(summary(&result));
        });
        timeout(Duration::from_secs(1), sending).await.unwrap_err();
        outcomes.into_inner()
    })
    .await;
    assert_eq!(
        outcomes,
        ["Rejected at Mail, NotAccepted, permanent: 550 no"]
    );
}

/// The client takes no mail for a session that the server has ended in the meantime.
#[tokio::test(start_paused = true)]
async fn an_end_between_two_mails_costs_none() {
    for end in [
        "S: 421 4.4.2 idle\n-- close --",
        "-- close --",
        "S: 250 what\n-- silence --",
    ] {
        let transcript = format!("{GREETING_AND_EHLO}{end}");
        let (outcome, _) = play(&transcript, async |stream| {
            let mut session = in_clear(stream).await.unwrap();
            let late = stream::once(async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                letter()
            });
            let mut late = Box::pin(late);
            let returned = session
                .send_each(&mut late, |_, result| panic!("{}", summary(&result)))
                .await;
            (
                returned.len(),
                session.is_open(),
                late.next().await.is_some(),
            )
        })
        .await;
        assert_eq!(outcome, (0, false, true), "{end}");
    }
}

/// A mail in portions that is sent again goes to all of its recipients.
#[tokio::test]
async fn sent_again_to_all_portions() {
    let server = open_server()
        .quirk(testing::Quirk::NoBdat)
        .offer(testing::Offer::Recipients(2))
        .start()
        .await
        .unwrap();
    let client = Client::new(
        ServerConfig::builder("127.0.0.1")
            .port(server.addr().port())
            .security(Security::Cleartext)
            .strategy(strategy(Pipelining::Auto, Chunking::Always))
            .build()
            .unwrap(),
    );
    let to = ["a@example.org", "b@example.org", "c@example.net"];
    let receipt = client.send(ACCOUNT.letter(&to)).await.unwrap();
    assert_eq!((receipt.accepted.len(), receipt.rejected.len()), (3, 0));
    client.close().await;
    server.shutdown().await.unwrap();
}

/// The server rejects the sender as out of order, and accepts the message: the client does not send
/// the mail again.
#[tokio::test(start_paused = true)]
async fn a_server_that_contradicts_itself_gets_the_mail_once() {
    let transcript = format!(
        "{}
        S: 503 5.5.1 out of order
        S: 250 ok
        S: 250 queued
        {QUIT_AND_221}",
        together(1)
    );
    let always = strategy(Pipelining::Auto, Chunking::Always);
    let (reported, _, _) = send_batch(always, 2, &transcript).await;
    let expected = [
        "0 <a@example.org>: 250 queued",
        "1 Rejected at Mail, Unknown, permanent: 503 5.5.1 out of order",
    ];
    assert_eq!(reported, expected);
}

/// A single mail is also sent again, over the same session.
#[tokio::test(start_paused = true)]
async fn a_group_that_is_out_of_order_is_sent_one_command_at_a_time() {
    let letter = letter_lines("a@example.org");
    let transcript = format!(
        "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}
        S: 503 5.5.1 out of order
        S: 503 5.5.1 out of order
        S: 503 5.5.1 out of order
        C: RSET
        S: 250 flushed
        C: MAIL FROM:<tim@client.example>
        S: 250 ok
        C: RCPT TO:<a@example.org>
        S: 250 ok
        C: DATA
        S: 354 go
        {letter}
        S: 250 queued
        {QUIT_AND_221}"
    );
    let (reported, _) = play(&transcript, async |stream| {
        let letter = ACCOUNT.letter(&["a@example.org"]);
        summary(&send(in_clear(stream).await.unwrap(), letter).await)
    })
    .await;
    assert_eq!(reported, "<a@example.org>: 250 queued");
}

/// Another session may send the other mails of a stream sooner.
#[tokio::test(start_paused = true)]
async fn the_client_takes_only_mails_that_can_leave_soon() {
    let letter = letter_lines("a@example.org");
    let first = format!("{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{OK_OK_354}{letter}");
    for (strategy, transcript, expected) in [
        (
            strategy(Pipelining::Auto, Chunking::Never),
            first.clone(),
            1,
        ),
        (
            strategy(Pipelining::Eager, Chunking::Never),
            first + MAIL_RCPT_DATA,
            2,
        ),
        (Strategy::default(), together(8), 10),
    ] {
        let transcript = format!("{transcript}-- silence --");
        let (taken, _) = play(&transcript, async |stream| {
            let mut session = in_clear(stream).await.unwrap().with_strategy(strategy);
            let mut taken = 0;
            let mails = (0..20).map(|_| Mail::from(ACCOUNT.letter(&["a@example.org"])));
            let mails = stream::iter(mails).inspect(|_| taken += 1);
            session.send_each(mails, |_, _| {}).await;
            taken
        })
        .await;
        assert_eq!(taken, expected, "{strategy:?}");
    }
}

/// The server rejects one sender with 503, however the commands arrive: the other mails are not
/// affected.
#[tokio::test(start_paused = true)]
async fn a_503_that_is_about_the_mail() {
    let letter = letter_lines("a@example.org");
    let mail = "C: MAIL FROM:<tim@client.example>\n";
    let transcript = format!(
        "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}
        S: 503 5.7.0 not you
        S: 503 5.5.1 MAIL first
        S: 503 5.5.1 MAIL first
        C: RSET
        S: 250 flushed
        {mail}
        S: 503 5.7.0 not you
        C: RSET
        {MAIL_RCPT_DATA}
        S: 250 flushed
        {OK_OK_354}{letter}
        S: 250 queued
        {QUIT_AND_221}"
    );
    let grouped = strategy(Pipelining::Auto, Chunking::Never);
    let (reported, left, _) = send_batch(grouped, 2, &transcript).await;
    let refused = "0 Rejected at Mail, NotAccepted, permanent: 503 5.7.0 not you";
    assert_eq!(reported, [refused, "1 <a@example.org>: 250 queued"]);
    assert_eq!(left, grouped);
}

/// After a 421 to one of four messages that left together, a server may continue, close the
/// connection, or do neither.
#[tokio::test(start_paused = true)]
async fn after_a_421_the_server_continues_or_closes() {
    const RESET_OK_OK: &str = "S: 250 reset\nS: 250 ok\nS: 250 ok\n";
    let first = "1 Closed at EndOfData, NotAccepted, transient: 421 4.7.0 not this one";
    let continues = format!("{RESET_OK_OK}S: 250 queued\n{RESET_OK_OK}");
    let refuses = "S: 250 reset\nS: 503 bad sequence\nS: 503 MAIL first\nS: 503 MAIL first\n";
    let unknown = "Closed at EndOfData, Unknown, permanent: no reply";
    for (replies, second, third) in [
        (
            format!("{continues}S: 250 queued\n-- silence --"),
            "2 <a@example.org>: 250 queued",
            "3 <a@example.org>: 250 queued".to_owned(),
        ),
        (
            format!("{continues}S: 550 never\n-- close --"),
            "2 <a@example.org>: 250 queued",
            "3 Rejected at EndOfData, NotAccepted, permanent: 550 never".to_owned(),
        ),
        (
            format!("{continues}S: 421 nor this\n-- silence --"),
            "2 <a@example.org>: 250 queued",
            "[3]".to_owned(),
        ),
        // The server accepts the message of a mail whose sender it rejects.
        (
            "S: 250 reset\nS: 503 no\nS: 250 ok\nS: 250 queued\nS: 250 reset\nS: 250 ok\nS: 250 ok\nS: 421 nor this\n-- silence --"
                .to_owned(),
            "2 Rejected at Mail, Unknown, permanent: 503 no",
            "[3]".to_owned(),
        ),
        // The server has accepted one mail, so it may have accepted the other.
        (
            format!("{continues}-- close --"),
            "2 <a@example.org>: 250 queued",
            format!("3 {unknown}"),
        ),
        (
            format!(
                "{refuses}{}-- close --",
                refuses.replace("250 reset", "250 ok")
            ),
            "[2]",
            "[3]".to_owned(),
        ),
        (
            "S: 421 bye\n-- close --".to_owned(),
            "[2]",
            "[3]".to_owned(),
        ),
        ("-- close --".to_owned(), "[2]", "[3]".to_owned()),
        (
            "-- silence --".to_owned(),
            "2 unknown",
            format!("3 {unknown}"),
        ),
    ] {
        let second = second.replace("unknown", unknown);
        for pause in ["", "-- swallow --\n"] {
            let flight = together(3);
            let transcript = format!(
                "{flight}S: 250 ok\nS: 250 ok\nS: 421 4.7.0 not this one\n{pause}{replies}"
            );
            let (reported, left, _) = send_batch(Strategy::default(), 4, &transcript).await;
            assert_eq!(reported[0], "0 <a@example.org>: 250 queued");
            assert_eq!(reported[1], first);
            assert_eq!(reported[2..], [second.as_str(), third.as_str()], "{replies}");
            assert_eq!(left, Strategy::default());
        }
    }
}

/// A sender is rejected after another mail, and again alone: the client sends the mail twice at
/// most, and the other mails leave together as before.
#[tokio::test(start_paused = true)]
async fn a_sender_rejected_among_others() {
    let letter = letter_lines("a@example.org");
    for (reply, others) in [
        ("501 5.1.7 invalid", "503 5.5.1 MAIL first"),
        ("503 5.7.0 not you", "503 5.5.1 MAIL first"),
        ("504 5.5.4 no", "503 5.5.1 MAIL first"),
        // All commands that leave together.
        ("503 5.5.1 out of order", "503 5.5.1 out of order"),
    ] {
        let refused = format!("S: {reply}\nS: {others}\nS: {others}\n");
        let transcript = format!(
            "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{OK_OK_354}{letter}{MAIL_RCPT_DATA}
            S: 250 queued
            {refused}
            C: RSET
            {MAIL_RCPT_DATA}
            S: 250 flushed
            {refused}
            {QUIT_AND_221}"
        );
        let eager = strategy(Pipelining::Eager, Chunking::Never);
        let (reported, left, _) = send_batch(eager, 2, &transcript).await;
        let expected = [
            "0 <a@example.org>: 250 queued".to_owned(),
            format!("1 Rejected at Mail, NotAccepted, permanent: {reply}"),
        ];
        assert_eq!((reported.as_slice(), left), (expected.as_slice(), eager));
    }
}
