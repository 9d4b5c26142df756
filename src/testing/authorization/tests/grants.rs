//! What clients get tokens for (RFC 6749, RFC 7523), and how tokens end (RFC 7009).

use base64::engine::general_purpose::STANDARD;
use rustls_pemfile::Item;
use serde_json::json;

use super::super::GrantType;
use super::*;
use crate::cryptography::rand::SystemRandom;
use crate::cryptography::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

const PRIVATE_KEY: &str = include_str!("../../../../tests/fixtures/dkim/rsa-2048.pem");
const PUBLIC_KEY: &str = include_str!("../../../../tests/fixtures/dkim/rsa-2048-public.pem");

#[tokio::test]
async fn a_code_becomes_tokens_once() {
    let server = server().await;
    let scope = "mail.send offline_access";
    let code = code(&server, &[("scope", scope)], "ada@here.example").await;
    let answer = token(&server, &for_code(&code)).await;
    assert_eq!(answer.field("Cache-Control"), Some("no-store"));
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 3600);
    assert_eq!(tokens["scope"], scope);
    let claims = claims(&tokens["access_token"]);
    for (name, value) in [
        ("iss", server.issuer()),
        ("sub", "ada@here.example"),
        ("email", "ada@here.example"),
        ("aud", "mail"),
        ("scope", scope),
        ("client_id", "mailer"),
    ] {
        assert_eq!(claims[name], value);
    }
    let seconds = |name: &str| claims[name].as_i64().unwrap();
    assert_eq!(seconds("exp") - seconds("iat"), 3600);

    let again = token(&server, &for_code(&code)).await;
    assert_eq!(again.error(), "400 invalid_grant");
    // What came of it is void as well.
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let refreshed = token(&server, &for_refresh(refresh)).await;
    assert_eq!(refreshed.error(), "400 invalid_grant");
    assert_eq!(server.token_requests(GrantType::AuthorizationCode), 2);
    assert_eq!(server.token_requests(GrantType::RefreshToken), 1);
    assert_eq!(
        server.violations(),
        ["a code used twice (RFC 6749, section 4.1.2)"]
    );
}

