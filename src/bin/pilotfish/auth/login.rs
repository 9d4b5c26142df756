//! `pilotfish auth login`: logs in with OAuth 2.0, proves the token at the mail server, and stores it.

use std::path::PathBuf;

use pilotfish::config::{Account, Keyring, OAuthGrant, OAuthLogin, OAuthServer};
use pilotfish::oauth::{OAuthClient, Tokens};
use pilotfish::{Credentials, Secret};
use serde_json::{Value, json};

use super::guide;
use super::tokens::timestamp;
use super::ways::Way;
use crate::account::login::proof_by;
use crate::account::store::{Kind, Store};
use crate::account::{chosen, done, said, service_at};
use crate::args::{AuthLoginArguments, GlobalArguments};
use crate::connection::Connection;
use crate::exit;
use crate::failure::Failure;
use crate::output::logging::Watch;
use crate::settings::{ConfigFile, in_shell, shown_path};
use crate::terminal::question::Questions;
use crate::terminal::style::{Mark, Stream};

/// A login that is being set up.
struct Plan {
    name: String,
    /// The account, with its login by OAuth 2.0 alone.
    account: Account,
    file: ConfigFile,
    /// The keys that the account gets.
    keys: Vec<(&'static str, String)>,
    /// The keys of its password or token, which it loses.
    old: Vec<&'static str>,
    /// Where the tokens go.
    store: Store,
    /// The client secret, if it was asked for.
    secret: Option<Secret>,
}

/// A login that is stored.
pub(crate) struct Stored {
    /// Where it is, and that it is renewed.
    pub(crate) text: String,
    /// Whether its account is the default of the file.
    pub(crate) is_default: bool,
    object: Value,
}

/// Logs in, and prints where the login is stored.
pub(super) async fn login(
    mut arguments: AuthLoginArguments,
    global: &GlobalArguments,
    watch: &Watch,
) -> Result<(), Failure> {
    let questions = Questions::open(global.no_input);
    let chosen = chosen(std::mem::take(&mut arguments.account), global).await?;
    let file = ConfigFile::open(chosen.file)?;
    let account = (chosen.name, chosen.account, file);
    let stored = log_in(account, arguments, questions.as_ref(), global, watch).await?;
    done(global, &stored.text, &stored.object);
    Ok(())
}

/// Logs in, proves the token, and stores it with the account in this file.
pub(crate) async fn log_in(
    (name, account, file): (String, Account, ConfigFile),
    arguments: AuthLoginArguments,
    questions: Option<&Questions>,
    global: &GlobalArguments,
    watch: &Watch,
) -> Result<Stored, Failure> {
    let (by_device, by_paste) = (arguments.device, arguments.paste);
    let is_tested = !arguments.no_test;
    let plan = Plan::new(name, account, file, arguments, questions).await?;
    let login = plan.account.oauth()?;
    let no_client = || Failure::usage("the account has no login by OAuth 2.0");
    let login = login.ok_or_else(no_client)?;
    let client = login.client().await?.ok_or_else(no_client)?;
    let client = match &plan.secret {
        Some(secret) => client.secret(secret.clone()),
        None => client,
    };
    let user = plan.account.user.clone().unwrap_or_default();
    let way = Way {
        client: &client,
        name: &plan.name,
        user: &user,
        questions,
        watch,
    };
    let tokens = match (by_device, by_paste) {
        (true, _) => way.device().await,
        (_, true) => way.paste().await,
        _ => way.browser().await,
    };
    let tokens = tokens?;
    let provider = client.provider().name();
    let permission = tokens.scope().and_then(permission);
    let permission = permission.map(|scope| format!("; permission: {scope}"));
    let text = format!("{provider} logged you in{}", permission.unwrap_or_default());
    said(global, &Stream::stderr().marked(Mark::Done, text));
    if tokens.refresh().is_none() {
        revoke(&client, &tokens).await;
        let message =
            format!("{provider} gave no refresh token, so the login would end in an hour");
        let help = "allow access without you being there (offline access), and log in again";
        return Err(Failure::new(exit::NO_PERMISSION, message).with_help(help));
    }
    if is_tested {
        prove(&plan, &client, &tokens, global).await?;
    }
    let stored = plan.store(&login, &tokens, is_tested, global).await;
    if stored.is_err() {
        revoke(&client, &tokens).await;
    }
    stored
}

/// Logs in at the mail server. Tokens that it does not accept are revoked.
async fn prove(
    plan: &Plan,
    client: &OAuthClient,
    tokens: &Tokens,
    global: &GlobalArguments,
) -> Result<(), Failure> {
    let user = plan.account.user.clone().unwrap_or_default();
    let credentials = Credentials::token(user, tokens.access().clone());
    let credentials = credentials.map_err(|error| Failure::of(exit::CONFIG, &error))?;
    let proof = proof_by(&plan.account, credentials).await;
    if let Err(failure) = proof {
        revoke(client, tokens).await;
        let connection = Connection::of_account(plan.account.clone(), Some(plan.name.clone()));
        return Err(failure.advised(&connection));
    }
    let host = plan.account.host().map(ToString::to_string);
    let text = format!("{} accepts the token", host.unwrap_or_default());
    said(global, &Stream::stderr().marked(Mark::Done, text));
    Ok(())
}

/// Ends a login that is not stored. What happened before counts more than a failure of this.
async fn revoke(client: &OAuthClient, tokens: &Tokens) {
    if client.provider().can_revoke() {
        let _ = client.revoke(tokens).await;
    }
}

/// The name of a permission, without the address before it.
fn permission(scope: &str) -> Option<&str> {
    let own = scope.split(' ').find(|scope| {
        !matches!(
            *scope,
            "" | "offline_access" | "openid" | "email" | "profile"
        )
    })?;
    let name = own.rsplit('/').next().filter(|name| !name.is_empty());
    Some(name.unwrap_or(own))
}

impl Plan {
    async fn new(
        name: String,
        account: Account,
        file: ConfigFile,
        arguments: AuthLoginArguments,
        questions: Option<&Questions>,
    ) -> Result<Self, Failure> {
        if account.oauth_grant.unwrap_or_default() != OAuthGrant::Login {
            let message = format!("{name} obtains its tokens by itself, without a login");
            let help = format!("pilotfish auth refresh {}", in_shell(&name));
            return Err(Failure::usage(message).with_help(help));
        }
        let (mut account, old) = without_secrets(account);
        let address = account
            .sender()
            .map(|sender| sender.addr_spec().to_string());
        let mut keys = Vec::new();
        if account.user.is_none() {
            let no_user = || {
                let failure = Failure::new(exit::CONFIG, format!("{name} has no user to log in"));
                failure.with_help("add user = \"NAME\" to it")
            };
            let user = address.clone().ok_or_else(no_user)?;
            keys.push(("user", user.clone()));
            account.user = Some(user);
        }
        let server = server(arguments.oauth, &account, address.as_deref(), &name)?;
        if account.oauth.as_ref() != Some(&server) {
            keys.push(("oauth", server.to_string()));
        }
        for (key, own, value) in [
            ("oauth-tenant", &mut account.oauth_tenant, arguments.tenant),
            ("oauth-scope", &mut account.oauth_scope, arguments.scope),
            ("client-id", &mut account.client_id, arguments.client_id),
        ] {
            if let Some(value) = value {
                keys.push((key, value.clone()));
                *own = Some(value);
            }
        }
        if let Some(path) = arguments.client_secret_file {
            let path = std::path::absolute(&path).unwrap_or(path);
            keys.push(("client-secret-file", path.display().to_string()));
            account.client_secret_file = Some(path);
        }
        let mut secret = None;
        if account.client_id.is_none() {
            let questions = questions.ok_or_else(|| no_client_id(&name))?;
            let asked = guide::ask(questions, &server, address.as_deref()).await?;
            keys.push(("client-id", asked.id.clone()));
            account.client_id = Some(asked.id);
            secret = asked.secret;
        }
        account.oauth = Some(server);
        let store = place(&account, &name, &file, arguments.store, questions).await?;
        match &store {
            _ if account.token_file.is_some() || account.token_keyring.is_some() => {}
            Store::Keyring(_) => {
                keys.push(("token-keyring", name.clone()));
                account.token_keyring = Some(name.clone());
            }
            Store::File(path) => {
                let own = path.file_name().unwrap_or_default().to_string_lossy();
                keys.push(("token-file", own.into_owned()));
                account.token_file = Some(path.clone());
            }
        }
        Ok(Self {
            name,
            account,
            file,
            keys,
            old,
            store,
            secret,
        })
    }

