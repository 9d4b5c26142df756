//! More recipients than a server accepts at a time (RFC 9422, RFC 5321 section 4.5.3.1.10).

mod attempts;
mod sessions;

use futures_util::stream;
use pilotfish::Result;
use pilotfish::address::ForwardPath;
use pilotfish::address::envelope::{Options, Partial};
use pilotfish::protocol::Reply;
use pilotfish::session::{Mail, Receipt};

use crate::support::client::{ACCOUNT, in_clear, play, send, summary, with_options};
use crate::support::lines::{GREETING_AND_EHLO, QUIT_AND_221, letter_lines};

const GREETING_TO_PIPELINING: &str = "
    S: 220 server.example ESMTP
    C: EHLO client.example
    S: 250-server.example
    S: 250-PIPELINING
";

const TO: [&str; 3] = ["a@example.org", "b@example.org", "c@example.net"];

/// MAIL, RCPT for each of these letters, and DATA.
fn flight(recipients: &str) -> String {
    let rcpt = recipients.chars().map(|letter| {
        let whole = TO.iter().find(|to| to.starts_with(letter)).unwrap();
        format!("C: RCPT TO:<{whole}>\n")
    });
    let rcpt: String = rcpt.collect();
    format!("C: MAIL FROM:<tim@client.example>\n{rcpt}C: DATA\n")
}

fn go(recipients: usize) -> String {
    format!("S: 250 ok\n{}S: 354 go\n", "S: 250 ok\n".repeat(recipients))
}

fn letter() -> String {
    letter_lines(&TO.join(", "))
}

async fn submit(transcript: &str) -> Result<Receipt> {
    let (result, _) = play(transcript, async |stream| {
        send(in_clear(stream).await?, ACCOUNT.letter(&TO)).await
    })
    .await;
    result
}

