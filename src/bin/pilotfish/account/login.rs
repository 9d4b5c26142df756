//! Proving that a server answers, and that it lets a user log in.

use std::fmt;

use pilotfish::config::{Account, ConfigError};
use pilotfish::session::ServerConfigBuilder;
use pilotfish::{Credentials, ErrorKind, Secret};
use serde_json::{Value, json};

use super::list::place;
use crate::args::GlobalArguments;
use crate::auth::oauth_credentials;
use crate::connection::credentials_by;
use crate::failure::Failure;
use crate::settings::no_secret;

/// What a session has proved.
pub(crate) struct Proof {
    /// Host and port.
    server: String,
    /// As in `1.3`; `None` without TLS.
    tls: Option<&'static str>,
    /// The day until which the certificate is valid.
    valid_until: Option<String>,
    /// Who has logged in.
    user: Option<String>,
}

/// As in `smtp.gmail.com:465, TLS 1.3, logged in as me@gmail.com`.
impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, ", self.server)?;
        match self.tls {
            Some(version) => write!(f, "TLS {version}")?,
            None => f.write_str("no TLS")?,
        }
        match &self.user {
            Some(user) => write!(f, ", logged in as {user}"),
            None => f.write_str(", no login"),
        }
    }
}

impl Proof {
    /// The same of an account, for programs.
    pub(super) fn object(&self, schema: &str, name: &str) -> Value {
        json!({
            "schema": schema, "name": name, "server": self.server, "tls": self.tls, "valid_until": self.valid_until, "user": self.user,
        })
    }

    /// What there is to say of the server: `smtp.gmail.com:465: TLS 1.3, certificate valid until
    /// 2027-01-19`.
    pub(super) fn of_server(&self) -> String {
        let server = &self.server;
        match (self.tls, &self.valid_until) {
            (None, _) => format!("{server}: no TLS"),
            (Some(version), None) => format!("{server}: TLS {version}, certificate valid"),
            (Some(version), Some(day)) => {
                format!("{server}: TLS {version}, certificate valid until {day}")
            }
        }
    }
}

/// Opens a session, and logs in by this secret.
pub(crate) async fn proof_by_secret(account: &Account, secret: &Secret) -> Result<Proof, Failure> {
    let user = account.user.as_deref().ok_or(ConfigError::NoUser)?;
    proof_by(account, credentials_by(account, user, secret)?).await
}

/// Opens a session, and logs in as the account with this name does.
pub(crate) async fn proof(
    account: &Account,
    name: &str,
    global: &GlobalArguments,
) -> Result<Proof, Failure> {
    if let Some(login) = account.oauth()? {
        let credentials = oauth_credentials(&login, Some(name), false, global).await?;
        let builder = account.server_builder().await?.credentials(credentials);
        return session(account, builder, account.user.clone()).await;
    }
    let credentials = account.credentials().await;
    match credentials.map_err(|error| no_secret(error, account))? {
        Some(credentials) => proof_by(account, credentials).await,
        None => server(account).await,
    }
}

/// Opens a session, and logs in by these credentials.
pub(crate) async fn proof_by(
    account: &Account,
    credentials: Credentials,
) -> Result<Proof, Failure> {
    let user = credentials.user().to_owned();
    let builder = account.server_builder().await?.credentials(credentials);
    session(account, builder, Some(user)).await
}

/// Opens a session without a login.
pub(super) async fn server(account: &Account) -> Result<Proof, Failure> {
    session(account, account.server_builder().await?, None).await
}

async fn session(
    account: &Account,
    builder: ServerConfigBuilder,
    user: Option<String>,
) -> Result<Proof, Failure> {
    let session = builder.build()?.connect().await;
    let session = session.map_err(|error| {
        let is_rejected = error.kind() == ErrorKind::Auth && !error.is_transient();
        let mut failure = Failure::from(error);
        if let (Some(user), Some(host), true) = (&user, account.host(), is_rejected) {
            failure.message = format!("{host} rejected the login of {user}");
        }
        failure
    })?;
    let not_after = session
        .certificate()
        .and_then(|certificate| certificate.not_after);
    let day = not_after.and_then(|time| jiff::Timestamp::try_from(time).ok());
    let proof = Proof {
        server: place(account),
        tls: session
            .tls()
            .map(|tls| tls.version.trim_start_matches("TLSv")),
        valid_until: day.map(|day| day.strftime("%Y-%m-%d").to_string()),
        user,
    };
    session.quit().await;
    Ok(proof)
}
