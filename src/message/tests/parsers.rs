//! Everything comes back through parsers that know nothing of this crate.

use std::fs;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_parser::{Addr, HeaderValue, MessageParser, MimeHeaders};
use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// What goes into a message, and has to come out.
#[derive(Debug, Clone)]
struct Mail {
    subject: String,
    name: String,
    field: String,
    text: String,
    attachments: Vec<(String, Vec<u8>)>,
    recipients: usize,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            subject: "subject".to_owned(),
            name: "name".to_owned(),
            field: "field".to_owned(),
            text: "text\r\n".to_owned(),
            attachments: Vec::new(),
            recipients: 1,
        }
    }
}

const DATE: &str = "Tue, 1 Jul 2003 10:52:37 +0200";
const ID: &str = "<1.2@x.test>";

impl Mail {
    fn octets(&self) -> Vec<u8> {
        let mut builder = Message::builder()
            .from(mailbox(&self.name, "from@x.test"))
            .date(parsed(DATE))
            .message_id(parsed(ID))
            .subject(&self.subject)
            .header(field("X-Field"), &self.field)
            .text(&self.text);
        for n in 0..self.recipients {
            builder = builder.to(mailbox(&self.name, &format!("to{n}@x.test")));
        }
        for (name, octets) in &self.attachments {
            builder = builder.attach(attachment(name, octets));
        }
        octets(builder.build().unwrap())
    }

    /// The rule for line ends, written another way.
    fn expected_text(&self) -> String {
        let mut text = self.text.replace("\r\n", "\n").replace('\r', "\n");
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.replace('\n', "\r\n")
    }

    fn check_mail_parser(&self, octets: &[u8]) {
        let parser = MessageParser::new()
            .with_mime_headers()
            .with_date_headers()
            .with_address_headers()
            .with_message_ids()
            .default_header_text();
        let message = parser.parse(octets).unwrap();
        assert_eq!(message.subject().unwrap_or_default(), self.subject);
        let value = match message.header("X-Field").unwrap() {
            HeaderValue::Text(text) => text.as_ref(),
            HeaderValue::Empty => "",
            other => panic!("{other:?}"),
        };
        assert_eq!(value, self.field);
        let check = |address: &Addr, local_part: &str| {
            assert_eq!(address.name(), Some(&*self.name));
            assert_eq!(address.address().unwrap(), format!("{local_part}@x.test"));
        };
        check(message.from().unwrap().first().unwrap(), "from");
        let to: Vec<_> = message.to().unwrap().iter().collect();
        assert_eq!(to.len(), self.recipients);
        to.iter()
            .enumerate()
            .for_each(|(n, addr)| check(addr, &format!("to{n}")));
        assert_eq!(
            message.date().unwrap().to_rfc3339(),
            "2003-07-01T10:52:37+02:00"
        );
        assert_eq!(message.message_id(), Some("1.2@x.test"));
        assert_eq!(message.text_body_count(), 1);
        assert_eq!(
            message.body_text(0).unwrap_or_default(),
            self.expected_text()
        );
        assert_eq!(message.attachment_count(), self.attachments.len());
        for (part, (name, octets)) in message.attachments().zip(&self.attachments) {
            assert_eq!(part.attachment_name(), Some(&**name));
            assert_eq!(part.contents(), octets);
        }
    }

    /// Whether Python should have read this name. Where a name is an encoded word, it makes one
    /// space of several in a row, and where it takes several, it puts a space between them.
    fn is_name_in_python(&self, name: &Value) -> bool {
        let quoted = self.name.is_ascii() && self.name.len() < 72 && !self.name.contains("=?");
        let without_spaces = |name: &str| name.replace(' ', "");
        let name = name.as_str().unwrap();
        name == self.name || !quoted && without_spaces(name) == without_spaces(&self.name)
    }

