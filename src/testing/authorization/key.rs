//! The key that signs access tokens: ECDSA with P-256 and SHA-256 (RFC 7518, section 3.4).

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::cryptography::digest::{SHA256, digest};
use crate::cryptography::rand::SystemRandom;
use crate::cryptography::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey,
};

/// A key pair of an authorization server.
pub(super) struct TokenKey {
    pair: EcdsaKeyPair,
    /// The point, uncompressed: 4, x and y (SEC 1, section 2.3.3).
    public: Vec<u8>,
    pub(super) public_pem: String,
    pub(super) id: String,
}

impl TokenKey {
    pub(super) fn generate() -> io::Result<Self> {
        let made = rcgen::KeyPair::generate().map_err(io::Error::other)?;
        let (algorithm, der) = (&ECDSA_P256_SHA256_FIXED_SIGNING, made.serialize_der());
        #[cfg(feature = "aws-lc-rs")]
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, &der);
        #[cfg(not(feature = "aws-lc-rs"))]
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, &der, &SystemRandom::new());
        let public = made.public_key_raw().to_vec();
        let hash = digest(&SHA256, &public);
        let hash = hash.as_ref().first_chunk().copied().unwrap_or_default();
        Ok(Self {
            pair: pair.map_err(|error| io::Error::other(error.to_string()))?,
            id: format!("{:016x}", u64::from_be_bytes(hash)),
            public_pem: made.public_key_pem(),
            public,
        })
    }

    /// A token with these claims (RFC 7519), signed (RFC 7515, section 3.1).
    pub(super) fn sign(&self, claims: &Value) -> io::Result<String> {
        // Some servers, such as Dovecot, take no other type.
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": self.id});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = signature.map_err(|error| io::Error::other(error.to_string()))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The claims of a token that this key signed.
    pub(super) fn verify(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        if decode(header)?.get("alg")? != "ES256" {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.public)
            .verify(signed.as_bytes(), &signature)
            .ok()?;
        decode(claims)
    }

    /// The public key as a set of keys (RFC 7517, section 5, and RFC 7518, section 6.2.1).
    pub(super) fn jwks(&self) -> Value {
        let coordinate = |range| {
            let octets = self.public.get::<std::ops::Range<usize>>(range);
            URL_SAFE_NO_PAD.encode(octets.unwrap_or_default())
        };
        json!({"keys": [{
            "kty": "EC", "crv": "P-256", "x": coordinate(1..33), "y": coordinate(33..65),
            "use": "sig", "alg": "ES256", "kid": self.id,
        }]})
    }
}

/// A part of a token: JSON in base64url.
pub(super) fn decode(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
