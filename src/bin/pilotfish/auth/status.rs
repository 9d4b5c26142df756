//! `pilotfish auth status`: how each account logs in, and whether that still works.

use pilotfish::config::{Account, ConfigError};
use pilotfish::oauth::{OAuthError, OAuthErrorKind};
use serde_json::json;

use super::tokens::{timestamp, validity};
use crate::account::chosen;
use crate::args::{GlobalArguments, NamedAccount};
use crate::exit;
use crate::failure::Failure;
use crate::output::report;
use crate::settings::{configuration, in_shell, shown_path};
use crate::terminal::style::{Mark, Stream};
use crate::terminal::wrap::columns;

/// What is known of a login.
struct Row {
    name: String,
    mark: Mark,
    /// By what it is, and where that is.
    by: String,
    state: String,
    expires: Option<String>,
}

/// Prints the logins, and returns 77 if one of them no longer works.
pub(super) async fn status(named: NamedAccount, global: &GlobalArguments) -> Result<u8, Failure> {
    let accounts = if named.name.is_some() || global.account.is_some() {
        let chosen = chosen(named, global).await?;
        vec![(chosen.name, chosen.account)]
    } else {
        let config = configuration(global).await?;
        config.accounts.into_iter().collect()
    };
    let mut rows = Vec::new();
    for (name, account) in accounts {
        rows.push(row(name, &account, global).await);
    }
    let failed = rows.iter().any(|row| row.mark == Mark::Failed);
    let status = if failed {
        exit::NO_PERMISSION
    } else {
        exit::OK
    };
    if global.json {
        let rows = rows.iter().map(|row| {
            json!({
                "name": row.name, "by": row.by, "works": works(row.mark), "state": row.state,
                "expires": row.expires,
            })
        });
        let logins: Vec<_> = rows.collect();
        let object = json!({"schema": "pilotfish.auth-status/1", "logins": logins});
        report::answer(&object.to_string())?;
        return Ok(status);
    }
    if rows.is_empty() {
        report::notice("no account is set up");
    } else {
        report::answer(&table(&rows))?;
    }
    Ok(status)
}

/// Whether a login works; `None` if that is not known.
fn works(mark: Mark) -> Option<bool> {
    match mark {
        Mark::Done => Some(true),
        Mark::Failed => Some(false),
        _ => None,
    }
}

fn table(rows: &[Row]) -> String {
    let width = |column: fn(&Row) -> &str| {
        let widths = rows.iter().map(|row| columns(column(row)));
        widths.max().unwrap_or_default()
    };
    let (names, ways) = (width(|row| &row.name), width(|row| &row.by));
    let lines = rows.iter().map(|row| {
        let padded = |cell: &str, width: usize| {
            format!("{cell}{}", " ".repeat(width.saturating_sub(columns(cell))))
        };
        let line = format!(
            "{}  {}  {}",
            padded(&row.name, names),
            padded(&row.by, ways),
            row.state
        );
        Stream::stdout().marked(row.mark, line.trim_end())
    });
    lines.collect::<Vec<_>>().join("\n")
}

async fn row(name: String, account: &Account, global: &GlobalArguments) -> Row {
    // With auth = "none", what else there is does not count.
    if !account.logs_in() {
        return Row {
            name,
            mark: Mark::Idle,
            by: "no login".to_owned(),
            state: String::new(),
            expires: None,
        };
    }
    if account.uses_oauth() {
        return oauth(name, account, global).await;
    }
    let (by, may_read) = password(account);
    let (mark, state) = if may_read {
        // Only its presence counts: no server is asked.
        match account.credentials().await {
            Ok(_) => (Mark::Done, String::new()),
            Err(error) => (Mark::Failed, error.to_string()),
        }
    } else {
        (Mark::Idle, String::new())
    };
    Row {
        name,
        mark,
        by,
        state,
        expires: None,
    }
}

/// Where a password or a token is, and whether reading it does nothing else: a command may ask.
fn password(account: &Account) -> (String, bool) {
    let file = |path: &std::path::PathBuf| format!("password in {}", shown_path(path));
    let places = [
        (
            account.password_keyring.is_some(),
            "password in the keyring",
            true,
        ),
        (
            account.password_command.is_some(),
            "password by a command",
            false,
        ),
        (
            account.password_env.is_some(),
            "password in a variable",
            true,
        ),
        (
            account.password_credential.is_some(),
            "password of systemd",
            true,
        ),
        (
            account.password_netrc.is_some(),
            "password in a netrc file",
            true,
        ),
        (account.token_file.is_some(), "token in a file", true),
        (
            account.token_keyring.is_some(),
            "token in the keyring",
            true,
        ),
        (account.token_command.is_some(), "token by a command", false),
        (account.token_env.is_some(), "token in a variable", true),
        (account.token_credential.is_some(), "token of systemd", true),
    ];
    if let Some(path) = &account.password_file {
        return (file(path), true);
    }
    let place = places.into_iter().find(|(is_there, ..)| *is_there);
    place.map_or(("no login".to_owned(), false), |(_, by, may_read)| {
        (by.to_owned(), may_read)
    })
}

/// A login with OAuth 2.0. A token that has expired is renewed, which the next mail would do as well.
async fn oauth(name: String, account: &Account, global: &GlobalArguments) -> Row {
    let place = match (&account.token_file, &account.token_keyring) {
        (Some(_), _) => "OAuth 2.0 in a file (mode 600)",
        (None, Some(_)) => "OAuth 2.0 in the keyring",
        (None, None) => "OAuth 2.0 without a user",
    };
    let tokens = async {
        match account.oauth()? {
            Some(login) => Ok(Some(global.logins.credentials(&login).tokens().await?)),
            None => Ok(None),
        }
    };
    let tokens: Result<_, ConfigError> = tokens.await;
    let mut expires = None;
    let (mark, state) = match tokens {
        Ok(tokens) => {
            let valid = tokens.as_ref().and_then(validity);
            expires = tokens.and_then(|tokens| timestamp(tokens.expires()?));
            let state = valid.map_or("a token without an end".to_owned(), |valid| {
                format!("token for {valid} more, then renewed")
            });
            (Mark::Done, state)
        }
        Err(error) => failed(&error, &name),
    };
    Row {
        name,
        mark,
        by: place.to_owned(),
        state,
        expires,
    }
}

/// The mark and the words for a login that gives no token.
fn failed(error: &ConfigError, name: &str) -> (Mark, String) {
    let again = format!("pilotfish auth login {}", in_shell(name));
    let ConfigError::OAuth(error) = error else {
        return (Mark::Failed, error.to_string());
    };
    match error.kind() {
        OAuthErrorKind::NotLoggedIn => (Mark::Failed, format!("not logged in: {again}")),
        OAuthErrorKind::LoginEnded => (Mark::Failed, format!("revoked or expired: {again}")),
        _ if is_passing(error) => (Mark::Look, format!("not known now: {error}")),
        _ => (Mark::Failed, error.to_string()),
    }
}

fn is_passing(error: &OAuthError) -> bool {
    let kind = error.kind();
    error.is_transient() || matches!(kind, OAuthErrorKind::Network | OAuthErrorKind::Tls)
}
