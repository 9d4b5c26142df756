//! `pilotfish auth token`, `auth refresh` and `auth logout`.

use std::io::{self, IsTerminal as _};
use std::time::SystemTime;

use pilotfish::config::{Account, OAuthLogin, OAuthServer};
use pilotfish::oauth::{OAuthError, TokenLock, Tokens};
use serde_json::json;

use super::revocation::revoke;
use crate::account::{Chosen, chosen, done, said};
use crate::args::{GlobalArguments, NamedAccount};
use crate::failure::{Failure, Interrupted};
use crate::output::advice::{LoginCommand, oauth_help};
use crate::output::report;
use crate::settings::in_shell;
use crate::stop::Stops;
use crate::terminal::quantity::Span;

/// Prints an access token that is valid for some minutes at least.
pub(super) async fn token(named: NamedAccount, global: &GlobalArguments) -> Result<(), Failure> {
    let Chosen { name, account, .. } = chosen(named, global).await?;
    let login = login_of(&name, &account)?;
    let tokens = global.logins.credentials(&login).tokens().await;
    let tokens = tokens.map_err(|error| no_token(error, &LoginCommand::of(&name)))?;
    let token = String::from_utf8_lossy(tokens.access().expose()).into_owned();
    if global.json {
        let object = json!({
            "schema": "pilotfish.auth-token/1", "name": name, "user": account.user,
            "token": token, "expires": tokens.expires().and_then(timestamp),
        });
        return report::answer(&object.to_string());
    }
    if io::stdout().is_terminal() && !global.quiet {
        report::warning("whoever has this token can send mail as you until it expires");
    }
    report::answer(&token)
}

/// Renews the access token.
pub(super) async fn refresh(named: NamedAccount, global: &GlobalArguments) -> Result<(), Failure> {
    let Chosen { name, account, .. } = chosen(named, global).await?;
    let login = login_of(&name, &account)?;
    let tokens = global.logins.credentials(&login).refresh().await;
    let tokens = tokens.map_err(|error| no_token(error, &LoginCommand::of(&name)))?;
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
pub(super) async fn logout(
    named: NamedAccount,
    global: &GlobalArguments,
    stops: &mut Stops,
) -> Result<(), Failure> {
    let chosen = stops.unless(Interrupted::NotFinished, chosen(named, global));
    let Chosen { name, account, .. } = chosen.await?;
    let login = login_of(&name, &account)?;
    let is_revoked = remove(&login, &account, &name, global, stops).await?;
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

/// Removes the tokens, and says whether the provider has revoked them; `None` if there were none. Only
/// a failure of the removal, or a stop before it, is an error. What stops the revocation leaves no tokens.
pub(crate) async fn remove(
    login: &OAuthLogin,
    account: &Account,
    name: &str,
    global: &GlobalArguments,
    stops: &mut Stops,
) -> Result<Option<bool>, Failure> {
    let taken = stops.unless(Interrupted::NotFinished, take(login)).await?;
    let (tokens, _lock) = taken;
    let revoked = match tokens {
        Ok(None) => return Ok(None),
        Ok(Some(tokens)) => revoke(Box::pin(login.client()), &tokens, stops).await,
        Err(error) => Err(error.into()),
    };
    match revoked {
        Ok(true) => return Ok(Some(true)),
        Ok(false) => {}
        Err(failure) => {
            let cause = failure.causes.first().map(|cause| format!(": {cause}"));
            let (message, cause) = (failure.message, cause.unwrap_or_default());
            report::warning(&format!(
                "the login of {name} is not revoked: {message}{cause}"
            ));
        }
    }
    let provider = match &account.oauth {
        Some(OAuthServer::Google) => "Google: https://myaccount.google.com/connections",
        Some(OAuthServer::Microsoft) => "Microsoft: https://myapps.microsoft.com",
        _ => "the provider",
    };
    let text = format!("to end the login there too, remove the permission at {provider}");
    said(global, &text);
    Ok(Some(false))
}

/// What a store has had, and the lock of the store, if there is one.
type Taken = (Result<Option<Tokens>, OAuthError>, Option<TokenLock>);

/// Takes the tokens out of the store.
async fn take(login: &OAuthLogin) -> Result<Taken, Failure> {
    let store = login.store();
    // A renewal at the same time would store tokens anew.
    let lock = match store.lock().await {
        Ok(lock) => Some(lock),
        Err(error) if error.is_transient() => return Err(error.into()),
        Err(_) => None,
    };
    let tokens = store.load().await;
    if !matches!(tokens, Ok(None)) {
        store.remove().await?;
    }
    Ok((tokens, lock))
}

/// The login of an account with OAuth 2.0.
fn login_of(name: &str, account: &Account) -> Result<OAuthLogin, Failure> {
    let login = account.oauth()?;
    login.ok_or_else(|| {
        let message = format!("{name} does not log in with OAuth 2.0");
        let help = format!("to change that: pilotfish auth login {}", in_shell(name));
        Failure::usage(message).with_help(help)
    })
}

/// Why there is no access token, with the command that helps.
pub(super) fn no_token(error: OAuthError, again: &LoginCommand) -> Failure {
    let help = oauth_help(&error, again);
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
