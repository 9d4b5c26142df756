//! Every mail arrives once and complete.

use std::{fmt::Write as _, iter, thread};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    live_env::{self, assert_once, fetch, header},
    mail::Mail,
};

const TEXT: &str = "Grüße aus der Tiefe 🦈\n.\n..\n.. zwei Punkte\ntrailing spaces   \n\ttab\t\n\n\
                    From the deep\n日本語の行\n-- \nthe end\n";
const QUOTED: &str = "Hä\"i 🦈 (1).png";
/// Python's name for a parameter that is also present in ASCII.
const NAMED_TWICE: &str = "InvalidHeaderDefect('duplicate parameter name; duplicate ignored')";
const JAPANESE: &str = "深海の鮫、その写真.png";

/// Octets that look like an image and do not compress, always the same.
pub(super) fn picture(size: usize) -> Vec<u8> {
    let noise = iter::successors(Some(0x9E37_79B9_7F4A_7C15_u64), |state| {
        let state = state ^ (state << 13);
        let state = state ^ (state >> 7);
        Some(state ^ (state << 17))
    });
    let octets = noise.flat_map(u64::to_le_bytes);
    b"\x89PNG\r\n\x1a\n"
        .iter()
        .copied()
        .chain(octets)
        .take(size)
        .collect()
}

pub(super) fn sha256(octets: &[u8]) -> String {
    let mut text = String::new();
    for octet in Sha256::digest(octets) {
        write!(text, "{octet:02x}").unwrap();
    }
    text
}

/// A mail to bob with everything that could be damaged in transit.
fn full_mail(service: &str, octets: &[u8]) -> Mail {
    let mail = Mail::over(service).to("bob").text(TEXT);
    mail.attach_as(QUOTED, octets)
        .attach(JAPANESE, &picture(57))
}

/// Python finds in it what `full_mail` put there.
fn assert_whole(got: &Value, mail: &Mail, octets: &[u8]) {
    let attachment = |name: &str, octets: &[u8]| {
        json!({
            "filename": name,
            "content_type": "image/png",
            "disposition": "attachment",
            "size": octets.len(),
            "sha256": sha256(octets),
        })
    };
    let attachments = [
        attachment(QUOTED, octets),
        attachment(JAPANESE, &picture(57)),
    ];
    assert_eq!(got["subject"], mail.subject);
    assert_eq!(got["text"], TEXT);
    assert_eq!(got["attachments"], json!(attachments));
    // Both names are also present in ASCII, after the real ones.
    assert_eq!(got["defects"], json!([NAMED_TWICE, NAMED_TWICE]));
}

fn comes_back(service: &str, size: usize) {
    let octets = picture(size);
    let mail = full_mail(service, &octets);
    let run = mail.send();
    let line = run.accepted();
    let got = fetch("bob", &mail.id);
    assert_once(&got, line);
    assert_whole(&got, &mail, &octets);
}

macro_rules! images_arrive {
    ($($name:ident: $service:literal, $size:literal;)*) => {$(
        #[test]
        #[ignore = "needs the real servers: tests/run starts them"]
        fn $name() {
            comes_back($service, $size);
        }
    )*};
}

// 57 octets fill one line of base64.
images_arrive! {
    pictures_of_0_octets_come_back_over_starttls: "submission", 0;
    pictures_of_1_octet_come_back_over_starttls: "submission", 1;
    pictures_of_56_octets_come_back_over_starttls: "submission", 56;
    pictures_of_57_octets_come_back_over_starttls: "submission", 57;
    pictures_of_58_octets_come_back_over_starttls: "submission", 58;
    pictures_of_300_kb_come_back_over_starttls: "submission", 300_000;
    pictures_of_0_octets_come_back_over_implicit_tls: "submissions", 0;
    pictures_of_1_octet_come_back_over_implicit_tls: "submissions", 1;
    pictures_of_56_octets_come_back_over_implicit_tls: "submissions", 56;
    pictures_of_57_octets_come_back_over_implicit_tls: "submissions", 57;
    pictures_of_58_octets_come_back_over_implicit_tls: "submissions", 58;
    pictures_of_300_kb_come_back_over_implicit_tls: "submissions", 300_000;
    a_picture_of_40_mb_comes_back_over_implicit_tls: "submissions", 40_000_000;
    pictures_come_back_after_auth_login: "login_only", 1_000;
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn lines_of_dots_arrive_unchanged_in_an_unencoded_text() {
    let text = ".\n..\n...\n.dot\n\n.\nthe end\n";
    let mail = Mail::over("submission").to("bob").text(text);
    let run = mail.send();
    let line = run.accepted();
    let got = fetch("bob", &mail.id);
    assert_once(&got, line);
    assert_eq!(got["text"], text);
}

/// Postfix offers 8BITMIME, and so does Dovecot's LMTP.
#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn a_text_beyond_ascii_arrives_unchanged() {
    let text = "Grüße aus der Tiefe 🦈\n..\n.. zwei Punkte\n\ttab\n\n日本語の行\n--\nthe end\n";
    let mail = Mail::over("submission").to("bob").text(text);
    let mail = mail.arguments(["--transcript"]);
    let run = mail.send();
    let line = run.accepted();
    assert!(run.stderr.contains(" BODY=8BITMIME"), "{run:?}");
    let got = fetch("bob", &mail.id);
    assert_once(&got, line);
    assert_eq!(got["text"], text);
    assert_eq!(header(&got, "Content-Transfer-Encoding"), Some("8bit"));
    assert_eq!(got["defects"], json!([]));
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn many_commands_at_the_same_time_deliver_each_mail_once() {
    let send_one = || {
        let octets = picture(300_000);
        let mail = full_mail("submission", &octets);
        let run = mail.send();
        (mail, octets, run)
    };
    let sent = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(send_one)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    for (mail, octets, run) in sent {
        let got = fetch("bob", &mail.id);
        assert_once(&got, run.accepted());
        assert_whole(&got, &mail, &octets);
    }
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn a_dry_run_writes_the_message_and_sends_nothing() {
    let octets = picture(300_000);
    let mail = full_mail("submission", &octets).bcc("dora");
    let file = mail.file("message");
    let mail = mail.arguments(["--dry-run", "-o", file.to_str().unwrap()]);
    mail.send().ended(0);
    let got = live_env::parse(&file);
    assert_whole(&got, &mail, &octets);
    assert_eq!(got["bare_newlines"], 0);
    assert_eq!(header(&got, "Bcc"), None);
    live_env::assert_never_submitted("bob", &mail.id);
}
