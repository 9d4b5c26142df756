//! Storing a login with OAuth 2.0: its tokens, the client secret and the keys. If one of them cannot be
//! stored, what was there before is put back.

use std::time::Duration;

use pilotfish::config::OAuthLogin;
use pilotfish::oauth::Tokens;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::plan::Plan;
use super::tokens::timestamp;
use crate::account::said;
use crate::account::store::Store;
use crate::args::GlobalArguments;
use crate::failure::{Failure, Interrupted};
use crate::output::report::warning;
use crate::settings::shown_path;
use crate::stop::Stops;

/// How long a keyring may take to put the tokens back.
const PATIENCE: Duration = Duration::from_secs(5);

/// A login that is stored.
pub(crate) struct Stored {
    /// Where it is, and that it is renewed.
    pub(crate) text: String,
    /// Whether its account is the default of the file.
    pub(crate) is_default: bool,
    pub(super) object: Value,
}

impl Plan {
    /// Stores the tokens, the client secret and the keys. The configuration never names what is not
    /// there. `before` has the tokens of an earlier login; the caller holds the lock of the store. If it
    /// fails or is stopped, what was there before is put back.
    pub(super) async fn store(
        &mut self,
        login: &OAuthLogin,
        tokens: &Tokens,
        before: Option<&Tokens>,
        stops: &mut Stops,
    ) -> Result<(), Failure> {
        let stored = self.keep(login, tokens, before, stops).await;
        if stored.is_err() {
            self.file.undo().await;
        }
        stored
    }

    async fn keep(
        &mut self,
        login: &OAuthLogin,
        tokens: &Tokens,
        before: Option<&Tokens>,
        stops: &mut Stops,
    ) -> Result<(), Failure> {
        let kept = self.keep_secret();
        stops.unless(Interrupted::NotStored, kept).await?;
        let kept = async { Ok(login.store().store(tokens).await?) };
        let kept = match self.store {
            Store::Keyring(_) => stops.unless(Interrupted::NotStored, kept).await,
            // It waits for the disk alone, and would go on after a signal.
            Store::File(_) => kept.await,
        };
        // A store that fails has the earlier tokens; one that is interrupted may have the new ones.
        let is_replaced = match &kept {
            Ok(()) => true,
            Err(failure) => failure.interruption.is_some(),
        };
        let saved = match kept {
            Ok(()) if self.has_changes => self.file.save().await,
            kept => kept,
        };
        if saved.is_err() && is_replaced {
            put_back(login, before).await;
        }
        saved
    }

    /// Keeps the client secret that was asked for, in a place of the same kind as that of the tokens.
    async fn keep_secret(&mut self) -> Result<(), Failure> {
        let Some(secret) = &self.secret else {
            return Ok(());
        };
        let (key, value) = match &self.store {
            Store::Keyring(keyring) => {
                let item = format!("{} client", self.name);
                self.file.add_item(keyring, &item, secret).await?;
                ("client-secret-keyring", item)
            }
            Store::File(_) => {
                let path = self.file.secret_file(&self.name, "client-secret");
                self.file.add_secret(&path, secret.expose())?;
                let own = path.file_name().unwrap_or_default().to_string_lossy();
                ("client-secret-file", own.into_owned())
            }
        };
        self.of_old_client.retain(|old| *old != key);
        self.file.set_key(&self.name, key, &value);
        Ok(())
    }

    /// Says which lines the account has lost, and returns what there is to say of the login.
    pub(super) fn stored(
        &self,
        login: &OAuthLogin,
        tokens: &Tokens,
        is_tested: bool,
        global: &GlobalArguments,
    ) -> Stored {
        let path = shown_path(self.file.path());
        if let Some(key) = self.old.first() {
            let text = format!(
                "{} no longer logs in by {key}: the line was removed from {path}, and the secret is \
                 where it was",
                self.name
            );
            said(global, &text);
        }
        if !self.of_old_client.is_empty() {
            let keys = self.of_old_client.join(", ");
            let text = format!("removed from {path}, as it belongs to the previous client: {keys}");
            said(global, &text);
        }
        let place = match &self.store {
            Store::Keyring(_) => "the keyring".to_owned(),
            Store::File(_) => format!("{}, readable only by you and not encrypted", login.place()),
        };
        let object = json!({
            "schema": "pilotfish.auth-login/1", "name": self.name, "user": self.account.user,
            "place": login.place(), "tested": is_tested, "scope": tokens.scope(),
            "expires": tokens.expires().and_then(timestamp),
        });
        let text = format!("login stored in {place}; Pilotfish renews it");
        Stored {
            text,
            is_default: self.file.default() == Some(&self.name),
            object,
        }
    }
}

/// Puts the tokens of the earlier login back. Without them, no account leads to the new ones.
async fn put_back(login: &OAuthLogin, before: Option<&Tokens>) {
    let store = login.store();
    let put_back = match before {
        Some(tokens) => store.store(tokens),
        None => store.remove(),
    };
    let reason = match timeout(PATIENCE, put_back).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it does not answer".to_owned(),
    };
    let place = login.place();
    warning(&format!(
        "the tokens in {place} are those of the new login: {reason}"
    ));
}
