//! The endpoint that issues tokens (RFC 6749, section 3.2).

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::access_token::random;
use super::authority::Authority;
use super::clients::KnownClient;
use super::fault::GrantType;
use super::form::Form;
use super::http::Request;
use super::response::{OAuthError, Response};
use super::state::{ConsentId, RefreshToken, Subject};
use crate::cryptography::digest::{SHA256, digest};

/// What a request for a token leads to.
struct Granted {
    consent: ConsentId,
    scope: String,
    /// A new refresh token for the answer.
    refresh_token: Option<String>,
}

impl Authority {
    pub(super) fn token(&self, request: &Request) -> Result<Response, OAuthError> {
        let form = &request.form;
        let Some(grant_type) = GrantType::named(form.text("grant_type")) else {
            let text = "the grant_type is missing or not known";
            return Err(OAuthError::new("unsupported_grant_type", text));
        };
        *self.state().token_requests.entry(grant_type).or_default() += 1;
        let granted = if grant_type == GrantType::JwtBearer {
            self.by_assertion(form)?
        } else {
            let client = self.client(request)?;
            match grant_type {
                GrantType::AuthorizationCode => self.by_code(&client, form)?,
                GrantType::RefreshToken => self.by_refresh_token(&client, form)?,
                GrantType::DeviceCode => self.by_device(&client, form)?,
                _ => self.by_secret(&client, form)?,
            }
        };
        self.issued(&granted).map_err(|error| internal(&error))
    }

    /// The successful answer (RFC 6749, section 5.1).
    fn issued(&self, granted: &Granted) -> io::Result<Response> {
        let access_token = self.access_token(granted.consent, &granted.scope)?;
        let mut answer = json!({
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": self.settings.lifetime.as_secs(),
            "scope": granted.scope,
        });
        if let (Some(token), Some(answer)) = (&granted.refresh_token, answer.as_object_mut()) {
            answer.insert("refresh_token".to_owned(), Value::from(token.as_str()));
        }
        Ok(Response::json(200, &answer))
    }

    fn by_code(&self, client: &KnownClient, form: &Form) -> Result<Granted, OAuthError> {
        let verifier = form.text("code_verifier");
        if !is_verifier(verifier) {
            self.violation("a code_verifier of a wrong form (RFC 7636, section 4.1)");
            return Err(OAuthError::new("invalid_request", "no valid code_verifier"));
        }
        let mut state = self.state();
        let code = state.codes.get_mut(form.text("code"));
        let code = code.ok_or_else(|| refused("the code is not known"))?;
        let (first_use, code) = (!code.used, {
            code.used = true;
            code.clone()
        });
        if !first_use {
            // RFC 6749, section 4.1.2.
            state.revoke_consent(code.consent);
            drop(state);
            self.violation("a code used twice (RFC 6749, section 4.1.2)");
            return Err(refused("the code was used before"));
        }
        let Some(consent) = state.consent(code.consent).cloned() else {
            return Err(refused("the consent was revoked"));
        };
        let hash = digest(&SHA256, verifier.as_bytes());
        if consent.client != client.id {
            return Err(refused("the code is for another client"));
        }
        if form.text("redirect_uri") != code.redirect_uri {
            return Err(refused("the redirect_uri is not the one of the code"));
        }
        if URL_SAFE_NO_PAD.encode(hash) != code.challenge {
            return Err(refused("the code_verifier does not fit the code_challenge"));
        }
        let refresh_token = random().map_err(|error| internal(&error))?;
        state.add_refresh_token(&refresh_token, code.consent);
        Ok(Granted {
            consent: code.consent,
            scope: consent.scope,
            refresh_token: Some(refresh_token),
        })
    }

