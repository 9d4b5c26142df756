//! The next step after a login with OAuth 2.0 that failed, by the names of the commands. The library's error
//! has the cause.

use pilotfish::Error;
use pilotfish::oauth::{OAuthError, OAuthErrorKind};

use crate::settings::in_shell;

/// The command that helps, if one does.
pub(crate) fn oauth_help(error: &OAuthError, account: Option<&str>) -> Option<String> {
    let account = account.map(|name| format!(" {}", in_shell(name)));
    let login = format!("pilotfish auth login{}", account.unwrap_or_default());
    Some(match error.kind() {
        OAuthErrorKind::NotLoggedIn => login,
        OAuthErrorKind::LoginEnded
        | OAuthErrorKind::InvalidScope
        | OAuthErrorKind::WrongAudience
        | OAuthErrorKind::AccessDenied
        | OAuthErrorKind::AdminConsent
        | OAuthErrorKind::Expired
        | OAuthErrorKind::Cancelled
        | OAuthErrorKind::RedirectUri
        | OAuthErrorKind::State => format!("then: {login}"),
        OAuthErrorKind::InvalidClient => {
            format!("with another client: {login} --client-id ID --client-secret-file FILE")
        }
        OAuthErrorKind::Clock => "set the clock, as by: timedatectl set-ntp true".to_owned(),
        _ => return None,
    })
}

/// The error of a login with OAuth 2.0 among the causes of a library's error.
pub(crate) fn oauth_error(error: &Error) -> Option<&OAuthError> {
    let first: &(dyn std::error::Error + 'static) = error;
    let mut causes = std::iter::successors(Some(first), |error| error.source());
    causes.find_map(|error| error.downcast_ref())
}
