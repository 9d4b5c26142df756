//! Logging in (RFC 4954).

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::yield_now;
use tokio::time::Instant;
use tracing::{Instrument as _, debug_span};

use super::hello::{Hello, quit};
use super::timing::SetUp;
use super::transaction::Session;
use crate::error::{Error, Kind, Result, Stage};
use crate::protocol::{
    Binding, ClientNonce, Command, Credentials, Exchange, ExchangeError, Extension, Extensions,
    Mask, Mechanism, Reply, Step,
};
use crate::transport::Wire;

/// Tries the mechanisms that both sides know and the credentials allow, in this order, until one is
/// answered with yes or no.
pub(super) async fn authenticate<S>(
    mut wire: Wire<S>,
    hello: Hello,
    extensions: Extensions,
    mut set_up: SetUp,
    credentials: &Credentials,
    order: &[Mechanism],
) -> Result<Session<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let span = debug_span!(target: "pilotfish", "auth");
    let tried = try_each(&mut wire, &extensions, credentials, order).instrument(span);
    let begun = Instant::now();
    tried.await?;
    set_up.auth = begun.elapsed();
    Ok(Session::after_login(wire, hello, extensions, set_up))
}

async fn try_each<S>(
    wire: &mut Wire<S>,
    extensions: &Extensions,
    credentials: &Credentials,
    order: &[Mechanism],
) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if let Some(secret) = credentials.secret() {
        wire.mask(Mask::new(secret));
    }
    let mut failure = no_mechanism(extensions, credentials, order);
    for mechanism in order.iter().copied() {
        if !extensions.mechanisms().contains(&mechanism) || !mechanism.takes(credentials) {
            continue;
        }
        let Some(binding) = binding(wire, extensions, mechanism) else {
            continue;
        };
        let nonce = ClientNonce::new(random()?);
        let begun = Exchange::begin(mechanism, credentials, nonce, &binding);
        let (exchange, command) = match begun {
            Ok(begun) => begun,
            // Nothing has been said yet.
            Err(error) => {
                let message = format!("the credentials are not for AUTH {mechanism}");
                failure = Error::new(Kind::Config, message)
                    .caused_by(error)
                    .at(Stage::Auth);
                continue;
            }
        };
        match converse(wire, mechanism, exchange, command).await? {
            Outcome::LoggedIn => return Ok(()),
            Outcome::Refused(reply, reason) => {
                let try_another = is_about_mechanism(&reply);
                failure = refused(credentials, mechanism, &reason).with_reply(reply);
                if !try_another {
                    break;
                }
            }
        }
    }
    quit(wire).await;
    Err(failure)
}

/// How an exchange ended that broke no rule.
enum Outcome {
    LoggedIn,
    /// With the reply, and what a server said of the token before.
    Refused(Reply, String),
}

async fn converse<S>(
    wire: &mut Wire<S>,
    mechanism: Mechanism,
    mut exchange: Exchange,
    mut command: Command,
) -> Result<Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        // Not those of tokens: their frame has words in common with a server's reasons.
        if let (Mechanism::Plain, Some(response)) = (mechanism, command.secret()) {
            wire.mask(Mask::of_response(response));
        }
        let reply = wire.command(Stage::Auth, command).await?;
        if reply.is_positive_completion() {
            return match exchange.succeed(&reply) {
                Ok(()) => Ok(Outcome::LoggedIn),
                // Whoever this is gets no QUIT: nothing more is to be said.
                Err(error) => Err(broken(wire, mechanism, error)),
            };
        }
        if !reply.is_positive_intermediate() {
            let reason = exchange.refusal().map(ToString::to_string);
            let reason = wire.masked(reason.unwrap_or_default());
            return Ok(Outcome::Refused(reply, reason));
        }
        let challenge = reply.lines().first().map_or("", String::as_str);
        command = match next(&mut exchange, challenge).await {
            Ok(response) => response,
            Err(error) => {
                // RFC 4954 section 4: the server answers with 501, and it is over.
                wire.command(Stage::Auth, Command::AuthCancel).await?;
                quit(wire).await;
                return Err(broken(wire, mechanism, error));
            }
        };
    }
}

/// The answer to a challenge, while others get their turn.
async fn next(exchange: &mut Exchange, challenge: &str) -> Result<Command, ExchangeError> {
    let mut step = exchange.respond(challenge)?;
    loop {
        match step {
            Step::Send(command) => return Ok(command),
            Step::Compute => {
                yield_now().await;
                step = exchange.compute()?;
            }
        }
    }
}

/// What to say of channel binding (RFC 5802 section 6); `None` if the mechanism binds and there is
/// nothing to bind to.
fn binding<S>(wire: &Wire<S>, extensions: &Extensions, mechanism: Mechanism) -> Option<Binding> {
    let possible = wire.channel_binding();
    if mechanism.binds() {
        return possible.map(Binding::Bound);
    }
    let offered = extensions
        .mechanisms()
        .iter()
        .any(|offered| offered.binds());
    Some(match possible {
        Some(_) if !offered => Binding::NotOffered,
        _ => Binding::Unsupported,
    })
}

fn random() -> Result<[u8; 18]> {
    let mut octets = [0; 18];
    getrandom::fill(&mut octets).map_err(|error| {
        let message = "the system has no random octets to log in with";
        Error::new(Kind::Io, message)
            .caused_by(error)
            .at(Stage::Auth)
    })?;
    Ok(octets)
}

fn broken<S>(wire: &Wire<S>, mechanism: Mechanism, error: ExchangeError) -> Error
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let message = format!("the AUTH {mechanism} exchange failed");
    let error = match error {
        ExchangeError::ServerError(words) => ExchangeError::ServerError(wire.masked(words)),
        other => other,
    };
    Error::new(Kind::Protocol, message)
        .caused_by(error)
        .at(Stage::Auth)
}

fn refused(credentials: &Credentials, mechanism: Mechanism, reason: &str) -> Error {
    let who = match credentials.user() {
        "" => String::new(),
        user => format!(" of {user}"),
    };
    let reason = match reason {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    let message = format!("the server refused the login{who} by AUTH {mechanism}{reason}");
    Error::new(Kind::Auth, message).at(Stage::Auth)
}

/// Whether a refusal is for the mechanism and says nothing about the password: 504, and the
/// enhanced codes X.5.4 and X.7.4 (RFC 5248, RFC 4954 section 6).
fn is_about_mechanism(reply: &Reply) -> bool {
    let status = reply
        .enhanced_status()
        .map(|status| (status.subject, status.detail));
    reply.code().number() == 504 || matches!(status, Some((5 | 7, 4)))
}

fn no_mechanism(extensions: &Extensions, credentials: &Credentials, order: &[Mechanism]) -> Error {
    let message = if extensions.offers(Extension::Auth) {
        let usable = order
            .iter()
            .filter(|mechanism| mechanism.takes(credentials));
        let usable: Vec<_> = usable.map(|mechanism| mechanism.name()).collect();
        match usable.as_slice() {
            [] => "the mechanisms that are allowed do not take these credentials".to_owned(),
            names => format!(
                "the server offers no login that these credentials are for: {}",
                names.join(", ")
            ),
        }
    } else {
        "the server offers no login (AUTH) here: leave the user name out, or try another port"
            .to_owned()
    };
    Error::new(Kind::Unsupported, message).at(Stage::Auth)
}
