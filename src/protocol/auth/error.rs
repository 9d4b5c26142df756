//! Why an exchange fails.

use thiserror::Error;

use super::mechanism::Mechanism;

/// The fewest rounds: RFC 5802 section 5.1 and RFC 7677 section 4 have no server use fewer.
pub(super) const MIN_ITERATIONS: u32 = 4_096;

/// The most rounds: a good part of a second's work, and more than any known server wants.
pub(super) const MAX_ITERATIONS: u32 = 1_000_000;

/// What else helps where text that is not ASCII cannot be prepared for SCRAM.
const OR_FEATURE: &str = if cfg!(feature = "saslprep") {
    ""
} else {
    ", or enable the feature of pilotfish for them (`saslprep`)"
};

/// Why a challenge cannot be answered, or a success not be believed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The mechanism takes a password, a token or a certificate, and the credentials are another
    /// of these. Nothing was sent.
    #[error("the credentials are not of the kind that {0} takes")]
    OtherCredentials(Mechanism),
    /// A form that ends in -PLUS, without the data to bind to. Nothing was sent.
    #[error("{0} needs a TLS connection that can be bound to")]
    NoChannelBinding(Mechanism),
    /// SCRAM takes text alone, without characters that look like others or like nothing (`SASLprep`,
    /// RFC 4013), and without the feature `saslprep` ASCII alone. Nothing was sent.
    #[error(
        "the {0} has characters that {1} does not allow (RFC 4013): choose another mechanism{OR_FEATURE}"
    )]
    NotPreparable(&'static str, Mechanism),
    /// RFC 4954 section 4 wants base64.
    #[error("the server's challenge is not base64")]
    ChallengeNotBase64,
    /// The mechanism has no response left.
    #[error("the server asks for more than the mechanism has to say")]
    UnexpectedChallenge,
    /// A message that is not as RFC 5802 section 7 has it; the attribute that is wrong.
    #[error("the server's SCRAM message is malformed at \"{0}\"")]
    Malformed(&'static str),
    /// The server's nonce does not begin with the client's (RFC 5802 section 5.1).
    #[error("the server did not repeat the nonce: somebody may be replaying an old login")]
    WrongNonce,
    /// Too few rounds to protect a password whose verifier is heard (RFC 5802 section 9,
    /// RFC 7677 section 4).
    #[error(
        "the server asks for {0} iterations, fewer than {MIN_ITERATIONS}: \
         the password would be too easy to guess"
    )]
    TooFewIterations(u32),
    /// More rounds than any server has a reason to ask for.
    #[error("the server asks for more than {MAX_ITERATIONS} iterations")]
    TooManyIterations,
    /// `m=`: an extension that must be understood (RFC 5802 section 5.1).
    #[error("the server demands an extension of SCRAM that is unknown here")]
    MandatoryExtension,
    /// `e=`: the beginning of the server's word for what it did not like (RFC 5802 section 7).
    /// Characters that could steer a terminal are escaped when it is shown.
    #[error("the server ended the exchange: {}", .0.escape_debug())]
    ServerError(String),
    /// The server's signature is wrong: it does not know the password.
    #[error("the server has not proved that it knows the password: it may be an impostor")]
    WrongSignature,
    /// A success before the server has shown its signature.
    #[error("the server let the login pass without a proof of its own: it may be an impostor")]
    NoSignature,
}
