//! Everything comes back through parsers that know nothing of this crate.

use std::fs;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_parser::{Addr, HeaderValue, MessageParser, MimeHeaders};
use proptest::prelude::*;
use serde_json::Value;

use super::corpus::corpus;
use super::*;

/// What goes into a message, and has to come out.
#[derive(Debug, Clone)]
pub(super) struct Mail {
    pub(super) subject: String,
    pub(super) name: String,
    pub(super) field: String,
    pub(super) text: String,
    pub(super) attachments: Vec<(String, Vec<u8>)>,
    pub(super) recipients: usize,
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
            // Of a text, mail-parser does not give the octets.
            let binary = attachment(name, octets).media_type(parsed("application/octet-stream"));
            builder = builder.attach(binary);
        }
        octets(builder.build_now().unwrap())
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
        let quoted = self.name.is_ascii()
            && self.name.len() < 60
            && !self.name.contains("=?")
            && !self.name.contains("  ");
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
