//! The tokens of an answer, and whether they can be used for mail.

use std::time::Duration;

use oauth2::basic::{BasicErrorResponse, BasicTokenResponse, BasicTokenType};
use oauth2::{HttpResponse, RequestTokenError, TokenResponse as _};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::calls::Calls;
use super::error::{OAuthError, OAuthErrorKind as Kind, shown};
use super::hidden::Hidden;
use super::meaning::scope_advice;
use super::tokens::Tokens;
use crate::protocol::Credentials;
use crate::secret::Secret;

/// The longest life of a token that is believed: a year.
const MAX_LIFE: Duration = Duration::from_hours(24 * 366);

impl Calls<'_> {
    /// The tokens of an answer to [`post`](Self::post).
    pub(super) fn posted_tokens(
        &self,
        answer: &HttpResponse,
        requested: &str,
    ) -> Result<Tokens, OAuthError> {
        self.success(answer)?;
        let response =
            serde_json::from_slice::<BasicTokenResponse>(answer.body()).map_err(|_| {
                self.error::<BasicErrorResponse>(RequestTokenError::Other(String::new()))
            })?;
        self.tokens(&response, requested)
    }

    /// The tokens of an answer, if they can be used for mail.
    pub(super) fn tokens(
        &self,
        response: &BasicTokenResponse,
        requested: &str,
    ) -> Result<Tokens, OAuthError> {
        self.refusal(response, requested)?;
        let mut tokens = Tokens::new(response.access_token().secret().as_str());
        if let Some(scope) = granted(response) {
            tokens = tokens.with_scope(scope);
        }
        if let Some(refresh) = response.refresh_token().and_then(|it| usable(it.secret())) {
            tokens = tokens.with_refresh(refresh);
        }
        if let Some(life) = response.expires_in() {
            let asked = self.asked();
            let expires = asked.checked_add(life.min(MAX_LIFE));
            tokens = tokens.with_expiry(asked, expires.unwrap_or(asked));
        }
        Ok(tokens)
    }

    /// The tokens of an answer to a renewal that was [posted](Self::post). An access token that mail
    /// cannot use has expired already; why it cannot be used is beside it.
    pub(super) fn renewed_tokens(
        &self,
        answer: &HttpResponse,
        requested: &str,
    ) -> Result<(Tokens, Option<OAuthError>), OAuthError> {
        let refused = match self.posted_tokens(answer, requested) {
            Ok(tokens) => return Ok((tokens, None)),
            Err(refused) => refused,
        };
        // The server has accepted the old refresh token, and may refuse it from now on.
        let rest = answer.status().is_success();
        let rest = rest.then(|| serde_json::from_slice::<Rest>(answer.body()).ok());
        let refresh = rest
            .flatten()
            .and_then(|rest| rest.refresh_token)
            .map(Zeroizing::new);
        match refresh.as_ref().and_then(|refresh| usable(refresh)) {
            None => Err(refused),
            Some(refresh) => {
                let asked = self.asked();
                let tokens = Tokens::new("").with_expiry(asked, asked);
                Ok((tokens.with_refresh(refresh), Some(refused)))
            }
        }
    }

    /// Why the tokens of an answer cannot be used for mail.
    fn refusal(&self, response: &BasicTokenResponse, requested: &str) -> Result<(), OAuthError> {
        let refused = |kind, message: String| Err(OAuthError::new(kind, message));
        let access = response.access_token().secret().as_str();
        if *response.token_type() != BasicTokenType::Bearer
            || Credentials::token("user", access).is_err()
        {
            let message = format!("{} gave a token that no mail server takes", self.server);
            return refused(Kind::NotOAuth, message);
        }
        let granted = granted(response).unwrap_or_default();
        let Some(missing) = missing(requested, &granted).filter(|_| !granted.is_empty()) else {
            return Ok(());
        };
        let is_foreign = granted.to_ascii_lowercase().contains("graph.microsoft.com");
        let (kind, advice) = if is_foreign {
            (
                Kind::WrongAudience,
                "the token is for Microsoft Graph, and not for mail by SMTP",
            )
        } else {
            (Kind::InvalidScope, scope_advice(self.brand))
        };
        let granted = self.hidden.masked(&without_tokens(response, &granted));
        let (missing, granted) = (shown(&missing), shown(&granted));
        let message = format!(
            "{advice}: log in again and allow all that is asked for (granted: {granted}, missing: \
             {missing})"
        );
        refused(kind, message)
    }
}

/// What counts of an answer whose access token cannot be used.
#[derive(Deserialize)]
struct Rest {
    refresh_token: Option<String>,
}

/// The scope that an answer names.
fn granted(response: &BasicTokenResponse) -> Option<String> {
    let scopes = response.scopes()?.iter().map(|scope| scope.as_str());
    let granted = scopes.collect::<Vec<_>>().join(" ");
    Some(granted).filter(|granted| !granted.is_empty())
}

/// A refresh token that a request can carry (RFC 6749 appendix A.17). Another one does not replace one
/// that works.
fn usable(refresh: &str) -> Option<&str> {
    let is_visible = |octet: u8| octet == b' ' || octet.is_ascii_graphic();
    (!refresh.is_empty() && refresh.bytes().all(is_visible)).then_some(refresh)
}

/// A text of the answer without the tokens in it.
fn without_tokens(response: &BasicTokenResponse, text: &str) -> String {
    let access = Secret::from(response.access_token().secret().as_str());
    let refresh = response.refresh_token();
    let refresh = refresh.map(|token| Secret::from(token.secret().as_str()));
    Hidden::of(std::iter::once(&access).chain(&refresh)).masked(text)
}