    /// Stores the tokens, the client secret and the keys. The configuration never names what is not
    /// there.
    async fn store(
        mut self,
        login: &OAuthLogin,
        tokens: &Tokens,
        is_tested: bool,
        global: &GlobalArguments,
    ) -> Result<Stored, Failure> {
        for key in &self.old {
            self.file.remove_key(&self.name, key);
        }
        for (key, value) in &self.keys {
            self.file.set_key(&self.name, key, value);
        }
        let is_changed = !(self.keys.is_empty() && self.old.is_empty());
        let lock = login.store().lock().await?;
        if is_changed {
            self.file.reserve().await?;
        }
        if let Some(secret) = self.secret.take() {
            self.keep_client_secret(&secret).await?;
        }
        login.store().store(tokens).await?;
        if is_changed && let Err(failure) = self.file.save().await {
            // No account leads to them.
            let _ = login.store().remove().await;
            return Err(failure);
        }
        drop(lock);
        if let Some(key) = self.old.first() {
            let path = shown_path(self.file.path());
            let text = format!(
                "{} no longer logs in by {key}: the line was removed from {path}, and the secret is \
                 where it was",
                self.name
            );
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
        let text = format!("login stored in {place}; it is renewed by itself");
        Ok(Stored {
            text,
            is_default: self.file.default() == Some(&self.name),
            object,
        })
    }

    /// Stores the secret of the client where the tokens go, and sets the key that names its place.
    async fn keep_client_secret(&mut self, secret: &Secret) -> Result<(), Failure> {
        let (store, item, key, place) = match &self.store {
            Store::Keyring(_) => {
                let item = format!("{} client", self.name);
                (&self.store, item.clone(), "client-secret-keyring", item)
            }
            Store::File(_) => {
                let path = self.file.secret_file(&self.name, "client-secret");
                let own = path.file_name().unwrap_or_default().to_string_lossy();
                let own = own.into_owned();
                (
                    &Store::File(path),
                    self.name.clone(),
                    "client-secret-file",
                    own,
                )
            }
        };
        store.keep_new(&mut self.file, &item, secret).await?;
        self.file.set_key(&self.name, key, &place);
        Ok(())
    }
}

/// The authorization server: as the command line says, or the account, or the service of its server.
fn server(
    named: Option<OAuthServer>,
    account: &Account,
    address: Option<&str>,
    name: &str,
) -> Result<OAuthServer, Failure> {
    if let Some(server) = named.or_else(|| account.oauth.clone()) {
        return Ok(server);
    }
    let domain = address.and_then(|address| address.rsplit('@').next());
    let service = service_at(account, domain).and_then(|service| service.oauth);
    let known = service.and_then(|service| service.parse().ok());
    known.ok_or_else(|| {
        let message = format!("the authorization server of {name} is not known");
        let login = format!("pilotfish auth login {}", in_shell(name));
        let help = format!(
            "name it: {login} --oauth SERVER, which is google, microsoft or a URL; with a URL also \
             --scope SCOPE"
        );
        Failure::usage(message).with_help(help)
    })
}

fn no_client_id(name: &str) -> Failure {
    let message = "the client ID cannot be asked for: there is no terminal, or --no-input";
    let help = format!(
        "pilotfish auth login {} --client-id ID --client-secret-file FILE",
        in_shell(name)
    );
    Failure::usage(message).with_help(help)
}

/// The account without its password or token, and the keys that it had for them.
fn without_secrets(mut account: Account) -> (Account, Vec<&'static str>) {
    let mut old = Vec::new();
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
    for (key, text) in texts {
        old.extend(text.take().map(|_| key));
    }
    for (key, path) in paths {
        old.extend(path.take().map(|_| key));
    }
    (account, old)
}

/// Where the tokens go: where they are, or as the command line or the person says. Where nobody can be
/// asked, the keyring is better than a file.
async fn place(
    account: &Account,
    name: &str,
    file: &ConfigFile,
    kind: Option<Kind>,
    questions: Option<&Questions>,
) -> Result<Store, Failure> {
    let own: PathBuf = file.secret_file(name, "tokens");
    match (&account.token_file, &account.token_keyring, kind, questions) {
        (Some(path), ..) => Ok(Store::File(path.clone())),
        (None, Some(_), ..) => Store::open(Kind::Keyring, own).await,
        (None, None, Some(kind), _) => Store::open(kind, own).await,
        (None, None, None, Some(questions)) => Store::ask(questions, "login", own).await,
        (None, None, None, None) => Ok(match Keyring::open().await {
            Ok(keyring) => Store::Keyring(keyring),
            Err(_) => Store::File(own),
        }),
    }
}
