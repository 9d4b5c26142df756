//! Storing a login with OAuth 2.0: its tokens, the client secret and the keys. If one of them cannot be
//! stored, what was there before is put back.

use pilotfish::Secret;
use pilotfish::config::{Keyring, OAuthLogin};
use pilotfish::oauth::Tokens;
use serde_json::{Value, json};

use super::plan::Plan;
use super::tokens::timestamp;
use crate::account::said;
use crate::account::store::Store;
use crate::args::GlobalArguments;
use crate::failure::Failure;
use crate::output::report::warning;
use crate::settings::shown_path;

/// A login that is stored.
pub(crate) struct Stored {
    /// Where it is, and that it is renewed.
    pub(crate) text: String,
    /// Whether its account is the default of the file.
    pub(crate) is_default: bool,
    pub(super) object: Value,
}

/// An item of the keyring that has just been replaced, and what it was.
struct Replaced {
    keyring: Keyring,
    item: String,
    before: Option<Secret>,
}

impl Plan {
    /// Stores the tokens, the client secret and the keys. The configuration never names what is not
    /// there. `before` has the tokens of an earlier login; the caller holds the lock of the store.
    pub(super) async fn store(
        &mut self,
        login: &OAuthLogin,
        tokens: &Tokens,
        before: Option<&Tokens>,
    ) -> Result<(), Failure> {
        let replaced = self.keep_secret().await?;
        let stored = self.keep_tokens(login, tokens, before).await;
        if let (Err(_), Some(replaced)) = (&stored, replaced) {
            replaced.put_back().await;
        }
        stored
    }

    /// Keeps the client secret that was asked for, in a place of the same kind as that of the tokens. A file
    /// goes again unless the configuration is saved.
    async fn keep_secret(&mut self) -> Result<Option<Replaced>, Failure> {
        let Some(secret) = &self.secret else {
            return Ok(None);
        };
        let (key, value, replaced) = match &self.store {
            Store::Keyring(keyring) => {
                let item = format!("{} client", self.name);
                let replaced = Replaced {
                    before: keyring.password(&item).await.ok(),
                    keyring: keyring.clone(),
                    item: item.clone(),
                };
                self.store.keep(&item, secret).await?;
                ("client-secret-keyring", item, Some(replaced))
            }
            Store::File(_) => {
                let path = self.file.secret_file(&self.name, "client-secret");
                self.file.add_secret(&path, secret.expose())?;
                let own = path.file_name().unwrap_or_default().to_string_lossy();
                ("client-secret-file", own.into_owned(), None)
            }
        };
        self.of_old_client.retain(|old| *old != key);
        self.file.set_key(&self.name, key, &value);
        Ok(replaced)
    }

    async fn keep_tokens(
        &mut self,
        login: &OAuthLogin,
        tokens: &Tokens,
        before: Option<&Tokens>,
    ) -> Result<(), Failure> {
        let store = login.store();
        store.store(tokens).await?;
        if !self.has_changes {
            return Ok(());
        }
        let saved = self.file.save().await;
        if saved.is_err() {
            let undone = match before {
                Some(tokens) => store.store(tokens).await,
                // No account leads to the new ones.
                None => store.remove().await,
            };
            if let Err(error) = undone {
                warning(&format!(
                    "the tokens in {} are those of the new login: {error}",
                    login.place()
                ));
            }
        }
        saved
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
            let text = format!("removed from {path}, as it belongs to the client before: {keys}");
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

impl Replaced {
    async fn put_back(self) {
        let put_back = match &self.before {
            Some(before) => self.keyring.set_password(&self.item, before).await,
            None => self.keyring.remove_password(&self.item).await,
        };
        if let Err(error) = put_back {
            let item = &self.item;
            warning(&format!(
                "the new client secret is still in the keyring, by the name {item}: {error}"
            ));
        }
    }
}
