//! What dkimpy says of signed messages.

use std::fs;
use std::process::Command;

use super::*;
use crate::message::dkim::Canonicalization;

const SCRIPT: &str = include_str!("../../../../tests/it/message/dkim/verify.py");
const RSA_RECORD: &str = include_str!("../../../../tests/fixtures/dkim/rsa-2048.txt");
const ED25519_RECORD: &str = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

/// Lets dkimpy verify the mails, and gives what it finds wrong with each of them.
fn verify(mails: &[Vec<u8>]) -> Vec<Option<String>> {
    let directory = tempfile::tempdir().unwrap();
    let files = mails.iter().enumerate().map(|(number, mail)| {
        let file = directory.path().join(format!("{number}.eml"));
        fs::write(&file, mail).unwrap();
        file
    });
    let files: Vec<_> = files.collect();
    let records = serde_json::json!({
        "rsa._domainkey.x.test": RSA_RECORD.trim(),
        "ed._domainkey.x.test": ED25519_RECORD,
    });
    let python = std::env::var_os("PILOTFISH_PYTHON").unwrap_or_else(|| "python3".into());
    let output = Command::new(python)
        .args(["-I", "-X", "utf8", "-c", SCRIPT])
        .arg(records.to_string())
        .args(files)
        .output()
        .expect("this test needs Python 3");
    assert!(
        output.status.success(),
        "this test needs dkimpy, in the Python that PILOTFISH_PYTHON names:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let results: Vec<[Option<String>; 1]> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(results.len(), mails.len());
    results.into_iter().flatten().collect()
}

/// Signers by both algorithms and in all canonical forms.
fn signers() -> Vec<Signer> {
    let forms = [Canonicalization::Simple, Canonicalization::Relaxed];
    let mut signers = Vec::new();
    for (selector, pem) in [("rsa", RSA), ("ed", ED25519)] {
        for header in forms {
            for body in forms {
                let key = SigningKey::from_pem(pem).unwrap();
                let domain = "x.test";
                let builder = Signer::builder(domain, selector, key)
                    .header_canonicalization(header)
                    .body_canonicalization(body)
                    .identity("\"ann; lee\"@mail.x.test");
                signers.push(builder.build().unwrap());
            }
        }
    }
    signers
}

const HEADER: &str = "Received: by y.test\r\n\
    From:  Ann\t Lee\r\n <ann@x.test> \r\n\
    To: bo@y.test,\r\n\tcy@y.test\r\n\
    SUBJECT: =?utf-8?q?=C3=A9?=  x\r\n\
    X-Other: 1\r\n\
    Resent-To: 1@y.test\r\n\
    Resent-To: 2@y.test\r\n\
    Date: Tue, 1 Jul 2003 10:52:37 +0200\r\n\
    Message-ID: <1.2@x.test>\r\n\
    References:\r\n <3.4@x.test>\r\n\
    List-Unsubscribe: <https://x.test/u?a=b;c>\r\n\
    List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=utf-8\r\n";

/// Bodies that are not quite as the canonical form has them. White space at the very end is not
/// among them: dkimpy removes it before line ends alone, and a body that was sent has one.
const BODIES: [&str; 11] = [
    "",
    "\r\n",
    "\r\n\r\n\r\n",
    "a\r\n",
    "a",
    "a\r\n\r\n\r\n",
    "\r\n\r\na\r\n",
    " a \t b\t\r\n \r\n\t\r\n c\r\n \r\n",
    "\r\n \r\n\t\r\n",
    "é 🦈  \r\n\r\n.\r\n",
    "From here\r\n--x\r\n\r\n\r\n\r\n--x--\r\n\r\n\r\n",
];

#[test]
#[ignore = "needs dkimpy: tests/run installs it"]
fn dkimpy_verifies_every_kind_of_signature() {
    let mut mails = Vec::new();
    for signer in signers() {
        for body in BODIES {
            mails.push(signed(&signer, HEADER, body.as_bytes(), 3));
        }
        mails.push(signed(&signer, "From: a@x.test\r\n", b"a\r\n", 1));
    }
    for (mail, complaint) in mails.iter().zip(verify(&mails)) {
        assert_eq!(complaint, None, "{}", String::from_utf8_lossy(mail));
    }
}

#[test]
#[ignore = "needs dkimpy: tests/run installs it"]
fn dkimpy_notices_what_was_changed() {
    let mut changed = Vec::new();
    for signer in signers() {
        let mail = signed(&signer, HEADER, b"The price is 10.\r\n", 7);
        let mail = String::from_utf8(mail).unwrap();
        for (from, to) in [
            ("price is 10", "price is 100"),
            ("X-Other: 1\r\n", "X-Other: 1\r\nSubject: another\r\n"),
            ("X-Other: 1\r\n", "X-Other: 1\r\nFrom: another@x.test\r\n"),
            ("X-Other: 1\r\n", "X-Other: 1\r\nReply-To: me@y.test\r\n"),
            (
                "X-Other: 1\r\n",
                "X-Other: 1\r\nContent-Type: text/html\r\n",
            ),
            ("x.test/u?", "x.test/v?"),
            ("MIME-Version: 1.0\r\n", ""),
        ] {
            assert!(mail.contains(from));
            changed.push(mail.replacen(from, to, 1).into_bytes());
        }
        let unsigned = mail.replacen("X-Other: 1\r\n", "X-Other: 2\r\nX-More: 3\r\n", 1);
        assert_eq!(verify(&[unsigned.into_bytes()]), [None]);
    }
    for (mail, complaint) in changed.iter().zip(verify(&changed)) {
        assert_ne!(complaint, None, "{}", String::from_utf8_lossy(mail));
    }
}
