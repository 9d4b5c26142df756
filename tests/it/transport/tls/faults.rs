//! Malformed handshakes and records: the result is always an error or the time limit, and never a
//! login.

use std::sync::Arc;
use std::time::Duration;

use pilotfish::transport::Timeouts;
use pilotfish::{Error, ErrorKind};
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader, DuplexStream};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::made::{client, good};
use super::server::{BOTH, TlsStart, secured, send_in_clear};
use crate::support::client::{ACCOUNT, play, send, summary};

/// Replies to the client's first octets with these, without end if none are left. Returns the error
/// of the session and its duration.
async fn answered(begin: TlsStart, answer: &[u8], again: &[u8]) -> (Error, Duration) {
    let (here, there) = tokio::io::duplex(64 * 1024);
    let server = async {
        let mut stream = BufReader::new(there);
        if begin == TlsStart::StartTls {
            send_in_clear(&mut stream).await;
        }
        let mut stream = stream.into_inner();
        let mut hello = [0; 1];
        stream.read_exact(&mut hello).await.unwrap();
        let mut sent = stream.write_all(answer).await;
        while sent.is_ok() && !again.is_empty() {
            sent = stream.write_all(again).await;
        }
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard).await;
        let login = b"AUTH";
        assert!(!heard.windows(login.len()).any(|window| window == login));
    };
    let started = Instant::now();
    let client = async {
        let tls = client();
        let host = "server.example".parse().unwrap();
        let outcome = secured(here, begin, &tls, &host).await;
        (outcome.unwrap_err(), started.elapsed())
    };
    tokio::join!(client, server).0
}

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let len = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[kind, 3, 3], &len[..], content].concat()
}

const NOT_TLS: &str = "did not answer in TLS: if the port begins in clear text, use STARTTLS";
const TOO_OLD: &str = "supports no TLS version that is allowed";

/// A `ServerHello` of an old version (RFC 5246 section 7.4.1.3): `TLS_RSA_WITH_AES_128_CBC_SHA`.
fn old_hello(minor: u8) -> Vec<u8> {
    let body = [&[3, minor][..], &[7; 32], &[0, 0, 0x2f, 0]].concat();
    let len = u8::try_from(body.len()).unwrap();
    record(0x16, &[&[2, 0, 0, len][..], &body].concat())
}

