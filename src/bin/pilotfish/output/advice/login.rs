//! Advice for a login that is rejected or missing.

use std::fmt;

use pilotfish::oauth::{OAuthError, OAuthErrorKind};
use pilotfish::protocol::ReplyMeaning::LoginRequired;
use pilotfish::services::Service;
use pilotfish::{Error, ErrorKind, Problem, Stage};

use super::situation::LoginBy;
use super::{ANY, Advice, AtService, rows};
use crate::connection::Connection;
use crate::settings::in_shell;

/// For a login that is rejected.
pub(super) const ROWS: &[Advice] = rows! {
    codes: &[535], statuses: &["X.7.8"], words: GMAIL, when: sent_an_app_password, says_what_was_sent: true, explains: false
        => "the password looks like an app password: check that it belongs to --user and has not \
            been revoked (a new account password revokes all): \
            https://myaccount.google.com/apppasswords";
    codes: &[535], statuses: &["X.7.8"], words: GMAIL, when: is_by_password, says_what_was_sent: true, at: Some(at("gmail", "an app password is needed, or this one was revoked", true))
        => "Gmail takes no account password here: make an app password at \
            https://myaccount.google.com/apppasswords (it has 16 letters) and use that";
    codes: &[534], statuses: &["X.7.9"], words: &["gsmtp", "google.com"], at: Some(at("gmail", "the password of the account is right, but an app password is needed", true))
        => "the password is right, but Gmail wants an app password: make one at \
            https://myaccount.google.com/apppasswords";
    codes: &[534], statuses: &["X.7.14"], words: &["gsmtp", "google.com"], at: Some(at("gmail", "Google wants a login with a browser first", false))
        => "Google wants to see you first: log in with a browser from this network, then try again";
    codes: &[535], statuses: &["X.7.139"], words: &["smtpclientauthentication is disabled"], at: Some(at("office365", "logins by SMTP are off for the mailbox or the organization", false))
        => "no password and no token helps before an administrator turns authenticated SMTP on: \
            Set-CASMailbox USER -SmtpClientAuthenticationDisabled $false, or for all: \
            https://aka.ms/smtp_auth_disabled";
    codes: &[535], statuses: &["X.7.139"], words: &["security defaults"], at: Some(at("office365", "a policy of the organization forbids logins by password", false))
        => "log in with OAuth 2.0: pilotfish auth login; an administrator may have to allow it";
    codes: &[535, 550], statuses: &["X.7.139", "X.7.30"], when: is_by_password, at: Some(at("office365", "this account cannot log in by a password", false))
        => "Microsoft takes no password for this account: log in with OAuth 2.0: \
            pilotfish auth login";
    codes: &[535], words: &["auth005"], says_what_was_sent: true, at: Some(at("yahoo", "an app password is needed, or this one was revoked", true))
        => "Yahoo takes no account password here: make an app password in the security settings of \
            the account and use that";
    kinds: &[ErrorKind::Auth], stages: &[Stage::Auth], codes: &[535, 501], when: |connection| connection.account.uses_oauth(), explains: false
        => "the mail server refuses a token that is new: log in again as the user of the account \
            (pilotfish auth login), and check that the mailbox may send by SMTP";
    kinds: &[ErrorKind::Auth], stages: &[Stage::Auth], codes: &[535, 501], when: |connection| connection.login() == LoginBy::Token, explains: false
        => "get a new access token, which mostly lasts for an hour, and check that it is for sending \
            mail by SMTP and belongs to --user";
    kinds: &[ErrorKind::Auth], codes: &[535], when: |connection| connection.login() == LoginBy::Certificate, explains: false
        => "the server does not let the certificate of --tls-cert log in: check which user it is for";
    codes: &[525]
        => "the account is disabled: ask the server's operator";
    codes: &[500], statuses: &["X.5.6"]
        => "the server takes no line as long as the login: use a shorter token or password, or \
            another mechanism by --auth";
    kinds: &[ErrorKind::Auth], codes: &[500, 501, 502, 503, 504, 534, 538], when: |connection| connection.account.mechanisms().is_some(), explains: false
        => "leave --auth out, so that every mechanism that the server offers is tried, or name \
            another by it";
    kinds: &[ErrorKind::Auth], codes: &[500, 501, 502, 503, 504, 534, 538], when: is_by_password
        => "the server takes this password by none of its mechanisms: ask its operator which login \
            it wants, and name the mechanism by --auth";
    problems: &[Problem::NoResources]
        => "the server cannot verify the password now: try again later";
    problems: &[Problem::OtherMechanisms], codes: &[535], when: is_by_password, says_what_was_sent: true
        => "check the user name and the password; if they are right, log in by another mechanism: \
            --auth plain,login";
    kinds: &[ErrorKind::Auth], codes: &[535], when: sent_an_app_password, says_what_was_sent: true, explains: false
        => "check that the password belongs to --user and has not been revoked";
    kinds: &[ErrorKind::Auth], codes: &[535], says_what_was_sent: true, of_service: true
        => "check the user name and the password; many services want an app password here";
    codes: &[454], statuses: &["X.7.0"], words: &["login"]
        => "the password may well be right: too many logins in a short time. Wait an hour";
};

