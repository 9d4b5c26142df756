//! AUTH (RFC 4954) with PLAIN (RFC 4616) and LOGIN.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use zeroize::Zeroizing;

use super::command::Command;
use crate::secret::Secret;

/// The longest user name or password, in octets: what RFC 4954 section 4.3 lets a response
/// hold leaves room for both.
const MAX_CREDENTIAL: usize = 4_096;

/// The longest initial response, in octets of base64, that keeps `AUTH PLAIN` within the 512
/// octets of a command line (RFC 4954 section 4).
const MAX_INITIAL_RESPONSE: usize = 512 - "AUTH PLAIN \r\n".len();

/// A user's name and password, fit for any mechanism.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: Secret,
}

impl Credentials {
    /// Checks and takes over a name and a password.
    ///
    /// # Errors
    ///
    /// One of them is empty, longer than 4,096 octets, or has a control character in it. NUL
    /// would shift the fields of PLAIN (RFC 4616 section 2); the others come from a file's
    /// line end far more often than from a password.
    pub fn new(
        user: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Result<Self, CredentialsError> {
        let (user, password) = (user.into(), password.into());
        let checks: [(&'static str, &[u8]); 2] = [
            ("user name", user.as_bytes()),
            ("password", password.expose()),
        ];
        for (what, octets) in checks {
            if octets.is_empty() {
                return Err(CredentialsError::Empty(what));
            }
            if octets.len() > MAX_CREDENTIAL {
                return Err(CredentialsError::TooLong(what));
            }
            if octets.iter().any(u8::is_ascii_control) {
                return Err(CredentialsError::ControlCharacter(what));
            }
        }
        Ok(Self { user, password })
    }

    /// The user's name.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    pub(crate) fn password(&self) -> &Secret {
        &self.password
    }
}

/// Why a name or a password cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// Nothing was given.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// Over 4,096 octets.
    #[error("the {0} is longer than {MAX_CREDENTIAL} octets: is it really one?")]
    TooLong(&'static str),
    /// A control character, such as a line end.
    #[error("the {0} has a control character in it, perhaps a line end: remove it")]
    ControlCharacter(&'static str),
}

/// An AUTH mechanism that sends a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mechanism {
    /// PLAIN (RFC 4616).
    Plain,
    /// LOGIN, never standardised, and the only one that some services offer for passwords.
    Login,
}

impl Mechanism {
    /// The mechanisms in the order in which they are tried: PLAIN takes one round trip, LOGIN
    /// three.
    pub const PREFERENCE: [Self; 2] = [Self::Plain, Self::Login];

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::PREFERENCE
            .into_iter()
            .find(|mechanism| mechanism.name().eq_ignore_ascii_case(name))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The client's side of one AUTH exchange: challenge in, response out.
///
/// ```text
/// PLAIN   Start -> Done              (initial response in the command)
///         Start -> Plain -> Done     (the command would be too long)
/// LOGIN   Start -> User -> Password -> Done
/// ```
///
/// No response is given twice, and none to a challenge that the mechanism does not have.
#[derive(Debug)]
pub struct Exchange<'a> {
    credentials: &'a Credentials,
    next: Response,
}

#[derive(Debug, Clone, Copy)]
enum Response {
    Plain,
    User,
    Password,
    Done,
}

impl<'a> Exchange<'a> {
    /// Begins an exchange, and returns the command that opens it.
    #[must_use]
    pub fn begin(mechanism: Mechanism, credentials: &'a Credentials) -> (Self, Command) {
        let next = match mechanism {
            Mechanism::Plain => Response::Plain,
            Mechanism::Login => Response::User,
        };
        let mut exchange = Self { credentials, next };
        let initial_response = match mechanism {
            Mechanism::Plain => exchange.initial_response(),
            // Not all servers take the name of LOGIN in the command.
            Mechanism::Login => None,
        };
        (exchange, Command::Auth(mechanism, initial_response))
    }

    fn initial_response(&mut self) -> Option<Secret> {
        let response = self.plain();
        if response.len().div_ceil(3) * 4 > MAX_INITIAL_RESPONSE {
            return None;
        }
        self.next = Response::Done;
        Some(response)
    }

    /// Answers a challenge, given as the text of a 334 reply.
    ///
    /// What LOGIN's challenges say is not looked at, since servers word them differently.
    ///
    /// # Errors
    ///
    /// The challenge is not base64, or one too many. The exchange is to be ended by
    /// [`Command::AuthCancel`] (RFC 4954 section 4).
    pub fn respond(&mut self, challenge: &str) -> Result<Command, ExchangeError> {
        if STANDARD.decode(challenge.trim()).is_err() {
            return Err(ExchangeError::ChallengeNotBase64);
        }
        let (response, next) = match self.next {
            Response::Plain => (self.plain(), Response::Done),
            Response::User => (Secret::from(self.credentials.user()), Response::Password),
            Response::Password => (self.credentials.password().clone(), Response::Done),
            Response::Done => return Err(ExchangeError::UnexpectedChallenge),
        };
        self.next = next;
        Ok(Command::AuthResponse(response))
    }

