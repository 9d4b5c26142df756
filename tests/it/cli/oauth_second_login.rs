//! A login with OAuth 2.0 in place of another: what stays, what is revoked, and what is refused.

use pilotfish::testing::{Endpoint, EndpointFault, GrantType};
use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::oauth::{CLIENT, SECRET, World, provider};
use super::run::{Running, USER, until};

/// Logs in at the provider as far as its last page.
async fn open_page(world: &World, running: &mut Running) {
    let url = running.until("http://").await;
    let page = world.provider.log_in(url.trim(), USER).await.unwrap();
    assert_eq!(page.status, 200, "{page:?}");
}

/// The configuration with another server for mail.
fn with_server(world: &World, server: &str) {
    let config = world.config();
    let own = world.fixture.server.addr().to_string();
    world
        .fixture
        .directory
        .file("mail.toml", config.replace(&own, server));
}

/// The configuration cannot be written: the first login is still there, and neither is revoked.
#[tokio::test]
async fn a_second_login_that_cannot_be_stored() {
    let world = World::open(provider()).await;
    world.log_in().await;
    let first = world.stored().await;
    let config = world.config();
    let mut running = world.login("").await;
    let url = running.until("http://").await;
    let path = world.fixture.directory.path().join("mail.toml");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    world.provider.log_in(url.trim(), USER).await.unwrap();
    let ended = running.end().await;
    ended.fails(73, "cannot write mail.toml");
    assert_eq!(world.stored().await, first);
    assert_eq!(world.provider.requests(Endpoint::Revocation), 0);
    let expected = "the new login is not revoked, as that might end the one that is stored";
    assert!(ended.stderr.contains(expected), "{ended:?}");
    std::fs::remove_dir(&path).unwrap();
    world.fixture.directory.file("mail.toml", config);
    world.run("auth refresh work").end().await.result();
    world.run("send ann@example.org -m Hi").end().await.result();
    world.ends_with(1).await;
}

/// The client secret that was typed does not stay behind.
#[tokio::test]
async fn a_client_secret_of_a_login_that_cannot_be_stored() {
    let world = World::open(provider()).await;
    let issuer = world.provider.issuer();
    let arguments =
        format!("auth login work --oauth {issuer} --scope 'mail.send offline_access' --store file");
    let mut screen = world.screen("", &arguments);
    screen.answer("Client ID: ", &format!("{CLIENT}\n")).await;
    let question = "Client secret (not shown; Enter: none): ";
    screen.answer(question, &format!("{SECRET}\n")).await;
    screen.until("in a browser of this machine:").await;
    let url = format!("http{}", screen.until_after("  http", "\n").await);
    let path = world.fixture.directory.path();
    std::fs::remove_file(path.join("mail.toml")).unwrap();
    std::fs::create_dir(path.join("mail.toml")).unwrap();
    world.provider.log_in(&url, USER).await.unwrap();
    let (status, shown) = screen.end().await;
    assert_eq!(status.code(), Some(73), "{shown}");
    assert!(!path.join("work.client-secret").exists());
    assert!(!path.join("work.tokens").exists());
    assert_eq!(world.provider.requests(Endpoint::Revocation), 1);
    world.ends_with(0).await;
}

/// The keys of the secret before, and what is given for the other client. Its secret is not sent to the
/// other client, and the login by it is revoked.
#[tokio::test]
async fn another_client() {
    let command = "client-secret-command = \"cat client-secret\"\n";
    for (old, client, secret, expected) in [
        (command, "other", "", ""),
        ("", "other", "", ""),
        (
            command,
            "third",
            "--client-secret-file third-secret",
            "client-secret-file = ",
        ),
        (
            "",
            "third",
            "--client-secret-file third-secret",
            "client-secret-file = ",
        ),
    ] {
        let provider = provider().client("other");
        let world = World::open(provider.confidential_client("third", "third-secret")).await;
        let directory = &world.fixture.directory;
        directory.file("third-secret", "third-secret");
        world.log_in().await;
        if !old.is_empty() {
            let config = world.config();
            let lines = config.lines().map(|line| match line {
                line if line.starts_with("client-secret-file") => old.trim_end(),
                line => line,
            });
            let config: Vec<_> = lines.collect();
            directory.file("mail.toml", config.join("\n") + "\n");
        }
        let arguments = format!("auth login work --client-id {client} {secret}");
        let mut running = world.run(&arguments).start().await;
        open_page(&world, &mut running).await;
        let ended = running.end().await;
        ended.result();
        let said = "removed from mail.toml, as it belongs to the previous client: client-secret-";
        let is_replaced = old.is_empty() && !expected.is_empty();
        assert_eq!(ended.stderr.contains(said), !is_replaced, "{ended:?}");
        let said = "the login of the previous client is revoked";
        assert!(ended.stderr.contains(said), "{ended:?}");
        assert_eq!(world.provider.requests(Endpoint::Revocation), 1);
        let config = world.config();
        assert!(config.contains(&format!("client-id = \"{client}\"\n")));
        let secrets: Vec<_> = config
            .lines()
            .filter(|line| line.starts_with("client-secret-"))
            .collect();
        assert_eq!(secrets.len(), usize::from(!expected.is_empty()), "{config}");
        assert!(secrets.iter().all(|line| line.starts_with(expected)));
        world.run("auth refresh work").end().await.result();
        world.run("send ann@example.org -m Hi").end().await.result();
        world.ends_with(1).await;
    }
}

