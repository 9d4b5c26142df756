//! Fields in ASCII. Only text is encoded (RFC 2047 section 5), as readers do not find addresses and
//! identifiers in encoded words.

use std::collections::HashSet;

use super::field_name::is_one_of;
use super::field_pieces::{address_pieces, comment_pieces, text_pieces, write_pieces};
use super::parameter::parameters;
use super::writer::{Header, HeaderCharset};
use crate::message::encoding::MAX_LINE;

/// The fields of addresses, and those of URLs in angle brackets with comments. All of the text
/// outside of the brackets is names and comments.
const ADDRESSES: &str = "Abuse-Reports-To Apparently-To Cc Delivered-To Disposition-Notification-To Envelope-To \
    Errors-To From List-Archive List-Help List-Id List-Owner List-Post List-Subscribe \
    List-Unsubscribe Mail-Followup-To Mail-Reply-To Reply-To Resent-Cc Resent-From \
    Resent-Reply-To Resent-Sender Resent-To Return-Receipt-To Sender To X-Complaints-To \
    X-Confirm-Reading-To X-Envelope-From X-Envelope-To X-Forwarded-To X-Original-From \
    X-Original-To";

/// The fields in which nothing can be encoded.
const IDENTIFIERS: &str =
    "Content-ID In-Reply-To Message-ID References Resent-Message-ID Return-Path";

/// Other fields whose syntax allows comments. The parentheses of a comment are not encoded.
const COMMENTS: &str = "ARC-Authentication-Results ARC-Message-Signature ARC-Oversign Accept-Language \
    Authentication-Results Auto-Submitted Content-Duration Content-Language \
    Content-Transfer-Encoding DKIM-Signature Date Deferred-Delivery Delivery-Date \
    DomainKey-Signature Expires Expiry-Date Injection-Date MIME-Version Received \
    Received-SPF Reply-By Resent-Date X-Google-DKIM-Signature X-Received";

/// The fields of a value with parameters (RFC 2045 section 5.1, RFC 2183).
const PARAMETERS: &str = "Content-Disposition Content-Type";

/// Whether a field is known to have addresses, or URLs in angle brackets.
pub(crate) fn has_addresses(name: &str) -> bool {
    is_one_of(ADDRESSES, name)
}

/// The field of this name in ASCII, with its line end. `value` is on one line. Words in ASCII stay as
/// they are, encoded words included.
///
/// `None` if a local part or an identifier is not ASCII, or if the syntax of the field is broken.
pub(crate) fn encoded_field(name: &str, value: &str) -> Option<String> {
    let value = value.trim_matches([' ', '\t']);
    let mut header = Header::new(HeaderCharset::Ascii);
    header.begin(name);
    if is_one_of(PARAMETERS, name) {
        write_parameters(&mut header, value)?;
    } else if is_one_of(IDENTIFIERS, name) {
        value.is_ascii().then(|| header.word(value))?;
    } else if has_addresses(name) {
        write_pieces(&mut header, &address_pieces(value)?);
    } else if is_one_of(COMMENTS, name) {
        write_pieces(&mut header, &comment_pieces(value));
    } else {
        write_pieces(&mut header, &text_pieces(value));
    }
    header.end();
    let field = header.into_text();
    let fits = field.lines().all(|line| line.len() <= MAX_LINE);
    (field.is_ascii() && fits).then_some(field)
}

