//! Tokens are renewed once, in time, and never lost.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;

use super::{Counting, USER, builder, client, log_in};
use crate::oauth::{
    Grant, OAuthClient, OAuthCredentials, OAuthErrorKind, TokenFile, TokenMemory, TokenStore,
    Tokens,
};
use crate::session::CredentialsProvider as _;
use crate::testing::{AuthorizationServer, Endpoint, EndpointFault, GrantType};

fn refreshes(server: &AuthorizationServer) -> u64 {
    server.token_requests(GrantType::RefreshToken)
}

/// Tokens whose access token is old.
fn old(tokens: &Tokens) -> Tokens {
    let then = std::time::UNIX_EPOCH;
    tokens
        .clone()
        .with_expiry(then, then + Duration::from_hours(1))
}

#[tokio::test]
async fn tasks_renew_once() {
    let server = builder().rotate_refresh_tokens().start().await.unwrap();
    let client = client(&server);
    let store = TokenMemory::new(Some(old(&log_in(&server, &client).await.unwrap())));
    let provider = OAuthCredentials::new(Grant::RefreshToken(client), USER, store);
    let all = join_all((0..8).map(|_| provider.credentials())).await;
    let first = all[0].as_ref().unwrap();
    assert!(
        all.iter()
            .all(|credentials| credentials.as_ref().unwrap() == first)
    );
    assert_eq!(refreshes(&server), 1);
    provider.credentials().await.unwrap();
    assert_eq!(refreshes(&server), 1);
}

/// As two processes do. The server ends the login if a refresh token is used twice.
#[tokio::test]
async fn providers_over_one_file_renew_once() {
    let server = builder().rotate_refresh_tokens().start().await.unwrap();
    let client = client(&server);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let store = TokenFile::new(&path);
    store
        .store(&old(&log_in(&server, &client).await.unwrap()))
        .await
        .unwrap();
    let provider = || {
        let grant = Grant::RefreshToken(client.clone());
        OAuthCredentials::new(grant, USER, TokenFile::new(&path))
    };
    let providers: Vec<_> = (0..8).map(|_| provider()).collect();
    let all = join_all(providers.iter().map(OAuthCredentials::tokens)).await;
    let stored = store.load().await.unwrap().unwrap();
    assert!(
        all.iter()
            .all(|tokens| tokens.as_ref().unwrap().access() == stored.access())
    );
    assert_eq!(refreshes(&server), 1);
}

/// The store fails after the server has replaced the refresh token: it is stored at the next attempt.
#[tokio::test]
async fn a_new_refresh_token_is_stored_before_it_is_used() {
    let server = builder().rotate_refresh_tokens().start().await.unwrap();
    let client = client(&server);
    let store = Counting::default();
    store
        .store(&old(&log_in(&server, &client).await.unwrap()))
        .await
        .unwrap();
    store.failures.store(2, Ordering::Relaxed);
    let provider = OAuthCredentials::new(Grant::RefreshToken(client), USER, store.clone());
    for _ in 0..2 {
        let error = provider.tokens().await.unwrap_err();
        assert_eq!(error.kind(), OAuthErrorKind::Store, "{error}");
    }
    let tokens = provider.tokens().await.unwrap();
    assert_eq!(store.load().await.unwrap(), Some(tokens));
    assert_eq!(refreshes(&server), 1);
    provider.refresh().await.unwrap();
    assert_eq!(refreshes(&server), 2);
}

/// The renewal goes on when its caller is gone.
#[tokio::test]
async fn a_dropped_caller_loses_no_token() {
    let server = builder().rotate_refresh_tokens().start().await.unwrap();
    let client = client(&server);
    let store = Counting::default();
    store
        .store(&old(&log_in(&server, &client).await.unwrap()))
        .await
        .unwrap();
    let provider = OAuthCredentials::new(Grant::RefreshToken(client), USER, store.clone());
    {
        let mut asking = provider.credentials();
        assert!(futures_util::poll!(&mut asking).is_pending());
    }
    // Another caller waits for the same renewal.
    provider.credentials().await.unwrap();
    assert_eq!(refreshes(&server), 1);
    assert_eq!(store.stored.load(Ordering::Relaxed), 2);
    provider.refresh().await.unwrap();
}

#[tokio::test]
async fn a_refused_token_is_renewed_though_it_is_fresh() {
    let server = builder().start().await.unwrap();
    let client = client(&server);
    let store = TokenMemory::new(Some(log_in(&server, &client).await.unwrap()));
    let provider = OAuthCredentials::new(Grant::RefreshToken(client), USER, store.clone());
    let refused = provider.credentials().await.unwrap();
    assert_eq!(refreshes(&server), 0);
    let renewed = provider.renewed(&refused).await.unwrap().unwrap();
    assert_ne!(renewed, refused);
    // Another session was refused the same token a moment later.
    let same = provider.renewed(&refused).await.unwrap().unwrap();
    assert_eq!(same, renewed);
    assert_eq!(provider.credentials().await.unwrap(), renewed);
    assert_eq!(refreshes(&server), 1);
}

/// A session learns from an `io::Error` among the sources that a failure passes.
#[tokio::test]
async fn failures_of_a_renewal() {
    let server = builder().start().await.unwrap();
    let client = client(&server);
    let store = TokenMemory::new(None);
    let grant = Grant::RefreshToken(client.clone());
    let provider = OAuthCredentials::new(grant, USER, store.clone());
    let error = provider.tokens().await.unwrap_err();
    assert_eq!(error.kind(), OAuthErrorKind::NotLoggedIn);
    store
        .store(&old(&log_in(&server, &client).await.unwrap()))
        .await
        .unwrap();
    let busy = EndpointFault::Status {
        status: 503,
        retry_after: None,
    };
    server.fault(Endpoint::Token, busy);
    for (transient, ended) in [(true, false), (false, true)] {
        if ended {
            server.revoke_all();
        }
        let error = provider.credentials().await.unwrap_err();
        let sources = std::iter::successors(Some(&*error as &dyn std::error::Error), |error| {
            error.source()
        });
        let mut sources = sources.map(<dyn std::error::Error>::is::<std::io::Error>);
        assert_eq!(sources.any(|is_io| is_io), transient, "{error}");
    }
}

