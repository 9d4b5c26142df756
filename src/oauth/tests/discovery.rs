//! What servers publish about themselves, and redirects that are not theirs.

use std::time::Duration;

use super::scripted::{Asked, Scripted};
use super::{PORT, USER, builder};
use crate::oauth::{
    HttpClient, Loopback, OAuthClient, OAuthErrorKind as Kind, Provider, Redirected,
};
use crate::testing::{Endpoint, EndpointFault};

/// The server with this issuer, and what else it publishes.
fn metadata(more: &str) -> String {
    format!(
        r#"{{"issuer":"ISSUER","authorization_endpoint":"ISSUER/a","token_endpoint":"ISSUER/t"{more}}}"#
    )
}

/// The same text, with the address of the server in it.
fn at_home(text: &str, asked: &Asked) -> String {
    let mut lines = asked.header.lines();
    let host = lines.find_map(|line| line.strip_prefix("host: ")).unwrap();
    text.replace("ISSUER", &format!("http://{host}/realm"))
}

/// A status and a body.
type Answer = (u16, String);

/// What the client finds: whether there is a device flow and a revocation, or the kind and the words of an
/// error.
type Expected = Result<(bool, bool), (Kind, &'static str)>;

/// The answers at both addresses, and what the client finds.
fn answers() -> Vec<(Answer, Answer, Expected)> {
    let page = "<html>Welcome</html>";
    let whole = metadata("");
    let other = metadata("").replace("ISSUER", "https://other.example.org");
    let slash = metadata("").replace(r#""ISSUER""#, r#""ISSUER/""#);
    let tenant = metadata("").replace(
        r#""ISSUER""#,
        r#""https://login.example.org/{tenantid}/v2.0""#,
    );
    let both = r#","device_authorization_endpoint":"ISSUER/d","revocation_endpoint":"ISSUER/r""#;
    let with_password = r#","device_authorization_endpoint":"https://me:hunter2@id.example.org/d","revocation_endpoint":7"#;
    let clear = r#","device_authorization_endpoint":"http://id.example.org/d","token_endpoint_auth_methods_supported":"none""#;
    let login = metadata("").replace("ISSUER/t", "https://me:hunter2@id.example.org/t");
    let unusable: Expected = Err((
        Kind::NotOAuth,
        "oauth-authorization-server/realm is not valid",
    ));
    let another: Expected = Err((Kind::NotOAuth, "another issuer"));
    vec![
        (
            (200, whole.clone()),
            (404, String::new()),
            Ok((false, false)),
        ),
        (
            (404, String::new()),
            (200, whole.clone()),
            Ok((false, false)),
        ),
        (
            (200, page.to_owned()),
            (200, whole.clone()),
            Ok((false, false)),
        ),
        (
            (200, "{}".to_owned()),
            (200, whole.clone()),
            Ok((false, false)),
        ),
        (
            (200, other.clone()),
            (200, whole.clone()),
            Ok((false, false)),
        ),
        (
            (503, String::new()),
            (200, whole.clone()),
            Ok((false, false)),
        ),
        (
            (200, metadata(both)),
            (404, String::new()),
            Ok((true, true)),
        ),
        (
            (200, metadata(with_password)),
            (404, String::new()),
            Ok((false, false)),
        ),
        (
            (200, metadata(clear)),
            (404, String::new()),
            Ok((false, false)),
        ),
        ((200, page.to_owned()), (404, page.to_owned()), unusable),
        ((200, page.to_owned()), (200, other.clone()), unusable),
        ((200, other), (404, String::new()), another),
        ((200, slash), (404, String::new()), another),
        (
            (404, String::new()),
            (200, tenant),
            Err((Kind::NotOAuth, "name the tenant")),
        ),
        (
            (200, login),
            (404, String::new()),
            Err((Kind::Config, "leave the user")),
        ),
        (
            (404, String::new()),
            (410, String::new()),
            Err((Kind::NotOAuth, "HTTP status 404")),
        ),
        (
            (503, String::new()),
            (404, String::new()),
            Err((
                Kind::Unavailable,
                "cannot answer now (HTTP status 503): try again",
            )),
        ),
    ]
}

#[tokio::test]
async fn answers_at_the_well_known_addresses() {
    for (first, second, expected) in answers() {
        let label = format!("{first:?} {second:?}");
        let is_transient = first.0 == 503;
        let server = Scripted::start(move |asked| {
            let (status, text) = match asked.path.as_str() {
                "/.well-known/oauth-authorization-server/realm" => &first,
                "/realm/.well-known/openid-configuration" => &second,
                path => panic!("{path}"),
            };
            (*status, at_home(text, asked))
        })
        .await;
        let issuer = format!("{}/realm", server.url);
        let found = Provider::discover(&issuer, &HttpClient::new().unwrap()).await;
        match (found, expected) {
            (Ok(found), Ok(expected)) => {
                let has = (found.has_device_flow(), found.can_revoke());
                assert_eq!(has, expected, "{label}");
            }
            (Err(error), Err((kind, words))) => {
                assert_eq!(error.kind(), kind, "{label}: {error}");
                assert!(error.to_string().contains(words), "{label}: {error}");
                assert_eq!(error.is_transient(), is_transient, "{label}");
                assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
            }
            (found, _) => panic!("{label}: {found:?}"),
        }
    }
}

/// Whether the server says that redirects name it, what a redirect names, and whether it is accepted
/// (RFC 9207 section 2.4).
#[test]
fn the_issuer_of_a_redirect() {
    let http = HttpClient::new().unwrap();
    for (issuer, names_issuer, query, accepted) in [
        (
            Some("https://id.example.org"),
            true,
            "&iss=https%3A%2F%2Fid.example.org",
            true,
        ),
        (
            Some("https://id.example.org"),
            true,
            "&iss=https%3A%2F%2Fid.example.org%2F",
            false,
        ),
        (Some("https://id.example.org"), true, "", false),
        (Some("https://id.example.org"), false, "", true),
        (
            Some("https://id.example.org"),
            false,
            "&iss=https%3A%2F%2Fevil.example.org",
            false,
        ),
        (Some("https://id.example.org"), false, "&iss=", false),
        (None, false, "&iss=https%3A%2F%2Fid.example.org", true),
    ] {
        let mut provider =
            Provider::new("https://id.example.org/a", "https://id.example.org/t").unwrap();
        provider.issuer = issuer.map(str::to_owned);
        provider.names_issuer = names_issuer;
        let client = OAuthClient::new(provider, "mailer", http.clone()).unwrap();
        let authorization = client.authorize(PORT, None).unwrap();
        let state = str::from_utf8(authorization.state.expose()).unwrap();
        for outcome in ["code=a", "error=access_denied"] {
            let address = format!("?{outcome}&state={state}{query}");
            let kind = Redirected::parse(&address, &authorization)
                .err()
                .map(|error| error.kind());
            let expected = match (accepted, outcome) {
                (false, _) => Some(Kind::Issuer),
                (true, "code=a") => None,
                (true, _) => Some(Kind::AccessDenied),
            };
            assert_eq!(kind, expected, "{issuer:?} {names_issuer} {address}");
        }
    }
}

/// The login ends, and the code is not sent.
#[tokio::test]
async fn a_redirect_of_another_server() {
    let server = builder().start().await.unwrap();
    let http = HttpClient::new().unwrap();
    let provider = Provider::discover(server.issuer(), &http).await.unwrap();
    let provider = provider.scope("mail.send").unwrap();
    let client = OAuthClient::new(provider, "mailer", http).unwrap();
    let listener = Loopback::bind().await.unwrap();
    let authorization = client.authorize(listener.port(), None).unwrap();
    server.fault(Endpoint::Authorization, EndpointFault::WrongIssuer);
    let (tokens, page) = tokio::join!(
        listener.log_in(&client, &authorization, USER, Duration::from_mins(1)),
        server.log_in(authorization.url(), USER)
    );
    let error = tokens.unwrap_err();
    assert_eq!(error.kind(), Kind::Issuer, "{error}");
    assert!(page.unwrap().text.contains("another server"));
    assert_eq!(server.requests(Endpoint::Token), 0);
}