/// For a login that is missing.
pub(super) const WANTED: &[Advice] = rows! {
    means: Some(LoginRequired), when: |connection| connection.takes_no_login() && connection.tls_none_flag
        => "the server wants a login: give --user and --password-file, and leave --tls none out";
    means: Some(LoginRequired), when: Connection::takes_no_login
        => "the server wants a login: give --user and --password-file, and use --tls starttls";
    means: Some(LoginRequired), when: |connection| !connection.account.logs_in()
        => "the server wants a login: give --user and --password-file";
};

/// What the service of the server accepts in place of what was sent, as the table of services says.
pub(super) fn of_service(row: &Advice, connection: &Connection) -> Option<String> {
    let host = connection.account.host().filter(|_| row.of_service)?;
    let service = Service::of_host(&host.to_string())?;
    let name = service.name;
    match (connection.login(), service.secret, service.page) {
        (LoginBy::Password, "app password", Some(page)) => Some(format!(
            "{name} accepts an app password, and not the password of the account: make one at {page}"
        )),
        (LoginBy::Password, "key", Some(page)) => Some(format!(
            "{name} accepts a key, and not the password of the account: make one at {page}"
        )),
        (LoginBy::Password, "oauth", _) => Some(format!(
            "{name} accepts no passwords: log in with OAuth 2.0: pilotfish auth login"
        )),
        _ => None,
    }
}

/// The command that logs in with OAuth 2.0, as help names it.
#[derive(Debug)]
pub(crate) enum LoginCommand {
    /// `auth login` of the account with this name, if it has one.
    Login(Option<String>),
    /// `account add`, as the account is not stored before it has logged in.
    Add {
        again: String,
        /// The same with an authorization server.
        with_server: String,
        /// The same with another client.
        with_client: String,
    },
}

impl LoginCommand {
    /// The login of an account that has a name.
    pub(crate) fn of(name: &str) -> Self {
        Self::Login(Some(name.to_owned()))
    }

    /// The name of the account, if it is stored.
    pub(crate) fn account(&self) -> Option<&str> {
        match self {
            Self::Login(name) => name.as_deref(),
            Self::Add { .. } => None,
        }
    }

    /// The command for another client.
    pub(crate) fn with_client(&self) -> String {
        match self {
            Self::Login(_) => format!("{self} --client-id ID --client-secret-file FILE"),
            Self::Add { with_client, .. } => with_client.clone(),
        }
    }
}

impl fmt::Display for LoginCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Login(None) => f.write_str("pilotfish auth login"),
            Self::Login(Some(name)) => write!(f, "pilotfish auth login {}", in_shell(name)),
            Self::Add { again, .. } => f.write_str(again),
        }
    }
}

/// The command that helps after a login with OAuth 2.0 that failed, if one does. The error has the cause.
pub(crate) fn oauth_help(error: &OAuthError, login: &LoginCommand) -> Option<String> {
    Some(match error.kind() {
        OAuthErrorKind::NotLoggedIn
        | OAuthErrorKind::LoginEnded
        | OAuthErrorKind::InvalidScope
        | OAuthErrorKind::WrongAudience
        | OAuthErrorKind::AccessDenied
        | OAuthErrorKind::AdminConsent
        | OAuthErrorKind::Expired
        | OAuthErrorKind::Cancelled
        | OAuthErrorKind::RedirectUri
        | OAuthErrorKind::State => login.to_string(),
        OAuthErrorKind::InvalidClient => format!("with another client: {}", login.with_client()),
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

const fn at(key: &'static str, meaning: &'static str, needs_secret: bool) -> AtService {
    AtService {
        key,
        meaning,
        needs_secret,
    }
}

/// What Gmail says when it rejects a password.
const GMAIL: &[&str] = &["gsmtp", "username and password not accepted"];

fn sent_an_app_password(connection: &Connection) -> bool {
    let secret = connection.secret.as_ref();
    secret.is_some_and(|secret| secret.looks_like_app_password)
}

fn is_by_password(connection: &Connection) -> bool {
    connection.login() == LoginBy::Password
}

#[cfg(test)]
mod tests {
    use pilotfish::config::Account;

    use super::*;

    #[test]
    fn services_that_rows_name_are_in_the_table() {
        let services = ROWS.iter().filter_map(|row| row.at);
        let mut pages = 0;
        for at in services {
            let service = Service::of_key(at.key).expect(at.key);
            assert!(!at.needs_secret || service.page.is_some(), "{}", at.key);
            pages += usize::from(at.needs_secret);
        }
        assert_eq!(pages, 3);
    }

    #[test]
    fn each_service_has_its_own_advice() {
        for (host, expected) in [
            (
                "smtp.gmail.com",
                Some(
                    "Gmail accepts an app password, and not the password of the account: make one at \
                      https://myaccount.google.com/apppasswords",
                ),
            ),
            (
                "smtp-mail.outlook.com",
                Some(
                    "Outlook.com accepts no passwords: log in with OAuth 2.0: pilotfish auth login",
                ),
            ),
            ("smtp.example.org", None),
        ] {
            let mut account = Account::new(host).unwrap();
            account.user = Some("me".to_owned());
            account.password_env = Some("SECRET".to_owned());
            let connection = Connection::of_account(account, None);
            let mut rows = ROWS.iter();
            let row = rows.find(|row| row.of_service).unwrap();
            let advice = of_service(row, &connection);
            assert_eq!(advice.as_deref(), expected, "{host}");
            let other = ROWS.iter().find(|row| !row.of_service).unwrap();
            assert_eq!(of_service(other, &connection), None);
        }
    }
}
