//! What the error codes of OAuth 2.0 mean, and what to do then.

use super::aadsts::of_microsoft;
use super::diagnosis::Flow;
use super::error::OAuthErrorKind as Kind;
use super::provider::Brand;

/// What an error code means (RFC 6749 sections 4.1.2.1 and 5.2, RFC 8628 section 3.5), and what to do.
pub(super) fn meaning(flow: Flow, brand: Brand, code: &str, description: &str) -> (Kind, String) {
    if let Some((kind, advice)) = of_microsoft(description) {
        return (kind, advice.to_owned());
    }
    let words = description.to_ascii_lowercase();
    if flow == Flow::Assertion && is_about_clock(&words) {
        let advice = "the server refuses the time of the request: check the clock of this machine";
        return (Kind::Clock, advice.to_owned());
    }
    let (kind, advice) = match code {
        "redirect_uri_mismatch" => redirect_uri(),
        _ if words.contains("redirect_uri") || words.contains("redirect uri") => redirect_uri(),
        "admin_policy_enforced" | "org_internal" => (
            Kind::AdminConsent,
            "the administrator of the organization has to allow this client first",
        ),
        "invalid_grant" => invalid_grant(flow, brand),
        "invalid_client" | "deleted_client" | "disabled_client" => (
            Kind::InvalidClient,
            "the server does not know the client ID, or the client secret is wrong: check both",
        ),
        "invalid_scope" if flow == Flow::Device && brand == Brand::Google => (
            Kind::InvalidScope,
            "Google allows no login on another device for mail: use the browser",
        ),
        "invalid_scope" => (Kind::InvalidScope, scope_advice(brand)),
        "unauthorized_client" if flow == Flow::Assertion => (
            Kind::UnauthorizedClient,
            "the service account may not act for this user: the administrator has to allow its client \
             ID the scope https://mail.google.com/ (domain-wide delegation)",
        ),
        "unauthorized_client" | "unsupported_grant_type" | "unsupported_response_type" => (
            Kind::UnauthorizedClient,
            "the client may not log in this way: check its type where it is registered",
        ),
        "access_denied" | "authorization_declined" => (
            Kind::AccessDenied,
            "access was denied: log in again and allow it",
        ),
        "consent_required" | "interaction_required" | "login_required" => (
            Kind::LoginEnded,
            "the server wants the user to log in again",
        ),
        "expired_token" => (
            Kind::Expired,
            "the code expired before somebody logged in: begin again",
        ),
        "temporarily_unavailable" | "server_error" => (
            Kind::Unavailable,
            "the server cannot answer now: try again later",
        ),
        "invalid_request" if words.contains("client_secret") => (
            Kind::InvalidClient,
            "the server wants the client secret that belongs to the client ID",
        ),
        _ => (Kind::Refused, ""),
    };
    (kind, advice.to_owned())
}

/// Whether a server says that the times of an assertion are wrong.
fn is_about_clock(words: &str) -> bool {
    let names_time = |word| matches!(word, "iat" | "exp" | "nbf" | "timeframe" | "clock");
    let mut single = words.split(|c: char| !c.is_alphanumeric() && c != '_');
    single.any(names_time) || words.contains("not yet valid")
}

fn redirect_uri() -> (Kind, &'static str) {
    (
        Kind::RedirectUri,
        "the client may not come back to this machine: register it as a desktop program (Google), or \
         register the redirect URI http://localhost (Microsoft) or http://127.0.0.1",
    )
}

fn invalid_grant(flow: Flow, brand: Brand) -> (Kind, &'static str) {
    match flow {
        Flow::Code | Flow::Device => (
            Kind::Expired,
            "the code has expired or was used before: begin the login again",
        ),
        Flow::Assertion => (
            Kind::LoginEnded,
            "the server refuses the service account: check its key, and the user that it acts for",
        ),
        _ if brand == Brand::Google => (
            Kind::LoginEnded,
            "the login has ended: access was revoked, the password was changed, it was not used for six \
             months, or the consent screen is in testing, where a login ends after 7 days (publish it): \
             log in again",
        ),
        _ => (
            Kind::LoginEnded,
            "the login has ended: access was revoked, the password was changed, or it was not used for \
             too long: log in again",
        ),
    }
}

pub(super) fn scope_advice(brand: Brand) -> &'static str {
    match brand {
        Brand::Google => {
            "the scope is not the right one: SMTP needs https://mail.google.com/, and gmail.send is not \
             enough"
        }
        Brand::Microsoft => {
            "the scope is not the right one: SMTP needs https://outlook.office.com/SMTP.Send \
             offline_access, or https://outlook.office365.com/.default without a user"
        }
        Brand::Other => "the scope is not the right one: look it up where the server is documented",
    }
}

