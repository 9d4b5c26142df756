//! What a login with OAuth 2.0 changes in an account. All of it is known before the browser opens.

use std::io;
use std::path::{Path, PathBuf};

use pilotfish::Secret;
use pilotfish::config::{Account, Keyring, OAuthGrant, OAuthServer};
use tempfile::NamedTempFile;

use super::guide;
use super::set::at_home;
use crate::account::service_at;
use crate::account::store::{Kind, Store};
use crate::args::AuthLoginArguments;
use crate::exit;
use crate::failure::Failure;
use crate::output::advice::LoginCommand;
use crate::settings::{ConfigFile, in_shell, shown_path};
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
    /// The keys of its client before, which it loses.
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
        let server = arguments.oauth.clone().or_else(|| account.oauth.clone());
        let server = server.or_else(|| of_service(&account, address.as_deref()));
        let server = server.ok_or_else(|| unknown_server(&name, &again))?;
        let mut of_old_client = without_client(&mut account, &server, &arguments);
        if account.oauth.as_ref() != Some(&server) {
            keys.push(("oauth", server.to_string()));
        }
        keys.extend(set_client(&mut account, &arguments));
        let mut secret = None;
        if account.client_id.is_none() {
            let questions = questions.ok_or_else(|| no_client_id(&again))?;
            let asked = guide::ask(questions, &server, address.as_deref()).await?;
            keys.push(("client-id", asked.id.clone()));
            account.client_id = Some(asked.id);
            secret = asked.secret;
        }
        account.oauth = Some(server);
        let store = place(&account, &name, &file, arguments.store, questions).await?;
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

/// Whether the logins of two clients may end together. Some servers revoke all logins of a user by the same
/// client, and Google those by the clients of the same project.
fn ends_with(earlier: &Account, now: &Account) -> bool {
    let of = |account: &Account| {
        let id = account.client_id.clone().unwrap_or_default();
        match account.oauth {
            // An ID begins with the number of the project.
            Some(OAuthServer::Google) => id.split('-').next().map(str::to_owned),
            _ => Some(id),
        }
    };
    earlier.oauth == now.oauth && of(earlier) == of(now)
}

/// What the account and the command line contradict.
fn check(name: &str, account: &Account, arguments: &AuthLoginArguments) -> Result<(), Failure> {
    if account.oauth_grant.unwrap_or_default() != OAuthGrant::Login {
        let message = format!("{name} obtains its tokens by itself, without a login");
        let help = format!("pilotfish auth refresh {}", in_shell(name));
        return Err(Failure::usage(message).with_help(help));
    }
    let is_blank = |scope: &String| scope.trim().is_empty();
    if arguments.scope.as_ref().is_some_and(is_blank) {
        let failure = Failure::usage("the scope of --scope is empty");
        return Err(failure.with_help("leave --scope out, or name a scope"));
    }
    let elsewhere = match arguments.store.filter(|_| account.uses_oauth()) {
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
        "to move it: pilotfish auth logout {name}, write {line} in place of {key}, then: pilotfish auth \
         login {name}"
    )))
}

/// The authorization server of the service that the account's server belongs to.
fn of_service(account: &Account, address: Option<&str>) -> Option<OAuthServer> {
    let domain = address.and_then(|address| address.rsplit('@').next());
    let service = service_at(account, domain).and_then(|service| service.oauth);
    service.and_then(|service| service.parse().ok())
}

fn unknown_server(name: &str, again: &LoginCommand) -> Failure {
    let failure = Failure::usage(format!("the authorization server of {name} is not known"));
    let named = match again {
        LoginCommand::Login(_) => format!("{again} --oauth SERVER"),
        LoginCommand::Add { with_server, .. } => with_server.clone(),
    };
    failure.with_help(format!(
        "name it: {named}, which is google, microsoft or a URL; with a URL also --scope SCOPE"
    ))
}

fn no_client_id(again: &LoginCommand) -> Failure {
    let message = "the client ID cannot be asked for: there is no terminal, or --no-input";
    Failure::usage(message).with_help(again.with_client())
}