    fn by_refresh_token(&self, client: &KnownClient, form: &Form) -> Result<Granted, OAuthError> {
        let shown = form.text("refresh_token");
        let mut state = self.state();
        let token = state.refresh_tokens.get(shown).cloned();
        let token = token.ok_or_else(|| refused("Token has been expired or revoked."))?;
        if token.replaced {
            // A thief may have used it (RFC 9700, section 4.14.2).
            state.revoke_consent(token.consent);
            return Err(refused("the refresh token was used before"));
        }
        let consent = state.consent(token.consent).cloned();
        let consent = consent.ok_or_else(|| refused("Token has been expired or revoked."))?;
        if consent.client != client.id {
            return Err(refused("the refresh token is for another client"));
        }
        let scope = form.get("scope").unwrap_or(&consent.scope);
        let allowed = |wanted: &str| consent.scope.split(' ').any(|scope| scope == wanted);
        if !scope.split(' ').all(allowed) {
            return Err(OAuthError::new(
                "invalid_scope",
                "the scope was not granted",
            ));
        }
        let mut refresh_token = None;
        if self.settings.rotates {
            let new = random().map_err(|error| internal(&error))?;
            if let Some(old) = state.refresh_tokens.get_mut(shown) {
                old.replaced = true;
            }
            state.add_refresh_token(&new, token.consent);
            refresh_token = Some(new);
        }
        Ok(Granted {
            consent: token.consent,
            scope: scope.to_owned(),
            refresh_token,
        })
    }

    fn by_device(&self, client: &KnownClient, form: &Form) -> Result<Granted, OAuthError> {
        let (user, scope) = self.poll_device(client, form.text("device_code"))?;
        let refresh_token = random().map_err(|error| internal(&error))?;
        let mut state = self.state();
        let consent = state.add_consent(&client.id, Subject::User(user), &scope);
        state.add_refresh_token(&refresh_token, consent);
        Ok(Granted {
            consent,
            scope,
            refresh_token: Some(refresh_token),
        })
    }

    fn by_secret(&self, client: &KnownClient, form: &Form) -> Result<Granted, OAuthError> {
        if !client.confidential {
            let text = "a public client cannot act by itself";
            return Err(OAuthError::new("unauthorized_client", text));
        }
        // Microsoft's name for all that the client was granted beforehand.
        let wanted = form.get("scope");
        let wanted = wanted.filter(|scope| !scope.ends_with("/.default"));
        let scope = self.scope(wanted)?;
        let subject = Subject::Application(client.id.clone());
        Ok(Granted {
            consent: self.state().add_consent(&client.id, subject, &scope),
            scope,
            refresh_token: None,
        })
    }

    fn by_assertion(&self, form: &Form) -> Result<Granted, OAuthError> {
        let assertion = self.assertion(form.text("assertion"))?;
        let user = assertion.subject.as_ref().unwrap_or(&assertion.issuer);
        if assertion.subject.is_some() && !self.settings.users.contains(user) {
            return Err(refused("Invalid email or User ID"));
        }
        let scope = self.scope(form.get("scope").or(assertion.scope.as_deref()))?;
        let subject = Subject::User(user.clone());
        Ok(Granted {
            consent: self.state().add_consent(&assertion.issuer, subject, &scope),
            scope,
            refresh_token: None,
        })
    }

    /// The scope that a client asks for, or the one for mail.
    pub(super) fn scope(&self, wanted: Option<&str>) -> Result<String, OAuthError> {
        let scope = wanted.unwrap_or(&self.settings.mail_scope);
        if !self.settings.allows(scope) {
            let text = "a scope is not known to the server";
            return Err(OAuthError::new("invalid_scope", text));
        }
        Ok(scope.to_owned())
    }
}

impl super::state::State {
    fn add_refresh_token(&mut self, token: &str, consent: ConsentId) {
        let replaced = false;
        let new = RefreshToken { consent, replaced };
        self.refresh_tokens.insert(token.to_owned(), new);
    }
}

/// Whether this is a code verifier (RFC 7636, section 4.1).
fn is_verifier(text: &str) -> bool {
    let unreserved = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~".contains(&octet);
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

fn refused(description: &str) -> OAuthError {
    OAuthError::new("invalid_grant", description)
}

/// An error of the server itself.
pub(super) fn internal(error: &io::Error) -> OAuthError {
    OAuthError {
        status: 500,
        code: "server_error".to_owned(),
        description: error.to_string(),
    }
}
