//! Logging in (RFC 4954).

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::yield_now;
use tokio::time::Instant;
use tracing::{Instrument as _, debug, debug_span};

use super::credentials_provider::SharedCredentialsProvider;
use super::greeted::Established;
use super::login_refusal::{LoginRefusal, RefusalCause};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::protocol::{
    ClientNonce, Command, Credentials, Exchange, ExchangeError, ExchangeStep, Extension,
    Extensions, Gs2Flag, Mask, Mechanism,
};

impl<S: AsyncRead + AsyncWrite + Unpin> Established<S> {
    /// Tries the mechanisms that both sides know and the credentials allow, in this order, until the
    /// server lets one log in or refuses the credentials. A refused token is
    /// [renewed](Self::log_in_again) once if there is a provider.
    pub(super) async fn authenticate(
        &mut self,
        order: &[Mechanism],
        credentials: &Credentials,
        provider: Option<&SharedCredentialsProvider>,
    ) -> Result<()> {
        let begun = Instant::now();
        let tried = async {
            let Some(refused) = self.try_each(order, credentials).await? else {
                return Ok(());
            };
            // Once in many sessions, and large.
            let again = Box::pin(self.log_in_again(refused, credentials, provider));
            let outcome = again.await;
            if outcome.is_err() {
                self.wire.quit().await;
            }
            outcome
        };
        tried
            .instrument(debug_span!(target: "pilotfish", "auth"))
            .await?;
        self.set_up.auth = begun.elapsed();
        Ok(())
    }

    /// `None` if the client is logged in. After a refusal the connection is still open.
    pub(super) async fn try_each(
        &mut self,
        order: &[Mechanism],
        credentials: &Credentials,
    ) -> Result<Option<Refused>> {
        if let Some(secret) = credentials.secret() {
            self.wire.mask(Mask::new(secret));
        }
        let mut failure = no_mechanism(&self.extensions, credentials, order);
        let mut token = None;
        let mut tried = Tried::default();
        // A password that SCRAM would have hidden is not shown in clear text, because of a character
        // that SCRAM does not take.
        let mut must_hide = false;
        for mechanism in order.iter().copied() {
            let is_offered = self.extensions.mechanisms().contains(&mechanism);
            let shows = matches!(mechanism, Mechanism::Plain | Mechanism::Login);
            if !is_offered || !mechanism.takes(credentials) || must_hide && shows {
                continue;
            }
            let Some(binding) = self.binding(mechanism) else {
                continue;
            };
            let nonce = ClientNonce::new(random()?);
            let begun = Exchange::begin(mechanism, credentials, nonce, &binding);
            let (exchange, command) = match begun {
                Ok(begun) => begun,
                // Nothing has been sent yet.
                Err(error) => {
                    let message = format!("the credentials are not for AUTH {mechanism}");
                    failure = Error::new(ErrorKind::Config, message)
                        .caused_by(error)
                        .with_stage(Stage::Auth);
                    must_hide = self.wire.tls().is_none();
                    continue;
                }
            };
            let Some(refusal) = self.converse(mechanism, exchange, command).await? else {
                // A reply that no command asked for ends the session here, in the server's words. The
                // next command would find it, and by then the login would seem to have been in order.
                if self.wire.has_reply().await {
                    self.wire.receive(Stage::Auth).await?;
                }
                let (user, mechanism) = (credentials.user(), mechanism.name());
                debug!(target: "pilotfish", user, mechanism, "the login is accepted");
                return Ok(None);
            };
            // A refusal of the credentials says more than those that follow it.
            let says_most = !tried.judged;
            if refusal.is_of_token(mechanism) {
                token = Some(mechanism);
            }
            let try_another = tried.may_try_another(&refusal);
            if says_most {
                failure = refusal
                    .error(credentials, &self.extensions, mechanism)
                    .with_tls(self.wire.tls().is_some());
            }
            if !try_another {
                break;
            }
        }
        Ok(Some(Refused {
            error: failure,
            token,
        }))
    }

    /// Carries out one exchange. `None` if the client is logged in.
    async fn converse(
        &mut self,
        mechanism: Mechanism,
        mut exchange: Exchange,
        mut command: Command<'static>,
    ) -> Result<Option<LoginRefusal>> {
        loop {
            // Not those of tokens: their frame has words in common with a server's reasons.
            if let (Mechanism::Plain, Some(response)) = (mechanism, command.secret()) {
                self.wire.mask(Mask::of_response(response));
            }
            let reply = self.wire.command(Stage::Auth, command).await?;
            if reply.is_positive_completion() {
                return match exchange.succeed(&reply) {
                    Ok(()) => Ok(None),
                    // The server may be an impostor: it gets no QUIT.
                    Err(error) => Err(self.broken(mechanism, error)),
                };
            }
            if !reply.is_positive_intermediate() {
                return Ok(Some(LoginRefusal::by(reply, &exchange, &self.wire)));
            }
            let challenge = reply.lines().next().unwrap_or_default();
            command = match respond(&mut exchange, challenge).await {
                Ok(response) => response,
                Err(error) => {
                    let presented = exchange.times_presented();
                    return self.cancel(mechanism, error, presented).await.map(Some);
                }
            };
        }
    }

