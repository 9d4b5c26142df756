//! `pilotfish auth set`: stores the password of an account.

use pilotfish::config::{Account, ConfigError, Keyring};
use pilotfish::{Credentials, Secret};

use serde_json::json;

use crate::account::login::proof_by_secret;
use crate::account::secret::ask;
use crate::account::store::Store;
use crate::account::{Chosen, chosen, done, service_at};
use crate::args::{AuthSetArguments, GlobalArguments};
use crate::connection::Connection;
use crate::exit;
use crate::failure::Failure;
use crate::settings::{ConfigFile, at_home, in_shell, no_secret, shown_path};
use crate::terminal::question::Questions;

/// Asks for the password, logs in by it, and writes it to the file of the account.
pub(super) async fn set(
    arguments: AuthSetArguments,
    global: &GlobalArguments,
) -> Result<(), Failure> {
    let Chosen {
        name,
        account,
        file,
    } = chosen(arguments.account, global).await?;
    if account.uses_oauth() {
        let message = format!("{name} logs in with OAuth 2.0, and has no password");
        let help = format!("pilotfish auth login {}", in_shell(&name));
        return Err(Failure::usage(message).with_help(help));
    }
    let elsewhere = [
        (
            account
                .shown_secret_command()
                .filter(|_| account.password_command.is_some()),
            "comes from a command",
        ),
        (account.password_env.clone(), "comes from a variable"),
        (
            account.password_credential.clone(),
            "is a credential of systemd",
        ),
        (account.shown_secret_command(), "is a token from a command"),
        (account.token_env.clone(), "is a token from a variable"),
        (account.token_keyring.clone(), "is a token in the keyring"),
        (
            account.token_credential.clone(),
            "is a token that systemd provides",
        ),
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
    let sender = account.sender();
    let domain = sender.map(|sender| sender.addr_spec().domain().to_string());
    let service = service_at(&account, domain.as_deref());
    let is_tested = !arguments.no_test;
    let secret = if let Some(source) = arguments.new.source() {
        let secret = read(source).await?;
        let secret =
            service.map_or_else(|| secret.clone(), |service| service.without_blanks(&secret));
        if is_tested {
            let connection = Connection::of_account(account.clone(), Some(name.clone()));
            let proof = proof_by_secret(&account, &secret).await;
            proof.map_err(|failure| failure.advised(&connection))?;
        }
        secret
    } else {
        let questions = Questions::open(global.no_input).ok_or_else(cannot_ask)?;
        ask(&questions, &account, service, is_tested).await?.secret
    };
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
        file.reserve().await?;
        let store = Store::File(path);
        let place = store.keep_new(&mut file, &name, &secret).await?;
        file.save().await?;
        place
    };
    let object = json!({"schema": "pilotfish.auth-set/1", "name": name, "place": place, "tested": is_tested});
    done(
        global,
        &format!("password of {name} stored in {place}"),
        &object,
    );
    Ok(())
}

fn cannot_ask() -> Failure {
    Failure::usage("the password cannot be asked for: there is no terminal, or --no-input")
        .with_help(
            "say where the new one is: --password-file FILE, or --password-fd 0 for standard input",
        )
}

/// Reads the password where the command line says.
async fn read(mut source: Account) -> Result<Secret, Failure> {
    // A login needs a user; the name does not matter here.
    source.user = Some("new".to_owned());
    let credentials = source.credentials().await;
    let credentials = credentials.map_err(|error| no_secret(error, &source))?;
    let secret = credentials.as_ref().and_then(Credentials::secret).cloned();
    secret.ok_or_else(|| ConfigError::NoPassword.into())
}
