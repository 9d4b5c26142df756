//! Chromium, and an authorization server for it that others wrote, both run by Node.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

fn node(script: &str) -> Command {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/node");
    let mut command = Command::new("timeout");
    command.arg("300").arg(tools.join("node"));
    command.arg(Path::new("tests/it/live/node").join(script));
    command.env("NODE_PATH", tools.join("node_modules"));
    command
}

/// Logs the user in at this address. Returns what the browser shows then; the screenshot is kept in
/// `target/tmp`.
pub(super) async fn log_in(url: &str, user: &str, screenshot: &str) -> Value {
    let home = TempDir::new().unwrap();
    let mut command = node("log_in.mjs");
    command
        .args([url, user])
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join(screenshot))
        // The browser writes files there, whatever its settings.
        .env("HOME", home.path())
        .env_remove("XDG_CONFIG_HOME")
        .stderr(Stdio::inherit());
    let run = tokio::task::spawn_blocking(move || command.output());
    let output = run.await.unwrap().unwrap();
    assert!(output.status.success(), "log_in.mjs: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// `node/authorization.mjs`, which ends with this value.
pub(super) struct Foreign {
    // Its standard input ends when the value is dropped, and then it ends.
    _process: Child,
    // Its warnings go there, too. It would end if nobody could read them.
    _output: BufReader<ChildStdout>,
    pub(super) issuer: String,
}

impl Foreign {
    pub(super) fn start() -> Self {
        let mut command = node("authorization.mjs");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // It warns that it is not for production.
        let mut process = command.stderr(Stdio::null()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut issuer = String::new();
        while !issuer.starts_with("http") {
            issuer.clear();
            let octets = output.read_line(&mut issuer).unwrap();
            assert_ne!(octets, 0, "authorization.mjs has ended");
        }
        Self {
            _process: process,
            _output: output,
            issuer: issuer.trim_end().to_owned(),
        }
    }
}
