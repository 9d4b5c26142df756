//! The client's side of AUTH, whatever the mechanism.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::credentials::{Credentials, Proof};
use super::error::ExchangeError;
use super::mechanism::Mechanism;
use super::oauth_refusal::oauth_refusal;
use super::responses;
use super::scram::{ClientNonce, Gs2Flag, Scram};
use crate::protocol::command::Command;
use crate::protocol::reply::Reply;
use crate::secret::Secret;

/// The longest command line, in octets with its CRLF (RFC 4954 section 4): an initial response
/// that makes it longer waits for the challenge.
const MAX_COMMAND: usize = 512;

/// The client's side of one AUTH exchange: challenge in, response out.
///
/// ```text
/// PLAIN         Start -> Done                     (initial response in the command)
///               Start -> Plain -> Done            (the command would be too long)
/// EXTERNAL      as PLAIN
/// LOGIN         Start -> User -> Password -> Done
/// CRAM-MD5      Start -> Digest -> Done
/// OAUTHBEARER, XOAUTH2
///               as PLAIN, and -> Refused -> Done  (the reason is acknowledged)
/// SCRAM         as PLAIN, then -> Proof -> Verified (the server's signature was right)
///                                      -> Refused  (the reason is acknowledged)
/// ```
///
/// The exchange answers no challenge that the mechanism does not have. After an error it answers
/// none at all. A server that asks for the initial response although the command had it gets the
/// response once more: some servers do not read it there.
#[derive(Debug)]
pub struct Exchange {
    initial: Initial,
    /// The server got the response that the mechanism begins with twice.
    repeated: bool,
    mechanism: MechanismState,
}

/// The response that the mechanism begins with.
#[derive(Debug)]
enum Initial {
    /// The first challenge asks for it.
    Due(Secret),
    /// The command had it.
    Sent(Secret),
    /// The mechanism has none, or it is not needed any more.
    None,
}

#[derive(Debug)]
enum MechanismState {
    /// The responses that are left, whatever the challenges say.
    Fixed(std::vec::IntoIter<Secret>),
    /// The octets that acknowledge a refusal, and the refusal once it has come. RFC 7628 section 3.2.3
    /// has one octet of 1, XOAUTH2 an empty line.
    Token(&'static [u8], Option<String>),
    CramMd5(Option<(String, Secret)>),
    Scram(Scram),
    /// Whether the server had got the credentials before.
    Failed(bool),
}

/// What the caller of an exchange does next.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum ExchangeStep {
    /// Send this.
    Send(Command<'static>),
    /// Call [`Exchange::compute`], and let other tasks run between two calls: up to a million rounds
    /// turn a password into a key.
    Compute,
}

impl Exchange {
    /// Begins an exchange, and returns the command that opens it.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::OtherCredentials`], [`ExchangeError::NoChannelBinding`] or
    /// [`ExchangeError::NotPreparable`]: this mechanism is not for these credentials, or not for
    /// this connection.
    pub fn begin(
        mechanism: Mechanism,
        credentials: &Credentials,
        nonce: ClientNonce,
        binding: &Gs2Flag,
    ) -> Result<(Self, Command<'static>), ExchangeError> {
        let user = credentials.user();
        let identity = credentials.identity();
        let (initial, state) = match (mechanism, credentials.proof()) {
            (Mechanism::Plain, Proof::Password(password)) => {
                (Some(responses::plain(identity, user, password)), fixed([]))
            }
            // Not all servers take the name of LOGIN in the command.
            (Mechanism::Login, Proof::Password(password)) => {
                (None, fixed([Secret::from(user), password.clone()]))
            }
            (Mechanism::CramMd5, Proof::Password(password)) if mechanism.is_built() => {
                let credentials = (user.to_owned(), password.clone());
                (None, MechanismState::CramMd5(Some(credentials)))
            }
            (Mechanism::External, Proof::External) => {
                (Some(Secret::from(identity.unwrap_or(user))), fixed([]))
            }
            (Mechanism::OAuthBearer, Proof::Token(token)) => {
                let bearer = responses::oauth_bearer(identity.unwrap_or(user), token);
                (Some(bearer), MechanismState::Token(b"\x01", None))
            }
            (Mechanism::XOAuth2, Proof::Token(token)) => {
                let token = responses::xoauth2(identity.unwrap_or(user), token);
                (Some(token), MechanismState::Token(b"", None))
            }
            (_, Proof::Password(password)) if mechanism.is_scram() => {
                let (scram, first) =
                    Scram::begin(mechanism, credentials, password, nonce, binding)?;
                (Some(first), MechanismState::Scram(scram))
            }
            _ => return Err(ExchangeError::OtherCredentials(mechanism)),
        };
        let fits = |initial: &Secret| {
            let encoded = initial.len().div_ceil(3) * 4;
            "AUTH ".len() + mechanism.name().len() + " \r\n".len() + encoded.max(1) <= MAX_COMMAND
        };
        let (in_command, initial) = match initial {
            Some(initial) if fits(&initial) => (Some(initial.clone()), Initial::Sent(initial)),
            Some(initial) => (None, Initial::Due(initial)),
            None => (None, Initial::None),
        };
        let exchange = Self {
            initial,
            repeated: false,
            mechanism: state,
        };
        Ok((exchange, Command::Auth(mechanism, in_command)))
    }

