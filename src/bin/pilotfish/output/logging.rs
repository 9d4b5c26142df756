//! The log on standard error.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::steps::Steps;
use super::transcript::{Times, Transcript};
pub(crate) use super::waiting::{Waiting, WaitingLine};
use crate::args::OutputArguments;
use crate::output::progress::can_draw;

/// Where the library shows the dialogue.
const WIRE: &str = "pilotfish::wire";

/// Sets up the log: the steps by `-v`, the dialogue with times by `-vv`, everything by
/// `-vvv`; the dialogue alone by `--transcript`.
///
/// Returns the source of the waiting line, if the terminal shows one.
pub(crate) fn init(output: &OutputArguments) -> Option<Waiting> {
    let wire = |level| Targets::new().with_target(WIRE, level);
    let times = match output.verbose {
        0 | 1 => Times::Hidden,
        _ => Times::Shown,
    };
    let transcript = (output.transcript || times == Times::Shown)
        .then(|| Transcript::new(times).with_filter(wire(LevelFilter::TRACE)));
    let steps = (output.verbose == 1 && transcript.is_none())
        .then(|| Steps::default().with_filter(wire(LevelFilter::DEBUG)));
    let waiting = can_draw(output).then(Waiting::default);
    let watched = waiting
        .clone()
        .map(|waiting| waiting.with_filter(wire(LevelFilter::TRACE)));
    // The transcript shows the dialogue already.
    let log = (output.verbose >= 3).then(|| {
        tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .with_filter(
                Targets::new()
                    .with_target("pilotfish", LevelFilter::TRACE)
                    .with_target(WIRE, LevelFilter::OFF),
            )
    });
    tracing_subscriber::registry()
        .with(transcript)
        .with(steps)
        .with(watched)
        .with(log)
        .init();
    waiting
}