    fn check_python(&self, mail: &Value) {
        assert_eq!(mail["subject"], self.subject);
        assert_eq!(mail["field"], self.field);
        let addresses = |name: &str| mail[name].as_array().unwrap().clone();
        let to = addresses("to");
        assert_eq!(to.len(), self.recipients);
        for (n, address) in to.iter().enumerate() {
            assert_eq!(address[1], format!("to{n}@x.test"));
        }
        for address in addresses("from").iter().chain(&to) {
            assert!(
                self.is_name_in_python(&address[0]),
                "{} {}",
                address[0],
                self.name
            );
        }
        assert_eq!(mail["date"], DATE);
        assert_eq!(mail["message_id"], ID);
        assert_eq!(mail["defects"], serde_json::json!([]));
        assert_eq!(
            mail["text"],
            serde_json::json!([STANDARD.encode(self.expected_text())])
        );
        let attachments = mail["attachments"].as_array().unwrap();
        assert_eq!(attachments.len(), self.attachments.len());
        for (part, (name, octets)) in attachments.iter().zip(&self.attachments) {
            // Python removes white space at the ends.
            assert_eq!(part[0], name.trim());
            assert_eq!(part[2], STANDARD.encode(octets), "{name}");
        }
    }
}

/// Values for unstructured fields that have been trouble to somebody.
fn values() -> Vec<String> {
    let mut values: Vec<String> = [
        "",
        " ",
        "   ",
        "\t",
        " leading",
        "trailing ",
        "\ttab\tinside\t",
        "two  spaces",
        "=?utf-8?q?x?=",
        "=?",
        "?=",
        "=",
        "_",
        "a=?b",
        "a:b",
        "\"quoted\"",
        "back\\slash",
        "(comment)",
        "<a@b>",
        "Grüße",
        "e\u{301}",
        "👨\u{200d}👩\u{200d}👧",
        "\u{202e}abc",
        "ש\u{200f}לום",
        "\u{feff}bom",
        "a\u{a0}b",
        "日本語",
        "\u{560d}\u{10a}",
    ]
    .map(str::to_owned)
    .into();
    for len in [
        1, 65, 66, 67, 68, 76, 77, 78, 988, 989, 990, 997, 998, 999, 5_000, 100_000,
    ] {
        values.push("x".repeat(len));
        values.push(format!("a {}", "y".repeat(len)));
    }
    values.push(["some words"; 100].join(" "));
    values.push(["two spaces"; 20].join("  "));
    values.push(" a".repeat(200));
    for count in [1, 2, 10, 11, 12, 100, 300] {
        values.push("🦈".repeat(count));
        values.push("é ".repeat(count));
    }
    for column in 40..80 {
        values.push(format!("{}🦈", "x".repeat(column)));
        values.push(format!("{} 🦈 b", "x".repeat(column)));
        values.push(format!("{}  x", "x".repeat(column)));
    }
    values
}

/// Display names, which have no white space at their ends.
fn names() -> Vec<String> {
    let more = [
        "a, b",
        "ends in \\",
        "x@y",
        "<>",
        "J. Doe",
        "Müller, Jörg",
        ".",
        "a;b:c",
        "\"",
        "@",
    ];
    let is_name = |v: &String| !v.is_empty() && v.trim() == v && v.len() < 998 && !v.contains('\t');
    values()
        .into_iter()
        .chain(more.map(str::to_owned))
        .filter(is_name)
        .collect()
}

fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        "\n",
        "no end",
        ".",
        ".\n..\n. x\n.\r\n",
        "From x\n>From y\n",
        "trailing \ntab\t\n \n",
        "form\u{c}feed\n",
        "a\nb\rc\r\nd\r\r\ne\n\rf",
        "nul\0\n",
        "=3D=\n=\n",
        "--\n-- \n--=_x\n",
        "Grüße aus dem schönen Bremen\n",
        "日本語\n",
        "\u{feff}bom\n",
        "\u{1b}[2J",
        "\n\n\n",
        "\u{85}\u{2028}",
    ]
    .map(str::to_owned)
    .into();
    for len in [72, 73, 74, 75, 76, 77, 78, 79, 997, 998, 999, 100_000] {
        for end in ["", " ", "=", "é", ".", "\n", "From "] {
            texts.push(format!("{}{end}", "x".repeat(len)));
        }
    }
    texts.push("日".repeat(1_000));
    texts.push((0..128_u8).map(char::from).collect());
    texts.push((0..0x300_u32).filter_map(char::from_u32).collect());
    texts
}

