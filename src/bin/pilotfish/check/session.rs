//! TLS, the certificate and the login, each by a session as `send` opens one.

use std::time::SystemTime;

use pilotfish::config::Account;
use pilotfish::protocol::Extensions;
use pilotfish::transport::{Certificate, Host, TlsParameters};
use pilotfish::{Error, Security};

use crate::args::GlobalArguments;
use crate::auth::oauth_credentials;
use crate::connection::Connection;
use crate::failure::Failure;

/// What a session found out.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) tls: Option<TlsParameters>,
    pub(super) certificate: Option<Certificate>,
    /// What the server offers inside TLS, or in clear text where there is no TLS.
    pub(super) extensions: Extensions,
    /// Why the server is not the one that it claims to be, as far as the client can tell.
    pub(super) distrust: Option<Error>,
    /// Whether the certificate is for the host. A pinned certificate needs no name.
    pub(super) name_matches: bool,
    /// What became of the login, if one was asked for.
    pub(super) login: Option<Result<(), Error>>,
}

/// Opens a session that accepts any certificate, to see what there is, and then one that verifies
/// it. With `login`, the second logs in.
pub(super) async fn findings(
    connection: &Connection,
    port: u16,
    security: Security,
    login: bool,
    global: &GlobalArguments,
) -> Result<Findings, Failure> {
    let account = &connection.account;
    let at = |account: &Account| {
        let account = account.clone();
        async move {
            let builder = account.server_builder().await?;
            Ok::<_, Failure>(builder.port(port).security(security))
        }
    };
    let session = at(&without_verification(account)).await?.build()?;
    let session = session.connect().await?;
    let mut findings = Findings {
        tls: session.tls(),
        certificate: session.certificate(),
        extensions: session.extensions().clone(),
        distrust: None,
        name_matches: true,
        login: None,
    };
    session.quit().await;
    let mut builder = at(account).await?;
    if login {
        if let Some(login) = account.oauth()? {
            let credentials =
                oauth_credentials(&login, connection.name.as_deref(), false, global).await?;
            builder = builder.credentials(credentials);
        } else if let Some(credentials) = account.credentials().await? {
            builder = builder.credentials(credentials);
        }
    }
    let host = account.tls_name.as_ref().or(account.host());
    if let (Some(host), Some(certificate)) = (host, &findings.certificate) {
        findings.name_matches = is_for(certificate, host) || !account.tls_fingerprint.is_empty();
    }
    match builder.build()?.connect().await {
        Ok(session) => {
            session.quit().await;
            findings.login = login.then_some(Ok(()));
        }
        Err(error) if error.kind() == pilotfish::ErrorKind::Tls => {
            findings.distrust = Some(error);
        }
        Err(error) if login => findings.login = Some(Err(error)),
        Err(error) => return Err(error.into()),
    }
    // A certificate for another name hides whether its authority is known.
    if !findings.name_matches
        && let Some(name) = findings
            .certificate
            .as_ref()
            .and_then(|it| it.names.first())
    {
        let mut renamed = account.clone();
        renamed.tls_name = name.replace('*', "host").parse().ok();
        let renamed = at(&renamed).await?.build()?;
        findings.distrust = match renamed.connect().await {
            Ok(session) => {
                session.quit().await;
                None
            }
            Err(error) => Some(error),
        };
    }
    Ok(findings)
}

/// The account with nothing that a certificate is verified by.
pub(super) fn without_verification(account: &Account) -> Account {
    let mut account = account.clone();
    account.tls_insecure = true;
    account.tls_fingerprint.clear();
    account.tls_ca = None;
    account.tls_roots = None;
    account
}

/// Whether one of the names of a certificate is that of the host (RFC 9525 section 6.3).
fn is_for(certificate: &Certificate, host: &Host) -> bool {
    let host = host.to_string();
    let host = host.trim_end_matches('.');
    certificate.names.iter().any(|name| {
        let is_same = name.eq_ignore_ascii_case(host);
        // A wildcard stands for one label.
        let by_wildcard = || {
            let (_, parent) = host.split_once('.')?;
            let pattern = name.strip_prefix("*.")?;
            Some(pattern.eq_ignore_ascii_case(parent))
        };
        is_same || by_wildcard() == Some(true)
    })
}

/// The days until the certificate ends, rounded down; negative if it has ended.
pub(super) fn days_left(certificate: &Certificate, now: SystemTime) -> Option<i64> {
    const DAY: u64 = 24 * 60 * 60;
    let end = certificate.not_after?;
    let days = match end.duration_since(now) {
        Ok(left) => i64::try_from(left.as_secs() / DAY).ok()?,
        Err(past) => -1 - i64::try_from(past.duration().as_secs() / DAY).ok()?,
    };
    Some(days)
}
