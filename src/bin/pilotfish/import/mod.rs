//! `config import`: accounts from the files of other programs.

mod foreign;
mod git;
mod msmtp;
mod mutt;
mod reading;

use std::collections::BTreeSet;

use pilotfish::config::{Config, ConfigError, Keyring};
use serde_json::json;
use toml_edit::Value;

use self::foreign::{Foreign, ForeignAccount};
use self::reading::{kind, read};
use crate::account::store::{Kind, Store};
use crate::account::{done, said};
use crate::args::{GlobalArguments, ImportArguments, ImportFrom};
use crate::exit;
use crate::failure::{Failure, Interrupted};
use crate::input::blocking;
use crate::output::report::answer;
use crate::settings::{ConfigFile, configuration, in_shell, shown_command, shown_path};
use crate::stop::Stops;
use crate::terminal::quantity::counted;
use crate::terminal::question::Questions;

/// Writes the accounts of a file into the configuration. If it is stopped before, what was stored for them
/// is undone.
pub(crate) async fn run(
    arguments: ImportArguments,
    global: &GlobalArguments,
    stops: &mut Stops,
) -> Result<(), Failure> {
    let mut file = ConfigFile::of_user(global)?;
    let imported = Box::pin(import(&mut file, arguments, global));
    let imported = stops.unless(Interrupted::NotStored, imported).await;
    if imported.is_err() {
        file.undo().await;
    }
    imported
}

async fn import(
    file: &mut ConfigFile,
    arguments: ImportArguments,
    global: &GlobalArguments,
) -> Result<(), Failure> {
    let path = arguments.file.clone();
    let text = blocking(move || read(&path)).await?;
    let shown = shown_path(&arguments.file);
    let Some(from) = arguments.from.or_else(|| kind(&arguments.file, &text)) else {
        let failure = Failure::usage(format!("{shown} is not a file of msmtp, Mutt or git"));
        return Err(failure.with_help("say which: --from msmtp, --from mutt or --from git"));
    };
    let mut foreign = match from {
        ImportFrom::Msmtp => msmtp::read(&text, netrc()),
        ImportFrom::Mutt => mutt::read(&text),
        ImportFrom::Git => git::read(&text),
    };
    drop(text);
    let taken = match configuration(global).await {
        Ok(config) => config.accounts.into_keys().collect(),
        // The file of --config may not exist yet.
        Err(_) if !file.path().exists() => BTreeSet::new(),
        Err(failure) => return Err(failure),
    };
    let accounts = usable(&mut foreign, &taken);
    for (line, what) in &foreign.left {
        said(global, &format!("not taken: {shown}:{line}: {what}"));
    }
    if accounts.is_empty() {
        return Err(Failure::new(
            exit::DATA,
            format!("{shown} has no account to import"),
        ));
    }
    if arguments.dry_run {
        return print(&accounts, foreign.default.as_deref(), &shown);
    }
    let secrets = accounts
        .iter()
        .any(|(account, _)| account.settings.secret.is_some());
    let store = if secrets {
        Some(chosen(&arguments, global).await?)
    } else {
        None
    };
    let is_first = file.default().is_none() && taken.is_empty();
    let mut kept = Vec::new();
    for (account, keys) in &accounts {
        let mut keys = keys.clone();
        if let (Some(secret), Some(kind)) = (account.settings.secret.clone(), store) {
            let store = Store::open(kind, file.password_file(&account.name)).await?;
            keys.push(key(&store, account));
            kept.push((account.name.clone(), store, secret));
        }
        file.add_account(&account.name, keys);
        file.set_comment(&account.name, &comment(account, &shown));
    }
    if is_first {
        set_default(file, foreign.default.as_deref(), accounts.len());
    }
    // Nothing is stored if the configuration cannot be written.
    file.reserve().await?;
    for (name, store, secret) in &kept {
        let place = store.keep_new(file, name, secret).await?;
        said(global, &format!("password of {name} stored in {place}"));
    }
    file.save().await?;
    report(file, &taken, &shown, &foreign.left, kept.is_empty(), global)
}

/// Sets the default of a configuration that has new accounts only. Mails without an account must not go by
/// an account that the other program would not take.
fn set_default(file: &mut ConfigFile, default: Option<&str>, accounts: usize) {
    match default {
        Some(name) if file.has_account(name) => file.set_first_default(Some(name)),
        _ if accounts > 1 => file.set_first_default(None),
        _ => {}
    }
}

/// Says what was written, and what to do next.
fn report(
    file: &ConfigFile,
    before: &BTreeSet<String>,
    source: &str,
    left: &[(usize, String)],
    has_no_secret: bool,
    global: &GlobalArguments,
) -> Result<(), Failure> {
    let config = Config::load(file.path())?;
    let new = config
        .accounts
        .iter()
        .filter(|(name, _)| !before.contains(*name));
    let new: Vec<_> = new.collect();
    let count = counted(new.len(), "account", "accounts");
    let names: Vec<_> = new.iter().map(|(name, _)| name.as_str()).collect();
    let path = shown_path(file.path());
    let not_taken = left
        .iter()
        .map(|(line, what)| json!({"line": line, "what": what}));
    let object = json!({
        "schema": "pilotfish.config-import/1", "file": file.path().display().to_string(),
        "accounts": names, "not_taken": not_taken.collect::<Vec<_>>(),
    });
    let text = format!("{count} written to {path}: {}", names.join(", "));
    done(global, &text, &object);
    if !has_no_secret {
        said(
            global,
            &format!("{source} still has the password: remove it there"),
        );
    }
    for (name, account) in &new {
        let name = in_shell(name);
        if account.logs_in() && !account.has_secret() {
            said(global, &format!("next: pilotfish auth set {name}"));
        } else {
            said(global, &format!("next: pilotfish account test {name}"));
        }
    }
    if let (None, [name, _, ..]) = (&config.default, names.as_slice()) {
        let next = format!("next: pilotfish account default {}", in_shell(name));
        said(global, &next);
    }
    Ok(())
}

