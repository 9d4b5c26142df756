//! What a server does wrong, and what the user then reads.

use std::time::Duration;

use super::{builder, client, log_in};
use crate::oauth::{OAuthError, OAuthErrorKind as Kind};
use crate::testing::{Endpoint, EndpointFault};

/// What a client reads when it renews a token at a server with this fault.
async fn refused(fault: &EndpointFault) -> OAuthError {
    let server = builder().start().await.unwrap();
    let client = client(&server);
    let tokens = log_in(&server, &client).await.unwrap();
    server.fault_always(Endpoint::Token, fault.clone());
    let error = client.refresh(tokens.refresh().unwrap()).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    let refresh = String::from_utf8(tokens.refresh().unwrap().expose().to_vec()).unwrap();
    assert!(!shown.contains(&refresh), "{shown}");
    error
}

#[tokio::test(start_paused = true)]
async fn answers_of_another_kind() {
    let html = |status| EndpointFault::HtmlPage { status };
    let status = |status, retry_after| EndpointFault::Status {
        status,
        retry_after,
    };
    let redirect = EndpointFault::Redirect("https://evil.example/".to_owned());
    let slow = EndpointFault::Slow(Duration::from_secs(1));
    for (fault, kind, transient, words) in [
        (html(200), Kind::NotOAuth, false, "something else than JSON"),
        (
            html(404),
            Kind::NotOAuth,
            false,
            "is not an OAuth 2.0 endpoint",
        ),
        (html(502), Kind::Unavailable, true, "try again later"),
        (
            status(429, Some(30)),
            Kind::Unavailable,
            true,
            "HTTP status 429",
        ),
        (
            status(500, None),
            Kind::Unavailable,
            true,
            "HTTP status 500",
        ),
        (redirect, Kind::NotOAuth, false, "a redirect"),
        (
            EndpointFault::MalformedJson,
            Kind::NotOAuth,
            false,
            "JSON that is not of OAuth 2.0",
        ),
        (
            EndpointFault::Silence,
            Kind::Network,
            true,
            "no answer from 127.0.0.1 within 30 seconds",
        ),
        (slow, Kind::Network, true, "within 30 seconds"),
        (
            EndpointFault::Cut,
            Kind::Network,
            true,
            "before its answer was complete",
        ),
        (
            EndpointFault::Endless,
            Kind::NotOAuth,
            false,
            "more than 256 KiB",
        ),
    ] {
        let error = refused(&fault).await;
        assert_eq!(error.kind(), kind, "{fault:?}: {error}");
        assert_eq!(error.is_transient(), transient, "{fault:?}: {error}");
        assert!(error.to_string().contains(words), "{fault:?}: {error}");
        let wait = (fault == status(429, Some(30))).then_some(Duration::from_secs(30));
        assert_eq!(error.retry_after(), wait, "{fault:?}");
    }
}

#[tokio::test]
async fn errors_in_json() {
    for (status, code, description, kind, words) in [
        (400, "invalid_grant", "", Kind::LoginEnded, "log in again"),
        (401, "invalid_client", "", Kind::InvalidClient, "client ID"),
        (400, "invalid_scope", "", Kind::InvalidScope, "scope"),
        (
            400,
            "unauthorized_client",
            "",
            Kind::UnauthorizedClient,
            "client",
        ),
        (
            503,
            "temporarily_unavailable",
            "",
            Kind::Unavailable,
            "try again later",
        ),
        (
            400,
            "temporarily_unavailable",
            "",
            Kind::Unavailable,
            "try again later",
        ),
        (
            400,
            "invalid_grant",
            "AADSTS50173: \u{1b}[2J",
            Kind::LoginEnded,
            "password was changed",
        ),
    ] {
        let fault = EndpointFault::Error {
            status,
            code: code.to_owned(),
            description: description.to_owned(),
        };
        let error = refused(&fault).await;
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.code(), Some(code));
        assert_eq!(error.is_transient(), kind == Kind::Unavailable, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

/// A server may name another type for its JSON.
#[tokio::test]
async fn json_of_another_type() {
    let server = builder().start().await.unwrap();
    let client = client(&server);
    let fault = EndpointFault::ContentType("text/plain".to_owned());
    server.fault_always(Endpoint::Token, fault);
    log_in(&server, &client).await.unwrap();
}

#[tokio::test]
async fn a_scope_that_is_not_granted() {
    let server = builder().scope("other").start().await.unwrap();
    let client = client(&server);
    let tokens = log_in(&server, &client).await.unwrap();
    let other = client.provider().clone().scope("unknown").unwrap();
    let other = crate::oauth::OAuthClient::new(other, "mailer", client.http.clone()).unwrap();
    let error = other.refresh(tokens.refresh().unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidScope, "{error}");
    assert!(error.to_string().contains("missing: unknown"), "{error}");
}
