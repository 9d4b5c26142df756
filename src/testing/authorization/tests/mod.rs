//! The server over sockets, with a client that knows HTTP as far as it is written here.

mod authorize;
mod device;
mod faults;
mod grants;
mod submission;
mod tls;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::form::{Form, encode, with_query};
use super::{AuthorizationServer, AuthorizationServerBuilder, Endpoint};

/// The longest that an answer may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A client's address, without a listener.
const REDIRECT: &str = "http://127.0.0.1:49152/back";

/// Two users and a public client.
fn builder() -> AuthorizationServerBuilder {
    AuthorizationServer::builder()
        .user("ada@here.example")
        .user("bob@here.example")
        .client("mailer")
}

async fn server() -> AuthorizationServer {
    builder().start().await.unwrap()
}

/// The address of a login, with these fields in place of the usual ones; an empty one is left out.
fn login(server: &AuthorizationServer, other: &[(&str, &str)]) -> String {
    let usual = [
        ("response_type", "code"),
        ("client_id", "mailer"),
        ("redirect_uri", REDIRECT),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "a state & more"),
    ];
    let replaced = |name: &str| other.iter().any(|(own, _)| *own == name);
    let usual = usual.iter().filter(|(name, _)| !replaced(name));
    let fields = usual.chain(other).filter(|(_, value)| !value.is_empty());
    let fields: Vec<_> = fields.copied().collect();
    with_query(&server.url(Endpoint::Authorization), &fields)
}

/// An answer.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}", self.body))
    }

    fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    /// Where it redirects to, and the query there.
    fn redirect(&self) -> (&str, Form) {
        assert_eq!(self.status, 302, "{}", self.body);
        let location = self.field("Location").unwrap();
        let (address, query) = location.split_once('?').unwrap_or((location, ""));
        (address, Form::parse(query))
    }

    /// The status and the error, such as `400 invalid_grant`.
    fn error(&self) -> String {
        format!("{} {}", self.status, self.json()["error"].as_str().unwrap())
    }
}

/// Sends these octets and reads to the end of the connection.
async fn exchange(server: &AuthorizationServer, request: &str) -> String {
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    timeout(PATIENCE, read).await.unwrap().unwrap();
    answer
}

async fn get(server: &AuthorizationServer, url: &str) -> Answer {
    let target = url.strip_prefix(server.issuer()).unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    Answer::parse(&exchange(server, &request).await)
}

/// What a client or a browser sends as a form.
fn form_request(target: &str, more: &str, form: &[(&str, &str)]) -> String {
    let form: Vec<_> = form
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    let form = form.join("&");
    format!(
        "POST {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{more}\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
}

async fn post(server: &AuthorizationServer, endpoint: Endpoint, form: &[(&str, &str)]) -> Answer {
    let request = form_request(endpoint.path(), "", form);
    Answer::parse(&exchange(server, &request).await)
}

async fn token(server: &AuthorizationServer, form: &[(&str, &str)]) -> Answer {
    post(server, Endpoint::Token, form).await
}

/// Presses the button of this user, and returns the code in the redirect.
async fn code(server: &AuthorizationServer, other: &[(&str, &str)], user: &str) -> String {
    let url = login(server, other);
    let target = url.strip_prefix(server.issuer()).unwrap();
    let request = form_request(target, "", &[("user", user)]);
    let answer = Answer::parse(&exchange(server, &request).await);
    let (address, query) = answer.redirect();
    assert_eq!(address, REDIRECT);
    query.text("code").to_owned()
}

/// The form that exchanges a code.
fn for_code(code: &str) -> [(&'static str, &str); 5] {
    [
        ("grant_type", "authorization_code"),
        ("client_id", "mailer"),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
        ("code", code),
    ]
}

/// The form that uses a refresh token.
fn for_refresh(token: &str) -> [(&'static str, &str); 3] {
    [
        ("grant_type", "refresh_token"),
        ("client_id", "mailer"),
        ("refresh_token", token),
    ]
}

/// Logs Ada in, and returns the answer with her tokens.
async fn logged_in(server: &AuthorizationServer) -> Value {
    let code = code(server, &[], "ada@here.example").await;
    let answer = token(server, &for_code(&code)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// The claims of a token, unchecked.
fn claims(token: &Value) -> Value {
    let claims = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

/// A client on the loopback interface that answers one request with this page. Returns its address.
async fn client_page(page: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // The request is one line and two fields, and arrives at once.
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        let answer = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{page}");
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    address
}