/// An account with its keys.
type Usable = (ForeignAccount, Vec<(&'static str, Value)>);

/// The accounts that can be written. None is overwritten.
fn usable(foreign: &mut Foreign, taken: &BTreeSet<String>) -> Vec<Usable> {
    let mut usable: Vec<Usable> = Vec::new();
    for mut account in std::mem::take(&mut foreign.accounts) {
        let settings = &mut account.settings;
        if let Some(why) = settings.no_use_of_secret() {
            let secret = settings.secret.take().map(drop);
            if secret.or(settings.command.take().map(drop)).is_some() {
                let what = format!("account {}: its password: {why}", account.name);
                foreign.leave(account.line, what);
            }
        }
        let is_new = !taken.contains(&account.name)
            && usable.iter().all(|(other, _)| other.name != account.name);
        let keys = account.settings.keys().map_err(str::to_owned);
        let keys = keys.and_then(|keys| valid(&account, keys));
        let keys = match keys {
            Ok(keys) if is_new => keys,
            Ok(_) => {
                foreign.leave(
                    account.line,
                    format!("there is an account {} already", account.name),
                );
                continue;
            }
            Err(why) => {
                foreign.leave(account.line, format!("account {}: {why}", account.name));
                continue;
            }
        };
        usable.push((account, keys));
    }
    foreign.left.sort();
    usable
}

/// The keys, if an account can have them.
fn valid(
    account: &ForeignAccount,
    keys: Vec<(&'static str, Value)>,
) -> Result<Vec<(&'static str, Value)>, String> {
    let mut file = ConfigFile::empty();
    let mut all = keys.clone();
    if account.settings.secret.is_some() {
        all.push(key(&Store::File("secret".into()), account));
    }
    file.add_account(&account.name, all);
    file.set_comment(&account.name, &comment(account, "file"));
    match Config::parse(&file.text()) {
        Ok(_) => Ok(keys),
        // The line is one of a file that does not exist.
        Err(ConfigError::Line { reason, .. }) => Err(reason),
        Err(error) => Err(error.to_string()),
    }
}

/// The file of passwords that msmtp also looks into.
fn netrc() -> Option<&'static str> {
    let file = std::env::home_dir()?.join(".netrc");
    file.exists().then_some("~/.netrc")
}

/// Where the passwords go that the file has.
async fn chosen(arguments: &ImportArguments, global: &GlobalArguments) -> Result<Kind, Failure> {
    if let Some(kind) = arguments.store {
        return Ok(kind);
    }
    let questions = Questions::open(global.no_input).ok_or_else(|| {
        let failure = Failure::usage(
            "the file has a password, and Pilotfish does not copy it into its configuration",
        );
        failure.with_help("say where it goes: --store keyring, or --store file")
    })?;
    let question = "Store the passwords in the [k]eyring, or in [f]iles that only you can read?";
    let default = Keyring::open().await.is_ok().then_some('k');
    let letter = questions.letter(question, &['k', 'f'], default).await;
    match letter.map_err(Failure::terminal)? {
        Some('k') => Ok(Kind::Keyring),
        Some(_) => Ok(Kind::File),
        None => Err(Failure::nothing_stored()),
    }
}

/// The key for a secret that the file has.
fn key(store: &Store, account: &ForeignAccount) -> (&'static str, Value) {
    let (key, place) = store.key(&account.name);
    let key = match (key, account.settings.is_token()) {
        ("password-keyring", true) => "token-keyring",
        ("password-file", true) => "token-file",
        (key, _) => key,
    };
    (key, place.into())
}

/// The comments of the account, and where it is from. A line that may have a password is left out.
fn comment(account: &ForeignAccount, source: &str) -> String {
    let mut lines = vec![format!("# from {source}:{}", account.line)];
    let comments = account.comments.iter().filter(|line| line.starts_with('#'));
    let is_plain = |line: &&String| !line.to_ascii_lowercase().contains("pass");
    lines.extend(comments.filter(is_plain).cloned());
    // A comment of TOML has no other control characters.
    let is_plain = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    let mut text = String::new();
    for character in lines.join("\n").chars() {
        if is_plain(character) {
            text.push(character);
        } else {
            text.extend(character.escape_default());
        }
    }
    text
}

/// Prints what would be written.
fn print(accounts: &[Usable], default: Option<&str>, source: &str) -> Result<(), Failure> {
    let mut file = ConfigFile::empty();
    for (account, keys) in accounts {
        let keys = keys.iter().map(|(key, value)| match value.as_str() {
            Some(command) if key.ends_with("-command") => (*key, shown_command(command).into()),
            _ => (*key, value.clone()),
        });
        file.add_account(&account.name, keys.collect());
        let mut comment = comment(account, source);
        if account.settings.secret.is_some() {
            comment.push_str("\n# its password goes to the keyring or to a file of its own");
        }
        file.set_comment(&account.name, &comment);
    }
    set_default(&mut file, default, accounts.len());
    answer(file.text().trim())
}
