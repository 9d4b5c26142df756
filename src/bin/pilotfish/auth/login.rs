//! `pilotfish auth login`: logs in with OAuth 2.0, proves the token at the mail server, and stores it.

use std::future::ready;
use std::time::Duration;

use pilotfish::Credentials;
use pilotfish::config::{OAuthLogin, SecretError};
use pilotfish::oauth::{OAuthClient, OAuthError, TokenLock, Tokens};
use tokio::time::timeout;

use super::plan::{Candidate, Plan};
use super::revocation::revoke;
use super::storing::Stored;
use super::ways::Way;
use crate::account::login::proof_by;
use crate::account::{chosen, done, said};
use crate::args::{AuthLoginArguments, GlobalArguments};
use crate::connection::Connection;
use crate::exit;
use crate::failure::{Failure, Interrupted};
use crate::output::advice::LoginCommand;
use crate::output::logging::Watch;
use crate::settings::ConfigFile;
use crate::stop::Stops;
use crate::terminal::question::Questions;
use crate::terminal::style::{Mark, Stream};

/// How long the store may take to say whether it has a login.
const LOADING: Duration = Duration::from_secs(5);

/// A login at the provider that is not stored yet.
struct Obtained {
    plan: Plan,
    login: OAuthLogin,
    client: OAuthClient,
    tokens: Tokens,
}

/// Logs in, and prints where the login is stored.
pub(super) async fn login(
    mut arguments: AuthLoginArguments,
    global: &GlobalArguments,
    watch: &Watch,
    stops: &mut Stops,
) -> Result<(), Failure> {
    let questions = Questions::open(global.no_input);
    let chosen = chosen(std::mem::take(&mut arguments.account), global);
    let chosen = stops.unless(Interrupted::NotStored, chosen).await?;
    let name = chosen.name.clone();
    let candidate = Candidate {
        again: LoginCommand::Login(Some(name.clone())),
        name: chosen.name,
        account: chosen.account,
        file: ConfigFile::open(chosen.file)?,
    };
    let stored = log_in(
        candidate,
        arguments,
        questions.as_ref(),
        global,
        watch,
        stops,
    );
    let stored = Box::pin(stored).await;
    let stored = stored.map_err(|failure| failure.of_account(&name))?;
    done(global, &stored.text, &stored.object);
    Ok(())
}

/// Logs in, proves the token, and stores it with the account. A signal stops it before anything is
/// stored, and a login that is not stored is revoked.
pub(crate) async fn log_in(
    candidate: Candidate,
    arguments: AuthLoginArguments,
    questions: Option<&Questions>,
    global: &GlobalArguments,
    watch: &Watch,
    stops: &mut Stops,
) -> Result<Stored, Failure> {
    let is_tested = !arguments.no_test;
    let obtained = Obtained::new(candidate, arguments, questions, watch);
    let obtained = stops.unless(Interrupted::NotStored, Box::pin(obtained));
    let mut obtained = obtained.await?;
    let proved = Box::pin(obtained.prove(is_tested, global));
    let stored = match stops.unless(Interrupted::NotStored, proved).await {
        Ok(lock) => obtained.store(lock, stops).await,
        Err(failure) => Err(failure),
    };
    match stored {
        Ok(before) => {
            let before = before.filter(|_| !obtained.plan.keeps_client());
            if let Some(before) = before {
                obtained.revoke_earlier(&before, global, stops).await;
            }
        }
        Err(failure) => {
            obtained.revoke(global, stops).await;
            return Err(failure);
        }
    }
    let Obtained {
        plan,
        login,
        tokens,
        ..
    } = &obtained;
    Ok(plan.stored(login, tokens, is_tested, global))
}