fn file_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "shark.png",
        "no extension",
        ".hidden",
        "a.tar.gz",
        "CON",
        "; 🦈 (1).png",
        "%41.png",
        "a'b.png",
        "a''b",
        "utf-8''x",
        "a*b=c.png",
        "日本語.jpg",
        "e\u{301}",
        "\u{202e}gnp.exe",
        "a;b",
        "a\"b",
        " a ",
        "a  b",
        "=?utf-8?q?x?=",
        "...",
        "a\u{a0}b",
    ]
    .map(str::to_owned)
    .into();
    for len in 30..80 {
        names.push("x".repeat(len));
        names.push(format!("{}🦈", "x".repeat(len)));
    }
    names.push("n".repeat(255));
    names.push("🦈".repeat(255));
    names
}

fn corpus() -> Vec<Mail> {
    let mut mails = Vec::new();
    for value in values() {
        mails.push(Mail {
            subject: value.clone(),
            field: value,
            ..Mail::default()
        });
    }
    for name in names() {
        mails.push(Mail {
            name: name.clone(),
            recipients: 3,
            ..Mail::default()
        });
    }
    for text in texts() {
        mails.push(Mail {
            text: text.clone(),
            ..Mail::default()
        });
        let attachments = vec![("a".to_owned(), b"x".to_vec())];
        mails.push(Mail {
            text,
            attachments,
            ..Mail::default()
        });
    }
    for name in file_names() {
        mails.push(Mail {
            attachments: vec![(name, b"x".to_vec())],
            ..Mail::default()
        });
    }
    for recipients in [2, 100, 1_000] {
        mails.push(Mail {
            recipients,
            ..Mail::default()
        });
    }
    let every: Vec<u8> = (0..=255).collect();
    let sizes = (0..5)
        .chain(55..60)
        .chain(74..79)
        .chain(4_094..4_099)
        .chain(65_535..65_538);
    let attachments = sizes.map(|size| {
        (
            size.to_string(),
            every.iter().copied().cycle().take(size).collect(),
        )
    });
    mails.push(Mail {
        attachments: attachments.collect(),
        ..Mail::default()
    });
    mails
}

#[test]
fn the_crate_mail_parser_gets_everything_back() {
    for mail in corpus() {
        mail.check_mail_parser(&mail.octets());
    }
}

#[test]
fn ten_thousand_recipients_come_back() {
    let mail = Mail {
        recipients: 10_000,
        name: "Jörg".to_owned(),
        ..Mail::default()
    };
    mail.check_mail_parser(&mail.octets());
}

#[test]
fn python_gets_everything_back() {
    let dir = tempfile::tempdir().unwrap();
    let mails = corpus();
    for (number, mail) in mails.iter().enumerate() {
        fs::write(dir.path().join(format!("{number}.eml")), mail.octets()).unwrap();
    }
    let output = Command::new("python3")
        .args(["-I", "-X", "utf8", "-c", include_str!("parse.py")])
        .arg(dir.path())
        .output()
        .expect("this test needs python3: install it");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let parsed: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(parsed.len(), mails.len());
    for (mail, parsed) in mails.iter().zip(&parsed) {
        mail.check_python(parsed);
    }
}

proptest! {
    #[test]
    fn anything_comes_back(
        subject in "(\\PC|\t){0,200}",
        field in "[a-z =?_é🦈]{0,300}",
        name in "\\PC{1,100}",
        text in "(\\PC|[ \t\r\n.=\0\u{c}]){0,300}",
        file_name in "[^/\\\\\\p{C}\u{2028}\u{2029}]{1,255}",
        octets in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        prop_assume!(!name.trim().is_empty() && name.parse::<crate::address::DisplayName>().is_ok());
        prop_assume!(file_name.parse::<crate::message::FileName>().is_ok());
        let name = name.trim().to_owned();
        let mail = Mail {
            subject, field, name, text,
            attachments: vec![(file_name, octets)],
            recipients: 2,
        };
        mail.check_mail_parser(&mail.octets());
    }
}
