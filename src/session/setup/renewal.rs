//! A second login with a renewed token (RFC 4954 section 4, RFC 7628 section 3.2.2).

use tokio::io::{AsyncRead, AsyncWrite};
use tracing::debug;

use super::authenticate::Refused;
use super::credentials_provider::SharedCredentialsProvider;
use super::greeted::Established;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::protocol::{Credentials, Mechanism};

impl<S: AsyncRead + AsyncWrite + Unpin> Established<S> {
    /// Logs in with another token of the provider after the server refused the first one. Without
    /// another token, this is the error of the login.
    pub(super) async fn log_in_again(
        &mut self,
        refused: Refused,
        credentials: &Credentials,
        provider: Option<&SharedCredentialsProvider>,
    ) -> Result<(), Error> {
        let Refused { error, token } = refused;
        let (Some(provider), Some(mechanism)) = (provider, token) else {
            return Err(error);
        };
        let renewed = match provider.ask_again(credentials).await {
            Ok(Some(renewed)) if renewed.secret() != credentials.secret() => renewed,
            Ok(_) => return Err(error),
            Err(cause) => {
                let transient = cause.is_transient();
                return Err(error.with_transient(transient).caused_by(cause));
            }
        };
        // The provider may have taken long, and the server may have left meanwhile.
        if let Some(ended) = self.wire.ended_while_idle(Stage::Auth).await {
            self.wire.close().await;
            return Err(error.with_transient(true).caused_by(ended));
        }
        let user = renewed.user();
        debug!(target: "pilotfish", user, mechanism = mechanism.name(), "the token was refused and has been renewed");
        match self.try_each(&[mechanism], &renewed).await {
            Ok(None) => Ok(()),
            Ok(Some(refused)) => Err(refused.error.caused_by(refused_twice(mechanism))),
            Err(ended) if ended.is_transient() => Err(error.with_transient(true).caused_by(ended)),
            Err(broken) => Err(broken),
        }
    }
}

/// Why a refusal of the renewed token is worth another thought than one of an old token.
fn refused_twice(mechanism: Mechanism) -> Error {
    let message = format!(
        "the server refused two tokens by AUTH {mechanism}, and the second one is new: \
         check the scope of the token, and whether the user may send mail"
    );
    Error::new(ErrorKind::Auth, message).with_stage(Stage::Auth)
}
