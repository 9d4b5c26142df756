//! The ways to log in with OAuth 2.0, and what goes wrong in them.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use pilotfish::testing::{Endpoint, EndpointFault, GrantType};
use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::account::{CONFIG, conversation};
use super::oauth::{SECRET, World, provider};
use super::run::{Ended, Run, USER};
use crate::support::screen::Screen;

/// Plays a browser on another machine: the address that the login ends at, which it cannot open.
async fn last_address(world: &World, url: &str) -> String {
    let (_, port) = url.split_once("127.0.0.1%3A").expect(url);
    let port = port.split('&').next().unwrap();
    let listener = TcpListener::bind(format!("127.0.0.1:{port}"))
        .await
        .unwrap();
    let answer = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 8_192];
        let read = stream.read(&mut request).await.unwrap();
        let page = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(page).await.unwrap();
        let request = String::from_utf8_lossy(&request[..read]).into_owned();
        request.split(' ').nth(1).unwrap().to_owned()
    };
    let (page, target) = tokio::join!(world.provider.log_in(url, USER), answer);
    page.unwrap();
    format!("http://127.0.0.1:{port}{target}")
}

/// `auth login --paste` that gets what `pasted` makes of the last address.
async fn paste(world: &World, pasted: impl Fn(&str) -> String) -> Ended {
    world.fixture.directory.pipe("address");
    let mut running = world.login_in_shell("--paste 0<>address").await;
    running.until("Open this on any machine and log in:").await;
    let url = running.until("http://").await;
    running.until("The last page will not load").await;
    let address = last_address(world, url.trim()).await;
    let path = world.fixture.directory.path().join("address");
    std::fs::write(path, pasted(&address) + "\n").unwrap();
    running.end().await
}

#[tokio::test]
async fn an_address_is_pasted() {
    let world = World::open(provider()).await;
    paste(&world, |address| format!(" '{address}' "))
        .await
        .result();
    world.run("send ann@example.org -m Hi").end().await.result();
    world.ends_with(1).await;
}

#[tokio::test]
async fn an_address_that_is_not_the_last_one() {
    for (pasted, words) in [
        (
            "http://127.0.0.1:1/?code=x",
            "the address has no state in it",
        ),
        ("", "the address has no state in it"),
        (
            "http://127.0.0.1:1/?code=x&state=y",
            "the address belongs to another login",
        ),
    ] {
        let world = World::open(provider()).await;
        let ended = paste(&world, |_| pasted.to_owned()).await;
        ended.fails(77, words);
        ended.fails(77, "then: pilotfish auth login work");
        world.has_stored_nothing();
        world.ends_with(0).await;
    }
}

#[tokio::test]
async fn another_device() {
    for (approves, status) in [(true, 0), (false, 77)] {
        let world = World::open(provider().device_interval(1)).await;
        let mut running = world.login("--device").await;
        let line = running.until("on any device and enter: ").await;
        let (address, code) = line.split_once(" on any device and enter: ").unwrap();
        assert_eq!(
            address.strip_prefix("Open ").unwrap(),
            world.provider.url(Endpoint::Verification)
        );
        assert!(if approves {
            world.provider.approve_device(code, USER)
        } else {
            world.provider.deny_device(code)
        });
        let ended = running.end().await;
        assert_eq!(ended.status, status, "{ended:?}");
        if approves {
            ended.result();
        } else {
            ended.fails(77, "access was denied");
            world.has_stored_nothing();
        }
        world.ends_with(0).await;
    }
}

/// What the authorization server does, the status, and the words of the error. Nothing is stored.
#[tokio::test]
async fn what_goes_wrong_at_the_authorization_server() {
    use Endpoint::{Authorization, Metadata, Token};
    let error = |status, code: &str| EndpointFault::Error {
        status,
        code: code.to_owned(),
        description: "because \u{1b}[31m".to_owned(),
    };
    let status = |status, retry_after| EndpointFault::Status {
        status,
        retry_after,
    };
    for (endpoint, fault, expected, words) in [
        (
            Token,
            error(401, "invalid_client"),
            77,
            "--client-id ID --client-secret-file FILE",
        ),
        (
            Token,
            error(400, "invalid_grant"),
            77,
            "begin the login again",
        ),
        (
            Token,
            error(400, "invalid_scope"),
            77,
            "the scope is not the right one",
        ),
        (
            Token,
            error(400, "unauthorized_client"),
            77,
            "may not log in this way",
        ),
        (
            Token,
            EndpointFault::HtmlPage { status: 200 },
            78,
            "127.0.0.1",
        ),
        (
            Token,
            EndpointFault::HtmlPage { status: 502 },
            75,
            "127.0.0.1",
        ),
        (Token, status(500, None), 75, "500"),
        (Token, status(429, Some(30)), 75, "429"),
        (
            Token,
            EndpointFault::Redirect("http://127.0.0.1:1/".to_owned()),
            78,
            "redirect",
        ),
        (Token, EndpointFault::MalformedJson, 78, "127.0.0.1"),
        (Token, EndpointFault::Cut, 75, "127.0.0.1"),
        (Token, EndpointFault::Endless, 78, "256"),
        (
            Authorization,
            error(302, "access_denied"),
            77,
            "access was denied",
        ),
        (
            Authorization,
            error(302, "admin_policy_enforced"),
            77,
            "administrator",
        ),
        (
            Metadata,
            EndpointFault::HtmlPage { status: 200 },
            78,
            "127.0.0.1",
        ),
        (Metadata, status(503, None), 75, "503"),
    ] {
        let world = World::open(provider()).await;
        world.provider.fault_always(endpoint, fault.clone());
        let mut running = world.login("").await;
        if endpoint != Metadata {
            let url = running.until("http://").await;
            let page = world.provider.log_in(url.trim(), USER).await.unwrap();
            let expected = "The login did not work: ";
            assert!(page.text.contains(expected), "{fault:?}: {page:?}");
        }
        let ended = running.end().await;
        assert_eq!(ended.status, expected, "{fault:?}: {ended:?}");
        ended.fails(expected, words);
        assert!(!ended.stderr.contains('\u{1b}'), "{ended:?}");
        world.has_stored_nothing();
        world.ends_with(0).await;
    }
}

