//! `pilotfish check`: what it says of a server, and its exit status.

use pilotfish::Security;
use pilotfish::testing::{Fault, Point, TestServerBuilder};

use serde_json::{Value, json};

use super::cli_fixture::{CliFixture, server};
use super::run::Run;

impl CliFixture {
    /// `pilotfish check` of this server, which is found by the name of its certificate.
    fn check(&self, arguments: &str) -> Run {
        let port = self.server.addr().port();
        Run::new("check")
            .args([format!("localhost:{port}")])
            .args(Run::words(arguments))
            .directory(self.directory.path())
    }
}

/// The lines of an outcome, without the columns that differ from run to run.
fn lines(text: &str) -> Vec<String> {
    let words = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        words.join(" ")
    };
    text.lines().map(words).collect()
}

#[tokio::test]
async fn a_server_that_is_in_order() {
    for (security, beginning) in [
        (Security::ImplicitTls, "TLS from the first byte"),
        (Security::StartTls, "STARTTLS; login only after it"),
    ] {
        let fixture = CliFixture::open(server().security(security)).await;
        let ended = fixture.check("--tls-ca ca.pem").end().await;
        assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{ended:?}");
        let shown = lines(&ended.stdout);
        let port = format!("port {} {beginning} IPv4 ", fixture.server.addr().port());
        for expected in [
            "DNS ",
            &port,
            "TLS 1.3, X25519",
            "name the certificate is for localhost",
            "trust issued by ",
            "pin sha256:",
            "SIZE mails of up to ",
            "PIPELINING the commands of a mail go out together",
            "login PLAIN",
        ] {
            let is_there = shown.iter().any(|line| line.starts_with(expected));
            assert!(is_there, "{security:?} {expected}: {shown:#?}");
        }
        fixture.received_nothing().await;
    }
}

/// Each problem with the status of the command, the line that names it and the line with help.
#[tokio::test]
async fn what_is_wrong() {
    let other_name = || server().host_names(["mail.example.net"]);
    let rejects =
        |reply: &str| server().fault_always(Fault::ReplyAt(Point::Greeting, reply.into()));
    let cases: [(TestServerBuilder, &str, i32, &str, &str); 7] = [
        (
            server(),
            "",
            76,
            "trust problem: the certificate of localhost is from an unknown authority, and came",
            "; issued by Pilotfish testing authority, ",
        ),
        (
            other_name(),
            "--tls-ca ca.pem",
            76,
            "name problem: the certificate is for mail.example.net, not for localhost",
            "help: if your provider says so: --server mail.example.net",
        ),
        (
            other_name(),
            "--tls-insecure",
            76,
            "name problem: ",
            "help: ",
        ),
        (
            server().security(Security::Cleartext),
            "",
            76,
            "TLS problem: not offered",
            "help: for a relay",
        ),
        (
            rejects("554 no mail from there"),
            "",
            75,
            "server problem: no port begins a session",
            "554 no mail from there",
        ),
        (
            server(),
            "--tls-ca ca.pem --login --user me@example.org --password-command 'echo wrong'",
            77,
            "login problem: ",
            "",
        ),
        (
            server(),
            "--tls-ca ca.pem --login --user me@example.org --password-file password",
            0,
            "login the server accepts the login",
            "",
        ),
    ];
    for (server, arguments, status, line, other) in cases {
        let fixture = CliFixture::open(server).await;
        let ended = fixture.check(arguments).end().await;
        assert_eq!(ended.status, status, "{line}: {ended:?}");
        let shown = lines(&ended.stdout);
        let begins = shown.iter().any(|shown| shown.starts_with(line));
        let contains = shown.iter().any(|shown| shown.contains(other));
        assert!(begins && contains, "{line} {other}: {shown:#?}");
        drop(fixture);
    }
}

/// The object has all of its keys, whatever was tested.
#[tokio::test]
async fn one_json_object() {
    let fixture = CliFixture::open(server()).await;
    let ended = fixture.check("--tls-ca ca.pem --json").end().await;
    let found: Value = serde_json::from_str(&ended.stdout).unwrap();
    let port = fixture.server.addr().port();
    for (pointer, expected) in [
        ("/schema", json!("pilotfish.check/1")),
        ("/host", json!("localhost")),
        ("/ports/0/port", json!(port)),
        ("/ports/0/result", json!("open")),
        ("/ports/0/mode", json!("starttls")),
        ("/session", json!({ "port": port, "mode": "starttls" })),
        ("/tls/version", json!("TLSv1.3")),
        (
            "/certificate/names",
            json!(["localhost", "127.0.0.1", "::1"]),
        ),
        ("/certificate/trusted", json!(true)),
        ("/certificate/name_matches", json!(true)),
        ("/extensions/before_tls/STARTTLS", json!("")),
        ("/extensions/after_tls/AUTH", json!("PLAIN LOGIN")),
        ("/mechanisms", json!(["PLAIN", "LOGIN"])),
        ("/login", Value::Null),
        ("/problems", json!([])),
        ("/exit_status", json!(0)),
    ] {
        assert_eq!(
            found.pointer(pointer),
            Some(&expected),
            "{pointer}: {found}"
        );
    }
    fixture.received_nothing().await;
    let nowhere = Run::new("check --json no-such-host.invalid").end().await;
    assert_eq!(nowhere.status, 68, "{nowhere:?}");
    let nowhere: Value = serde_json::from_str(&nowhere.stdout).unwrap();
    let keys = |value: &Value| {
        let keys = value.as_object().unwrap().keys();
        keys.cloned().collect::<Vec<_>>()
    };
    assert_eq!(keys(&nowhere), keys(&found));
    assert_eq!(nowhere["problems"][0]["about"], "DNS");
}

#[tokio::test]
async fn a_port_that_is_closed() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = unused.local_addr().unwrap().to_string();
    drop(unused);
    let ended = Run::new("check").args([&address]).end().await;
    assert_eq!(ended.status, 75, "{ended:?}");
    let shown = lines(&ended.stdout);
    let refused = shown
        .iter()
        .any(|line| line.ends_with(" connection refused"));
    assert!(refused, "{shown:#?}");
    Run::new("check")
        .end()
        .await
        .fails(64, "no server is named");
    let login = Run::new("check localhost --login").end().await;
    login.fails(64, "--login needs an account");
}
