//! What a login with OAuth 2.0 changes in an account. All of it is known before the browser opens.

use std::io;
use std::path::{Path, PathBuf};

use pilotfish::Secret;
use pilotfish::config::{Account, Keyring, OAuthGrant, OAuthServer};
use tempfile::NamedTempFile;

use super::authorization_server::authorization_server;
use super::guide;
use super::keys::{ends_with, set_client, without_client, without_secrets};
use crate::account::store::{Kind, Store};
use crate::args::AuthLoginArguments;
use crate::exit;
use crate::failure::Failure;
use crate::output::advice::LoginCommand;
use crate::settings::{ConfigFile, at_home, in_shell, link_target, shown_path};
use crate::terminal::question::Questions;

/// The account that is to log in.
pub(crate) struct Candidate {
    pub(crate) name: String,
    pub(crate) account: Account,
    /// The file that has the account.
    pub(crate) file: ConfigFile,
    /// The command that begins again.
    pub(crate) again: LoginCommand,
}

/// A login that is being set up.
pub(super) struct Plan {
    pub(super) name: String,
    /// The account, with its login by OAuth 2.0 alone.
    pub(super) account: Account,
    /// The account before, if it logged in by OAuth 2.0.
    pub(super) earlier: Option<Account>,
    /// The file with what changes, which is not written yet.
    pub(super) file: ConfigFile,
    /// Whether anything changes in it.
    pub(super) has_changes: bool,
    /// The keys of its password or token, which the account loses.
    pub(super) old: Vec<&'static str>,
    /// The keys of its previous client, which it loses.
    pub(super) of_old_client: Vec<&'static str>,
    /// Where the tokens go.
    pub(super) store: Store,
    /// The client secret, if it was asked for.
    pub(super) secret: Option<Secret>,
    pub(super) again: LoginCommand,
}

impl Plan {
    /// Asks what the command line leaves open, and checks that what the login gives can be stored.
    pub(super) async fn new(
        candidate: Candidate,
        arguments: AuthLoginArguments,
        questions: Option<&Questions>,
    ) -> Result<Self, Failure> {
        let Candidate {
            name,
            account,
            mut file,
            again,
        } = candidate;
        check(&name, &account, &arguments)?;
        let earlier = account.uses_oauth().then(|| account.clone());
        let (mut account, old) = without_secrets(account);
        let address = account
            .sender()
            .map(|sender| sender.addr_spec().to_string());
        let mut keys = Vec::new();
        if account.user.is_none() {
            let no_user = || {
                let failure = Failure::new(exit::CONFIG, format!("{name} has no user to log in"));
                failure.with_help("add user = \"NAME\" to it")
            };
            let user = address.clone().ok_or_else(no_user)?;
            keys.push(("user", user.clone()));
            account.user = Some(user);
        }
        let server = authorization_server(&name, &account, &arguments, &again)?;
        let mut of_old_client = without_client(&mut account, &server, &arguments);
        if account.oauth.as_ref() != Some(&server) {
            keys.push(("oauth", server.to_string()));
        }
        keys.extend(set_client(&mut account, &arguments)?);
        let mut secret = None;
        if account.client_id.is_none() {
            let questions = questions.ok_or_else(|| no_client_id(&again))?;
            answers(&account, &server).await?;
            let has_secret = account.client_secret_file.is_some();
            let asked = guide::ask(questions, &server, address.as_deref(), has_secret).await?;
            keys.push(("client-id", asked.id.clone()));
            account.client_id = Some(asked.id);
            secret = asked.secret;
        }
        account.oauth = Some(server);
        let store = place(&account, &name, &file, arguments.login.store, questions).await?;
        keys.extend(set_place(&mut account, &name, &store));
        for key in old.iter().chain(&of_old_client) {
            file.remove_key(&name, key);
        }
        for (key, value) in &keys {
            file.set_key(&name, key, value);
        }
        let is_kept = |key: &&'static str| !keys.iter().any(|(kept, _)| kept == key);
        of_old_client.retain(is_kept);
        file.check()?;
        let has_changes = !(keys.is_empty() && old.is_empty() && of_old_client.is_empty());
        if has_changes {
            can_write(file.path())?;
        }
        if let Store::File(path) = &store {
            can_write(&at_home(path.clone()))?;
        }
        Ok(Self {
            name,
            account,
            earlier,
            file,
            has_changes,
            old,
            of_old_client,
            store,
            secret,
            again,
        })
    }

    /// Whether the account had a login that ends when this one is revoked, or the other way round.
    pub(super) fn keeps_client(&self) -> bool {
        let mut earlier = self.earlier.iter();
        earlier.any(|earlier| ends_with(earlier, &self.account))
    }
}

