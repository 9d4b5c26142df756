//! Signed mails.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest as _, Sha256};

use super::cli_fixture::{CliFixture, Directory, server};
use super::made::{Composer, fields};
use super::run::{Ended, Run};

const KEY: &[u8] = include_bytes!("../../fixtures/dkim/rsa-2048.pem");

const FILES: &[(&str, &[u8])] = &[
    ("key.pem", KEY),
    (
        "short.pem",
        include_bytes!("../../fixtures/dkim/rsa-1024.pem"),
    ),
    ("no.pem", b"no key"),
    (
        "two.eml",
        b"From: a@x.test\nFrom: b@x.test\nTo: c@x.test\n\n",
    ),
];

fn composer<'a>() -> Composer<'a> {
    Composer {
        files: FILES,
        ..Composer::default()
    }
}

/// The signature, which is the first field, unfolded.
#[track_caller]
fn signature(mail: &str) -> String {
    assert!(mail.starts_with("DKIM-Signature: "), "{mail}");
    fields(mail, &["DKIM-Signature"])
}

#[tokio::test]
async fn the_signature_has_the_given_domain_and_selector() {
    for (arguments, tags) in [
        (
            "--dkim-domain x.test --dkim-key key.pem",
            "d=x.test; s=s1; t=",
        ),
        (
            "--dkim-domain X.test --dkim-key-command 'cat key.pem'",
            "d=x.test; s=s1; t=",
        ),
        (
            "--dkim-domain x.test --dkim-key key.pem --dkim-identity a@b.x.test",
            "i=a@b.x.test",
        ),
        (
            "--dkim-domain x.test --dkim-key key.pem --body 7bit",
            "d=x.test",
        ),
    ] {
        let mail = composer()
            .mail(&format!("--text Hi --dkim-selector s1 {arguments}"))
            .await;
        let signature = signature(&mail);
        assert!(signature.contains(tags), "{arguments}: {signature}");
    }
}

/// The server received the octets that were signed, although it accepts 8 bits.
#[tokio::test]
async fn the_received_octets_are_the_signed_ones() {
    let fixture = CliFixture::open(server()).await;
    fixture.directory.file("key.pem", KEY);
    let run = fixture.send(
        "--to ann@example.org --text wörld --dkim-domain x.test --dkim-selector s1 \
         --dkim-key key.pem",
    );
    run.end().await.result();
    let mail = String::from_utf8(fixture.mail().await.octets.to_vec()).unwrap();
    let (_, body) = mail.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, "w=C3=B6rld\r\n");
    let hash = BASE64_STANDARD.encode(Sha256::digest(body));
    let signature = signature(&mail);
    assert!(signature.contains(&format!("bh={hash};")), "{signature}");
}

#[tokio::test]
async fn finished_messages_are_signed_too() {
    let composer = Composer {
        stdin: "From: a@x.test\nTo: b@x.test\n\ntext\n",
        ..composer()
    };
    let dkim = "--dkim-domain x.test --dkim-selector s1 --dkim-key key.pem";
    let ended = composer.run(&format!("--raw - -t {dkim}")).await;
    signature(&ended.stdout);
    assert!(ended.stdout.ends_with("\r\n\r\ntext\r\n"), "{ended:?}");
}

async fn with_account(dkim: &str, arguments: &str) -> Ended {
    let directory = Directory::new();
    for (name, content) in FILES {
        directory.file(name, content);
    }
    directory.file(
        "mail.toml",
        format!(
            "[account.work]\nserver = 'there.invalid'\nfrom = 'me@example.org'\n\
             [account.work.dkim]\n{dkim}"
        ),
    );
    Run::new("send --dry-run -C mail.toml -A work --to ann@example.org --text Hi")
        .args(Run::words(arguments))
        .directory(directory.path())
        .env("HOME", directory.path())
        .end()
        .await
}

