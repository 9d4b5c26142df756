//! `config import`: accounts from the files of other programs.

mod foreign;
mod git;
mod msmtp;
mod mutt;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use pilotfish::config::{Config, ConfigError, Keyring};
use serde_json::json;
use toml_edit::Value;

use self::foreign::{Foreign, ForeignAccount};
use crate::account::store::{Kind, Store};
use crate::account::{done, said};
use crate::args::{GlobalArguments, ImportArguments, ImportFrom};
use crate::exit;
use crate::failure::Failure;
use crate::input::blocking;
use crate::output::report::result;
use crate::settings::{ConfigFile, configuration, in_shell, shown_path};
use crate::terminal::quantity::counted;
use crate::terminal::question::Questions;

/// The largest file that is read, in octets.
const MAX_OCTETS: u64 = 1 << 20;

/// Writes the accounts of a file into the configuration.
pub(crate) async fn run(
    arguments: ImportArguments,
    global: &GlobalArguments,
) -> Result<(), Failure> {
    let path = arguments.file.clone();
    let text = blocking(move || read(&path)).await?;
    let shown = shown_path(&arguments.file);
    let Some(from) = arguments.from.or_else(|| kind(&arguments.file, &text)) else {
        let failure = Failure::usage(format!(
            "{shown} is no file of msmtp, Mutt or git that is known"
        ));
        return Err(failure.with_help("say which: --from msmtp, --from mutt or --from git"));
    };
    let mut foreign = match from {
        ImportFrom::Msmtp => msmtp::read(&text, netrc()),
        ImportFrom::Mutt => mutt::read(&text),
        ImportFrom::Git => git::read(&text),
    };
    drop(text);
    let mut file = ConfigFile::of_user(global)?;
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
        print(&accounts, &shown);
        return Ok(());
    }
    let secrets = accounts
        .iter()
        .any(|(account, _)| account.settings.secret.is_some());
    let store = if secrets {
        Some(chosen(&arguments, global).await?)
    } else {
        None
    };
    let is_empty = file.default().is_none() && taken.is_empty();
    let mut kept = Vec::new();
    for (account, mut keys) in accounts {
        let name = account.name.clone();
        if let (Some(secret), Some(kind)) = (account.settings.secret.clone(), store) {
            let store = Store::open(kind, file.password_file(&name)).await?;
            keys.push(key(&store, &account));
            kept.push((name.clone(), store, secret));
        }
        file.add_account(&name, keys);
        file.set_comment(&name, &comment(&account, &shown));
    }
    let default = foreign
        .default
        .filter(|name| is_empty && file.has_account(name));
    if let Some(name) = default {
        file.set_default(&name);
    }
    // Nothing is stored if the configuration cannot be written.
    file.check()?;
    for (name, store, secret) in &kept {
        let place = store.keep(name, secret).await?;
        said(global, &format!("password of {name} stored in {place}"));
    }
    file.save()?;
    report(
        &file,
        &taken,
        &shown,
        &foreign.left,
        kept.is_empty(),
        global,
    )
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
    for (name, account) in new {
        let name = in_shell(name);
        if account.logs_in() && !account.has_secret() {
            said(global, &format!("next: pilotfish auth set {name}"));
        } else {
            said(global, &format!("next: pilotfish account test {name}"));
        }
    }
    Ok(())
}

/// An account with its keys.
type Usable = (ForeignAccount, Vec<(&'static str, Value)>);

/// The accounts that can be written. None is overwritten.
fn usable(foreign: &mut Foreign, taken: &BTreeSet<String>) -> Vec<Usable> {
    let mut usable: Vec<Usable> = Vec::new();
    for account in std::mem::take(&mut foreign.accounts) {
        let is_new = !taken.contains(&account.name)
            && usable.iter().all(|(other, _)| other.name != account.name);
        let keys = account.settings.keys().map_err(str::to_owned);
        let keys = keys.and_then(|keys| valid(&account.name, keys));
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
    name: &str,
    keys: Vec<(&'static str, Value)>,
) -> Result<Vec<(&'static str, Value)>, String> {
    let mut file = ConfigFile::empty();
    file.add_account(name, keys.clone());
    match Config::parse(&file.text()) {
        Ok(_) => Ok(keys),
        // The line is one of a file that does not exist.
        Err(ConfigError::Line { reason, .. }) => Err(reason),
        Err(error) => Err(error.to_string()),
    }
}

/// The text of a file.
fn read(path: &Path) -> Result<String, Failure> {
    let unreadable = |error: io::Error| {
        Failure::io(
            exit::NO_INPUT,
            format!("cannot read {}", shown_path(path)),
            error,
        )
    };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_OCTETS {
        let message = format!("{} is too large for a file of settings", shown_path(path));
        return Err(Failure::new(exit::NO_INPUT, message));
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

/// Whose file it is, by its name, or else by what is in it.
fn kind(path: &Path, text: &str) -> Option<ImportFrom> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let has = |begin: &str| {
        text.lines()
            .any(|line| line.trim_start().starts_with(begin))
    };
    if name.contains("msmtprc") {
        Some(ImportFrom::Msmtp)
    } else if name.contains("muttrc") {
        Some(ImportFrom::Mutt)
    } else if name.contains("gitconfig") || has("[sendemail") {
        Some(ImportFrom::Git)
    } else if text.contains("smtp_url") {
        Some(ImportFrom::Mutt)
    } else if has("account ") || has("host ") {
        Some(ImportFrom::Msmtp)
    } else {
        None
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
    lines.join("\n")
}

/// Prints what would be written.
fn print(accounts: &[Usable], source: &str) {
    let mut file = ConfigFile::empty();
    for (account, keys) in accounts {
        file.add_account(&account.name, keys.clone());
        let mut comment = comment(account, source);
        if account.settings.secret.is_some() {
            comment.push_str("\n# its password goes to the keyring or to a file of its own");
        }
        file.set_comment(&account.name, &comment);
    }
    result(file.text().trim());
}