/// What the account and the command line contradict.
fn check(name: &str, account: &Account, arguments: &AuthLoginArguments) -> Result<(), Failure> {
    if account.oauth_grant.unwrap_or_default() != OAuthGrant::Login {
        let message = format!("{name} obtains its tokens by itself, without a login");
        let help = format!("pilotfish auth refresh {}", in_shell(name));
        return Err(Failure::usage(message).with_help(help));
    }
    let elsewhere = match arguments.login.store.filter(|_| account.uses_oauth()) {
        Some(Kind::Keyring) => (account.token_file.as_ref()).map(|path| {
            let place = format!("the file {}", shown_path(path));
            (
                place,
                "token-file",
                format!("token-keyring = \"{name} tokens\""),
            )
        }),
        Some(Kind::File) => (account.token_keyring.as_ref()).map(|_| {
            let line = format!("token-file = \"{name}.tokens\"");
            ("the keyring".to_owned(), "token-keyring", line)
        }),
        None => None,
    };
    let Some((place, key, line)) = elsewhere else {
        return Ok(());
    };
    let message = format!("the login of {name} is stored in {place}: leave --store out");
    let name = in_shell(name);
    Err(Failure::usage(message).with_help(format!(
        "to move it: pilotfish auth logout {name}, write {line} in place of {key}, and log in: \
         pilotfish auth login {name}"
    )))
}

/// Fails if an authorization server that a URL names cannot be used: nothing has to be typed before that is
/// known.
async fn answers(account: &Account, server: &OAuthServer) -> Result<(), Failure> {
    if !matches!(server, OAuthServer::Issuer(_)) {
        return Ok(());
    }
    let mut account = account.clone();
    account.oauth = Some(server.clone());
    // The client is made, and not used: it gets no tokens to store.
    account.token_keyring = None;
    account.token_file = Some(PathBuf::new());
    account.client_id = Some("unknown".to_owned());
    if let Some(login) = account.oauth()? {
        login.client().await?;
    }
    Ok(())
}

fn no_client_id(again: &LoginCommand) -> Failure {
    let message = "the client ID cannot be asked for: there is no terminal, or --no-input";
    Failure::usage(message).with_help(again.with_client())
}

/// Where the tokens go: where they are, or as the command line or the person says. Without a
/// terminal, the keyring is better than a file.
async fn place(
    account: &Account,
    name: &str,
    file: &ConfigFile,
    kind: Option<Kind>,
    questions: Option<&Questions>,
) -> Result<Store, Failure> {
    let own: PathBuf = file.secret_file(name, "tokens");
    match (&account.token_file, &account.token_keyring, kind, questions) {
        (Some(path), ..) => Ok(Store::File(path.clone())),
        (None, Some(_), ..) => Store::open(Kind::Keyring, own).await,
        (None, None, Some(kind), _) => Store::open(kind, own).await,
        (None, None, None, Some(questions)) => Store::ask(questions, "login", own).await,
        (None, None, None, None) => Ok(match Keyring::open().await {
            Ok(keyring) => Store::Keyring(keyring),
            Err(_) => Store::File(own),
        }),
    }
}

/// Sets the place of the tokens, unless the account has one, and returns its key.
fn set_place(account: &mut Account, name: &str, store: &Store) -> Option<(&'static str, String)> {
    if account.token_file.is_some() || account.token_keyring.is_some() {
        return None;
    }
    match store {
        Store::Keyring(_) => {
            // The item with the name of the account may be its password.
            let item = format!("{name} tokens");
            account.token_keyring = Some(item.clone());
            Some(("token-keyring", item))
        }
        Store::File(path) => {
            account.token_file = Some(path.clone());
            let own = path.file_name().unwrap_or_default().to_string_lossy();
            Some(("token-file", own.into_owned()))
        }
    }
}

/// Fails if no file can be written at this path.
fn can_write(path: &Path) -> Result<(), Failure> {
    let tried = || {
        let path = link_target(path);
        if path.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        // Directories that are missing are made.
        let mut directories = path.ancestors().skip(1);
        let directory = directories.find(|directory| directory.exists());
        NamedTempFile::new_in(directory.unwrap_or(Path::new("."))).map(drop)
    };
    tried().map_err(|error: io::Error| {
        let message = format!("cannot write {}", shown_path(path));
        Failure::io(exit::CANNOT_CREATE, message, error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_files_can_be_written() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("file"), "").unwrap();
        std::os::unix::fs::symlink("/proc/new", directory.path().join("link")).unwrap();
        for (path, expected) in [
            ("file", true),
            ("new", true),
            ("new/directory/file", true),
            ("", false),
            ("file/new", false),
            ("link", false),
            // No user can write there.
            ("/proc/new", false),
        ] {
            let found = can_write(&directory.path().join(path));
            assert_eq!(found.is_ok(), expected, "{path}");
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
    }
}