#[tokio::test]
async fn an_account_signs() {
    for (keys, arguments, tags) in [
        ("key-file = 'key.pem'", "", "d=example.org; s=s2;"),
        ("key-file = '~/key.pem'", "", "d=example.org; s=s2;"),
        ("key-command = 'cat key.pem'", "", "d=example.org; s=s2;"),
        ("key-file = 'key.pem'\nidentity = '@example.org'", "", ""),
        (
            "key-file = 'key.pem'\nidentity = 'a@example.org'",
            "",
            "i=a@example.org",
        ),
        (
            "key-file = 'none.pem'",
            "--dkim-domain x.test --dkim-selector s1 --dkim-key key.pem",
            "d=x.test; s=s1;",
        ),
    ] {
        let dkim = format!("domain = 'example.org'\nselector = 's2'\n{keys}");
        let ended = with_account(&dkim, arguments).await;
        if tags.is_empty() {
            ended.fails(78, "identity");
            continue;
        }
        let signature = signature(&ended.stdout);
        assert!(signature.contains(tags), "{keys}: {signature}");
    }
}

#[tokio::test]
async fn unusable_keys_of_an_account_are_78() {
    for (dkim, words) in [
        ("domain = 'x.test'", "selector"),
        (
            "domain = 'x.test'\nselector = 's1'",
            "key-file or key-command",
        ),
        (
            "domain = 'x.test'\nselector = 's1'\nkey-file = 'none.pem'",
            "none.pem",
        ),
        (
            "domain = 'x.test'\nselector = 'a b'\nkey-file = 'key.pem'",
            "is not a selector",
        ),
        (
            "domain = '[127.0.0.1]'\nselector = 's1'\nkey-file = 'key.pem'",
            "cannot sign",
        ),
    ] {
        with_account(dkim, "").await.fails(78, words);
    }
}

#[tokio::test]
async fn unsignable_mails_have_an_error() {
    for (arguments, status, words) in [
        ("--dkim-domain x.test", 64, "--dkim-selector"),
        ("--dkim-selector s1", 64, "--dkim-domain"),
        ("--dkim-key key.pem", 64, "--dkim-domain"),
        ("--dkim-domain x.test --dkim-selector s1", 64, "--dkim-key"),
        (
            "--dkim-domain x.test --dkim-selector s1 --dkim-key key.pem --dkim-key-command x",
            64,
            "cannot be used with",
        ),
        (
            "--dkim-domain x.test --dkim-selector 'a b' --dkim-key key.pem",
            64,
            "not a selector",
        ),
        (
            "--dkim-domain x.test --dkim-selector s1 --dkim-key key.pem --body binarymime",
            64,
            "--body-type 7bit",
        ),
        (
            "--dkim-domain 'x test' --dkim-selector s1 --dkim-key key.pem",
            65,
            "in --dkim-domain: ",
        ),
        (
            "--dkim-domain x.test --dkim-selector s1 --dkim-key key.pem --dkim-identity x",
            65,
            "in --dkim-identity: ",
        ),
        (
            "--dkim-domain x.test --dkim-selector s1 --dkim-key key.pem --dkim-identity a@y.test",
            78,
            "is not of x.test",
        ),
        (
            "--dkim-domain x.test --dkim-selector s1 --dkim-key none.pem",
            78,
            "none.pem",
        ),
        (
            "--dkim-domain x.test --dkim-selector s1 --dkim-key no.pem",
            78,
            "no private key",
        ),
        (
            "--dkim-domain x.test --dkim-selector s1 --dkim-key short.pem",
            78,
            "2048 to 4096 bits",
        ),
        (
            "--dkim-domain x.test --dkim-selector s1 --dkim-key-command 'exit 3'",
            78,
            "`exit …` ended with status 3",
        ),
    ] {
        let enough = "--from me@example.org --to ann@example.org --text Hi";
        let ended = composer().run(&format!("{enough} {arguments}")).await;
        ended.fails(status, words);
    }
    let two = "--raw two.eml -t --envelope-from a@x.test --dkim-domain x.test --dkim-selector s1 \
               --dkim-key key.pem";
    composer().run(two).await.fails(65, "From");
}

#[tokio::test]
async fn a_key_that_others_can_read_is_78() {
    let directory = Directory::new();
    directory.file("key.pem", KEY);
    directory.chmod("key.pem", 0o640);
    let run = Run::new(
        "send -n --from a@x.test --to b@x.test --dkim-domain x.test --dkim-selector s1 \
         --dkim-key key.pem",
    );
    let ended = run.directory(directory.path()).end().await;
    ended.fails(78, "chmod 600 key.pem");
}