/// Writes a value with parameters. `None` if a parameter that RFC 2231 continues or encodes is not
/// ASCII.
fn write_parameters(header: &mut Header, value: &str) -> Option<()> {
    let (first, all) = parameters(value);
    header.word(first);
    // The same parameter may exist in the form of RFC 2231, which readers prefer. The names are
    // collected once, since there may be many parameters.
    let extended: HashSet<_> = all
        .clone()
        .filter_map(|parameter| parameter.name.split_once('*'))
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    for parameter in all.clone() {
        if parameter.text.is_ascii() {
            header.append(";");
            header.word(parameter.text);
        } else if parameter.name.contains('*') {
            return None;
        } else if !extended.contains(&parameter.name.to_ascii_lowercase()) {
            header.parameter(parameter.name, &parameter.whole_value());
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a field is encoded like this, wherever it is folded.
    fn is_encoded(field: &str, expected: &str) {
        let (name, value) = field.split_once(": ").unwrap();
        let encoded = encoded_field(name, value).unwrap();
        assert_eq!(encoded.replace("\r\n", ""), expected, "{field}");
    }

    #[test]
    fn text_is_encoded_and_nothing_else() {
        for (field, expected) in [
            (
                "Subject: Größe der Platte",
                "Subject: =?utf-8?b?R3LDtsOfZQ==?= der Platte",
            ),
            (
                "Subject: a  Grüße b",
                "Subject: a =?utf-8?b?R3LDvMOfZQ==?= b",
            ),
            ("Subject: für Öl", "Subject: =?utf-8?b?ZsO8ciDDlmw=?="),
            (
                "Subject: =?utf-8?q?x?= ü =?utf-8?q?y?=",
                "Subject: =?utf-8?q?x?= =?utf-8?q?_=C3=BC_?= =?utf-8?q?y?=",
            ),
            ("X-A: a@ü.test", "X-A: =?utf-8?b?YUDDvC50ZXN0?="),
            ("To: a@b", "To: a@b"),
            ("To: Zoë <z@x>, b@y", "To: =?utf-8?q?Zo=C3=AB?= <z@x>, b@y"),
            (
                "To: \"Zoë, Å\" Lee <z@x>",
                "To: =?utf-8?b?Wm/Dqywgw4U=?= Lee <z@x>",
            ),
            (
                "To: Zoë Ångström <z@x>",
                "To: =?utf-8?b?Wm/DqyDDhW5nc3Ryw7Zt?= <z@x>",
            ),
            ("To: a@bücher.test", "To: a@xn--bcher-kva.test"),
            (
                "To: Jö <a@bücher.test>",
                "To: =?utf-8?b?SsO2?= <a@xn--bcher-kva.test>",
            ),
            ("To: a@b (Zoë)", "To: a@b (=?utf-8?q?Zo=C3=AB?=)"),
            (
                "To: Crew\u{e9}: a@b, \"q\"@c;",
                "To: =?utf-8?b?Q3Jld8Op?= : a@b, \"q\"@c;",
            ),
            (
                "List-Id: Fränkische Freunde <f.x.test>",
                "List-Id: =?utf-8?q?Fr=C3=A4nkische?= Freunde <f.x.test>",
            ),
            (
                "List-Post: <mailto:a@b?subject=x> (für alle)",
                "List-Post: <mailto:a@b?subject=x> (=?utf-8?b?ZsO8ciBhbGxl?=)",
            ),
            (
                "Disposition-Notification-To: =?utf-8?q?Zo=C3=AB?= <z@x>",
                "Disposition-Notification-To: =?utf-8?q?Zo=C3=AB?= <z@x>",
            ),
            (
                "Date: Mon, 1 Jan 2024 10:00:00 +0100 (Mitteleuropäische Zeit)",
                "Date: Mon, 1 Jan 2024 10:00:00 +0100 (=?utf-8?q?Mitteleurop=C3=A4ische_Zeit?=)",
            ),
            (
                "Received: from [1.2.3.4] (a=b;c (ü) d) by x.test; Mon, 1 Jan 2024 10:00:00 +0100",
                "Received: from [1.2.3.4] (=?utf-8?b?YT1iO2MgKMO8KSBk?=) by x.test; Mon, 1 Jan 2024 \
                 10:00:00 +0100",
            ),
            (
                "Authentication-Results: x.test; spf=pass (für \\) alle) smtp.mailfrom=y.test",
                "Authentication-Results: x.test; spf=pass (=?utf-8?b?ZsO8ciApIGFsbGU=?=) \
                 smtp.mailfrom=y.test",
            ),
            (
                "Auto-Submitted: auto-replied; owner-token=\"a(ü\"",
                "Auto-Submitted: auto-replied; =?utf-8?b?b3duZXItdG9rZW49ImEow7wi?=",
            ),
            (
                "Mime-Version: 1.0 (für)",
                "Mime-Version: 1.0 (=?utf-8?q?f=C3=BCr?=)",
            ),
            // The syntax is broken, so that all is text.
            (
                "Date: 1 Jan 2024 (Grüße",
                "Date: 1 Jan 2024 =?utf-8?b?KEdyw7zDn2U=?=",
            ),
            (
                "Content-Disposition: attachment; filename=\"ü.txt\"; filename*=utf-8''%C3%BC.txt",
                "Content-Disposition: attachment; filename*=utf-8''%C3%BC.txt",
            ),
            (
                "Content-Type: a/b; charset=c; NAME*0*=utf-8''%C3%BC; name*1=b; name=\"üb\"",
                "Content-Type: a/b; charset=c; NAME*0*=utf-8''%C3%BC; name*1=b",
            ),
            (
                "Content-Type: a/b; name=\"a\\\"ü\"",
                "Content-Type: a/b; name*=utf-8''a%22%C3%BC",
            ),
            (
                "Content-Disposition: attachment; filename=\"ü; x.txt\"; size=1",
                "Content-Disposition: attachment; filename*=utf-8''%C3%BC%3B%20x.txt; size=1",
            ),
        ] {
            is_encoded(field, expected);
        }
    }

    #[test]
    fn a_comment_after_a_parameter_is_left_out() {
        for (field, expected) in [
            (
                "Content-Type: text/plain; charset=utf-8 (Grüße)",
                "Content-Type: text/plain; charset=utf-8",
            ),
            (
                "Content-Disposition: attachment; filename=Plan (ü).pdf",
                "Content-Disposition: attachment; filename*=utf-8''Plan%20%28%C3%BC%29.pdf",
            ),
        ] {
            is_encoded(field, expected);
        }
    }

    #[test]
    fn many_parameters_take_no_longer_for_their_number() {
        let value = format!("a/b{}", ";a=ü".repeat(50_000));
        let encoded = encoded_field("Content-Type", &value).unwrap();
        assert_eq!(encoded.matches("a*=utf-8''%C3%BC").count(), 50_000);
    }

    #[test]
    fn what_cannot_be_encoded_is_left_to_smtputf8() {
        for field in [
            "To: jörg@x.test",
            "To: Ann <jörg@x.test>",
            "To: \"jö\"@x.test",
            "To: Zoë <root",
            "From: Zoë \"Lee <a@b>",
            "List-Post: <mailto:zoë@x.test>",
            "Message-ID: <1.a@bücher.test>",
            "References: <a@b> <ü@b>",
            "Content-Disposition: attachment; filename*=utf-8''ü.txt",
            "Content-Disposition: attachment; filename*0=a; filename*1=\"ü\"",
        ] {
            let (name, value) = field.split_once(": ").unwrap();
            assert_eq!(encoded_field(name, value), None, "{field}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_encoded_is_decoded_again(words in proptest::collection::vec(
            "[a-zé]{1,9}|é{1,40}|=[?]utf-8[?]q[?]x[?]=", 0..30,
        )) {
            let words = words.join(" ");
            let field = encoded_field("Subject", &words).unwrap();
            let decoded = |field: &str| {
                let message = format!("{}\r\n\r\n", field.trim_end());
                let parsed = mail_parser::MessageParser::default().parse(message.as_bytes());
                let subject = parsed.unwrap().subject().unwrap_or_default().to_owned();
                subject.split_whitespace().collect::<Vec<_>>().join(" ")
            };
            proptest::prop_assert!(field.lines().all(|line| line.len() <= 76 && line.is_ascii()));
            proptest::prop_assert_eq!(decoded(&field), decoded(&format!("Subject: {words}")));
        }
    }
}
