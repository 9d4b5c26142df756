//! Who sends, by which server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use pilotfish::ServerConfig;
use pilotfish::address::Mailbox;
use pilotfish::config::{
    Account, Auth, Config, Dkim, KeySource, Network, PasswordSource, Protocol, ServerAddress,
    Strategy, Tls, TlsSettings,
};
use pilotfish::session::Security;
use pilotfish::transport::Timeouts;

use crate::args::{ServerArguments, TlsMode};
use crate::compose::is_standard_input;
use crate::exit;
use crate::failure::Failure;
use crate::hint::{SecretShape, Situation};
use crate::input::blocking;
use crate::login::Login;
use crate::tls;

/// Who sends, by which server: an account of the configuration with the flags laid over it.
pub(crate) struct Submitter {
    /// The file that the account is from.
    config: Option<PathBuf>,
    server: Option<ServerAddress>,
    tls: Option<Tls>,
    tls_settings: TlsSettings,
    network: Network,
    strategy: Strategy,
    login: Login,
    from: Option<Mailbox>,
    dkim: Option<Dkim>,
    cleartext_auth: bool,
    /// Whether `--tls none` is on the command line, and the session has TLS without it.
    tls_none_flag: bool,
}

impl Submitter {
    pub(crate) async fn new(arguments: ServerArguments) -> Result<Self, Failure> {
        let account = match (&arguments.config, &arguments.account) {
            (Some(path), Some(name)) => Some(account(path, name).await?),
            (Some(path), None) => return Err(no_account(path).await?),
            _ => None,
        };
        let password = arguments
            .password_file
            .map(PasswordSource::File)
            .or(arguments.password_fd.map(PasswordSource::Fd))
            .or(arguments.password_command.map(PasswordSource::Command));
        let token = arguments.auth.token();
        let account = account.as_ref();
        let of_account = account.map(|account| account.tls_settings.clone());
        let of_account = of_account.unwrap_or_default();
        let tls_settings = TlsSettings::from(arguments.tls_settings).or(match arguments.server {
            None => of_account,
            Some(_) => of_account.for_any_server(),
        });
        let network = account.map(|account| account.network.clone());
        let network = Network::from(arguments.network).or(network.unwrap_or_default());
        let strategy = account.map(|account| account.strategy).unwrap_or_default();
        let strategy = Strategy::from(arguments.strategy).or(strategy);
        let in_url = arguments.server.as_ref();
        let server = in_url.or(account.map(|account| &account.server));
        let server_tls = server.and_then(|server| server.tls);
        let other_user = (arguments.user.as_ref())
            .or_else(|| in_url?.user.as_ref())
            .cloned();
        // A password takes the place of the account's token, and the other way round.
        let from_account = account.filter(|_| password.is_none() && token.is_none());
        if let (Some(account), Some(server)) = (from_account, &arguments.server)
            && arguments.auth.auth != Some(Auth::None)
            && (account.password.is_some() || account.token.is_some())
            && !is_same_place(&account.server, server)
        {
            return Err(other_server(account, server));
        }
        // An identity belongs to the user beside it.
        let same_user = account.filter(|_| other_user.is_none());
        let login = Login {
            auth_as: (arguments.auth.auth_as)
                .or_else(|| same_user.and_then(|account| account.auth_as.clone())),
            user: other_user
                .or_else(|| account?.server.user.clone())
                .or_else(|| account?.user.clone()),
            password: password.or_else(|| from_account?.password.clone()),
            token: token.or_else(|| from_account?.token.clone()),
            auth: (arguments.auth.auth)
                .or_else(|| account.map(|account| account.auth.clone()))
                .unwrap_or_default(),
        };
        // Another server than the account's is not meant to get the account's TLS mode.
        let without_flag = account
            .filter(|_| arguments.server.is_none())
            .and_then(|account| account.tls)
            .or(server_tls);
        let on_socket = server.is_some_and(|server| server.unix_socket.is_some());
        Ok(Self {
            network,
            strategy,
            tls: arguments.tls.map(Tls::from).or(without_flag),
            server: arguments
                .server
                .or_else(|| account.map(|account| account.server.clone())),
            tls_settings,
            login,
            from: account.and_then(|account| account.from.clone()),
            dkim: account.and_then(|account| account.dkim.clone()),
            config: arguments.config,
            cleartext_auth: arguments.danger_cleartext_auth,
            tls_none_flag: arguments.tls == Some(TlsMode::None)
                && without_flag != Some(Tls::None)
                && !on_socket,
        })
    }

    /// The sender, where none is named.
    pub(crate) fn mailbox(&self) -> Option<Mailbox> {
        self.from
            .clone()
            .or_else(|| self.login.user.as_ref()?.parse().ok())
    }

    /// Whether a secret or another file is read from standard input.
    pub(crate) fn reads_stdin(&self) -> bool {
        let is_stdin = |source: &PasswordSource| matches!(source, PasswordSource::Fd(0));
        self.secrets().any(is_stdin) || self.files().any(is_standard_input)
    }

    /// Where the password or the token comes from.
    fn secrets(&self) -> impl Iterator<Item = &PasswordSource> {
        let sources = [&self.login.password, &self.login.token];
        sources.into_iter().flatten()
    }

