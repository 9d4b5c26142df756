//! The first exchange, and the way out (RFC 5321 sections 3.1, 3.2 and 4.1.1.1).

use tokio::io::{AsyncRead, AsyncWrite};

use crate::address::Domain;
use crate::error::{Error, Kind, Result, Stage};
use crate::protocol::{Command, Extensions, Reply, ReplyClass};
use crate::transport::Wire;

/// Waits for the greeting; a server that refuses to talk is told QUIT.
pub(super) async fn greeting<S>(wire: &mut Wire<S>) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let reply = wire.receive(Stage::Greeting).await?;
    if reply.is_positive_completion() {
        return Ok(());
    }
    quit(wire).await;
    Err(refused(
        Stage::Greeting,
        "the server does not take mail from here",
        reply,
    ))
}

/// Says EHLO, or HELO to a server that does not know it. What the server then offers is valid
/// until TLS begins.
pub(super) async fn hello<S>(wire: &mut Wire<S>, name: &Domain) -> Result<Extensions>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let reply = wire
        .command(Stage::Hello, Command::Ehlo(name.clone()))
        .await?;
    if reply.is_positive_completion() {
        return Ok(Extensions::from_ehlo(&reply));
    }
    // RFC 5321 section 3.2: without EHLO there are no extensions, and so no TLS and no login.
    if matches!(reply.code().number(), 500 | 501 | 502 | 504 | 550) {
        let reply = wire
            .command(Stage::Hello, Command::Helo(name.clone()))
            .await?;
        if reply.is_positive_completion() {
            return Ok(Extensions::default());
        }
    }
    quit(wire).await;
    Err(refused(
        Stage::Hello,
        format!("the server refused the name {name}"),
        reply,
    ))
}

/// Ends a conversation in order (RFC 5321 section 4.1.1.10). Whatever happens now is no failure
/// of anything.
pub(super) async fn quit<S>(wire: &mut Wire<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let _ = wire.command(Stage::Quit, Command::Quit).await;
}

/// The error for a reply that is not the one hoped for.
pub(super) fn refused(
    stage: Stage,
    message: impl Into<std::borrow::Cow<'static, str>>,
    reply: Reply,
) -> Error {
    let kind = match reply.code().class() {
        ReplyClass::TransientNegative | ReplyClass::PermanentNegative => Kind::Rejected,
        _ => Kind::Protocol,
    };
    Error::new(kind, message).with_reply(reply).at(stage)
}
