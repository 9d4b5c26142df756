//! The report of a job in Chromium: it shows its charts, loads nothing and fits on every screen.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use pilotfish::report::{self, ReportData};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::jobs;

/// Opens a report. The screenshots are kept in `target/tmp`.
fn show(data: &ReportData) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tools = root.join("target/tools/node");
    let home = TempDir::new().unwrap();
    let file = home.path().join("report.html");
    report::html(data, fs::File::create(&file).unwrap()).unwrap();
    let output = Command::new("timeout")
        .arg("300")
        .arg(tools.join("node"))
        .arg(root.join("tests/it/live/node/report.mjs"))
        .arg(&file)
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("report-{}", data.job)))
        .env("NODE_PATH", tools.join("node_modules"))
        // The browser writes files there, whatever its settings.
        .env("HOME", home.path())
        .env_remove("XDG_CONFIG_HOME")
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "report.mjs: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
#[ignore = "needs the packages of Node and the browser: tests/run installs them"]
fn every_report_is_shown_on_every_screen() {
    for data in jobs::all() {
        let shown = show(&data);
        assert_eq!(shown["requests"], json!([]), "{}", data.job);
        assert_eq!(shown["console"], json!([]), "{}", data.job);
        for screen in ["light", "dark", "narrow", "print"] {
            let seen = &shown["screens"][screen];
            // No part is wider than the screen.
            assert_eq!(seen["overflow"], 0, "{} {screen}: {seen:#}", data.job);
            let charts = seen["charts"].as_array().unwrap();
            assert!(!charts.is_empty(), "{} {screen}", data.job);
            for chart in charts {
                let is_drawn = |side: &str| chart[side].as_f64().unwrap() > 5.0;
                assert!(
                    is_drawn("width") && is_drawn("height"),
                    "{} {chart}",
                    data.job
                );
                assert!(!chart["name"].as_str().unwrap().is_empty(), "{chart}");
            }
        }
        // The style sheet is applied: a policy that forbids it would leave both white.
        let ground = |screen: &str| shown["screens"][screen]["ground"].clone();
        assert_eq!(ground("light"), "rgb(255, 255, 255)");
        assert_eq!(ground("dark"), "rgb(20, 23, 27)");
        assert_eq!(ground("print"), "rgb(255, 255, 255)");
    }
}
