//! The server and a client that somebody else wrote: smtplib of Python.

use std::process::Command;

use crate::testing::{TestServer, TlsVersion};

const SCRIPT: &str = r#"
import smtplib, ssl, sys
port, ca = int(sys.argv[1]), sys.argv[2]
with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example", timeout=30) as smtp:
    smtp.starttls(context=ssl.create_default_context(cafile=ca))
    smtp.login("tim", "tanstaaftanstaaf")
    smtp.sendmail("a@b.example", ["c@d.example", "e@f.example"], "Subject: x\r\n\r\n.dot\r\n")
"#;

#[tokio::test]
async fn smtplib_sends_a_mail_with_starttls_and_auth() {
    let server = TestServer::builder().user("tim", "tanstaaftanstaaf");
    let server = server.start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    std::fs::write(&ca, server.ca_pem()).unwrap();
    let port = server.addr().port().to_string();

    let run = move || {
        let mut python = Command::new("python3");
        python.args(["-c", SCRIPT, &port]).arg(&ca).output()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let output = output.expect("this test needs python3");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    let received = server.next_received().await.unwrap();
    assert_eq!(received.octets, "Subject: x\r\n\r\n.dot\r\n");
    assert_eq!(received.declared_size(), Some(18 + 2));
    assert_eq!(received.forward_paths, ["c@d.example", "e@f.example"]);
    assert_eq!(received.authenticated_as.as_deref(), Some("tim"));
    assert_eq!(received.tls, Some(TlsVersion::Tls13));
    server.shutdown().await.unwrap();
}
