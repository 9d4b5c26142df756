//! Logging in (RFC 4954).

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::yield_now;
use tracing::{Instrument as _, debug_span};

use super::hello::quit;
use super::login_refusal::Refused;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::protocol::{
    ClientNonce, Command, Credentials, Exchange, ExchangeError, ExchangeStep, Extension,
    Extensions, Gs2Flag, Mask, Mechanism,
};
use crate::transport::Wire;

/// Tries the mechanisms that both sides know and the credentials allow, in this order, until the
/// server lets one log in or refuses the credentials.
pub(super) async fn authenticate<S>(
    wire: &mut Wire<S>,
    extensions: &Extensions,
    credentials: &Credentials,
    order: &[Mechanism],
) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let span = debug_span!(target: "pilotfish", "auth");
    let tried = try_each(wire, extensions, credentials, order);
    tried.instrument(span).await
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
    let mut tried = Tried::default();
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
                failure = Error::new(ErrorKind::Config, message)
                    .caused_by(error)
                    .with_stage(Stage::Auth);
                continue;
            }
        };
        let refused = match converse(wire, mechanism, exchange, command).await? {
            LoginOutcome::LoggedIn => return undisturbed(wire).await,
            LoginOutcome::Refused(refused) => refused,
        };
        // A refusal of the credentials says more than those that follow it.
        let says_most = !tried.judged;
        let try_another = tried.may_try_another(&refused);
        if says_most {
            let tls = wire.tls().is_some();
            failure = refused
                .error(credentials, extensions, mechanism)
                .with_tls(tls);
        }
        if !try_another {
            break;
        }
    }
    quit(wire).await;
    Err(failure)
}

/// A reply that no command asked for ends the session here, in the server's words. The next command
/// would find it, and by then the login would seem to have been in order.
async fn undisturbed<S>(wire: &mut Wire<S>) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if wire.has_reply().await {
        wire.receive(Stage::Auth).await?;
    }
    Ok(())
}

/// What has been tried. A wrong password that is sent several times may lock an account.
#[derive(Debug, Default)]
struct Tried {
    /// How many times the server has received the credentials, or a proof of them.
    presented: u8,
    /// Whether a reply says that they are wrong.
    judged: bool,
}

impl Tried {
    /// Whether another mechanism may be tried after a refusal. It may if the server refused the
    /// mechanism and not the credentials (RFC 4954 section 6). None is tried once the credentials
    /// have gone out twice, and after a refusal of the credentials that names the mechanism one other
    /// is tried.
    fn may_try_another(&mut self, refused: &Refused) -> bool {
        let judged_before = self.judged;
        self.presented += refused.presented;
        self.judged |= refused.presented > 0 && refused.judges();
        refused.is_about_mechanism() && !judged_before && self.presented < 2
    }
}

/// How an exchange ended.
enum LoginOutcome {
    LoggedIn,
    Refused(Refused),
}

async fn converse<S>(
    wire: &mut Wire<S>,
    mechanism: Mechanism,
    mut exchange: Exchange,
    mut command: Command,
) -> Result<LoginOutcome>
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
                Ok(()) => Ok(LoginOutcome::LoggedIn),
                // The server may be an impostor: it gets no QUIT.
                Err(error) => Err(broken(wire, mechanism, error)),
            };
        }
        if !reply.is_positive_intermediate() {
            return Ok(LoginOutcome::Refused(Refused::by(reply, &exchange, wire)));
        }
        let challenge = reply.lines().first().map_or("", String::as_str);
        command = match next(&mut exchange, challenge).await {
            Ok(response) => response,
            Err(error) => {
                let presented = exchange.times_presented();
                return cancel(wire, mechanism, error, presented).await;
            }
        };
    }
}

/// Ends an exchange that cannot go on. The server answers with 501 (RFC 4954 section 4), and another
/// mechanism may do. It must not with SCRAM, where the server may be an impostor, nor where the
/// server answers otherwise.
async fn cancel<S>(
    wire: &mut Wire<S>,
    mechanism: Mechanism,
    error: ExchangeError,
    presented: u8,
) -> Result<LoginOutcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let reply = wire.command(Stage::Auth, Command::AuthCancel).await?;
    let error = broken(wire, mechanism, error);
    let in_order = !reply.is_positive_completion() && !reply.is_positive_intermediate();
    if mechanism.is_scram() || !in_order {
        quit(wire).await;
        return Err(error);
    }
    Ok(LoginOutcome::Refused(Refused::cancelled(error, presented)))
}

