//! `pilotfish demo`.

use mail_parser::{MessageParser, MimeHeaders as _};

use crate::cli::office::Directory;
use crate::cli::run::Run;

const SHARK: &[u8] = include_bytes!("../fixtures/images/shark.png");

/// The digest of the drawing, as other programs have it.
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
async fn it_shows_that_the_picture_arrived_as_it_was_sent() {
    let directory = Directory::new();
    // What an earlier demonstration has left is replaced.
    for _ in 0..2 {
        let ended = Run::new("demo").directory(directory.path()).end().await;
        assert_eq!(ended.status, 0, "{ended:?}");
        let digest = sha256_of_the_shark();
        assert_eq!(digest.len(), 64);
        let expected =
            format!("SHA-256 sent      {digest}\nSHA-256 received  {digest}\nthe same\n");
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

#[tokio::test]
async fn what_it_received_is_a_mail_with_the_picture() {
    let directory = Directory::new();
    Run::new("demo").directory(directory.path()).end().await;
    let octets = directory.read("pilotfish-demo/received.eml");
    let mail = MessageParser::default().parse(&octets).unwrap();
    let attachments: Vec<_> = mail.attachments().collect();
    assert_eq!(attachments.len(), 1);
    assert_eq!(attachments[0].attachment_name(), Some("shark 🦈.png"));
    assert!(attachments[0].contents() == SHARK);
    assert!(
        mail.body_text(0)
            .unwrap()
            .ends_with("\r\n.\r\n..and a few dots that want care.\r\n")
    );
}

#[tokio::test]
async fn where_it_cannot_write_it_is_73() {
    let directory = Directory::new();
    directory.file("pilotfish-demo", "a file");
    let ended = Run::new("demo").directory(directory.path()).end().await;
    ended.fails(73, "./pilotfish-demo");
}
