//! From an account to the library's own types.

use super::account::Account;
use super::{ConfigError, tls};
use crate::protocol::{Credentials, Strategy};
use crate::services::Service;
use crate::session::{Security, ServerConfig, ServerConfigBuilder};
use crate::transport::TlsConfig;

impl Account {
    /// The server, with the login.
    ///
    /// Reads the files that the account names, and runs its commands: the password or the token,
    /// the certificate authorities, the client certificate with its key, and the password of the
    /// proxy. Each may take two minutes at most. A token is read once: a program that runs for longer
    /// than a token lasts adds a provider of credentials to [`server_builder`](Self::server_builder).
    /// An account with [`oauth`](Self::oauth) has such a provider, which renews the token whenever a
    /// session needs that. A program that awaits `OAuthCredentials::renewal_ended` at its end adds the
    /// credentials of that login to [`server_builder`](Self::server_builder) itself.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: a file or a command fails, what it gives is not valid, the login is
    /// incomplete, or the password would be sent in clear text.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends a command; what was read of a descriptor is lost.
    pub async fn server(&self) -> Result<ServerConfig, ConfigError> {
        let mut builder = self.server_builder().await?;
        #[cfg(feature = "oauth")]
        if let Some(login) = self.oauth()? {
            return Ok(builder.credentials(login.credentials()).build()?);
        }
        if let Some(credentials) = self.credentials().await? {
            builder = builder.credentials(credentials);
        }
        Ok(builder.build()?)
    }

    /// The server without the login, for a program that changes something or gets the credentials
    /// elsewhere. Reads what [`server`](Self::server) reads, but no password and no token.
    ///
    /// # Errors
    ///
    /// As [`server`](Self::server).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub async fn server_builder(&self) -> Result<ServerConfigBuilder, ConfigError> {
        let address = self.server.as_ref().ok_or(ConfigError::NoServer)?;
        let mut route = self.network.route().await?;
        #[cfg(unix)]
        if let Some(path) = &address.unix_socket {
            route = route.unix_socket(path);
        }
        let mut strategy = Strategy::default();
        strategy.pipelining = self.pipelining.unwrap_or(strategy.pipelining);
        strategy.chunking = self.chunking.unwrap_or(strategy.chunking);
        let in_flight = self.messages_in_flight;
        strategy.messages_in_flight = in_flight.unwrap_or(strategy.messages_in_flight);
        let mut builder = ServerConfig::builder(address.host.clone())
            .route(route)
            .timeouts(self.network.timeouts())
            .strategy(strategy);
        if let Some(name) = &self.network.helo {
            builder = builder.name(name.clone());
        }
        if self.is_lmtp() {
            builder = builder.lmtp();
        }
        if let Some(port) = address.port {
            builder = builder.port(port);
        }
        let security = self.named_security();
        if let Some(security) = security {
            builder = builder.security(security);
        }
        if security != Some(Security::Cleartext) {
            builder = builder.tls(tls::config(self).await?);
        }
        if self.danger_cleartext_auth {
            builder = builder.danger_cleartext_auth();
        }
        if let Some(mechanisms) = self.mechanisms() {
            builder = builder.mechanisms(mechanisms.to_vec());
        }
        Ok(builder)
    }

    /// What the account trusts by TLS, and the certificate that it presents. Reads the files that the
    /// account names for them.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: a file cannot be read, or what it holds is not valid.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub async fn tls_config(&self) -> Result<TlsConfig, ConfigError> {
        tls::config(self).await
    }

    /// The user with the password or the token; `None` if no login takes place.
    ///
    /// Reads the file or the descriptor, or runs the command, in at most two minutes. With
    /// [`oauth`](Self::oauth), it is the access token of the store, renewed if that is due.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: the secret cannot be read, is not valid, or there is one without a user, or
    /// a user without one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends a command; what was read of a descriptor is lost.
    pub async fn credentials(&self) -> Result<Option<Credentials>, ConfigError> {
        if let Some(reason) = self.contradiction_in_login() {
            return Err(ConfigError::Contradiction(reason));
        }
        if !self.logs_in() {
            return Ok(None);
        }
        if self.uses_oauth() {
            return self.credentials_by_oauth().await.map(Some);
        }
        let user = self.user.as_deref();
        let credentials = match (user, self.password(), self.token()) {
            (user, None, None) if self.is_external() => {
                Credentials::external(user.unwrap_or_default())?
            }
            (Some(user), _, Some(source)) => Credentials::token(user, source.read_token().await?)?,
            (Some(user), Some(source), None) => {
                let password = source.read_password().await?;
                let host = self.host().map(ToString::to_string).unwrap_or_default();
                let password = match Service::of_host(&host) {
                    Some(service) => service.without_blanks(&password),
                    None => password,
                };
                Credentials::new(user, password)?
            }
            (Some(_), None, None) => return Err(ConfigError::NoPassword),
            (None, ..) => return Err(ConfigError::NoUser),
        };
        Ok(Some(match &self.auth_as {
            Some(identity) => credentials.acting_as(identity)?,
            None => credentials,
        }))
    }
}

