//! Places that two keys share: a login stores its tokens there, and they would replace what is there.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Deserializer};
use toml::de::{DeTable, DeValue};

use super::paths::at_home;
use super::{Account, Config, ConfigError};

/// The path of a file, as a key has it.
pub(super) fn path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    let path = String::deserialize(from)?;
    if path.is_empty() {
        return Err(serde::de::Error::custom("it is empty: name a file"));
    }
    if path.contains('\0') {
        let reason = "it has a NUL in it, which no path has";
        return Err(serde::de::Error::custom(reason));
    }
    Ok(Some(path.into()))
}

/// A place that a key of an account names.
struct Named<'a> {
    account: &'a str,
    key: &'static str,
    place: Place,
    /// Whether tokens are stored there.
    is_store: bool,
    /// What the file has after the name of a key's file, if it is one that a login makes beside it.
    beside: Option<&'static str>,
}

/// The files that a login makes beside that of the tokens: the next tokens and the lock.
const BESIDE: [&str; 2] = [".new", ".lock"];

#[derive(PartialEq, Eq)]
enum Place {
    File(PathBuf),
    /// An item of the keyring.
    Item(String),
}

/// Refuses tokens in a file or an item that another key names, and secrets in the configuration itself.
/// `text` is what the configuration was read from.
pub(super) fn check(config: &Config, text: &str, file: Option<&Path>) -> Result<(), ConfigError> {
    let accounts = config.accounts.iter();
    let named: Vec<_> = accounts
        .flat_map(|(name, account)| named(name, account))
        .collect();
    let own = file.map(|path| Place::File(lexical(path)));
    let Some((wrong, reason)) = in_itself(&named, own.as_ref()).or_else(|| shared(&named)) else {
        return Ok(());
    };
    Err(ConfigError::Line {
        file: file.map(Path::to_owned),
        line: line_of(text, wrong.account, wrong.key),
        reason: format!("{}: {reason}", wrong.key),
    })
}

fn in_itself<'a>(named: &'a [Named<'a>], own: Option<&Place>) -> Option<(&'a Named<'a>, String)> {
    let wrong = named.iter().find(|named| Some(&named.place) == own)?;
    let reason = if wrong.beside.is_some() {
        "a login makes a file beside it that is this file: name another file"
    } else if wrong.is_store {
        "it is this file, which the tokens would replace: name another file"
    } else {
        "it is this file: name the file that has the secret"
    };
    Some((wrong, reason.to_owned()))
}

/// The later of two keys that name the same place, if tokens are stored there.
fn shared<'a>(named: &'a [Named<'a>]) -> Option<(&'a Named<'a>, String)> {
    let mut pairs = named.iter().enumerate().flat_map(|(index, later)| {
        let earlier = named.iter().take(index);
        earlier.map(move |earlier| (earlier, later))
    });
    let (earlier, later) = pairs.find(|(earlier, later)| {
        (earlier.is_store || later.is_store) && earlier.place == later.place
    })?;
    let what = match later.place {
        Place::File(_) => "file",
        Place::Item(_) => "item",
    };
    let key = format!(
        "{} of the account {}",
        earlier.key,
        earlier.account.escape_debug()
    );
    let reason = match (earlier.beside, later.beside) {
        (None, None) => format!(
            "{key} names the same {what}, and a login stores its tokens there: name another {what}"
        ),
        (Some(_), _) => {
            format!("a login makes this file beside that of {key}: name another file")
        }
        (None, Some(suffix)) => format!(
            "a login makes a file beside it, with {suffix} after its name, and {key} names that file: \
             name another file"
        ),
    };
    Some((later, reason))
}

/// The files and the items of the keyring that an account names.
fn named<'a>(name: &'a str, account: &Account) -> Vec<Named<'a>> {
    let dkim = account.dkim.as_ref();
    let stores = account.uses_oauth();
    let files = [
        ("password-file", &account.password_file, false),
        ("password-netrc", &account.password_netrc, false),
        ("client-secret-file", &account.client_secret_file, false),
        ("service-account-file", &account.service_account_file, false),
        ("token-file", &account.token_file, stores),
        ("tls-ca", &account.tls_ca, false),
        ("tls-cert", &account.tls_cert, false),
        ("tls-key", &account.tls_key, false),
    ];
    let others = [
        (
            "network.proxy-password-file",
            account.network.proxy_password_file.as_ref(),
        ),
        (
            "dkim.key-file",
            dkim.and_then(|dkim| dkim.key_file.as_ref()),
        ),
    ];
    let files = files.into_iter();
    let files = files.map(|(key, path, is_store)| (key, path.as_ref(), is_store));
    let others = others.into_iter().map(|(key, path)| (key, path, false));
    let files = files.chain(others).filter_map(|(key, path, is_store)| {
        let place = Place::File(lexical(path?));
        Some((key, place, is_store, None))
    });
    let tokens = account.token_file.as_ref().filter(|_| stores);
    let beside = tokens.into_iter().flat_map(|tokens| {
        let tokens = lexical(tokens);
        BESIDE.into_iter().map(move |suffix| {
            let mut path = tokens.clone().into_os_string();
            path.push(suffix);
            let place = Place::File(path.into());
            ("token-file", place, true, Some(suffix))
        })
    });
    let items = [
        ("password-keyring", &account.password_keyring, false),
        (
            "client-secret-keyring",
            &account.client_secret_keyring,
            false,
        ),
        ("token-keyring", &account.token_keyring, stores),
    ];
    let items = items.into_iter().filter_map(|(key, item, is_store)| {
        let place = Place::Item(item.clone()?);
        Some((key, place, is_store, None))
    });
    let places = files.chain(beside).chain(items);
    let places = places.map(|(key, place, is_store, beside)| Named {
        account: name,
        key,
        place,
        is_store,
        beside,
    });
    places.collect()
}

