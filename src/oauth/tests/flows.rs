//! Each way to log in.

use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use serde_json::json;
#[cfg(feature = "proxy")]
use tokio::io::copy_bidirectional;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
#[cfg(feature = "proxy")]
use tokio::net::TcpListener;
use tokio::net::TcpStream;

use super::{PORT, USER, builder, client, log_in, pasted, provider};
use crate::oauth::{
    HttpClient, Loopback, OAuthClient, OAuthErrorKind, Provider, Redirected, ServiceAccount,
};
use crate::testing::Endpoint;
#[cfg(feature = "proxy")]
use crate::transport::Route;
use crate::transport::{TlsConfig, TlsRoots};

#[tokio::test]
async fn with_the_browser() {
    let server = builder().start().await.unwrap();
    let tokens = log_in(&server, &client(&server)).await.unwrap();
    assert!(tokens.refresh().is_some());
    assert!(tokens.is_fresh(SystemTime::now()));
    let shown = format!("{tokens:?}");
    let access = String::from_utf8(tokens.access().expose().to_vec()).unwrap();
    assert!(!shown.contains(&access), "{shown}");
    assert_eq!(server.violations(), [""; 0]);
}

/// The page names the user, and other requests do not end the wait.
#[tokio::test]
async fn the_page_of_the_listener() {
    let server = builder().start().await.unwrap();
    let client = client(&server);
    let listener = Loopback::bind().await.unwrap();
    let port = listener.port();
    let authorization = client.authorize(port, None).unwrap();
    let browser = async {
        // Browsers open connections that they do not use.
        let idle = join_all((0..20).map(|_| TcpStream::connect(("127.0.0.1", port)))).await;
        for (request, expected) in [
            ("GET /favicon.ico HTTP/1.1\r\n\r\n", "HTTP/1.1 404"),
            ("GET /?code=a&state=b HTTP/1.1\r\n\r\n", "HTTP/1.1 404"),
            ("POST / HTTP/1.1\r\n\r\n", ""),
            ("nonsense\r\n\r\n", ""),
        ] {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer).await;
            assert!(answer.starts_with(expected), "{request}: {answer}");
        }
        let page = server.log_in(authorization.url(), USER).await.unwrap();
        drop(idle);
        page
    };
    let limit = Duration::from_mins(1);
    let (tokens, page) = tokio::join!(
        listener.log_in(&client, &authorization, "<ada>", limit),
        browser
    );
    tokens.unwrap();
    let sentence = "You are logged in as &lt;ada&gt;. You can close this page";
    assert!(page.text.contains(sentence), "{}", page.text);
}

#[tokio::test]
async fn a_user_who_refuses() {
    let server = builder().start().await.unwrap();
    let client = client(&server);
    let listener = Loopback::bind().await.unwrap();
    let authorization = client.authorize(listener.port(), None).unwrap();
    let (tokens, page) = tokio::join!(
        listener.log_in(&client, &authorization, USER, Duration::from_mins(1)),
        server.refuse_login(authorization.url())
    );
    assert_eq!(tokens.unwrap_err().kind(), OAuthErrorKind::AccessDenied);
    let page = page.unwrap().text;
    assert!(
        page.contains("The login failed: access was denied"),
        "{page}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_login_that_does_not_end() {
    let server = builder().start().await.unwrap();
    let client = client(&server);
    let listener = Loopback::bind().await.unwrap();
    let authorization = client.authorize(listener.port(), None).unwrap();
    let limit = Duration::from_mins(5);
    let waited = listener.log_in(&client, &authorization, USER, limit).await;
    assert_eq!(waited.unwrap_err().kind(), OAuthErrorKind::Cancelled);
}

#[tokio::test]
async fn with_a_pasted_address() {
    let server = builder().consent_at_once().start().await.unwrap();
    let client = client(&server);
    for (address, expected) in [
        ("http://127.0.0.1:49152/?code=a&state=STATE", Ok(())),
        (
            "  'http://127.0.0.1:49152/?state=STATE&code=a#x' \n",
            Ok(()),
        ),
        ("state=STATE&code=a", Ok(())),
        (
            "http://127.0.0.1:49152/?code=a&state=other",
            Err(OAuthErrorKind::State),
        ),
        ("http://127.0.0.1:49152/?code=a", Err(OAuthErrorKind::State)),
        (
            "http://127.0.0.1:49152/?state=STATE",
            Err(OAuthErrorKind::State),
        ),
        ("", Err(OAuthErrorKind::State)),
        (
            "?state=STATE&error=access_denied",
            Err(OAuthErrorKind::AccessDenied),
        ),
        (
            "?state=STATE&error=redirect_uri_mismatch",
            Err(OAuthErrorKind::RedirectUri),
        ),
    ] {
        let parsed = pasted(&client, address).map(drop);
        assert_eq!(parsed.map_err(|error| error.kind()), expected, "{address}");
    }
    let authorization = client.authorize(PORT, None).unwrap();
    let state = String::from_utf8(authorization.state.expose().to_vec()).unwrap();
    let redirected =
        Redirected::parse(&format!("code=wrong&state={state}"), &authorization).unwrap();
    let error = client
        .exchange(&authorization, &redirected)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), OAuthErrorKind::Expired, "{error}");
}