/// A client of one server is not one of another.
#[tokio::test]
async fn another_authorization_server() {
    let world = World::open(provider()).await;
    world.log_in().await;
    let arguments = "auth login work --oauth https://id.example.org --scope s --no-input";
    let ended = world.run(arguments).end().await;
    ended.fails(64, "the client ID cannot be asked for");
    let words = "pilotfish auth login work --client-id ID --client-secret-file FILE";
    ended.fails(64, words);
    world.run("auth refresh work").end().await.result();
    world.ends_with(0).await;
}

/// To revoke the first login might end the second one.
#[tokio::test]
async fn the_same_client_again() {
    let world = World::open(provider()).await;
    world.log_in().await;
    let first = world.stored().await;
    world.log_in().await;
    assert_ne!(world.stored().await, first);
    assert_eq!(world.provider.requests(Endpoint::Revocation), 0);
    world.ends_with(0).await;
}

/// Signals while the mail server does not answer, without a login before and with one.
#[tokio::test]
async fn a_signal_while_the_token_is_proved() {
    for (has_login, signal, status) in [
        (false, Signal::INT, 130),
        (false, Signal::TERM, 143),
        (true, Signal::INT, 130),
    ] {
        let world = World::open(provider()).await;
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        if has_login {
            world.log_in().await;
        }
        let before = world.tokens().path().exists();
        with_server(&world, &silent.local_addr().unwrap().to_string());
        let config = world.config();
        let mut running = world.login("").await;
        open_page(&world, &mut running).await;
        running.until("logged you in").await;
        let (_connection, _) = silent.accept().await.unwrap();
        running.signal(signal);
        running.end().await.fails(status, "nothing was stored");
        let revoked = u64::from(!has_login);
        assert_eq!(world.provider.requests(Endpoint::Revocation), revoked);
        assert_eq!(world.tokens().path().exists(), before);
        assert_eq!(world.config(), config);
        if has_login {
            world.run("auth refresh work").end().await.result();
        }
        world.ends_with(0).await;
    }
}

/// Asks for this address, and reads until an answer has this text. The connection stays open.
async fn visit(url: &str, text: &str) -> (TcpStream, String) {
    let (host, path) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains(text) {
        let read = stream.read_buf(&mut answer).await.unwrap();
        assert_ne!(read, 0, "{}", String::from_utf8_lossy(&answer));
    }
    (stream, String::from_utf8(answer).unwrap())
}

/// The browser has its last page, and leaves the connection open.
#[tokio::test]
async fn a_signal_before_the_browser_goes_away() {
    let world = World::open(provider().consent_at_once()).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    with_server(&world, &silent.local_addr().unwrap().to_string());
    let mut running = world.login("").await;
    let url = running.until("http://").await;
    let (_, redirect) = visit(url.trim(), "\r\n\r\n").await;
    let fields = redirect.lines();
    let mut fields = fields.filter_map(|field| field.split_once(": "));
    let location = fields.find(|(name, _)| name.eq_ignore_ascii_case("location"));
    let (_, location) = location.expect(&redirect);
    let location = location.replacen("/?", "?", 1).replacen('?', "/?", 1);
    let _open = visit(&location, "You can close this page").await;
    running.signal(Signal::INT);
    running.end().await.fails(130, "nothing was stored");
    assert_eq!(world.provider.requests(Endpoint::Revocation), 1);
    world.has_stored_nothing();
    world.ends_with(0).await;
}

/// The provider does not answer when the login is to be revoked: another signal ends the command.
#[tokio::test]
async fn a_revocation_that_takes_long() {
    let world = World::open(provider()).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    with_server(&world, &silent.local_addr().unwrap().to_string());
    world
        .provider
        .fault(Endpoint::Revocation, EndpointFault::Silence);
    let mut running = world.login("").await;
    open_page(&world, &mut running).await;
    let (_connection, _) = silent.accept().await.unwrap();
    running.signal(Signal::INT);
    until(|| world.provider.requests(Endpoint::Revocation) > 0).await;
    running.signal(Signal::INT);
    let ended = running.end().await;
    ended.fails(130, "nothing was stored");
    let expected = "the new login could not be revoked: remove the permission at the provider";
    assert!(ended.stderr.contains(expected), "{ended:?}");
    world.has_stored_nothing();
    world.fixture.received_nothing().await;
}

/// What is found before the browser opens: nothing is asked of the provider.
#[tokio::test]
async fn what_is_refused_before_the_browser() {
    for (place, arguments, status, words) in [
        ("", "--scope ' '", 64, "the value of --scope is empty"),
        (
            "token-file = \"file/new.tokens\"",
            "",
            73,
            "cannot write file/new.tokens",
        ),
        (
            "",
            "--store keyring",
            64,
            "the login of work is stored in the file work.tokens: leave --store out",
        ),
        (
            "token-keyring = \"work\"",
            "--store file",
            64,
            "write token-file = \"work.tokens\" in place of token-keyring, and log in: pilotfish",
        ),
    ] {
        let world = World::open(provider()).await;
        world.log_in().await;
        world.fixture.directory.file("file", "");
        let config = world.config();
        if !place.is_empty() {
            let config = config.replace("token-file = \"work.tokens\"", place);
            world.fixture.directory.file("mail.toml", config);
        }
        let before = world.provider.requests(Endpoint::Authorization);
        let ended = world
            .run(&format!("auth login work {arguments}"))
            .end()
            .await;
        ended.fails(status, words);
        assert!(!ended.stderr.contains("Open this"), "{ended:?}");
        assert_eq!(world.provider.requests(Endpoint::Authorization), before);
        let codes = world.provider.token_requests(GrantType::AuthorizationCode);
        assert_eq!(codes, 1);
        world.ends_with(0).await;
    }
}