#[cfg(test)]
mod tests {
    use super::super::diagnosis::{Answer, diagnose};
    use super::super::hidden::Hidden;
    use super::*;
    use Kind as K;

    type Row = (Flow, Brand, &'static str, &'static str, Kind, &'static str);

    /// Flow, whose server, code, description, and what the user reads.
    const CODES: &[Row] = &[
        (
            Flow::Refresh,
            Brand::Google,
            "invalid_grant",
            "Token has been expired or revoked.",
            K::LoginEnded,
            "7 days",
        ),
        (
            Flow::Refresh,
            Brand::Other,
            "invalid_grant",
            "",
            K::LoginEnded,
            "log in again",
        ),
        (
            Flow::Code,
            Brand::Google,
            "invalid_grant",
            "Malformed auth code.",
            K::Expired,
            "begin the login again",
        ),
        (
            Flow::Refresh,
            Brand::Microsoft,
            "invalid_grant",
            "AADSTS50173: The provided grant has expired",
            K::LoginEnded,
            "password",
        ),
        (
            Flow::Refresh,
            Brand::Microsoft,
            "invalid_grant",
            "AADSTS700082: The refresh token has expired",
            K::LoginEnded,
            "90 days",
        ),
        (
            Flow::Refresh,
            Brand::Microsoft,
            "invalid_grant",
            "AADSTS65001: no consent",
            K::AdminConsent,
            "administrator",
        ),
        (
            Flow::Application,
            Brand::Microsoft,
            "invalid_client",
            "AADSTS7000215: Invalid client secret provided.",
            K::InvalidClient,
            "value",
        ),
        (
            Flow::Application,
            Brand::Microsoft,
            "invalid_client",
            "AADSTS7000222: expired",
            K::InvalidClient,
            "expired",
        ),
        (
            Flow::Refresh,
            Brand::Microsoft,
            "unauthorized_client",
            "AADSTS7000112: Application is disabled.",
            K::InvalidClient,
            "disabled",
        ),
        (
            Flow::Application,
            Brand::Microsoft,
            "invalid_request",
            "AADSTS90002: Tenant not found.",
            K::Config,
            "tenant",
        ),
        (
            Flow::Refresh,
            Brand::Microsoft,
            "invalid_grant",
            "AADSTS53003: blocked",
            K::AccessDenied,
            "conditional access",
        ),
        (
            Flow::Device,
            Brand::Google,
            "invalid_scope",
            "Invalid device flow scope",
            K::InvalidScope,
            "use the browser",
        ),
        (
            Flow::Code,
            Brand::Other,
            "invalid_scope",
            "",
            K::InvalidScope,
            "scope",
        ),
        (
            Flow::Code,
            Brand::Google,
            "redirect_uri_mismatch",
            "",
            K::RedirectUri,
            "desktop program",
        ),
        (
            Flow::Assertion,
            Brand::Google,
            "unauthorized_client",
            "Client is unauthorized",
            K::UnauthorizedClient,
            "delegation",
        ),
        (
            Flow::Assertion,
            Brand::Google,
            "invalid_grant",
            "Invalid JWT: Token must be in a reasonable timeframe. Check your iat",
            K::Clock,
            "clock",
        ),
        (
            Flow::Assertion,
            Brand::Google,
            "invalid_grant",
            "The request initiated by the appliance expired",
            K::LoginEnded,
            "check its key",
        ),
        (
            Flow::Code,
            Brand::Google,
            "access_denied",
            "",
            K::AccessDenied,
            "denied",
        ),
        (
            Flow::Device,
            Brand::Other,
            "expired_token",
            "",
            K::Expired,
            "begin again",
        ),
        (
            Flow::Refresh,
            Brand::Other,
            "unheard\u{1b}[31m_of",
            "a\u{7}b",
            K::Refused,
            "unheard[31m_of: ab",
        ),
    ];

    #[test]
    fn codes_of_servers() {
        for (flow, brand, code, description, kind, words) in CODES.iter().copied() {
            let response = oauth2::http::Response::builder().status(400);
            let answer = Answer::of(
                &response.body(b"{}".to_vec()).unwrap(),
                std::time::SystemTime::now(),
                &Hidden::default(),
            );
            let said = (!description.is_empty()).then_some(description);
            let error = diagnose(flow, brand, "id.example", Some((code, said)), &answer);
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(words), "{error}");
            assert!(
                !error.to_string().chars().any(char::is_control),
                "{error:?}"
            );
            assert!(!error.is_transient(), "{error}");
        }
    }
}
