//! The account by which the mail is sent: one of the configuration, with the flags in place of its
//! keys.

use std::path::PathBuf;

use pilotfish::config::{Account, ConfigError, Dkim};
use pilotfish::message::BodyType;
use pilotfish::message::dkim::{DkimError, Signer};
use pilotfish::services::Service;
use pilotfish::{Credentials, Message, Secret, Security, ServerConfig};

use crate::args::{GlobalArguments, ServerArguments};
use crate::auth::oauth_credentials;
use crate::exit;
use crate::failure::{Failure, Interrupted};
use crate::input::is_standard_input;
use crate::output::advice::{LoginBy, SecretShape};
use crate::output::report;
use crate::settings::{no_secret, selected};
use crate::stop::Stops;
use crate::terminal::question::Questions;

/// The account by which the mail is sent.
pub(crate) struct Connection {
    pub(crate) account: Account,
    /// The name of the account in the configuration.
    pub(crate) name: Option<String>,
    /// The file that the account is from.
    config: Option<PathBuf>,
    /// Whether the session has no TLS because of the flag `--tls none` alone.
    pub(crate) tls_none_flag: bool,
    /// The shape of the password that logs in, once it has been read.
    pub(crate) secret: Option<SecretShape>,
}

impl Connection {
    /// The account that is chosen, with the flags in place of its keys, and what stops the command from
    /// now on. `dkim` is what the flags sign with, and `sender` the value of `--from`.
    pub(crate) async fn open(
        global: &GlobalArguments,
        arguments: ServerArguments,
        dkim: Option<Dkim>,
        sender: Option<&str>,
    ) -> Result<(Self, Stops), Failure> {
        let stops = Stops::new()?;
        Self::open_within(stops, global, arguments, dkim, sender).await
    }

    /// The same, with the stops of work that came before.
    pub(crate) async fn open_within(
        mut stops: Stops,
        global: &GlobalArguments,
        arguments: ServerArguments,
        dkim: Option<Dkim>,
        sender: Option<&str>,
    ) -> Result<(Self, Stops), Failure> {
        stops.set_total_time(arguments.network.total_time());
        let connection = Box::pin(Self::new(global, arguments, dkim, sender));
        let connection = stops.unless(Interrupted::NotSent(None), connection).await?;
        stops.set_total_time(connection.account.network.total_time());
        Ok((connection, stops))
    }

    async fn new(
        global: &GlobalArguments,
        arguments: ServerArguments,
        dkim: Option<Dkim>,
        sender: Option<&str>,
    ) -> Result<Self, Failure> {
        let mut flags = arguments.account()?;
        flags.dkim = dkim;
        let selected = selected(global, &flags, sender).await?;
        if let (Some((name, why)), 1..) = (&selected.name, global.verbose) {
            report::notice(&format!("account {}, {why}", name.escape_debug()));
        }
        let (tls, own_tls) = (flags.tls, selected.account.tls);
        let names_server = flags.host().is_some();
        let mut account = selected.account.with_overrides(flags)?;
        let tls_of_both = account.tls;
        // What it would be without the flag.
        account.tls = own_tls.filter(|_| !names_server);
        let has_tls = account.security() != Security::Cleartext && account.unix_socket().is_none();
        account.tls = tls_of_both;
        Ok(Self {
            tls_none_flag: tls == Some(Security::Cleartext) && has_tls,
            account,
            name: selected.name.map(|(name, _)| name),
            config: selected.file,
            secret: None,
        })
    }

    /// An account as it is, for the advice about what goes wrong with it.
    pub(crate) fn of_account(account: Account, name: Option<String>) -> Self {
        Self {
            account,
            name,
            config: None,
            tls_none_flag: false,
            secret: None,
        }
    }

    /// An error if there is neither an account nor a server.
    pub(crate) fn require_account(&self) -> Result<(), Failure> {
        if self.name.is_some() || self.account.host().is_some() || self.config.is_some() {
            return Ok(());
        }
        // Then the server is what is missing.
        if self.account.unix_socket().is_some() || self.account.user.is_some() {
            return Ok(());
        }
        Err(ConfigError::NoAccounts.into())
    }

