//! `pilotfish account remove`.

use std::path::PathBuf;

use pilotfish::config::Account;
use serde_json::json;

use super::{Chosen, done, named, said};
use crate::args::{GlobalArguments, NamedAccount};
use crate::failure::{Failure, Interrupted};
use crate::output::report::warning;
use crate::settings::{ConfigFile, at_home, in_shell, shown_path};
use crate::stop::Stops;

/// Removes the account, and then its login.
pub(super) async fn remove(
    named_account: NamedAccount,
    global: &GlobalArguments,
    stops: &mut Stops,
) -> Result<(), Failure> {
    let chosen = stops.unless(Interrupted::NotFinished, named(named_account, global));
    let Chosen {
        name,
        account,
        file,
    } = chosen.await?;
    let mut file = ConfigFile::open(file)?;
    file.remove_account(&name);
    stops.unless(Interrupted::NotFinished, file.save()).await?;
    let is_revoked = end_login(&account, &name, global, stops).await;
    let path = shown_path(file.path());
    let left = |file: Option<PathBuf>| file.map(at_home).filter(|path| path.exists());
    let file_left = left(account.password_file);
    let secret_left = left(account.client_secret_file);
    let tokens_left = left(account.token_file);
    let in_json = |file: &Option<PathBuf>| file.as_ref().map(|path| path.display().to_string());
    let object = json!({
        "schema": "pilotfish.account-remove/1", "name": name,
        "file": file.path().display().to_string(), "revoked": is_revoked,
        "password_file": in_json(&file_left), "password_keyring": account.password_keyring,
        "client_secret_file": in_json(&secret_left),
        "client_secret_keyring": account.client_secret_keyring,
        "token_file": in_json(&tokens_left),
    });
    done(
        global,
        &format!("account {name} removed from {path}"),
        &object,
    );
    for (what, file) in [("password", file_left), ("client secret", secret_left)] {
        let Some(file) = file else { continue };
        let path = shown_path(&file);
        let command = in_shell(&file.display().to_string());
        said(
            global,
            &format!("its {what} is still in {path}: rm {command}"),
        );
    }
    let items = [
        ("password", account.password_keyring),
        ("client secret", account.client_secret_keyring),
    ];
    for (what, item) in items {
        let Some(item) = item else { continue };
        let text = format!("its {what} is still in the keyring, by the name {item}");
        said(global, &text);
    }
    Ok(())
}

/// Ends the login with OAuth 2.0, if there is one, and says whether the provider has revoked it.
async fn end_login(
    account: &Account,
    name: &str,
    global: &GlobalArguments,
    stops: &mut Stops,
) -> bool {
    let Ok(Some(login)) = account.oauth() else {
        return false;
    };
    match crate::auth::remove(&login, account, name, global, stops).await {
        Ok(Some(true)) => {
            said(global, "its login is revoked, and its tokens are removed");
            return true;
        }
        Ok(Some(false)) => said(global, "its tokens are removed"),
        Ok(None) => {}
        Err(failure) => warning(&format!(
            "the tokens of {name} stay where they are, in {}: {}",
            login.place(),
            failure.message
        )),
    }
    false
}