impl Obtained {
    /// Logs in at the provider.
    async fn new(
        candidate: Candidate,
        arguments: AuthLoginArguments,
        questions: Option<&Questions>,
        watch: &Watch,
    ) -> Result<Self, Failure> {
        let (by_device, by_paste) = (arguments.login.device, arguments.login.paste);
        let plan = Box::pin(Plan::new(candidate, arguments, questions)).await?;
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
            again: &plan.again,
            user: &user,
            questions,
            watch,
        };
        let tokens = match (by_device, by_paste) {
            (true, _) => way.device().await,
            (_, true) => way.paste().await,
            _ => way.browser().await,
        };
        Ok(Self {
            tokens: tokens?,
            plan,
            login,
            client,
        })
    }

    /// Proves the token at the mail server, and locks the store and the configuration.
    async fn prove(
        &mut self,
        is_tested: bool,
        global: &GlobalArguments,
    ) -> Result<TokenLock, Failure> {
        let provider = self.client.provider().name();
        let permission = self.tokens.scope().and_then(permission);
        let permission = permission.map(|scope| format!("; permission: {scope}"));
        let text = format!("{provider} logged you in{}", permission.unwrap_or_default());
        said(global, &Stream::stderr().marked(Mark::Done, text));
        if self.tokens.refresh().is_none() {
            let message =
                format!("{provider} gave no refresh token, so the login would end in an hour");
            let help = "allow access without you being there (offline access), and log in again";
            return Err(Failure::new(exit::NO_PERMISSION, message).with_help(help));
        }
        if is_tested {
            self.log_in_there(global).await?;
        }
        let lock = self.login.store().lock().await?;
        if self.plan.has_changes {
            self.plan.file.reserve().await?;
        }
        Ok(lock)
    }

    /// Logs in at the mail server.
    async fn log_in_there(&self, global: &GlobalArguments) -> Result<(), Failure> {
        let account = &self.plan.account;
        let user = account.user.clone().unwrap_or_default();
        let credentials = Credentials::token(user, self.tokens.access().clone());
        let credentials = credentials.map_err(|error| Failure::of(exit::CONFIG, &error))?;
        if let Err(failure) = proof_by(account, credentials).await {
            let name = self.plan.again.account().map(str::to_owned);
            return Err(failure.advised(&Connection::of_account(account.clone(), name)));
        }
        let host = account.host().map(ToString::to_string);
        let text = format!("{} accepts the token", host.unwrap_or_default());
        said(global, &Stream::stderr().marked(Mark::Done, text));
        Ok(())
    }

    /// Stores the login, and returns the tokens of the one that it replaces.
    async fn store(
        &mut self,
        _lock: TokenLock,
        stops: &mut Stops,
    ) -> Result<Option<Tokens>, Failure> {
        let before = async { earlier(self.login.store().load().await) };
        let before = stops.unless(Interrupted::NotStored, before).await?;
        let stored = (self.plan).store(&self.login, &self.tokens, before.as_ref(), stops);
        stored.await?;
        Ok(before)
    }

    /// Ends this login, unless that would end the one that is stored.
    async fn revoke(&self, global: &GlobalArguments, stops: &mut Stops) {
        if !self.client.provider().can_revoke() {
            return;
        }
        let is_alone = !self.plan.keeps_client()
            || matches!(
                timeout(LOADING, self.login.store().load()).await,
                Ok(Ok(None))
            );
        let text = if is_alone {
            let client = ready(Ok(Some(self.client.clone())));
            if matches!(revoke(client, &self.tokens, stops).await, Ok(true)) {
                return;
            }
            "the new login could not be revoked: remove the permission at the provider"
        } else {
            "the new login is not revoked, as that might end the one that is stored"
        };
        said(global, text);
    }

    /// Ends the login that this one has replaced.
    async fn revoke_earlier(&self, before: &Tokens, global: &GlobalArguments, stops: &mut Stops) {
        let Some(earlier) = &self.plan.earlier else {
            return;
        };
        let is_revoked = match earlier.oauth() {
            Ok(Some(login)) => matches!(
                revoke(Box::pin(login.client()), before, stops).await,
                Ok(true)
            ),
            _ => false,
        };
        let text = if is_revoked {
            "the login of the previous client is revoked"
        } else {
            "the login of the previous client was not revoked: to end it, remove the permission where that \
             client is registered"
        };
        said(global, text);
    }
}

/// The tokens of an earlier login. Damaged ones are useless, but those of a keyring that cannot be reached have
/// to stay.
fn earlier(read: Result<Option<Tokens>, OAuthError>) -> Result<Option<Tokens>, Failure> {
    let is_of_keyring = |error: &OAuthError| {
        let source = std::error::Error::source(error);
        source.is_some_and(<dyn std::error::Error>::is::<SecretError>)
    };
    match read {
        Err(error) if is_of_keyring(&error) => Err(error.into()),
        read => Ok(read.unwrap_or_default()),
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
