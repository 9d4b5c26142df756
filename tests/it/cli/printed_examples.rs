//! The examples of `send --help` run as they are printed.

use pilotfish::testing::TestServer;
use tokio::net::TcpStream;

use super::cli_fixture::{Directory, server};
use super::run::{PASSWORD, Run, USER};
use crate::transport::proxy::proxy;

/// The examples of a page, each with the lines that continue it.
async fn examples(command: &str) -> Vec<String> {
    let page = Run::new(&format!("{command} --help")).end().await.stdout;
    let (_, rest) = page.split_once("\nExamples\n").unwrap();
    let (examples, _) = rest.split_once("\n\n").unwrap();
    let mut found: Vec<String> = Vec::new();
    for line in examples.lines() {
        match found.last_mut() {
            Some(last) if last.ends_with('\\') => *last = format!("{last}\n{line}"),
            _ => found.push(line.trim_start().to_owned()),
        }
    }
    found
}

/// A home with two accounts, and with the files that the examples name.
fn home(test_server: &TestServer) -> Directory {
    let directory = Directory::new();
    let address = test_server.addr();
    let login = format!(
        "server = '{address}'\nuser = '{USER}'\npassword-file = '~/password'\ntls-ca = '~/ca.pem'\n"
    );
    std::fs::create_dir_all(directory.path().join(".config/pilotfish")).unwrap();
    let accounts = format!("default = 'home'\n[account.home]\n{login}[account.work]\n{login}");
    directory.file(".config/pilotfish/config.toml", accounts);
    directory.file("ca.pem", test_server.ca_pem());
    directory.file("password", PASSWORD);
    directory.file(".gmail.password", PASSWORD);
    directory.file("letter.txt", "Dear Ann\n");
    directory.file("news.md", "# News\n\nA shark.\n");
    directory.file("news.html", "<p>News: <img src='shark.png'>\n");
    let picture = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/images/shark.png"
    );
    directory.file("shark.png", std::fs::read(picture).unwrap());
    let finished = "From: me@example.org\nTo: ann@example.org\nSubject: Done\n\nDone\n";
    directory.file("finished.eml", finished);
    std::os::unix::fs::symlink(
        env!("CARGO_BIN_EXE_pilotfish"),
        directory.path().join("pilotfish"),
    )
    .unwrap();
    directory
}

/// In a shell, without any change.
async fn run(directory: &Directory, example: &str) -> super::run::Ended {
    let path = format!("{}:/usr/bin:/bin", directory.path().display());
    Run::program("sh")
        .args(["-c", example])
        .directory(directory.path())
        .env("HOME", directory.path())
        .env("XDG_CONFIG_HOME", "")
        .env("PATH", path)
        .stdin("Hi\n")
        .end()
        .await
}

#[tokio::test]
async fn the_examples_of_send_send() {
    let examples = examples("send").await;
    assert_eq!(examples.len(), 9, "{examples:?}");
    let server = server().start().await.unwrap();
    let directory = home(&server);
    let mut count = 0;
    for example in &examples {
        // Its server is in the next test.
        if example.contains("smtp.gmail.com") {
            continue;
        }
        let ended = run(&directory, example).await;
        assert_eq!(ended.status, 0, "{example}: {ended:?}");
        if example.ends_with("--dry-run") {
            assert!(ended.stdout.contains("\r\n\r\nDear Ann\r\n"), "{ended:?}");
        } else {
            assert!(ended.stdout.starts_with("accepted by "), "{ended:?}");
            count += 1;
        }
    }
    let received = server.received();
    assert_eq!(received.len(), count, "{examples:?}");
    assert_eq!(count, 7);
    server.shutdown().await.unwrap();
}

/// The example with a server of its own reaches a server of this name through a proxy: only the
/// proxy and the authority are added, by a program of the same name before it.
#[tokio::test]
async fn the_example_with_a_server_sends() {
    let examples = examples("send").await;
    let example = examples
        .iter()
        .find(|it| it.contains("smtp.gmail.com"))
        .unwrap();
    let server = TestServer::builder()
        .host_names(["smtp.gmail.com"])
        .user("me@gmail.com", PASSWORD)
        .start()
        .await
        .unwrap();
    let request = "CONNECT smtp.gmail.com:587 HTTP/1.1\r\nHost: smtp.gmail.com:587\r\n\r\n";
    let target = TcpStream::connect(server.addr()).await.unwrap();
    let steps = vec![(request.into(), "HTTP/1.1 200 ok\r\n\r\n".into())];
    let port = proxy(steps, Some(target)).await;
    let directory = home(&server);
    std::fs::remove_file(directory.path().join("pilotfish")).unwrap();
    let program = env!("CARGO_BIN_EXE_pilotfish");
    directory.file(
        "pilotfish",
        format!(
            "#!/bin/sh\nexec {program} \"$@\" --proxy http://127.0.0.1:{port} --tls-ca ca.pem\n"
        ),
    );
    directory.chmod("pilotfish", 0o755);
    let ended = run(&directory, example).await;
    assert!(
        ended
            .result()
            .starts_with("accepted by smtp.gmail.com for ann@example.org: ")
    );
    assert_eq!(
        server.next_received().await.unwrap().reverse_path,
        "me@gmail.com"
    );
    server.shutdown().await.unwrap();
}

/// The first example of `sendmail`, and those that print.
#[tokio::test]
async fn other_examples_run() {
    let server = server().start().await.unwrap();
    let directory = home(&server);
    for (command, part) in [
        ("sendmail", "| pilotfish sendmail -t"),
        ("account list", "account list"),
        ("account show", "account show work"),
        ("account test", "account test work"),
        ("config show", "config show --origin"),
        ("config check", "config check"),
        ("explain", "explain '535"),
        ("check", "check --login -A work"),
        ("demo", "demo -A work"),
        ("man", "man --output"),
        ("account default", "account default work"),
        ("account remove", "account remove work"),
    ] {
        let examples = examples(command).await;
        let example = examples.iter().find(|example| example.contains(part));
        let example = example.unwrap_or_else(|| panic!("{command}: {examples:?}"));
        let ended = run(&directory, example).await;
        assert_eq!(ended.status, 0, "{example}: {ended:?}");
    }
    assert_eq!(server.received().len(), 2);
    server.shutdown().await.unwrap();
}
