//! Metadata, and the page that asks for consent (RFC 8414, RFC 6749 section 4.1, RFC 8252).

use super::*;

const NO_VIOLATION: [&str; 0] = [];

#[tokio::test]
async fn metadata_names_the_endpoints_at_both_places() {
    let server = server().await;
    for path in ["oauth-authorization-server", "openid-configuration"] {
        let url = format!("{}/.well-known/{path}", server.issuer());
        let metadata = get(&server, &url).await.json();
        assert_eq!(metadata["issuer"], server.issuer());
        for (name, endpoint) in [
            ("authorization_endpoint", Endpoint::Authorization),
            ("token_endpoint", Endpoint::Token),
            (
                "device_authorization_endpoint",
                Endpoint::DeviceAuthorization,
            ),
            ("revocation_endpoint", Endpoint::Revocation),
            ("jwks_uri", Endpoint::Jwks),
        ] {
            assert_eq!(metadata[name], server.url(endpoint));
        }
        assert_eq!(metadata["scopes_supported"][0], "mail.send");
    }
    assert_eq!(server.requests(Endpoint::Metadata), 2);
    let keys = get(&server, &server.url(Endpoint::Jwks)).await.json();
    assert_eq!(keys["keys"][0]["kid"], server.key_id());
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_page_has_a_button_for_each_user_the_expected_one_first() {
    let server = server().await;
    let url = login(&server, &[("login_hint", "bob@here.example")]);
    let page = get(&server, &url).await;
    assert_eq!(page.field("Content-Type"), Some("text/html; charset=utf-8"));
    let buttons: Vec<_> = page
        .body
        .lines()
        .filter(|line| line.contains("<button"))
        .collect();
    assert_eq!(
        buttons,
        [
            "<p><button name=\"user\" value=\"bob@here.example\">Log in as bob@here.example</button></p>",
            "<p><button name=\"user\" value=\"ada@here.example\">Log in as ada@here.example</button></p>",
            "<p><button name=\"refuse\" value=\"yes\">Refuse</button></p>",
        ]
    );
}

#[tokio::test]
async fn names_of_clients_and_users_cannot_write_html() {
    let server = AuthorizationServer::builder()
        .user("<b>\"&")
        .client("<i>")
        .start()
        .await
        .unwrap();
    let page = get(&server, &login(&server, &[("client_id", "<i>")])).await;
    assert!(page.body.contains("<p>&lt;i&gt; asks for: mail.send</p>"));
    assert!(page.body.contains("value=\"&lt;b&gt;&quot;&amp;\""));
}

#[tokio::test]
async fn the_browser_logs_in_and_shows_the_clients_page() {
    let server = server().await;
    let redirect = client_page("You can close this page.").await;
    let url = login(&server, &[("redirect_uri", &redirect)]);
    let page = server.log_in(&url, "bob@here.example").await.unwrap();
    assert_eq!(
        (page.status, page.text.as_str()),
        (200, "You can close this page.")
    );
    let query = Form::parse(page.url.strip_prefix(&format!("{redirect}?")).unwrap());
    assert_eq!(query.text("state"), "a state & more");
    assert_eq!(query.text("iss"), server.issuer());
    assert_eq!(query.text("code").len(), 43);
    // The page, and the button.
    assert_eq!(server.requests(Endpoint::Authorization), 2);

    let redirect = client_page("A pity.").await;
    let url = login(&server, &[("redirect_uri", &redirect)]);
    let page = server.refuse_login(&url).await.unwrap();
    assert_eq!(page.text, "A pity.");
    assert!(page.url.contains("?error=access_denied&"), "{}", page.url);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn consent_at_once_redirects_without_a_page() {
    let server = builder().consent_at_once().start().await.unwrap();
    for (hint, user) in [
        ("", "ada@here.example"),
        ("bob@here.example", "bob@here.example"),
        ("eve@here.example", "ada@here.example"),
    ] {
        let answer = get(&server, &login(&server, &[("login_hint", hint)])).await;
        let (address, query) = answer.redirect();
        assert_eq!(address, REDIRECT);
        let tokens = token(&server, &for_code(query.text("code"))).await.json();
        assert_eq!(claims(&tokens["access_token"])["sub"], user, "{hint}");
    }
}

#[tokio::test]
async fn mistakes_of_a_known_client_are_in_the_redirect() {
    let server = server().await;
    for (wrong, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("scope", "mail.send nonsense"), "invalid_scope"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
    ] {
        let answer = get(&server, &login(&server, &[wrong])).await;
        let (address, query) = answer.redirect();
        assert_eq!(address, REDIRECT);
        assert_eq!(query.text("error"), error, "{wrong:?}");
        assert_eq!(query.text("state"), "a state & more");
        assert_eq!(query.get("code"), None);
    }
    let without_pkce = "a login without PKCE by S256 (RFC 8252, section 8.1)";
    assert_eq!(server.violations(), [without_pkce; 3]);
}

#[tokio::test]
async fn a_code_goes_to_its_client_alone() {
    let server = server().await;
    for wrong in [
        ("client_id", "other"),
        ("redirect_uri", "http://there.example/"),
        ("redirect_uri", ""),
    ] {
        let answer = get(&server, &login(&server, &[wrong])).await;
        assert_eq!(answer.status, 400, "{wrong:?}");
        assert_eq!(answer.field("Location"), None);
    }
    assert_eq!(server.violations(), NO_VIOLATION);
}

#[tokio::test]
async fn a_field_twice_is_a_violation() {
    let server = server().await;
    let url = format!("{}&state=2", login(&server, &[]));
    assert_eq!(get(&server, &url).await.error(), "400 invalid_request");
    let violation = "/authorize: the field \"state\" twice (RFC 6749, section 3.1)";
    assert_eq!(server.violations(), [violation]);
    assert_eq!(server.shutdown().await.unwrap_err().violations, [violation]);
}
