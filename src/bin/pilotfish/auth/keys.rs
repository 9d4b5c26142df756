//! The keys of an account that a login with OAuth 2.0 replaces.

use pilotfish::config::{Account, OAuthServer};

use crate::args::AuthLoginArguments;
use crate::failure::Failure;
use crate::settings::absolute;

/// The account without its password or token, and the keys that it had for them.
pub(super) fn without_secrets(mut account: Account) -> (Account, Vec<&'static str>) {
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
pub(super) fn without_client(
    account: &mut Account,
    server: &OAuthServer,
    arguments: &AuthLoginArguments,
) -> Vec<&'static str> {
    let is_other_server = account.oauth.as_ref().is_some_and(|own| own != server);
    let is_other_client =
        arguments.login.client_id.is_some() && arguments.login.client_id != account.client_id;
    let mut texts = Vec::new();
    if is_other_server {
        texts.extend([
            ("oauth-tenant", &mut account.oauth_tenant),
            ("oauth-scope", &mut account.oauth_scope),
            ("client-id", &mut account.client_id),
        ]);
    }
    let mut old = taken(texts);
    if is_other_server || is_other_client || arguments.login.client_secret_file.is_some() {
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
pub(super) fn set_client(
    account: &mut Account,
    arguments: &AuthLoginArguments,
) -> Result<Vec<(&'static str, String)>, Failure> {
    let mut keys = Vec::new();
    for (key, own, value) in [
        (
            "oauth-tenant",
            &mut account.oauth_tenant,
            &arguments.login.tenant,
        ),
        (
            "oauth-scope",
            &mut account.oauth_scope,
            &arguments.login.scope,
        ),
        (
            "client-id",
            &mut account.client_id,
            &arguments.login.client_id,
        ),
    ] {
        if let Some(value) = value
            && own.as_ref() != Some(value)
        {
            keys.push((key, value.clone()));
            *own = Some(value.clone());
        }
    }
    if let Some(path) = &arguments.login.client_secret_file {
        let path = absolute(path.clone())?;
        keys.push(("client-secret-file", path.display().to_string()));
        account.client_secret_file = Some(path);
    }
    Ok(keys)
}

/// Whether the logins of two clients may end together. Some servers revoke all logins of a user by the same
/// client, and Google those by the clients of the same project.
pub(super) fn ends_with(earlier: &Account, now: &Account) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The previous client, the one now, and whether to revoke the login of one may end that of the other.
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
