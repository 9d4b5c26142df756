//! The flags and keys that begin with `tls-`.

use pilotfish::testing::TestServer;
use sha2::{Digest as _, Sha256};

use super::made::{ROOT, ServerCertificates, good, server_params};
use crate::cli::cli_fixture::{CliFixture, Directory, server};
use crate::cli::run::{Ended, Run, unwrapped};

const MAIL: &str = "--from me@example.org --to ann@example.org --text hello";

/// Sends to a server whose authority is unknown, with only these flags.
async fn send(fixture: &CliFixture, arguments: &str) -> Ended {
    let address = fixture.server.addr().to_string();
    Run::new("send --user me@example.org --password-file password --server")
        .args([&address])
        .args(Run::words(&format!("{MAIL} {arguments}")))
        .directory(fixture.directory.path())
        .end()
        .await
}

#[tokio::test]
async fn trusted_authorities() {
    let fixture = CliFixture::open(server()).await;
    let refused = send(&fixture, "").await;
    assert_eq!(refused.status, 76, "{refused:?}");
    // The error names the hash to pin. From then on the hash identifies the server.
    let pin = refused
        .stderr
        .split_whitespace()
        .find(|word| word.starts_with("sha256:"))
        .unwrap()
        .to_owned();
    let json = send(&fixture, &format!("--json --tls-fingerprint {pin}")).await;
    assert_eq!((json.status, json.stderr.as_str()), (0, ""), "{json:?}");
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["tls"]["certificate"], pin);
    for arguments in [
        "--tls-ca ca.pem",
        "--tls-ca ca.pem --tls-roots none --tls-min 1.3",
        "--tls-ca ca.pem --tls-name localhost",
    ] {
        let sent = send(&fixture, arguments).await;
        assert_eq!(
            (sent.status, sent.stderr.as_str()),
            (0, ""),
            "{arguments}: {sent:?}"
        );
    }
    for arguments in [
        "--tls-roots none",
        "--tls-ca ca.pem --tls-name other.example",
    ] {
        let refused = send(&fixture, arguments).await;
        assert!(
            [76, 78].contains(&refused.status),
            "{arguments}: {refused:?}"
        );
    }
    assert_eq!(fixture.mails().await.len(), 4);
}

#[tokio::test]
async fn without_verification_each_time_is_a_warning() {
    let fixture = CliFixture::open(server()).await;
    for arguments in ["--tls-insecure", "--tls-insecure --quiet"] {
        let sent = send(&fixture, arguments).await;
        assert_eq!(sent.status, 0, "{sent:?}");
        let words = "warning: the server's certificate is not verified (--tls-insecure)";
        assert!(sent.stderr.starts_with(words), "{sent:?}");
    }
    assert_eq!(fixture.mails().await.len(), 2);
    let short = Run::new("send -h").end().await.stdout;
    let long = Run::new("send --help").end().await.stdout;
    assert!(!short.contains("--tls-insecure") && long.contains("--tls-insecure"));
}

#[tokio::test]
async fn the_roots_of_the_system() {
    let fixture = CliFixture::open(server()).await;
    let address = fixture.server.addr().to_string();
    let of_system = |file: &str| {
        Run::new("send --user me@example.org --password-file password --tls-roots system --server")
            .args([&address])
            .args(Run::words(MAIL))
            .env("SSL_CERT_FILE", fixture.directory.path().join(file))
            .env("SSL_CERT_DIR", "")
            .directory(fixture.directory.path())
    };
    let sent = of_system("ca.pem").end().await;
    assert_eq!(sent.status, 0, "{sent:?}");
    fixture.directory.file("other.pem", ROOT.pem());
    let refused = of_system("other.pem").end().await;
    assert_eq!(refused.status, 76, "{refused:?}");
    fixture.directory.file("none.pem", "");
    let refused = of_system("none.pem").end().await;
    assert_eq!(refused.status, 78, "{refused:?}");
    assert!(
        refused
            .stderr
            .contains("the system has no certificate authorities"),
        "{refused:?}"
    );
    assert_eq!(fixture.mails().await.len(), 1);
}

