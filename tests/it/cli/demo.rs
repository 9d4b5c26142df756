//! `pilotfish demo`.

use mail_parser::{MessageParser, MimeHeaders as _};

use serde_json::Value;

use crate::cli::cli_fixture::{CliFixture, Directory, server};
use crate::cli::run::{Run, USER};

const SHARK: &[u8] = include_bytes!("../../fixtures/images/shark.png");

/// The digest of the drawing, as other programs compute it.
fn sha256_of_the_shark() -> String {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/images/shark.png"
    );
    let output = std::process::Command::new("sha256sum")
        .arg(path)
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    output.split(' ').next().unwrap().to_owned()
}

#[tokio::test]
async fn it_shows_that_the_image_arrived_unchanged() {
    let directory = Directory::new();
    // The command replaces the files of an earlier demo.
    for _ in 0..2 {
        let ended = Run::new("demo").directory(directory.path()).end().await;
        assert_eq!(ended.status, 0, "{ended:?}");
        let digest = sha256_of_the_shark();
        assert_eq!(digest.len(), 64);
        let expected = format!(
            "SHA-256 sent      {digest}\nSHA-256 inline    {digest}\nSHA-256 attached  {digest}\n\
             the same\n"
        );
        assert!(ended.stdout.ends_with(&expected), "{ended:?}");
        for line in [
            "<- 220 ",
            "-> STARTTLS",
            "~> AUTH PLAIN <",
            "<~ 354 ",
            "<~ 221 ",
        ] {
            assert!(
                ended.stderr.lines().any(|shown| shown.starts_with(line)),
                "{ended:?}"
            );
        }
    }
    assert!(directory.read("pilotfish-demo/received.png") == SHARK);
}

/// The mail has the image in its HTML and attached, and a text for readers without HTML.
fn shows_the_picture(octets: &[u8]) {
    let mail = MessageParser::default().parse(octets).unwrap();
    let pictures: Vec<_> = mail
        .parts
        .iter()
        .filter(|part| part.contents() == SHARK)
        .map(|part| (part.attachment_name(), part.content_id()))
        .collect();
    let [(Some("shark.png"), Some(id)), (Some("shark 🦈.png"), None)] = pictures[..] else {
        panic!("{pictures:?}");
    };
    let html = mail.body_html(0).unwrap();
    let shown = format!("<img src=\"cid:{id}\" width=\"480\"");
    assert!(html.contains(&shown), "{html}");
    assert!(
        mail.body_text(0)
            .unwrap()
            .ends_with("\r\n.\r\n..and a few dots that want care.\r\n")
    );
}

#[tokio::test]
async fn the_server_received_a_mail_with_the_image() {
    let directory = Directory::new();
    Run::new("demo").directory(directory.path()).end().await;
    shows_the_picture(&directory.read("pilotfish-demo/received.eml"));
}

#[tokio::test]
async fn the_same_mail_goes_to_a_real_server() {
    for (arguments, forward_path) in [
        ("", "me@example.org"),
        ("--to ann@example.org", "ann@example.org"),
        (
            "--from eve@example.org --to 'Ann <ann@example.org>'",
            "ann@example.org",
        ),
    ] {
        let fixture = CliFixture::open(server()).await;
        let ended = Run::new("demo --json --tls-ca ca.pem --password-file password --server")
            .args([fixture.server.addr().to_string().as_str(), "--user", USER])
            .args(Run::words(arguments))
            .directory(fixture.directory.path())
            .end()
            .await;
        let outcome: Value = serde_json::from_str(ended.result()).unwrap();
        assert!(ended.stderr.contains("~> AUTH PLAIN <"), "{ended:?}");
        assert!(!fixture.directory.path().join("pilotfish-demo").exists());
        let mail = fixture.mail().await;
        assert_eq!(mail.forward_paths, [forward_path]);
        let id = format!(
            "\r\nMessage-ID: {}\r\n",
            outcome["message_id"].as_str().unwrap()
        );
        assert!(String::from_utf8_lossy(&mail.octets).contains(&id));
        shows_the_picture(&mail.octets);
    }
}

#[tokio::test]
async fn an_unreachable_server_is_reported_as_for_any_mail() {
    for (arguments, status, words) in [
        (
            "--server there.invalid --from a@x.test --to nobody",
            65,
            "in --to: ",
        ),
        ("--server there.invalid --from nobody", 65, "in --from: "),
        (
            "--server there.invalid --from a@x.test",
            68,
            "there.invalid",
        ),
        (
            "--server there.invalid --user a@x.test",
            64,
            "--user needs a password",
        ),
    ] {
        let ended = Run::new(&format!("demo {arguments}")).end().await;
        ended.fails(status, words);
    }
}

#[tokio::test]
async fn an_unwritable_directory_is_73() {
    let directory = Directory::new();
    directory.file("pilotfish-demo", "a file");
    let ended = Run::new("demo").directory(directory.path()).end().await;
    ended.fails(73, "./pilotfish-demo");
}

/// Another user may have put the link into a directory that all users can write to.
#[tokio::test]
async fn it_does_not_write_through_a_link() {
    use std::os::unix::fs::symlink;
    let directory = Directory::new();
    directory.file("precious", "mine");
    std::fs::create_dir(directory.path().join("pilotfish-demo")).unwrap();
    for name in ["received.eml", "received.png"] {
        let link = directory.path().join("pilotfish-demo").join(name);
        symlink(directory.path().join("precious"), link).unwrap();
    }
    let ended = Run::new("demo").directory(directory.path()).end().await;
    assert_eq!(ended.status, 0, "{ended:?}");
    assert_eq!(directory.read("precious"), b"mine");
    assert!(directory.read("pilotfish-demo/received.png") == SHARK);

    let other = Directory::new();
    symlink(directory.path(), other.path().join("pilotfish-demo")).unwrap();
    let ended = Run::new("demo").directory(other.path()).end().await;
    ended.fails(73, "a symbolic link");
    assert!(!directory.path().join("received.eml").exists());
}
