//! What an authorization server remembers while it runs.

use std::collections::HashMap;

use tokio::time::Instant;

use super::fault::{Endpoint, GrantType};

/// Codes and tokens, under the texts that clients show, and counts.
#[derive(Default)]
pub(super) struct State {
    pub(super) requests: HashMap<Endpoint, u64>,
    pub(super) token_requests: HashMap<GrantType, u64>,
    pub(super) consents: Vec<Consent>,
    pub(super) codes: HashMap<String, Code>,
    pub(super) refresh_tokens: HashMap<String, RefreshToken>,
    /// The consents that access tokens come from, under their `jti`.
    pub(super) access_tokens: HashMap<String, ConsentId>,
    pub(super) devices: Vec<Device>,
}

/// The place of a consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ConsentId(usize);

/// What a user allowed a client, or a client may do by itself.
#[derive(Clone)]
pub(super) struct Consent {
    pub(super) client: String,
    pub(super) subject: Subject,
    pub(super) scope: String,
    pub(super) revoked: bool,
}

/// The subject of an access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    User(String),
    /// The client itself, which may act for each user.
    Application(String),
}

impl Subject {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::User(name) | Self::Application(name) => name,
        }
    }
}

/// An authorization code (RFC 6749, section 4.1.2).
#[derive(Clone)]
pub(super) struct Code {
    pub(super) consent: ConsentId,
    pub(super) redirect_uri: String,
    /// The code challenge (RFC 7636, section 4.2).
    pub(super) challenge: String,
    pub(super) used: bool,
}

/// A refresh token (RFC 6749, section 1.5).
#[derive(Clone)]
pub(super) struct RefreshToken {
    pub(super) consent: ConsentId,
    /// Whether another one has replaced it.
    pub(super) replaced: bool,
}

/// A login on another device (RFC 8628).
pub(super) struct Device {
    /// The code that the device shows to the server.
    pub(super) code: String,
    /// The code that the device shows to the user.
    pub(super) user_code: String,
    pub(super) client: String,
    pub(super) scope: String,
    pub(super) decision: Decision,
    /// How many seconds the device has to wait now.
    pub(super) interval: u64,
    pub(super) asked: Option<Instant>,
}

/// What the user said to a device's login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    Pending,
    /// By this user.
    Approved(String),
    Denied,
}

impl State {
    pub(super) fn add_consent(&mut self, client: &str, subject: Subject, scope: &str) -> ConsentId {
        self.consents.push(Consent {
            client: client.to_owned(),
            subject,
            scope: scope.to_owned(),
            revoked: false,
        });
        ConsentId(self.consents.len() - 1)
    }

    /// The consent, unless it was revoked.
    pub(super) fn consent(&self, id: ConsentId) -> Option<&Consent> {
        let consent = self.consents.get(id.0);
        consent.filter(|consent| !consent.revoked)
    }

    /// Revokes the consents that satisfy `which`.
    pub(super) fn revoke(&mut self, which: impl Fn(&Consent) -> bool) {
        let consents = self.consents.iter_mut();
        for consent in consents.filter(|consent| which(consent)) {
            consent.revoked = true;
        }
    }

    pub(super) fn revoke_consent(&mut self, id: ConsentId) {
        if let Some(consent) = self.consents.get_mut(id.0) {
            consent.revoked = true;
        }
    }

    /// The login of the device that shows this code, in any case of letters and without regard to the
    /// hyphen (RFC 8628, section 6.1).
    pub(super) fn device(&mut self, user_code: &str) -> Option<&mut Device> {
        let plain = |code: &str| code.replace(['-', ' '], "").to_ascii_uppercase();
        let wanted = plain(user_code);
        let mut devices = self.devices.iter_mut();
        devices.find(|device| plain(&device.user_code) == wanted)
    }
}
