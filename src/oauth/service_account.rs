//! Logins of programs without a user, by a signed assertion (RFC 7523).

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pemfile::Item;
use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use zeroize::Zeroizing;

use super::calls::Calls;
use super::diagnosis::Flow;
use super::endpoint::Endpoint;
use super::error::{OAuthError, OAuthErrorKind, shown};
use super::http::HttpClient;
use super::provider::{Brand, GOOGLE_SCOPE};
use super::tokens::Tokens;
use crate::cryptography::rand::SystemRandom;
use crate::cryptography::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use crate::secret::{Secret, open_private};

/// The most octets of a key file.
const MAX_FILE: u64 = 64 * 1024;

/// How long an assertion is valid, in seconds: the most that Google allows.
const LIFE: u64 = 3_600;

/// The grant type (RFC 7523 section 2.1).
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A service account of Google, from its key file in JSON.
///
/// With [`subject`](Self::subject) it acts for a user of the organization whose administrator allows
/// that (domain-wide delegation).
#[derive(Clone)]
pub struct ServiceAccount {
    email: String,
    key_id: Option<String>,
    key: Arc<RsaKeyPair>,
    token: Endpoint,
    subject: Option<String>,
    scope: String,
}

/// The members of a key file that are used.
#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key_id: Option<String>,
    private_key: String,
    token_uri: String,
}

fn invalid(message: &str) -> OAuthError {
    let message = format!("the key of the service account cannot be used: {message}");
    OAuthError::new(OAuthErrorKind::Config, message)
}

impl ServiceAccount {
    /// Takes the text of a key file.
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::Config`]: it is not the key file of a service account, or its key is damaged.
    pub fn from_json(json: &[u8]) -> Result<Self, OAuthError> {
        // The error of the parser would show a part of the key.
        let file: KeyFile = serde_json::from_slice(json).map_err(|_| {
            invalid(
                "it is not the JSON with client_email, private_key and token_uri that Google gives",
            )
        })?;
        let pem = Zeroizing::new(file.private_key);
        let item = rustls_pemfile::read_one_from_slice(pem.as_bytes());
        let key = match item {
            Ok(Some((Item::Pkcs8Key(der), _))) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            Ok(Some((Item::Pkcs1Key(der), _))) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(invalid("there is no private key in it")),
        };
        let key =
            key.map_err(|reason| invalid(&format!("its private key is refused ({reason})")))?;
        Ok(Self {
            email: shown(&file.client_email),
            key_id: file.private_key_id,
            key: Arc::new(key),
            token: Endpoint::parse(&file.token_uri)?,
            subject: None,
            scope: GOOGLE_SCOPE.to_owned(),
        })
    }

    /// Reads a key file that only its owner can read.
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::Store`]: it cannot be read, or others can read it; and those of
    /// [`from_json`](Self::from_json).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub async fn file(path: impl AsRef<Path>) -> Result<Self, OAuthError> {
        let shown = path.as_ref().display();
        let unreadable = |error: std::io::Error| {
            let message = format!("cannot read the key of the service account in {shown}");
            OAuthError::new(OAuthErrorKind::Store, message).lasting(error)
        };
        let Some(file) = open_private(path.as_ref()).await.map_err(unreadable)? else {
            let message = format!("other users can read {shown}: chmod 600 it");
            return Err(OAuthError::new(OAuthErrorKind::Store, message));
        };
        let mut json = Zeroizing::new(Vec::new());
        let read = file.take(MAX_FILE).read_to_end(&mut json).await;
        read.map_err(unreadable)?;
        Self::from_json(&json)
    }

    /// Acts for this user.
    #[must_use]
    pub fn subject(mut self, user: impl Into<String>) -> Self {
        self.subject = Some(user.into());
        self
    }

    /// Sets the scope. Default: the one of Google for SMTP.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// The address of the service account.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }

    /// Logs in.
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::UnauthorizedClient`]: the administrator has not allowed the delegation;
    /// [`OAuthErrorKind::Clock`]: the clock of this machine is wrong; and those of any request.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub async fn tokens(&self, http: &HttpClient) -> Result<Tokens, OAuthError> {
        let assertion = self.assertion(SystemTime::now())?;
        let hidden = Secret::from(assertion.as_str());
        let calls = Calls::new(http, Flow::Assertion, Brand::Google, self.token.name());
        let calls = calls.hiding([&hidden]);
        let form = [("grant_type", GRANT), ("assertion", assertion.as_str())];
        let answer = calls.post(&self.token, &form, None).await?;
        calls.posted_tokens(&answer, &self.scope)
    }

    /// The signed assertion (RFC 7523 section 3, RFC 7515 section 3.1).
    fn assertion(&self, now: SystemTime) -> Result<Zeroizing<String>, OAuthError> {
        let issued = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut header = json!({ "alg": "RS256", "typ": "JWT" });
        let mut claims = json!({
            "iss": self.email,
            "scope": self.scope,
            "aud": self.token.url().as_str(),
            "iat": issued,
            "exp": issued + LIFE,
        });
        let optional = [
            (&mut header, "kid", &self.key_id),
            (&mut claims, "sub", &self.subject),
        ];
        for (object, name, value) in optional {
            if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
                object.insert(name.to_owned(), value.as_str().into());
            }
        }
        let encoded = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
        let header = encoded(header.to_string().as_bytes());
        let signed = format!("{header}.{}", encoded(claims.to_string().as_bytes()));
        let mut signature = vec![0; self.key.public_key().modulus_len()];
        let random = SystemRandom::new();
        let done = self.key.sign(
            &RSA_PKCS1_SHA256,
            &random,
            signed.as_bytes(),
            &mut signature,
        );
        done.map_err(|_| invalid("it cannot sign"))?;
        Ok(Zeroizing::new(format!("{signed}.{}", encoded(&signature))))
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount")
            .field("email", &self.email)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}
