//! One connection, from the first octet to the last.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, join, split};
use tokio_rustls::rustls::{HandshakeKind, ProtocolVersion};
use tokio_rustls::server::TlsStream;

use super::builder::Security;
use super::dialogue::{Dialogue, End};
use super::listeners::Accepted;
use super::open_connections::Room;
use super::received::TlsVersion;
use super::server::Shared;

/// The first octet of a TLS handshake (RFC 8446, section 5.1: `ContentType` handshake).
const HANDSHAKE: u8 = 22;

/// Serves a client until it goes or is sent away.
pub(super) async fn serve(accepted: Accepted, number: u64, room: Room, shared: Arc<Shared>) {
    tracing::debug!(target: "pilotfish::testing", connection = number, "accepted");
    let served = match accepted {
        Accepted::Tcp(stream) => converse(stream, number, room, &shared).await,
        #[cfg(unix)]
        Accepted::Unix(stream) => converse(stream, number, room, &shared).await,
    };
    match served {
        Ok(()) => tracing::debug!(target: "pilotfish::testing", connection = number, "closed"),
        Err(error) => {
            tracing::debug!(target: "pilotfish::testing", connection = number, %error, "broken");
        }
    }
}

async fn converse<S>(stream: S, number: u64, room: Room, shared: &Arc<Shared>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if shared.settings.security == Security::ImplicitTls {
        let (stream, version) = handshake(stream, number, shared).await?;
        let binding = exporter(&stream, version);
        let dialogue = Dialogue::new(stream, Some(version), number, Arc::clone(shared));
        let dialogue = dialogue.bound_to(binding);
        return finish(dialogue.greet_and_run(room).await, shared).await;
    }
    let dialogue = Dialogue::new(stream, None, number, Arc::clone(shared));
    let (mut stream, end) = dialogue.greet_and_run(room).await;
    if !matches!(end, End::StartTls) {
        return finish((stream, end), shared).await;
    }
    let mut first = [0];
    stream.read_exact(&mut first).await?;
    if first != [HANDSHAKE] {
        shared.log.add_violation(format!(
            "connection {number}: octets in clear text behind STARTTLS (RFC 3207, section 4)"
        ));
        return Ok(());
    }
    let (reader, writer) = split(stream);
    let stream = join(first.as_slice().chain(reader), writer);
    let (stream, version) = handshake(stream, number, shared).await?;
    let binding = exporter(&stream, version);
    let dialogue = Dialogue::new(stream, Some(version), number, Arc::clone(shared));
    let dialogue = dialogue.bound_to(binding);
    finish(dialogue.run().await, shared).await
}

async fn handshake<S>(
    stream: S,
    number: u64,
    shared: &Shared,
) -> io::Result<(TlsStream<S>, TlsVersion)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let stream = shared.acceptor.accept(stream).await?;
    let tls = stream.get_ref().1;
    let version = match tls.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => TlsVersion::Tls12,
        _ => TlsVersion::Tls13,
    };
    // RFC 5246, section 7.3, and RFC 8446, section 2.
    let round_trips = match (version, tls.handshake_kind()) {
        (TlsVersion::Tls12, Some(HandshakeKind::Full))
        | (_, Some(HandshakeKind::FullWithHelloRetryRequest)) => 2,
        _ => 1,
    };
    shared.log.add_round_trips(number, round_trips);
    Ok((stream, version))
}

/// What only the two ends of a connection know (RFC 9266); with TLS 1.2 it is not safe to use.
fn exporter<S>(stream: &TlsStream<S>, version: TlsVersion) -> Option<Vec<u8>> {
    if version != TlsVersion::Tls13 {
        return None;
    }
    let (_, connection) = stream.get_ref();
    let label = b"EXPORTER-Channel-Binding";
    let material = connection.export_keying_material([0_u8; 32], label, Some(&[]));
    material.ok().map(|octets| octets.to_vec())
}

/// Closes the connection as its end asks for.
async fn finish<S>((mut stream, end): (S, End), shared: &Shared) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match end {
        End::Io(error) => Err(error),
        End::Closed | End::Abrupt | End::StartTls => Ok(()),
        End::Over => {
            stream.shutdown().await?;
            // Closing with octets unread could reset the connection, and the client would
            // lose the last reply.
            let mut unread = [0; 4096];
            tokio::select! {
                () = shared.stop.cancelled() => Ok(()),
                result = async {
                    while stream.read(&mut unread).await? > 0 {}
                    Ok(())
                } => result,
            }
        }
    }
}
