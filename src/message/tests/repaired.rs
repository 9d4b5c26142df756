//! Finished messages that no server has to take, repaired.

use futures_util::FutureExt;
use mail_parser::MessageParser;

use super::*;
use crate::message::builder::RawBuilder;
use crate::message::encoding::BodyType;
use crate::message::part::Entity;
#[cfg(feature = "charsets")]
use crate::message::warning::Warning;

const FIELDS: &str = "Date: Tue, 1 Jul 2003 10:52:37 +0200\r\n\
                      From: ann@x.test\r\n\
                      To: bo@x.test\r\n\
                      Message-ID: <1@x.test>\r\n";

fn raw(rest: &[u8]) -> RawBuilder {
    let octets = [FIELDS.as_bytes(), rest].concat();
    Message::raw(Body::bytes(octets)).recipients_from_fields()
}

/// The octets that are sent, and the warnings.
pub(super) fn repaired(rest: &[u8]) -> (Vec<u8>, String) {
    let refused = run(raw(rest).build()).unwrap_err();
    assert!(refused.to_string().contains("repair"), "{refused}");
    let message = run(raw(rest).repair().build()).unwrap();
    let warnings: Vec<_> = message.warnings().iter().map(ToString::to_string).collect();
    let sent = octets(message);
    for line in sent.split(|octet| *octet == b'\n') {
        assert!(line.len() <= 999 && !line.contains(&0));
    }
    (sent, warnings.join("|"))
}

/// The error names the feature where a repair needs it.
#[test]
#[cfg(not(feature = "charsets"))]
fn fields_in_other_charsets_need_a_feature() {
    let refused = run(raw(b"Subject: Gr\xfc\xdfe\r\n\r\nx").repair().build()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the field Subject is not UTF-8 (`repair` needs the feature `charsets` for it), which no server \
         has to take: write it in encoded words (RFC 2047), or let `repair` do it"
    );
}

#[test]
#[cfg(feature = "charsets")]
fn fields_become_encoded_words_of_a_declared_or_guessed_charset() {
    for (fields, subject, warning) in [
        (
            &b"Subject: Gr\xfc\xdfe\r\n"[..],
            "Grüße",
            "Subject is in encoded words now, its octets read as windows-1252",
        ),
        (
            b"Subject: a \x93Gr\xfc\xdfe\x94\r\n",
            "a \u{201c}Grüße\u{201d}",
            "windows-1252",
        ),
        (
            b"Content-Type: text/plain; charset=koi8-r\r\nSubject: \xf0\xd2\xc9\r\n",
            "При",
            "KOI8-R",
        ),
        (
            b"Content-Type: text/plain; charset=\"shift_jis\"\r\nSubject: \x93\xfa\x96\x7b\r\n",
            "日本",
            "Shift_JIS",
        ),
        (
            b"Content-Type: text/plain; charset=utf-8\r\nSubject: Gr\xfc\xdfe\r\n",
            "Grüße",
            "windows-1252",
        ),
    ] {
        let (sent, warnings) = repaired(&[fields, b"\r\ntext\r\n"].concat());
        assert!(sent.is_ascii());
        let parsed = MessageParser::default().parse(&sent).unwrap();
        assert_eq!(parsed.subject(), Some(subject));
        assert!(
            warnings.contains(warning) && !warnings.contains('|'),
            "{warnings}"
        );
    }
    // Names beside addresses alone.
    let (sent, _) = repaired(b"Cc: J\xf6rg M\xfcller <j@x.test>, k@x.test\r\n\r\nx");
    let parsed = MessageParser::default().parse(&sent).unwrap();
    let cc: Vec<_> = parsed.cc().unwrap().iter().collect();
    assert_eq!(
        (cc[0].name(), cc[0].address()),
        (Some("Jörg Müller"), Some("j@x.test"))
    );
    assert_eq!(cc[1].address(), Some("k@x.test"));
}

