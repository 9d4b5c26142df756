//! Signed mails, from the builder to the received message, verified by dkimpy.

mod mails;
pub(crate) mod verifier;

use std::io::Write;

use bytes::Bytes;
use pilotfish::Message;
use pilotfish::message::BodyType;
use pilotfish::message::dkim::Canonicalization;
use pilotfish::testing::{Received, Security, Store, TestServer, TestServerBuilder};
use tokio::net::TcpStream;

use crate::support::client::in_clear;

use mails::{letter, mails};
use verifier::{Algorithm, signer, signers, verify, verify_files};

fn server() -> TestServerBuilder {
    TestServer::builder()
        .security(Security::Cleartext)
        .anonymous()
}

/// The received messages of these mails, sent in one session.
async fn arrived(server: TestServerBuilder, messages: Vec<Message>) -> Vec<Received> {
    let server = server.start().await.unwrap();
    let stream = TcpStream::connect(server.addr()).await.unwrap();
    let mut session = in_clear(stream).await.unwrap();
    let count = messages.len();
    for message in messages {
        let receipt = session.send(message).await.unwrap();
        assert!(!receipt.is_partial());
    }
    session.quit().await;
    let received = server.received();
    server.shutdown().await.unwrap();
    assert_eq!(received.len(), count);
    received
}

/// Every mail with the signature of every signer.
async fn signed() -> Vec<(&'static str, Message)> {
    let mut signed = Vec::new();
    for (name, message) in mails().await {
        for signer in signers() {
            let message = message.clone();
            let message = message.sign(&signer).await;
            signed.push((
                name,
                message.unwrap_or_else(|error| panic!("{name}: {error}")),
            ));
        }
    }
    signed
}

/// The same messages as they arrive.
async fn signed_and_sent() -> Vec<(&'static str, Bytes)> {
    let (names, messages): (Vec<_>, Vec<_>) = signed().await.into_iter().unzip();
    let octets = arrived(server(), messages)
        .await
        .into_iter()
        .map(|mail| mail.octets);
    names.into_iter().zip(octets).collect()
}

async fn octets(message: &Message) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut blocks = message.clone().into_octets();
    while blocks.next_block(&mut octets).await.unwrap() {}
    octets
}

/// The octets before the body, and the octets of the body.
fn parts(mail: &[u8]) -> (&[u8], &[u8]) {
    let end = mail.windows(4).position(|octets| octets == b"\r\n\r\n");
    let (header, rest) = mail.split_at(end.map_or(mail.len(), |end| end + 2));
    (header, rest.strip_prefix(b"\r\n").unwrap_or(rest))
}

/// Where the fields of a header begin and end.
fn fields(header: &[u8]) -> Vec<(usize, usize)> {
    let mut fields: Vec<(usize, usize)> = Vec::new();
    let mut end = 0;
    for line in header.split_inclusive(|octet| *octet == b'\n') {
        match fields.last_mut() {
            Some(field) if line[0].is_ascii_whitespace() => field.1 += line.len(),
            _ => fields.push((end, end + line.len())),
        }
        end += line.len();
    }
    fields
}

/// The name of a field, in lower case.
fn name_of(field: &[u8]) -> String {
    let name = field.split(|octet| *octet == b':').next().unwrap();
    String::from_utf8_lossy(name).trim().to_ascii_lowercase()
}

/// The names in the first signature of a mail.
fn signed_names(mail: &[u8]) -> Vec<String> {
    let (header, _) = parts(mail);
    let (start, end) = fields(header)[0];
    let field = String::from_utf8_lossy(&header[start..end]).to_ascii_lowercase();
    let names = field.split("h=").nth(1).unwrap().split(';').next().unwrap();
    names
        .split(':')
        .map(|name| name.trim().to_owned())
        .collect()
}

/// The mail with one octet changed, a different one each time: in every signed field, and in the
/// body, which gets a letter if it has none.
fn changed(mail: &[u8]) -> Vec<(String, Vec<u8>)> {
    let names = signed_names(mail);
    let (header, body) = parts(mail);
    let letter_before = |from: usize, to: usize| {
        let at = mail[from..to].iter().rposition(u8::is_ascii_alphanumeric)?;
        Some(from + at)
    };
    let flipped = |at: usize| {
        let mut mail = mail.to_vec();
        mail[at] ^= 1;
        mail
    };
    let mut changed = Vec::new();
    for (start, end) in fields(header) {
        let name = name_of(&mail[start..end]);
        let value = start
            + mail[start..]
                .iter()
                .position(|octet| *octet == b':')
                .unwrap();
        // If there are several fields of a name, the last ones are signed.
        if names.contains(&name) && !changed.iter().any(|(other, _)| *other == name) {
            changed.extend(letter_before(value, end).map(|at| (name, flipped(at))));
        }
    }
    match letter_before(mail.len() - body.len(), mail.len()) {
        Some(at) => changed.push(("the body".to_owned(), flipped(at))),
        None => changed.push((
            "the body".to_owned(),
            [header, b"\r\n", body, b"x\r\n"].concat(),
        )),
    }
    changed
}

