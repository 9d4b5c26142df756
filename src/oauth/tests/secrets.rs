//! No secret of a request is in an error, wherever and however the server repeats it.

use std::error::Error;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oauth2::url::form_urlencoded;
use serde_json::json;

use super::scripted::{Asked, Scripted};
use super::{PORT, USER};
use crate::oauth::{HttpClient, OAuthClient, OAuthError, Redirected, ServiceAccount, Tokens};

/// Has characters that each form of it writes differently.
const CLIENT_SECRET: &str = "cl1ent&s3cret<of>th~e/test+er";
const CODE: &str = "4/0AX4XfWh-code_of_the~login";
const REFRESH: &str = "1//0refresh-token_of&the<login>";

/// Where an answer repeats the request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Echo {
    Title,
    Code,
    Description,
    Json,
    Body,
    /// The scope of a token.
    Scope,
}

/// How it repeats the request.
const FORMS: [fn(&Asked) -> String; 5] = [
    |asked| asked.body.clone(),
    |asked| asked.header.clone(),
    |asked| values(asked).join(" "),
    |asked| STANDARD.encode(values(asked).join("|")),
    |asked| {
        let html = values(asked).join(" ").replace('&', "&amp;");
        html.replace('<', "&lt;").replace('>', "&gt;")
    },
];

/// The values of a form, and what the header with the login of the client says.
fn values(asked: &Asked) -> Vec<String> {
    let pairs = form_urlencoded::parse(asked.body.as_bytes());
    let mut values: Vec<_> = pairs.map(|(_, value)| value.into_owned()).collect();
    let basic = asked.header.split("Basic ").nth(1);
    let login = basic.and_then(|rest| STANDARD.decode(rest.lines().next()?).ok());
    values.extend(login.map(|login| String::from_utf8(login).unwrap()));
    values
}

fn answer(asked: &Asked, echo: Echo, form: fn(&Asked) -> String) -> (u16, String) {
    if asked.path == "/device" && echo != Echo::Scope {
        let begun = json!({
            "device_code": "device-code_of&the<login>", "user_code": "ABCD-EFGH", "interval": 1,
            "verification_uri": "https://id.example/device", "expires_in": 60,
        });
        return (200, begun.to_string());
    }
    let text = form(asked);
    match echo {
        Echo::Title => (404, format!("<html><title>{text}</title></html>")),
        Echo::Code => (400, json!({ "error": text }).to_string()),
        Echo::Description => (
            400,
            json!({ "error": "invalid_grant", "error_description": text }).to_string(),
        ),
        Echo::Json => (400, json!({ "message": text }).to_string()),
        Echo::Body => (200, text),
        Echo::Scope => (
            200,
            json!({ "access_token": "access-token", "token_type": "Bearer", "scope": text })
                .to_string(),
        ),
    }
}

/// The errors of all flows at a server that answers so.
async fn errors(echo: Echo, form: fn(&Asked) -> String, in_header: bool) -> Vec<OAuthError> {
    let assertion = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&assertion);
    let server = Scripted::start(move |asked| {
        let mut pairs = form_urlencoded::parse(asked.body.as_bytes());
        if let Some((_, value)) = pairs.find(|(name, _)| name == "assertion") {
            *seen.lock().unwrap() = value.into_owned();
        }
        answer(asked, echo, form)
    })
    .await;
    let client = server.client(CLIENT_SECRET, in_header);
    let authorization = client.authorize(PORT, None).unwrap();
    let redirected = Redirected { code: CODE.into() };
    let tokens = Tokens::new("access-token").with_refresh(REFRESH);
    let mut errors = vec![
        client.exchange(&authorization, &redirected).await.err(),
        client.refresh(&REFRESH.into()).await.err(),
        client.client_credentials().await.err(),
        client.revoke(&tokens).await.err(),
        by_device(&client).await.err(),
        service_account(&server).await.err(),
    ];
    let verifier = String::from_utf8(authorization.verifier.expose().to_vec()).unwrap();
    let assertion = assertion.lock().unwrap();
    assert!(!assertion.is_empty());
    for error in errors.iter().flatten() {
        assert_hidden(error, &[&verifier]);
    }
    // Other requests may have parts of it, such as an address.
    if let Some(Some(error)) = errors.last() {
        assert_hidden(error, &[&assertion]);
    }
    errors.drain(..).flatten().collect()
}

async fn by_device(client: &OAuthClient) -> Result<Tokens, OAuthError> {
    let login = client.device().await?;
    client.poll(&login).await
}

async fn service_account(server: &Scripted) -> Result<Tokens, OAuthError> {
    let json = json!({
        "client_email": "robot@here.example",
        "private_key": include_str!("../../../tests/fixtures/dkim/rsa-2048.pem"),
        "token_uri": format!("{}/token", server.url),
    });
    let robot = ServiceAccount::from_json(json.to_string().as_bytes())?;
    robot.subject(USER).tokens(&HttpClient::new()?).await
}

/// Of each secret and each of its forms, no twelve octets are shown.
fn assert_hidden(error: &OAuthError, secrets: &[&str]) {
    let first: &(dyn Error + 'static) = error;
    let chain = std::iter::successors(Some(first), |error| <dyn Error>::source(*error));
    let mut shown: Vec<_> = chain.map(|error| format!("{error}\n{error:?}")).collect();
    shown.extend(error.code().map(str::to_owned));
    let shown = shown.join("\n");
    for secret in secrets {
        let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        // The digits of base64 are others after one or two other octets.
        let digits = ["", "a", "ab"].map(|before| {
            let digits = STANDARD.encode([before, secret].concat());
            let first = 4 * before.len().min(1);
            digits.trim_end_matches('=').split_at(first).1.to_owned()
        });
        let [first, second, third] = &digits;
        for form in [*secret, &form, first, second, third] {
            for part in form.as_bytes().windows(12) {
                let part = str::from_utf8(part).unwrap();
                assert!(!shown.contains(part), "{part}: {shown}");
            }
        }
    }
}

#[tokio::test]
async fn requests_that_are_repeated() {
    let echoes = [
        Echo::Title,
        Echo::Code,
        Echo::Description,
        Echo::Json,
        Echo::Body,
        Echo::Scope,
    ];
    for echo in echoes {
        for form in FORMS {
            for in_header in [true, false] {
                let errors = errors(echo, form, in_header).await;
                // Some succeed when the answer has the status 200.
                assert!(errors.len() >= 4, "{echo:?}: {errors:?}");
                for error in &errors {
                    let device = "device-code_of&the<login>";
                    assert_hidden(error, &[CLIENT_SECRET, CODE, REFRESH, device]);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_redirect_that_repeats_the_login() {
    let server = Scripted::start(|_| (404, String::new())).await;
    let client = server.client(CLIENT_SECRET, false);
    let authorization = client.authorize(PORT, None).unwrap();
    let text = |secret: &crate::Secret| String::from_utf8(secret.expose().to_vec()).unwrap();
    let (state, verifier) = (text(&authorization.state), text(&authorization.verifier));
    let address = format!(
        "?state={state}&error=denied-{state}-{verifier}&error_description={verifier}+{state}"
    );
    let error = Redirected::parse(&address, &authorization).unwrap_err();
    assert_hidden(&error, &[&state, &verifier]);
}
