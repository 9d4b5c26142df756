//! The messages that are measured.

use bytes::Bytes;
use pilotfish::message::{Body, BodyType, MessageBuilder, MessageReader};
use pilotfish::{Attachment, Message};

/// Runs a future that may need the pool of blocking threads.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// A message of a text.
pub(crate) fn from_text(text: &str) -> Message {
    built(builder().text(text))
}

/// A message of a text and one attachment of these octets, which is sent unencoded.
pub(crate) fn binary_from_bytes(octets: &Bytes) -> Message {
    let attachment = Attachment::new(Body::bytes(octets.clone()), "octets.bin");
    built(
        builder()
            .text("Hello.\n")
            .attach(attachment)
            .max_body_type(BodyType::Binary),
    )
}

/// A message of a text and some attachments of these octets, which it shares.
pub(crate) fn from_bytes(octets: &Bytes, attachments: usize) -> Message {
    let bodies = (0..attachments).map(|_| Body::bytes(octets.clone()));
    from_bodies(bodies)
}

/// A message of a text and these bodies as attachments.
pub(crate) fn from_bodies(bodies: impl Iterator<Item = Body>) -> Message {
    let attachments = bodies.map(|body| Attachment::new(body, "octets.bin"));
    built(attachments.fold(builder().text("Hello.\n"), MessageBuilder::attach))
}

fn builder() -> MessageBuilder {
    Message::builder()
        .from("Ann <ann@example.org>")
        .to("bo@example.net")
        .subject("Octets")
}

fn built(builder: MessageBuilder) -> Message {
    run(builder.build()).unwrap()
}

/// Takes all blocks of a message, one by one in the same place.
pub(crate) fn stream(mut octets: MessageReader, mut sink: impl FnMut(&mut Vec<u8>)) {
    run(async {
        let mut block = Vec::new();
        loop {
            block.clear();
            let more = octets.next_block(&mut block).await.unwrap();
            sink(&mut block);
            divan::black_box(&mut block);
            if !more {
                return;
            }
        }
    });
}

/// The signer for the author's domain, with RSA of 2048 bits.
#[cfg(feature = "dkim")]
pub(crate) fn signer() -> pilotfish::message::dkim::Signer {
    use pilotfish::message::dkim::{Signer, SigningKey};

    let key = SigningKey::from_pem(include_bytes!("../fixtures/dkim/rsa-2048.pem")).unwrap();
    let (domain, selector) = ("example.org", "s1");
    Signer::builder(domain, selector, key).build().unwrap()
}
