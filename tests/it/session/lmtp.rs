//! LMTP (RFC 2033): LHLO, and a reply to the message for each recipient.

use pilotfish::session::{Greeted, Hello, Session, recipient_outcomes};
use pilotfish::transport::Timeouts;
use pilotfish::{Client, ErrorKind, Result, Security, ServerConfig};

use crate::faults::connection_cuts::verify::listed_once;
use crate::support::client::{ACCOUNT, error_summary, name, play, send, summary};
use crate::support::lines::{QUIT_AND_221, letter_lines};
use crate::support::open_server::open_server;
use crate::support::peer::Stream;

const GREETING_TO_DATA: &str = "
    S: 220 server.example LMTP
    C: LHLO client.example
    S: 250-server.example
    S: 250 PIPELINING
    C: MAIL FROM:<tim@client.example>
    C: RCPT TO:<a@example.org>
    C: RCPT TO:<b@example.org>
    C: RCPT TO:<c@example.org>
    C: DATA
";

pub(crate) async fn in_lmtp<S: Stream>(stream: S) -> Result<Session<S>> {
    let hello = Hello::lmtp(name());
    let greeted = Greeted::greet(stream, hello, Timeouts::default()).await?;
    Ok(greeted.in_cleartext())
}

/// A mail to a, b and c, and the server's replies to RCPT and to the message.
async fn to_three(replies: &str, to_message: &str) -> Result<pilotfish::Receipt> {
    let letter = letter_lines("a@example.org, b@example.org, c@example.org");
    let transcript =
        format!("{GREETING_TO_DATA}S: 250 ok\n{replies}S: 354 go\n{letter}{to_message}");
    let recipients = ["a@example.org", "b@example.org", "c@example.org"];
    let (result, _) = play(&transcript, async |stream| {
        send(in_lmtp(stream).await?, ACCOUNT.letter(&recipients)).await
    })
    .await;
    result
}

const THREE_OKS: &str = "S: 250 ok\nS: 250 ok\nS: 250 ok\n";

#[tokio::test(start_paused = true)]
async fn each_recipient_has_a_reply_of_its_own() {
    let refused = "Rejected at Rcpt, NotAccepted, permanent: no reply";
    for (replies, to_message, outcome) in [
        (
            THREE_OKS,
            "S: 250 a has it\nS: 250 b has it\nS: 250 c has it\n",
            "<a@example.org> <b@example.org> <c@example.org>: 250 a has it",
        ),
        (
            THREE_OKS,
            "S: 552 a is full\nS: 250 b has it\nS: 451 c later\n",
            "<b@example.org>, not <a@example.org> (552 a is full), \
             not <c@example.org> (451 c later): 250 b has it",
        ),
        // A recipient that was rejected before gets no reply.
        (
            "S: 250 ok\nS: 550 no b\nS: 250 ok\n",
            "S: 250 a has it\nS: 452 c is full\n",
            "<a@example.org>, not <b@example.org> (550 no b), \
             not <c@example.org> (452 c is full): 250 a has it",
        ),
        (
            THREE_OKS,
            "S: 552 no a\nS: 552 no b\nS: 552 no c\n",
            refused,
        ),
    ] {
        let to_message = format!("{to_message}{QUIT_AND_221}");
        assert_eq!(summary(&to_three(replies, &to_message).await), outcome);
    }
}

/// A recipient that is one too many gets the message in a separate transaction. A recipient with a
/// full mailbox is not tried again.
#[tokio::test(start_paused = true)]
async fn a_recipient_too_many_gets_another_transaction() {
    let letter = letter_lines("a@example.org, b@example.org, c@example.org");
    let second = format!(
        "S: 250 a has it\nC: MAIL FROM:<tim@client.example>\nC: RCPT TO:<c@example.org>\nC: DATA\n\
         S: 250 ok\nS: 250 ok\nS: 354 go\n{letter}S: 250 c has it\n{QUIT_AND_221}"
    );
    for (replies, to_message, outcome) in [
        (
            "S: 250 ok\nS: 550 no b\nS: 452 4.5.3 too many recipients\n",
            second.as_str(),
            "<a@example.org> <c@example.org>, not <b@example.org> (550 no b): 250 a has it",
        ),
        (
            "S: 250 ok\nS: 550 no b\nS: 452 4.2.2 full\n",
            &format!("S: 250 a has it\n{QUIT_AND_221}"),
            "<a@example.org>, not <b@example.org> (550 no b), \
             not <c@example.org> (452 4.2.2 full): 250 a has it",
        ),
    ] {
        assert_eq!(summary(&to_three(replies, to_message).await), outcome);
    }
}

/// A missing reply makes only its own recipient unknown.
#[tokio::test(start_paused = true)]
async fn only_a_recipient_without_a_reply_is_unknown() {
    let replies = "S: 250 a has it\nS: 552 b is full\n-- cut --";
    let error = to_three(THREE_OKS, replies).await.unwrap_err();
    let paths = |paths: Vec<String>| paths.join(" ");
    let accepted = error.accepted().iter().map(ToString::to_string).collect();
    let refused = error.rejected().iter();
    let refused = refused.map(|(path, reply)| format!("{path} {reply}"));
    assert_eq!(
        (
            error_summary(&error).as_str(),
            paths(accepted),
            paths(refused.collect())
        ),
        (
            "Closed at EndOfData, Unknown, permanent: no reply",
            "<a@example.org>".to_owned(),
            "<b@example.org> 552 b is full".to_owned()
        )
    );
}