#[test]
fn a_word_of_over_998_octets_becomes_encoded_words() {
    let long = "x".repeat(3_000);
    let (sent, _) = repaired(format!("Subject: {long}\r\n\r\nx").as_bytes());
    let parsed = MessageParser::default().parse(&sent).unwrap();
    assert_eq!(parsed.subject(), Some(long.as_str()));
    // What cannot be encoded stays refused.
    assert!(run(raw(b"References: <\xfc@x>\r\n\r\nx").repair().build()).is_err());
}

/// A multipart of these parts.
fn mixed(parts: &[&str]) -> String {
    let parts: Vec<_> = parts
        .iter()
        .map(|part| format!("--b\r\n{part}\r\n"))
        .collect();
    let parts = parts.concat();
    format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"b\"\r\n\r\npre\r\n{parts}--b--\r\npost\r\n"
    )
}

/// That a message is repaired with one warning, and that its parts have this content then.
fn says_the_same(rest: &str, contents: &[String], warning: &str) {
    let (sent, warnings) = repaired(rest.as_bytes());
    assert!(warnings.contains(warning), "{warnings}");
    assert!(!warnings.contains('|'), "{warnings}");
    let parsed = MessageParser::default().parse(&sent).unwrap();
    let found: Vec<_> = parsed
        .parts
        .iter()
        .filter(|part| !part.is_multipart())
        .map(|part| String::from_utf8_lossy(part.contents()).into_owned())
        .collect();
    assert_eq!(found, contents, "{warnings}");
    let text = String::from_utf8_lossy(&sent);
    assert_eq!(text.matches("MIME-Version").count(), 1, "{text}");
}

#[test]
fn parts_are_encoded_and_say_the_same() {
    let long = "x".repeat(2_000);
    let wide = "ü ".repeat(700);
    let base64 = "QUJD".repeat(600);
    let html = "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
    let octets =
        "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n";
    for (rest, contents, warning) in [
        (
            format!("\r\n{long}"),
            vec![format!("{long}\r\n")],
            "a line of the message had over 998 octets, so the encoding is quoted-printable now",
        ),
        (
            format!("\r\n{wide}\n"),
            vec![format!("{wide}\r\n")],
            "quoted-printable",
        ),
        (
            "\r\na\0b\n".to_owned(),
            vec!["a\0b\r\n".to_owned()],
            "a line of the message had a NUL, so the encoding is base64 now",
        ),
        (
            mixed(&["\r\nshort", &format!("{html}<p>{long}")]),
            vec!["short".to_owned(), format!("<p>{long}")],
            "a line of part 2 of the message had over 998 octets, so the encoding is quoted-printable now",
        ),
        (
            mixed(&[&format!("{octets}a\0{long}"), "\r\nshort"]),
            vec![format!("a\0{long}"), "short".to_owned()],
            "a line of part 1 of the message had a NUL, so the encoding is base64 now",
        ),
        (
            mixed(&[&format!(
                "Content-Transfer-Encoding: base64\r\nContent-Type: image/png\r\n\r\n{base64}"
            )]),
            vec!["ABC".repeat(600)],
            "a line of part 1 of the message had over 998 octets, so the encoding is base64 now",
        ),
        (
            mixed(&[&format!(
                "Content-Transfer-Encoding: Quoted-Printable\r\n\r\na=20{long}=3D\0"
            )]),
            vec![format!("a {long}=\0")],
            "a line of part 1 of the message had over 998 octets, so the encoding is quoted-printable now",
        ),
    ] {
        says_the_same(&rest, &contents, warning);
    }
}

