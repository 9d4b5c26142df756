//! The metadata of the server (RFC 8414), and its keys.

use serde_json::json;

use super::authority::Authority;
use super::fault::{Endpoint, GrantType};
use super::response::Response;

impl Authority {
    /// The address of an endpoint.
    pub(super) fn url(&self, endpoint: Endpoint) -> String {
        format!("{}{}", self.issuer, endpoint.path())
    }

    pub(super) fn metadata(&self) -> Response {
        let mut scopes = vec![self.settings.mail_scope.as_str()];
        scopes.extend(self.settings.scopes.iter().map(String::as_str));
        let metadata = json!({
            "issuer": self.issuer,
            "authorization_endpoint": self.url(Endpoint::Authorization),
            "token_endpoint": self.url(Endpoint::Token),
            "device_authorization_endpoint": self.url(Endpoint::DeviceAuthorization),
            "revocation_endpoint": self.url(Endpoint::Revocation),
            "jwks_uri": self.url(Endpoint::Jwks),
            "scopes_supported": scopes,
            "response_types_supported": ["code"],
            "grant_types_supported": GrantType::names(),
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported":
                ["none", "client_secret_post", "client_secret_basic"],
            "authorization_response_iss_parameter_supported": true,
        });
        Response::json(200, &metadata)
    }

    pub(super) fn jwks(&self) -> Response {
        Response::json(200, &self.key.jwks())
    }
}
