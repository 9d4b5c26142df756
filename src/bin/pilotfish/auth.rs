//! `pilotfish auth`: stores the password of an account.

use std::path::PathBuf;

use pilotfish::config::Keyring;

use crate::account::secret::{Asked, ask};
use crate::account::store::Store;
use crate::account::{Chosen, chosen, done, service_at};
use crate::args::{AuthArguments, AuthCommands, AuthSetArguments, GlobalArguments};
use crate::exit;
use crate::failure::{Failure, Interrupted};
use crate::output::logging;
use crate::output::report::failed;
use crate::settings::{ConfigFile, shown_path};
use crate::stop::Stops;
use crate::terminal::question::Questions;

/// Runs the command, and returns the exit status.
pub(crate) async fn run(arguments: AuthArguments, global: &GlobalArguments) -> u8 {
    let _waiting = logging::init(global);
    let AuthCommands::Set(arguments) = arguments.command;
    let done = async {
        let mut stops = Stops::new()?;
        let work = Box::pin(set(arguments, global));
        stops.unless(Interrupted::NotStored, work).await
    };
    match done.await {
        Ok(()) => exit::OK,
        Err(failure) => failed(global, None, &failure),
    }
}

/// Asks for the password, logs in by it, and writes it to the file of the account.
async fn set(arguments: AuthSetArguments, global: &GlobalArguments) -> Result<(), Failure> {
    let Chosen {
        name,
        account,
        file,
    } = chosen(arguments.account, global).await?;
    let elsewhere = [
        (account.password_command.as_deref(), "comes from a command"),
        (account.password_env.as_deref(), "comes from a variable"),
        (
            account.password_credential.as_deref(),
            "is a credential of systemd",
        ),
        (
            account.token_command.as_deref(),
            "is a token from a command",
        ),
        (account.token_env.as_deref(), "is a token from a variable"),
    ];
    let elsewhere = elsewhere
        .into_iter()
        .find_map(|(place, how)| Some((place?, how)));
    if let Some((place, how)) = elsewhere {
        let message = format!("the secret of {name} {how}: {}", place.escape_debug());
        let failure = Failure::new(exit::CONFIG, message);
        return Err(failure.with_help(format!(
            "store it there, or remove that line from {}",
            shown_path(&file)
        )));
    }
    if account.user.is_none() {
        let message = format!("the account {name} has no user to log in");
        return Err(Failure::new(exit::CONFIG, message).with_help("add user = \"NAME\" to it"));
    }
    let questions = Questions::open(global.no_input).ok_or_else(|| {
        Failure::usage("the password cannot be asked for: there is no terminal, or --no-input")
    })?;
    let sender = account.sender();
    let domain = sender.map(|sender| sender.addr_spec().domain().to_string());
    let service = service_at(&account, domain.as_deref());
    let Asked { secret, .. } = ask(&questions, &account, service, !arguments.no_test).await?;
    let own = match (&account.password_keyring, account.password_file) {
        (Some(item), _) => {
            let keyring = Keyring::open().await;
            let keyring = keyring.map_err(|error| Failure::of(exit::CONFIG, &error))?;
            Some((Store::Keyring(keyring), item.clone()))
        }
        (None, Some(path)) => Some((Store::File(at_home(path)), name.clone())),
        (None, None) => None,
    };
    let place = if let Some((store, item)) = own {
        store.keep(&item, &secret).await?
    } else {
        let mut file = ConfigFile::open(file)?;
        let path = file.password_file(&name);
        let own = path.file_name().unwrap_or_default().to_string_lossy();
        file.set_key(&name, "password-file", &own);
        // The configuration never names a file that is not there.
        let place = Store::File(path.clone()).keep(&name, &secret).await?;
        file.save()?;
        place
    };
    done(&format!("password of {name} stored in {place}"), global);
    Ok(())
}

/// The path, with the home directory in place of `~`.
fn at_home(path: PathBuf) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    }
}