/// Names of encodings that bad programs write, and charsets in which a line end has more than one
/// octet.
#[test]
fn what_is_encoded_already_and_what_is_wide_say_the_same() {
    let long = "x".repeat(2_000);
    let base64 = "QUJD".repeat(600);
    let wide_octets = |text: &str| text.chars().flat_map(|c| [c, '\0']).collect::<String>();
    let encoded = |encoding: &str, body: &str| {
        mixed(&[&format!(
            "Content-Transfer-Encoding: {encoding}\r\nContent-Type: application/pdf\r\n\r\n{body}"
        )])
    };
    for (rest, contents, warning) in [
        // Text in UTF-16, which is declared or not.
        (
            format!(
                "Content-Type: text/plain; charset=utf-16le\r\n\r\n{}",
                wide_octets("Hello\nWorld\r\n")
            ),
            vec!["Hello\nWorld\r\n".to_owned()],
            "a line of the message had a NUL, so the encoding is base64 now",
        ),
        (
            format!("\r\n{}", wide_octets("Hello\nWorld")),
            vec![wide_octets("Hello\nWorld")],
            "base64",
        ),
        (
            format!(
                "Content-Type: text/plain; charset=\"UTF-16LE\"\r\n\r\na\n{}",
                "a".repeat(1_000)
            ),
            vec![format!("\u{a61}{}", "\u{6161}".repeat(500))],
            "base64",
        ),
        // Names of encodings that bad programs write.
        (
            encoded("base64;", &base64),
            vec!["ABC".repeat(600)],
            "base64",
        ),
        (
            encoded("Base64 (x)", &base64),
            vec!["ABC".repeat(600)],
            "base64",
        ),
        (
            encoded("quoted-printable;", &format!("a=20{long}=3D")),
            vec![format!("a {long}=")],
            "quoted-printable",
        ),
        (encoded("8-bit", &long), vec![long.clone()], "base64"),
    ] {
        says_the_same(&rest, &contents, warning);
    }
}

#[test]
fn parts_within_parts_and_messages_are_found() {
    let long = "x".repeat(1_500);
    let inner = format!("From: c@x.test\r\nSubject: inner\r\n\r\n{long}");
    let rest = format!(
        "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\
         Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\n{long}\r\n--b--\r\n\
         --a\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--a--\r\n"
    );
    let (sent, warnings) = repaired(rest.as_bytes());
    assert!(warnings.contains("part 1.1 of the message"), "{warnings}");
    assert!(warnings.contains("part 2 of the message"), "{warnings}");
    let parsed = MessageParser::default().parse(&sent).unwrap();
    assert_eq!(parsed.body_text(0).unwrap(), long);
    let inner = parsed
        .attachments()
        .find_map(|part| part.message())
        .unwrap();
    assert_eq!(inner.subject(), Some("inner"));
    assert_eq!(inner.body_text(0).unwrap(), long);
}

#[test]
fn what_cannot_be_repaired_has_a_reason() {
    let long = "x".repeat(1_500);
    for (rest, reason) in [
        (
            format!(
                "Content-Type: multipart/signed; boundary=a\r\n\r\n--a\r\n\r\n{long}\r\n--a\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--a--\r\n"
            ),
            "it is signed",
        ),
        (
            format!(
                "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\n{long}\r\n--s--\r\n--a--\r\n"
            ),
            "part 1 of the message cannot be repaired: it is signed",
        ),
        (
            format!("Content-Type: multipart/mixed\r\n\r\n{long}"),
            "without a boundary",
        ),
        (
            format!(
                "Content-Type: multipart/mixed; boundary=a\r\n\r\n{long}\r\n--a\r\n\r\nx\r\n--a--\r\n"
            ),
            "outside of its parts",
        ),
        (
            format!(
                "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nX: {long}\r\n\r\nx\r\n--a--\r\n"
            ),
            "in its header",
        ),
        (
            format!("Content-Type: message/partial\r\n\r\n{long}"),
            "must not be encoded",
        ),
        ("Subject: a\0b\r\n\r\nx".to_owned(), "control character"),
        (
            format!("Content-Transfer-Encoding: x-uuencode\r\n\r\n{long}"),
            "the message cannot be repaired: its Content-Transfer-Encoding is unknown",
        ),
    ] {
        let error = run(raw(rest.as_bytes()).repair().build())
            .unwrap_err()
            .to_string();
        assert!(error.contains(reason), "{error}");
    }
    // A signature of a part that needs no repair is no hindrance.
    let rest = format!(
        "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\nx\r\n--s--\r\n--a\r\n\r\n{long}\r\n--a--\r\n"
    );
    let (_, warnings) = repaired(rest.as_bytes());
    assert!(warnings.contains("part 2 of the message"), "{warnings}");
    let (_, warnings) = repaired(format!("DKIM-Signature: v=1\r\n\r\n{long}").as_bytes());
    assert!(warnings.contains("the DKIM signature of the message does not hold after the repair"));
}

