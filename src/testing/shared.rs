//! What the connections of a server share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::fault::Faults;
use super::log::Log;
use super::open_connections::OpenConnections;
use super::settings::ServerSettings;
use super::store::Budget;

/// What the connections of a server share.
pub(super) struct Shared {
    pub(super) settings: ServerSettings,
    pub(super) faults: Faults,
    pub(super) log: Log,
    pub(super) connections: Arc<OpenConnections>,
    pub(super) budget: Arc<Budget>,
    pub(super) acceptor: TlsAcceptor,
    /// Cancelled when the server shuts down.
    pub(super) stop: CancellationToken,
    queued: AtomicU64,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn new(settings: ServerSettings, faults: Faults, acceptor: TlsAcceptor) -> Self {
        Self {
            settings,
            faults,
            log: Log::default(),
            connections: Arc::default(),
            budget: Arc::default(),
            acceptor,
            stop: CancellationToken::new(),
            queued: AtomicU64::new(0),
        }
    }

    /// The queue identifier of the next message.
    pub(super) fn queue_id(&self) -> String {
        let number = self.queued.fetch_add(1, Ordering::Relaxed);
        format!("4C1F{number:08X}")
    }
}
