//! Finding the server of a domain by DNS, from a DNS server on the loopback interface.

use pilotfish::testing::{Security, TestServer};

use super::account::{CONFIG, conversation, words};
use super::cli_fixture::CliFixture;
use super::run::{Ended, Run};
use crate::support::dns_server::DnsServer;
use crate::support::port::Port;

const USER: &str = "me@shark.test";
const PASSWORD: &str = "abcdefghijklmnop";

async fn fixture(security: Security) -> CliFixture {
    let server = TestServer::builder().user(USER, PASSWORD);
    CliFixture::open(server.security(security)).await
}

/// Runs the command with the records of this zone, in which PORT is the port of the server.
async fn run(fixture: &CliFixture, zone: &str, arguments: &str) -> Ended {
    let zone = zone.replace("PORT", &fixture.server.addr().port().to_string());
    let dns = DnsServer::start(&zone).await;
    let path = fixture.directory.path();
    let run = Run::new(arguments).directory(path).env("HOME", path);
    let run = run
        .env("XDG_CONFIG_HOME", "")
        .env("PILOTFISH_DNS", dns.address());
    let ended = run.end().await;
    let port = fixture.server.addr().port().to_string();
    Ended {
        stderr: ended.stderr.replace(&port, "PORT"),
        ..ended
    }
}

const IMPLICIT: &str = "_submissions._tcp.shark.test SRV 10 5 PORT localhost";

#[tokio::test]
async fn a_server_of_dns_is_used_if_the_person_agrees() {
    let fixture = fixture(Security::ImplicitTls).await;
    let port = fixture.server.addr().port();
    let closed = Port::new();
    let number = closed.number();
    let zone = format!(
        "_submissions._tcp.shark.test SRV 20 0 {port} localhost\n\
         _submissions._tcp.shark.test SRV 10 0 {number} localhost\n\
         _submission._tcp.shark.test SRV 0 0 0 .\n"
    );
    let dns = DnsServer::start(&zone).await;
    let environment = format!("PILOTFISH_DNS={}", dns.address());
    let answers = [
        ("[o]ther server:", "y"),
        ("Password for me@shark.test at localhost:", PASSWORD),
        ("Your name, as recipients see it [Me]:", ""),
        ("and not encrypted? [Y/n]", ""),
        ("Send a test mail to me@shark.test? [Y/n]", "n"),
    ];
    let arguments = words("account add me@shark.test --tls-ca ca.pem");
    let home = fixture.directory.path();
    let (status, shown) = conversation(home, &environment, &arguments, &answers).await;
    assert_eq!(status, Some(0), "{shown}");
    let shown = shown
        .replace(&port.to_string(), "PORT1")
        .replace(&number.to_string(), "PORT0");
    let expected = "shark.test is not in the built-in list. Looking for its server:\n\
        \u{20} DNS, _submissions._tcp  localhost:PORT0  ✗ it does not answer\n\
        \u{20} DNS, _submissions._tcp  localhost:PORT1  ✓ answers, certificate valid\n\
        \u{20} DNS, _submission._tcp   -                - not offered\n\
        DNS is not signed, and the password goes to this server.\n\
        Use localhost:PORT1? [y]es, [n]o, [o]ther server: y\n\
        Password for me@shark.test at localhost: \n\
        ✓ logged in as me@shark.test\n";
    assert!(shown.starts_with(expected), "{shown}");
    let text = String::from_utf8(fixture.directory.read(CONFIG)).unwrap();
    let server = format!("server = \"localhost:{port}\"\ntls = \"implicit\"\n");
    assert!(text.contains(&server), "{text}");
    fixture.received_nothing().await;
}

#[tokio::test]
async fn the_answer_may_be_no_or_another_server() {
    let fixture = fixture(Security::StartTls).await;
    let port = fixture.server.addr().port();
    let zone = format!("_submission._tcp.shark.test SRV 0 0 {port} localhost\n");
    let dns = DnsServer::start(&zone).await;
    let environment = format!("PILOTFISH_DNS={}", dns.address());
    let home = fixture.directory.path();
    let arguments = words("account add me@shark.test --tls-ca ca.pem");
    let answers = [("[o]ther server:", "n")];
    let (status, shown) = conversation(home, &environment, &arguments, &answers).await;
    assert_eq!(status, Some(130), "{shown}");
    assert!(
        shown.ends_with("server: n\nnothing was stored\n"),
        "{shown}"
    );
    assert!(!home.join(".config").exists());
    let other = format!("127.0.0.1:{port}");
    let answers = [
        ("[o]ther server:", "o"),
        ("Server (HOST or HOST:PORT):", "two words"),
        (
            "write it like smtp.example.com\nServer (HOST or HOST:PORT):",
            &other,
        ),
        ("at 127.0.0.1:", PASSWORD),
        ("Your name, as recipients see it [Me]:", ""),
        ("and not encrypted? [Y/n]", ""),
        ("Send a test mail to me@shark.test? [Y/n]", "n"),
    ];
    let (status, shown) = conversation(home, &environment, &arguments, &answers).await;
    assert_eq!(status, Some(0), "{shown}");
    assert!(shown.contains("✓ 127.0.0.1:"), "{shown}");
    let text = String::from_utf8(fixture.directory.read(CONFIG)).unwrap();
    assert!(text.contains(&format!("server = \"{other}\"")), "{text}");
    fixture.received_nothing().await;
}