#[tokio::test]
async fn contradictory_flags() {
    let pin = format!("sha256:{}", "0".repeat(64));
    for (arguments, words) in [
        ("--tls-roots all", "it is one of public, system, none"),
        ("--tls-min 1.1", "it is one of 1.2, 1.3"),
        ("--tls-cert c.pem", "--tls-key"),
        ("--tls-key k.pem", "--tls-cert"),
        ("--tls-name 'a b'", "is neither a host name"),
        ("--tls-fingerprint 0011", "write sha256: or spki-sha256:"),
        ("--tls-insecure --tls-ca ca.pem", "cannot be used with"),
        (
            &format!("--tls-fingerprint {pin} --tls-insecure"),
            "cannot be used with",
        ),
        (
            &format!("--tls-fingerprint {pin} --tls-ca ca.pem"),
            "cannot be used with",
        ),
        (
            &format!("--tls-fingerprint {pin} --tls-roots none"),
            "cannot be used with",
        ),
    ] {
        let run = Run::new("send --server 127.0.0.1:9").args(Run::words(MAIL));
        let ended = run.args(Run::words(arguments)).end().await;
        assert_eq!(ended.status, 64, "{arguments}: {ended:?}");
        assert!(
            unwrapped(&ended.stderr).contains(words),
            "{arguments}: {ended:?}"
        );
    }
}

#[tokio::test]
async fn a_key_that_others_can_read_is_not_used() {
    let directory = Directory::new();
    let shown = ServerCertificates::by(&ROOT, &server_params(&["client.example"]));
    directory.file("key.pem", shown.key.serialize_pem());
    directory.file("cert.pem", ROOT.pem());
    let send = async || {
        Run::new("send --server 127.0.0.1:9 --tls-cert cert.pem --tls-key key.pem")
            .args(Run::words(MAIL))
            .directory(directory.path())
            .end()
            .await
    };
    let ended = send().await;
    assert_eq!(ended.status, 78, "{ended:?}");
    assert!(
        ended.stderr.contains("does not belong to its certificate"),
        "{ended:?}"
    );
    directory.chmod("key.pem", 0o640);
    let ended = send().await;
    assert_eq!(ended.status, 78, "{ended:?}");
    assert!(
        ended.stderr.contains("others can read the TLS key"),
        "{ended:?}"
    );
}

#[tokio::test]
async fn a_flag_replaces_the_pins_of_an_account() {
    let fixture = CliFixture::open(server()).await;
    let pin = |shown: &ServerCertificates| {
        let digest = Sha256::digest(&shown.chain[0]);
        digest
            .iter()
            .map(|octet| format!("{octet:02X}"))
            .collect::<Vec<_>>()
            .join(":")
    };
    let account = format!(
        "[account.a]\nserver = '{}'\ntls-fingerprint = ['sha256:{}']\nfrom = 'me@example.org'\n\
         user = 'me@example.org'\npassword-file = 'password'\n",
        fixture.server.addr(),
        pin(&good()),
    );
    fixture.directory.file("mail.toml", account);
    let run = async |arguments: &str| {
        Run::new("send -C mail.toml -A a --to ann@example.org --text hello")
            .args(Run::words(arguments))
            .directory(fixture.directory.path())
            .end()
            .await
    };
    let refused = run("").await;
    assert_eq!(refused.status, 76, "{refused:?}");
    assert!(
        unwrapped(&refused.stderr).contains("is not the pinned one but sha256:"),
        "{refused:?}"
    );
    let sent = run("--tls-ca ca.pem").await;
    assert_eq!(sent.status, 0, "{sent:?}");
    assert_eq!(fixture.mails().await.len(), 1);
}

/// No file contains the memory of the process after a crash (R2).
#[tokio::test]
async fn no_core_is_dumped() {
    let server: TestServer = server().start().await.unwrap();
    let script = "ulimit -c unlimited 2>/dev/null; exec \"$0\" \"$@\"";
    let address = server.addr().to_string();
    // The password command is a child process: it has the same limits, and its parent is the tested
    // process.
    let look = "cat /proc/$PPID/limits >limits; echo p";
    let directory = Directory::new();
    directory.file("ca.pem", server.ca_pem());
    let ended = Run::shell(script)
        .args([
            "send",
            "--server",
            &address,
            "--tls-ca",
            "ca.pem",
            "--user",
            "me@example.org",
        ])
        .args(["--password-command", look])
        .args(Run::words(MAIL))
        .directory(directory.path())
        .end()
        .await;
    assert_eq!(ended.status, 77, "{ended:?}");
    let limits = String::from_utf8(directory.read("limits")).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let values: Vec<_> = line.split_whitespace().skip(4).take(2).collect();
    assert_eq!(values, ["0", "0"], "{line}");
}
