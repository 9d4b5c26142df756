//! `pilotfish auth`: logs in with OAuth 2.0, and stores passwords.

mod guide;
mod login;
mod logins;
mod set;
mod status;
mod tokens;
mod ways;

pub(crate) use login::log_in;
pub(crate) use logins::{Logins, oauth_credentials};
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
        let how_far = match &arguments.command {
            AuthCommands::Status(_) => Interrupted::NotTested,
            _ => Interrupted::NotStored,
        };
        let work = async {
            match arguments.command {
                AuthCommands::Login(arguments) => {
                    Box::pin(login::login(*arguments, global, &watch)).await
                }
                AuthCommands::Status(named) => return status::status(named, global).await,
                AuthCommands::Token(named) => tokens::token(named, global).await,
                AuthCommands::Refresh(named) => tokens::refresh(named, global).await,
                AuthCommands::Logout(named) => tokens::logout(named, global).await,
                AuthCommands::Set(arguments) => Box::pin(set::set(arguments, global)).await,
            }
            .map(|()| exit::OK)
        };
        stops.unless(how_far, Box::pin(work)).await
    };
    let done: Result<u8, Failure> = done.await;
    done.unwrap_or_else(|failure| failed(global, None, &failure))
}