#[test]
fn the_address_of_the_login() {
    let http = HttpClient::new().unwrap();
    let has = |provider: Provider, expected: &[&str]| {
        let client = OAuthClient::new(provider, "id", http.clone()).unwrap();
        let authorization = client.authorize(7, Some("me@example.org")).unwrap();
        for part in expected {
            assert!(
                authorization.url().contains(part),
                "{part}: {}",
                authorization.url()
            );
        }
    };
    let common = [
        "response_type=code",
        "code_challenge_method=S256",
        "state=",
        "login_hint=me%40example.org",
    ];
    has(Provider::google().unwrap(), &common);
    let google = [
        "https://accounts.google.com/o/oauth2/v2/auth?",
        "access_type=offline",
        "prompt=consent",
        "redirect_uri=http%3A%2F%2F127.0.0.1%3A7",
        "scope=https%3A%2F%2Fmail.google.com%2F",
    ];
    has(Provider::google().unwrap(), &google);
    let microsoft = [
        "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?",
        "redirect_uri=http%3A%2F%2Flocalhost%3A7",
        "SMTP.Send+offline_access",
    ];
    has(Provider::microsoft("common").unwrap(), &microsoft);
}

#[test]
fn tenants_and_addresses() {
    for (tenant, valid) in [
        ("common", true),
        ("contoso.onmicrosoft.com", true),
        ("9188040d-6c67-4c5b-b112-36a304b66dad", true),
        ("", false),
        ("contoso", false),
        ("a/../b.example", false),
        ("x.example?y", false),
    ] {
        assert_eq!(Provider::microsoft(tenant).is_ok(), valid, "{tenant}");
    }
    for (address, valid) in [
        ("https://id.example/token", true),
        ("http://127.0.0.1:1/token", true),
        ("http://[::1]:1/token", true),
        ("http://localhost/token", true),
        ("http://id.example/token", false),
        ("http://localhost.evil.example/token", false),
        ("https://user@id.example/token", false),
        ("https://id.example/token#x", false),
        ("ftp://id.example/", false),
        ("id.example", false),
    ] {
        assert_eq!(Provider::new(address, address).is_ok(), valid, "{address}");
    }
}

#[tokio::test(start_paused = true)]
async fn with_another_device() {
    let server = builder().start().await.unwrap();
    let client = client(&server);
    for approved in [true, false] {
        let login = client.device().await.unwrap();
        assert!(login.uri().starts_with(server.issuer()), "{}", login.uri());
        if approved {
            assert!(server.approve_device(login.user_code(), USER));
        } else {
            assert!(server.deny_device(login.user_code()));
        }
        let polled = client.poll(&login).await;
        let outcome = polled.map(|tokens| tokens.refresh().is_some());
        let outcome = outcome.map_err(|error| error.kind());
        let expected = if approved {
            Ok(true)
        } else {
            Err(OAuthErrorKind::AccessDenied)
        };
        assert_eq!(outcome, expected);
    }
    // The code is not entered.
    let login = client.device().await.unwrap();
    let error = client.poll(&login).await.unwrap_err();
    assert_eq!(error.kind(), OAuthErrorKind::Expired, "{error}");
}

#[tokio::test]
async fn as_the_client_itself() {
    let server = builder()
        .confidential_client("service", "s3cret-s3cret")
        .start()
        .await
        .unwrap();
    let http = HttpClient::new().unwrap();
    let provider = provider(&server).scope("mail.send").unwrap();
    let service = OAuthClient::new(provider, "service", http).unwrap();
    let tokens = service
        .clone()
        .secret("s3cret-s3cret")
        .client_credentials()
        .await
        .unwrap();
    assert_eq!(tokens.refresh(), None);
    let error = service
        .secret("wrong-wrong")
        .client_credentials()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), OAuthErrorKind::InvalidClient, "{error}");
    assert!(!format!("{error} {error:?}").contains("wrong-wrong"));
}

