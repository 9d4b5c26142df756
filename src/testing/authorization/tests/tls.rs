//! The server with TLS, and a client that somebody else wrote: `http.client` of Python.

use std::process::Command;

use super::*;

const SCRIPT: &str = r#"
import http.client, json, ssl, sys
port, ca = int(sys.argv[1]), sys.argv[2]
context = ssl.create_default_context(cafile=ca)
connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
for path in ["/.well-known/oauth-authorization-server", "/jwks"]:
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    print(json.load(answer).get("issuer"))
"#;

#[tokio::test]
async fn python_trusts_the_certificate_and_sends_two_requests() {
    let server = builder().https().start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    std::fs::write(&ca, server.ca_pem().unwrap()).unwrap();
    let port = server.addr().port().to_string();
    let run = move || {
        let mut python = Command::new("python3");
        python.args(["-c", SCRIPT, &port]).arg(&ca).output()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let output = output.expect("this test needs python3");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(shown, format!("{}\nNone\n", server.issuer()));
    assert!(server.issuer().starts_with("https://127.0.0.1:"));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_browser_needs_no_certificate() {
    let server = builder().https().start().await.unwrap();
    let redirect = client_page("You can close this page.").await;
    let url = login(&server, &[("redirect_uri", &redirect)]);
    let page = server.log_in(&url, "ada@here.example").await.unwrap();
    assert_eq!(page.text, "You can close this page.");
}

#[tokio::test]
async fn clear_text_has_no_certificate() {
    assert_eq!(server().await.ca_pem(), None);
}
