//! The end of the session: QUIT leaves, and the command does not wait for the reply to it.

use std::io;

use tokio_rustls::TlsAcceptor;

use super::peer::{Peer, PeerConnection};
use super::run::Run;
use crate::support::peer::Stream;
use crate::support::tls::{Flaw, acceptor};

/// The arguments of a mail, and a limit that the test would not survive.
const MAIL: &str = "--from me@example.org --to ann@example.org --text hello --timeout quit=1h";

/// What a server hears that never replies to QUIT: how TLS ends, and how the connection ends. The status
/// is that of the command, which has ended while the server was silent.
type Heard = (i32, io::Result<Vec<u8>>);

async fn served<S: Stream>(client: &mut PeerConnection<S>) {
    client.dialogue_up_to_data().await;
    client.expect_message().await;
    client.reply("250 ok").await;
    client.expect_line("QUIT\r\n").await;
}

async fn refused<S: Stream>(client: &mut PeerConnection<S>) {
    client.reply("554 no mail from there").await;
    client.expect_line("QUIT\r\n").await;
}

/// Runs the command in clear text, with a server that does this.
async fn in_clear(serve: impl AsyncFn(&mut PeerConnection)) -> Heard {
    let peer = Peer::listen().await;
    let run = peer.send("--to ann@example.org --text hello --timeout quit=1h");
    let server = async {
        let mut client = peer.accept().await;
        serve(&mut client).await;
        client
    };
    let (ended, mut client) = tokio::join!(run.end(), server);
    (ended.status, client.read_on().await)
}

/// Runs the command in TLS. What follows the end of TLS is returned too.
async fn in_tls(
    serve: impl AsyncFn(&mut PeerConnection<TlsStream>),
) -> (Heard, io::Result<Vec<u8>>) {
    let peer = Peer::listen().await;
    let run = Run::new("send --tls implicit --tls-insecure --server")
        .args([peer.address()])
        .args(Run::words(MAIL));
    let acceptor: TlsAcceptor = acceptor("localhost", Flaw::None);
    let server = async {
        let stream = peer.accept().await.into_inner();
        let stream = acceptor.accept(stream).await.unwrap();
        let mut client = PeerConnection::new(stream);
        serve(&mut client).await;
        client
    };
    let (ended, mut client) = tokio::join!(run.end(), server);
    let heard = client.read_on().await;
    let (stream, _) = client.into_inner().into_inner();
    let after = PeerConnection::new(stream).read_on().await;
    ((ended.status, heard), after)
}

type TlsStream = tokio_rustls::server::TlsStream<tokio::net::TcpStream>;

/// An end without `close_notify`, or a reset, would be an error here.
fn in_order(read: &io::Result<Vec<u8>>) -> bool {
    read.as_ref().is_ok_and(Vec::is_empty)
}

#[tokio::test]
async fn after_a_mail() {
    let (status, end) = in_clear(async |client| served(client).await).await;
    assert!(status == 0 && in_order(&end), "{status} {end:?}");
    let ((status, end), after) = in_tls(async |client| served(client).await).await;
    assert!(status == 0 && in_order(&end), "{status} {end:?}");
    assert!(in_order(&after), "{after:?}");
}

#[tokio::test]
async fn after_a_refusal() {
    let (status, end) = in_clear(async |client| refused(client).await).await;
    assert!(status == 69 && in_order(&end), "{status} {end:?}");
    let ((status, end), after) = in_tls(async |client| refused(client).await).await;
    assert!(status == 69 && in_order(&end), "{status} {end:?}");
    assert!(in_order(&after), "{after:?}");
}