/// The response to a challenge. Yields to other tasks while it is computed.
async fn next(exchange: &mut Exchange, challenge: &str) -> Result<Command, ExchangeError> {
    let mut step = exchange.respond(challenge)?;
    loop {
        match step {
            ExchangeStep::Send(command) => return Ok(command),
            ExchangeStep::Compute => {
                yield_now().await;
                step = exchange.compute()?;
            }
        }
    }
}

/// What to say of channel binding (RFC 5802 section 6); `None` if the mechanism binds and there is
/// nothing to bind to.
fn binding<S>(wire: &Wire<S>, extensions: &Extensions, mechanism: Mechanism) -> Option<Gs2Flag> {
    let possible = wire.channel_binding();
    if mechanism.binds() {
        return possible.map(Gs2Flag::Bound);
    }
    let offered = extensions
        .mechanisms()
        .iter()
        .any(|offered| offered.binds());
    Some(match possible {
        Some(_) if !offered => Gs2Flag::NotOffered,
        _ => Gs2Flag::Unsupported,
    })
}

fn random() -> Result<[u8; 18]> {
    let mut octets = [0; 18];
    getrandom::fill(&mut octets).map_err(|error| {
        let message = "the system's random generator failed";
        Error::new(ErrorKind::Io, message)
            .caused_by(error)
            .with_stage(Stage::Auth)
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
    Error::new(ErrorKind::Protocol, message)
        .caused_by(error)
        .with_stage(Stage::Auth)
}

/// Why none of the mechanisms can be tried.
fn no_mechanism(extensions: &Extensions, credentials: &Credentials, order: &[Mechanism]) -> Error {
    let message = if extensions.offers(Extension::Auth) {
        let usable = order
            .iter()
            .filter(|mechanism| mechanism.takes(credentials));
        let usable: Vec<_> = usable.map(|mechanism| mechanism.name()).collect();
        let mut without_feature = order.iter().filter(|mechanism| {
            let offered = extensions.mechanisms().contains(mechanism);
            !mechanism.is_built() && mechanism.is_for(credentials) && (offered || usable.is_empty())
        });
        match (usable.as_slice(), without_feature.next()) {
            (_, Some(mechanism)) => format!(
                "this program is built without {mechanism}, the only login left: \
                 add the feature `{}` to pilotfish",
                mechanism.name().to_ascii_lowercase()
            ),
            ([], None) => {
                "the mechanisms that are allowed do not take these credentials".to_owned()
            }
            (names, None) => format!(
                "the server offers no login that these credentials are for: {}",
                names.join(", ")
            ),
        }
    } else {
        "the server offers no login (AUTH) here: leave the user name out, or try another port"
            .to_owned()
    };
    Error::new(ErrorKind::Unsupported, message).with_stage(Stage::Auth)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error names the feature where nothing but a login of it is left.
    #[test]
    #[cfg(not(feature = "cram-md5"))]
    fn a_login_that_is_not_built() {
        use bytes::BytesMut;

        use crate::protocol::ReplyDecoder;

        let offering = |mechanisms: &str| {
            let mut octets = BytesMut::from(format!("250-x\r\n250 AUTH {mechanisms}\r\n").as_str());
            let reply = ReplyDecoder::default().decode(&mut octets).unwrap();
            Extensions::from_ehlo(&reply.unwrap())
        };
        let password = Credentials::new("tim", "tanstaaf").unwrap();
        let token = Credentials::token("tim", "token").unwrap();
        let built_without = "this program is built without CRAM-MD5, the only login left: \
                             add the feature `cram-md5` to pilotfish";
        for (offered, credentials, order, expected) in [
            (
                "CRAM-MD5",
                &password,
                &Mechanism::PREFERENCE[..],
                built_without,
            ),
            ("CRAM-MD5", &password, &[Mechanism::CramMd5], built_without),
            ("PLAIN", &password, &[Mechanism::CramMd5], built_without),
            (
                "PLAIN",
                &token,
                &[Mechanism::CramMd5],
                "the mechanisms that are allowed do not take these credentials",
            ),
            (
                "SCRAM-SHA-1",
                &token,
                &Mechanism::PREFERENCE,
                "the server offers no login that these credentials are for: OAUTHBEARER, XOAUTH2",
            ),
            (
                "CRAM-MD5",
                &token,
                &Mechanism::PREFERENCE,
                "the server offers no login that these credentials are for: OAUTHBEARER, XOAUTH2",
            ),
        ] {
            let error = no_mechanism(&offering(offered), credentials, order);
            assert_eq!(error.to_string(), expected, "{offered} {order:?}");
        }
    }

    /// RFC 5802 section 5.1: another value for each exchange.
    #[test]
    fn nonces_differ() {
        assert_ne!(random().unwrap(), random().unwrap());
    }
}
