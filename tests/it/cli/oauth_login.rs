//! The ways to log in with OAuth 2.0, and what the command shows of them.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;

use pilotfish::testing::{Endpoint, EndpointFault};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::account::{CONFIG, conversation};
use super::oauth::{SECRET, World, provider};
use super::run::{Ended, Run, USER, until, unwrapped};

/// Plays a browser on another machine: the address that the login ends at, which it cannot open.
pub(super) async fn last_address(world: &World, url: &str) -> String {
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
    let long = format!("http://127.0.0.1:1/?code={}", "x".repeat(16 << 10));
    for (pasted, words) in [
        (long.as_str(), "the address is longer than 16 KiB"),
        (
            "http://127.0.0.1:1/?code=x",
            "that is not the address of the last page",
        ),
        ("", "that is not the address of the last page"),
        (
            "http://127.0.0.1:1/?code=x&state=y",
            "the address belongs to another login",
        ),
    ] {
        let world = World::open(provider()).await;
        let ended = paste(&world, |_| pasted.to_owned()).await;
        ended.fails(77, words);
        ended.fails(77, "  help:   pilotfish auth login work");
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

/// The code on the screen expires before somebody enters it.
#[tokio::test]
async fn the_code_for_another_device_expires() {
    let world = World::open(provider().device_interval(1)).await;
    let expired = EndpointFault::Error {
        status: 400,
        code: "expired_token".to_owned(),
        description: String::new(),
    };
    world.provider.fault(Endpoint::Token, expired);
    let ended = world.login("--device").await.end().await;
    ended.fails(77, "expired");
    ended.fails(77, "  help:   pilotfish auth login work");
    world.has_stored_nothing();
    world.ends_with(0).await;
}

/// A person presses Enter, and the first of the browsers opens that works: the others are not there, may not
/// be run, or fail.
#[tokio::test]
async fn the_browser_of_the_desktop() {
    let world = World::open(provider()).await;
    let directory = &world.fixture.directory;
    for (name, script, mode) in [
        ("plain", "#!/bin/sh\necho plain > url\n", 0o644),
        ("failing", "#!/bin/sh\ntouch tried\nexit 1\n", 0o755),
        ("browser", "#!/bin/sh\necho \"$*\" > url\n", 0o755),
    ] {
        directory.file(name, script);
        directory.chmod(name, mode);
    }
    let arguments = world.login_arguments("--store file");
    let browsers = "BROWSER=\"$PWD/none:$PWD/plain:$PWD/failing:$PWD/browser --new %s now\"";
    let mut screen = world.screen(browsers, &arguments);
    screen.answer("in your browser, or open:", "\n").await;
    let path = world.fixture.directory.path().join("url");
    let read = || std::fs::read_to_string(&path).unwrap_or_default();
    until(|| read().ends_with('\n')).await;
    let url = read();
    let url = url.trim().strip_prefix("--new ").expect(&url);
    let url = url.strip_suffix(" now").expect(url);
    assert!(directory.path().join("tried").exists());
    let page = world.provider.log_in(url, USER).await.unwrap();
    assert_eq!(page.status, 200, "{page:?}");
    let (status, shown) = screen.end().await;
    assert_eq!(status.code(), Some(0), "{shown}");
    let host = world.provider.addr();
    assert!(
        shown.starts_with(&format!(
            "Press Enter to open the login page of {host} in your browser, or open:\n"
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

/// The object names what stays.
#[tokio::test]
async fn the_removal_of_an_account_in_json() {
    let world = World::open(provider()).await;
    world.log_in().await;
    let ended = world.run("account remove work --json").end().await;
    let object: Value = serde_json::from_str(ended.result()).unwrap();
    assert_eq!(object["revoked"], true, "{object}");
    let secret = object["client_secret_file"].as_str().unwrap();
    assert!(secret.ends_with("/client-secret"), "{object}");
    assert_eq!(object["client_secret_keyring"], Value::Null);
    assert_eq!(object["token_file"], Value::Null);
    // The directory is no file, so it stays.
    let world = World::open(provider()).await;
    world.log_in().await;
    let tokens = world.tokens().path().to_owned();
    std::fs::remove_file(&tokens).unwrap();
    std::fs::create_dir(&tokens).unwrap();
    let ended = world.run("account remove work --json").end().await;
    let object: Value = serde_json::from_str(ended.result()).unwrap();
    assert_eq!(object["revoked"], false, "{object}");
    let left = object["token_file"].as_str().unwrap();
    assert!(left.ends_with("work.tokens"), "{object}");
    world.ends_with(0).await;
}

#[tokio::test]
async fn an_account_is_removed_with_its_login() {
    let world = World::open(provider()).await;
    world.log_in().await;
    let ended = world.run("auth set work").end().await;
    ended.fails(64, "work logs in with OAuth 2.0, and has no password");
    let ended = world.run("account remove work").end().await;
    assert_eq!(ended.result(), "account work removed from mail.toml");
    let lines: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(lines[0], "its login is revoked, and its tokens are removed");
    assert!(
        lines[1].starts_with("its client secret is still in "),
        "{ended:?}"
    );
    assert_eq!(world.provider.requests(Endpoint::Revocation), 1);
    assert!(!world.tokens().path().exists());
    world.ends_with(0).await;
}

/// `account add --oauth` needs an authorization server that it knows, before it asks anything.
#[tokio::test]
async fn an_account_that_cannot_be_added() {
    let world = World::open(provider()).await;
    let server = world.fixture.server.addr();
    let add = format!("account add {USER} --oauth --server {server} --tls-ca ca.pem --name new");
    let home = world.fixture.directory.path();
    let (status, shown) = conversation(home, "", &Run::words(&add), &[]).await;
    assert_eq!(status, Some(64), "{shown}");
    let shown = unwrapped(&shown);
    for words in [
        "the authorization server of new is not known",
        "name it: pilotfish account add me@example.org --name new --tls-ca ca.pem --server ",
        " --oauth=SERVER, which is google, microsoft or a URL",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!home.join(CONFIG).exists());
    let ended = world.run(&format!("{add} --no-input")).end().await;
    ended.fails(64, "the authorization server of new is not known");
    world.ends_with(0).await;
}
