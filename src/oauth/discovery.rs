//! The endpoints that a server publishes (RFC 8414, and Discovery of `OpenID` Connect).

use oauth2::http::Request;
use oauth2::http::header::ACCEPT;
use oauth2::url::Url;
use serde::Deserialize;

use super::endpoint::Endpoint;
use super::error::{OAuthError, OAuthErrorKind, shown};
use super::http::HttpClient;
use super::provider::Provider;

/// The members that are used.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    device_authorization_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

impl Provider {
    /// Finds the endpoints of the server with this issuer, such as `https://id.example/realms/mail`: first
    /// as RFC 8414 says, then as `OpenID` Connect does. It has no scope yet.
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::NotOAuth`]: the server publishes nothing, or for another issuer;
    /// [`OAuthErrorKind::Config`]: an address is not valid; and [`OAuthErrorKind::Network`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub async fn discover(issuer: &str, http: &HttpClient) -> Result<Self, OAuthError> {
        let endpoint = Endpoint::parse(issuer)?;
        let path = endpoint.url().path().trim_end_matches('/').to_owned();
        let mut status = 0;
        for well_known in [
            // RFC 8414 section 3.1 puts it before the path, OpenID after it.
            format!("/.well-known/oauth-authorization-server{path}"),
            format!("{path}/.well-known/openid-configuration"),
        ] {
            let answer = fetch(endpoint.url(), &well_known, http).await?;
            status = answer.0;
            if status != 200 {
                continue;
            }
            let metadata: Metadata = serde_json::from_slice(&answer.1).map_err(|_| {
                let message = format!(
                    "what {} publishes about itself at {well_known} is not valid: name its endpoints instead",
                    endpoint.name()
                );
                OAuthError::new(OAuthErrorKind::NotOAuth, message)
            })?;
            return of_metadata(issuer, &metadata);
        }
        let message = format!(
            "{} publishes nothing about OAuth 2.0 (HTTP status {status}): check the issuer, or name its \
             endpoints instead",
            endpoint.name()
        );
        let error = OAuthError::new(OAuthErrorKind::NotOAuth, message);
        Err(if status == 429 || status >= 500 {
            error.passing(format!("HTTP status {status}"))
        } else {
            error
        })
    }
}

async fn fetch(base: &Url, path: &str, http: &HttpClient) -> Result<(u16, Vec<u8>), OAuthError> {
    let mut url = base.clone();
    url.set_path(path);
    url.set_query(None);
    let request = Request::builder().uri(url.as_str());
    let request = request.header(ACCEPT, "application/json").body(Vec::new());
    let request = request.map_err(|error| {
        OAuthError::new(OAuthErrorKind::Config, "the issuer is not valid").caused_by(error)
    })?;
    let answer = http.fetch(request).await?;
    Ok((answer.status().as_u16(), answer.into_body()))
}

fn of_metadata(issuer: &str, metadata: &Metadata) -> Result<Provider, OAuthError> {
    // RFC 8414 section 3.3: otherwise one server could speak for another.
    if metadata.issuer.trim_end_matches('/') != issuer.trim_end_matches('/') {
        let message = format!(
            "the server publishes endpoints of another issuer, {}: use that one if you trust it",
            shown(&metadata.issuer)
        );
        return Err(OAuthError::new(OAuthErrorKind::NotOAuth, message));
    }
    let mut provider = Provider::new(&metadata.authorization_endpoint, &metadata.token_endpoint)?;
    if let Some(url) = &metadata.device_authorization_endpoint {
        provider = provider.device_endpoint(url)?;
    }
    if let Some(url) = &metadata.revocation_endpoint {
        provider = provider.revocation_endpoint(url)?;
    }
    // Section 2: a server that names no method takes the header.
    let methods = metadata.token_endpoint_auth_methods_supported.as_deref();
    let takes_body = |methods: &[String]| methods.iter().any(|name| name == "client_secret_post");
    provider.secret_in_header = !methods.is_some_and(takes_body);
    Ok(provider)
}
