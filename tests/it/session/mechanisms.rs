//! Every mechanism, against a server that shares no code with the client (RFC 4954).

mod oauth;
mod refusals;
mod renewal;
mod scram;

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pilotfish::protocol::Mechanism;
use pilotfish::testing::Fault::ReplyAt;
use pilotfish::testing::Point::Auth;
use pilotfish::testing::{self, TestServerBuilder};
use pilotfish::transport::TlsConfig;
use pilotfish::{Credentials, Error, Result, ServerConfig};

use crate::support::client::{ACCOUNT, error_summary, play_script};
use crate::support::delivery::Delivery;
use crate::support::events::Capture;
use crate::support::script::Script;

const USER: &str = "tim@client.example";
const SECRET: &str = "tanstaaf-tanstaaf-7Qx";

/// A server that offers every mechanism.
fn everything(secret: &str) -> TestServerBuilder {
    let builder = testing::TestServer::builder().user(USER, secret);
    Mechanism::PREFERENCE
        .into_iter()
        .fold(builder, |builder, mechanism| {
            builder.mechanism(mechanism.name())
        })
}

/// A password, a token or neither, depending on the mechanism.
fn credentials(mechanism: Mechanism, secret: &str) -> Credentials {
    match mechanism {
        Mechanism::XOAuth2 | Mechanism::OAuthBearer => Credentials::token(USER, secret),
        Mechanism::External => Credentials::external(""),
        _ => Credentials::new(USER, secret),
    }
    .unwrap()
}

/// Logs in and quits.
async fn log_in(
    server: &testing::TestServer,
    mechanisms: &[Mechanism],
    credentials: Credentials,
) -> Result<()> {
    let tls = TlsConfig::builder().ca_pem(server.ca_pem()).build()?;
    let builder = ServerConfig::builder("localhost")
        .port(server.addr().port())
        .tls(tls)
        .mechanisms(mechanisms.to_vec())
        .credentials(credentials);
    builder.build()?.connect().await?.quit().await;
    Ok(())
}

