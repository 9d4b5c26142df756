//! The endpoints that a server publishes (RFC 8414, and Discovery of `OpenID` Connect).

use oauth2::HttpResponse;
use oauth2::http::header::ACCEPT;
use oauth2::http::{Request, StatusCode};
use oauth2::url::Url;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::diagnosis::unavailable;
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
    /// The others. What is not as it should be there is ignored.
    #[serde(flatten)]
    optional: Map<String, Value>,
}

/// Why an address gives no endpoints: the error of the gravest one is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gravity {
    /// Nothing is published there.
    Absent,
    /// What is published cannot be used.
    Unusable,
    /// The server may answer later.
    Passing,
}

impl Provider {
    /// Finds the endpoints of the server with this issuer, such as `https://id.example/realms/mail`: first
    /// as RFC 8414 says, then as `OpenID` Connect does. It has no scope yet. The server has to publish exactly
    /// this issuer. An optional endpoint that cannot be used is left out.
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::NotOAuth`]: the server publishes nothing, or for another issuer;
    /// [`OAuthErrorKind::Config`]: an address is not valid; [`OAuthErrorKind::Unavailable`],
    /// [`OAuthErrorKind::Network`] and [`OAuthErrorKind::Tls`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub async fn discover(issuer: &str, http: &HttpClient) -> Result<Self, OAuthError> {
        let endpoint = Endpoint::parse(issuer)?;
        let path = endpoint.url().path().trim_end_matches('/').to_owned();
        let mut failure: Option<(Gravity, OAuthError)> = None;
        for well_known in [
            // RFC 8414 section 3.1 puts it before the path, OpenID after it.
            format!("/.well-known/oauth-authorization-server{path}"),
            format!("{path}/.well-known/openid-configuration"),
        ] {
            let answer = fetch(endpoint.url(), &well_known, http).await?;
            match provider(issuer, endpoint.name(), &well_known, &answer) {
                Ok(provider) => return Ok(provider),
                Err(error) if failure.as_ref().is_none_or(|first| error.0 > first.0) => {
                    failure = Some(error);
                }
                Err(_) => {}
            }
        }
        Err(failure.map_or_else(|| absent(endpoint.name(), 404), |(_, error)| error))
    }
}

/// The provider that an answer describes.
fn provider(
    issuer: &str,
    name: &str,
    well_known: &str,
    answer: &HttpResponse,
) -> Result<Provider, (Gravity, OAuthError)> {
    if let Some(error) = unavailable(name, answer) {
        return Err((Gravity::Passing, error));
    }
    if answer.status() != StatusCode::OK {
        return Err((Gravity::Absent, absent(name, answer.status().as_u16())));
    }
    let metadata = serde_json::from_slice(answer.body()).map_err(|_| {
        let message = format!(
            "what {name} publishes about itself at {well_known} is not valid: name its endpoints instead"
        );
        OAuthError::new(OAuthErrorKind::NotOAuth, message)
    });
    let provider = metadata.and_then(|metadata| of_metadata(issuer, &metadata));
    provider.map_err(|error| (Gravity::Unusable, error))
}

fn absent(name: &str, status: u16) -> OAuthError {
    let message = format!(
        "{name} publishes nothing about OAuth 2.0 (HTTP status {status}): check the issuer, or name its \
         endpoints instead"
    );
    OAuthError::new(OAuthErrorKind::NotOAuth, message)
}

async fn fetch(base: &Url, path: &str, http: &HttpClient) -> Result<HttpResponse, OAuthError> {
    let mut url = base.clone();
    url.set_path(path);
    url.set_query(None);
    let request = Request::builder().uri(url.as_str());
    let request = request.header(ACCEPT, "application/json").body(Vec::new());
    let request = request.map_err(|error| {
        OAuthError::new(OAuthErrorKind::Config, "the issuer is not valid").caused_by(error)
    })?;
    http.fetch(request).await
}

fn of_metadata(issuer: &str, metadata: &Metadata) -> Result<Provider, OAuthError> {
    // RFC 8414 section 3.3: otherwise one server could speak for another.
    if metadata.issuer != issuer {
        return Err(another_issuer(&metadata.issuer));
    }
    let mut provider = Provider::new(&metadata.authorization_endpoint, &metadata.token_endpoint)?;
    let optional = |name: &str| metadata.optional.get(name);
    let endpoint = |name: &str| Endpoint::parse(optional(name)?.as_str()?).ok();
    provider.device = endpoint("device_authorization_endpoint");
    provider.revocation = endpoint("revocation_endpoint");
    // Section 2: a server that names no method takes the header.
    let methods = optional("token_endpoint_auth_methods_supported").and_then(Value::as_array);
    let takes_body = |methods: &Vec<Value>| methods.iter().any(|name| name == "client_secret_post");
    provider.secret_in_header = !methods.is_some_and(takes_body);
    provider.issuer = Some(issuer.to_owned());
    let names_issuer = optional("authorization_response_iss_parameter_supported");
    provider.names_issuer = names_issuer.and_then(Value::as_bool) == Some(true);
    Ok(provider)
}

fn another_issuer(found: &str) -> OAuthError {
    let advice = if found.contains("{tenantid}") {
        "name the tenant, or use the provider microsoft"
    } else {
        "use that one if you trust it"
    };
    let message = format!(
        "the server publishes endpoints of another issuer, {}: {advice}",
        shown(found)
    );
    OAuthError::new(OAuthErrorKind::NotOAuth, message)
}