#[tokio::test(start_paused = true)]
async fn octets_that_are_not_a_handshake() {
    let http = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    let failed = "the TLS handshake with server.example failed";
    for (answer, words) in [
        (http.to_vec(), NOT_TLS),
        (
            b"220 server.example ESMTP, this is port 587\r\n".to_vec(),
            NOT_TLS,
        ),
        (b"* OK [CAPABILITY IMAP4rev1] ready\r\n".to_vec(), NOT_TLS),
        (b"+OK POP3 ready\r\n".to_vec(), NOT_TLS),
        (b"250-injected\r\n250 AUTH PLAIN\r\n".to_vec(), NOT_TLS),
        (
            record(0x15, &[2, 40]),
            "no cipher suite or key exchange in common",
        ),
        (record(0x15, &[2, 70]), TOO_OLD),
        (record(0x15, &[2, 112]), "does not know itself by that name"),
        (record(0x15, &[2, 80]), "refused TLS (InternalError)"),
        (old_hello(0), TOO_OLD),
        (old_hello(1), TOO_OLD),
        (old_hello(2), TOO_OLD),
        (record(0x17, b"application data"), failed),
        (record(0x16, &[0xff; 64]), "over 64 KiB"),
        (vec![0x16, 3, 3, 0xff, 0xff], NOT_TLS),
        (vec![0; 64], NOT_TLS),
    ] {
        for begin in BOTH {
            let (error, time) = answered(begin, &answer, b"").await;
            let facts = (error.kind(), error.is_transient());
            let shown = answer.escape_ascii();
            assert_eq!(facts, (ErrorKind::Tls, false), "{shown}: {error:?}");
            assert!(error.to_string().contains(words), "{shown}: {error}");
            assert!(time < Duration::from_secs(5), "{shown}: {time:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn records_without_end() {
    for again in [
        record(0x15, &[1, 90]),
        record(0x15, &[1, 0]),
        record(0x14, &[1]),
        record(0x16, b""),
        record(0x17, b""),
    ] {
        for begin in BOTH {
            let (error, time) = answered(begin, b"", &again).await;
            assert!(
                matches!(error.kind(), ErrorKind::Tls | ErrorKind::Io),
                "{again:?}: {error:?}"
            );
            assert!(time < Duration::from_secs(5), "{again:?}: {time:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_never_answered() {
    for begin in BOTH {
        // The first octets of a record without end.
        for answer in [&b""[..], b"\x16\x03\x03\x40\x00"] {
            let (error, time) = answered(begin, answer, b"").await;
            assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
            // One more moment for a last read.
            assert_eq!(time.as_secs(), Timeouts::default().handshake.as_secs());
        }
    }
}

/// A session inside TLS whose records the server cuts as it likes.
async fn unusual_records(
    prepare: impl FnOnce(&mut ServerConfig),
    say: impl AsyncFn(&mut tokio_rustls::server::TlsStream<DuplexStream>, &str),
) {
    let (here, there) = tokio::io::duplex(1024 * 1024);
    let mut config = good().config();
    prepare(&mut config);
    let server = async {
        let mut stream = TlsAcceptor::from(Arc::new(config))
            .accept(there)
            .await
            .unwrap();
        let greeting =
            "220-Hello, this is a long greeting\r\n".repeat(400) + "220 server.example\r\n";
        let mut heard = Vec::new();
        for reply in [
            greeting.as_str(),
            "250-server.example\r\n250 AUTH PLAIN\r\n",
            "235 welcome\r\n",
        ] {
            say(&mut stream, reply).await;
            while !heard.ends_with(b"\r\n") {
                if stream.read_buf(&mut heard).await.unwrap() == 0 {
                    return heard;
                }
            }
            heard.push(b' ');
        }
        heard
    };
    let client = async {
        let tls = client();
        let host = "server.example".parse().unwrap();
        let secured = secured(here, TlsStart::Implicit, &tls, &host)
            .await
            .unwrap();
        let session = secured.authenticate(&ACCOUNT.credentials()).await.unwrap();
        session.quit().await;
    };
    let ((), heard) = tokio::join!(client, server);
    assert!(heard.ends_with(b"QUIT\r\n "), "{}", heard.escape_ascii());
}

async fn whole(stream: &mut (impl AsyncWrite + Unpin), reply: &str) {
    stream.write_all(reply.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}

#[tokio::test]
async fn records_of_one_octet_and_of_sixteen_kibibytes() {
    // The greeting has 14,822 octets.
    unusual_records(|_| {}, async |stream, reply| whole(stream, reply).await).await;
    unusual_records(
        |_| {},
        async |stream, reply| {
            for octet in reply.as_bytes() {
                stream.write_all(&[*octet]).await.unwrap();
                stream.flush().await.unwrap();
            }
        },
    )
    .await;
}

#[tokio::test]
async fn new_keys_in_the_middle_of_a_reply() {
    unusual_records(
        |_| {},
        async |stream, reply| {
            let (first, second) = reply.split_at(2);
            whole(stream, first).await;
            stream.get_mut().1.refresh_traffic_keys().unwrap();
            whole(stream, second).await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_flood_of_tickets() {
    unusual_records(
        |config| config.send_tls13_tickets = 32,
        async |stream, reply| whole(stream, reply).await,
    )
    .await;
}

/// C35 and C36: an end without `close_notify` within a reply is an error. After the reply to QUIT
/// it does not matter.
#[tokio::test(start_paused = true)]
async fn an_end_without_close_notify() {
    let beginning = "
        -- tls server.example --
        S: 220 server.example
        C: EHLO client.example
        S: 250-server.example
        S: 250 AUTH PLAIN
        C: AUTH PLAIN AHRpbUBjbGllbnQuZXhhbXBsZQB0YW5zdGFhZnRhbnN0YWFm
        S: 235 welcome
        C: MAIL FROM:<tim@client.example>
    ";
    let mail = "
        S: 250 ok
        C: RCPT TO:<a@example.org>
        S: 250 ok
        C: DATA
        S: 354 go
        -- swallow --
    ";
    for (end, outcome) in [
        (
            "S> 250\n-- cut --",
            "Closed at Mail, NotAccepted, transient: no reply",
        ),
        (
            "-- cut --",
            "Closed at Mail, NotAccepted, transient: no reply",
        ),
        (
            "-- close --",
            "Closed at Mail, NotAccepted, transient: no reply",
        ),
    ] {
        let (result, _) = play(&format!("{beginning}{end}"), async |stream| {
            ACCOUNT
                .submit_465(stream, ACCOUNT.letter(&["a@example.org"]))
                .await
        })
        .await;
        assert_eq!(summary(&result), outcome, "{end}");
        // The TLS library's message ends with a link to its documentation.
        let shown = format!("{:?}", result.unwrap_err());
        assert!(
            !shown.contains("close_notify") && !shown.contains("http"),
            "{shown}"
        );
    }
    for (end, outcome) in [
        (
            "-- cut --",
            "Closed at EndOfData, Unknown, permanent: no reply",
        ),
        (
            "S> 250 queu\n-- cut --",
            "Closed at EndOfData, Unknown, permanent: no reply",
        ),
        (
            "S: 250 queued\nC: QUIT\n-- cut --",
            "a@example.org: 250 queued",
        ),
        (
            "S: 250 queued\nC: QUIT\nS: 221 bye\n-- cut --",
            "a@example.org: 250 queued",
        ),
    ] {
        let (result, _) = play(&format!("{beginning}{mail}{end}"), async |stream| {
            let session = ACCOUNT.log_in_465(stream).await?;
            send(session, ACCOUNT.letter(&["a@example.org"])).await
        })
        .await;
        let reported = summary(&result).replace("<a@example.org>", "a@example.org");
        assert_eq!(reported, outcome, "{end}");
    }
}
