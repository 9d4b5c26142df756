//! Logging in (RFC 4954).

use tokio::io::{AsyncRead, AsyncWrite};

use super::hello::quit;
use crate::error::{Error, Kind, Result, Stage};
use crate::protocol::{Command, Credentials, Exchange, Extension, Extensions, Mechanism, Reply};
use crate::transport::Wire;

/// Tries the mechanisms that both sides know until one is answered with yes or no.
pub(super) async fn authenticate<S>(
    wire: &mut Wire<S>,
    extensions: &Extensions,
    credentials: &Credentials,
) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut failure = no_mechanism(extensions);
    for mechanism in Mechanism::PREFERENCE {
        if !extensions.mechanisms().contains(&mechanism) {
            continue;
        }
        let reply = exchange(wire, mechanism, credentials).await?;
        if reply.is_positive_completion() {
            return Ok(());
        }
        let try_another = is_about_mechanism(&reply);
        failure = Error::new(
            Kind::Auth,
            format!(
                "the server refused the login of {} by AUTH {mechanism}",
                credentials.user()
            ),
        )
        .with_reply(reply)
        .at(Stage::Auth);
        if !try_another {
            break;
        }
    }
    quit(wire).await;
    Err(failure)
}

async fn exchange<S>(
    wire: &mut Wire<S>,
    mechanism: Mechanism,
    credentials: &Credentials,
) -> Result<Reply>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    wire.mask(credentials.password());
    let (mut exchange, mut command) = Exchange::begin(mechanism, credentials);
    loop {
        if let (Mechanism::Plain, Some(response)) = (mechanism, command.secret()) {
            wire.mask(response);
        }
        let reply = wire.command(Stage::Auth, command).await?;
        if !reply.is_positive_intermediate() {
            return Ok(reply);
        }
        let challenge = reply
            .lines()
            .first()
            .map(String::as_str)
            .unwrap_or_default();
        command = match exchange.respond(challenge) {
            Ok(response) => response,
            Err(error) => {
                // RFC 4954 section 4: the server answers with 501, and it is over.
                wire.command(Stage::Auth, Command::AuthCancel).await?;
                quit(wire).await;
                let message = format!("the AUTH {mechanism} exchange failed");
                return Err(Error::new(Kind::Protocol, message)
                    .caused_by(error)
                    .at(Stage::Auth));
            }
        };
    }
}

/// Whether a refusal is for the mechanism and says nothing about the password: 504, and the
/// enhanced codes X.5.4 and X.7.4 (RFC 5248, RFC 4954 section 6).
fn is_about_mechanism(reply: &Reply) -> bool {
    let status = reply
        .enhanced_status()
        .map(|status| (status.subject, status.detail));
    reply.code().number() == 504 || matches!(status, Some((5 | 7, 4)))
}

fn no_mechanism(extensions: &Extensions) -> Error {
    let message = if extensions.offers(Extension::Auth) {
        "the server offers no login by password (AUTH PLAIN or LOGIN)"
    } else {
        "the server offers no login (AUTH) here: leave the user name out, or try another port"
    };
    Error::new(Kind::Unsupported, message).at(Stage::Auth)
}