/// Nothing that DNS says is used without consent, and the command that uses it is printed.
#[tokio::test]
async fn without_a_terminal_the_command_is_printed() {
    let fixture = fixture(Security::ImplicitTls).await;
    fixture.directory.file("secret", PASSWORD);
    let add = "account add me@shark.test --tls-ca ca.pem --password-file secret --no-input";
    let ended = run(&fixture, IMPLICIT, add).await;
    ended.fails(64, "so it is not used without consent");
    ended.fails(
        64,
        "pilotfish account add me@shark.test --tls-ca ca.pem --password-file secret \
         --server smtps://localhost:PORT",
    );
    let port = fixture.server.addr().port();
    let named = format!("{add} --server smtps://localhost:{port}");
    assert_eq!(run(&fixture, "", &named).await.status, 0);
    // The certificate is verified by the authorities of the machine.
    let ended = run(&fixture, IMPLICIT, "account add me@shark.test").await;
    ended.fails(76, "the certificate of localhost:PORT is not valid");
    ended.fails(76, "if a private authority signed it, add --tls-ca FILE");
    fixture.received_nothing().await;
}

#[tokio::test]
async fn what_dns_says() {
    let fixture = fixture(Security::ImplicitTls).await;
    let many: Vec<_> = (0..40)
        .map(|number| format!("shark.test MX {number} mx{number}.a-long-name.example.net"))
        .collect();
    let many = format!("{}\n{IMPLICIT}", many.join("\n"));
    for (zone, status, expected) in [
        // An alias, and an answer that is too long for a datagram.
        (
            "_submissions._tcp.shark.test CNAME here.test\nhere.test SRV 1 1 PORT localhost",
            64,
            "  DNS, _submissions._tcp  localhost:PORT  answers, certificate valid",
        ),
        (
            &many,
            64,
            "  DNS, _submissions._tcp  localhost:PORT  answers",
        ),
        (
            "_submission._tcp.shark.test SRV 1 1 PORT localhost",
            64,
            "  DNS, _submission._tcp  localhost:PORT  it begins with TLS, which is not expected at this port",
        ),
        // The name exists, and its servers are only guessed.
        (
            "shark.test MX 1 mx.shark.test",
            64,
            "  guess  mail.shark.test  there is no such host",
        ),
        ("", 68, "there is no domain shark.test: check its spelling"),
    ] {
        let add = "account add me@shark.test --tls-ca ca.pem --no-input";
        let ended = run(&fixture, zone, add).await;
        assert_eq!(ended.status, status, "{ended:?}");
        assert!(ended.stderr.contains(expected), "{expected}: {ended:?}");
    }
    fixture.received_nothing().await;
}

/// DNS names the wrong protection, or a server without TLS is asked for.
#[tokio::test]
async fn a_port_without_tls() {
    let fixture = fixture(Security::StartTls).await;
    let add = "account add me@shark.test --tls-ca ca.pem --no-input";
    let ended = run(&fixture, IMPLICIT, add).await;
    ended.fails(64, "");
    let words = "localhost:PORT  it begins without TLS, which is not expected at this port";
    assert!(ended.stderr.contains(words), "{ended:?}");
    for (command, help) in [
        (
            add,
            "name the server: pilotfish account add me@shark.test --tls none --tls-ca ca.pem \
             --server HOST:PORT",
        ),
        (
            "check me@shark.test",
            "name the server: pilotfish check HOST",
        ),
    ] {
        let ended = run(&fixture, IMPLICIT, &format!("{command} --tls none")).await;
        ended.fails(64, "no server without TLS is looked for");
        ended.fails(64, help);
        assert!(!ended.stderr.contains("Looking"), "{ended:?}");
    }
    fixture.received_nothing().await;
}

#[tokio::test]
async fn check_finds_the_server_of_an_address() {
    let fixture = fixture(Security::ImplicitTls).await;
    fixture.directory.file("secret", PASSWORD);
    let ended = run(&fixture, IMPLICIT, "check me@shark.test --tls-ca ca.pem").await;
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("DNS, _submissions._tcp  localhost:PORT"),
        "{ended:?}"
    );
    assert!(
        ended.stdout.contains("TLS from the first byte"),
        "{ended:?}"
    );
    let login = "check me@shark.test --tls-ca ca.pem --login --password-file secret";
    let ended = run(&fixture, IMPLICIT, login).await;
    ended.fails(64, "--login sends no password to localhost:PORT");
    fixture.received_nothing().await;
}
