//! Signed messages: where the field stands, and what is the same afterwards.

use super::*;
use crate::message::dkim::{DkimError, Signer, SigningKey};
use crate::message::encoding::BodyType;

const KEY: &[u8] = include_bytes!("../../../tests/fixtures/dkim/rsa-2048.pem");

fn signer() -> Signer {
    let key = SigningKey::from_pem(KEY).unwrap();
    let signer = Signer::builder("x.test", "s1", key);
    signer.build().unwrap()
}

#[test]
fn the_field_stands_in_front_and_nothing_else_changes() {
    let message = builder()
        .text("Grüße\n")
        .attach(attachment("a", &vec![7; 300_000]))
        .build_now()
        .unwrap();
    let before = octets(message.clone());
    let message = run(message.sign(&signer())).unwrap();
    for most in [BodyType::SevenBit, BodyType::EightBit, BodyType::Binary] {
        let rendition = message.rendition(most);
        assert_eq!(rendition.body_type(), BodyType::SevenBit);
        assert_eq!(rendition.exact_size(), message.exact_size());
    }
    let message = run(message.sign(&signer())).unwrap();
    let signed = octets(message);
    assert!(signed.starts_with(b"DKIM-Signature: v=1;"));
    assert!(signed.ends_with(&before));
    let fields = String::from_utf8(signed[..signed.len() - before.len()].to_vec()).unwrap();
    assert_eq!(fields.matches("DKIM-Signature: ").count(), 2);
    assert!(fields.ends_with("\r\n"));
}

#[test]
fn a_message_without_a_body_is_signed() {
    let header = "From: a@x.test\r\nDate: x\r\nMessage-ID: <1@x.test>\r\n";
    let message = run(Message::raw(Body::bytes(header)).to("b@x.test").build()).unwrap();
    let signed = text(run(message.sign(&signer())).unwrap());
    assert!(signed.ends_with(header));
    // RFC 6376 section 3.4.4: the hash of nothing.
    assert!(
        signed
            .replace("\r\n ", "")
            .contains("bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    );
}

#[test]
fn others_may_run_while_a_long_message_is_signed() {
    let message = builder().attach(attachment("a", &vec![7; 1_000_000]));
    let message = message.build_now().unwrap();
    let signer = signer();
    let signing = message.sign(&signer);
    assert!(futures_util::FutureExt::now_or_never(signing).is_none());
}

#[test]
fn what_can_be_read_only_once_is_not_signed() {
    let body = Body::reader(&b"x"[..], 1);
    let message = builder().attach(Attachment::new(body, "a"));
    let error = run(message.build_now().unwrap().sign(&signer())).unwrap_err();
    assert!(matches!(error, DkimError::ReadOnce));
}