    /// Answers a challenge, given as the text of a 334 reply.
    ///
    /// The text of challenges of PLAIN, LOGIN and EXTERNAL is ignored, since servers word
    /// them differently, in base64 or not.
    ///
    /// # Errors
    ///
    /// The challenge is not base64, one too many, or not what the mechanism allows. The caller must end the
    /// exchange with [`Command::AuthCancel`] (RFC 4954 section 4).
    pub fn respond(&mut self, challenge: &str) -> Result<ExchangeStep, ExchangeError> {
        let answer = self.answer(challenge.trim());
        self.ending_with(answer)
    }

    /// After an error nothing more is said.
    fn ending_with(
        &mut self,
        answer: Result<ExchangeStep, ExchangeError>,
    ) -> Result<ExchangeStep, ExchangeError> {
        if answer.is_err() {
            let presented = self.has_presented();
            *self = Self {
                initial: Initial::None,
                repeated: self.repeated,
                mechanism: MechanismState::Failed(presented),
            };
        }
        answer
    }

    fn answer(&mut self, challenge: &str) -> Result<ExchangeStep, ExchangeError> {
        let is_prompt = challenge.is_empty() || matches!(self.mechanism, MechanismState::Fixed(_));
        match std::mem::replace(&mut self.initial, Initial::None) {
            Initial::Due(initial) => return Ok(send(initial)),
            Initial::Sent(initial) if is_prompt => {
                self.repeated = true;
                return Ok(send(initial));
            }
            Initial::Sent(_) | Initial::None => {}
        }
        let decoded = || {
            let octets = STANDARD.decode(challenge);
            octets.map_err(|_| ExchangeError::ChallengeNotBase64)
        };
        let response = match &mut self.mechanism {
            MechanismState::Fixed(responses) => responses.next(),
            MechanismState::Token(acknowledgment, refusal) => {
                let reason = oauth_refusal(&decoded()?);
                // There is one refusal at most.
                (refusal.replace(reason).is_none()).then(|| Secret::new(*acknowledgment))
            }
            MechanismState::CramMd5(credentials) => {
                let challenge = decoded()?;
                credentials
                    .take()
                    .and_then(|(user, password)| responses::cram_md5(&user, &password, &challenge))
            }
            MechanismState::Scram(scram) => match scram.challenge(&decoded()?)? {
                None => return Ok(ExchangeStep::Compute),
                response => response,
            },
            MechanismState::Failed(_) => None,
        };
        response.map(send).ok_or(ExchangeError::UnexpectedChallenge)
    }

    /// Computes for less than a millisecond, and says what comes next.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::UnexpectedChallenge`] if there is nothing to compute. The exchange is over
    /// then, as after an error of [`respond`](Self::respond).
    pub fn compute(&mut self) -> Result<ExchangeStep, ExchangeError> {
        let computed = match &mut self.mechanism {
            MechanismState::Scram(scram) => scram.compute(),
            _ => Err(ExchangeError::UnexpectedChallenge),
        };
        let step = computed.map(|response| match response {
            Some(response) => send(response),
            None => ExchangeStep::Compute,
        });
        self.ending_with(step)
    }

    /// Handles a positive completion (2yz): with SCRAM it counts only if the server has proved
    /// that it knows the password, before or with this reply.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::NoSignature`] or [`ExchangeError::WrongSignature`]: the peer may not be the server,
    /// so the client must send nothing more. [`ExchangeError::Malformed`] likewise;
    /// [`ExchangeError::UnexpectedChallenge`] if [`respond`](Self::respond) has failed before.
    pub fn succeed(self, reply: &Reply) -> Result<(), ExchangeError> {
        match self.mechanism {
            MechanismState::Scram(scram) => {
                scram.succeed(reply.lines().flat_map(str::split_ascii_whitespace))
            }
            MechanismState::Failed(_) => Err(ExchangeError::UnexpectedChallenge),
            MechanismState::Fixed(_) | MechanismState::Token(..) | MechanismState::CramMd5(_) => {
                Ok(())
            }
        }
    }

    /// The reason that the server gave for refusing a token, if it gave any.
    pub(crate) fn refusal(&self) -> Option<&str> {
        match &self.mechanism {
            MechanismState::Token(_, refusal) => refusal.as_deref(),
            _ => None,
        }
    }

    /// The `server-error-value` of SCRAM with which the server ended the exchange (RFC 5802 section
    /// 7), such as `unknown-user`: at most 80 characters, as they came.
    pub(crate) fn server_error(&self) -> Option<&str> {
        match &self.mechanism {
            MechanismState::Scram(scram) => scram.server_error(),
            _ => None,
        }
    }

    /// How many times the server has got the credentials: twice if it asked for the initial response
    /// although the command had it.
    pub(crate) fn times_presented(&self) -> u8 {
        match self.has_presented() {
            true if !matches!(self.mechanism, MechanismState::Scram(_)) => {
                1 + u8::from(self.repeated)
            }
            presented => u8::from(presented),
        }
    }

    /// Whether the server has got the credentials: the password, the token, or a proof of the
    /// password. A refusal before that judges none of them.
    pub(crate) fn has_presented(&self) -> bool {
        let begun = !matches!(self.initial, Initial::Due(_));
        match &self.mechanism {
            MechanismState::Fixed(responses) => begun && responses.len() == 0,
            MechanismState::Token(..) => begun,
            MechanismState::CramMd5(credentials) => credentials.is_none(),
            MechanismState::Scram(scram) => scram.has_proved(),
            MechanismState::Failed(presented) => *presented,
        }
    }
}

fn send(response: Secret) -> ExchangeStep {
    ExchangeStep::Send(Command::AuthResponse(response))
}

fn fixed<const N: usize>(responses: [Secret; N]) -> MechanismState {
    MechanismState::Fixed(Vec::from(responses).into_iter())
}
