//! Submission servers that take the tokens.

use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::super::super::{Security, TestServer, TestServerBuilder};
use super::super::{AccessToken, TokenRefusal};
use super::*;

/// A session with a submission server, in clear text so that it can be read.
struct Session(BufReader<TcpStream>);

impl Session {
    async fn begin(submission: &TestServer) -> Self {
        let stream = TcpStream::connect(submission.addr()).await.unwrap();
        Self(BufReader::new(stream))
    }

    /// Sends a line, and returns the last line of the reply to it.
    async fn say(&mut self, line: &str) -> String {
        let line = format!("{line}\r\n");
        self.0.write_all(line.as_bytes()).await.unwrap();
        self.reply().await
    }

    async fn reply(&mut self) -> String {
        loop {
            let mut line = String::new();
            let read = self.0.read_line(&mut line);
            timeout(PATIENCE, read).await.unwrap().unwrap();
            if line.get(3..4) != Some("-") {
                return line.trim_end().to_owned();
            }
        }
    }
}

/// What a submission server replies to a token for Ada by this mechanism, challenges decoded.
async fn said(submission: TestServerBuilder, mechanism: &str, token: &str) -> Vec<String> {
    let submission = submission.security(Security::Cleartext);
    let submission = submission.start().await.unwrap();
    let (begin, dummy) = match mechanism {
        "XOAUTH2" => ("user=ada@here.example", ""),
        _ => ("n,a=ada@here.example,", "AQ=="),
    };
    let message = format!("{begin}\u{1}auth=Bearer {token}\u{1}\u{1}");
    let mut session = Session::begin(&submission).await;
    session.reply().await;
    session.say("EHLO a.example").await;
    // With the token the command would be too long (RFC 4954, section 4).
    assert_eq!(session.say(&format!("AUTH {mechanism}")).await, "334");
    let mut replies = vec![session.say(&STANDARD.encode(message)).await];
    let challenge = replies[0].strip_prefix("334 ");
    if let Some(challenge) = challenge.map(|text| STANDARD.decode(text).unwrap()) {
        replies[0] = String::from_utf8(challenge).unwrap();
        replies.push(session.say(dummy).await);
    }
    submission.shutdown().await.unwrap();
    replies
}

fn tokens_of(server: &AuthorizationServer) -> TestServerBuilder {
    TestServer::builder().tokens_of(server)
}

fn issued(server: &AuthorizationServer, token: &AccessToken) -> String {
    let token = server.issue(token).unwrap();
    String::from_utf8(token.expose().to_vec()).unwrap()
}

const WELCOME: &str = "235 2.7.0 Authentication succeeded";
const REFUSED: &str = "535 5.7.8 Authentication credentials invalid";

fn ada() -> AccessToken {
    AccessToken::of("ada@here.example")
}

#[tokio::test]
async fn a_token_logs_its_user_in() {
    let server = server().await;
    let by_login = logged_in(&server).await["access_token"].clone();
    let ordered = issued(&server, &ada());
    for token in [by_login.as_str().unwrap(), &ordered] {
        for mechanism in ["XOAUTH2", "OAUTHBEARER"] {
            assert_eq!(said(tokens_of(&server), mechanism, token).await, [WELCOME]);
        }
    }
}

#[tokio::test]
async fn a_client_that_acts_by_itself_acts_for_each_user_of_the_server() {
    let server = builder()
        .confidential_client("service", "pw")
        .start()
        .await
        .unwrap();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "service"),
        ("client_secret", "pw"),
        ("scope", "https://mail.example/.default"),
    ];
    let answer = token(&server, &form).await.json();
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(said(tokens_of(&server), "XOAUTH2", token).await, [WELCOME]);
    assert!(server.authority.check(token, "eve@here.example").is_err());
}

#[tokio::test]
async fn a_token_is_refused_for_its_reason() {
    let server = server().await;
    let other = builder().start().await.unwrap();
    let mut changed = issued(&server, &ada());
    changed.replace_range(changed.len() - 9.., "AAAAAAAAA");
    for (token, rfc_status, google_status) in [
        (issued(&server, &ada().expired()), "invalid_token", "400"),
        (
            issued(&server, &ada().audience("web")),
            "invalid_token",
            "401",
        ),
        (
            issued(&server, &ada().scope("openid")),
            "insufficient_scope",
            "401",
        ),
        (
            issued(&server, &AccessToken::of("bob@here.example")),
            "invalid_token",
            "401",
        ),
        (issued(&other, &ada()), "invalid_token", "400"),
        (changed, "invalid_token", "400"),
        ("swordfish".to_owned(), "invalid_token", "400"),
    ] {
        for mechanism in ["XOAUTH2", "OAUTHBEARER"] {
            let challenge =
                format!(r#"{{"schemes":"bearer","scope":"mail.send","status":"{rfc_status}"}}"#);
            let said_by_default = said(tokens_of(&server), mechanism, &token).await;
            assert_eq!(said_by_default, [&challenge, REFUSED]);
        }
        let as_google = tokens_of(&server).token_refusal(TokenRefusal::Google);
        let challenge =
            format!(r#"{{"schemes":"Bearer","scope":"mail.send","status":"{google_status}"}}"#);
        assert_eq!(
            said(as_google, "XOAUTH2", &token).await,
            [&challenge, REFUSED]
        );
        let as_microsoft = tokens_of(&server).token_refusal(TokenRefusal::Microsoft);
        assert_eq!(
            said(as_microsoft, "XOAUTH2", &token).await,
            ["535 5.7.3 Authentication unsuccessful"]
        );
    }
}

#[tokio::test]
async fn revoked_access_tokens_can_be_replaced() {
    let server = server().await;
    let tokens = logged_in(&server).await;
    server.revoke_access_tokens();
    let old = tokens["access_token"].as_str().unwrap();
    assert_eq!(
        said(tokens_of(&server), "XOAUTH2", old)
            .await
            .last()
            .unwrap(),
        REFUSED
    );
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let new = token(&server, &for_refresh(refresh)).await.json();
    let new = new["access_token"].as_str().unwrap();
    assert_eq!(said(tokens_of(&server), "XOAUTH2", new).await, [WELCOME]);
}

#[tokio::test]
async fn tokens_without_a_lifetime_have_expired() {
    let server = builder()
        .access_token_lifetime(Duration::ZERO)
        .start()
        .await
        .unwrap();
    let tokens = logged_in(&server).await;
    assert_eq!(tokens["expires_in"], 0);
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(
        said(tokens_of(&server), "OAUTHBEARER", token)
            .await
            .last()
            .unwrap(),
        REFUSED
    );
}

#[tokio::test]
async fn both_mechanisms_are_offered_unless_one_is_named() {
    let server = server().await;
    for (submission, offered) in [
        (tokens_of(&server), "AUTH PLAIN LOGIN OAUTHBEARER XOAUTH2"),
        (
            tokens_of(&server).mechanism("XOAUTH2"),
            "AUTH PLAIN LOGIN XOAUTH2",
        ),
        (
            tokens_of(&server).without("AUTH PLAIN"),
            "AUTH LOGIN OAUTHBEARER XOAUTH2",
        ),
    ] {
        let submission = submission.security(Security::Cleartext);
        let submission = submission.start().await.unwrap();
        let mut session = Session::begin(&submission).await;
        session.reply().await;
        assert_eq!(
            session.say("EHLO a.example").await,
            format!("250 {offered}")
        );
    }
}