/// The account without its password or token, and the keys that it had for them.
fn without_secrets(mut account: Account) -> (Account, Vec<&'static str>) {
    let mut texts = vec![
        ("password-command", &mut account.password_command),
        ("password-env", &mut account.password_env),
        ("password-credential", &mut account.password_credential),
        ("password-keyring", &mut account.password_keyring),
        ("token-command", &mut account.token_command),
        ("token-env", &mut account.token_env),
        ("token-credential", &mut account.token_credential),
    ];
    let mut paths = vec![
        ("password-file", &mut account.password_file),
        ("password-netrc", &mut account.password_netrc),
    ];
    // Those of a login by OAuth 2.0 are where its tokens are.
    if account.oauth.is_none() {
        texts.push(("token-keyring", &mut account.token_keyring));
        paths.push(("token-file", &mut account.token_file));
    }
    let mut old = taken(texts);
    old.extend(taken(paths));
    (account, old)
}

/// Takes out what belongs to a client that the login replaces: its secret would be sent to another client
/// or server.
fn without_client(
    account: &mut Account,
    server: &OAuthServer,
    arguments: &AuthLoginArguments,
) -> Vec<&'static str> {
    let is_other_server = account.oauth.as_ref().is_some_and(|own| own != server);
    let is_other_client = arguments.client_id.is_some() && arguments.client_id != account.client_id;
    let mut texts = Vec::new();
    if is_other_server {
        texts.extend([
            ("oauth-tenant", &mut account.oauth_tenant),
            ("oauth-scope", &mut account.oauth_scope),
            ("client-id", &mut account.client_id),
        ]);
    }
    let mut old = taken(texts);
    if is_other_server || is_other_client || arguments.client_secret_file.is_some() {
        old.extend(taken(vec![
            ("client-secret-command", &mut account.client_secret_command),
            ("client-secret-env", &mut account.client_secret_env),
            (
                "client-secret-credential",
                &mut account.client_secret_credential,
            ),
            ("client-secret-keyring", &mut account.client_secret_keyring),
        ]));
        let file = vec![("client-secret-file", &mut account.client_secret_file)];
        old.extend(taken(file));
    }
    old
}

/// Takes the values out, and names the keys that had one.
fn taken<T>(keys: Vec<(&'static str, &mut Option<T>)>) -> Vec<&'static str> {
    let keys = keys.into_iter();
    keys.filter_map(|(key, value)| value.take().map(|_| key))
        .collect()
}

/// Sets what the command line says of the client, and returns the keys that change.
fn set_client(
    account: &mut Account,
    arguments: &AuthLoginArguments,
) -> Vec<(&'static str, String)> {
    let mut keys = Vec::new();
    for (key, own, value) in [
        ("oauth-tenant", &mut account.oauth_tenant, &arguments.tenant),
        ("oauth-scope", &mut account.oauth_scope, &arguments.scope),
        ("client-id", &mut account.client_id, &arguments.client_id),
    ] {
        if let Some(value) = value
            && own.as_ref() != Some(value)
        {
            keys.push((key, value.clone()));
            *own = Some(value.clone());
        }
    }
    if let Some(path) = &arguments.client_secret_file {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        keys.push(("client-secret-file", path.display().to_string()));
        account.client_secret_file = Some(path);
    }
    keys
}

/// Where the tokens go: where they are, or as the command line or the person says. Where nobody can be
/// asked, the keyring is better than a file.
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
        // A link stays, and leads to the new content.
        let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
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
        for (path, expected) in [
            ("file", true),
            ("new", true),
            ("new/directory/file", true),
            ("", false),
            ("file/new", false),
            // No user can write there.
            ("/proc/new", false),
        ] {
            let found = can_write(&directory.path().join(path));
            assert_eq!(found.is_ok(), expected, "{path}");
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    /// The client before, the one now, and whether to revoke the login of one may end that of the other.
    #[test]
    fn clients_whose_logins_end_together() {
        let own = "https://id.example";
        for (server, before, now, expected) in [
            ("google", "12-a.apps", "12-a.apps", true),
            ("google", "12-a.apps", "12-b.apps", true),
            ("google", "12-a.apps", "13-a.apps", false),
            ("microsoft", "12-a", "12-a", true),
            ("microsoft", "12-a", "12-b", false),
            (own, "a-b", "a-c", false),
        ] {
            let account = |id: &str| {
                let mut account = Account::default();
                account.oauth = server.parse().ok();
                account.client_id = Some(id.to_owned());
                account
            };
            let found = ends_with(&account(before), &account(now));
            assert_eq!(found, expected, "{server} {before} {now}");
        }
        let mut other = Account::default();
        other.oauth = own.parse().ok();
        assert!(!ends_with(&Account::default(), &other));
    }
}