/// A redirect of another login, and one that leads elsewhere, are not the end of this one.
#[tokio::test]
async fn a_redirect_with_another_state() {
    let world = World::open(provider()).await;
    world
        .provider
        .fault(Endpoint::Authorization, EndpointFault::WrongState);
    let mut running = world.login("").await;
    let url = running.until("http://").await;
    let page = world.provider.log_in(url.trim(), USER).await.unwrap();
    assert_eq!(page.status, 404, "{page:?}");
    assert!(
        page.text.contains("This is not the end of a login."),
        "{page:?}"
    );
    let page = world.provider.log_in(url.trim(), USER).await.unwrap();
    assert_eq!(page.status, 200, "{page:?}");
    running.end().await.result();
    assert_eq!(
        world.provider.token_requests(GrantType::AuthorizationCode),
        1
    );
    world.ends_with(0).await;
}

/// A server that is silent or slow holds nobody: Ctrl-C ends the command, and nothing is stored.
#[tokio::test]
async fn a_silent_and_a_slow_server() {
    let slow = EndpointFault::Slow(Duration::from_hours(1));
    for fault in [EndpointFault::Silence, slow] {
        let world = World::open(provider()).await;
        world.provider.fault(Endpoint::Token, fault);
        let mut running = world.login("").await;
        let url = running.until("http://").await;
        let browser = world.provider.log_in(url.trim(), USER);
        let stopped = async {
            while world.provider.requests(Endpoint::Token) == 0 {
                tokio::task::yield_now().await;
            }
            running.signal(Signal::INT);
            running.end().await
        };
        let (_, ended) = tokio::join!(browser, stopped);
        ended.fails(130, "nothing was stored");
        world.has_stored_nothing();
        world.fixture.received_nothing().await;
    }
}

/// The mail server does not accept the token: the login is revoked, and nothing is stored.
#[tokio::test]
async fn a_token_that_the_mail_server_refuses() {
    let World {
        provider: trusted,
        fixture,
    } = World::open(provider()).await;
    let provider = provider().start().await.unwrap();
    let world = World { provider, fixture };
    let mut running = world.login("").await;
    let url = running.until("http://").await;
    world.provider.log_in(url.trim(), USER).await.unwrap();
    let ended = running.end().await;
    ended.reports(77, "127.0.0.1 rejected the login of me@example.org");
    assert_eq!(world.provider.requests(Endpoint::Revocation), 1);
    assert_eq!(trusted.requests(Endpoint::Token), 0);
    world.has_stored_nothing();
    world.ends_with(0).await;
}

/// A person presses Enter, and the browser opens.
#[tokio::test]
async fn the_browser_of_the_desktop() {
    let world = World::open(provider()).await;
    let browser = world
        .fixture
        .directory
        .file("browser", "#!/bin/sh\necho \"$1\" > url\n");
    std::fs::set_permissions(&browser, PermissionsExt::from_mode(0o755)).unwrap();
    let arguments = world.login_arguments("--store file");
    let script = format!(
        "unset XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS; export HOME=\"$PWD\" BROWSER=\"$PWD/browser\" \
         PILOTFISH_CONFIG=mail.toml; exec \"$0\" {arguments}"
    );
    let mut screen = Screen::start(&script, world.fixture.directory.path());
    screen.answer("in your browser, or open:", "\n").await;
    let path = world.fixture.directory.path().join("url");
    let url = loop {
        match std::fs::read_to_string(&path) {
            Ok(url) if url.ends_with('\n') => break url,
            _ => tokio::task::yield_now().await,
        }
    };
    let page = world.provider.log_in(url.trim(), USER).await.unwrap();
    assert_eq!(page.status, 200, "{page:?}");
    let (status, shown) = screen.end().await;
    assert_eq!(status.code(), Some(0), "{shown}");
    let host = world.provider.addr();
    assert!(
        shown.starts_with(&format!(
            "Press Enter to open {host} in your browser, or open:\n"
        )),
        "{shown}"
    );
    assert!(
        shown.contains("✓ 127.0.0.1 logged you in; permission: mail.send\n"),
        "{shown}"
    );
    assert!(shown.contains("✓ login stored in work.tokens"), "{shown}");
    world.ends_with(0).await;
}

