//! Replies that a server must not send, or not at that time.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use pilotfish::address::{Envelope, ReversePath};
use pilotfish::message::Message;
use pilotfish::session::{Greeted, Receipt, Session};
use pilotfish::transport::Timeouts;
use pilotfish::{Client, Credentials, Error, ErrorKind, Fate, Mail};
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex,
};

use crate::support::built::built;

/// A stream whose flush returns only after the reply to the flushed octets has arrived, as can
/// happen on a busy machine.
#[derive(Debug)]
struct LateFlush {
    stream: DuplexStream,
    turns: usize,
}

impl AsyncRead for LateFlush {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for LateFlush {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.turns = 10;
        Pin::new(&mut self.stream).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.turns == 0 {
            return Pin::new(&mut self.stream).poll_flush(context);
        }
        self.turns -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Waits until the client has sent this, and replies. The connection ends with the script.
async fn serve(mut stream: DuplexStream, script: Vec<(&str, &str)>) {
    for (wanted, answer) in script {
        expect_and_reply(&mut stream, wanted, answer).await;
    }
}

async fn expect_and_reply(stream: &mut DuplexStream, wanted: &str, answer: &str) {
    let mut got = Vec::new();
    while !String::from_utf8_lossy(&got).contains(wanted) {
        got.push(stream.read_u8().await.unwrap());
    }
    stream.write_all(answer.as_bytes()).await.unwrap();
}

const SET_UP: [(&str, &str); 2] = [
    ("", "220 hello\r\n"),
    ("EHLO client.example\r\n", "250-hello\r\n250 PIPELINING\r\n"),
];

fn client_name() -> pilotfish::address::Domain {
    "client.example".parse().unwrap()
}

fn message() -> Message {
    let builder = Message::builder()
        .from("me@example.org")
        .to("ann@example.org")
        .text("Hello\n");
    built(builder)
}

async fn send<S>(mut session: Session<S>, envelope: &Envelope) -> Result<Receipt, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    session.send(Mail::new(envelope.clone(), message())).await
}

/// Sends a mail to one recipient. The server replies to the end of data with this.
async fn answered(answer: &str) -> Result<Receipt, Error> {
    let (stream, server) = duplex(64 * 1024);
    let script = SET_UP.into_iter().chain([
        ("DATA\r\n", "250 ok\r\n250 ok\r\n354 go\r\n"),
        ("\r\n.\r\n", answer),
    ]);
    let client = async {
        let stream = LateFlush { stream, turns: 0 };
        let greeted = Greeted::greet(stream, client_name(), Timeouts::default()).await?;
        send(greeted.in_cleartext(), message().envelope()).await
    };
    tokio::join!(client, serve(server, script.collect())).0
}

#[tokio::test]
async fn the_reply_to_a_mail_counts_whatever_comes_after_it() {
    for rest in ["", "421 busy\r\n", "250 twice\r\n", "nonsense\r\n", "2"] {
        let receipt = answered(&format!("250 queued as 1\r\n{rest}")).await;
        assert_eq!(receipt.unwrap().reply.text(), "queued as 1", "{rest:?}");

        let error = answered(&format!("550 no\r\n{rest}")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected, "{rest:?}: {error}");
        assert_eq!(error.fate(), Fate::NotAccepted, "{rest:?}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_and_stops_reading_has_answered() {
    let paths = (0..1_000).map(|number| format!("a{number}@example.org"));
    let envelope = Envelope::new(ReversePath::Null, paths).unwrap();
    for (answer, kind, code) in [
        ("421 too many connections\r\n", ErrorKind::Closed, 421),
        ("550 not from there\r\n", ErrorKind::Rejected, 550),
    ] {
        let (stream, server) = duplex(1_024);
        let client = async {
            let greeted = Greeted::greet(stream, client_name(), Timeouts::default()).await?;
            send(greeted.in_cleartext(), &envelope).await
        };
        let stalled = async {
            let mut server = server;
            for (wanted, answer) in SET_UP.into_iter().chain([("RCPT", answer)]) {
                expect_and_reply(&mut server, wanted, answer).await;
            }
            server
        };
        let (result, _server) = tokio::join!(client, stalled);
        let error = result.unwrap_err();
        let reply = error.reply().map(|reply| reply.code().number());
        assert_eq!((error.kind(), reply), (kind, Some(code)), "{error:?}");
    }
}

#[tokio::test]
async fn rejected_recipients_are_reported_whatever_the_outcome() {
    let to = ["ann@example.org", "bob@example.org"];
    let envelope = Envelope::new(ReversePath::Null, to).unwrap();
    for (answer, fate) in [
        ("", Fate::Unknown),
        ("554 no\r\n", Fate::NotAccepted),
        ("451 not now\r\n", Fate::NotAccepted),
    ] {
        let (stream, server) = duplex(64 * 1024);
        let script = SET_UP.into_iter().chain([
            ("DATA\r\n", "250 ok\r\n250 ok\r\n550 who\r\n354 go\r\n"),
            ("\r\n.\r\n", answer),
        ]);
        let client = async {
            let greeted = Greeted::greet(stream, client_name(), Timeouts::default()).await?;
            send(greeted.in_cleartext(), &envelope).await
        };
        let error = tokio::join!(client, serve(server, script.collect()))
            .0
            .unwrap_err();
        assert_eq!(error.fate(), fate);
        assert_eq!(error.is_transient(), answer.starts_with('4'));
        let refused: Vec<_> = error
            .rejected()
            .iter()
            .map(|(path, _)| path.to_string())
            .collect();
        assert_eq!(refused, ["<bob@example.org>"], "{error:?}");
    }
}

#[tokio::test]
async fn a_repeated_password_is_not_shown() {
    let credentials = Credentials::new("tim", "tanstaaftanstaaf").unwrap();
    for echo in [
        "bad: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n",
        "500 bad: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n",
        "tanstaaftanstaaf\r\n",
        "535-tanstaaftanstaaf\r\n535 \0tim\0tanstaaftanstaaf\r\n",
    ] {
        let (stream, server) = duplex(64 * 1024);
        let script = vec![
            ("", "220 hello\r\n"),
            ("EHLO client.example\r\n", "250-hello\r\n250 AUTH PLAIN\r\n"),
            ("AUTH PLAIN", echo),
        ];
        let client = async {
            let greeted = Greeted::greet(stream, client_name(), Timeouts::default()).await?;
            greeted.danger_cleartext_auth(&credentials).await
        };
        let error = tokio::join!(client, serve(server, script)).0.unwrap_err();
        let numbers = format!("{:?}", "tanstaaf".as_bytes());
        for shown in [format!("{error:?}"), error.to_string()] {
            for secret in ["AHRpbQB0", "tanstaaf", numbers.trim_matches(['[', ']'])] {
                assert!(!shown.contains(secret), "{echo}: {shown}");
            }
        }
    }
}

#[tokio::test]
async fn no_reply_to_a_mail_leaves_its_fate_unknown() {
    for answer in ["", "2", "nonsense\r\n", "250-and\r\n"] {
        let error = answered(answer).await.unwrap_err();
        assert_eq!(error.fate(), Fate::Unknown, "{answer:?}: {error}");
    }
    let error = answered("354 more\r\n").await.unwrap_err();
    assert_eq!(error.fate(), Fate::Unknown, "{error}");
    let text = error.to_string();
    assert!(
        text.starts_with("the server wants more after the end"),
        "{text}"
    );
}

#[tokio::test]
async fn the_reason_for_a_close_within_a_group_is_reported() {
    let paths = (0..1_000).map(|number| format!("a{number}@example.org"));
    let envelope = Envelope::new(ReversePath::Null, paths).unwrap();
    for (answer, kind, code) in [
        ("421 too many connections\r\n", ErrorKind::Closed, 421),
        ("550 not from there\r\n", ErrorKind::Rejected, 550),
    ] {
        let (stream, server) = duplex(1_024);
        let script = SET_UP.into_iter().chain([("RCPT", answer)]);
        let client = async {
            let greeted = Greeted::greet(stream, client_name(), Timeouts::default()).await?;
            send(greeted.in_cleartext(), &envelope).await
        };
        let error = tokio::join!(client, serve(server, script.collect()))
            .0
            .unwrap_err();
        let reply = error.reply().map(|reply| reply.code().number());
        assert_eq!((error.kind(), reply), (kind, Some(code)), "{error:?}");
        assert_eq!(error.fate(), Fate::NotAccepted);
    }
}

/// The test is that this compiles.
#[test]
fn futures_go_to_other_threads() {
    fn is_send(future: impl Send) {
        drop(future);
    }
    let _ = |client: &Client, session: &mut Session<DuplexStream>| {
        is_send(client.send(message()));
        is_send(client.close());
        is_send(session.send(message()));
    };
}
