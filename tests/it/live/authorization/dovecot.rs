//! Dovecot, behind Postfix, checks the access tokens by itself: it has the public key of the
//! authorization server, and asks nobody.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use pilotfish::Secret;
use pilotfish::testing::{AccessToken, AuthorizationServer};

use super::super::live_env::{self, address, assert_never_submitted, assert_once, fetch};
use super::super::mail::{Mail, Run};

/// An authorization server whose key Dovecot knows.
async fn provider() -> AuthorizationServer {
    let provider = AuthorizationServer::builder().start().await.unwrap();
    knows(&provider);
    provider
}

/// Gives Dovecot the key of this server.
pub(super) fn knows(provider: &AuthorizationServer) {
    // Tokens without an `azp` are of the client `default`.
    let folder = Path::new(live_env::file("keys")).join("default/ES256");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(provider.key_id());
    fs::write(file, provider.public_key_pem()).unwrap();
}

/// A mail to bob, and what comes of sending it with this token and mechanism.
pub(super) fn sent_with(token: &Secret, mechanism: &str) -> (Mail, Run) {
    let mail = Mail::over("submission").to("bob").text("Hi");
    let file = mail.file("token");
    fs::write(&file, token.expose()).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let mail = mail.without_login().arguments([
        "--user",
        &address("ann"),
        "--token-file",
        file.to_str().unwrap(),
        "--auth",
        mechanism,
        "--transcript",
    ]);
    let run = mail.send();
    let token = str::from_utf8(token.expose()).unwrap();
    assert!(!run.stderr.contains(token), "a token in {run:?}");
    (mail, run)
}

#[tokio::test]
#[ignore = "needs the real servers: tests/run starts them"]
async fn both_mechanisms_log_in_with_a_token() {
    let provider = provider().await;
    let token = provider.issue(&AccessToken::of(address("ann"))).unwrap();
    for mechanism in ["oauthbearer", "xoauth2"] {
        let (mail, run) = sent_with(&token, mechanism);
        let queued = run.accepted();
        let said = format!("~> AUTH {}", mechanism.to_uppercase());
        assert!(run.stderr.contains(&said), "{run:?}");
        assert_once(&fetch("bob", &mail.id), queued);
    }
}

#[tokio::test]
#[ignore = "needs the real servers: tests/run starts them"]
async fn a_token_that_is_not_valid_is_refused() {
    let provider = provider().await;
    let stranger = AuthorizationServer::builder().start().await.unwrap();
    let ann = || AccessToken::of(address("ann"));
    for (what, token) in [
        ("expired", provider.issue(&ann().expired())),
        ("of another key", stranger.issue(&ann())),
        ("for something else", provider.issue(&ann().scope("openid"))),
        (
            "of another user",
            provider.issue(&AccessToken::of(address("bob"))),
        ),
    ] {
        for mechanism in ["oauthbearer", "xoauth2"] {
            let (mail, run) = sent_with(token.as_ref().unwrap(), mechanism);
            run.failed(77);
            let cause = format!("refused the login of {} by AUTH", address("ann"));
            assert!(run.stderr.contains(&cause), "a token {what}: {run:?}");
            assert_never_submitted("bob", &mail.id);
        }
    }
}
