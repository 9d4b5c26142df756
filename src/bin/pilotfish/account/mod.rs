//! `pilotfish account`: adds, lists, tests and removes accounts.

mod add;
mod list;
pub(crate) mod login;
mod oauth;
mod remove;
pub(crate) mod secret;
mod server;
mod setup;
pub(crate) mod store;
mod test_mail;

use std::path::PathBuf;

use pilotfish::config::{Account, Config};
use pilotfish::services::Service;
use pilotfish::transport::Host;
use serde_json::{Value, json};

use crate::args::{AccountArguments, AccountCommands, GlobalArguments, NamedAccount};
use crate::connection::Connection;
use crate::exit;
use crate::failure::{Failure, Interrupted};
use crate::output::logging::{self, Watch};
use crate::output::report::{answer, failed, notice, result};
use crate::settings::{ConfigFile, configuration};
use crate::stop::Stops;
use crate::terminal::style::{Mark, Stream};

/// Runs the command, and returns the exit status.
pub(crate) async fn run(arguments: AccountArguments, global: &GlobalArguments) -> u8 {
    let watch = logging::init(global);
    let done = async {
        let mut stops = Stops::new()?;
        Box::pin(dispatch(arguments, global, &watch, &mut stops)).await
    };
    match done.await {
        Ok(()) => exit::OK,
        Err(failure) => failed(global, None, &failure),
    }
}

async fn dispatch(
    arguments: AccountArguments,
    global: &GlobalArguments,
    watch: &Watch,
    stops: &mut Stops,
) -> Result<(), Failure> {
    let kept = Interrupted::NotStored;
    match arguments.command {
        // It stops by itself, as a login at the provider may have to be revoked.
        AccountCommands::Add(arguments) => {
            Box::pin(add::add(*arguments, global, watch, stops)).await
        }
        AccountCommands::List => {
            stops
                .unless(Interrupted::NotShown, list::list(global))
                .await
        }
        AccountCommands::Show(named) => {
            let show = async {
                let Chosen { name, account, .. } = chosen(named, global).await?;
                list::show(&name, &account, global).await
            };
            stops.unless(Interrupted::NotShown, show).await
        }
        AccountCommands::Test(named) => {
            let test = Box::pin(test(named, global));
            stops.unless(Interrupted::NotTested, test).await
        }
        AccountCommands::Remove(named) => {
            // It stops by itself: the login may have to be revoked.
            Box::pin(remove::remove(named, global, stops)).await
        }
        AccountCommands::Default(named) => stops.unless(kept, default(named, global)).await,
    }
}

/// An account of the configuration.
pub(crate) struct Chosen {
    pub(crate) name: String,
    pub(crate) account: Account,
    /// The file that it is from.
    pub(crate) file: PathBuf,
}

/// The account that the argument or `--account` names, or else the default.
pub(crate) async fn chosen(
    named: NamedAccount,
    global: &GlobalArguments,
) -> Result<Chosen, Failure> {
    let config = configuration(global).await?;
    let name = named.name.or_else(|| global.account.clone());
    let (name, account, _) = config.choose(name.as_deref(), None)?;
    Ok(Chosen {
        name: name.to_owned(),
        account: account.clone(),
        file: config.file_of(name).map(PathBuf::from).unwrap_or_default(),
    })
}

/// The same for a command that changes something: it must name the account.
async fn named(named: NamedAccount, global: &GlobalArguments) -> Result<Chosen, Failure> {
    if named.name.is_none() && global.account.is_none() {
        let failure = Failure::usage("name the account");
        return Err(failure.with_help("pilotfish account list shows the names"));
    }
    chosen(named, global).await
}

/// Prints that something is done: a line with its mark, or the object.
pub(crate) fn done(global: &GlobalArguments, text: &str, object: &Value) {
    if let Some(text) = shown(global, text, object) {
        result(&text);
    }
}

fn shown(global: &GlobalArguments, text: &str, object: &Value) -> Option<String> {
    if global.json {
        return Some(object.to_string());
    }
    (!global.quiet).then(|| Stream::stdout().marked(Mark::Done, text))
}

/// Prints what there is to know besides the result.
pub(crate) fn said(global: &GlobalArguments, text: &str) {
    if !global.quiet {
        notice(text);
    }
}

/// The service that a server belongs to. A server on this machine may be a tunnel to any service, so the
/// domain of the address decides there.
pub(crate) fn service_at(account: &Account, domain: Option<&str>) -> Option<&'static Service> {
    if account.host().is_some_and(is_here) {
        let service = domain.and_then(Service::of_domain);
        return service.filter(|service| service.secret != "none");
    }
    Service::of_host(&account.host()?.to_string())
}

/// Whether this is the machine itself.
fn is_here(host: &Host) -> bool {
    match host.as_address() {
        Some(address) => address.is_loopback(),
        None => host.to_string() == "localhost",
    }
}

async fn test(named: NamedAccount, global: &GlobalArguments) -> Result<(), Failure> {
    let Chosen { name, account, .. } = chosen(named, global).await?;
    let connection = Connection::of_account(account, Some(name.clone()));
    let proof = login::proof(&connection.account, &name, global).await;
    let proof = proof.map_err(|failure| failure.advised(&connection))?;
    let object = proof.object("pilotfish.account-test/1", &name);
    let text = format!("{name}: {proof}; nothing sent");
    shown(global, &text, &object).map_or(Ok(()), |text| answer(&text))
}

async fn default(named_account: NamedAccount, global: &GlobalArguments) -> Result<(), Failure> {
    let Chosen { name, file, .. } = named(named_account, global).await?;
    // The user's file counts more than that of the system.
    let mut own = ConfigFile::of_user(global)?;
    if own.path() != file && Config::paths().first() != Some(&own.path().to_owned()) {
        own = ConfigFile::open(file)?;
    }
    own.set_default(&name);
    own.save().await?;
    let object = json!({
        "schema": "pilotfish.account-default/1", "name": name,
        "file": own.path().display().to_string(),
    });
    done(global, &format!("account {name} is the default"), &object);
    Ok(())
}