fn commands(capture: &Capture) -> Vec<String> {
    let dialogue = capture.dialogue().into_iter();
    let auth = dialogue.filter_map(|line| Some(line.strip_prefix("C: AUTH ")?.to_owned()));
    auth.map(|line| line.split(' ').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn each_logs_in() {
    for mechanism in Mechanism::PREFERENCE {
        let server = everything(SECRET).start().await.unwrap();
        let credentials = credentials(mechanism, SECRET);
        let outcome = log_in(&server, &[mechanism], credentials).await;
        assert!(outcome.is_ok(), "{mechanism}: {outcome:?}");
        server.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn each_reports_a_wrong_secret() {
    let takes_a_secret = |mechanism: &Mechanism| *mechanism != Mechanism::External;
    for mechanism in Mechanism::PREFERENCE.into_iter().filter(takes_a_secret) {
        let capture = Capture::begin();
        let server = everything(SECRET).start().await.unwrap();
        let wrong = credentials(mechanism, "swordfish-swordfish");
        // The client sends a wrong password once, whatever other mechanisms there are.
        let mechanisms = [&[mechanism][..], &Mechanism::PREFERENCE].concat();
        let error = log_in(&server, &mechanisms, wrong).await.unwrap_err();
        assert_eq!(
            error_summary(&error),
            "Auth at Auth, NotAccepted, permanent: 535 5.7.8 Authentication credentials invalid"
        );
        assert_eq!(commands(&capture), [mechanism.name()]);
        server.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn the_strongest_comes_first() {
    for (credentials, expected) in [
        (credentials(Mechanism::Plain, SECRET), "SCRAM-SHA-256-PLUS"),
        (credentials(Mechanism::XOAuth2, SECRET), "OAUTHBEARER"),
        (credentials(Mechanism::External, SECRET), "EXTERNAL"),
    ] {
        let capture = Capture::begin();
        let server = everything(SECRET).start().await.unwrap();
        log_in(&server, &Mechanism::PREFERENCE, credentials)
            .await
            .unwrap();
        assert_eq!(commands(&capture), [expected]);
        server.shutdown().await.unwrap();
    }
}

/// A login at a server that offers `auth`, in every delivery.
async fn login(auth: &str, credentials: &Credentials, transcript: &str, outcome: &str) {
    let script = Script::inline(&format!(
        "-- tls server.example --
         S: 220 server.example ESMTP
         C: EHLO client.example
         S: 250-server.example
         S: 250 AUTH {auth}
         {transcript}
         C: QUIT
         S: 221 bye"
    ));
    for delivery in Delivery::ALL {
        let (result, _) = play_script(&script, delivery, async |stream| {
            let secured = ACCOUNT.secure_465(stream).await.unwrap();
            match secured.authenticate(credentials).await {
                Ok(session) => {
                    session.quit().await;
                    "logged in".to_owned()
                }
                Err(error) => error.to_string(),
            }
        })
        .await;
        assert!(result.starts_with(outcome), "{delivery:?}: {result}");
    }
}

#[tokio::test(start_paused = true)]
async fn cram_md5_of_rfc_2195() {
    let credentials = Credentials::new("tim", "tanstaaftanstaaf").unwrap();
    let transcript = "
        C: AUTH CRAM-MD5
        S: 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
        C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
        S: 235 ok";
    login("CRAM-MD5", &credentials, transcript, "logged in").await;
}

#[tokio::test(start_paused = true)]
async fn external() {
    for (user, response) in [("", "="), ("tim", "dGlt")] {
        let transcript = format!("C: AUTH EXTERNAL {response}\nS: 235 ok");
        let credentials = Credentials::external(user).unwrap();
        login("PLAIN EXTERNAL", &credentials, &transcript, "logged in").await;
    }
}

/// The exchange of Google's documentation, and its rejection.
#[tokio::test(start_paused = true)]
async fn xoauth2() {
    let token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg";
    let credentials = Credentials::token("someuser@example.com", token).unwrap();
    let command = "C: AUTH XOAUTH2 dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZG\
                   OWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==";
    let accepted = format!("{command}\nS: 235 2.7.0 Accepted");
    login("LOGIN PLAIN XOAUTH2", &credentials, &accepted, "logged in").await;

    let refusal = r#"{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}"#;
    let refusal = STANDARD.encode(refusal);
    let refused = format!("{command}\nS: 334 {refusal}\nC: \nS: 535-5.7.8 no\nS: 535 5.7.8 no");
    let outcome = "the server refused the login of someuser@example.com by AUTH XOAUTH2 \
                   (status 400, scope https://mail.google.com/, schemes Bearer)";
    login("LOGIN PLAIN XOAUTH2", &credentials, &refused, outcome).await;
}

/// A token of 2 kB does not fit into a command. The client acknowledges the rejection with `AQ==`.
#[tokio::test(start_paused = true)]
async fn oauthbearer_with_a_long_token() {
    let token = "t".repeat(2_500);
    let credentials = Credentials::token(USER, token.as_str()).unwrap();
    let response = STANDARD.encode(format!("n,a={USER},\u{1}auth=Bearer {token}\u{1}\u{1}"));
    let begin = format!("C: AUTH OAUTHBEARER\nS: 334 \nC: {response}\n");
    let auth = "XOAUTH2 OAUTHBEARER PLAIN";
    login(
        auth,
        &credentials,
        &format!("{begin}S: 235 ok"),
        "logged in",
    )
    .await;
    let refusal = STANDARD.encode(r#"{"status":"invalid_token","scope":"a b"}"#);
    let refused = format!("{begin}S: 334 {refusal}\nC: AQ==\nS: 535 5.7.1 no");
    let outcome = "the server refused the login of tim@client.example by AUTH OAUTHBEARER \
                   (status invalid_token, scope a b)";
    login(auth, &credentials, &refused, outcome).await;
}

/// No output contains the secret in any form, whatever the server repeats.
#[tokio::test]
async fn no_mechanism_shows_the_secret() {
    for (mechanism, forms, shown) in all_that_is_shown(SECRET).await {
        for form in &forms {
            for part in form.as_bytes().windows(10) {
                let part = str::from_utf8(part).unwrap();
                assert!(!shown.contains(part), "{mechanism}: {part} in {shown}");
            }
        }
    }
}

/// The same for a random secret, which the failure of this test does not show either.
#[tokio::test]
async fn random_secrets_are_shown_nowhere() {
    let mut octets = [0; 20];
    getrandom::fill(&mut octets).unwrap();
    // Printable characters, each as likely as another to be one that base64 or percent encoding
    // changes.
    let random = octets.iter().map(|octet| char::from(b'!' + octet % 94));
    // A text that begins with a brace or a quote is JSON, and not a token.
    let secret: String = ['t'].into_iter().chain(random).collect();
    for (mechanism, forms, shown) in all_that_is_shown(&secret).await {
        for (number, form) in forms.iter().enumerate() {
            let at = shown.find(form.as_str());
            let length = form.len();
            assert_eq!(
                at, None,
                "{mechanism}: form {number} of {length} characters"
            );
        }
    }
}

/// All events, results, errors and values of logins with this secret, by each mechanism, accepted
/// and rejected with each form of the secret in the reply; and these forms.
async fn all_that_is_shown(secret: &str) -> Vec<(Mechanism, Vec<String>, String)> {
    let with_secret = |mechanism: &Mechanism| *mechanism != Mechanism::External;
    let forms = forms(secret);
    // Unchanged, in Debug text, and in Debug text of a text that was escaped before.
    let escaped = |form: &String| form.escape_debug().to_string();
    let once: Vec<_> = forms.iter().map(escaped).collect();
    let twice: Vec<_> = once.iter().map(escaped).collect();
    let searched = [forms.clone(), once, twice].concat();
    let mut all = Vec::new();
    for mechanism in Mechanism::PREFERENCE.into_iter().filter(with_secret) {
        let mut said = vec!["235 2.7.0 ok".to_owned()];
        said.extend(
            forms
                .iter()
                .map(|form| format!("535 5.7.8 no: {form} is wrong")),
        );
        for said in said {
            let capture = Capture::begin();
            let server = everything(secret)
                .fault(ReplyAt(Auth, said))
                .start()
                .await
                .unwrap();
            let credentials = credentials(mechanism, secret);
            let values = format!("{credentials:?} {credentials:#?}");
            let outcome = log_in(&server, &[mechanism], credentials).await;
            let mut shown = format!("{:?} {outcome:?} {values}", capture.all());
            if let Err(error) = &outcome {
                shown.push_str(&causes(error));
            }
            all.push((mechanism, searched.clone(), shown));
        }
    }
    all
}

fn causes(error: &Error) -> String {
    let mut shown = String::new();
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        write!(shown, "{error} {error:?} {error:#?}").unwrap();
        cause = error.source();
    }
    shown
}

/// Unchanged, in base64 after zero, one and two octets, and in percent encoding.
fn forms(secret: &str) -> Vec<String> {
    let whole = |digits: String, before: usize| digits[before..digits.len() - 4].to_owned();
    vec![
        secret.to_owned(),
        whole(STANDARD.encode(secret), 0),
        whole(STANDARD.encode(format!("x{secret}")), 2),
        whole(STANDARD.encode(format!("xy{secret}")), 3),
        percent(secret),
    ]
}

/// RFC 3986 section 2.1, for all octets but the unreserved ones.
fn percent(secret: &str) -> String {
    let mut form = String::new();
    for octet in secret.bytes() {
        match octet {
            b'.' | b'_' | b'~' => form.push(octet.into()),
            _ if octet.is_ascii_alphanumeric() => form.push(octet.into()),
            _ => write!(form, "%{octet:02X}").unwrap(),
        }
    }
    form
}

#[tokio::test]
async fn a_provider_is_asked_for_each_session() {
    let server = everything(SECRET).start().await.unwrap();
    let tls = TlsConfig::builder().ca_pem(server.ca_pem());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let client = ServerConfig::builder("localhost")
        .port(server.addr().port())
        .tls(tls.build().unwrap())
        .credentials(move || {
            let count = count.fetch_add(1, Ordering::Relaxed);
            async move {
                match count {
                    2 => Err("the key ring is locked".into()),
                    _ => Credentials::token(USER, SECRET)
                        .map_err(Box::<dyn std::error::Error + Send + Sync>::from),
                }
            }
        })
        .build()
        .unwrap();
    for _ in 0..2 {
        client.connect().await.unwrap().quit().await;
    }
    let error = client.connect().await.map(drop).unwrap_err();
    assert_eq!(
        error_summary(&error),
        "Auth at Auth, NotAccepted, permanent: no reply"
    );
    assert!(causes(&error).contains("the key ring is locked"));
    assert_eq!(asked.load(Ordering::Relaxed), 3);
    server.shutdown().await.unwrap();
}
