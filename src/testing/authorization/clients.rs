//! Which client a request comes from (RFC 6749, section 2.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::authority::Authority;
use super::form::decode;
use super::http::Request;
use super::response::OAuthError;
use crate::secret::Secret;

/// A client that has shown who it is.
pub(super) struct KnownClient {
    pub(super) id: String,
    /// Whether it has a secret.
    pub(super) confidential: bool,
}

impl Authority {
    /// The client that a request to an endpoint without pages comes from.
    pub(super) fn client(&self, request: &Request) -> Result<KnownClient, OAuthError> {
        let basic = request.authorization.as_deref().map(basic);
        let form = &request.form;
        let (id, secret) = match basic {
            Some(None) => return Err(unknown("the field Authorization is not Basic")),
            Some(Some(_)) if form.get("client_secret").is_some() => {
                self.violation("a client's secret by two methods (RFC 6749, section 2.3)");
                return Err(OAuthError::new(
                    "invalid_request",
                    "the secret is in the field Authorization and in the form",
                ));
            }
            Some(Some((id, secret))) => (id, Some(secret)),
            None => {
                let id = form.text("client_id").to_owned();
                (id, form.get("client_secret").map(Secret::from))
            }
        };
        let mut clients = self.settings.clients.iter();
        let client = clients.find(|client| client.id == id);
        let Some(client) = client else {
            return Err(unknown("the client is not known"));
        };
        match (&client.secret, &secret) {
            (None, Some(_)) => Err(unknown("the client is public and has no secret")),
            (own, shown) if own == shown => Ok(KnownClient {
                id,
                confidential: own.is_some(),
            }),
            _ => Err(unknown("the client's secret is missing or wrong")),
        }
    }
}

/// The identifier and the secret of the scheme Basic (RFC 7617), which are also encoded as in a form
/// (RFC 6749, section 2.3.1).
fn basic(field: &str) -> Option<(String, Secret)> {
    let (scheme, rest) = field.split_once(' ')?;
    let octets = STANDARD.decode(rest.trim()).ok()?;
    let text = Secret::new(octets);
    let text = std::str::from_utf8(text.expose()).ok()?;
    let (id, secret) = text.split_once(':')?;
    let is_basic = scheme.eq_ignore_ascii_case("Basic");
    is_basic.then(|| (decode(id), Secret::from(decode(secret))))
}

fn unknown(description: &str) -> OAuthError {
    OAuthError::new("invalid_client", description)
}
