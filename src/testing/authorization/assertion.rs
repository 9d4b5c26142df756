//! Assertions of service accounts: JWT signed by RSA with SHA-256 (RFC 7523, section 3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::authority::Authority;
use super::fault::Endpoint;
use super::key::decode;
use super::response::OAuthError;
use crate::cryptography::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

/// How many seconds an assertion may be valid, and how far in the future it may begin.
const LONGEST: i64 = 3600;
const LEEWAY: i64 = 60;

/// What a service account asks for.
pub(super) struct Assertion {
    pub(super) issuer: String,
    /// The user that it acts for.
    pub(super) subject: Option<String>,
    pub(super) scope: Option<String>,
}

impl Authority {
    /// The assertion, if the key of its service account signed it and it is valid now.
    pub(super) fn assertion(&self, jwt: &str) -> Result<Assertion, OAuthError> {
        let refused = |text: &str| OAuthError::new("invalid_grant", text);
        let (signed, signature) = jwt
            .rsplit_once('.')
            .ok_or_else(|| refused("Invalid JWT: it has no signature."))?;
        let (header, claims) = signed.split_once('.').unwrap_or_default();
        let (Some(header), Some(claims)) = (decode(header), decode(claims)) else {
            return Err(refused("Invalid JWT: it is not JSON in base64url."));
        };
        if header.get("alg").and_then(Value::as_str) != Some("RS256") {
            return Err(refused("Invalid JWT: the algorithm is not RS256."));
        }
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let mut accounts = self.settings.service_accounts.iter();
        let account = accounts.find(|account| Some(account.issuer.as_str()) == text("iss"));
        let Some(account) = account else {
            return Err(refused("Invalid grant: account not found"));
        };
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &account.key)
            .verify(signed.as_bytes(), &signature)
            .map_err(|_| refused("Invalid JWT Signature."))?;
        let audience = text("aud");
        if audience != Some(self.url(Endpoint::Token).as_str())
            && audience != Some(self.issuer.as_str())
        {
            return Err(refused("Invalid JWT: the audience is another server."));
        }
        let time = |name: &str| claims.get(name).and_then(Value::as_i64);
        let in_time = time("iat").zip(time("exp")).is_some_and(|(begins, ends)| {
            let now = self.now();
            begins <= now + LEEWAY && ends > now && ends - begins <= LONGEST
        });
        if !in_time {
            return Err(refused(
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable \
                 timeframe. Check your iat and exp values in the JWT claim.",
            ));
        }
        Ok(Assertion {
            issuer: account.issuer.clone(),
            subject: text("sub").map(str::to_owned),
            scope: text("scope").map(str::to_owned),
        })
    }
}
