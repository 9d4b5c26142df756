//! Runs the examples, and checks their results.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use mail_parser::{MessageParser, MimeHeaders as _};
use pilotfish::testing::TestServer;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::tempdir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::cli::run::Run;
use crate::transport::proxy::proxy;

/// An example that takes longer hangs.
const LIMIT: Duration = Duration::from_mins(2);

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// An example, built with the flags of the tests.
fn example(name: &str) -> Run {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--locked", "--examples"]);
        if cfg!(feature = "aws-lc-rs") {
            cargo.arg("--all-features");
        } else if cfg!(feature = "metrics") {
            cargo.args(["--features", "metrics,tower"]);
        }
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        // Cargo's variables of this test run would cause another build.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if ["CARGO_MANIFEST_", "CARGO_PKG_"]
                .iter()
                .any(|of_this| text.starts_with(of_this))
            {
                cargo.env_remove(name);
            }
        }
        let built = cargo.current_dir(ROOT).status().unwrap();
        assert!(built.success(), "the examples are not built");
        // This test runs in the directory next to theirs.
        let deps = std::env::current_exe().unwrap();
        deps.ancestors().nth(2).unwrap().join("examples")
    });
    Run::program(folder.join(name))
}

/// The server's name is not its address, its certificate is only for this name, and its authority
/// is not public: the example connects through a proxy.
#[tokio::test]
async fn gmail() {
    let server = TestServer::builder()
        .host_names(["smtp.gmail.com"])
        .user("me@gmail.com", "abcd efgh ijkl mnop")
        .refuse_recipient("bob@example.org", "550 5.1.1 no Bob")
        .start()
        .await
        .unwrap();
    let request = "CONNECT smtp.gmail.com:587 HTTP/1.1\r\nHost: smtp.gmail.com:587\r\n\r\n";
    let answer = "HTTP/1.1 200 ok\r\n\r\n";
    let target = TcpStream::connect(server.addr()).await.unwrap();
    let steps = vec![(request.into(), answer.into())];
    let port = proxy(steps, Some(target)).await;

    let directory = tempdir().unwrap();
    let file = |name: &str| directory.path().join(name);
    std::fs::write(file("app-password"), "abcd efgh ijkl mnop\n").unwrap();
    std::fs::write(file("ca.pem"), server.ca_pem()).unwrap();
    let picture = Path::new(ROOT).join("tests/fixtures/images/shark.png");
    let ended = example("gmail")
        .args(["me@gmail.com", "ann@example.org, bob@example.org"])
        .args([&picture])
        .directory(directory.path())
        .env(
            "PILOTFISH_LOOK_ALIKE_PROXY",
            format!("http://127.0.0.1:{port}"),
        )
        .env("PILOTFISH_LOOK_ALIKE_CA", file("ca.pem"))
        .end()
        .await;
    let lines: Vec<_> = ended.stdout.lines().collect();
    let expected = [
        "250 2.0.0 Ok: queued as 4C1F00000000",
        "not to <bob@example.org>: 550 5.1.1 no Bob",
    ];
    assert_eq!((ended.status, lines), (0, expected.to_vec()), "{ended:?}");

    let received = server.next_received().await.unwrap();
    assert_eq!(received.authenticated_as.as_deref(), Some("me@gmail.com"));
    assert_eq!(received.forward_paths, ["ann@example.org"]);
    let message = MessageParser::default().parse(&received.octets).unwrap();
    assert_eq!(message.subject(), Some("A shark 🦈"));
    assert_eq!(
        message.body_text(0).as_deref(),
        Some("Look what swam by.\r\n")
    );
    let attachment = message.attachment(0).unwrap();
    assert_eq!(attachment.attachment_name(), Some("shark.png"));
    assert_eq!(attachment.contents(), std::fs::read(picture).unwrap());
    server.shutdown().await.unwrap();
}

/// A server can accept a mail for some recipients and reject others, and the result is `Ok`. A
/// program that copies an example without `receipt.rejected` loses mails.
#[test]
fn examples_that_show_the_reply_show_rejected_recipients() {
    let read = |path: &str| std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap();
    let mut shown = 0;
    for path in ["README.md", "src/lib.rs", "src/client/mod.rs"] {
        let text = read(path);
        for block in text.split("```").skip(1).step_by(2) {
            if block.contains("receipt.reply") {
                assert!(block.contains("receipt.rejected"), "{path}: {block}");
                shown += 1;
            }
        }
    }
    assert_eq!(shown, 6);
    // `token` has one recipient for each mail.
    for name in ["axum", "gmail", "stream"] {
        let text = read(&format!("tests/examples/{name}.rs"));
        assert!(text.contains("receipt.rejected"), "{name}");
    }
}