async fn to_three(transcript: &str, outcome: &str) {
    assert_eq!(summary(&submit(transcript).await), outcome);
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_obeyed() {
    let letter = letter();
    for (limits, portions) in [
        ("RCPTMAX=2", ["ab", "c"].as_slice()),
        ("RCPTMAX=1", &["a", "b", "c"]),
        ("RCPTDOMAINMAX=2", &["abc"]),
        ("RCPTMAX=3", &["abc"]),
        ("MAILMAX=9", &["abc"]),
    ] {
        let mail = |to: &&str| format!("{}{}{letter}S: 250 queued\n", flight(to), go(to.len()));
        let mails = portions.iter().map(mail).collect::<Vec<_>>().concat();
        let transcript =
            format!("{GREETING_TO_PIPELINING}S: 250 LIMITS {limits}\n{mails}{QUIT_AND_221}");
        let all = "<a@example.org> <b@example.org> <c@example.net>: 250 queued";
        to_three(&transcript, all).await;
    }
}

/// RFC 9422 section 4.3: the limit applies to the session.
#[tokio::test(start_paused = true)]
async fn recipients_in_more_domains_need_another_session() {
    let letter = letter();
    let transcript = format!(
        "{GREETING_TO_PIPELINING}S: 250 LIMITS RCPTDOMAINMAX=1\n{}{}{letter}S: 250 queued\n{QUIT_AND_221}",
        flight("ab"),
        go(2)
    );
    let outcome = submit(&transcript).await;
    assert_eq!(
        summary(&outcome),
        "Closed at Mail, NotAccepted, permanent: no reply"
    );
    let error = outcome.unwrap_err();
    let untried: Vec<_> = error.untried().iter().map(ToString::to_string).collect();
    assert_eq!(
        (error.accepted().len(), untried),
        (2, vec!["<c@example.net>".to_owned()])
    );
}

/// RFC 5321 section 4.5.3.1.10: the client treats 552 like 452.
#[tokio::test(start_paused = true)]
async fn recipients_too_many_get_another_transaction() {
    let letter = letter();
    // The reply is unambiguous, so the client sends one recipient at a time from now on.
    for (too_many, portions) in [
        ("452 4.5.3 too many", ["b", "c"].as_slice()),
        ("452 too many", &["bc"]),
        ("552 too many", &["bc"]),
        ("552 5.5.3 too many", &["b", "c"]),
    ] {
        let portion = |to: &&str| format!("{}{}{letter}S: 250 other\n", flight(to), go(to.len()));
        let others = portions.iter().map(portion).collect::<Vec<_>>().concat();
        let transcript = format!(
            "{GREETING_AND_EHLO}{}S: 250 ok\nS: 250 ok\nS: {too_many}\nS: {too_many}\nS: 354 go\n\
             {letter}S: 250 first\n{others}{QUIT_AND_221}",
            flight("abc"),
        );
        let all = "<a@example.org> <b@example.org> <c@example.net>: 250 first";
        to_three(&transcript, all).await;
    }
    // A full mailbox stays full.
    let transcript = format!(
        "{GREETING_AND_EHLO}{}S: 250 ok\nS: 250 ok\nS: 452 4.2.2 full\nS: 250 ok\nS: 354 go\n\
         {letter}S: 250 first\n{QUIT_AND_221}",
        flight("abc")
    );
    let outcome =
        "<a@example.org> <c@example.net>, not <b@example.org> (452 4.2.2 full): 250 first";
    to_three(&transcript, outcome).await;
}

#[tokio::test(start_paused = true)]
async fn each_recipient_has_the_outcome_of_its_portion() {
    let letter = letter();
    let begin = format!(
        "{GREETING_TO_PIPELINING}S: 250 LIMITS RCPTMAX=2\n{}{}{letter}S: 250 first\n{}{}",
        flight("ab"),
        go(2),
        flight("c"),
        go(1)
    );
    to_three(
        &format!("{begin}{letter}S: 554 no\n{QUIT_AND_221}"),
        "<a@example.org> <b@example.org>, not <c@example.net> (554 no): 250 first",
    )
    .await;
    let transcript = format!("{begin}{letter}-- cut --");
    let result = submit(&transcript).await;
    assert_eq!(
        summary(&result),
        "Closed at EndOfData, Unknown, permanent: no reply"
    );
    let accepted = result.unwrap_err().accepted().to_vec();
    let accepted: Vec<_> = accepted.iter().map(ToString::to_string).collect();
    assert_eq!(accepted, ["<a@example.org>", "<b@example.org>"]);
}

/// The result of a rejected recipient is reported, whatever the results of later recipients.
#[tokio::test(start_paused = true)]
async fn a_rejected_portion_is_reported_with_the_others() {
    let letter = letter();
    let begin = format!(
        "{GREETING_TO_PIPELINING}S: 250 LIMITS RCPTMAX=2\n{}S: 250 ok\nS: 550 not a\nS: 551 not b\nS: 503 no\n",
        flight("ab")
    );
    let refused = |result: &Result<Receipt>| {
        let refused = match result {
            Ok(receipt) => receipt.rejected.clone(),
            Err(error) => error.rejected().to_vec(),
        };
        let line = |(path, reply): &(ForwardPath, Reply)| format!("{path} {reply}");
        refused.iter().map(line).collect::<Vec<_>>().join(", ")
    };
    let both = "<a@example.org> 550 not a, <b@example.org> 551 not b";
    let (rest, go) = (format!("C: RSET\n{}S: 250 ok\n", flight("c")), go(1));
    for (rest, outcome, others) in [
        (
            format!("{rest}{go}{letter}S: 250 queued\n{QUIT_AND_221}"),
            "<c@example.net>, not <a@example.org> (550 not a), not <b@example.org> (551 not b): \
             250 queued",
            "",
        ),
        (
            format!("{rest}{go}{letter}-- cut --"),
            "Closed at EndOfData, Unknown, permanent: no reply",
            "",
        ),
        (
            format!("{rest}S: 250 ok\nS: 552 not c\nS: 503 no\n{QUIT_AND_221}"),
            "Rejected at Rcpt, NotAccepted, permanent: no reply",
            ", <c@example.net> 552 not c",
        ),
    ] {
        let result = submit(&format!("{begin}{rest}")).await;
        assert_eq!(summary(&result), outcome);
        assert_eq!(refused(&result), format!("{both}{others}"));
    }
}

/// All recipients or none: DATA waits for the replies to RCPT.
#[tokio::test(start_paused = true)]
async fn all_or_nothing() {
    let letter = letter();
    let mut options = Options::default();
    options.partial = Partial::AllOrNothing;
    let mail = flight("abc").replace("C: DATA\n", "");
    for (transcript, outcome) in [
        (
            format!(
                "{GREETING_AND_EHLO}{mail}S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 250 ok\n\
                 C: DATA\nS: 354 go\n{letter}S: 250 queued\n{QUIT_AND_221}"
            ),
            "<a@example.org> <b@example.org> <c@example.net>: 250 queued",
        ),
        (
            format!(
                "{GREETING_AND_EHLO}{mail}S: 250 ok\nS: 250 ok\nS: 550 no\nS: 250 ok\n{QUIT_AND_221}"
            ),
            "Rejected at Rcpt, NotAccepted, permanent: no reply",
        ),
        (
            format!("{GREETING_TO_PIPELINING}S: 250 LIMITS RCPTMAX=2\n{QUIT_AND_221}"),
            "InvalidInput at Mail, NotAccepted, permanent: no reply",
        ),
    ] {
        let (result, _) = play(&transcript, async |stream| {
            let mail = with_options(ACCOUNT.letter(&TO), options.clone());
            send(in_clear(stream).await?, mail).await
        })
        .await;
        assert_eq!(summary(&result), outcome);
        // The client did not send the message to the recipients that the server had accepted.
        let untried = result.map_or_else(|error| error.untried().len(), |_| 0);
        let refused = transcript.contains("550 no");
        assert_eq!(untried, if refused { 2 } else { 0 });
    }
}

/// As many mails as the server allows in a session, and QUIT.
#[tokio::test(start_paused = true)]
async fn after_so_many_mails_a_session_is_over() {
    let letter = letter();
    let mail = format!("{}{}{letter}S: 250 queued\n", flight("abc"), go(3));
    let transcript =
        format!("{GREETING_TO_PIPELINING}S: 250 LIMITS MAILMAX=2\n{mail}{mail}{QUIT_AND_221}");
    let (outcomes, _) = play(&transcript, async |stream| {
        let mut session = in_clear(stream).await.unwrap();
        let mut outcomes = Vec::new();
        let mails = (0..3).map(|_| Mail::from(ACCOUNT.letter(&TO)));
        let returned = session
            .send_each(stream::iter(mails), |index, result| {
                outcomes.push((index, result.is_ok()));
            })
            .await;
        assert!(!session.is_open());
        session.quit().await;
        (
            outcomes,
            returned.iter().map(|returned| returned.index).collect(),
        )
    })
    .await;
    // The third mail is still in the stream.
    assert_eq!(outcomes, (vec![(0, true), (1, true)], vec![]));
}

/// The same for mails in close succession.
#[tokio::test(start_paused = true)]
async fn among_other_mails() {
    let letter = letter();
    let whole = |to: &str| format!("{}{}{letter}S: 250 queued\n", flight(to), go(to.len()));
    let transcript = format!(
        "{GREETING_TO_PIPELINING}S: 250 LIMITS RCPTMAX=2\n{}{}{}{}{QUIT_AND_221}",
        whole("ab"),
        whole("c"),
        whole("ab"),
        whole("c")
    );
    let (outcomes, _) = play(&transcript, async |stream| {
        let mut session = in_clear(stream).await.unwrap();
        let mut outcomes = Vec::new();
        let mails = (0..2).map(|_| Mail::from(ACCOUNT.letter(&TO)));
        let returned = session
            .send_each(stream::iter(mails), |index, result| {
                outcomes.push((index, result.unwrap().accepted.len()));
            })
            .await;
        assert!(returned.is_empty());
        session.quit().await;
        outcomes
    })
    .await;
    assert_eq!(outcomes, [(0, 3), (1, 3)]);
}
