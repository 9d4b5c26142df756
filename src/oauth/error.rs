//! Why a login by OAuth 2.0 failed.

use std::fmt;
use std::io;
use std::time::Duration;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why there is no access token. `Display` names the cause and the next step; no secret is in it.
#[derive(Debug)]
pub struct OAuthError {
    kind: OAuthErrorKind,
    message: String,
    code: Option<String>,
    transient: bool,
    retry_after: Option<Duration>,
    source: Option<Source>,
}

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OAuthErrorKind {
    /// An endpoint, a client ID, a tenant, a key file or a scope of the caller is not valid.
    Config,
    /// The store has no tokens, or no refresh token.
    NotLoggedIn,
    /// The refresh token is no longer valid (`invalid_grant`): it was revoked, the password was changed,
    /// or it was not used for too long.
    LoginEnded,
    /// The server does not know the client, or refuses its secret.
    InvalidClient,
    /// The scope is not valid for this server, or the user did not grant it.
    InvalidScope,
    /// The client may not use this flow.
    UnauthorizedClient,
    /// The user refused, or a policy did.
    AccessDenied,
    /// An administrator has to consent first.
    AdminConsent,
    /// The token is for another service than mail.
    WrongAudience,
    /// The clock of this machine is wrong.
    Clock,
    /// The redirect URI is not registered for the client.
    RedirectUri,
    /// A code expired before the user logged in, or was used before.
    Expired,
    /// The user did not log in within the time that the caller gave.
    Cancelled,
    /// The server is overloaded or out of order.
    Unavailable,
    /// There is no connection, or no whole answer.
    Network,
    /// TLS with the server failed, for example because its certificate is not trusted.
    Tls,
    /// What answered is not an OAuth 2.0 endpoint.
    NotOAuth,
    /// A redirect does not belong to this login.
    State,
    /// A redirect is not from the server of this login (RFC 9207).
    Issuer,
    /// The store of the tokens failed.
    Store,
    /// The server refused for another reason.
    Refused,
}

impl OAuthError {
    pub(crate) fn new(kind: OAuthErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            code: None,
            transient: false,
            retry_after: None,
            source: None,
        }
    }

    pub(crate) fn caused_by(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// It may pass. A session recognises that by an [`io::Error`] among the sources, since it knows
    /// nothing of this type.
    pub(super) fn passing(mut self, source: impl Into<Source>) -> Self {
        self.transient = true;
        self.caused_by(io::Error::other(source))
    }

    /// It lasts. A session takes an [`io::Error`] of most other kinds for one that passes.
    pub(super) fn lasting(self, source: io::Error) -> Self {
        self.caused_by(io::Error::new(io::ErrorKind::InvalidInput, source))
    }

    pub(super) fn with_code(mut self, code: &str) -> Self {
        self.code = Some(shown(code));
        self
    }

    pub(super) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// What failed.
    #[must_use]
    pub fn kind(&self) -> OAuthErrorKind {
        self.kind
    }

    /// Whether another attempt later may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.transient
    }

    /// How long the server asks to wait (RFC 9110 section 10.2.3), at most a day.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The error code of the server, such as `invalid_grant` (RFC 6749 section 5.2), without control
    /// characters and at most 300 characters of it.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for OAuthError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}

/// The longest text of a server that is shown, in characters.
const MAX_SHOWN: usize = 300;

/// A text of a server, without control characters and of a bounded length.
pub(super) fn shown(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let kept: String = words.chars().take(MAX_SHOWN).collect();
    let cut = if kept.len() < words.len() { "…" } else { "" };
    let clean = kept
        .chars()
        .filter(|c| !c.is_control() && !is_invisible(*c));
    clean.collect::<String>() + cut
}

/// Marks that change the direction of the text around them, or are not seen.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