    /// Ends an exchange that cannot go on. The server answers with 501 (RFC 4954 section 4), and then
    /// another mechanism may succeed. None is tried after SCRAM, where the server may be an impostor, and
    /// none if the server answers otherwise.
    async fn cancel(
        &mut self,
        mechanism: Mechanism,
        error: ExchangeError,
        presented: u8,
    ) -> Result<LoginRefusal> {
        let reply = self.wire.command(Stage::Auth, Command::AuthCancel).await?;
        let error = self.broken(mechanism, error);
        let in_order = !reply.is_positive_completion() && !reply.is_positive_intermediate();
        if mechanism.is_scram() || !in_order {
            self.wire.quit().await;
            return Err(error);
        }
        let cause = RefusalCause::Cancelled(error);
        Ok(LoginRefusal { presented, cause })
    }

    /// The flag of channel binding (RFC 5802 section 6); `None` if the mechanism binds and there is
    /// nothing to bind to.
    fn binding(&self, mechanism: Mechanism) -> Option<Gs2Flag> {
        let possible = self.wire.channel_binding();
        if mechanism.binds() {
            return possible.map(Gs2Flag::Bound);
        }
        let mut offered = self.extensions.mechanisms().iter();
        Some(match possible {
            Some(_) if !offered.any(|offered| offered.binds()) => Gs2Flag::NotOffered,
            _ => Gs2Flag::Unsupported,
        })
    }

    fn broken(&self, mechanism: Mechanism, error: ExchangeError) -> Error {
        let error = match error {
            ExchangeError::ServerError(words) => {
                ExchangeError::ServerError(self.wire.masked(words))
            }
            other => other,
        };
        let message = format!("the AUTH {mechanism} exchange failed");
        Error::new(ErrorKind::Protocol, message)
            .caused_by(error)
            .with_stage(Stage::Auth)
    }
}

/// A login that no mechanism carried out.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) error: Error,
    /// The mechanism by which the server refused a token.
    pub(super) token: Option<Mechanism>,
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
    fn may_try_another(&mut self, refusal: &LoginRefusal) -> bool {
        let judged_before = self.judged;
        self.presented += refusal.presented;
        self.judged |= refusal.presented > 0 && refusal.judges();
        refusal.is_about_mechanism() && !judged_before && self.presented < 2
    }
}

/// The response to a challenge. Yields to other tasks while it is computed.
async fn respond(
    exchange: &mut Exchange,
    challenge: &str,
) -> Result<Command<'static>, ExchangeError> {
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

/// Why none of the mechanisms can be tried.
fn no_mechanism(extensions: &Extensions, credentials: &Credentials, order: &[Mechanism]) -> Error {
    let usable = order
        .iter()
        .filter(|mechanism| mechanism.takes(credentials));
    let usable: Vec<_> = usable.map(|mechanism| mechanism.name()).collect();
    let mut without_feature = order.iter().filter(|mechanism| {
        let offered = extensions.mechanisms().contains(mechanism);
        !mechanism.is_built() && mechanism.is_for(credentials) && (offered || usable.is_empty())
    });
    let message = match (usable.as_slice(), without_feature.next()) {
        _ if !extensions.offers(Extension::Auth) => {
            "the server offers no login (AUTH) here: leave the user name out, or try another port"
                .to_owned()
        }
        (_, Some(mechanism)) => format!(
            "this program is built without {mechanism}, the only login left: \
             add the feature `{}` to pilotfish",
            mechanism.name().to_ascii_lowercase()
        ),
        ([], None) => "the mechanisms that are allowed do not take these credentials".to_owned(),
        (names, None) => format!(
            "the server offers no login by {}: use other credentials or mechanisms",
            names.join(", ")
        ),
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
                "the server offers no login by OAUTHBEARER, XOAUTH2: use other credentials or mechanisms",
            ),
            (
                "CRAM-MD5",
                &token,
                &Mechanism::PREFERENCE,
                "the server offers no login by OAUTHBEARER, XOAUTH2: use other credentials or mechanisms",
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