#[cfg(not(feature = "oauth"))]
impl Account {
    #[expect(clippy::unused_async, reason = "as the function with the feature")]
    async fn credentials_by_oauth(&self) -> Result<Credentials, ConfigError> {
        Err(ConfigError::Contradiction(
            "the key oauth needs the feature oauth, which this program was built without",
        ))
    }
}

#[cfg(feature = "dkim")]
impl Account {
    /// What signs the mails of the account; `None` if the account has no key. Reads the key from
    /// its file, or runs its command, in at most two minutes.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: the key cannot be read, or is not valid.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends a command.
    pub async fn signer(&self) -> Result<Option<crate::message::dkim::Signer>, ConfigError> {
        match &self.dkim {
            Some(dkim) => dkim.signer().await.map(Some),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Account, Config};
    use crate::protocol::{Chunking, Pipelining, Strategy};

    async fn strategy(keys: &str) -> Strategy {
        let config = Config::parse(&format!("[account.a]\nserver = \"x\"\n{keys}")).unwrap();
        let server = config.account("a").unwrap().server().await;
        server.unwrap().strategy()
    }

    #[tokio::test]
    async fn what_is_written() {
        for (keys, pipelining, chunking) in [
            ("", Pipelining::Auto, Chunking::Auto),
            (
                "pipelining = \"eager\"\nchunking = \"always\"",
                Pipelining::Eager,
                Chunking::Always,
            ),
            ("pipelining = \"never\"", Pipelining::Never, Chunking::Auto),
            ("chunking = \"never\"", Pipelining::Auto, Chunking::Never),
        ] {
            let strategy = strategy(keys).await;
            assert_eq!(
                (strategy.pipelining, strategy.chunking),
                (pipelining, chunking),
                "{keys}"
            );
        }
        for wrong in [
            "pipelining = \"maybe\"",
            "messages-in-flight = 0",
            "messages-in-flight = -1",
        ] {
            let wrong = format!("[account.a]\nserver = \"x\"\n{wrong}");
            assert!(Config::parse(&wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn messages_in_flight() {
        for (keys, expected) in [("", 8), ("messages-in-flight = 1", 1)] {
            assert_eq!(strategy(keys).await.messages_in_flight, expected);
        }
    }

    #[tokio::test]
    async fn blanks_are_left_out_where_they_cannot_be_meant() {
        for (server, password, expected) in [
            ("smtp.gmail.com", "abcd efgh ijkl mnop ", "abcdefghijklmnop"),
            ("smtp.gmail.com", "abcd\u{a0}efgh\u{200b}", "abcdefgh"),
            ("smtp.mail.me.com", " abcd-efgh", "abcd-efgh"),
            ("smtp.sendgrid.net", "SG.key\t", "SG.key"),
            ("mail.gmx.net", " pass word ", " pass word "),
            ("mail.example.org", "pass word ", "pass word "),
        ] {
            let mut account = Account::new(server).unwrap();
            account.user = Some("me".to_owned());
            account.password_command = Some(format!("printf '{password}'"));
            let credentials = account.credentials().await.unwrap().unwrap();
            let found = credentials.secret().unwrap().expose();
            assert_eq!(found, expected.as_bytes(), "{server}");
        }
    }

    #[tokio::test]
    async fn a_login_is_whole_or_an_error() {
        for (user, password, auth, expected) in [
            (None, None, "auto", "no login"),
            (Some("me"), Some("echo p"), "none", "no login"),
            (Some("me"), Some("echo p"), "auto", "me"),
            (None, None, "external", ""),
            (Some("me"), None, "external", "me"),
            (Some("me"), None, "auto", "there is a user and no password"),
            (
                None,
                Some("echo p"),
                "auto",
                "there is a password or a token and no user",
            ),
            (
                Some("me"),
                Some("true"),
                "auto",
                "the command `true` has no password on its first line: put it there",
            ),
        ] {
            let mut account = Account::new("x").unwrap();
            account.user = user.map(str::to_owned);
            account.password_command = password.map(str::to_owned);
            account.set_auth(auth).unwrap();
            let found = match account.credentials().await {
                Ok(None) => "no login".to_owned(),
                Ok(Some(credentials)) => credentials.user().to_owned(),
                Err(error) => error.to_string(),
            };
            assert_eq!(found, expected, "{user:?} {password:?} {auth}");
        }
    }
}