/// A 421 is the reply to one recipient. The server may still accept others.
#[tokio::test(start_paused = true)]
async fn a_421_is_about_one_recipient() {
    for (replies, expected) in [
        ("421 a, 250 b, 250 c", "deferred accepted accepted"),
        ("250 a, 421 b, 250 c", "accepted deferred accepted"),
        ("250 a, 250 b, 421 c", "accepted accepted deferred"),
        ("421 a, 550 b, 421 c", "deferred rejected deferred"),
        ("421 a, 421 b, 250 c", "deferred deferred accepted"),
        ("421 a, 250 b", "deferred accepted unknown"),
        ("250 a, 421 b", "accepted deferred unknown"),
        ("421 a", "deferred unknown unknown"),
    ] {
        for (pause, end) in [
            ("", "-- close --"),
            ("", "-- silence --"),
            ("-- swallow --\n", "-- close --"),
        ] {
            let lines = replies
                .split(", ")
                .map(|reply| format!("S: {reply}\n{pause}"));
            let result = to_three(THREE_OKS, &format!("{}{end}", lines.collect::<String>())).await;
            let paths = ["a", "b", "c"].map(|name| format!("{name}@example.org").parse().unwrap());
            let outcomes = recipient_outcomes(&paths, result.as_ref());
            let words: Vec<_> = outcomes.iter().map(|of| of.outcome.name()).collect();
            assert_eq!(words.join(" "), expected, "{replies} {end}: {result:?}");
            listed_once(&result, expected);
        }
    }
}

/// In portions, each recipient keeps its own reply and outcome.
#[tokio::test(start_paused = true)]
async fn in_portions_each_recipient_keeps_its_reply() {
    let letter = letter_lines("a@example.org, b@example.org, c@example.org");
    let first = GREETING_TO_DATA
        .replace(
            "S: 250 PIPELINING",
            "S: 250-PIPELINING\n    S: 250 LIMITS RCPTMAX=2",
        )
        .replace("    C: RCPT TO:<c@example.org>\n", "");
    let go = format!("S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 354 go\n{letter}");
    let second = "C: MAIL FROM:<tim@client.example>\nC: RCPT TO:<c@example.org>\nC: DATA\n";
    let go_on = format!("{second}S: 250 ok\nS: 250 ok\nS: 354 go\n{letter}");
    let end = "S: 250 c has it\nC: QUIT\nS: 221 bye\n";
    for (replies, expected) in [
        (
            "S: 421 bye\n-- close --".to_owned(),
            "accepted deferred not-tried",
        ),
        ("-- close --".to_owned(), "accepted unknown not-tried"),
        (
            format!("S: 450 later\n{go_on}{end}"),
            "accepted deferred accepted",
        ),
        (
            format!("S: 550 never\n{go_on}-- cut --"),
            "accepted rejected unknown",
        ),
        (
            format!("S: 250 b too\n{second}-- cut --"),
            "accepted accepted deferred",
        ),
    ] {
        let transcript = format!("{first}{go}S: 250 a has it\n{replies}");
        let recipients = ["a@example.org", "b@example.org", "c@example.org"];
        let (result, _) = play(&transcript, async |stream| {
            send(in_lmtp(stream).await?, ACCOUNT.letter(&recipients)).await
        })
        .await;
        let paths = recipients.map(|recipient| recipient.parse().unwrap());
        let outcomes = recipient_outcomes(&paths, result.as_ref());
        let words: Vec<_> = outcomes.iter().map(|of| of.outcome.name()).collect();
        assert_eq!(
            words.join(" "),
            expected,
            "{}: {result:?}",
            summary(&result)
        );
        listed_once(&result, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_of_smtp_is_detected() {
    let transcript = "
        S: 220 server.example ESMTP
        C: LHLO client.example
        S: 500 5.5.2 what
        C: QUIT
        S: 221 bye
    ";
    let (error, _) = play(transcript, async |stream| {
        in_lmtp(stream).await.map(drop).unwrap_err()
    })
    .await;
    assert!(error.to_string().contains("use SMTP"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Rejected);
}

#[tokio::test]
async fn a_client_delivers_over_tcp() {
    let server = open_server()
        .lmtp()
        .refuse_after_data("b@example.org", "452 4.2.2 over quota")
        .start()
        .await
        .unwrap();
    let client = Client::new(
        ServerConfig::builder("127.0.0.1")
            .port(server.addr().port())
            .security(Security::Cleartext)
            .lmtp()
            .build()
            .unwrap(),
    );
    let letter = ACCOUNT.letter(&["a@example.org", "b@example.org"]);
    let receipt = client.send(letter).await.unwrap();
    assert_eq!(receipt.accepted.len(), 1);
    assert_eq!(receipt.rejected[0].1.code().number(), 452);
    client.close().await;
    server.shutdown().await.unwrap();
}

/// RFC 2033 section 5.
#[test]
fn never_on_port_25() {
    let builder = ServerConfig::builder("127.0.0.1").lmtp();
    let error = builder.security(Security::Cleartext).build().unwrap_err();
    assert!(error.to_string().contains("port 25"), "{error}");
}
