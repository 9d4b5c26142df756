//! The command is interrupted.

#![expect(clippy::unwrap_used, reason = "what is not as expected ends the test")]

use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// The command, with a server that takes everything but gives no answer to the end of data.
async fn sent_and_not_answered() -> (Child, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap().to_string();
    let child = Command::new(env!("CARGO_BIN_EXE_pilotfish"))
        .args(["send", "--tls", "none", "--json", "--server", &server])
        .args(["--from", "me@example.org", "--to", "ann@example.org"])
        .args(["--text", "Hello"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    for (answer, wanted) in [
        ("220 hello\r\n", "EHLO"),
        ("250 hello\r\n", "MAIL"),
        ("250 ok\r\n", "RCPT"),
        ("250 ok\r\n", "DATA\r\n"),
        ("354 go\r\n", "\r\n.\r\n"),
    ] {
        stream.write_all(answer.as_bytes()).await.unwrap();
        let mut got = Vec::new();
        while !String::from_utf8_lossy(&got).contains(wanted) {
            got.push(stream.read_u8().await.unwrap());
        }
    }
    (child, stream)
}

async fn interrupt(child: &Child) {
    let id = child.id().unwrap().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().await;
    assert!(sent.unwrap().success());
}

#[tokio::test]
async fn twice_behind_the_end_of_data_ends_at_once_with_81() {
    let (mut child, _server) = sent_and_not_answered().await;
    interrupt(&child).await;
    let mut notice = String::new();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let said = timeout(Duration::from_mins(1), errors.read_line(&mut notice)).await;
    said.expect("there is a notice").unwrap();
    interrupt(&child).await;
    let ended = timeout(Duration::from_mins(1), child.wait_with_output()).await;
    let Output { status, stdout, .. } = ended.expect("nothing is waited for").unwrap();
    let outcome: serde_json::Value = serde_json::from_slice(&stdout).unwrap();
    assert_eq!(status.code(), Some(81), "{outcome}");
    assert_eq!(outcome["outcome"], "unknown", "{outcome}");
    assert_eq!(outcome["recipients"][0]["outcome"], "unknown", "{outcome}");
}
