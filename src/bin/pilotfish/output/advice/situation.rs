//! The settings that advice depends on.

use pilotfish::Security;
use pilotfish::config::Account;
use pilotfish::protocol::Mechanism;

use super::SecretShape;

/// The settings of the command line and the account. Advice names the flag that helps, and never
/// one that would be an error.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and none a state"
)]
#[derive(Debug, Clone)]
pub(crate) struct Situation {
    /// The host, as the user named it; `localhost` for a Unix socket.
    pub(crate) host: String,
    /// Whether the server is for LMTP.
    pub(crate) is_lmtp: bool,
    /// How the session is protected, asked for or by default.
    pub(crate) security: Security,
    /// Whether the session has no TLS because of `--tls none` alone.
    pub(crate) tls_none_flag: bool,
    /// Whether a login may be sent without TLS: over a Unix socket, or since the user wants it so.
    pub(crate) takes_clear_login: bool,
    /// What the login is by.
    pub(crate) login: LoginBy,
    /// The shape of the password that was sent.
    pub(crate) secret: Option<SecretShape>,
    /// Whether `--auth` or the account names mechanisms.
    pub(crate) names_mechanisms: bool,
    /// Whether `--helo` or the account gives a name for EHLO.
    pub(crate) names_helo: bool,
}

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

impl LoginBy {
    pub(crate) fn of(account: &Account) -> Self {
        let token = account.token_file.is_some() || account.token_fd.is_some();
        if !account.logs_in() {
            Self::None
        } else if token || account.token_command.is_some() {
            Self::Token
        } else if account.mechanisms() == Some(&[Mechanism::External]) {
            Self::Certificate
        } else {
            Self::Password
        }
    }
}

impl Situation {
    /// Whether a login was asked for.
    pub(crate) fn logs_in(&self) -> bool {
        self.login != LoginBy::None
    }

    /// Whether the session has no TLS.
    pub(crate) fn is_in_clear_text(&self) -> bool {
        self.security == Security::Cleartext
    }

    /// Whether the server is this machine.
    pub(crate) fn is_local(&self) -> bool {
        let address = self.host.parse::<std::net::IpAddr>();
        self.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}
