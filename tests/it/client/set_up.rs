//! Servers to which no connection can be set up: the port is closed, or the connection or the TLS
//! handshake hangs.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use pilotfish::testing::{self, Fault, Point};
use pilotfish::transport::{Timeouts, TlsConfig};
use pilotfish::{Client, Credentials, ErrorKind, Fate, Security, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use super::{client_of, letter, paused, tasks};

/// What is at the other end of each connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    /// The port is closed.
    Closed,
    /// A listener that accepts no connection.
    Busy,
    Silent,
    Closes,
    /// It sends something that is not TLS.
    Babbles,
}

async fn serve(peer: Peer, mut stream: TcpStream) {
    if peer == Peer::Babbles {
        let _ = stream.write_all(&b"220 hello\r\n".repeat(3)).await;
    }
    if peer == Peer::Silent {
        while stream
            .read(&mut [0; 1_000])
            .await
            .is_ok_and(|count| count > 0)
        {}
    }
}

async fn listen(peer: Peer, listener: TcpListener) {
    let mut served = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        served.spawn(serve(peer, stream));
    }
}

/// All mails get the same error, whenever the caller drops them or the client. Afterwards nothing
/// is left.
#[test]
fn every_mail_gets_a_result_and_nothing_is_left() {
    for peer in [
        Peer::Closed,
        Peer::Busy,
        Peer::Silent,
        Peer::Closes,
        Peer::Babbles,
    ] {
        for security in [Security::ImplicitTls, Security::StartTls] {
            for given_up in [None, Some(0), Some(1_500), Some(3_000)] {
                paused(play(peer, security, given_up.map(Duration::from_millis)));
            }
        }
    }
}

async fn play(peer: Peer, security: Security, given_up: Option<Duration>) {
    let context = format!("{peer:?}, {security:?}, {given_up:?}");
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let port = socket.local_addr().unwrap().port();
    // No other process gets its port.
    let (mut _bound, mut _held, mut listening) = (None, None, None);
    match peer {
        Peer::Closed => _bound = Some(socket),
        Peer::Busy => _held = Some(socket.listen(16).unwrap()),
        _ => listening = Some(tokio::spawn(listen(peer, socket.listen(16).unwrap()))),
    }
    sleep(Duration::from_millis(1)).await;
    let before = tasks();
    let server = ServerConfig::builder("127.0.0.1")
        .port(port)
        .security(security)
        .timeouts(Timeouts::all(Duration::from_secs(4)));
    let client = Client::builder(server.build().unwrap())
        .max_connections(2)
        .build()
        .unwrap();
    let all = async {
        let single = join_all((0..5).map(|number| client.send(letter(number, 10))));
        let stream =
            client.send_all(stream::iter((5..10).map(|number| letter(number, 10))).enumerate());
        tokio::join!(
            single,
            stream.map(|(_, reported)| reported).collect::<Vec<_>>()
        )
    };
    let limit = given_up.unwrap_or(Duration::from_secs(9));
    match timeout(limit, all).await {
        Ok((single, stream)) => {
            let expected: &[ErrorKind] = match peer {
                Peer::Closed => &[ErrorKind::Connect],
                Peer::Busy | Peer::Silent => &[ErrorKind::Timeout],
                Peer::Closes | Peer::Babbles => &[
                    ErrorKind::Closed,
                    ErrorKind::Io,
                    ErrorKind::Protocol,
                    ErrorKind::Tls,
                ],
            };
            for reported in single.into_iter().chain(stream) {
                let error = reported.unwrap_err();
                assert_eq!(error.fate(), Fate::NotAccepted, "{context}");
                assert!(expected.contains(&error.kind()), "{context}: {error}");
            }
        }
        Err(_) => assert!(given_up.is_some(), "{context}: it hangs"),
    }
    let closed = timeout(Duration::from_secs(9), client.close()).await;
    assert!(closed.is_ok(), "{context}: it does not close");
    drop(client);
    if let Some(listening) = listening {
        // The other ends have been closed, so the tasks that serve them have ended.
        sleep(Duration::from_millis(500)).await;
        assert_eq!(tasks(), before, "{context}");
        listening.abort();
    }
}

/// One connection that breaks while a session is set up does not fail the waiting mails. A second
/// one does, and so does a connection that breaks at the login, because that might be the server's
/// answer to it.
#[test]
fn a_connection_that_is_cut_while_it_is_set_up_is_tried_once_more() {
    for (fault, times, accepted) in [
        (Fault::CloseAt(Point::Greeting), 1, true),
        (Fault::CloseAt(Point::Ehlo), 1, true),
        (Fault::CloseAt(Point::StartTls), 1, true),
        (Fault::CloseAfter(Point::StartTls), 1, true),
        (Fault::CloseAt(Point::StartTls), 2, false),
        (Fault::CloseAt(Point::Auth), 1, false),
    ] {
        paused(async {
            let server = testing::TestServer::builder().user("tim", "tanstaaf");
            let server = (0..times).fold(server, |server, _| server.fault(fault.clone()));
            let server = server.start().await.unwrap();
            let client = client_of(&server, |builder| {
                let tls = TlsConfig::builder().ca_pem(server.ca_pem());
                let credentials = Credentials::new("tim", "tanstaaf").unwrap();
                builder
                    .security(Security::StartTls)
                    .tls(tls.build().unwrap())
                    .credentials(credentials)
            });
            let client = client.build().unwrap();
            let reported = join_all((0..56).map(|number| client.send(letter(number, 10)))).await;
            let all = reported.iter().filter(|reported| reported.is_ok()).count();
            let expected = if accepted { 56 } else { 0 };
            assert_eq!(all, expected, "{fault:?}, {times}: {:?}", reported[0]);
            client.close().await;
        });
    }
}