#[tokio::test]
async fn a_code_is_for_its_client_its_address_and_its_verifier() {
    let server = builder().client("other").start().await.unwrap();
    let other_verifier = VERIFIER.replace('d', "e");
    for wrong in [
        ("client_id", "other"),
        ("redirect_uri", "http://127.0.0.1:1/back"),
        ("code_verifier", &other_verifier),
        ("code", "nonsense"),
    ] {
        let code = code(&server, &[], "ada@here.example").await;
        let form = for_code(&code).map(|(name, value)| {
            if name == wrong.0 {
                wrong
            } else {
                (name, value)
            }
        });
        assert_eq!(
            token(&server, &form).await.error(),
            "400 invalid_grant",
            "{wrong:?}"
        );
    }
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn a_refresh_token_stays_or_rotates() {
    for rotates in [false, true] {
        let server = if rotates {
            builder().rotate_refresh_tokens()
        } else {
            builder()
        };
        let server = server.start().await.unwrap();
        let first = logged_in(&server).await["refresh_token"].clone();
        let answer = token(&server, &for_refresh(first.as_str().unwrap()))
            .await
            .json();
        assert_eq!(claims(&answer["access_token"])["sub"], "ada@here.example");
        let second = answer["refresh_token"].as_str();
        assert_eq!(second.is_some(), rotates);

        let again = token(&server, &for_refresh(first.as_str().unwrap())).await;
        assert_eq!(again.status, if rotates { 400 } else { 200 });
        if let Some(second) = second {
            // Somebody has used the first one twice: nothing of this login is valid any more.
            let answer = token(&server, &for_refresh(second)).await;
            assert_eq!(answer.error(), "400 invalid_grant");
        }
    }
}

#[tokio::test]
async fn a_refreshed_token_has_no_more_than_was_granted() {
    let server = server().await;
    let refresh = logged_in(&server).await["refresh_token"].clone();
    let mut form = for_refresh(refresh.as_str().unwrap()).to_vec();
    form.push(("scope", "openid"));
    assert_eq!(token(&server, &form).await.error(), "400 invalid_scope");
}

#[tokio::test]
async fn tokens_end_by_the_client_by_the_user_and_all_at_once() {
    let server = server().await;
    for end in ["refresh", "access", "user", "all"] {
        let tokens = logged_in(&server).await;
        let text = |name: &str| tokens[name].as_str().unwrap();
        let check = || {
            server
                .authority
                .check(text("access_token"), "ada@here.example")
        };
        assert_eq!(check(), Ok(()));
        match end {
            "user" => server.revoke("ada@here.example"),
            "all" => server.revoke_all(),
            _ => {
                let form = [("token", text(&format!("{end}_token")))];
                assert_eq!(post(&server, Endpoint::Revocation, &form).await.status, 200);
            }
        }
        let answer = token(&server, &for_refresh(text("refresh_token"))).await;
        assert_eq!(answer.error(), "400 invalid_grant", "{end}");
        assert!(check().is_err(), "{end}");
    }
    let unknown = [("token", "nonsense")];
    assert_eq!(
        post(&server, Endpoint::Revocation, &unknown).await.status,
        200
    );
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_client_shows_its_secret_in_the_form_or_in_a_field() {
    let server = builder()
        .confidential_client("service", "p:w")
        .start()
        .await
        .unwrap();
    let grant = ("grant_type", "client_credentials");
    let id = ("client_id", "service");
    let by_form = token(&server, &[grant, id, ("client_secret", "p:w")]).await;
    let claims = claims(&by_form.json()["access_token"]);
    assert_eq!(
        (claims["sub"].as_str(), claims.get("email")),
        (Some("service"), None)
    );

    let basic = |text: &str| format!("Authorization: Basic {}\r\n", STANDARD.encode(text));
    let by_field = async |field: String, form: &[(&str, &str)]| {
        Answer::parse(&exchange(&server, &form_request("/token", &field, form)).await)
    };
    assert_eq!(by_field(basic("service:p%3Aw"), &[grant]).await.status, 200);
    for field in [
        basic("service:pw"),
        basic("other:p%3Aw"),
        "Authorization: Bearer x\r\n".into(),
    ] {
        assert_eq!(
            by_field(field, &[grant]).await.error(),
            "401 invalid_client"
        );
    }
    for form in [
        vec![grant, id],
        vec![grant, id, ("client_secret", "wrong")],
        vec![grant, ("client_id", "mailer"), ("client_secret", "p:w")],
    ] {
        assert_eq!(token(&server, &form).await.error(), "401 invalid_client");
    }
    let public = token(&server, &[grant, ("client_id", "mailer")]).await;
    assert_eq!(public.error(), "400 unauthorized_client");
    assert_eq!(server.violations(), [""; 0]);
    let twice = by_field(basic("service:p%3Aw"), &[grant, ("client_secret", "p:w")]).await;
    assert_eq!(twice.error(), "400 invalid_request");
    let violation = "a client's secret by two methods (RFC 6749, section 2.3)";
    assert_eq!(server.violations(), [violation]);
}

#[tokio::test]
async fn what_is_no_request_for_a_token_is_a_violation() {
    let server = server().await;
    let get = get(&server, &server.url(Endpoint::Token)).await;
    assert_eq!((get.status, get.field("Allow")), (405, Some("POST")));
    let json = "POST /token HTTP/1.1\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
    let json = Answer::parse(&exchange(&server, json).await);
    let in_address = form_request("/token?client_secret=a", "", &[]);
    let in_address = Answer::parse(&exchange(&server, &in_address).await);
    for answer in [json, in_address] {
        assert_eq!(answer.error(), "400 invalid_request");
    }
    assert_eq!(
        server.violations(),
        [
            "GET at /token (RFC 6749, section 3.2)",
            "/token: a request that is not a form (RFC 6749, section 3.2)",
            "/token: fields in the address of the request (RFC 6749, section 2.3.1)",
        ]
    );
    let other = token(&server, &[("grant_type", "password")]).await;
    assert_eq!(other.error(), "400 unsupported_grant_type");
}

/// An assertion of a service account with these claims, signed with the private key.
fn assertion(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({"alg": "RS256"})), part(claims));
    let item = rustls_pemfile::read_one(&mut PRIVATE_KEY.as_bytes());
    let Some(Item::Pkcs8Key(der)) = item.unwrap() else {
        panic!("not PKCS #8");
    };
    let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    let mut signature = vec![0; 256];
    let random = SystemRandom::new();
    key.sign(
        &RSA_PKCS1_SHA256,
        &random,
        signed.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn a_service_account_signs_for_a_user() {
    let server = builder().service_account("robot@here.example", PUBLIC_KEY);
    let server = server.start().await.unwrap();
    let now = jiff::Timestamp::now().as_second();
    let right = json!({
        "iss": "robot@here.example", "sub": "bob@here.example", "scope": "mail.send",
        "aud": server.url(Endpoint::Token), "iat": now, "exp": now + 3600,
    });
    let ask = async |assertion: &str| {
        let grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        token(
            &server,
            &[("grant_type", grant_type), ("assertion", assertion)],
        )
        .await
    };
    let answer = ask(&assertion(&right)).await.json();
    assert_eq!(claims(&answer["access_token"])["sub"], "bob@here.example");
    assert_eq!(answer.get("refresh_token"), None);

    for (name, value) in [
        ("iss", json!("other@here.example")),
        ("sub", json!("eve@here.example")),
        ("aud", json!("https://there.example/token")),
        ("iat", json!(now + 120)),
        ("exp", json!(now - 1)),
        ("exp", json!(now + 7200)),
        ("exp", json!(null)),
    ] {
        let mut wrong = right.clone();
        wrong[name] = value;
        assert_eq!(
            ask(&assertion(&wrong)).await.error(),
            "400 invalid_grant",
            "{wrong}"
        );
    }
    let mut changed = assertion(&right);
    changed.replace_range(changed.len() - 9.., "AAAAAAAAA");
    for wrong in ["", "a.b", "a.b.c", &changed] {
        assert_eq!(ask(wrong).await.error(), "400 invalid_grant", "{wrong}");
    }
    let mut scope = right;
    scope["scope"] = json!("nonsense");
    assert_eq!(ask(&assertion(&scope)).await.error(), "400 invalid_scope");
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_key_that_is_none_is_an_error() {
    for pem in ["", PRIVATE_KEY] {
        let error = AuthorizationServer::builder().service_account("robot", pem);
        let error = error.start().await.err().unwrap();
        assert_eq!(error.to_string(), "no public RSA key in PEM for \"robot\"");
    }
}

#[tokio::test]
async fn nothing_that_is_secret_is_shown() {
    let server = builder().confidential_client("service", "swordfish");
    assert!(!format!("{server:?}").contains("swordfish"));
    let server = server.start().await.unwrap();
    let tokens = logged_in(&server).await;
    let shown = format!("{server:?}");
    for secret in ["swordfish", tokens["refresh_token"].as_str().unwrap()] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
