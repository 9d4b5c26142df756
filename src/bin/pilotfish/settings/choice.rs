//! Which account a command uses.

use std::path::PathBuf;
use std::time::Duration;

use pilotfish::address::{AddrSpec, Address};
use pilotfish::config::{Account, ChosenBy, Config, ConfigError};

use tokio::time::timeout;

use super::shown_path;
use crate::args::GlobalArguments;
use crate::exit;
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

/// How long the writer of a configuration on standard input, or in another pipe, may take: as long as
/// that of a password.
const READ_TIMEOUT: Duration = Duration::from_mins(2);

/// The configuration: the file of `--config` alone, or those that are found.
pub(crate) async fn configuration(global: &GlobalArguments) -> Result<Config, Failure> {
    read(global.config.clone(), READ_TIMEOUT).await
}

async fn read(file: Option<PathBuf>, limit: Duration) -> Result<Config, Failure> {
    let named = file.clone();
    let read = blocking(move || file.map_or_else(Config::find, Config::load));
    let read = timeout(limit, read).await.map_err(|_| {
        let paths = Config::paths();
        let path = named
            .as_ref()
            .or(paths.first())
            .map(|path| shown_path(path));
        let message = format!(
            "the configuration {} did not end within {} s",
            path.unwrap_or_default(),
            limit.as_secs()
        );
        let help = "check the program that writes it, or name a file by -C FILE";
        Failure::new(exit::CONFIG, message).with_help(help)
    })?;
    Ok(read?)
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

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd as _;

    use super::*;

    #[tokio::test]
    async fn a_pipe_that_does_not_end() {
        let (reader, writer) = std::io::pipe().unwrap();
        let path = PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd()));
        let failure = read(Some(path), Duration::ZERO).await.unwrap_err();
        assert!(
            failure.message.ends_with("did not end within 0 s"),
            "{failure:?}"
        );
        drop(writer);
    }
}
