//! The caller cancels a mail: before the end of data has left, the mail is withdrawn. After that,
//! the worker waits for the reply.

use std::time::Duration;

use pilotfish::message::{Attachment, Body};
use pilotfish::transport::Timeouts;
use pilotfish::{Client, Message, Security, ServerConfig};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::support::built::built;
use crate::support::client::{ACCOUNT, in_clear, name, play, summary};
use crate::support::delivery::{Clock, Delivery};
use crate::support::events::Capture;
use crate::support::lines::{GREETING_AND_EHLO, MAIL_RCPT_DATA, OK_OK_354, letter_lines};
use crate::support::peer::{Meeting, Peer, Played};
use crate::support::script::Script;

/// A test that takes longer counts as hanging.
const PATIENCE: Duration = Duration::from_secs(30);

/// A peer at a port of its own, whose script contains `-- meet --`.
async fn listen(transcript: &str) -> (Client, Meeting, JoinHandle<Result<Played, String>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let server = ServerConfig::builder("127.0.0.1")
        .port(listener.local_addr().unwrap().port())
        .security(Security::Cleartext)
        .name(name())
        .build()
        .unwrap();
    let script = Script::inline(transcript);
    let meeting = Meeting::default();
    let there = meeting.clone();
    let peer = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let peer = Peer::new(stream, Delivery::Whole, Clock::Running);
        peer.meeting_at(&there).play(&script).await
    });
    (Client::new(server), meeting, peer)
}

/// Drops the future of a mail as soon as the peer reaches its `-- meet --`. The client has to
/// finish while the peer stays silent.
async fn withdrawn(transcript: &str, message: Message) -> Vec<u8> {
    let (client, meeting, peer) = listen(transcript).await;
    let test = async {
        tokio::select! {
            result = client.send(message) => panic!("{}", summary(&result)),
            () = meeting.meet() => {}
        }
        client.close().await;
        meeting.meet().await;
        peer.await.unwrap().unwrap().heard
    };
    timeout(PATIENCE, test).await.unwrap()
}

#[tokio::test]
async fn a_mail_dropped_before_its_end_is_cancelled() {
    for (transcript, last) in [
        ("-- meet --".to_owned(), ""),
        (
            "S: 220 hi\nC: EHLO client.example\n-- meet --".to_owned(),
            "EHLO client.example",
        ),
        (
            format!("{GREETING_AND_EHLO}{MAIL_RCPT_DATA}-- meet --"),
            "DATA",
        ),
        (
            format!("{GREETING_AND_EHLO}{MAIL_RCPT_DATA}S: 250 ok\n-- meet --"),
            "DATA",
        ),
        (
            format!("{GREETING_AND_EHLO}{MAIL_RCPT_DATA}S: 250 ok\nS: 250 ok\n-- meet --"),
            "DATA",
        ),
    ] {
        let heard = withdrawn(&transcript, ACCOUNT.letter(&["a@example.org"])).await;
        let heard = String::from_utf8(heard).unwrap();
        assert_eq!(heard.lines().last().unwrap_or_default(), last);
    }
}

/// A message without an end: its source provides half of the octets, and then waits.
fn endless() -> (Message, tokio::io::DuplexStream) {
    let (waiting, other_end) = tokio::io::duplex(1);
    let source = tokio::io::repeat(0).take(200_000).chain(waiting);
    let body = Body::reader(source, 400_000);
    let builder = Message::builder()
        .from("tim@client.example")
        .to("a@example.org")
        .attach(Attachment::new(body, "shark.png"));
    let message = built(builder);
    (message, other_end)
}

#[tokio::test]
async fn a_mail_dropped_within_the_message_has_no_end_of_data() {
    let transcript = format!(
        "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{OK_OK_354}-- swallow 100000 --\n-- meet --\n-- swallow all --"
    );
    let (message, _other_end) = endless();
    let heard = withdrawn(&transcript, message).await;
    assert!(heard.len() > 100_000);
    assert!(!heard.windows(5).any(|octets| octets == b"\r\n.\r\n"));
    assert!(!heard.ends_with(b"QUIT\r\n"));
}

#[tokio::test]
async fn a_mail_dropped_after_its_end_is_followed_to_its_reply() {
    for (reply, logged) in [
        ("250 2.0.0 queued as 1", "250 2.0.0 queued as 1"),
        ("554 5.7.1 spam", "554 5.7.1 spam"),
    ] {
        let letter = letter_lines("a@example.org");
        let transcript = format!(
            "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{OK_OK_354}{letter}-- meet --\nS: {reply}\nC: QUIT\nS: 221 bye"
        );
        let capture = Capture::begin();
        let (client, meeting, peer) = listen(&transcript).await;
        let test = async {
            tokio::select! {
                result = client.send(ACCOUNT.letter(&["a@example.org"])) => {
                    panic!("{}", summary(&result))
                }
                () = meeting.meet() => {}
            }
            meeting.meet().await;
            client.close().await;
            peer.await.unwrap().unwrap();
        };
        timeout(PATIENCE, test).await.unwrap();
        let all = capture.all();
        let warning = all.iter().find(|logged| logged.level == "WARN").unwrap();
        assert!(warning.fields.contains("<1@client.example>"), "{warning:?}");
        assert!(warning.fields.contains(logged), "{warning:?}");
    }
}

#[tokio::test]
async fn a_mail_with_a_waiting_caller_ends_before_quit() {
    let letter = letter_lines("a@example.org");
    let transcript = format!(
        "{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{OK_OK_354}{letter}S: 250 ok\nC: QUIT\n-- meet --\nS: 221 bye"
    );
    let (client, meeting, peer) = listen(&transcript).await;
    let test = async {
        // The peer does not answer QUIT before `-- meet --`.
        let result = client.send(ACCOUNT.letter(&["a@example.org"])).await;
        assert_eq!(summary(&result), "<a@example.org>: 250 ok");
        let asked = async {
            meeting.meet().await;
            meeting.meet().await;
        };
        tokio::join!(client.close(), asked);
        peer.await.unwrap().unwrap();
    };
    timeout(PATIENCE, test).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_session_whose_mail_was_dropped_sends_nothing_more() {
    for rest in ["-- silence --", "S: 250 ok\n-- silence --"] {
        let transcript = format!("{GREETING_AND_EHLO}{MAIL_RCPT_DATA}{rest}");
        let (second, _) = play(&transcript, async |stream| {
            let mut session = in_clear(stream).await.unwrap();
            let first = session.send(ACCOUNT.letter(&["a@example.org"]));
            timeout(Timeouts::default().quit, first).await.unwrap_err();
            let second = session.send(ACCOUNT.letter(&["a@example.org"])).await;
            session.quit().await;
            summary(&second)
        })
        .await;
        assert_eq!(
            second,
            "Closed at no stage, NotAccepted, transient: no reply"
        );
    }
}