    /// The files that are read.
    fn files(&self) -> impl Iterator<Item = &Path> {
        let secrets = self.secrets().filter_map(|source| match source {
            PasswordSource::File(path) => Some(path),
            _ => None,
        });
        let dkim_key = self.dkim.as_ref().and_then(|dkim| match &dkim.key {
            KeySource::File(path) => Some(path),
            _ => None,
        });
        let certificate = self.tls_settings.client_certificate.as_ref();
        let certificate = certificate.map(|certificate| [&certificate.chain, &certificate.key]);
        secrets
            .chain(dkim_key)
            .chain(certificate.into_iter().flatten())
            .chain(&self.tls_settings.ca)
            .chain(&self.network.proxy_password_file)
            .chain(&self.config)
            .map(PathBuf::as_path)
    }

    /// How long the mail may take in all.
    pub(crate) fn total_time(&self) -> Option<Duration> {
        self.network.timeout.as_ref()?.total()
    }

    /// How long each step may take.
    pub(crate) fn time_limits(&self) -> Timeouts {
        self.network.timeouts()
    }

    /// What the account signs with.
    pub(crate) fn dkim(&self) -> Option<&Dkim> {
        self.dkim.as_ref()
    }

    /// What advice depends on.
    pub(crate) fn situation(&self) -> Situation {
        let server = self.server.as_ref();
        let on_socket = server.is_some_and(|server| server.unix_socket.is_some());
        let security = match (self.tls, server.and_then(|server| server.port)) {
            (Some(tls), _) => tls.into(),
            (None, _) if on_socket => Security::Cleartext,
            (None, Some(port)) => Security::of_port(port),
            (None, None) => Security::StartTls,
        };
        Situation {
            host: server
                .map(|server| server.host.to_string())
                .unwrap_or_default(),
            is_lmtp: server.is_some_and(|server| server.protocol == Protocol::Lmtp),
            security,
            tls_none_flag: self.tls_none_flag,
            takes_clear_login: on_socket || self.cleartext_auth,
            login: self.login.by(),
            secret: None,
            names_mechanisms: self.login.mechanisms().is_some(),
            names_helo: self.network.helo.is_some(),
        }
    }

    /// The server, and what can be said of the password that logs in.
    pub(crate) async fn server(self) -> Result<(ServerConfig, Option<SecretShape>), Failure> {
        let address = self
            .server
            .ok_or_else(|| Failure::new(exit::USAGE, "no server is named by --server"))?;
        let mut builder = ServerConfig::builder(address.host);
        let mut route = self
            .network
            .route()
            .await
            .map_err(|error| Failure::of(exit::CONFIG, &error))?;
        #[cfg(unix)]
        if let Some(path) = address.unix_socket {
            route = route.unix_socket(path);
        }
        builder = builder.route(route).timeouts(self.network.timeouts());
        builder = builder.strategy(self.strategy.into());
        if let Some(name) = self.network.helo {
            builder = builder.name(name);
        }
        if address.protocol == Protocol::Lmtp {
            builder = builder.lmtp();
        }
        if let Some(port) = address.port {
            builder = builder.port(port);
        }
        if let Some(tls) = self.tls {
            builder = builder.security(tls.into());
        }
        if self.tls != Some(Tls::None) {
            builder = builder.tls(tls::client(self.tls_settings).await?);
        }
        if self.cleartext_auth {
            builder = builder.danger_cleartext_auth();
        }
        if let Some(mechanisms) = self.login.mechanisms() {
            builder = builder.mechanisms(mechanisms.to_vec());
        }
        let mut secret = None;
        if let Some((credentials, shape)) = self.login.credentials().await? {
            builder = builder.credentials(credentials);
            secret = shape;
        }
        Ok((builder.build()?, secret))
    }
}

/// Whether two addresses lead to the same server. An address without a port means one of the
/// customary ports of submission.
fn is_same_place(one: &ServerAddress, other: &ServerAddress) -> bool {
    let is_same_port = match (one.port, other.port) {
        (Some(port), None) | (None, Some(port)) => matches!(port, 465 | 587),
        (one, other) => one == other,
    };
    one.host == other.host && is_same_port && one.unix_socket == other.unix_socket
}

/// A secret belongs to the server that it was made for.
fn other_server(account: &Account, server: &ServerAddress) -> Failure {
    let message = format!(
        "the secret of the account is for {}, and --server names {}: add the login for that \
         server (--user and --password-file), or --auth none",
        shown(&account.server),
        shown(server),
    );
    Failure::new(exit::USAGE, message)
}

/// An address as errors show it.
fn shown(address: &ServerAddress) -> String {
    match (&address.unix_socket, address.port) {
        (Some(path), _) => path.display().to_string(),
        (None, Some(port)) => format!("{} on port {port}", address.host),
        (None, None) => address.host.to_string(),
    }
}

/// That no account of the file is named.
async fn no_account(path: &Path) -> Result<Failure, Failure> {
    let config = config(path).await?;
    let names = config
        .accounts
        .keys()
        .map(|name| name.escape_debug().to_string());
    let message = format!("no account of {} is named: add --account", path.display());
    let help = format!("the file has: {}", names.collect::<Vec<_>>().join(", "));
    Ok(Failure::new(exit::USAGE, message).with_help(help))
}

async fn config(path: &Path) -> Result<Config, Failure> {
    let path = path.to_owned();
    let config = blocking(move || Config::load(path)).await;
    config.map_err(|error| Failure::of(exit::CONFIG, &error))
}

async fn account(path: &Path, name: &str) -> Result<Account, Failure> {
    config(path)
        .await?
        .account(name)
        .cloned()
        .map_err(|error| Failure::of(exit::CONFIG, &error))
}
