//! An HTML document with an image: a line for its Content-ID, and the document.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mail_parser::MimeHeaders;
use pilotfish::Attachment;
use pilotfish::message::Body;
use pilotfish_fuzz::{builder, lines, octets, parsed};
use tokio::runtime;

fuzz_target!(|input: &str| {
    let (label, html) = input.split_once('\n').unwrap_or(("x", input));
    if label.is_empty() {
        return;
    }
    let octets_of = |builder| octets(builder).expect("every text can be sent");
    octets_of(builder().markdown(html));
    octets_of(builder().text_flowed(html));
    let plain = octets_of(builder().html(html));
    assert_eq!(
        parsed(&plain).body_html(0).unwrap_or_default(),
        lines(html),
        "without pictures, a document is not touched"
    );

    let picture = Attachment::new(Body::bytes(&b"octets"[..]), "picture.png");
    let with_picture = octets_of(builder().html(html).inline(label, picture));
    let message = parsed(&with_picture);
    let id = message.attachment(0).unwrap().content_id().unwrap();
    let document = message.body_html(0).unwrap_or_default();
    // After these characters, the document may spell a Content-ID in another way.
    if is_plain(label) && !html.contains(['%', '&']) {
        assert_eq!(document.replace(id, label), lines(html).replace(id, label));
    }

    pictures_from_files(html);
});

fn is_plain(label: &str) -> bool {
    label.bytes().all(|octet| octet.is_ascii_alphanumeric())
}

/// No path leaves the directory, which is empty.
fn pictures_from_files(html: &str) {
    thread_local! {
        static RUNTIME: runtime::Runtime = runtime::Builder::new_current_thread().build().unwrap();
    }
    let builder = builder().html(html).inline_images("/nonexistent");
    if let Ok(message) = RUNTIME.with(|runtime| runtime.block_on(builder.build())) {
        let octets = pilotfish_fuzz::streamed(message);
        assert_eq!(parsed(&octets).attachment_count(), 0);
    }
}
