//! `pilotfish auth`: logs in with OAuth 2.0, and stores passwords.

mod authorization_server;
mod browser;
mod guide;
mod keys;
mod login;
mod logins;
mod plan;
mod revocation;
mod set;
mod status;
mod storing;
mod tokens;
mod ways;

pub(crate) use authorization_server::{authorization_server, check_flags};
pub(crate) use login::log_in;
pub(crate) use logins::{Logins, oauth_credentials};
pub(crate) use plan::Candidate;
pub(crate) use tokens::remove;

use crate::args::{AuthArguments, AuthCommands, GlobalArguments};
use crate::exit;
use crate::failure::{Failure, Interrupted};
use crate::output::logging;
use crate::output::report::failed;
use crate::stop::Stops;

/// Runs the command, and returns the exit status.
pub(crate) async fn run(arguments: AuthArguments, global: &GlobalArguments) -> u8 {
    let watch = logging::init(global);
    let done = async {
        let mut stops = Stops::new()?;
        match arguments.command {
            // It stops by itself, as a login at the provider may have to be revoked.
            AuthCommands::Login(arguments) => {
                Box::pin(login::login(*arguments, global, &watch, &mut stops)).await
            }
            AuthCommands::Status(named) => {
                let status = Box::pin(status::status(named, global));
                return stops.unless(Interrupted::NotShown, status).await;
            }
            AuthCommands::Token(named) => {
                let token = Box::pin(tokens::token(named, global));
                stops.unless(Interrupted::NotFinished, token).await
            }
            AuthCommands::Refresh(named) => {
                let refresh = Box::pin(tokens::refresh(named, global));
                stops.unless(Interrupted::NotFinished, refresh).await
            }
            AuthCommands::Logout(named) => {
                // It stops by itself: the tokens are removed together.
                Box::pin(tokens::logout(named, global, &mut stops)).await
            }
            AuthCommands::Set(arguments) => {
                let set = Box::pin(set::set(arguments, global));
                stops.unless(Interrupted::NotStored, set).await
            }
        }
        .map(|()| exit::OK)
    };
    let done: Result<u8, Failure> = done.await;
    done.unwrap_or_else(|failure| failed(global, None, &failure))
}
