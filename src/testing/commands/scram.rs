//! The server's side of SCRAM (RFC 5802, RFC 7677).

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::session::{Flow, ServerSession};
use super::super::settings::AuthMechanism;
use crate::cryptography::{digest, hmac, pbkdf2};
use crate::secret::Secret;

const ITERATIONS: NonZeroU32 = NonZeroU32::MIN.saturating_add(4_095);

/// What differs between the mechanisms.
struct Suite {
    hmac: hmac::Algorithm,
    pbkdf2: pbkdf2::Algorithm,
}

impl Suite {
    fn of(mechanism: AuthMechanism) -> Self {
        match mechanism {
            AuthMechanism::ScramSha1 | AuthMechanism::ScramSha1Plus => Self {
                hmac: hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                pbkdf2: pbkdf2::PBKDF2_HMAC_SHA1,
            },
            _ => Self {
                hmac: hmac::HMAC_SHA256,
                pbkdf2: pbkdf2::PBKDF2_HMAC_SHA256,
            },
        }
    }

    fn hmac(&self, key: &[u8], octets: &[u8]) -> hmac::Tag {
        hmac::sign(&hmac::Key::new(self.hmac, key), octets)
    }
}

/// The client's first message: header, name, nonce, and all that follows the header.
struct First<'a> {
    header: &'a str,
    name: String,
    nonce: &'a str,
    bare: &'a str,
}

impl<'a> First<'a> {
    /// `gs2-header client-first-message-bare`, without an authorization identity.
    fn read(text: &'a str) -> Option<Self> {
        let (flag, _) = text.split_once(',')?;
        let (header, bare) = text.split_at_checked(flag.len() + 2)?;
        let (name, nonce) = bare.split_once(',')?;
        let (name, nonce) = (name.strip_prefix("n=")?, nonce.strip_prefix("r=")?);
        let wellformed = header.ends_with(",,")
            && !name.is_empty()
            && !name.replace("=2C", "").replace("=3D", "").contains('=')
            && nonce.len() > 15
            && nonce
                .bytes()
                .all(|octet| octet.is_ascii_graphic() && octet != b',');
        wellformed.then(|| Self {
            header,
            name: name.replace("=2C", ",").replace("=3D", "="),
            nonce,
            bare,
        })
    }
}

impl ServerSession {
    /// The name of the user that has logged in.
    pub(super) async fn scram(
        &mut self,
        mechanism: AuthMechanism,
        initial: Option<&str>,
    ) -> Flow<String> {
        let suite = Suite::of(mechanism);
        let message = self.first_response(initial, "").await?;
        let Some(first) = str::from_utf8(message.expose()).ok().and_then(First::read) else {
            return Err(self.malformed("malformed first message of SCRAM (RFC 5802, section 7)"));
        };
        let Some(binding) = self.binding_of(mechanism, first.header) else {
            return Err(
                self.malformed("SCRAM with the wrong channel binding flag (RFC 5802, section 6)")
            );
        };
        let (name, password) = self.account(&first.name);
        let nonce = format!("{}{}", first.nonce, STANDARD.encode(random()));
        let salt = random();
        let server_first = format!("r={nonce},s={},i={ITERATIONS}", STANDARD.encode(salt));
        let message = self.challenge(&STANDARD.encode(&server_first)).await?;
        let last = str::from_utf8(message.expose()).unwrap_or_default();
        let bound = STANDARD.encode([first.header.as_bytes(), &binding].concat());
        let without_proof = format!("c={bound},r={nonce}");
        let proof = last
            .strip_prefix(&without_proof)
            .and_then(|rest| rest.strip_prefix(",p="))
            .and_then(|proof| STANDARD.decode(proof).ok());
        let Some(proof) = proof else {
            return Err(self.malformed("malformed last message of SCRAM (RFC 5802, section 7)"));
        };
        let exchanged = [first.bare, &server_first, &without_proof].join(",");
        let hash = suite.hmac.digest_algorithm();
        let mut salted = vec![0; hash.output_len()];
        let password = password.expose();
        pbkdf2::derive(suite.pbkdf2, ITERATIONS, &salt, password, &mut salted);
        let client_key = suite.hmac(&salted, b"Client Key");
        let stored_key = digest::digest(hash, client_key.as_ref());
        let signature = suite.hmac(stored_key.as_ref(), exchanged.as_bytes());
        let pairs = client_key.as_ref().iter().zip(signature.as_ref());
        let expected: Vec<u8> = pairs.map(|(key, octet)| key ^ octet).collect();
        let Some(name) = name.filter(|_| proof == expected) else {
            return Err(self.wrong_credentials());
        };
        let server_key = suite.hmac(&salted, b"Server Key");
        let signature = suite.hmac(server_key.as_ref(), exchanged.as_bytes());
        let server_final = format!("v={}", STANDARD.encode(signature));
        let response = self.challenge(&STANDARD.encode(server_final)).await?;
        if response.is_empty() {
            return Ok(name);
        }
        Err(self.malformed("SCRAM goes on after its end (RFC 5802, section 5)"))
    }

    /// What the client is bound to, if its flag is the right one.
    fn binding_of(&self, mechanism: AuthMechanism, header: &str) -> Option<Vec<u8>> {
        let plus = self.mechanisms.iter().any(|offered| offered.binds());
        match header {
            "p=tls-exporter,," if mechanism.binds() => self.channel_binding.clone(),
            "n,," if !mechanism.binds() => Some(Vec::new()),
            "y,," if !mechanism.binds() && !plus && self.tls.is_some() => Some(Vec::new()),
            _ => None,
        }
    }

    /// The user of this name, prepared by RFC 5802, section 2.2, and the password. For an unknown
    /// name it is a random password.
    fn account(&self, name: &str) -> (Option<String>, Secret) {
        let mut users = self.shared.settings.users.iter();
        let user = users.find(|(own, _)| stringprep::saslprep(own).is_ok_and(|own| own == name));
        let password = user.and_then(|(_, password)| {
            let password = str::from_utf8(password.expose()).ok()?;
            Some(Secret::from(
                stringprep::saslprep(password).ok()?.into_owned(),
            ))
        });
        match (user, password) {
            (Some((name, _)), Some(password)) => (Some(name.clone()), password),
            _ => (None, Secret::new(random())),
        }
    }
}

fn random() -> [u8; 18] {
    let mut octets = [0; 18];
    // Without random octets a test server's nonces are poor, and nothing worse.
    let _ = getrandom::fill(&mut octets);
    octets
}
