//! Signals and the total time, which stop the command before it has the server's reply.

use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep, sleep_until};

use crate::exit;
use crate::failure::{Failure, Interrupted};

/// How long the command waits for the reply to a mail that was sent after SIGTERM, SIGHUP or the end of the
/// total time. Service managers kill a process some time after SIGTERM.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the command is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP: the terminal is gone.
    HangUp,
    /// The time that `--timeout total=TIME` gives is over.
    TimeIsUp,
}

impl Stop {
    /// The exit status of a mail that was not sent.
    pub(crate) fn status(self) -> u8 {
        match self {
            Self::Interrupt => exit::INTERRUPTED,
            Self::Terminate => exit::TERMINATED,
            Self::HangUp => exit::HUNG_UP,
            Self::TimeIsUp => exit::TEMPORARY,
        }
    }

    /// The reason, for messages.
    pub(crate) fn shown(self) -> &'static str {
        match self {
            Self::Interrupt => "interrupted",
            Self::Terminate => "terminated",
            Self::HangUp => "the terminal was closed",
            Self::TimeIsUp => "the total time of --timeout is over",
        }
    }

    /// How long the command waits for the reply to a mail that was sent; `None` if a person decides it.
    fn patience(self) -> Option<Duration> {
        (self != Self::Interrupt).then_some(PATIENCE)
    }

    /// How long that is, for messages.
    pub(crate) fn patience_shown(self) -> &'static str {
        match self.patience() {
            None => "Ctrl-C again: stop anyway",
            Some(_) => "for 10 s",
        }
    }
}

/// The signals and the total time.
#[derive(Debug)]
pub(crate) struct Stops {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hang_up: Option<Signal>,
    begun: Instant,
    deadline: Option<Instant>,
}

impl Stops {
    /// From now on, the signals do not end the process by themselves.
    ///
    /// A signal that the process was started to ignore is ignored, as by `nohup`.
    pub(crate) fn new() -> Result<Self, Failure> {
        let ignored = ignored_signals();
        let watched = |kind: SignalKind| {
            let bit = 1_u64 << (kind.as_raw_value() - 1);
            let signal = (ignored & bit == 0).then(|| signal(kind)).transpose();
            signal.map_err(|error| Failure::of(exit::OS_ERROR, &error))
        };
        Ok(Self {
            interrupt: watched(SignalKind::interrupt())?,
            terminate: watched(SignalKind::terminate())?,
            hang_up: watched(SignalKind::hangup())?,
            begun: Instant::now(),
            deadline: None,
        })
    }

    /// How long the command may take, from its beginning.
    pub(crate) fn set_total_time(&mut self, total: Option<Duration>) {
        self.deadline = total.map(|total| self.begun + total);
    }

    /// The result of some work, unless something asks to stop before; the command has come `how_far`
    /// then. A command that the work runs ends with it. Work that blocks its thread cannot be
    /// stopped.
    pub(crate) async fn unless<T>(
        &mut self,
        how_far: Interrupted,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            result = work => result,
            stop = self.next() => Err(Failure::interrupted(stop, how_far)),
        }
    }

    /// Waits for a program that has the terminal, such as an editor. Ctrl-C is meant for that program.
    pub(crate) async fn with_a_program<T>(&mut self, program: impl Future<Output = T>) -> T {
        let ended = program.await;
        while let Some(signal) = &mut self.interrupt
            && signal.recv().now_or_never().flatten().is_some()
        {}
        ended
    }

    /// The next reason to stop.
    pub(crate) async fn next(&mut self) -> Stop {
        let stop = tokio::select! {
            () = received(&mut self.interrupt) => Stop::Interrupt,
            () = received(&mut self.terminate) => Stop::Terminate,
            () = received(&mut self.hang_up) => Stop::HangUp,
            () = reached(self.deadline) => Stop::TimeIsUp,
        };
        if stop == Stop::TimeIsUp {
            self.deadline = None;
        }
        stop
    }

    /// Waits for Ctrl-C alone.
    pub(crate) async fn interrupted(&mut self) {
        received(&mut self.interrupt).await;
    }

    /// What ends the wait for a reply after `first`: after Ctrl-C the next reason to stop, otherwise Ctrl-C
    /// or the end of the patience (`first` once more). SIGTERM and SIGHUP often come twice.
    pub(crate) async fn next_after(&mut self, first: Stop) -> Stop {
        let Some(patience) = first.patience() else {
            return self.next().await;
        };
        tokio::select! {
            () = self.interrupted() => Stop::Interrupt,
            () = sleep(patience) => first,
        }
    }
}

async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

async fn reached(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// The signals that the process ignores since its start, one bit each, as far as the system says
/// it (Linux).
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
}
