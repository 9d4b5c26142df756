//! Which account a command uses.

use std::path::PathBuf;

use pilotfish::address::{AddrSpec, Address};
use pilotfish::config::{Account, ChosenBy, Config, ConfigError};

use crate::args::GlobalArguments;
use crate::failure::Failure;
use crate::input::blocking;

/// The account that a command uses.
#[derive(Default)]
pub(crate) struct Selected {
    pub(crate) account: Account,
    /// Its name, and why it was chosen; `None` if the flags alone are the account.
    pub(crate) name: Option<(String, ChosenBy)>,
    /// The file that it is from.
    pub(crate) file: Option<PathBuf>,
}

/// The configuration: the file of `--config` alone, or those that are found.
pub(crate) async fn configuration(global: &GlobalArguments) -> Result<Config, Failure> {
    let file = global.config.clone();
    let read = blocking(move || file.map_or_else(Config::find, Config::load));
    Ok(read.await?)
}

/// The account by name, by the sender, the default or the only one. `flags` are the keys that the
/// command line sets: a server that they name needs no account, and for another server than the
/// account's the configuration counts only if the command line names it.
pub(crate) async fn selected(
    global: &GlobalArguments,
    flags: &Account,
    sender: Option<&str>,
) -> Result<Selected, Failure> {
    let names_account = global.account.is_some() || global.config.is_some();
    if flags.host().is_some() && !names_account {
        return Ok(Selected::default());
    }
    let config = configuration(global).await?;
    let implied = Account::default().with_overrides(flags.clone());
    let implies_server = implied.is_ok_and(|account| account.host().is_some());
    let sender = sender.and_then(address).or_else(|| {
        let user = flags.sender()?;
        Some(user.into_addr_spec())
    });
    let chosen = config.choose(global.account.as_deref(), sender.as_ref());
    let (name, account, why) = match chosen {
        // The flags may be enough, as for --dry-run.
        Err(ConfigError::NoAccounts) if global.config.is_none() => return Ok(Selected::default()),
        // The user is at a service that is known, and no account is that user's.
        Ok((.., ChosenBy::Default | ChosenBy::Only)) | Err(ConfigError::NoAccountChosen(_))
            if implies_server && !names_account =>
        {
            return Ok(Selected::default());
        }
        chosen => chosen?,
    };
    Ok(Selected {
        account: account.clone(),
        file: config.file_of(name).map(PathBuf::from),
        name: Some((name.to_owned(), why)),
    })
}

/// The address of the first sender in the value of `--from`. What is wrong with the value is found
/// when the mail is made.
fn address(from: &str) -> Option<AddrSpec> {
    let list = Address::parse_list(from).ok()?;
    list.into_iter().find_map(|address| match address {
        Address::Mailbox(mailbox) => Some(mailbox.into_addr_spec()),
        _ => None,
    })
}