#[tokio::test]
async fn as_a_service_account() {
    let key = include_str!("../../../tests/fixtures/dkim/rsa-2048.pem");
    let public = include_str!("../../../tests/fixtures/dkim/rsa-2048-public.pem");
    let account = "robot@here.example";
    for (seconds, expected) in [(0, None), (-7_200, Some(OAuthErrorKind::Clock))] {
        let server = builder()
            .service_account(account, public)
            .clock_ahead(seconds);
        let server = server.start().await.unwrap();
        let json = json!({
            "type": "service_account",
            "client_email": account,
            "private_key_id": "1",
            "private_key": key,
            "token_uri": server.url(Endpoint::Token),
        });
        let robot = ServiceAccount::from_json(json.to_string().as_bytes()).unwrap();
        let robot = robot.subject(USER).scope("mail.send");
        assert!(!format!("{robot:?}").contains("PRIVATE"));
        let outcome = robot.tokens(&HttpClient::new().unwrap()).await;
        assert_eq!(outcome.err().map(|error| error.kind()), expected);
    }
    for broken in [
        "",
        "{}",
        r#"{"client_email":"a","private_key":"b","token_uri":"https://c/"}"#,
    ] {
        let error = ServiceAccount::from_json(broken.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), OAuthErrorKind::Config, "{error}");
    }
}

#[tokio::test]
async fn the_endpoints_are_discovered() {
    let server = builder().start().await.unwrap();
    let http = HttpClient::new().unwrap();
    let found = Provider::discover(server.issuer(), &http).await.unwrap();
    assert!(found.has_device_flow() && found.can_revoke());
    let found = found.scope("mail.send offline_access").unwrap();
    let client = OAuthClient::new(found, "mailer", http.clone()).unwrap();
    log_in(&server, &client).await.unwrap();
    let other = server.issuer().replace("127.0.0.1", "localhost");
    let error = Provider::discover(&other, &http).await.unwrap_err();
    assert!(error.to_string().contains("another issuer"), "{error}");
}

#[tokio::test]
async fn a_revoked_login_is_not_renewed() {
    let server = builder().start().await.unwrap();
    let client = client(&server);
    let tokens = log_in(&server, &client).await.unwrap();
    client.revoke(&tokens).await.unwrap();
    let error = client.refresh(tokens.refresh().unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), OAuthErrorKind::LoginEnded, "{error}");
    assert_eq!(error.code(), Some("invalid_grant"));
}

#[tokio::test]
async fn over_tls_with_a_trusted_authority_alone() {
    let server = builder().https().start().await.unwrap();
    let untrusted = client(&server).refresh(&"token".into()).await.unwrap_err();
    assert_eq!(untrusted.kind(), OAuthErrorKind::Tls, "{untrusted}");
    assert!(!untrusted.is_transient());
    let tls = TlsConfig::builder()
        .roots(TlsRoots::None)
        .ca_pem(server.ca_pem().unwrap());
    let http = HttpClient::new().unwrap().tls(tls.build().unwrap());
    let trusting = OAuthClient::new(provider(&server), "mailer", http).unwrap();
    let refused = trusting.refresh(&"token".into()).await.unwrap_err();
    assert_eq!(refused.kind(), OAuthErrorKind::LoginEnded, "{refused}");
}

/// HTTPS goes through the proxy, and the certificate is still the server's. HTTP to this machine does
/// not.
#[tokio::test]
#[cfg(feature = "proxy")]
async fn through_a_proxy() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let route = Route::new().proxy(url.parse().unwrap());
    let proxy = async {
        let (mut browser, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(browser.read_u8().await.unwrap());
        }
        let request = String::from_utf8(request).unwrap();
        let target = request
            .strip_prefix("CONNECT ")
            .unwrap()
            .split(' ')
            .next()
            .unwrap();
        let mut server = TcpStream::connect(target).await.unwrap();
        browser.write_all(b"HTTP/1.1 200 ok\r\n\r\n").await.unwrap();
        let _ = copy_bidirectional(&mut browser, &mut server).await;
    };
    let server = builder().https().start().await.unwrap();
    let tls = TlsConfig::builder()
        .roots(TlsRoots::None)
        .ca_pem(server.ca_pem().unwrap());
    let http = HttpClient::new()
        .unwrap()
        .tls(tls.build().unwrap())
        .route(route);
    let client = OAuthClient::new(provider(&server), "mailer", http.clone()).unwrap();
    let token = "token".into();
    let (refused, ()) = tokio::join!(client.refresh(&token), proxy);
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind(), OAuthErrorKind::LoginEnded, "{refused}");
    assert_eq!(server.requests(Endpoint::Token), 1);

    // The proxy is gone, and is not asked.
    drop(listener);
    let server = builder().start().await.unwrap();
    let client = OAuthClient::new(provider(&server), "mailer", http).unwrap();
    let refused = client.refresh(&token).await.unwrap_err();
    assert_eq!(refused.kind(), OAuthErrorKind::LoginEnded, "{refused}");
}
