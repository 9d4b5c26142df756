//! `pilotfish auth token`, `auth refresh` and `auth logout`.

use std::io::{self, IsTerminal as _};
use std::time::SystemTime;

use pilotfish::config::{Account, OAuthLogin};
use pilotfish::oauth::{OAuthCredentials, OAuthError, Tokens};
use serde_json::json;

use crate::account::{Chosen, chosen, done, said};
use crate::args::{GlobalArguments, NamedAccount};
use crate::exit;
use crate::failure::Failure;
use crate::output::advice::oauth_help;
use crate::output::report;
use crate::settings::in_shell;
use crate::terminal::quantity::Span;

/// Prints an access token that is valid for some minutes at least.
pub(super) async fn token(named: NamedAccount, global: &GlobalArguments) -> Result<(), Failure> {
    let Chosen { name, account, .. } = chosen(named, global).await?;
    let login = login_of(&name, &account).await?;
    let tokens = login.credentials().tokens().await;
    let tokens = tokens.map_err(|error| no_token(error, Some(&name)))?;
    let token = String::from_utf8_lossy(tokens.access().expose()).into_owned();
    if global.json {
        let object = json!({
            "schema": "pilotfish.auth-token/1", "name": name, "user": account.user,
            "token": token, "expires": tokens.expires().and_then(timestamp),
        });
        report::result(&object.to_string());
        return Ok(());
    }
    if io::stdout().is_terminal() && !global.quiet {
        report::warning("whoever has this token can send mail as you until it expires");
    }
    match report::page(&token) {
        exit::OK => Ok(()),
        status => Err(Failure::new(status, "the token was not printed")),
    }
}

/// Renews the access token.
pub(super) async fn refresh(named: NamedAccount, global: &GlobalArguments) -> Result<(), Failure> {
    let Chosen { name, account, .. } = chosen(named, global).await?;
    let login = login_of(&name, &account).await?;
    let tokens = login.credentials().refresh().await;
    let tokens = tokens.map_err(|error| no_token(error, Some(&name)))?;
    let valid = validity(&tokens).map(|valid| format!(": valid for {valid}"));
    let text = format!("token of {name} renewed{}", valid.unwrap_or_default());
    let object = json!({
        "schema": "pilotfish.auth-refresh/1", "name": name,
        "expires": tokens.expires().and_then(timestamp),
    });
    done(global, &text, &object);
    Ok(())
}

/// Revokes the login, and removes its tokens.
pub(super) async fn logout(named: NamedAccount, global: &GlobalArguments) -> Result<(), Failure> {
    let Chosen { name, account, .. } = chosen(named, global).await?;
    let login = login_of(&name, &account).await?;
    let is_revoked = remove(&login, &name, global).await?;
    let text = match is_revoked {
        Some(true) => {
            format!("{name} is logged out: the login is revoked, and its tokens are removed")
        }
        Some(false) => format!("{name} is logged out here: its tokens are removed"),
        None => format!("{name} was not logged in"),
    };
    let object = json!({
        "schema": "pilotfish.auth-logout/1", "name": name,
        "was_logged_in": is_revoked.is_some(), "revoked": is_revoked == Some(true),
    });
    done(global, &text, &object);
    Ok(())
}

/// Removes the tokens, and says whether the provider has revoked them; `None` if there were none.
pub(crate) async fn remove(
    login: &OAuthLogin,
    name: &str,
    global: &GlobalArguments,
) -> Result<Option<bool>, Failure> {
    let store = login.store();
    let _lock = store.lock().await?;
    let Some(tokens) = store.load().await? else {
        return Ok(None);
    };
    let Some(client) = login.client() else {
        store.remove().await?;
        return Ok(Some(false));
    };
    let provider = client.provider();
    let mut is_revoked = false;
    if provider.can_revoke() {
        match client.revoke(&tokens).await {
            Ok(()) => is_revoked = true,
            Err(error) => {
                report::warning(&format!("the login of {name} is not revoked: {error}"));
            }
        }
    }
    store.remove().await?;
    if !is_revoked {
        let provider = provider.name();
        let page = permissions_page(provider).map(|page| format!(": {page}"));
        said(
            global,
            &format!(
                "to end the login at {provider} too, remove the permission there{}",
                page.unwrap_or_default()
            ),
        );
    }
    Ok(Some(is_revoked))
}

/// Where a user takes permissions back.
fn permissions_page(provider: &str) -> Option<&'static str> {
    match provider {
        "Google" => Some("https://myaccount.google.com/connections"),
        "Microsoft" => Some("https://myapps.microsoft.com"),
        _ => None,
    }
}

/// The login of an account with OAuth 2.0.
async fn login_of(name: &str, account: &Account) -> Result<OAuthLogin, Failure> {
    let login = account.oauth().await?;
    login.ok_or_else(|| {
        let message = format!("{name} does not log in with OAuth 2.0");
        let help = format!("to change that: pilotfish auth login {}", in_shell(name));
        Failure::usage(message).with_help(help)
    })
}

/// The credentials of sessions, with a token that is valid now: without one, no connection is opened.
pub(crate) async fn oauth_credentials(
    login: &OAuthLogin,
    name: Option<&str>,
) -> Result<OAuthCredentials, Failure> {
    let credentials = login.credentials();
    match credentials.tokens().await {
        Ok(_) => Ok(credentials),
        Err(error) => Err(no_token(error, name)),
    }
}

/// Why the account with this name has no access token, with the command that helps.
pub(super) fn no_token(error: OAuthError, name: Option<&str>) -> Failure {
    let help = oauth_help(&error, name);
    let failure = Failure::from(error);
    match help {
        Some(help) => failure.with_help(help),
        None => failure,
    }
}

/// How long the access token is valid.
pub(super) fn validity(tokens: &Tokens) -> Option<String> {
    let left = tokens.expires()?.duration_since(SystemTime::now()).ok()?;
    let minutes = left.as_secs() / 60;
    Some(match minutes {
        0 => Span(left).to_string(),
        _ => format!("{minutes} min"),
    })
}

/// The time as RFC 3339 writes it.
pub(super) fn timestamp(time: SystemTime) -> Option<String> {
    let time = jiff::Timestamp::try_from(time).ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}