/// The dependencies in the README suffice for its examples.
#[test]
fn the_examples_of_the_readme_use_its_dependencies() {
    let readme = std::fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    let blocks: Vec<_> = readme.split("```").skip(1).step_by(2).collect();
    let toml = blocks.iter().filter_map(|block| block.strip_prefix("toml"));
    let [by_oauth, account, dependencies] = toml.collect::<Vec<_>>()[..] else {
        panic!("other blocks of TOML: {readme}");
    };
    let dependencies = dependencies.replace('-', "_");
    let accounts = pilotfish::config::Config::parse(by_oauth).unwrap().accounts;
    assert!(accounts["work"].uses_oauth());
    let accounts = pilotfish::config::Config::parse(account).unwrap().accounts;
    assert_eq!(accounts["gmail"].user.as_deref(), Some("me@gmail.com"));
    for block in blocks.iter().filter(|block| block.starts_with("rust")) {
        for line in block.lines().filter_map(|line| line.strip_prefix("use ")) {
            let name = line.split("::").next().unwrap();
            let is_named = dependencies.contains(&format!("\n{name} = "));
            assert!(is_named || name == "std", "{line}");
        }
    }
}

/// Requests a mail from the service. Returns the connection on which the service will answer.
async fn ask(address: &str, to: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /reports/{to} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: 11\r\n\r\nfish,weight"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn axum() {
    timeout(LIMIT, mails_that_are_under_way_arrive())
        .await
        .expect("the service answers and ends");
}

async fn mails_that_are_under_way_arrive() {
    let mut service = example("axum").spawn().await;
    let mut lines = BufReader::new(service.stdout.take().unwrap()).lines();
    let first = lines.next_line().await.unwrap().unwrap();
    let address = first.split("http://").nth(1).unwrap();

    let refused = answer(ask(address, "nobody").await).await;
    assert!(
        refused.starts_with("HTTP/1.1 400 Bad Request\r\n"),
        "{refused}"
    );
    let mut asked = Vec::new();
    for number in 0..6 {
        asked.push(ask(address, &format!("reader-{number}@example.org")).await);
    }
    // The service has read the requests, and their mails wait for the distant server.
    for _ in 0..=asked.len() {
        let line = lines.next_line().await.unwrap().unwrap();
        assert!(line.starts_with("a report for "), "{line}");
    }
    let id = i32::try_from(service.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();

    for stream in asked {
        let answer = answer(stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
    let last = lines.next_line().await.unwrap();
    assert_eq!(last.as_deref(), Some("6 mails have arrived"));
    let output = service.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// The peak memory of the example, in KiB, and its output before that.
async fn stream_of(count: &str) -> (u64, String) {
    let ended = example("stream").args([count]).end().await;
    assert_eq!(ended.status, 0, "{ended:?}");
    let (outcome, peak) = ended.stdout.split_once("VmHWM:").unwrap();
    let peak = peak.trim().strip_suffix(" kB").unwrap();
    (peak.parse().unwrap(), outcome.to_owned())
}

#[tokio::test]
async fn stream() {
    let (small, _) = stream_of("1000").await;
    let (large, outcome) = stream_of("10000").await;
    assert_eq!(
        outcome,
        "10000 accepted, 0 not, 0 unknown, 10000 arrived\n8 connections\n"
    );
    // All messages at once would take 20 MB at least.
    assert!(
        large < small + 8 * 1024,
        "{large} KiB, and {small} for a tenth"
    );
}

#[tokio::test]
async fn token() {
    let ended = example("token").end().await;
    assert_eq!(ended.status, 0, "{ended:?}");
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "fetched token 1",
            "mail 1: 250 2.0.0 Ok: queued as 4C1F00000000",
            "fetched token 2",
            "mail 2: 250 2.0.0 Ok: queued as 4C1F00000001",
            "mail 3: 250 2.0.0 Ok: queued as 4C1F00000002",
        ]
    );
}
