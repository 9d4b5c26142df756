//! Who logs in, and by what.

use std::io;

use pilotfish::Credentials;
use pilotfish::config::{Auth, PasswordSource, SecretError};
use pilotfish::protocol::Mechanism;

use crate::exit;
use crate::failure::Failure;
use crate::hint::{LoginBy, SecretShape};

/// Who logs in, and where the password or the token is.
#[derive(Default)]
pub(crate) struct Login {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<PasswordSource>,
    pub(crate) token: Option<PasswordSource>,
    pub(crate) auth: Auth,
    /// The identity to act as.
    pub(crate) auth_as: Option<String>,
}

impl Login {
    /// The mechanisms that are asked for, if any are.
    pub(crate) fn mechanisms(&self) -> Option<&[Mechanism]> {
        match &self.auth {
            Auth::Only(mechanisms) => Some(mechanisms),
            _ => None,
        }
    }

    /// What the login is by.
    pub(crate) fn by(&self) -> LoginBy {
        if self.auth == Auth::None {
            LoginBy::None
        } else if self.token.is_some() {
            LoginBy::Token
        } else if self.mechanisms() == Some(&[Mechanism::External]) {
            LoginBy::Certificate
        } else if self.user.is_some() {
            LoginBy::Password
        } else {
            LoginBy::None
        }
    }

    /// Reads what there is to read; none if nobody logs in. With it comes what can be said of the
    /// password.
    pub(crate) async fn credentials(
        self,
    ) -> Result<Option<(Credentials, Option<SecretShape>)>, Failure> {
        if self.auth == Auth::None {
            return Ok(None);
        }
        let external = self.mechanisms() == Some(&[Mechanism::External]);
        let mut shape = None;
        let credentials = match (self.user, self.password, self.token) {
            (user, None, None) if external => Credentials::external(user.unwrap_or_default()),
            (Some(user), _, Some(source)) => {
                Credentials::token(user, source.read_token().await.map_err(unread)?)
            }
            (Some(user), Some(source), None) => {
                let password = source.read().await.map_err(unread)?;
                shape = Some(SecretShape::of(&password));
                Credentials::new(user, password)
            }
            (Some(_), None, None) => {
                let message = "there is a user and no password: add --password-file, \
                               --password-fd or --password-command, or the same with token";
                return Err(Failure::new(exit::USAGE, message));
            }
            (None, None, None) => return Ok(None),
            (None, ..) => {
                let message = "there is a password or a token and no --user";
                return Err(Failure::new(exit::USAGE, message));
            }
        };
        let credentials = match self.auth_as {
            Some(identity) => credentials.and_then(|credentials| credentials.acting_as(identity)),
            None => credentials,
        };
        credentials
            .map(|credentials| Some((credentials, shape)))
            .map_err(|error| Failure::of(exit::CONFIG, &error))
    }
}

/// A password or a token that cannot be read. For a file that does not exist, it says how to make
/// one.
fn unread(error: SecretError) -> Failure {
    let failure = Failure::of(exit::CONFIG, &error);
    match error {
        SecretError::Unreadable { what, path, source }
            if source.kind() == io::ErrorKind::NotFound && !path.starts_with("/dev") =>
        {
            let path = path.display();
            failure.with_help(format!(
                "write the {what} into the file by: install -D -m 600 /dev/stdin {path}"
            ))
        }
        _ => failure,
    }
}