#[tokio::test]
async fn the_signed_octets_arrive() {
    let signed = signed().await;
    for left_out in ["SIZE", "8BITMIME", "PIPELINING"] {
        let carried = |message: &Message| {
            let data = message.rendition(BodyType::Binary).body_type();
            left_out != "8BITMIME" || data == BodyType::SevenBit
        };
        let signed = signed.iter().filter(|(_, message)| carried(message));
        let (names, messages): (Vec<_>, Vec<_>) = signed
            .map(|(name, message)| (*name, message.clone()))
            .unzip();
        let mut expected = Vec::new();
        for message in &messages {
            expected.push(octets(message).await);
        }
        let received = arrived(server().without(left_out), messages).await;
        for ((name, octets), mail) in names.iter().zip(expected).zip(received) {
            assert_eq!(mail.octets, octets, "{name}, without {left_out}");
            assert_eq!(mail.size, octets.len() as u64);
        }
    }
}

#[tokio::test]
#[ignore = "needs dkimpy: tests/run installs it"]
async fn dkimpy_verifies_every_kind_of_mail() {
    let (names, mails): (Vec<_>, Vec<_>) = signed_and_sent().await.into_iter().unzip();
    for ((name, mail), verdict) in names.iter().zip(&mails).zip(verify(&mails)) {
        let shown = String::from_utf8_lossy(parts(mail).0);
        assert_eq!(verdict.first(), Some(&None), "{name}:\n{shown}");
        let before = usize::from(*name == "finished: signed before");
        assert_eq!(verdict.len(), 1 + before, "{name}:\n{shown}");
    }
}

#[tokio::test]
#[ignore = "needs dkimpy: tests/run installs it"]
async fn dkimpy_detects_every_changed_octet() {
    let mut whats = Vec::new();
    let mut mails = Vec::new();
    for (name, mail) in signed_and_sent().await {
        for (what, mail) in changed(&mail) {
            whats.push(format!("{name}: {what}"));
            mails.push(mail);
        }
    }
    for (what, verdict) in whats.iter().zip(verify(&mails)) {
        let complaint = verdict[0].as_deref().unwrap_or_else(|| panic!("{what}"));
        let because = if what.ends_with(": the body") {
            "body hash mismatch"
        } else {
            "the signature is wrong"
        };
        assert!(complaint.starts_with(because), "{what}: {complaint}");
    }
    // Not always the same few fields.
    for field in [
        "reply-to",
        "references",
        "list-unsubscribe-post",
        "content-type",
    ] {
        assert!(
            whats
                .iter()
                .any(|what| what.ends_with(&format!(": {field}"))),
            "{field}"
        );
    }
}

#[tokio::test]
#[ignore = "needs dkimpy: tests/run installs it"]
async fn a_message_is_signed_by_two() {
    let mut message = letter().text("Grüße\n").build().await.unwrap();
    for algorithm in [Algorithm::Rsa, Algorithm::Ed25519] {
        let signer = signer(algorithm, Canonicalization::Relaxed);
        message = message.sign(&signer).await.unwrap();
    }
    let mail = arrived(server(), vec![message]).await.remove(0).octets;
    let mut changed = mail.to_vec();
    changed[mail.len() - 3] ^= 1;
    let verdicts = verify(&[mail.to_vec(), changed]);
    assert_eq!(verdicts[0], [None, None]);
    assert!(matches!(&verdicts[1][..], [Some(_), Some(_)]));
}

#[tokio::test]
#[ignore = "needs dkimpy: tests/run installs it"]
async fn dkimpy_verifies_a_hundred_megabytes() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("large.bin");
    let piece: Vec<u8> = (0..100_000_u32)
        .map(|n| (n.wrapping_mul(n) >> 7).to_le_bytes()[0])
        .collect();
    let mut file = std::fs::File::create(&path).unwrap();
    for _ in 0..1000 {
        file.write_all(&piece).unwrap();
    }
    let message = letter().text("Look\n\n\n").attach(path).build().await;
    let signer = signer(Algorithm::Rsa, Canonicalization::Relaxed);
    let message = message.unwrap().sign(&signer).await.unwrap();
    let store = Store::Directory(folder.path().to_owned());
    let server = server().max_size(0).store(store);
    let mail = arrived(server, vec![message]).await.remove(0);
    assert!(mail.size > 100_000_000 / 3 * 4);
    assert_eq!(verify_files(&[mail.file.unwrap()]), [vec![None]]);
}