/// A login or a logout takes place while new tokens could not be stored: it counts more.
#[tokio::test]
async fn a_later_login_is_not_overwritten() {
    for logged_out in [false, true] {
        let server = builder().rotate_refresh_tokens().start().await.unwrap();
        let client = client(&server);
        let store = Counting::default();
        let first = old(&log_in(&server, &client).await.unwrap());
        store.store(&first).await.unwrap();
        store.failures.store(1, Ordering::Relaxed);
        let grant = Grant::RefreshToken(client.clone());
        let provider = OAuthCredentials::new(grant, USER, store.clone());
        provider.tokens().await.unwrap_err();
        if logged_out {
            store.remove().await.unwrap();
            let error = provider.tokens().await.unwrap_err();
            assert_eq!(error.kind(), OAuthErrorKind::NotLoggedIn, "{error}");
            assert_eq!(store.load().await.unwrap(), None);
        } else {
            let second = log_in(&server, &client).await.unwrap();
            store.store(&second).await.unwrap();
            assert_eq!(provider.tokens().await.unwrap(), second);
            assert_eq!(store.load().await.unwrap(), Some(second));
        }
    }
}

/// Nothing is requested if the store has no room.
#[tokio::test]
async fn room_is_reserved_before_a_renewal() {
    let server = builder().rotate_refresh_tokens().start().await.unwrap();
    let client = client(&server);
    let directory = tempfile::tempdir().unwrap();
    let store = TokenFile::new(directory.path().join("tokens.json"));
    let tokens = old(&log_in(&server, &client).await.unwrap());
    store.store(&tokens).await.unwrap();
    let new = directory.path().join("tokens.json.new");
    std::fs::create_dir(&new).unwrap();
    let provider = OAuthCredentials::new(Grant::RefreshToken(client), USER, store.clone());
    let error = provider.tokens().await.unwrap_err();
    assert_eq!(error.kind(), OAuthErrorKind::Store, "{error}");
    assert_eq!(refreshes(&server), 0);
    std::fs::remove_dir(&new).unwrap();
    provider.tokens().await.unwrap();
    assert!(!new.exists());
}

/// The access token lacks a scope, and the refresh token is new: it is stored, and the access token is
/// not used.
#[tokio::test]
async fn a_new_refresh_token_outlasts_a_refused_scope() {
    let server = builder().scope("other").rotate_refresh_tokens();
    let server = server.start().await.unwrap();
    let client = client(&server);
    let first = old(&log_in(&server, &client).await.unwrap());
    let strict = client.provider().clone().scope("unknown").unwrap();
    let strict = OAuthClient::new(strict, "mailer", client.http.clone()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let store = TokenFile::new(directory.path().join("tokens.json"));
    store.store(&first).await.unwrap();
    for _ in 0..2 {
        let grant = Grant::RefreshToken(strict.clone());
        let provider = OAuthCredentials::new(grant, USER, store.clone());
        let error = provider.tokens().await.unwrap_err();
        assert_eq!(error.kind(), OAuthErrorKind::InvalidScope, "{error}");
    }
    let stored = store.load().await.unwrap().unwrap();
    assert_ne!(stored.refresh(), first.refresh());
    assert!(!stored.is_fresh(std::time::SystemTime::now()));
    let provider = OAuthCredentials::new(Grant::RefreshToken(client), USER, store);
    provider.tokens().await.unwrap();
}

/// The secret of a client in the body of the requests, and in their header (RFC 6749 section 2.3.1),
/// where it is encoded.
#[tokio::test]
async fn the_secret_of_a_client_in_each_place() {
    let secret = "p:w %/+&=\u{e9}\u{e9}";
    for in_header in [false, true] {
        let server = builder().confidential_client("a:client", secret);
        let server = server.start().await.unwrap();
        let mut provider = client(&server).provider().clone();
        provider.secret_in_header = in_header;
        for (given, is_accepted) in [(secret, true), ("another one", false)] {
            let client = OAuthClient::new(provider.clone(), "a:client", client(&server).http);
            let client = client.unwrap().secret(given);
            let tokens = log_in(&server, &client).await;
            assert_eq!(tokens.is_ok(), is_accepted, "{tokens:?}");
            if let Ok(tokens) = tokens {
                let tokens = client.refresh(tokens.refresh().unwrap()).await.unwrap();
                client.revoke(&tokens).await.unwrap();
                let ended = client.refresh(tokens.refresh().unwrap()).await.unwrap_err();
                assert_eq!(ended.kind(), OAuthErrorKind::LoginEnded, "{ended}");
            }
        }
        assert_eq!(server.violations(), Vec::<String>::new());
    }
}

/// What a server answers to a renewal can be read again, whatever its size.
#[tokio::test]
async fn long_tokens_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let store = TokenFile::new(directory.path().join("tokens.json"));
    let long = "\u{1}".repeat(200 * 1024);
    let tokens = Tokens::new("").with_refresh("r".repeat(200 * 1024));
    let tokens = tokens.with_scope(long);
    let _lock = store.lock().await.unwrap();
    store.reserve().await.unwrap();
    store.store(&tokens).await.unwrap();
    assert_eq!(store.load().await.unwrap(), Some(tokens));
}
