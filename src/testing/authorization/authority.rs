//! What the connections of an authorization server share, and the submission servers that check its
//! tokens.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::super::shared::Log;
use super::fault::EndpointFaults;
use super::key::TokenKey;
use super::settings::AuthorizationSettings;
use super::state::State;

/// The settings, the key and the state of an authorization server.
pub(in super::super) struct Authority {
    pub(super) settings: AuthorizationSettings,
    /// The address that all its endpoints begin with.
    pub(super) issuer: String,
    pub(super) key: TokenKey,
    pub(super) faults: EndpointFaults,
    pub(super) log: Log,
    /// Cancelled when the server shuts down.
    pub(super) stop: CancellationToken,
    state: Mutex<State>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("issuer", &self.issuer)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Authority {
    pub(super) fn new(settings: AuthorizationSettings, issuer: String, key: TokenKey) -> Self {
        Self {
            settings,
            issuer,
            key,
            faults: EndpointFaults::default(),
            log: Log::default(),
            stop: CancellationToken::new(),
            state: Mutex::default(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time of the server's clock.
    pub(super) fn time(&self) -> Timestamp {
        let ahead = SignedDuration::from_secs(self.settings.clock);
        let now = Timestamp::now();
        now.checked_add(ahead).unwrap_or(now)
    }

    /// The seconds of the server's clock.
    pub(super) fn now(&self) -> i64 {
        self.time().as_second()
    }

    /// The scope that a login for mail needs.
    pub(in super::super) fn mail_scope(&self) -> &str {
        &self.settings.mail_scope
    }

    /// Records what a client must not do.
    pub(super) fn violation(&self, text: impl Into<String>) {
        self.log.add_violation(text.into());
    }
}
