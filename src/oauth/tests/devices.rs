//! What servers answer to a login on another device.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use super::scripted::Scripted;
use crate::oauth::OAuthErrorKind as Kind;

const TOKEN: &str = r#"{"access_token":"a","token_type":"Bearer","expires_in":"3600"}"#;

fn begun(member: (&str, &str)) -> String {
    let mut answer = serde_json::json!({
        "device_code": "device-code", "user_code": "ABCD-EFGH", "expires_in": 600,
        "verification_uri": "https://id.example.org/device", "interval": 5,
    });
    if !member.0.is_empty() {
        answer[member.0] = serde_json::from_str(member.1).unwrap();
    }
    answer.to_string()
}

/// A member of the answer that begins the login, and whether it can be used.
#[tokio::test]
async fn answers_that_begin_a_login() {
    let long = format!("\"{}\"", "A".repeat(300));
    for (member, expected) in [
        (("", ""), None),
        (("user_code", "\"WDJB MJHT\""), None),
        (("user_code", &long), Some("a code that cannot be typed")),
        (
            ("user_code", r#""AB\u001b[2JCD""#),
            Some("a code that cannot be typed"),
        ),
        (
            ("user_code", r#""AB\u202eCD""#),
            Some("a code that cannot be typed"),
        ),
        (("user_code", "\"\""), Some("a code that cannot be typed")),
        (
            ("verification_uri", "\"http://me:hunter2@id.example.org/\""),
            Some("an address that"),
        ),
        (
            ("verification_uri_complete", "\"ftp://id.example.org/\""),
            None,
        ),
        (("expires_in", "\"600\""), None),
        (("interval", "\"5\""), None),
    ] {
        let answer = begun(member);
        let server = Scripted::start(move |_| (200, answer.clone())).await;
        let login = server.client("client-secret", false).device().await;
        match (login, expected) {
            (Ok(login), None) => {
                assert_eq!(login.expires_in(), Duration::from_mins(10), "{member:?}");
                assert_eq!(login.complete_uri(), None, "{member:?}");
            }
            (Err(error), Some(words)) => {
                assert_eq!(error.kind(), Kind::NotOAuth, "{member:?}: {error}");
                let text = format!("{error} {error:?}");
                assert!(text.contains(words) && !text.contains("hunter2"), "{text}");
            }
            (login, _) => panic!("{member:?}: {login:?}"),
        }
    }
}

/// The life of a token begins with the request that it answers, not with the first one.
#[tokio::test(start_paused = true)]
async fn the_life_of_a_token() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    static PENDING: Mutex<Option<SystemTime>> = Mutex::new(None);
    let server = Scripted::start(|asked| {
        if asked.path == "/device" {
            return (200, begun(("", "")));
        }
        if ASKED.fetch_add(1, Ordering::Relaxed) == 0 {
            *PENDING.lock().unwrap() = Some(SystemTime::now());
            return (400, r#"{"error":"authorization_pending"}"#.to_owned());
        }
        (200, TOKEN.to_owned())
    })
    .await;
    let client = server.client("client-secret", false);
    let login = client.device().await.unwrap();
    let tokens = client.poll(&login).await.unwrap();
    let pending = PENDING.lock().unwrap().unwrap();
    assert!(tokens.expires().unwrap() > pending + Duration::from_hours(1));
}

/// The pauses that a server allows, and how long the client waits before its second request.
#[tokio::test(start_paused = true)]
async fn pauses_between_requests() {
    for (interval, expected) in [("0", 1), ("1", 1), ("7", 7), ("\"7\"", 7)] {
        let answer = begun(("interval", interval));
        let asked = AtomicUsize::new(0);
        let server = Scripted::start(move |request| {
            if request.path == "/device" {
                return (200, answer.clone());
            }
            if asked.fetch_add(1, Ordering::Relaxed) == 0 {
                return (400, r#"{"error":"authorization_pending"}"#.to_owned());
            }
            (200, TOKEN.to_owned())
        })
        .await;
        let client = server.client("client-secret", false);
        let login = client.device().await.unwrap();
        let began = tokio::time::Instant::now();
        client.poll(&login).await.unwrap();
        assert_eq!(began.elapsed().as_secs(), expected, "{interval}");
    }
}

/// A pause without end, which the server makes longer, lets the code expire. So does a caller that polls late.
#[tokio::test(start_paused = true)]
async fn a_code_expires() {
    for (interval, late) in [("18446744073709551615", 0), ("5", 601)] {
        let answer = begun(("interval", interval));
        let server = Scripted::start(move |asked| match asked.path.as_str() {
            "/device" => (200, answer.clone()),
            _ => (400, r#"{"error":"slow_down"}"#.to_owned()),
        })
        .await;
        let client = server.client("client-secret", false);
        let login = client.device().await.unwrap();
        tokio::time::advance(Duration::from_secs(late)).await;
        let began = tokio::time::Instant::now();
        let error = client.poll(&login).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Expired, "{error}");
        assert!(began.elapsed() <= Duration::from_secs(601), "{interval}");
    }
}
