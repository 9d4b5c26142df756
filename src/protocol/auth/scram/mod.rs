//! SCRAM (RFC 5802, RFC 7677): both sides prove that they know the password.
//!
//! ```text
//! C: n,,n=user,r=CNONCE
//! S: r=CNONCE SNONCE,s=salt,i=4096
//! C: c=biws,r=CNONCE SNONCE,p=proof
//! S: v=signature                       (in a 334, or with the 235)
//! ```

mod keys;
mod messages;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use keys::{Derivation, ScramHash, constant_time_eq, prove, saslprep};
pub(crate) use messages::ChannelBinding;
pub(super) use messages::escaped_name;
pub use messages::{ClientNonce, Gs2Flag};
use messages::{ServerFirst, signature};

use super::credentials::Credentials;
use super::error::ExchangeError;
use super::mechanism::Mechanism;
use super::responses::concat;
use crate::secret::Secret;

/// The client's side of one exchange.
#[derive(Debug)]
pub(super) struct Scram {
    hash: ScramHash,
    /// The GS2 header, such as `n,,`, and after it the data to bind to.
    binding_input: Vec<u8>,
    first_bare: String,
    nonce: ClientNonce,
    state: ScramState,
}

#[derive(Debug)]
enum ScramState {
    /// The server's salt is to come.
    Salt(Secret),
    /// The password is being turned into a key.
    Deriving {
        derivation: Box<Derivation>,
        /// The client's final message without the proof.
        without_proof: String,
        /// What the proof is about: all messages in one.
        exchanged: String,
    },
    /// The server's signature is to come, and has to be this.
    Signature(Secret),
    /// The server knows the password too.
    Proved,
    /// The server has ended the exchange with this error value.
    Refused(String),
    Failed,
}

impl Scram {
    /// Begins an exchange, and returns the first message.
    pub(super) fn begin(
        mechanism: Mechanism,
        credentials: &Credentials,
        password: &Secret,
        nonce: ClientNonce,
        binding: &Gs2Flag,
    ) -> Result<(Self, Secret), ExchangeError> {
        if mechanism.binds() != matches!(binding, Gs2Flag::Bound(_)) {
            return Err(ExchangeError::NoChannelBinding(mechanism));
        }
        let hash = match mechanism {
            Mechanism::ScramSha256Plus | Mechanism::ScramSha256 => ScramHash::Sha256,
            _ => ScramHash::Sha1,
        };
        let unusable = |what| ExchangeError::NotPreparable(what, mechanism);
        let user = saslprep(credentials.user().as_bytes()).ok_or(unusable("user name"))?;
        let user = escaped_name(&String::from_utf8_lossy(user.expose()));
        let password = saslprep(password.expose()).ok_or(unusable("password"))?;
        let (flag, data) = binding.parts();
        let identity = credentials.identity().map(escaped_name);
        let identity = identity.map_or_else(String::new, |name| format!("a={name}"));
        let header = format!("{flag},{identity},");
        let first_bare = format!("n={user},r={}", nonce.as_str());
        let first = concat(&[header.as_bytes(), first_bare.as_bytes()]);
        let scram = Self {
            hash,
            binding_input: [header.as_bytes(), data].concat(),
            first_bare,
            nonce,
            state: ScramState::Salt(password),
        };
        Ok((scram, first))
    }

    /// Takes a challenge in. What follows is an answer, or a computation that gives one.
    ///
    /// A word that ends the exchange is answered by an empty line: the reply to that is the
    /// server's refusal (RFC 5802 section 5, RFC 4954 section 4).
    pub(super) fn challenge(&mut self, message: &[u8]) -> Result<Option<Secret>, ExchangeError> {
        match self.take_in(message) {
            Err(ExchangeError::ServerError(word)) => {
                self.state = ScramState::Refused(word);
                Ok(Some(Secret::new([])))
            }
            other => other,
        }
    }

    fn take_in(&mut self, message: &[u8]) -> Result<Option<Secret>, ExchangeError> {
        match std::mem::replace(&mut self.state, ScramState::Failed) {
            ScramState::Salt(password) => {
                let text = text(message)?;
                let first = ServerFirst::read(text, &self.nonce)?;
                let binding = STANDARD.encode(&self.binding_input);
                let without_proof = format!("c={binding},r={}", first.nonce);
                let ServerFirst {
                    salt, iterations, ..
                } = &first;
                let derivation = Derivation::begin(self.hash, &password, salt, *iterations);
                self.state = ScramState::Deriving {
                    derivation: Box::new(derivation),
                    exchanged: format!("{},{text},{without_proof}", self.first_bare),
                    without_proof,
                };
                Ok(None)
            }
            ScramState::Signature(expected) => {
                self.state = verified(&expected, message)?;
                Ok(Some(Secret::new([])))
            }
            ScramState::Deriving { .. }
            | ScramState::Proved
            | ScramState::Refused(_)
            | ScramState::Failed => Err(ExchangeError::UnexpectedChallenge),
        }
    }

    /// The word by which the server has ended the exchange.
    pub(super) fn server_error(&self) -> Option<&str> {
        match &self.state {
            ScramState::Refused(word) => Some(word),
            _ => None,
        }
    }

    /// Whether the server may have got the client's proof.
    pub(super) fn has_proved(&self) -> bool {
        !matches!(
            self.state,
            ScramState::Salt(_) | ScramState::Deriving { .. }
        )
    }

    /// Computes for a moment; gives the answer once it is found.
    pub(super) fn compute(&mut self) -> Result<Option<Secret>, ExchangeError> {
        let ScramState::Deriving {
            derivation,
            without_proof,
            exchanged,
        } = &mut self.state
        else {
            return Err(ExchangeError::UnexpectedChallenge);
        };
        let Some(salted_password) = derivation.advance() else {
            return Ok(None);
        };
        let (proof, signature) = prove(self.hash, &salted_password, exchanged.as_bytes());
        let proof = STANDARD.encode(proof.expose());
        let response = concat(&[without_proof.as_bytes(), b",p=", proof.as_bytes()]);
        self.state = ScramState::Signature(signature);
        Ok(Some(response))
    }

    /// Whether a success can be believed. `words` are those of the reply: the signature may be
    /// one of them.
    pub(super) fn succeed<'a>(
        mut self,
        words: impl Iterator<Item = &'a str>,
    ) -> Result<(), ExchangeError> {
        if let ScramState::Signature(expected) = &self.state {
            let message = words
                .filter_map(|word| STANDARD.decode(word).ok())
                .find(|message| message.starts_with(b"v="));
            let message = message.ok_or(ExchangeError::NoSignature)?;
            self.state = verified(expected, &message)?;
        }
        match self.state {
            ScramState::Proved => Ok(()),
            ScramState::Refused(word) => Err(ExchangeError::ServerError(word)),
            _ => Err(ExchangeError::NoSignature),
        }
    }
}

fn verified(expected: &Secret, message: &[u8]) -> Result<ScramState, ExchangeError> {
    if constant_time_eq(expected.expose(), &signature(text(message)?)?) {
        Ok(ScramState::Proved)
    } else {
        Err(ExchangeError::WrongSignature)
    }
}

fn text(message: &[u8]) -> Result<&str, ExchangeError> {
    str::from_utf8(message).map_err(|_| ExchangeError::Malformed("UTF-8"))
}
