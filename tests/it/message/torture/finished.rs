//! Messages of other programs (B11): they are sent unchanged, except for the documented repairs.

use futures_util::FutureExt as _;
use pilotfish::Message;
use pilotfish::address::ReversePath;
use pilotfish::message::{Body, BodyType, MessageError, RawBuilder};

use super::CASES;
use super::wire;

const HEADER: &str = "From: a@x.test\r\nDate: Tue, 1 Jul 2003 10:52:37 +0200\r\n\
                      Message-ID: <1@x.test>\r\n";

/// The lines before and after [`HEADER`], and the same lines as they are sent.
const REPAIRED: &[(&str, &str, &str, &str)] = &[
    ("", "\r\n", "", "\r\n"),
    ("", "", "", ""),
    ("", "\r\nbody", "", "\r\nbody\r\n"),
    ("", "\nbody\n", "", "\r\nbody\r\n"),
    ("", "\rbody\r", "", "\r\nbody\r\n"),
    (
        "",
        "\r\n.\r\n..\r\nFrom x\r\n",
        "",
        "\r\n.\r\n..\r\nFrom x\r\n",
    ),
    ("From a@x Tue Jul 1 10:52:37 2003\n", "\n", "", "\r\n"),
    ("\u{feff}", "\r\n", "", "\r\n"),
    ("Bcc: b@x.test,\r\n c@x.test\r\n", "\r\n", "", "\r\n"),
    ("", "bcc:b@x.test\r\n\r\n", "", "\r\n"),
    (
        "Resent-From: r@x.test\nResent-Bcc: b@x.test\n",
        "\r\n",
        "Resent-From: r@x.test\r\n",
        "\r\n",
    ),
    ("Return-Path: <b@x.test>\r\n", "\r\n", "", "\r\n"),
    ("Sender:\r\n", "\r\n", "", "\r\n"),
    ("Date: \nFrom:\n \t\nMessage-ID:\n", "\r\n", "", "\r\n"),
    ("Received: by x\r\n", "\r\n", "Received: by x\r\n", "\r\n"),
    (
        "Subject: a  \r\n b\r\n",
        "\r\n",
        "Subject: a  \r\n b\r\n",
        "\r\n",
    ),
    (
        "X-Bcc: b\r\n",
        "\r\nBcc: b\r\n",
        "X-Bcc: b\r\n",
        "\r\nBcc: b\r\n",
    ),
    ("", "\r\nGrüße\r\n", "", "\r\nGrüße\r\n"),
];

fn raw(octets: impl AsRef<[u8]>) -> RawBuilder {
    Message::raw(Body::bytes(octets.as_ref().to_vec())).to("to@x.test")
}

/// The same for a reader that does not show the sender.
fn bounced(octets: impl AsRef<[u8]>) -> RawBuilder {
    raw(octets).reverse_path(ReversePath::Null)
}

fn sent(name: &str, builder: RawBuilder) -> Result<Vec<u8>, MessageError> {
    // The message is in memory, but building it yields to other tasks while it scans a long one.
    let runtime = tokio::runtime::Builder::new_current_thread();
    let message = { runtime }.build().unwrap().block_on(builder.build())?;
    Ok(wire::octets(name, message.rendition(BodyType::EightBit)))
}

#[test]
fn a_valid_message_is_sent_unchanged() {
    for case in CASES.iter().filter(|case| case.data < BodyType::Binary) {
        let name = &case.name;
        let octets = sent(name, bounced(&case.octets)).unwrap();
        assert!(octets == case.octets, "{name}");
        if octets.len() < 100_000 {
            let unix: Vec<_> = octets.iter().copied().filter(|o| *o != b'\r').collect();
            assert!(
                sent(name, bounced(unix)).unwrap() == octets,
                "{name}, in LF"
            );
        }
    }
}

#[test]
fn only_documented_repairs_are_made() {
    for (before, after, sent_before, sent_after) in REPAIRED {
        let octets = sent(before, raw(format!("{before}{HEADER}{after}")));
        let octets = octets.unwrap_or_else(|error| panic!("{before:?} {after:?}: {error}"));
        let octets = String::from_utf8(octets).unwrap();
        assert_eq!(octets, format!("{sent_before}{HEADER}{sent_after}"));
    }
}

#[test]
fn a_long_line_is_folded_and_a_word_is_not() {
    let words = "word ".repeat(1_000);
    let octets = sent("words", raw(format!("Subject: {words}\n{HEADER}\n"))).unwrap();
    let text = String::from_utf8(octets).unwrap();
    assert!(
        text.lines()
            .all(|line| line.len() <= 998 && !line.trim().is_empty() || line.is_empty())
    );
    assert!(
        text.replace("\r\n ", " ")
            .starts_with(&format!("Subject: {words}\r\n{HEADER}"))
    );
    let word = "w".repeat(1_000);
    assert!(sent("word", raw(format!("Subject: {word}\n{HEADER}\n"))).is_err());
    assert!(sent("word", raw(format!("{HEADER}\n{word}\n"))).is_err());
    assert!(sent("NUL", raw(format!("{HEADER}\n\0\n"))).is_err());
    assert!(sent("NUL", raw(format!("{HEADER}X: \0\n\n"))).is_err());
}

#[test]
fn missing_fields_are_added() {
    for (message, body) in [("no header at all", "no header at all\r\n"), ("", "")] {
        let error = sent("", raw(message)).unwrap_err();
        assert!(matches!(error, MessageError::NoFields { .. }), "{error:?}");
        let author = "a@x.test";
        let octets = sent("", raw(message).from(author)).unwrap();
        let text = String::from_utf8(octets).unwrap();
        let names: Vec<_> = text
            .lines()
            .map_while(|line| line.split_once(": "))
            .collect();
        let names: Vec<_> = names.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["Date", "From", "Message-ID"]);
        assert!(text.ends_with(&format!("\r\n{body}")), "{text}");
    }
}

#[test]
fn the_recipients_are_in_the_fields() {
    for (fields, recipients) in [
        ("To: b@x.test\nCc: g: c@x.test;\nBcc: d@x.test\n", "b c d"),
        (
            "To: b@x.test\nResent-To: c@x.test\nResent-From: d@x.test\n",
            "c",
        ),
    ] {
        let message = Message::raw(Body::bytes(format!("{fields}{HEADER}\n")));
        let message = message.recipients_from_fields().build();
        let message = message.now_or_never().unwrap().unwrap();
        let paths = message.envelope().forward_paths().iter();
        let paths: Vec<_> = paths
            .map(|path| path.to_string()[1..2].to_owned())
            .collect();
        assert_eq!(paths.join(" "), recipients);
    }
}
