//! The revocation of tokens (RFC 7009).

use super::authority::Authority;
use super::http::Request;
use super::response::{OAuthError, Response};

impl Authority {
    /// Revokes the consent that the token comes from. A token that is not known gets the same answer
    /// (RFC 7009, section 2.2).
    pub(super) fn revocation(&self, request: &Request) -> Result<Response, OAuthError> {
        // Some servers, such as Google's, do not ask which client it is.
        if request.authorization.is_some() || request.form.get("client_id").is_some() {
            self.client(request)?;
        }
        let Some(token) = request.form.get("token") else {
            return Err(OAuthError::new("invalid_request", "there is no token"));
        };
        let claims = self.key.verify(token);
        let jti = claims
            .as_ref()
            .and_then(|claims| claims.get("jti")?.as_str());
        let mut state = self.state();
        let refresh = state.refresh_tokens.get(token).map(|token| token.consent);
        let access = jti.and_then(|jti| state.access_tokens.get(jti)).copied();
        if let Some(id) = refresh.or(access) {
            state.revoke_consent(id);
        }
        Ok(Response::empty(200))
    }
}
