//! Logins on another device (RFC 8628).

use super::*;

/// Begins a login, and returns the code for the device and the code for the user.
async fn begin(server: &AuthorizationServer) -> (String, String) {
    let form = [("client_id", "mailer"), ("scope", "mail.send")];
    let begun = post(server, Endpoint::DeviceAuthorization, &form)
        .await
        .json();
    assert_eq!(
        begun["verification_uri"],
        server.url(Endpoint::Verification)
    );
    assert_eq!(begun["expires_in"], 900);
    let text = |name: &str| begun[name].as_str().unwrap().to_owned();
    let complete = format!(
        "{}?user_code={}",
        text("verification_uri"),
        text("user_code")
    );
    assert_eq!(text("verification_uri_complete"), complete);
    (text("device_code"), text("user_code"))
}

async fn poll(server: &AuthorizationServer, device_code: &str) -> Answer {
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", "mailer"),
        ("device_code", device_code),
    ];
    token(server, &form).await
}

#[tokio::test]
async fn a_device_waits_until_the_user_has_decided() {
    let server = builder().device_interval(0).start().await.unwrap();
    let (device_code, user_code) = begin(&server).await;
    for _ in 0..2 {
        let answer = poll(&server, &device_code).await;
        assert_eq!(answer.error(), "400 authorization_pending");
    }
    assert!(!server.approve_device("AAAA-AAAA", "ada@here.example"));
    let without_hyphen = user_code.replace('-', "").to_lowercase();
    assert!(server.approve_device(&without_hyphen, "ada@here.example"));
    let tokens = poll(&server, &device_code).await.json();
    assert_eq!(claims(&tokens["access_token"])["sub"], "ada@here.example");
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(token(&server, &for_refresh(refresh)).await.status, 200);
    // The code is used up.
    assert_eq!(
        poll(&server, &device_code).await.error(),
        "400 invalid_grant"
    );

    let (device_code, user_code) = begin(&server).await;
    assert!(server.deny_device(&user_code));
    assert_eq!(
        poll(&server, &device_code).await.error(),
        "400 access_denied"
    );
    server.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_device_that_does_not_wait_is_slowed_down() {
    let server = builder().device_interval(2).start().await.unwrap();
    let (device_code, _) = begin(&server).await;
    let wait = async |seconds| tokio::time::advance(Duration::from_secs(seconds)).await;
    for (seconds, error) in [
        (0, "400 authorization_pending"),
        (1, "400 slow_down"),
        // Seven seconds now.
        (6, "400 slow_down"),
        (12, "400 authorization_pending"),
    ] {
        wait(seconds).await;
        assert_eq!(
            poll(&server, &device_code).await.error(),
            error,
            "{seconds}"
        );
    }
}

#[tokio::test]
async fn the_page_asks_for_the_code_and_the_user() {
    let server = builder().device_interval(0).start().await.unwrap();
    let (device_code, user_code) = begin(&server).await;
    let page = format!(
        "{}?user_code={user_code}",
        server.url(Endpoint::Verification)
    );
    let page = get(&server, &page).await;
    let field = format!("<input name=\"user_code\" value=\"{user_code}\">");
    assert!(page.body.contains(&field), "{}", page.body);

    let press = async |code: &str, button| {
        let form = [("user_code", code), button];
        post(&server, Endpoint::Verification, &form).await.status
    };
    assert_eq!(press("wrong", ("user", "bob@here.example")).await, 400);
    assert_eq!(press(&user_code, ("user", "bob@here.example")).await, 200);
    let tokens = poll(&server, &device_code).await.json();
    assert_eq!(claims(&tokens["access_token"])["sub"], "bob@here.example");

    let (device_code, user_code) = begin(&server).await;
    assert_eq!(press(&user_code, ("refuse", "yes")).await, 200);
    assert_eq!(
        poll(&server, &device_code).await.error(),
        "400 access_denied"
    );
}

#[tokio::test]
async fn consent_at_once_approves_a_device() {
    let server = builder().consent_at_once().start().await.unwrap();
    let (device_code, _) = begin(&server).await;
    let tokens = poll(&server, &device_code).await.json();
    assert_eq!(claims(&tokens["access_token"])["sub"], "ada@here.example");
}
