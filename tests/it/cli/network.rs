//! How the command connects to the server.

use pilotfish::testing::{Security, TestServer};

use super::cli_fixture::{CliFixture, Directory, server};
use super::run::Run;

#[tokio::test]
async fn lmtp_over_a_unix_socket_reports_each_recipient() {
    let directory = Directory::new();
    let path = directory.path().join("lmtp");
    let server = TestServer::builder()
        .lmtp()
        .security(Security::Cleartext)
        .anonymous()
        .unix_socket(&path)
        .refuse_after_data("bob@example.org", "452 4.2.2 over quota")
        .start()
        .await
        .unwrap();
    let run = Run::new("send --from me@example.org --to 'ann@example.org, bob@example.org'");
    let url = format!("lmtp://{}", path.display());
    let run = run.args(["--server", &url, "--text", "Hi"]).end().await;
    assert_eq!(run.status, 80, "{run:?}");
    // The host and the port of a Unix socket are not used.
    let first = format!("accepted by {} for 1 of 2 recipients: ", path.display());
    assert!(run.stdout.starts_with(&first), "{run:?}");
    let bob = "\n  deferred  bob@example.org  452 4.2.2 over quota\n";
    assert!(run.stdout.ends_with(bob), "{run:?}");
    assert_eq!(
        run.stderr,
        "help: send it again later, to bob@example.org alone\n"
    );
    let received = server.next_received().await.unwrap();
    assert_eq!(received.forward_paths, ["ann@example.org"]);
    assert_eq!(received.hello, "[127.0.0.1]");
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_client_has_the_name_and_the_family_that_it_is_given() {
    let fixture = CliFixture::open(server()).await;
    let flags = "--helo client.example -4 --source-ip 127.0.0.1 --timeout all=1m";
    let run = fixture.send(&format!("{flags} --to ann@example.org --text Hi"));
    run.end().await.result();
    assert_eq!(fixture.mail().await.hello, "client.example");
    let fixture = CliFixture::open(server()).await;
    let run = fixture.send("-6 --to ann@example.org --text Hi");
    let ended = run.end().await;
    ended.fails(68, "no address of the required family");
    ended.fails(68, "help:   leave -4, -6 and --source-ip out");
    fixture.received_nothing().await;
}

#[tokio::test]
async fn an_account_has_a_network() {
    let fixture = CliFixture::open(server()).await;
    let account = format!(
        "[account.work]
         server = 'smtp+tls://me%40here@{}'
         tls-ca = 'ca.pem'
         user = 'me@example.org'
         password-file = 'password'
         [account.work.network]
         helo = 'client.example'
         timeout = 'all=1m'",
        fixture.server.addr()
    );
    // The user of the URL overrides the user of the account.
    fixture.directory.file("mail.toml", &account);
    let send = "send -C mail.toml -A work --from me@example.org --to ann@example.org --text Hi";
    let run = Run::new(send).directory(fixture.directory.path());
    run.end().await.fails(77, "535");
    let account = account.replace("me%40here@", "");
    fixture.directory.file("mail.toml", account);
    let run = Run::new(send).directory(fixture.directory.path());
    run.end().await.result();
    assert_eq!(fixture.mail().await.hello, "client.example");
}

#[tokio::test]
async fn an_unreachable_proxy_is_named() {
    let fixture = CliFixture::open(server()).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let run = fixture.send(&format!(
        "--proxy socks5h://127.0.0.1:{port} --to ann@example.org --text Hi"
    ));
    let words = format!("cannot connect to the SOCKS proxy 127.0.0.1 port {port}");
    run.end().await.fails(75, &words);
    let run = fixture.send("--proxy http://tim@127.0.0.1:9 --to ann@example.org --text Hi");
    let ended = run.end().await;
    ended.fails(78, "the proxy has a user and no password");
    ended.fails(
        78,
        "help:   give the proxy's password by --proxy-password-file",
    );
    fixture.received_nothing().await;
}