/// The one thread for such work is busy, and a repair waits for it.
#[test]
fn other_tasks_run_during_a_repair() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .build();
    runtime.unwrap().block_on(async {
        let (release, wait) = std::sync::mpsc::channel();
        let busy = tokio::task::spawn_blocking(move || wait.recv());
        let rest = format!("\r\n{}", "x".repeat(2_000));
        let mut building = std::pin::pin!(raw(rest.as_bytes()).repair().build());
        assert!(building.as_mut().now_or_never().is_none());
        release.send(()).unwrap();
        building.await.unwrap();
        busy.await.unwrap().unwrap();
    });
}

#[test]
fn nothing_is_changed_that_need_not_be() {
    let rest = "Subject: a  b\r\nX-Odd:  a\r\n\r\n.\r\nGrüße \r\n";
    let message = run(raw(rest.as_bytes()).repair().build()).unwrap();
    assert!(message.warnings().is_empty());
    let rendition = message.rendition(BodyType::EightBit);
    let sent = run(blocks(&mut rendition.into_octets())).unwrap().concat();
    assert_eq!(String::from_utf8(sent).unwrap(), format!("{FIELDS}{rest}"));
}

/// The header has as many fields as one may have, and each is repaired.
#[test]
#[cfg(feature = "charsets")]
fn many_repairs_take_no_longer_for_their_number_and_hide_no_other_warning() {
    let mut mail = b"From: a@b\nTo: a@b\nMessage-ID: x\nDKIM-Signature: v=1\n".to_vec();
    for _ in 0..9_990 {
        mail.extend_from_slice(b"X-Field: ");
        mail.extend_from_slice(&[b"\xfc".as_slice(), &[b'x'; 80]].concat());
        mail.push(b'\n');
    }
    let message = Message::raw(Body::bytes(mail)).recipients_from_fields();
    let message = run(message.repair().build()).unwrap();
    let [first, second, others @ ..] = message.warnings() else {
        panic!("{:?}", message.warnings());
    };
    assert!(matches!(first, Warning::IdReplaced { .. }), "{first:?}");
    assert!(
        matches!(second, Warning::SignatureBroken { .. }),
        "{second:?}"
    );
    assert_eq!(others.len(), Warning::MAX - 2);
}

#[test]
#[cfg(feature = "charsets")]
fn forwarded_messages_are_repaired_too() {
    let inner = [
        &b"Subject: Gr\xfc\xdfe\nContent-Type: text/plain\n\n"[..],
        &b"x".repeat(1_500),
    ]
    .concat();
    let with = |entity: Entity| builder().content(entity);
    let message = || Entity::message(Body::bytes(inner.clone()));
    assert!(with(message()).build_now().is_err());
    let message = with(message()).repair_forwarded().build_now().unwrap();
    let warnings: Vec<_> = message.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[0].contains("a line of the forwarded message had over 998 octets"),
        "{warnings:?}"
    );
    let sent = octets(message);
    let parsed = MessageParser::default().parse(&sent).unwrap();
    let inner = parsed.parts.iter().find_map(|part| part.message()).unwrap();
    assert_eq!(inner.subject(), Some("Grüße"));
    assert_eq!(inner.body_text(0).unwrap().trim_end(), "x".repeat(1_500));
}

/// Where the header ends without an empty line, one is written after the new field.
#[test]
fn a_forwarded_message_without_an_empty_line_gets_one_with_its_encoding() {
    let long = "x".repeat(1_500);
    for (inner, header) in [
        (format!("Subject: x\ntext\n{long}\n"), "Subject: x\r\n"),
        (format!("text\n{long}\n"), ""),
        (format!("\ntext\n{long}\n"), ""),
    ] {
        let message = builder().content(Entity::message(Body::bytes(inner)));
        let sent = octets(message.repair_forwarded().build_now().unwrap());
        let sent = String::from_utf8(sent).unwrap();
        let expected = format!(
            "\r\n\r\n{header}MIME-Version: 1.0\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\ntext\r\nxxx"
        );
        assert!(sent.contains(&expected), "{sent}");
    }
}
