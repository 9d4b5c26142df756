//! One connection, from the first octet to the last.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, join, split};
use tokio_rustls::rustls::{HandshakeKind, ProtocolVersion};

use super::client::{Security, TlsVersion};
use super::fault::Point;
use super::input::HANDSHAKE;
use super::listeners::ByteStream;
use super::session::{Flow, ServerSession, SessionStop};
use super::shared::Shared;

/// Serves a client until one side ends the connection. A client that is one too many is refused.
pub(super) async fn serve(
    stream: Box<dyn ByteStream>,
    number: u64,
    too_many: bool,
    shared: Arc<Shared>,
) {
    tracing::debug!(target: "pilotfish::testing", connection = number, "accepted");
    match converse(stream, number, too_many, &shared).await {
        Ok(()) => tracing::debug!(target: "pilotfish::testing", connection = number, "closed"),
        Err(error) => {
            tracing::debug!(target: "pilotfish::testing", connection = number, %error, "broken");
        }
    }
}

async fn converse(
    stream: Box<dyn ByteStream>,
    number: u64,
    too_many: bool,
    shared: &Arc<Shared>,
) -> io::Result<()> {
    let mut session = if shared.settings.security == Security::ImplicitTls {
        handshake(stream, number, shared).await?
    } else {
        ServerSession::new(stream, number, Arc::clone(shared))
    };
    let mut stop = match session.greet(too_many).await {
        Ok(()) => session.run().await,
        Err(stop) => stop,
    };
    if matches!(stop, SessionStop::StartTls) {
        session.flush().await.map_err(io_error)?;
        let mut stream = session.stream;
        let mut first = [0];
        stream.read_exact(&mut first).await?;
        if first != [HANDSHAKE] {
            shared.log.add_violation(format!(
                "connection {number}: octets in clear text after STARTTLS (RFC 3207, section 4)"
            ));
            return Ok(());
        }
        let (reader, writer) = split(stream);
        let stream = join(io::Cursor::new(first).chain(reader), writer);
        session = handshake(Box::new(stream), number, shared).await?;
        stop = session.run().await;
    }
    session.finish(stop).await
}

/// Begins a session inside TLS.
async fn handshake(
    stream: Box<dyn ByteStream>,
    number: u64,
    shared: &Arc<Shared>,
) -> io::Result<ServerSession> {
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
    // RFC 9266; with TLS 1.2 it is not safe to use.
    let label = b"EXPORTER-Channel-Binding";
    let material = tls.export_keying_material([0_u8; 32], label, Some(&[]));
    let material = material.ok().filter(|_| version == TlsVersion::Tls13);
    let mut session = ServerSession::new(Box::new(stream), number, Arc::clone(shared));
    session.channel_binding = material.map(Vec::from);
    session.tls = Some(version);
    Ok(session)
}

fn io_error(stop: SessionStop) -> io::Error {
    match stop {
        SessionStop::Io(error) => error,
        _ => io::ErrorKind::ConnectionAborted.into(),
    }
}

impl ServerSession {
    /// Greets the client, unless there are too many clients.
    async fn greet(&mut self, too_many: bool) -> Flow<()> {
        if too_many {
            self.refuse("421 4.7.0 Too many connections");
            return Err(SessionStop::CloseAfterReply);
        }
        let settings = &self.shared.settings;
        let protocol = if settings.lmtp { "LMTP" } else { "ESMTP" };
        let greeting = format!("220 {} {protocol} Pilotfish", settings.host_name());
        self.say_at(Point::Greeting, greeting).await?;
        Ok(())
    }

    /// Reads commands and carries them out, until the session ends.
    async fn run(&mut self) -> SessionStop {
        loop {
            match self.command().await {
                Ok(()) | Err(SessionStop::Refused) => {}
                Err(stop) => return stop,
            }
        }
    }

    /// Closes the connection in the way that fits the end of the session.
    async fn finish(mut self, stop: SessionStop) -> io::Result<()> {
        match stop {
            SessionStop::Io(error) => return Err(error),
            SessionStop::CloseAfterReply => {}
            SessionStop::Refused
            | SessionStop::ClientClosed
            | SessionStop::CloseNow
            | SessionStop::StartTls => return Ok(()),
        }
        self.flush().await.map_err(io_error)?;
        self.stream.shutdown().await?;
        // Closing the socket while octets are unread could reset the connection, and the client
        // would lose the last reply.
        let mut unread = [0; 4096];
        let drained = async {
            while self.stream.read(&mut unread).await? > 0 {}
            Ok(())
        };
        tokio::select! {
            () = self.shared.stop.cancelled() => Ok(()),
            drained = drained => drained,
        }
    }
}
