//! Access tokens: what a test orders, and how submission servers check and refuse them.

use std::io;

use serde_json::{Value, json};

use super::authority::Authority;
use super::state::{ConsentId, Subject};

/// An access token that a test orders without a login, by
/// [`AuthorizationServer::issue`](super::AuthorizationServer::issue).
///
/// ```
/// use pilotfish::testing::{AccessToken, AuthorizationServer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let server = AuthorizationServer::builder().start().await?;
/// let token = server.issue(&AccessToken::of("me@example.org"))?;
/// let old_token = server.issue(&AccessToken::of("me@example.org").expired())?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the server issues it"]
pub struct AccessToken {
    user: String,
    scope: Option<String>,
    audience: Option<String>,
    expired: bool,
}

impl AccessToken {
    /// A token for this user, with the scope for mail, the server's audience and its lifetime.
    pub fn of(user: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            scope: None,
            audience: None,
            expired: false,
        }
    }

    /// Sets the scopes, separated by blanks.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Sets the audience: the server that is to accept the token.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Lets the token have expired an hour ago.
    pub fn expired(mut self) -> Self {
        self.expired = true;
        self
    }
}

/// How a submission server refuses a token of
/// [`tokens_of`](super::super::TestServerBuilder::tokens_of).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TokenRefusal {
    /// With a challenge whose status is `invalid_token` or `insufficient_scope` (RFC 7628, section
    /// 3.2.2), and after the client's answer with 535.
    #[default]
    Challenge,
    /// As Google: with a challenge whose status is 400 for a token that has expired or is none, and
    /// otherwise 401, and after the client's answer with 535.
    Google,
    /// As Microsoft: at once, with `535 5.7.3`.
    Microsoft,
}

/// Why a submission server refuses a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum TokenProblem {
    /// It is not a token, or another key signed it.
    NotSigned,
    Expired,
    NotYetValid,
    /// Another server issued it, or it is for another server.
    Foreign,
    Revoked,
    /// It does not have the scope for mail.
    Scope,
    /// It belongs to another user.
    User,
}

impl TokenRefusal {
    /// The challenge before the refusal, if there is one.
    pub(in super::super) fn challenge(self, problem: TokenProblem, scope: &str) -> Option<String> {
        use TokenProblem::{Expired, NotSigned, Scope};

        let (status, schemes) = match (self, problem) {
            (Self::Microsoft, _) => return None,
            (Self::Challenge, Scope) => ("insufficient_scope", "bearer"),
            (Self::Challenge, _) => ("invalid_token", "bearer"),
            (Self::Google, NotSigned | Expired) => ("400", "Bearer"),
            (Self::Google, _) => ("401", "Bearer"),
        };
        Some(json!({"status": status, "schemes": schemes, "scope": scope}).to_string())
    }
}

impl Authority {
    /// Signs a token of this consent (RFC 9068, section 2.2).
    pub(super) fn access_token(&self, id: ConsentId, scope: &str) -> io::Result<String> {
        let lifetime = i64::try_from(self.settings.lifetime.as_secs()).unwrap_or(i64::MAX);
        let now = self.now();
        self.sign(
            id,
            scope,
            &self.settings.audience,
            now,
            now.saturating_add(lifetime),
        )
    }

    /// Signs the token that a test orders.
    pub(super) fn ordered(&self, wanted: &AccessToken) -> io::Result<String> {
        let scope = wanted.scope.as_deref().unwrap_or(&self.settings.mail_scope);
        let user = Subject::User(wanted.user.clone());
        let id = self.state().add_consent("", user, scope);
        match &wanted.audience {
            None if !wanted.expired => self.access_token(id, scope),
            audience => {
                let audience = audience.as_deref().unwrap_or(&self.settings.audience);
                let age = if wanted.expired { 7200 } else { 0 };
                let issued = self.now() - age;
                self.sign(id, scope, audience, issued, issued + 3600)
            }
        }
    }

    fn sign(
        &self,
        id: ConsentId,
        scope: &str,
        audience: &str,
        issued: i64,
        expires: i64,
    ) -> io::Result<String> {
        let jti = random()?;
        let mut state = self.state();
        state.access_tokens.insert(jti.clone(), id);
        let consent = state.consent(id).ok_or(io::ErrorKind::NotFound)?;
        let mut claims = json!({
            "iss": self.issuer,
            "sub": consent.subject.name(),
            "aud": audience,
            "scope": scope,
            "client_id": consent.client,
            "iat": issued,
            "nbf": issued,
            "exp": expires,
            "jti": jti,
        });
        if let (Subject::User(user), Some(claims)) = (&consent.subject, claims.as_object_mut()) {
            claims.insert("email".to_owned(), user.as_str().into());
        }
        self.key.sign(&claims)
    }

    /// Whether the token lets this user send mail.
    pub(in super::super) fn check(&self, token: &str, user: &str) -> Result<(), TokenProblem> {
        let claims = self.key.verify(token).ok_or(TokenProblem::NotSigned)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        let time = |name: &str| claims.get(name).and_then(Value::as_i64);
        if time("exp").is_none_or(|expires| expires <= self.now()) {
            return Err(TokenProblem::Expired);
        }
        if time("nbf").is_none_or(|begins| begins > self.now()) {
            return Err(TokenProblem::NotYetValid);
        }
        if text("iss") != self.issuer || text("aud") != self.settings.audience {
            return Err(TokenProblem::Foreign);
        }
        let state = self.state();
        let id = state.access_tokens.get(text("jti"));
        let consent = id.and_then(|id| state.consent(*id));
        let consent = consent.ok_or(TokenProblem::Revoked)?;
        let mut scopes = text("scope").split(' ');
        if !scopes.any(|scope| scope == self.settings.mail_scope) {
            return Err(TokenProblem::Scope);
        }
        let is_own = match &consent.subject {
            Subject::User(own) => own == user,
            Subject::Application(_) => self.settings.users.iter().any(|own| own == user),
        };
        is_own.then_some(()).ok_or(TokenProblem::User)
    }
}

/// Random text: 256 bits in base64url.
pub(super) fn random() -> io::Result<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let mut octets = [0; 32];
    getrandom::fill(&mut octets).map_err(io::Error::other)?;
    Ok(URL_SAFE_NO_PAD.encode(octets))
}