/// No output has a secret in it, and no file can be read by others.
#[tokio::test]
async fn no_secret_is_shown() {
    let world = World::open(provider().rotate_refresh_tokens()).await;
    let mut running = world.login("-vvv").await;
    let url = running.until("  http://").await;
    let arguments = std::fs::read(format!("/proc/{}/cmdline", running.id())).unwrap();
    let page = world.provider.log_in(url.trim(), USER).await.unwrap();
    let code = page
        .url
        .split("code=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap()
        .to_owned();
    let mut shown = String::from_utf8_lossy(&arguments).into_owned();
    let mut secrets = vec![SECRET.to_owned(), code];
    let ended = running.end().await;
    write!(shown, "{ended:?}").unwrap();
    for command in [
        "send ann@example.org -m Hi -vvv --log log",
        "send ann@example.org -m Hi --json --transcript",
        "auth refresh work -vvv",
        "auth status --json",
        "account show work",
        "account list --json",
        "config show --origin",
    ] {
        let tokens = world.stored().await;
        secrets.extend(
            [tokens.access(), tokens.refresh().unwrap()]
                .map(|secret| String::from_utf8_lossy(secret.expose()).into_owned()),
        );
        let ended = world.run(command).end().await;
        assert_eq!(ended.status, 0, "{ended:?}");
        write!(shown, "{ended:?}").unwrap();
    }
    shown.push_str(&String::from_utf8_lossy(
        &world.fixture.directory.read("log"),
    ));
    for secret in secrets {
        assert!(secret.len() > 10, "{secret}");
        assert!(!shown.contains(&secret), "{secret} in {shown}");
    }
    for name in ["work.tokens", "mail.toml"] {
        let path = world.fixture.directory.path().join(name);
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    // A file that others can read is not used.
    world.fixture.directory.chmod("work.tokens", 0o644);
    let ended = world.run("send ann@example.org -m Hi").end().await;
    ended.fails(78, "chmod 600");
    world.ends_with(2).await;
}

/// The steps to a client come before anything is asked of the network.
#[tokio::test]
async fn the_steps_to_a_client() {
    for (service, name) in [("google", "Google"), ("microsoft", "Microsoft")] {
        let world = World::open(provider()).await;
        let script = format!(
            "export HOME=\"$PWD\" PILOTFISH_CONFIG=mail.toml; exec \"$0\" auth login --oauth {service}"
        );
        let mut screen = Screen::start(&script, world.fixture.directory.path());
        screen.answer("Client ID:", "\u{4}").await;
        let (status, shown) = screen.end().await;
        // As after Ctrl-C.
        assert_eq!(status.signal(), Some(2), "{shown}");
        let first = format!(
            "{name} wants a client of your own. You register it once, in five steps:\n  1. Open "
        );
        assert!(shown.starts_with(&first), "{shown}");
        assert!(shown.contains("\n  5. Copy the "), "{shown}");
        world.has_stored_nothing();
        world.ends_with(0).await;
    }
}

#[tokio::test]
async fn an_account_is_removed_with_its_login() {
    let world = World::open(provider()).await;
    world.log_in().await;
    let ended = world.run("auth set work").end().await;
    ended.fails(64, "work logs in with OAuth 2.0, and has no password");
    let ended = world.run("account remove work").end().await;
    assert_eq!(ended.result(), "account work removed from mail.toml");
    assert_eq!(world.provider.requests(Endpoint::Revocation), 1);
    assert!(!world.tokens().path().exists());
    world.ends_with(0).await;
}

/// `account add --oauth` stores nothing before the login has worked.
#[tokio::test]
async fn an_account_is_added() {
    let world = World::open(provider()).await;
    let server = world.fixture.server.addr();
    let add = format!("account add {USER} --oauth --server {server} --tls-ca ca.pem --name new");
    let answers = [("as recipients see it [Me]:", "")];
    let home = world.fixture.directory.path();
    let (status, shown) = conversation(home, "", &Run::words(&add), &answers).await;
    assert_eq!(status, Some(64), "{shown}");
    assert!(
        shown.contains("the authorization server of new is not known"),
        "{shown}"
    );
    assert!(
        shown.contains("pilotfish auth login new --oauth SERVER"),
        "{shown}"
    );
    assert!(!home.join(CONFIG).exists());
    let ended = world.run(&format!("{add} --no-input")).end().await;
    ended.fails(69, "a login with OAuth 2.0 needs a terminal here");
    world.ends_with(0).await;
}
