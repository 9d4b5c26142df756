//! The settings that advice depends on.

use pilotfish::Security;
use pilotfish::protocol::Mechanism;

use crate::connection::Connection;

/// The proof in a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginBy {
    /// No login.
    None,
    Password,
    /// An OAuth 2.0 access token.
    Token,
    /// The client's certificate, which TLS has shown.
    Certificate,
}

impl Connection {
    /// What the login is by.
    pub(crate) fn login(&self) -> LoginBy {
        let account = &self.account;
        let token = account.token_file.is_some() || account.token_fd.is_some();
        if !account.logs_in() {
            LoginBy::None
        } else if token || account.token_command.is_some() {
            LoginBy::Token
        } else if account.mechanisms() == Some(&[Mechanism::External]) {
            LoginBy::Certificate
        } else {
            LoginBy::Password
        }
    }

    /// Whether the session has no TLS.
    pub(super) fn is_in_clear_text(&self) -> bool {
        self.account.security() == Security::Cleartext
    }

    /// Whether a login that is added would not be sent: the session is in clear text, neither over a
    /// Unix socket nor by the user's wish.
    pub(super) fn takes_no_login(&self) -> bool {
        let is_safe = self.account.unix_socket().is_some() || self.account.danger_cleartext_auth;
        !self.account.logs_in() && self.is_in_clear_text() && !is_safe
    }

    /// Whether the server is this machine.
    pub(super) fn is_local(&self) -> bool {
        let host = self.account.host().map(ToString::to_string);
        host.is_some_and(|host| {
            let address = host.parse::<std::net::IpAddr>();
            host == "localhost" || address.is_ok_and(|address| address.is_loopback())
        })
    }

    /// Whether `--helo` or the account gives a name for EHLO.
    pub(super) fn names_helo(&self) -> bool {
        self.account.network.helo.is_some()
    }
}
