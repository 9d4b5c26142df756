//! What a person sees who opens the mail: maildev's web interface, in Chromium.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{live_env, mail::Mail, round_trip::sha256};

const SHARK: &[u8] = include_bytes!("../../fixtures/images/shark.png");

/// Opens the mail of a report. The screenshot is kept in `target/tmp`.
fn show(report: &Value, screenshot: &str) -> Value {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/node");
    let home = TempDir::new().unwrap();
    let output = Command::new("timeout")
        .arg("300")
        .arg(tools.join("node"))
        .arg("tests/it/live/node/show.mjs")
        .arg(format!(
            "http://{}/",
            live_env::server("127.0.0.1", "maildev_web")
        ))
        .arg(report["message_id"].as_str().unwrap())
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join(screenshot))
        .env("NODE_PATH", tools.join("node_modules"))
        // The browser writes files there, whatever its settings.
        .env("HOME", home.path())
        .env_remove("XDG_CONFIG_HOME")
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "show.mjs: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The only mail that is sent to maildev, because its interface lists all mails.
#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn the_demo_is_shown_with_its_image() {
    let mail = Mail::over("maildev").to("bob").arguments(["--json"]);
    let shown = show(&mail.demonstrate().report(0), "demo.png");
    let picture = |name: &str| json!({"name": name, "size": SHARK.len(), "sha256": sha256(SHARK)});
    assert_eq!(
        shown,
        json!({
            "subject": "Grüße vom Pilotfisch 🦈",
            "images": [
                {"alt": "A shark", "complete": true, "naturalWidth": 1600, "naturalHeight": 1000},
            ],
            "attachments": [picture("shark.png"), picture("shark 🦈.png")],
            "elsewhere": [],
        })
    );
}
