//! Signed messages, and what independent verifiers make of them.

mod rfc8463;
mod signer;
mod verified;

use std::time::{Duration, SystemTime};

use crate::message::dkim::{Signer, SignerBuilder, SigningKey};

const RSA: &[u8] = include_bytes!("../../../../tests/fixtures/dkim/rsa-2048.pem");
const ED25519: &[u8] = include_bytes!("../../../../tests/fixtures/dkim/rfc8463-ed25519.pem");

pub(super) fn rsa_key() -> SigningKey {
    SigningKey::from_pem(RSA).unwrap()
}

fn builder(pem: &[u8]) -> SignerBuilder {
    let key = SigningKey::from_pem(pem).unwrap();
    Signer::builder("x.test", "s1", key)
}

fn moment() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_528_637_909)
}

/// The message with its signature in front, its body hashed in blocks of this many octets.
fn signed(signer: &Signer, header: &str, body: &[u8], block: usize) -> Vec<u8> {
    let mut hash = signer.body_hash();
    body.chunks(block).for_each(|block| hash.push(block));
    let field = signer.sign(header.as_bytes(), hash, moment());
    let header = format!("{}{header}\r\n", field.unwrap());
    [header.as_bytes(), body].concat()
}
