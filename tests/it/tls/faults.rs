//! Handshakes and records that are not as they should be: an error or the time limit, always, and
//! no login.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use pilotfish::transport::{Timeouts, TlsClient};
use pilotfish::{Error, Kind};
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader, DuplexStream, ReadBuf,
};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::made::{client, good};
use super::server::{BOTH, Begin, say_in_clear, secured};
use crate::support::client::{ACCOUNT, send, talk, told};

/// What becomes of a stream that is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Close,
    Reset,
    Silence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    FromServer,
    FromClient,
}

/// The client's end of a pipe, which is cut after so many octets in one direction.
#[derive(Debug)]
struct Fragile {
    stream: DuplexStream,
    cut: Cut,
    direction: Direction,
    left: usize,
}

impl Fragile {
    fn is_cut(&self) -> bool {
        self.left == 0
    }

    fn reset() -> io::Error {
        io::ErrorKind::ConnectionReset.into()
    }
}

impl AsyncRead for Fragile {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_cut() {
            return match self.cut {
                Cut::Close => Poll::Ready(Ok(())),
                Cut::Reset => Poll::Ready(Err(Self::reset())),
                Cut::Silence => Poll::Pending,
            };
        }
        let most = match self.direction {
            Direction::FromServer => self.left.min(buffer.remaining()),
            Direction::FromClient => buffer.remaining(),
        };
        let mut octets = vec![0; most];
        let mut part = ReadBuf::new(&mut octets);
        std::task::ready!(Pin::new(&mut self.stream).poll_read(context, &mut part))?;
        let count = part.filled().len();
        buffer.put_slice(part.filled());
        if self.direction == Direction::FromServer {
            self.left -= count;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Fragile {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_cut() {
            return match self.cut {
                Cut::Close => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
                Cut::Reset => Poll::Ready(Err(Self::reset())),
                // Into the buffers of the system.
                Cut::Silence => Poll::Ready(Ok(octets.len())),
            };
        }
        let most = match self.direction {
            Direction::FromServer => octets.len(),
            Direction::FromClient => octets.len().min(self.left),
        };
        let count =
            std::task::ready!(Pin::new(&mut self.stream).poll_write(context, &octets[..most]))?;
        if self.direction == Direction::FromClient {
            self.left -= count;
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A handshake with a server that says nothing afterwards, cut at an octet: the error, or `None` if
/// the handshake was over by then. The server has to have heard nothing.
async fn cut(
    config: &Arc<ServerConfig>,
    tls: &TlsClient,
    direction: Direction,
    cut: Cut,
    octets: usize,
) -> Option<Error> {
    let (here, there) = tokio::io::duplex(64 * 1024);
    let fragile = Fragile {
        stream: here,
        cut,
        direction,
        left: octets,
    };
    let server = async {
        let acceptor = TlsAcceptor::from(Arc::clone(config));
        let Ok(mut stream) = acceptor.accept(there).await else {
            return (Vec::new(), false);
        };
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard).await;
        (heard, true)
    };
    let host = "server.example".parse().unwrap();
    let client = secured(fragile, Begin::Implicit, tls, &host);
    // A client that was cut off after its last octet waits for a greeting that nobody sends.
    let (outcome, (heard, accepted)) = tokio::join!(client, server);
    assert_eq!(heard, b"", "at {octets}");
    let error = outcome.expect_err("nobody greeted");
    let done = accepted || error.stage() == Some(pilotfish::Stage::Greeting);
    (!done).then_some(error)
}

/// Cuts after each octet until the handshake is through; says how many cuts there were.
async fn cut_everywhere(direction: Direction, how: Cut, kind: Kind) -> usize {
    let config = Arc::new(good().config());
    // One that resumes would make another handshake.
    let tls = || client();
    let mut octets = 0;
    while let Some(error) = cut(&config, &tls(), direction, how, octets).await {
        let facts = (error.kind(), error.is_transient());
        assert_eq!(
            facts,
            (kind, true),
            "{direction:?} {how:?} {octets}: {error:?}"
        );
        octets += 1;
    }
    octets
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_cut_at_any_octet() {
    let mut cuts = 0;
    for direction in [Direction::FromServer, Direction::FromClient] {
        for (how, kind) in [
            (Cut::Close, Kind::Io),
            (Cut::Reset, Kind::Io),
            (Cut::Silence, Kind::Timeout),
        ] {
            let count = cut_everywhere(direction, how, kind).await;
            assert!(count > 500, "{direction:?} {how:?}: {count}");
            cuts += count;
        }
    }
    println!("{cuts} handshakes were cut");
}

/// Answers the client's first octets with these, for ever if there are none left, and says how the
/// session ended and how long it took.
async fn answered(begin: Begin, answer: &[u8], again: &[u8]) -> (Error, Duration) {
    let (here, there) = tokio::io::duplex(64 * 1024);
    let server = async {
        let mut stream = BufReader::new(there);
        if begin == Begin::StartTls {
            say_in_clear(&mut stream).await;
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
const TOO_OLD: &str = "speaks no TLS version that is allowed here";

/// A `ServerHello` of an old version (RFC 5246 section 7.4.1.3): TLS_RSA_WITH_AES_128_CBC_SHA.
fn old_hello(minor: u8) -> Vec<u8> {
    let body = [&[3, minor][..], &[7; 32], &[0, 0, 0x2f, 0]].concat();
    let len = u8::try_from(body.len()).unwrap();
    record(0x16, &[&[2, 0, 0, len][..], &body].concat())
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_no_handshake() {
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
            assert_eq!(facts, (Kind::Tls, false), "{shown}: {error:?}");
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
                matches!(error.kind(), Kind::Tls | Kind::Io),
                "{again:?}: {error:?}"
            );
            assert!(time < Duration::from_secs(5), "{again:?}: {time:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_never_answered() {
    for begin in BOTH {
        // The first octets of a record that goes on and on.
        for answer in [&b""[..], b"\x16\x03\x03\x40\x00"] {
            let (error, time) = answered(begin, answer, b"").await;
            assert_eq!(error.kind(), Kind::Timeout, "{error:?}");
            assert_eq!(time, Timeouts::default().handshake);
        }
    }
}

/// A session inside TLS whose records the server makes as it likes.
async fn odd_records(
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
        let secured = secured(here, Begin::Implicit, &tls, &host).await.unwrap();
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
    odd_records(|_| {}, async |stream, reply| whole(stream, reply).await).await;
    odd_records(
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
    odd_records(
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
    odd_records(
        |config| config.send_tls13_tickets = 32,
        async |stream, reply| whole(stream, reply).await,
    )
    .await;
}

/// C35 and C36: an end that TLS does not announce is no end of a reply; after that to QUIT it does
/// not matter.
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
        let (result, _) = talk(&format!("{beginning}{end}"), async |stream| {
            ACCOUNT
                .submit_465(stream, ACCOUNT.letter(&["a@example.org"]))
                .await
        })
        .await;
        assert_eq!(told(&result), outcome, "{end}");
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
        let (result, _) = talk(&format!("{beginning}{mail}{end}"), async |stream| {
            let session = ACCOUNT.log_in_465(stream).await?;
            send(session, ACCOUNT.letter(&["a@example.org"])).await
        })
        .await;
        let told = told(&result).replace("<a@example.org>", "a@example.org");
        assert_eq!(told, outcome, "{end}");
    }
}
