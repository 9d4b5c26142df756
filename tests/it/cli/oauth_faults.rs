//! What goes wrong in a login with OAuth 2.0: nothing is stored then.

use std::time::Duration;

use pilotfish::testing::{Endpoint, EndpointFault, GrantType};
use rustix::process::Signal;

use super::oauth::{World, provider};
use super::run::{USER, until};

/// What the authorization server does, the status, and the words of the error. Nothing is stored.
#[tokio::test]
async fn what_goes_wrong_at_the_authorization_server() {
    use Endpoint::{Authorization, Metadata, Token};
    let error = |status, code: &str| EndpointFault::Error {
        status,
        code: code.to_owned(),
        description: "because \u{1b}[31m".to_owned(),
    };
    let status = |status, retry_after| EndpointFault::Status {
        status,
        retry_after,
    };
    for (endpoint, fault, expected, words) in [
        (
            Token,
            error(401, "invalid_client"),
            77,
            "--client-id ID --client-secret-file FILE",
        ),
        (
            Token,
            error(400, "invalid_grant"),
            77,
            "begin the login again",
        ),
        (
            Token,
            error(400, "invalid_scope"),
            77,
            "the scope is not the right one",
        ),
        (
            Token,
            error(400, "unauthorized_client"),
            77,
            "may not log in this way",
        ),
        (
            Token,
            EndpointFault::HtmlPage { status: 200 },
            78,
            "127.0.0.1",
        ),
        (
            Token,
            EndpointFault::HtmlPage { status: 502 },
            75,
            "127.0.0.1",
        ),
        (Token, status(500, None), 75, "500"),
        (Token, status(429, Some(30)), 75, "429"),
        (
            Token,
            EndpointFault::Redirect("http://127.0.0.1:1/".to_owned()),
            78,
            "redirect",
        ),
        (Token, EndpointFault::MalformedJson, 78, "127.0.0.1"),
        (Token, EndpointFault::Cut, 75, "127.0.0.1"),
        (Token, EndpointFault::Endless, 78, "256"),
        (
            Authorization,
            error(302, "access_denied"),
            77,
            "access was denied",
        ),
        (
            Authorization,
            error(302, "admin_policy_enforced"),
            77,
            "administrator",
        ),
        (
            Metadata,
            EndpointFault::HtmlPage { status: 200 },
            78,
            "127.0.0.1",
        ),
        (Metadata, status(503, None), 75, "503"),
    ] {
        let world = World::open(provider()).await;
        world.provider.fault_always(endpoint, fault.clone());
        let mut running = world.login("").await;
        if endpoint != Metadata {
            let url = running.until("http://").await;
            let page = world.provider.log_in(url.trim(), USER).await.unwrap();
            let expected = "The login failed: ";
            assert!(page.text.contains(expected), "{fault:?}: {page:?}");
        }
        let ended = running.end().await;
        assert_eq!(ended.status, expected, "{fault:?}: {ended:?}");
        ended.fails(expected, words);
        assert!(!ended.stderr.contains('\u{1b}'), "{ended:?}");
        world.has_stored_nothing();
        world.ends_with(0).await;
    }
}

/// A redirect of another login is not the end of this one.
#[tokio::test]
async fn a_redirect_with_another_state() {
    let world = World::open(provider()).await;
    world
        .provider
        .fault(Endpoint::Authorization, EndpointFault::WrongState);
    let mut running = world.login("").await;
    let url = running.until("http://").await;
    let page = world.provider.log_in(url.trim(), USER).await.unwrap();
    assert_eq!(page.status, 404, "{page:?}");
    assert!(
        page.text.contains("This page is not part of the login."),
        "{page:?}"
    );
    let page = world.provider.log_in(url.trim(), USER).await.unwrap();
    assert_eq!(page.status, 200, "{page:?}");
    running.end().await.result();
    assert_eq!(
        world.provider.token_requests(GrantType::AuthorizationCode),
        1
    );
    world.ends_with(0).await;
}

/// A server that is silent or slow does not block the command: Ctrl-C ends it, and nothing is stored.
#[tokio::test]
async fn a_silent_and_a_slow_server() {
    let slow = EndpointFault::Slow(Duration::from_hours(1));
    for fault in [EndpointFault::Silence, slow] {
        let world = World::open(provider()).await;
        world.provider.fault(Endpoint::Token, fault);
        let mut running = world.login("").await;
        let url = running.until("http://").await;
        let browser = world.provider.log_in(url.trim(), USER);
        let stopped = async {
            until(|| world.provider.requests(Endpoint::Token) > 0).await;
            running.signal(Signal::INT);
            running.end().await
        };
        let (_, ended) = tokio::join!(browser, stopped);
        ended.fails(130, "nothing was stored");
        world.has_stored_nothing();
        world.fixture.received_nothing().await;
    }
}

/// The mail server does not accept the token: the login is revoked, and nothing is stored.
#[tokio::test]
async fn a_token_that_the_mail_server_refuses() {
    let World {
        provider: trusted,
        fixture,
    } = World::open(provider()).await;
    let provider = provider().start().await.unwrap();
    let world = World { provider, fixture };
    let mut running = world.login("").await;
    let url = running.until("http://").await;
    world.provider.log_in(url.trim(), USER).await.unwrap();
    let ended = running.end().await;
    ended.reports(77, "127.0.0.1 rejected the login of me@example.org");
    ended.reports(
        77,
        "log in again as the user of the account (pilotfish auth login work)",
    );
    assert_eq!(world.provider.requests(Endpoint::Revocation), 1);
    assert_eq!(trusted.requests(Endpoint::Token), 0);
    world.has_stored_nothing();
    world.ends_with(0).await;
}

/// The configuration cannot be written: the tokens are removed and revoked.
#[tokio::test]
async fn a_login_that_cannot_be_stored() {
    let world = World::open(provider()).await;
    let mut running = world.login("").await;
    let url = running.until("http://").await;
    // A directory in place of the file, which the command has read.
    let config = world.fixture.directory.path().join("mail.toml");
    std::fs::remove_file(&config).unwrap();
    std::fs::create_dir(&config).unwrap();
    world.provider.log_in(url.trim(), USER).await.unwrap();
    running.end().await.reports(73, "cannot write mail.toml");
    assert_eq!(world.provider.requests(Endpoint::Revocation), 1);
    assert!(!world.tokens().path().exists());
    world.ends_with(0).await;
}

/// The certificate of the authorization server is not trusted: the status is that of the mail server's.
#[tokio::test]
async fn tls_that_fails_at_the_authorization_server() {
    let world = World::open(provider().https()).await;
    let ended = world.login("").await.end().await;
    ended.fails(76, "there is no secure connection to 127.0.0.1");
    world.has_stored_nothing();
    world.ends_with(0).await;
}

/// The authorization server is out when the token is renewed: with `--retry`, the mail waits for it.
#[tokio::test]
async fn a_renewal_is_retried() {
    for endpoint in [Endpoint::Token, Endpoint::Metadata] {
        let world = World::open(provider()).await;
        world.log_in().await;
        world.expire().await;
        let out = EndpointFault::Status {
            status: 503,
            retry_after: None,
        };
        // The metadata has two addresses.
        for _ in 0..4 {
            world.provider.fault(endpoint, out.clone());
        }
        let ended = world.run("send ann@example.org -m Hi").end().await;
        ended.fails(75, "503");
        let send = "send ann@example.org -m Hi --retry 1m";
        world.run(send).end().await.result();
        world.ends_with(1).await;
    }
}