/// The path from the root on, without `.` and `..`. Links are not followed.
fn lexical(path: &Path) -> PathBuf {
    let path = at_home(path);
    let path = std::path::absolute(&path).unwrap_or(path);
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// The number of the line that has this key of this account, from 1.
fn line_of(text: &str, account: &str, key: &str) -> usize {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = DeTable::parse(text).ok().and_then(|document| {
        let mut value: &DeValue<'_> = document.get_ref().get("account")?.get_ref();
        let mut start = 0;
        for key in [account].into_iter().chain(key.split('.')) {
            let spanned = value.get(key)?;
            start = spanned.span().start;
            value = spanned.get_ref();
        }
        Some(start)
    });
    let before = text.get(..start.unwrap_or_default());
    before.unwrap_or_default().matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN: &str = "oauth = 'google'\nclient-id = 'i'\n";

    /// The keys of two accounts at different lines, and the error; an empty text if there is none.
    #[test]
    fn places_that_keys_share() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("mail.toml");
        let home = std::env::home_dir().unwrap();
        let in_home = format!("token-file = '{}/t'", home.display());
        let itself = "it is this file, which the tokens would replace";
        for (first, second, expected) in [
            ("token-file = 'a'", "token-file = 'b'", ""),
            (
                "token-file = 'mail.toml'",
                "token-file = 'b'",
                &*format!("6: token-file: {itself}"),
            ),
            (
                "token-file = 'a'",
                "token-file = './x/../mail.toml'",
                &format!("12: token-file: {itself}"),
            ),
            (
                "token-file = 'a'",
                "token-file = 'b'\nclient-secret-file = 'mail.toml'",
                "13: client-secret-file: it is this file: name the file that has the secret",
            ),
            (
                "token-file = 'a'",
                "token-file = 'a'",
                "12: token-file: token-file of the account a names the same file, and a login",
            ),
            (
                "token-file = '~/t'",
                &in_home,
                "12: token-file: token-file of the account a",
            ),
            (
                "token-file = 'a'",
                "client-secret-file = './a'\ntoken-file = 'b'",
                "12: client-secret-file: token-file of the account a",
            ),
            (
                "token-file = 'a'\nclient-secret-file = 'a'",
                "token-file = 'b'",
                "6: token-file: client-secret-file of the account a",
            ),
            (
                "token-file = 'a'\n[account.a.dkim]\ndomain = 'example.org'\nselector = 's'\n\
                 key-file = 'a'",
                "token-file = 'b'",
                "10: dkim.key-file: token-file of the account a",
            ),
            (
                "token-keyring = 'a'",
                "token-keyring = 'a'",
                "12: token-keyring: token-keyring of the account a names the same item",
            ),
            (
                "token-keyring = 'a'",
                "token-keyring = 'b'\nclient-secret-keyring = 'a'",
                "13: client-secret-keyring: token-keyring of the account a",
            ),
            (
                "token-file = ''",
                "token-file = 'b'",
                "6: token-file: it is empty",
            ),
            (
                "token-file = \"a\\u0000\"",
                "token-file = 'b'",
                "6: token-file: it has a NUL",
            ),
            (
                "client-secret-file = ''",
                "token-file = 'b'",
                "6: client-secret-file: it is empty",
            ),
        ] {
            finds(&file, first, second, expected);
        }
    }

    #[test]
    fn files_that_a_login_makes() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("mail.toml");
        for (first, second, expected) in [
            (
                "token-file = 'a'",
                "token-file = 'b'\nclient-secret-file = 'a.lock'",
                "13: client-secret-file: a login makes this file beside that of token-file of the \
                 account a: name another file",
            ),
            (
                "token-file = 'a'",
                "token-file = './a.new'",
                "12: token-file: a login makes this file beside that of token-file of the account a",
            ),
            (
                "token-file = 'a'\nclient-secret-file = 'b.new'",
                "token-file = 'b'",
                "13: token-file: a login makes a file beside it, with .new after its name, and \
                 client-secret-file of the account a names that file: name another file",
            ),
        ] {
            finds(&file, first, second, expected);
        }
    }

    /// Checks the error of two accounts with these keys.
    fn finds(file: &Path, first: &str, second: &str, expected: &str) {
        let account = |name: &str, keys: &str| {
            format!("[account.{name}]\nserver = 'x'\nuser = 'me'\n{LOGIN}{keys}\n")
        };
        let text = account("a", first) + &account("b", second);
        std::fs::write(file, text).unwrap();
        let loaded = Config::load(file);
        let found = loaded.map_or_else(|error| error.to_string(), |_| String::new());
        let place = format!("{}:", file.display());
        let found = found.strip_prefix(&place).unwrap_or(&found);
        assert_eq!(found.is_empty(), expected.is_empty(), "{second}: {found}");
        assert!(found.starts_with(expected), "{first} {second}: {found}");
    }

    /// Accounts that only read a password or a token may share it.
    #[test]
    fn what_is_only_read_may_be_shared() {
        let text = "[account.a]\nserver = 'x'\nuser = 'me'\ntoken-file = 't'\n\
                    [account.b]\nserver = 'y'\nuser = 'me'\ntoken-file = 't'\n\
                    [account.c]\nserver = 'y'\nuser = 'me'\npassword-file = 't'\n";
        assert!(Config::parse(text).is_ok());
        let stored =
            format!("{text}[account.d]\nserver = 'x'\nuser = 'me'\n{LOGIN}token-file = 't'\n");
        let error = Config::parse(&stored).unwrap_err().to_string();
        assert!(
            error.starts_with("line 18: token-file: token-file of the account a"),
            "{error}"
        );
    }
}
