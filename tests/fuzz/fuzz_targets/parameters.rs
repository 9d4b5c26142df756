//! A file name, as a parameter of Content-Disposition.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mail_parser::MimeHeaders;
use pilotfish::Attachment;
use pilotfish::message::{Body, FileName};
use pilotfish_fuzz::{builder, octets, parsed};

fuzz_target!(|text: &str| {
    let Ok(name) = text.parse::<FileName>() else {
        return;
    };
    let attachment = Attachment::new(Body::bytes(&b"octets"[..]), name.clone())
        .media_type("application/octet-stream");
    let octets = octets(builder().attach(attachment)).expect("a name is enough");
    let message = parsed(&octets);
    let part = message.attachment(0).unwrap();
    assert_eq!(part.attachment_name(), Some(name.as_str()));
    assert_eq!(part.contents(), b"octets");
});
