//! How a spool is opened.

use super::super::clock::Clock;

/// How a [`SqliteSpool`](super::SqliteSpool) is opened.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// What the worker is called in [`Job::workers`](crate::spool::Job::workers). By default after the
    /// number of its process.
    pub worker: Option<String>,
    /// Whether a file that another machine has used is taken over. What that machine had claimed is unknown
    /// then, so it has to be stopped first.
    pub take_over: bool,
    /// The clock.
    pub clock: Clock,
    pub(super) surroundings: Surroundings,
}

impl SqliteOptions {
    /// A worker with a name after its process, and the clock of the system.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With this name of the worker.
    #[must_use]
    pub fn worker(mut self, name: impl Into<String>) -> Self {
        self.worker = Some(name.into());
        self
    }

    /// Takes over the file of another machine.
    #[must_use]
    pub fn take_over(mut self) -> Self {
        self.take_over = true;
        self
    }

    /// With this clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }
}

/// What a test has in place of the machine.
#[derive(Debug, Clone, Default)]
pub(super) struct Surroundings {
    pub(super) boot: Option<String>,
    pub(super) machine: Option<String>,
    /// The type of the file system, as statfs(2) has it.
    pub(super) file_system: Option<i128>,
    /// The most pages of the file.
    pub(super) pages: Option<u32>,
    /// Nothing is written.
    pub(super) read_only: bool,
}

impl Surroundings {
    /// What identifies the time since the machine was started; empty if it cannot be known.
    pub(super) fn boot(&self) -> String {
        let boot = self.boot.clone();
        boot.unwrap_or_else(|| line("/proc/sys/kernel/random/boot_id"))
    }

    /// What identifies the machine; empty if it has no such name.
    pub(super) fn machine(&self) -> String {
        let machine = self.machine.clone();
        machine.unwrap_or_else(|| line("/etc/machine-id"))
    }
}

fn line(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.trim().to_owned()
}