    /// Whether a secret or another file is read from standard input.
    pub(crate) fn reads_stdin(&self) -> bool {
        let account = &self.account;
        let dkim = account.dkim.as_ref();
        let files = [
            account.password_file.as_ref(),
            account.password_netrc.as_ref(),
            account.token_file.as_ref(),
            account.client_secret_file.as_ref(),
            account.service_account_file.as_ref(),
            account.tls_ca.as_ref(),
            account.tls_cert.as_ref(),
            account.tls_key.as_ref(),
            account.network.proxy_password_file.as_ref(),
            dkim.and_then(|dkim| dkim.key_file.as_ref()),
            self.config.as_ref(),
        ];
        let mut files = files.into_iter().flatten();
        [account.password_fd, account.token_fd].contains(&Some(0))
            || files.any(|path| is_standard_input(path))
    }

    /// The server, with the password that logs in. The reply to QUIT is waited for only where it is
    /// printed.
    pub(crate) async fn server(
        &mut self,
        global: &GlobalArguments,
    ) -> Result<ServerConfig, Failure> {
        if self.account.tls_insecure && self.account.security() != Security::Cleartext {
            report::warning(
                "the server's certificate is not verified (--tls-insecure): anyone on the network can \
                 read the mail and the password",
            );
        }
        let mut builder = self.account.server_builder().await?;
        if let Some(login) = self.account.oauth()? {
            let name = self.name.as_deref();
            let retries = self.account.retry.is_some();
            let credentials = oauth_credentials(&login, name, retries, global).await?;
            builder = builder.credentials(credentials);
        } else {
            let credentials = match self.account.credentials().await {
                Err(ConfigError::NoPassword) => self.asked(global).await?,
                read => read.map_err(|error| no_secret(error, &self.account))?,
            };
            let secret = credentials.as_ref().and_then(Credentials::secret);
            let is_password = self.login() == LoginBy::Password;
            self.secret = secret.filter(|_| is_password).map(SecretShape::of);
            if let Some(credentials) = credentials {
                builder = builder.credentials(credentials);
            }
        }
        if !global.shows_dialogue() {
            builder = builder.without_quit_reply();
        }
        Ok(builder.build()?)
    }

    /// Asks for the password that no source has.
    async fn asked(&self, global: &GlobalArguments) -> Result<Option<Credentials>, Failure> {
        let questions = Questions::open(global.no_input);
        let (Some(questions), Some(user)) = (questions, self.account.user.as_deref()) else {
            return Err(ConfigError::NoPassword.into());
        };
        let host = self.account.host().map(ToString::to_string);
        let question = format!("Password for {user} at {}:", host.unwrap_or_default());
        let password = questions
            .secret(&question)
            .await
            .map_err(Failure::terminal)?;
        let password = password.filter(|password| !password.expose().is_empty());
        let password = password.ok_or_else(Failure::declined)?;
        credentials_by(&self.account, user, &password).map(Some)
    }

    /// Reads the key that signs the mail, if there is one. `body` is the type of `--body-type`.
    pub(crate) async fn signer(&self, body: Option<BodyType>) -> Result<Option<Signer>, Failure> {
        let signer = self.account.signer().await?;
        if signer.is_some() && body.is_some_and(|body| body > BodyType::SevenBit) {
            let message = "a mail that is signed goes out with --body-type 7bit, not with another";
            return Err(Failure::usage(message));
        }
        Ok(signer)
    }
}

/// The login of an account by a password that was asked for.
pub(crate) fn credentials_by(
    account: &Account,
    user: &str,
    password: &Secret,
) -> Result<Credentials, Failure> {
    let host = account.host().map(ToString::to_string).unwrap_or_default();
    let password = Service::of_host(&host).map_or_else(
        || password.clone(),
        |service| service.without_blanks(password),
    );
    let made = Credentials::new(user, password).and_then(|made| match &account.auth_as {
        Some(identity) => made.acting_as(identity),
        None => Ok(made),
    });
    made.map_err(|error| Failure::of(exit::CONFIG, &error))
}

/// The message with the signature, if there is a signer.
pub(crate) async fn signed(message: Message, signer: Option<&Signer>) -> Result<Message, Failure> {
    let Some(signer) = signer else {
        return Ok(message);
    };
    message.sign(signer).await.map_err(|error| match &error {
        DkimError::Body(error) => Failure::of(exit::NO_INPUT, error),
        DkimError::From { .. } => Failure::of(exit::DATA, &error),
        _ => Failure::of(exit::CONFIG, &error),
    })
}
