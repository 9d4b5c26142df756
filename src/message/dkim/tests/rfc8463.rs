//! The example of RFC 8463, Appendix A: a message, and its signatures by two keys.

use crate::cryptography::signature::{
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::message::dkim::Canonicalization;

const HEADER: [&str; 5] = [
    "From: Joe SixPack <joe@football.example.com>",
    "To: Suzie Q <suzie@shopping.example.net>",
    "Subject: Is dinner ready?",
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)",
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>",
];

const BODY: &str = "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n\r\n";

const BODY_HASH: &str = "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=";

const ED25519_FIELD: &str = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n \
    d=football.example.com; i=@football.example.com;\r\n \
    q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n \
    subject : date : message-id : from : subject : date;\r\n \
    bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n \
    b=";
const ED25519_SIGNATURE: &str = "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\
    Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==";

const RSA_FIELD: &str = "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n \
    d=football.example.com; i=@football.example.com;\r\n \
    q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n \
    date : message-id : from : subject : date;\r\n \
    bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n \
    b=";
const RSA_SIGNATURE: &str = "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\
    DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\
    dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=";
const RSA_PUBLIC: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR\
    iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC\
    DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3\
    Ip3G+2kryOTIKT+l/K4w3QIDAQAB";

/// What is signed.
fn canonical(unsigned_field: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    for field in HEADER {
        Canonicalization::Relaxed.field(field.as_bytes(), &mut octets);
        octets.extend_from_slice(b"\r\n");
    }
    Canonicalization::Relaxed.field(unsigned_field.as_bytes(), &mut octets);
    octets
}

#[test]
fn the_body_hash_is_that_of_the_rfc() {
    let mut hash = builder(ED25519).build().unwrap().body_hash();
    hash.push(BODY.as_bytes());
    assert_eq!(STANDARD.encode(hash.finish()), BODY_HASH);
}

#[test]
fn the_signature_by_ed25519_is_that_of_the_rfc() {
    let key = SigningKey::from_pem(ED25519).unwrap();
    let signature = key.sign(&canonical(ED25519_FIELD)).unwrap();
    assert_eq!(STANDARD.encode(signature), ED25519_SIGNATURE);
}

/// Its key is too small to sign with here.
#[test]
fn the_signature_by_rsa_is_of_the_canonical_header() {
    let info = STANDARD.decode(RSA_PUBLIC).unwrap();
    // SubjectPublicKeyInfo has 22 octets before the RSAPublicKey.
    let key = UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, &info[22..]);
    let signature = STANDARD.decode(RSA_SIGNATURE).unwrap();
    key.verify(&canonical(RSA_FIELD), &signature).unwrap();
}
