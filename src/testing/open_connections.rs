//! Which connections are open, and how many have been at once.

use std::collections::BTreeMap;
#[cfg(target_os = "linux")]
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::listeners::Accepted;

/// The connections that neither side has closed.
#[derive(Debug, Default)]
pub(super) struct OpenConnections(Mutex<Connections>);

#[derive(Debug, Default)]
struct Connections {
    /// By their numbers.
    open: BTreeMap<u64, Peer>,
    most: usize,
}

/// Counts a connection as open until it is dropped.
pub(super) struct Presence {
    connections: Arc<OpenConnections>,
    number: u64,
}

impl OpenConnections {
    /// Counts a connection that has just been accepted. Returns whether it is one too many.
    pub(super) fn add(
        self: &Arc<Self>,
        accepted: &mut Accepted,
        number: u64,
        limit: Option<usize>,
    ) -> (Presence, bool) {
        let mut count = self.lock_open();
        let served = count.open.values().filter(|peer| !peer.too_many);
        let served = served.count();
        let too_many = limit.is_some_and(|most| served >= most);
        let peer = Peer {
            #[cfg(target_os = "linux")]
            socket: accepted.socket.take(),
            too_many,
        };
        count.open.insert(number, peer);
        count.most = count.most.max(count.open.len());
        let presence = Presence {
            connections: Arc::clone(self),
            number,
        };
        (presence, too_many)
    }

    pub(super) fn count(&self) -> usize {
        self.lock_open().open.len()
    }

    pub(super) fn most(&self) -> usize {
        self.lock().most
    }

    /// Forgets the connections that clients have closed.
    fn lock_open(&self) -> MutexGuard<'_, Connections> {
        let mut connections = self.lock();
        connections.open.retain(|_, peer| !peer.has_left());
        connections
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.connections.lock().open.remove(&self.number);
    }
}

/// The other end of a connection.
#[derive(Debug)]
struct Peer {
    /// Without one, the connection counts until the server has read its end.
    #[cfg(target_os = "linux")]
    socket: Option<OwnedFd>,
    /// Whether it was one too many when it was accepted.
    too_many: bool,
}

impl Peer {
    /// Whether the client has closed its end, though what it sent before may not have been read.
    #[cfg(target_os = "linux")]
    fn has_left(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};

        let Some(socket) = &self.socket else {
            return false;
        };
        let mut polled = [PollFd::new(socket, PollFlags::RDHUP)];
        let now = Timespec::default();
        // `poll` always reports errors and a reset connection.
        poll(&mut polled, Some(&now)).is_ok_and(|found| found > 0)
    }

    #[cfg(not(target_os = "linux"))]
    #[expect(clippy::unused_self, reason = "the same signature on all systems")]
    fn has_left(&self) -> bool {
        false
    }
}
