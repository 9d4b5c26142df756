//! How an authorization server behaves, fixed when it starts.

use std::io;
use std::time::Duration;

use crate::secret::Secret;

/// What stays the same while an authorization server runs.
#[derive(Debug)]
pub(super) struct AuthorizationSettings {
    pub(super) users: Vec<String>,
    pub(super) clients: Vec<RegisteredClient>,
    pub(super) service_accounts: Vec<RegisteredAccount>,
    /// The scope that submission servers require.
    pub(super) mail_scope: String,
    /// Other scopes that clients may ask for.
    pub(super) scopes: Vec<String>,
    pub(super) audience: String,
    /// How long access tokens are valid.
    pub(super) lifetime: Duration,
    /// Whether each use of a refresh token replaces it.
    pub(super) rotates: bool,
    /// Whether the first user consents to every login at once.
    pub(super) consents: bool,
    pub(super) https: bool,
    /// How many seconds a device waits between two requests.
    pub(super) device_interval: u64,
    /// How many seconds the server's clock is ahead of the system's.
    pub(super) clock: i64,
}

impl Default for AuthorizationSettings {
    fn default() -> Self {
        Self {
            users: Vec::new(),
            clients: Vec::new(),
            service_accounts: Vec::new(),
            mail_scope: "mail.send".to_owned(),
            scopes: ["openid", "email", "offline_access"]
                .map(str::to_owned)
                .into(),
            audience: "mail".to_owned(),
            lifetime: Duration::from_hours(1),
            rotates: false,
            consents: false,
            https: false,
            device_interval: 5,
            clock: 0,
        }
    }
}

/// A client that the server knows (RFC 6749, section 2).
#[derive(Debug)]
pub(super) struct RegisteredClient {
    pub(super) id: String,
    /// A public client has none.
    pub(super) secret: Option<Secret>,
}

/// An account that signs assertions (RFC 7523).
#[derive(Debug)]
pub(super) struct RegisteredAccount {
    pub(super) issuer: String,
    /// The public key in PEM.
    pub(super) pem: String,
    /// The `RSAPublicKey` of it (RFC 8017, appendix A.1.1), in DER.
    pub(super) key: Vec<u8>,
}

/// The algorithm rsaEncryption in a `SubjectPublicKeyInfo` (RFC 8017, appendix A.1, and RFC 5280,
/// section 4.1), in DER.
const RSA_ENCRYPTION: [u8; 15] = [
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

/// How many octets come between the algorithm and the key: the tag of a bit string, three octets of
/// a length over 255, and the number of unused bits.
const BIT_STRING: usize = 5;

impl AuthorizationSettings {
    /// Reads the keys of the service accounts.
    pub(super) fn read_keys(&mut self) -> io::Result<()> {
        for account in &mut self.service_accounts {
            account.key = rsa_key(&account.pem).ok_or_else(|| {
                let text = format!("no public RSA key in PEM for {:?}", account.issuer);
                io::Error::new(io::ErrorKind::InvalidInput, text)
            })?;
        }
        Ok(())
    }

    /// Whether clients may ask for all of these scopes.
    pub(super) fn allows(&self, scopes: &str) -> bool {
        scopes
            .split(' ')
            .all(|scope| scope == self.mail_scope || self.scopes.iter().any(|other| other == scope))
    }
}

fn rsa_key(pem: &str) -> Option<Vec<u8>> {
    let mut pem = pem.as_bytes();
    let mut items = rustls_pemfile::read_all(&mut pem);
    let info = items.find_map(|item| match item {
        Ok(rustls_pemfile::Item::SubjectPublicKeyInfo(info)) => Some(info),
        _ => None,
    })?;
    let octets: &[u8] = info.as_ref();
    let algorithm = memchr::memmem::find(octets, &RSA_ENCRYPTION)?;
    let key = octets.get(algorithm + RSA_ENCRYPTION.len() + BIT_STRING..)?;
    Some(key.to_vec())
}