    /// RFC 4616 section 2: no authorization identity, then name and password.
    fn plain(&self) -> Secret {
        let (user, password) = (self.credentials.user(), self.credentials.password());
        // One allocation of the right size: growing would leave a copy behind.
        let mut message = Zeroizing::new(Vec::with_capacity(2 + user.len() + password.len()));
        message.push(0);
        message.extend_from_slice(user.as_bytes());
        message.push(0);
        message.extend_from_slice(password.expose());
        Secret::new(std::mem::take(&mut *message))
    }
}

/// Why a challenge cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// RFC 4954 section 4 wants base64.
    #[error("the server's challenge is not base64")]
    ChallengeNotBase64,
    /// The mechanism has said all there is to say.
    #[error("the server asks for more than the mechanism has to say")]
    UnexpectedChallenge,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(command: &Command) -> String {
        let mut octets = Vec::new();
        command.encode(&mut octets);
        String::from_utf8(octets).unwrap()
    }

    #[test]
    fn plain_in_one_round_trip() {
        // The example of RFC 4616 section 4, with no authorization identity.
        let credentials = Credentials::new("tim", "tanstaaftanstaaf").unwrap();
        let (mut exchange, command) = Exchange::begin(Mechanism::Plain, &credentials);
        assert_eq!(
            line(&command),
            "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n"
        );
        assert_eq!(
            exchange.respond(""),
            Err(ExchangeError::UnexpectedChallenge)
        );
    }

    #[test]
    fn plain_too_long_for_a_command_line_waits_for_the_challenge() {
        // 2 + 4 + 366 octets are 496 of base64, one more are 500.
        for (length, fits) in [(366, true), (367, false), (4_096, false)] {
            let credentials = Credentials::new("user", "p".repeat(length).as_str()).unwrap();
            let (mut exchange, command) = Exchange::begin(Mechanism::Plain, &credentials);
            assert!(line(&command).len() <= 512, "{length}");
            assert_eq!(
                matches!(command, Command::Auth(_, Some(_))),
                fits,
                "{length}"
            );
            assert_eq!(exchange.respond("").is_ok(), !fits, "{length}");
            assert!(exchange.respond("").is_err(), "{length}");
        }
    }

    #[test]
    fn login_in_three() {
        let credentials = Credentials::new("ann", "secret").unwrap();
        let (mut exchange, command) = Exchange::begin(Mechanism::Login, &credentials);
        assert_eq!(line(&command), "AUTH LOGIN\r\n");
        assert_eq!(line(&exchange.respond("VXNlcm5hbWU6").unwrap()), "YW5u\r\n");
        assert_eq!(
            line(&exchange.respond("UGFzc3dvcmQ6").unwrap()),
            "c2VjcmV0\r\n"
        );
        assert_eq!(
            exchange.respond("VXNlcm5hbWU6"),
            Err(ExchangeError::UnexpectedChallenge)
        );
    }

    #[test]
    fn challenges_are_base64_and_may_be_empty() {
        let credentials = Credentials::new("ann", "secret").unwrap();
        for (challenge, accepted) in [
            ("", true),
            (" ", true),
            ("VXNlciBOYW1lAA==", true),
            ("Username:", false),
            ("*", false),
        ] {
            let (mut exchange, _) = Exchange::begin(Mechanism::Login, &credentials);
            assert_eq!(
                exchange.respond(challenge).is_ok(),
                accepted,
                "{challenge:?}"
            );
        }
    }

    #[test]
    fn credentials_that_cannot_be_used() {
        let long = "x".repeat(MAX_CREDENTIAL + 1);
        for (user, password) in [
            ("", "p"),
            ("u", ""),
            ("u\0v", "p"),
            ("u", "p\0q"),
            ("u", "p\n"),
            ("u\r\n", "p"),
            (&long, "p"),
            ("u", &long),
        ] {
            let error = Credentials::new(user, password).unwrap_err();
            assert!(!error.to_string().contains('\n'), "{error}");
        }
        assert!(Credentials::new("jörg", "pässword 🦈").is_ok());
    }

    #[test]
    fn debug_shows_no_password() {
        let credentials = Credentials::new("ann", "hunter2").unwrap();
        assert!(!format!("{credentials:?}").contains("hunter2"));
    }
}
