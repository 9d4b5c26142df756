//! Where a dialogue stands between two calls.
//!
//! ```text
//!             begin_mail                        all_answered
//!        +------------------> Sending ----------------------+
//!        |                       |                          |
//!        |                       |  the connection fails    |
//!      Idle <--------------------|--------------------------+
//!       | ^                      |
//!       | +-- answered --+       |
//!       |                |       v
//!       +-- ask ----> Asking --> Ended
//! ```
//!
//! A caller that finds `Sending` or `Asking` knows that a future was dropped in the middle of it. The
//! next reply would belong to the earlier command, so nothing can be sent any more.

use std::time::Duration;

use tokio::time::Instant;

#[derive(Debug)]
pub(super) struct State {
    phase: Phase,
    /// Since when no mail has been on its way; `None` before the first.
    idle_since: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Sending,
    Asking,
    Ended,
}

impl State {
    /// The session is set up.
    pub(super) fn new() -> Self {
        Self {
            phase: Phase::Idle,
            idle_since: None,
        }
    }

    /// A mail is begun, the first or another.
    pub(super) fn begin_mail(&mut self) {
        self.phase = Phase::Sending;
    }

    /// No mail is on its way any more.
    pub(super) fn all_answered(&mut self) {
        if self.phase == Phase::Sending {
            self.phase = Phase::Idle;
            self.idle_since = Some(Instant::now());
        }
    }

    /// A command leaves between two mails.
    pub(super) fn ask(&mut self) {
        self.phase = Phase::Asking;
    }

    /// The reply to it has come.
    pub(super) fn answered(&mut self) {
        self.phase = Phase::Idle;
    }

    /// The connection has failed, or one side has ended the dialogue.
    pub(super) fn end(&mut self) {
        self.phase = Phase::Ended;
    }

    /// Whether a command can be sent.
    pub(super) fn is_idle(&self) -> bool {
        self.phase == Phase::Idle
    }

    /// Whether the dialogue has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.phase == Phase::Ended
    }

    /// How long no mail has been on its way; `None` before the first.
    pub(super) fn idle_for(&self) -> Option<Duration> {
        self.idle_since.map(|since| since.elapsed())
    }
}