/// A requested scope that was not granted. Those that are about the login and not about mail do not
/// count, and servers leave them out.
fn missing(requested: &str, granted: &str) -> Option<String> {
    let is_about_login = |scope: &str| {
        matches!(scope, "offline_access" | "openid" | "profile" | "email")
            || scope.ends_with("/.default")
    };
    let has = |scope: &str| {
        granted
            .split(' ')
            .any(|granted| granted.eq_ignore_ascii_case(scope))
    };
    let mut requested = requested.split(' ').filter(|scope| !scope.is_empty());
    let missing = requested.find(|scope| !is_about_login(scope) && !has(scope));
    missing.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::super::diagnosis::{Answer, Flow};
    use super::super::http::HttpClient;
    use super::super::provider::Brand;
    use super::*;

    #[test]
    fn scopes_that_were_not_granted() {
        let mail = "https://mail.google.com/";
        for (requested, granted, expected) in [
            (mail, mail, None),
            (mail, "openid email", Some(mail)),
            (
                "https://outlook.office.com/SMTP.Send offline_access",
                "https://outlook.office.com/smtp.send",
                None,
            ),
            ("https://outlook.office365.com/.default", "x", None),
            ("", "x", None),
        ] {
            assert_eq!(
                missing(requested, granted).as_deref(),
                expected,
                "{requested}"
            );
        }
    }

    /// The answer of a token endpoint, the requested scope, and why its token is not used.
    #[test]
    fn tokens_that_are_not_for_mail() {
        let mail = "https://outlook.office.com/SMTP.Send";
        let http = HttpClient::new().unwrap();
        let calls = Calls::new(&http, Flow::Code, Brand::Microsoft, "id.example");
        for (members, expected) in [
            (r#""access_token":"a","token_type":"Bearer""#, None),
            (
                r#""access_token":"a","token_type":"bearer","expires_in":0"#,
                None,
            ),
            (
                r#""access_token":"a","token_type":"Bearer","scope":"https://graph.microsoft.com/Mail.Send""#,
                Some((Kind::WrongAudience, "Microsoft Graph")),
            ),
            (
                r#""access_token":"a","token_type":"Bearer","scope":"openid profile""#,
                Some((Kind::InvalidScope, mail)),
            ),
            (
                r#""access_token":"a","token_type":"mac""#,
                Some((Kind::NotOAuth, "no mail server takes")),
            ),
            (
                r#""access_token":"a\r\nb","token_type":"Bearer""#,
                Some((Kind::NotOAuth, "no mail server takes")),
            ),
        ] {
            let response = serde_json::from_str(&format!("{{{members}}}")).unwrap();
            let error = calls.tokens(&response, mail).err();
            let kind = error.as_ref().map(OAuthError::kind);
            assert_eq!(kind, expected.map(|(kind, _)| kind), "{members}");
            if let (Some(error), Some((_, words))) = (error, expected) {
                assert!(error.to_string().contains(words), "{error}");
            }
        }
    }

    /// The status and the body of an answer to a renewal, the refresh token that counts, and whether the
    /// access token can be used.
    #[test]
    fn refresh_tokens_of_renewals() {
        let http = HttpClient::new().unwrap();
        let calls = Calls::new(&http, Flow::Refresh, Brand::Other, "id.example");
        let empty = oauth2::http::Response::new(Vec::new());
        *calls.answer.lock().unwrap() = Some(Answer::of(&empty, SystemTime::now(), &calls.hidden));
        let bearer = r#"{"access_token":"a","token_type":"Bearer""#;
        for (status, body, expected, is_usable) in [
            (200, format!("{bearer}}}"), Some(None), true),
            (
                200,
                format!(r#"{bearer},"refresh_token":"new"}}"#),
                Some(Some("new")),
                true,
            ),
            (
                200,
                format!(r#"{bearer},"refresh_token":""}}"#),
                Some(None),
                true,
            ),
            (
                200,
                format!(r#"{bearer},"refresh_token":"a\nb"}}"#),
                Some(None),
                true,
            ),
            (
                200,
                format!(r#"{bearer},"refresh_token":"new","scope":"other"}}"#),
                Some(Some("new")),
                false,
            ),
            (
                200,
                r#"{"access_token":"a","token_type":"mac","refresh_token":"new"}"#.to_owned(),
                Some(Some("new")),
                false,
            ),
            (
                200,
                r#"{"refresh_token":"new"}"#.to_owned(),
                Some(Some("new")),
                false,
            ),
            (200, r#"{"refresh_token":""}"#.to_owned(), None, false),
            (200, "new".to_owned(), None, false),
            (
                400,
                r#"{"error":"x","refresh_token":"new"}"#.to_owned(),
                None,
                false,
            ),
        ] {
            let mut answer = oauth2::http::Response::new(body.clone().into_bytes());
            *answer.status_mut() = status.try_into().unwrap();
            let renewed = calls.renewed_tokens(&answer, "mail").ok();
            let found = renewed
                .as_ref()
                .map(|(tokens, _)| tokens.refresh().cloned());
            let expected = expected.map(|refresh| refresh.map(Secret::from));
            assert_eq!(found, expected, "{body}");
            let refused = renewed.is_none_or(|(_, refused)| refused.is_some());
            assert_eq!(!refused, is_usable, "{body}");
        }
    }
}
