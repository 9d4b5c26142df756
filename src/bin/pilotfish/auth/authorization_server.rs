//! The authorization server of a login, and the flags that belong to it.

use pilotfish::config::{Account, OAuthServer};

use crate::account::service_at;
use crate::args::{AuthLoginArguments, OAuthArguments};
use crate::failure::Failure;
use crate::output::advice::LoginCommand;

/// The authorization server that the command line, the account or its service names. Fails if a flag does
/// not belong to it, or if one is missing.
pub(crate) fn authorization_server(
    name: &str,
    account: &Account,
    arguments: &AuthLoginArguments,
    again: &LoginCommand,
) -> Result<OAuthServer, Failure> {
    let sender = account.sender();
    let domain = sender.map(|sender| sender.addr_spec().domain().to_string());
    let server = arguments.oauth.clone().or_else(|| account.oauth.clone());
    let server = server.or_else(|| of_service(account, domain.as_deref()));
    let server = server.ok_or_else(|| unknown_server(name, again))?;
    let has_scope = account.oauth.as_ref() == Some(&server) && account.oauth_scope.is_some();
    check_flags(&server, has_scope, &arguments.login)?;
    Ok(server)
}

/// Fails if a flag does not belong to the authorization server, or if it needs one that is missing.
pub(crate) fn check_flags(
    server: &OAuthServer,
    has_scope: bool,
    flags: &OAuthArguments,
) -> Result<(), Failure> {
    let texts = [
        ("--scope", &flags.scope),
        ("--tenant", &flags.tenant),
        ("--client-id", &flags.client_id),
    ];
    let is_blank =
        |value: &Option<String>| value.as_ref().is_some_and(|text| text.trim().is_empty());
    if let Some((flag, _)) = texts.into_iter().find(|(_, value)| is_blank(value)) {
        let failure = Failure::usage(format!("the value of {flag} is empty"));
        return Err(failure.with_help(format!("leave {flag} out, or give it a value")));
    }
    if flags.tenant.is_some() && *server != OAuthServer::Microsoft {
        let message =
            format!("--tenant is for Microsoft, and the authorization server is {server}");
        return Err(Failure::usage(message).with_help("leave --tenant out"));
    }
    if flags.device && *server == OAuthServer::Google {
        let failure = Failure::usage("Google offers no login on another device");
        return Err(failure.with_help("with the browser of another machine: --paste"));
    }
    if matches!(server, OAuthServer::Issuer(_)) && !has_scope && flags.scope.is_none() {
        let message = format!(
            "--oauth={server} also needs --scope SCOPE: the permission to send mail, as that server \
             calls it"
        );
        let help = "look the scope up where the server is documented; with offline_access, as in --scope \
                    'SCOPE offline_access', many servers let the login be renewed";
        return Err(Failure::usage(message).with_help(help));
    }
    Ok(())
}

/// The authorization server of the service that the account's server belongs to.
fn of_service(account: &Account, domain: Option<&str>) -> Option<OAuthServer> {
    let service = service_at(account, domain).and_then(|service| service.oauth);
    service.and_then(|service| service.parse().ok())
}

fn unknown_server(name: &str, again: &LoginCommand) -> Failure {
    let failure = Failure::usage(format!("the authorization server of {name} is not known"));
    let named = match again {
        LoginCommand::Login(_) => format!("{again} --oauth SERVER"),
        LoginCommand::Add { with_server, .. } => with_server.clone(),
    };
    failure.with_help(format!(
        "name it: {named}, which is google, microsoft or a URL; with a URL also --scope SCOPE"
    ))
}
