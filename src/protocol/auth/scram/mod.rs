//! SCRAM (RFC 5802, RFC 7677): both sides prove that they know the password.
//!
//! ```text
//! C: n,,n=user,r=CNONCE
//! S: r=CNONCE SNONCE,s=salt,i=4096
//! C: c=biws,r=CNONCE SNONCE,p=proof
//! S: v=signature                       (in a 334, or with the 235)
//! ```

mod hash;
mod keys;
mod messages;
mod saslprep;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(super) use hash::Hash;
use hash::constant_time_eq;
use keys::{Derivation, Keys};
pub use messages::ClientNonce;
pub(super) use messages::{MAX_ITERATIONS, MIN_ITERATIONS, escaped_name};
use messages::{ServerFirst, signature};
pub(super) use saslprep::saslprep;

use super::channel_binding::Gs2Flag;
use super::error::ExchangeError;
use super::plain::concat;
use crate::secret::Secret;

/// The client's side of one exchange.
#[derive(Debug)]
pub(super) struct Scram {
    hash: Hash,
    /// `n,,` or what stands in its place, and the data to bind to behind it.
    binding_input: Vec<u8>,
    first_bare: String,
    nonce: ClientNonce,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The server's salt is to come.
    Salt(Secret),
    /// The password is being turned into a key.
    Deriving(Box<Deriving>),
    /// The server's signature is to come, and has to be this.
    Signature(Secret),
    /// The server knows the password too.
    Proved,
    /// The server has ended the exchange by this word.
    Refused(String),
    Failed,
}

/// Who logs in.
pub(super) struct Names<'a> {
    /// The authorization identity, if it is another than the user's own.
    pub(super) identity: Option<&'a str>,
    /// The user's name, [`prepared`].
    pub(super) user: &'a str,
}

#[derive(Debug)]
struct Deriving {
    derivation: Derivation,
    server_first: String,
    nonce: String,
}

impl Scram {
    /// Begins, with a password that is [`prepared`], and returns the first message.
    pub(super) fn begin(
        hash: Hash,
        names: &Names<'_>,
        password: Secret,
        nonce: ClientNonce,
        binding: &Gs2Flag,
    ) -> (Self, Secret) {
        let (flag, data): (_, &[u8]) = match binding {
            Gs2Flag::Unsupported => ("n".to_owned(), &[]),
            Gs2Flag::NotOffered => ("y".to_owned(), &[]),
            Gs2Flag::Bound(binding) => (format!("p={}", binding.name()), binding.octets()),
        };
        let identity = names.identity.map(escaped_name);
        let identity = identity.map_or_else(String::new, |name| format!("a={name}"));
        let header = format!("{flag},{identity},");
        let first_bare = format!("n={},r={}", escaped_name(names.user), nonce.as_str());
        let first = concat(&[header.as_bytes(), first_bare.as_bytes()]);
        let scram = Self {
            hash,
            binding_input: [header.as_bytes(), data].concat(),
            first_bare,
            nonce,
            state: State::Salt(password),
        };
        (scram, first)
    }

    /// Takes a challenge in. What follows is an answer, or a computation that gives one.
    ///
    /// A word that ends the exchange is answered by an empty line: the reply to that is the
    /// server's refusal (RFC 5802 section 5, RFC 4954 section 4).
    pub(super) fn challenge(&mut self, message: &[u8]) -> Result<Option<Secret>, ExchangeError> {
        match self.take_in(message) {
            Err(ExchangeError::ServerError(word)) => {
                self.state = State::Refused(word);
                Ok(Some(Secret::new([])))
            }
            other => other,
        }
    }

    fn take_in(&mut self, message: &[u8]) -> Result<Option<Secret>, ExchangeError> {
        match std::mem::replace(&mut self.state, State::Failed) {
            State::Salt(password) => {
                let text = text(message)?;
                let first = ServerFirst::read(text, &self.nonce)?;
                self.state = State::Deriving(Box::new(Deriving {
                    derivation: Derivation::begin(
                        self.hash,
                        &password,
                        &first.salt,
                        first.iterations,
                    ),
                    nonce: first.nonce.to_owned(),
                    server_first: text.to_owned(),
                }));
                Ok(None)
            }
            State::Signature(expected) => {
                self.state = prove(&expected, message)?;
                Ok(Some(Secret::new([])))
            }
            State::Deriving(_) | State::Proved | State::Refused(_) | State::Failed => {
                Err(ExchangeError::UnexpectedChallenge)
            }
        }
    }

    /// The word by which the server has ended the exchange.
    pub(super) fn server_error(&self) -> Option<&str> {
        match &self.state {
            State::Refused(word) => Some(word),
            _ => None,
        }
    }

    /// Whether the server may have got the client's proof.
    pub(super) fn has_proved(&self) -> bool {
        !matches!(self.state, State::Salt(_) | State::Deriving(_))
    }

    /// Computes for a moment; gives the answer once it is found.
    pub(super) fn compute(&mut self) -> Result<Option<Secret>, ExchangeError> {
        let State::Deriving(deriving) = &mut self.state else {
            return Err(ExchangeError::UnexpectedChallenge);
        };
        let Some(salted_password) = deriving.derivation.advance() else {
            return Ok(None);
        };
        let keys = Keys::of(self.hash, &salted_password);
        let binding = STANDARD.encode(&self.binding_input);
        let without_proof = format!("c={binding},r={}", deriving.nonce);
        let exchanged = [
            self.first_bare.as_str(),
            &deriving.server_first,
            &without_proof,
        ]
        .join(",");
        let (proof, signature) = keys.prove(exchanged.as_bytes());
        self.state = State::Signature(signature);
        Ok(Some(concat(&[
            without_proof.as_bytes(),
            b",p=",
            STANDARD.encode(proof.expose()).as_bytes(),
        ])))
    }

    /// Whether a success can be believed. `words` are those of the reply: the signature may be
    /// one of them.
    pub(super) fn succeed<'a>(
        mut self,
        words: impl Iterator<Item = &'a str>,
    ) -> Result<(), ExchangeError> {
        if let State::Signature(expected) = &self.state {
            let message = words
                .filter_map(|word| STANDARD.decode(word).ok())
                .find(|message| message.starts_with(b"v="));
            let message = message.ok_or(ExchangeError::NoSignature)?;
            self.state = prove(expected, &message)?;
        }
        match self.state {
            State::Proved => Ok(()),
            State::Refused(word) => Err(ExchangeError::ServerError(word)),
            _ => Err(ExchangeError::NoSignature),
        }
    }
}

fn prove(expected: &Secret, message: &[u8]) -> Result<State, ExchangeError> {
    if constant_time_eq(expected.expose(), &signature(text(message)?)?) {
        Ok(State::Proved)
    } else {
        Err(ExchangeError::WrongSignature)
    }
}

fn text(message: &[u8]) -> Result<&str, ExchangeError> {
    str::from_utf8(message).map_err(|_| ExchangeError::Malformed("UTF-8"))
}
