//! The logins that the command uses.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use pilotfish::config::OAuthLogin;
use pilotfish::oauth::OAuthCredentials;

use super::tokens::no_token;
use crate::args::GlobalArguments;
use crate::failure::Failure;
use crate::output::advice::LoginCommand;

/// The logins that the command uses. A renewal goes on when the command is stopped, and the command waits
/// for it at its end: without the new refresh token, the user would have to log in again.
#[derive(Clone, Default)]
pub(crate) struct Logins(Arc<Shared>);

#[derive(Default)]
struct Shared {
    all: Mutex<Vec<OAuthCredentials>>,
    are_quiet: AtomicBool,
}

impl Logins {
    /// The credentials of this login.
    pub(super) fn credentials(&self, login: &OAuthLogin) -> OAuthCredentials {
        let credentials = login.credentials();
        let mut all = self.0.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(credentials.clone());
        credentials
    }

    /// Makes the command wait at its end without a word.
    pub(crate) fn keep_quiet(&self) {
        self.0.are_quiet.store(true, Ordering::Relaxed);
    }

    /// Whether the command waits at its end without a word.
    pub(crate) fn are_quiet(&self) -> bool {
        self.0.are_quiet.load(Ordering::Relaxed)
    }

    /// Waits until no renewal is running.
    pub(crate) async fn renewals_ended(&self) {
        let all = self
            .0
            .all
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        join_all(all.iter().map(OAuthCredentials::renewal_ended)).await;
    }
}

/// The credentials of sessions, with a token that is valid now: without one, no connection is opened.
///
/// `name` is the account. A client that `retries` waits for an authorization server that cannot answer now,
/// as it waits for the mail server.
pub(crate) async fn oauth_credentials(
    login: &OAuthLogin,
    name: Option<&str>,
    retries: bool,
    global: &GlobalArguments,
) -> Result<OAuthCredentials, Failure> {
    let credentials = global.logins.credentials(login);
    match credentials.tokens().await {
        Ok(_) => Ok(credentials),
        Err(error) if retries && error.is_transient() => Ok(credentials),
        Err(error) => {
            let command = LoginCommand::Login(name.map(str::to_owned));
            Err(no_token(error, &command))
        }
    }
}
