//! The same mails by DATA, by BDAT, and by BDAT with BINARYMIME.

use mail_parser::{MessageParser, MimeHeaders as _};
use pilotfish::message::{Attachment, Body, BodyType};
use pilotfish::protocol::{Chunking, Pipelining};

use super::live_env::address;
use super::round_trip::{picture, sha256};
use super::session::{Peer, count_sent, is_delivery_of, letter, new_id, octets};
use crate::session::send_each::strategy;
use crate::support::client::summary;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TransferMode {
    Data,
    Bdat,
    /// With BODY=BINARYMIME.
    Binary,
}

/// A text and its attachments.
struct Content {
    name: &'static str,
    text: String,
    picture: Option<Vec<u8>>,
}

fn contents() -> Vec<Content> {
    let content = |name, text: &str, picture| Content {
        name,
        text: text.to_owned(),
        picture,
    };
    // A line end within a binary part may change in transit: Dovecot's submission server accepts
    // BINARYMIME, but reads lines.
    let without_line_ends = |size| {
        let mut picture = picture(size);
        picture.retain(|octet| !b"\r\n".contains(octet));
        picture
    };
    vec![
        content("text", "Here it comes.\n", None),
        content("empty", "", None),
        content("beyond ASCII", "Grüße aus der Tiefe 🦈\n日本語の行\n", None),
        content("dots", ".\n..\n...\n.dot\n\n.\nthe end\n", None),
        content(
            "long",
            &"Sharks are fish, and so are rays.\n".repeat(10_000),
            None,
        ),
        content("picture", "A picture.\n", Some(without_line_ends(300))),
        content(
            "large picture",
            "Grüße!\n",
            Some(without_line_ends(1_500_000)),
        ),
    ]
}

async fn arrives(peer: Peer, way: TransferMode, content: &Content) {
    let row = format!("{} by {way:?} to {peer:?}", content.name);
    let id = new_id();
    let (chunking, data) = match way {
        TransferMode::Data => (Chunking::Never, BodyType::EightBit),
        TransferMode::Bdat => (Chunking::Always, BodyType::EightBit),
        TransferMode::Binary => (Chunking::Always, BodyType::Binary),
    };
    let mut builder = letter(&id)
        .to(address("carl"))
        .text(&content.text)
        .max_body_type(data);
    if let Some(picture) = &content.picture {
        let body = Body::bytes(picture.clone());
        builder = builder.attach(Attachment::new(body, "shark.png"));
    }
    let message = builder.build().await.unwrap();
    let sent = octets(&message, data).await;
    let binary = message.rendition(data).body_type() == BodyType::Binary;
    assert!(
        binary || way != TransferMode::Binary || content.picture.is_none(),
        "{row}"
    );

    let (mut session, tap) = peer.open(strategy(Pipelining::Auto, chunking)).await;
    let outcome = summary(&session.send(message).await);
    session.quit().await;
    let accepted = format!("<{}>: 250 ", address("carl"));
    assert!(outcome.starts_with(&accepted), "{row}: {outcome}");
    assert_eq!(
        count_sent(&tap, "DATA\r\n"),
        usize::from(way == TransferMode::Data),
        "{row}"
    );
    let chunks = count_sent(&tap, "BDAT ");
    assert_eq!(chunks > 0, way != TransferMode::Data, "{row}");
    assert!(chunks < 2 || sent.len() > 65_536, "{row}: {chunks} chunks");
    assert_eq!(
        count_sent(&tap, " BODY=BINARYMIME"),
        usize::from(binary),
        "{row}"
    );

    let arrived = peer.arrived(&id, 1);
    let [arrived] = arrived.as_slice() else {
        panic!("{row}: {} copies", arrived.len());
    };
    assert!(is_delivery_of(arrived, &sent), "{row}");
    let mail = MessageParser::default().parse(arrived).unwrap();
    let text = mail.body_text(0).unwrap().replace("\r\n", "\n");
    assert!(text == content.text, "{row}: {text}");
    let attached: Vec<_> = mail
        .attachments()
        .map(|part| (part.attachment_name().unwrap(), sha256(part.contents())))
        .collect();
    let expected = content.picture.as_deref().map(sha256);
    let expected: Vec<_> = expected.map(|sum| ("shark.png", sum)).into_iter().collect();
    assert_eq!(attached, expected, "{row}");
}

macro_rules! arrive {
    ($($name:ident: $peer:ident by $($way:ident)*;)*) => {$(
        #[tokio::test]
        #[ignore = "needs the real servers: tests/run starts them"]
        async fn $name() {
            for content in contents() {
                $(arrives(Peer::$peer, TransferMode::$way, &content).await;)*
            }
        }
    )*};
}

arrive! {
    the_same_mails_arrive_at_postfix: Postfix by Data Bdat;
    the_same_mails_arrive_at_exim: Exim by Data Bdat;
    the_same_mails_arrive_at_dovecot_by_lmtp: DovecotLmtp by Data Bdat;
    the_same_mails_arrive_at_dovecot_by_submission: DovecotSubmission by Data Bdat Binary;
}
