//! Anything comes back through a parser that knows nothing of this crate.

use mail_parser::{HeaderValue, MessageParser, MimeHeaders, PartType};
use proptest::prelude::*;

use super::*;
use crate::message::encoding::BodyType;
use crate::message::part::Entity;
use crate::message::render::Rendition;

/// What goes into a message, and has to come out.
#[derive(Debug, Clone)]
struct Mail {
    subject: String,
    name: String,
    field: String,
    text: String,
    html: String,
    /// A picture in the document, and an attachment.
    files: [(String, Vec<u8>); 2],
}

impl Mail {
    fn message(&self) -> Message {
        let [inline, attached] = &self.files;
        // Of a text, mail-parser does not give the octets.
        let binary = |(name, octets): &(String, Vec<u8>)| {
            attachment(name, octets).media_type("application/octet-stream")
        };
        let builder = Message::builder()
            .max_body_type(BodyType::Binary)
            .from(mailbox(&self.name, "from@x.test"))
            .to(mailbox(&self.name, "to@x.test"))
            .subject(&self.subject)
            .header(field("X-Field"), &self.field)
            .text(&self.text)
            .html(&self.html)
            .inline("1@x.test", binary(inline))
            .attach(binary(attached));
        builder.build_now().unwrap()
    }

    fn check(&self, octets: &[u8]) {
        let parser = MessageParser::new()
            .with_mime_headers()
            .with_address_headers()
            .default_header_text();
        let message = parser.parse(octets).unwrap();
        assert_eq!(message.subject().unwrap_or_default(), self.subject);
        let value = match message.header("X-Field").unwrap() {
            HeaderValue::Text(text) => text.as_ref(),
            HeaderValue::Empty => "",
            other => panic!("{other:?}"),
        };
        assert_eq!(value, self.field);
        for (addresses, address) in [(message.from(), "from@x.test"), (message.to(), "to@x.test")] {
            let mailbox = addresses.unwrap().first().unwrap();
            assert_eq!(mailbox.name(), Some(&*self.name));
            assert_eq!(mailbox.address(), Some(address));
        }
        let is_leaf =
            |part: &&mail_parser::MessagePart| !matches!(part.body, PartType::Multipart(_));
        let leaves: Vec<_> = message.parts.iter().filter(is_leaf).collect();
        let [text, html, files @ ..] = &leaves[..] else {
            panic!("{} parts", leaves.len());
        };
        assert_eq!(text.text_contents(), Some(&*expected_text(&self.text)));
        assert_eq!(html.text_contents(), Some(&*expected_text(&self.html)));
        assert_eq!(files.len(), self.files.len());
        for (part, (name, octets)) in files.iter().zip(&self.files) {
            assert_eq!(part.attachment_name(), Some(&**name));
            assert_eq!(part.contents(), octets);
        }
        assert_eq!(files[0].content_id(), Some("1@x.test"));
    }
}

/// The rule for line ends, written another way.
fn expected_text(text: &str) -> String {
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.replace('\n', "\r\n")
}

/// All octets of a rendition, as many as it said.
fn all(rendition: Rendition) -> Vec<u8> {
    let size = rendition.exact_size();
    let octets = run(blocks(&mut rendition.into_octets())).unwrap().concat();
    assert_eq!(octets.len() as u64, size);
    octets
}

/// Parts in parts.
#[derive(Debug, Clone)]
enum Tree {
    Text(String),
    Parts(Vec<Tree>),
}

impl Tree {
    fn entity(&self) -> Entity {
        match self {
            Self::Text(text) => Entity::text(text),
            Self::Parts(parts) => Entity::mixed(parts.iter().map(Self::entity)),
        }
    }

    fn check(&self, message: &mail_parser::Message, part: u32) {
        match (self, &message.part(part).unwrap().body) {
            (Self::Text(text), PartType::Text(found)) => assert_eq!(*found, expected_text(text)),
            (Self::Parts(parts), PartType::Multipart(found)) => {
                assert_eq!(parts.len(), found.len());
                parts
                    .iter()
                    .zip(found)
                    .for_each(|(part, found)| part.check(message, *found));
            }
            (expected, found) => panic!("{expected:?} {found:?}"),
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let text = "(\\PC|[-=_ \r\n]){0,40}".prop_map(Tree::Text);
    text.prop_recursive(6, 40, 5, |inner| {
        proptest::collection::vec(inner, 1..5).prop_map(Tree::Parts)
    })
}

proptest! {
    #[test]
    fn anything_comes_back(
        subject in "(\\PC|\t){0,200}",
        field in "[a-z =?_é🦈]{0,300}",
        name in "\\PC{1,100}",
        text in "(\\PC|[ \t\r\n.=\0\u{c}]){0,300}",
        html in "[a-z<>é日 \r\n.=]{0,300}",
        file_name in "[^/\\\\\\p{C}\u{2028}\u{2029}]{1,255}",
        files in proptest::array::uniform2(proptest::collection::vec(any::<u8>(), 0..200)),
    ) {
        prop_assume!(!name.trim().is_empty() && name.parse::<crate::address::DisplayName>().is_ok());
        prop_assume!(file_name.parse::<crate::message::part::FileName>().is_ok());
        let name = name.trim().to_owned();
        let files = files.map(|octets| (file_name.clone(), octets));
        let mail = Mail { subject, name, field, text, html, files };
        let message = mail.message();
        for most in [BodyType::SevenBit, BodyType::EightBit, BodyType::Binary] {
            mail.check(&all(message.rendition(most)));
        }
        octets(message);
    }

    #[test]
    fn any_tree_comes_back(tree in tree()) {
        let message = builder().content(tree.entity()).build_now().unwrap();
        for most in [BodyType::SevenBit, BodyType::EightBit] {
            let octets = all(message.rendition(most));
            let parsed = MessageParser::default().parse(&octets[..]).unwrap();
            tree.check(&parsed, 0);
        }
    }
}
